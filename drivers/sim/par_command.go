package sim

import (
	"strconv"
	"time"

	"nabz/drivers/vitals"
)

// marks delimit commands and replies.
type marks struct{ stx, etx byte }

var (
	plainMarks    = marks{0x02, 0x03}
	combinedMarks = marks{0xFD, 0xFE}
)

// Modes: 3 is manual; a cycle has its interval.
const manual = 3

var cycles = map[int]time.Duration{
	4: time.Minute, 5: 2 * time.Minute, 6: 3 * time.Minute, 7: 4 * time.Minute, 8: 5 * time.Minute,
	9: 10 * time.Minute, 10: 15 * time.Minute, 11: 30 * time.Minute, 12: 60 * time.Minute, 13: 90 * time.Minute,
}

// firstPressures are the codes that set the first inflation, in mmHg. On the combined board 30 and 31 switch SpO2 instead.
var firstPressures = map[int]vitals.MmHg{
	21: 140, 22: 160, 23: 180, 30: 80, 31: 100, 32: 120, 33: 200, 34: 220, 35: 240, 38: 280,
}

const commandSize = 8 // STX c0 c1 ; ; k1 k0 ETX

// receive hears commands and, anywhere, the X that aborts.
func (p *PAR) receive(now time.Duration, b []byte, send func([]byte)) {
	for _, c := range b {
		switch {
		case c == 'X':
			p.buf = p.buf[:0]
			p.follow(now)
			p.abort(now)
		case c == p.marks.stx:
			p.buf = append(p.buf[:0], c)
		case len(p.buf) > 0:
			p.buf = append(p.buf, c)
		}
		if len(p.buf) == commandSize {
			p.hear(now, p.buf, send)
			p.buf = p.buf[:0]
		}
	}
}

// hear ignores a command whose frame or checksum is wrong, or that comes too soon after the last.
func (p *PAR) hear(now time.Duration, b []byte, send func([]byte)) {
	code, err := strconv.ParseUint(string(b[1:3]), 10, 8)
	if err != nil || string(b[3:5]) != ";;" || string(b[5:7]) != sum(string(b[1:5])) || b[7] != p.marks.etx {
		return
	}
	if p.obeyed && now-p.last < tooSoon {
		return
	}
	p.obeyed, p.last = true, now
	p.follow(now)
	p.obey(now, int(code), send)
}

// obey does what a command says. While a run goes on only its status is told; everything else needs an abort first.
func (p *PAR) obey(now time.Duration, code int, send func([]byte)) {
	pressure, sets := firstPressures[code]
	switch {
	case code == 18:
		send(p.statusFrame())
	case p.run != nil:
	case code == 1:
		p.start(now, false)
	case code == 17:
		p.start(now, true)
	case code == manual || cycles[code] != 0:
		p.mode, p.next = code, now
	case code == 14:
		p.idle = manometer
	case code == 15 || code == 16:
		p.reset(codeReset)
	case p.combined && (code == 30 || code == 31):
		p.spo2 = code == 31 // UN300C sends its packets
	case sets:
		p.first = pressure
	case code == 24:
	case code == 28 || code == 29:
		send(p.reply("V2.12"))
	default:
		p.code = codeReset
	}
}
