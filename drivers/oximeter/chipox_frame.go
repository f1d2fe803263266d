package oximeter

import "bytes"

// splitChip is a bufio.SplitFunc: a frame stands between two marks. The mark that ends one is not the beginning of another; a pair of marks
// with nothing between them means that the first belonged to what came before.
func splitChip(b []byte, atEOF bool) (int, []byte, error) {
	start := bytes.IndexByte(b, chipMark)
	if start < 0 {
		return len(b), nil, nil
	}
	n := bytes.IndexByte(b[start+1:], chipMark)
	switch {
	case n == 0, n > chipMost, n < 0 && (atEOF || len(b)-start > chipMost+1):
		return start + 1, nil, nil
	case n < 0:
		return start, nil, nil
	}
	return start + n + 2, b[start : start+n+2], nil
}

// unstuff takes a frame apart; ok says that its checksum is right.
func (c *ChipOx) unstuff(f []byte) (body []byte, ok bool) {
	n := 0
	for i := 1; i < len(f)-1; i++ {
		v := f[i]
		if v == chipEscape {
			i++ // f ends with a mark, so there is a byte
			if v = f[i] | chipRestore; f[i] == v || v != chipMark && v != chipEscape {
				return nil, false // no other byte is ever stuffed
			}
		}
		c.body[n] = v
		n++
	}
	if n < 3 {
		return nil, false
	}
	body = c.body[:n-2]
	hi, lo := chipSum(body)
	return body, c.body[n-2] == hi && c.body[n-1] == lo
}

// chipSum is the checksum over a body.
func chipSum(body []byte) (hi, lo byte) {
	for _, b := range body {
		v := uint16(hi)<<8 | uint16(lo)
		v += uint16(b)
		lo = byte(v)
		hi = byte(v>>8) + (lo ^ b)
	}
	return hi, lo
}

// stuff makes a frame.
func stuff(body []byte) []byte {
	hi, lo := chipSum(body)
	f := []byte{chipMark}
	for _, b := range append(bytes.Clone(body), hi, lo) {
		if b == chipMark || b == chipEscape {
			f = append(f, chipEscape, b&^chipRestore)
			continue
		}
		f = append(f, b)
	}
	return append(f, chipMark)
}
