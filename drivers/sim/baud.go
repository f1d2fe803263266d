package sim

import "golang.org/x/sys/unix"

// The methods below say the speed of a device's line. One that has none is on USB itself or on Bluetooth, where a speed is nothing. All send
// eight bits and one stop bit. (Parity is left out: a pty has none.)

// Baud is 115200, of the older Contecs 19200.
func (c *Contec) Baud() int {
	if c.model == CMS50Old || c.model == CMS50OldAsleep {
		return 19200
	}
	return 115200
}

// Baud is 9600.
func (*Nonin) Baud() int { return 9600 }

// Baud is 9600.
func (*ChipOx) Baud() int { return 9600 }

// Baud is 4800, of the combined board 19200.
func (p *PAR) Baud() int {
	if p.combined {
		return 19200
	}
	return 4800
}

// Baud is 9600.
func (*SunTech) Baud() int { return 9600 }

// Baud is 115200.
func (*PM6750) Baud() int { return 115200 }

// Baud is that of the combined board, 19200.
func (*UN300C) Baud() int { return 19200 }

// Baud is 9600.
func (*SureTemp) Baud() int { return 9600 }

// hostBaud is the speed that the host has set, 0 when it is not known.
func (w *wire) hostBaud() (baud int) {
	_ = w.control(func(fd int) error { // a pty that is gone has none
		t, err := unix.IoctlGetTermios(fd, unix.TCGETS2)
		if err == nil {
			baud = int(t.Ispeed)
		}
		return err
	})
	return baud
}

// resample is what a receiver at the speed to makes of b sent at the speed from: a UART waits for a falling edge and then looks at the line
// in the middle of each of its own bits; a byte without its stop bit arrives as 00.
func resample(b []byte, from, to int) []byte {
	if from == to || from == 0 || to == 0 {
		return b
	}
	high := levels(b)
	half := from // half a bit of the receiver; a bit of the sender is 2*to, in the same unit
	at := func(t int) bool { i := t / (2 * to); return i >= len(high) || high[i] }
	var out []byte
	for t, end := 0, len(high)*2*to; t < end; {
		if at(t) || at(t+half) { // a start bit is looked at twice
			t++
			continue
		}
		var c byte
		for k := range 8 {
			if at(t + half*(3+2*k)) {
				c |= 1 << k
			}
		}
		if t += half * 19; !at(t) {
			c = 0
			for t < end && !at(t) {
				t++
			}
		}
		out = append(out, c)
	}
	return out
}

// levels are those of the line, a bit each: start, eight bits with the lowest first, stop.
func levels(b []byte) []bool {
	var high []bool
	for _, c := range b {
		high = append(high, false)
		for k := range 8 {
			high = append(high, c>>k&1 == 1)
		}
		high = append(high, true)
	}
	return high
}
