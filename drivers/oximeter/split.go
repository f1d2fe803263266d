package oximeter

// stream says which of the two forms a Contec speaks, once its bytes have told.
type stream uint8

const (
	undecided stream = iota
	streamV7
	streamBCI
)

// splitter cuts packets of either form. Neither has a checksum, so it asks for more than one packet's own bits: what follows a live packet
// must begin another one, and the five-byte form, of which noise makes a packet every few dozen bytes, must show six in a row before
// the first is believed.
//
// The forms tell themselves apart: in V7 one byte with bit 7 clear stands before those with it set, in the five-byte form one with bit 7
// set stands before four with it clear.
type splitter struct {
	is   stream
	lost int // bytes that belonged to no packet while undecided
}

// convincing is how many five-byte packets in a row decide for that form.
const convincing = 6

// split is a bufio.SplitFunc. Bytes that belong to no packet are advanced over without a token.
func (s *splitter) split(b []byte, atEOF bool) (int, []byte, error) {
	for i := range b {
		n, more := s.match(b[i:], atEOF)
		if n > 0 {
			return i + n, b[i : i+n], nil
		}
		if more && !atEOF {
			return i, nil, nil
		}
		if s.is == undecided {
			s.lost++
		}
	}
	return len(b), nil, nil
}

// match returns the length of the packet that b begins with, or 0; more says that further bytes may still make it one.
func (s *splitter) match(b []byte, atEOF bool) (n int, more bool) {
	if b[0] >= 0x80 {
		return s.matchBCI(b, atEOF)
	}
	return s.matchV7(b, atEOF)
}

func (s *splitter) matchBCI(b []byte, atEOF bool) (int, bool) {
	packets := convincing
	if s.is == streamBCI {
		packets = 1
	}
	for i, c := range b {
		if i == packets*bciLength {
			if c < 0x80 {
				return 0, false // what follows begins no packet: a byte was lost or doubled
			}
			s.is = streamBCI
			return bciLength, false
		}
		if (c >= 0x80) != (i%bciLength == 0) {
			return 0, false
		}
	}
	if atEOF && s.suffices(len(b)) {
		s.is = streamBCI
		return bciLength, false
	}
	return 0, true
}

// suffices says whether n bytes that look like the five-byte form are enough of it at the end of a capture: two packets are, one only where
// no more than the end of another stood before it, since noise often ends like a packet.
func (s *splitter) suffices(n int) bool {
	switch s.is {
	case streamBCI:
		return n >= bciLength
	case streamV7:
		return false
	}
	return n >= 2*bciLength || n >= bciLength && s.lost < bciLength
}

func (s *splitter) matchV7(b []byte, atEOF bool) (int, bool) {
	want := v7Length(b[0])
	if want == 0 || (want == 2 && s.is == streamBCI) {
		return 0, false // an SpO2 value before the next packet can look like a packet of two
	}
	have := min(len(b), want)
	if !high(b[1:have]) {
		return 0, false
	}
	if have < want {
		return 0, true
	}
	if b[0] != v7Live {
		return want, false // an answer may stand alone
	}
	if len(b) == want && !atEOF {
		return 0, true
	}
	if len(b) > want && b[want] >= 0x80 {
		return 0, false // a byte was doubled
	}
	s.is = streamV7
	return want, false
}
