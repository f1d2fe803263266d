package sim

// frame is what model m sends 60 or 100 times a second.
func (m Model) frame(d display) []byte {
	switch m {
	case CMS50Old, CMS50OldAsleep:
		return d.old()
	case BerryBCI:
		return d.berry()
	}
	return d.v7(m)
}

// old is one frame of the 5-byte stream as Contec means it: b0 bit 4 is "searching too long". Bit 5, "SpO2 dropping", is never set here.
func (d display) old() []byte {
	return d.fiveBytes(d.signal|flag(d.tooLong)<<4, d.wave)
}

// berry is the same in Berry's dialect: b0 bit 4 is "no signal", the waveform ends at 100 and its 0 is invalid.
func (d display) berry() []byte {
	wave := 1 + byte(int(d.wave)*99/127)
	signal := d.signal
	if d.noFinger {
		wave, signal = 0, 15
	}
	return d.fiveBytes(signal|flag(d.noFinger)<<4, wave)
}

func (d display) fiveBytes(b0, wave byte) []byte {
	pulse, spo2 := byte(d.pulse.or(0xFF)), byte(d.spo2.or(0x7F))
	return []byte{
		0x80 | b0 | flag(d.beep)<<6,
		wave,
		d.bar | flag(d.noFinger)<<4 | flag(d.searching)<<5 | pulse>>7<<6,
		pulse & 0x7F,
		spo2,
	}
}
