package oximeter

// noninFormat is the data format of a Nonin, once its bytes have told.
type noninFormat uint8

const (
	noninUndecided noninFormat = iota
	noninFormat1
	noninFormat2
	noninFormat7
	noninFormat8
	noninFormat13
)

// noninSplitter cuts frames of any format. It believes a format after several frames in a row and then cuts that one alone, until so many
// bytes belonged to none that the device must have been changed.
type noninSplitter struct {
	is   noninFormat
	lost int // bytes that belonged to no frame and are not forgiven
	gap  bool
}

// How many frames in a row decide for a format. Formats 1 and 8 have no checksum: three groups are three seconds.
const (
	convincing2 = 4
	convincing7 = 6
	convincing1 = 3
	noninGiveUp = 250
)

// Lengths of the frames.
const (
	noninFrame    = 5
	group1Length  = 3
	group8Length  = 4
	noninStatusOK = 0x80
)

// split is a bufio.SplitFunc.
func (s *noninSplitter) split(b []byte, atEOF bool) (int, []byte, error) {
	for i := range b {
		n, more := s.match(b[i:], atEOF)
		if n > 0 {
			s.found()
			return i + n, b[i : i+n], nil
		}
		if more && !atEOF {
			return i, nil, nil
		}
		if n = s.damaged(b[i:]); n > 0 {
			s.gap = true
			return i + n, b[i : i+n], nil
		}
		s.gap = true
		if s.lost++; s.lost > s.patience() {
			s.is, s.lost = noninUndecided, 0
		}
	}
	return len(b), nil, nil
}

// damaged returns the length of what stands where the next frame should, looks like one and has a wrong sum. It is cut all the same, so
// that it can be counted: sound refuses it, and the search goes on at its second byte.
func (s *noninSplitter) damaged(b []byte) int {
	if s.gap {
		return 0
	}
	switch s.is {
	case noninFormat2:
		if len(b) >= noninFrame && frame2(b[:noninFrame-1]) {
			return noninFrame
		}
	case noninFormat7:
		if len(b) >= noninFrame && frame7(b[:noninFrame-1]) {
			return noninFrame
		}
	case noninFormat13:
		n, _ := spotFrame(b)
		return n
	}
	return 0
}

// sound says whether the checksum of a frame is right, where the format has one.
func (s *noninSplitter) sound(f []byte) bool {
	switch s.is {
	case noninFormat2, noninFormat7:
		return sum8(f[:noninFrame-1]) == f[noninFrame-1]
	case noninFormat13:
		return spotSound(f)
	}
	return true
}

// found forgives what was lost: all of it where a frame has a checksum. Bytes of another format can look like a group, with some bytes
// between them; so there one is forgiven for each group that comes right behind another.
func (s *noninSplitter) found() {
	switch {
	case s.is != noninFormat1 && s.is != noninFormat8:
		s.lost = 0
	case !s.gap:
		s.lost = max(0, s.lost-1)
	}
	s.gap = false
}

// patience is how many bytes may be lost before the format is in doubt.
func (s *noninSplitter) patience() int {
	if s.is == noninFormat1 || s.is == noninFormat8 {
		return 3 * group8Length
	}
	return noninGiveUp
}

// match returns the length of the frame that b begins with, or 0; more says that further bytes may still make it one.
func (s *noninSplitter) match(b []byte, atEOF bool) (n int, more bool) {
	switch s.is {
	case noninFormat2:
		return run(b, 1, frame2)
	case noninFormat7:
		return run(b, 1, frame7)
	case noninFormat13:
		return spotWhole(b)
	case noninFormat1, noninFormat8:
		return group(b, s.is, 1, true)
	}
	return s.decide(b, atEOF)
}

// decide tries all formats.
func (s *noninSplitter) decide(b []byte, atEOF bool) (n int, more bool) {
	candidates := [...]struct {
		is    noninFormat
		match func() (int, bool)
	}{
		{noninFormat13, func() (int, bool) { return spotWhole(b) }},
		{noninFormat2, func() (int, bool) { return run(b, convincing2, frame2) }},
		{noninFormat7, func() (int, bool) { return run(b, convincing7, frame7) }},
		{noninFormat8, func() (int, bool) { return group(b, noninFormat8, convincing1, atEOF) }},
		{noninFormat1, func() (int, bool) { return group(b, noninFormat1, convincing1, atEOF) }},
	}
	for _, c := range candidates {
		n, waits := c.match()
		if n > 0 {
			s.is = c.is
			return n, false
		}
		more = more || waits
	}
	return 0, more
}

// run returns a frame's length when b begins with so many good frames of five bytes.
func run(b []byte, frames int, good func([]byte) bool) (n int, more bool) {
	for range frames {
		if !good(b[:min(len(b), noninFrame)]) {
			return 0, false
		}
		if len(b) < noninFrame {
			return 0, true
		}
		b = b[noninFrame:]
	}
	return noninFrame, false
}

// frame2 says whether b is, or begins like, 01 status pleth float checksum.
func frame2(b []byte) bool {
	return (len(b) < 1 || b[0] == 1) && (len(b) < 2 || b[1] >= noninStatusOK) && (len(b) < noninFrame || b[4] == sum8(b[:4]))
}

// frame7 says whether b is, or begins like, status pleth(2) float checksum.
func frame7(b []byte) bool {
	return (len(b) < 1 || b[0] >= noninStatusOK) && (len(b) < noninFrame || b[4] == sum8(b[:4]))
}

// group returns a group's length when b begins with so many of them, each with bit 7 set in its first byte alone and near the one before
// it. Unless the end is open, another one begins behind them.
func group(b []byte, is noninFormat, groups int, open bool) (n int, more bool) {
	length := group1Length
	if is == noninFormat8 {
		length = group8Length
	}
	var before noninGroup
	for i := range groups {
		g := b[min(len(b), i*length):min(len(b), (i+1)*length)]
		if !grouped(g, is) {
			return 0, false
		}
		if len(g) < length {
			return 0, true
		}
		now := readGroup(g, is)
		if !now.sane || before.there && !now.follows(before) {
			return 0, false
		}
		before = now
	}
	switch end := groups * length; {
	case len(b) == end && !open:
		return 0, true
	case len(b) > end && b[end] < 0x80 && groups > 1:
		return 0, false
	}
	return length, false
}

// grouped says whether b is, or begins like, a group. What format 8 does not use is clear.
func grouped(b []byte, is noninFormat) bool {
	for i, c := range b {
		if (c >= 0x80) != (i == 0) {
			return false
		}
	}
	const used = 0x20 | 0x08 | 0x01 | 0x40 | 0x02 // of b4: SmartPoint, finger, battery; older: disconnected, battery critical
	return is != noninFormat8 || len(b) == 0 || b[0]&0x40 == 0 && (len(b) < group8Length || b[3]&^used == 0)
}
