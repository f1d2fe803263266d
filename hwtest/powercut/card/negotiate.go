package card

import (
	"encoding/binary"
	"io"
)

// Numbers of the NBD protocol's handshake phase.
const (
	optionMagic = "IHAVEOPT"
	answerMagic = 0x0003e889045565a9

	handshakeFixed    = 1 << 0
	handshakeNoZeroes = 1 << 1

	optExportName = 1
	optAbort      = 2
	optList       = 3
	optInfo       = 6
	optGo         = 7

	repAck        = 1
	repServer     = 2
	repInfo       = 3
	repErrUnsup   = 1<<31 + 1
	repErrInvalid = 1<<31 + 3
	repErrUnknown = 1<<31 + 6

	infoExport    = 0
	infoBlockSize = 3

	// has flags, FLUSH, FUA, TRIM, WRITE_ZEROES
	transmissionFlags = 1<<0 | 1<<2 | 1<<3 | 1<<5 | 1<<6
)

// maxOption is the longest option in bytes that is read; names are at most 4096.
const maxOption = 64 << 10

// preferredBlock is what the client is told to use, in bytes: a page of the guest.
const preferredBlock = 4096

// negotiate does the fixed newstyle handshake; true when the client wants to read and write.
func (c *client) negotiate() bool {
	hello := binary.BigEndian.AppendUint16([]byte("NBDMAGIC"+optionMagic), handshakeFixed|handshakeNoZeroes)
	if !c.send(hello) {
		return false
	}
	p := make([]byte, 4)
	if _, err := io.ReadFull(c.r, p); err != nil {
		return false
	}
	flags := binary.BigEndian.Uint32(p)
	if flags&^(handshakeFixed|handshakeNoZeroes) != 0 {
		return false
	}
	for {
		option, data, ok := c.option()
		if !ok {
			return false
		}
		if done, ready := c.choose(option, data, flags); done {
			return ready
		}
	}
}

func (c *client) option() (option uint32, data []byte, ok bool) {
	p := make([]byte, 16)
	if _, err := io.ReadFull(c.r, p); err != nil || string(p[:8]) != optionMagic {
		return 0, nil, false
	}
	n := binary.BigEndian.Uint32(p[12:])
	if n > maxOption {
		return 0, nil, false
	}
	data = make([]byte, n)
	_, err := io.ReadFull(c.r, data)
	return binary.BigEndian.Uint32(p[8:]), data, err == nil
}

// choose answers one option. When done, ready tells whether requests follow.
func (c *client) choose(option uint32, data []byte, flags uint32) (done, ready bool) {
	ok := false
	switch option {
	case optExportName:
		return true, len(data) == 0 && c.send(c.exportName(flags))
	case optAbort:
		c.answer(option, repAck, nil)
		return true, false
	case optList:
		ok = c.answer(option, repServer, make([]byte, 4)) && c.answer(option, repAck, nil)
	case optInfo:
		ok = c.info(option, data) != infoGone
	case optGo:
		result := c.info(option, data)
		return result != infoRefused, result == infoGiven
	default:
		ok = c.answer(option, repErrUnsup, nil)
	}
	return !ok, false
}

type infoResult int

const (
	infoGiven infoResult = iota
	infoRefused
	infoGone // the client is
)

// info answers INFO or GO: the export's size and flags, and the block sizes unasked, which the protocol allows.
func (c *client) info(option uint32, data []byte) infoResult {
	if refusal := checkInfo(data); refusal != 0 {
		if !c.answer(option, refusal, nil) {
			return infoGone
		}
		return infoRefused
	}
	sizes := binary.BigEndian.AppendUint16(nil, infoBlockSize)
	for _, n := range []uint32{sector, preferredBlock, maxBlock} {
		sizes = binary.BigEndian.AppendUint32(sizes, n)
	}
	export := append(binary.BigEndian.AppendUint16(nil, infoExport), c.export()...)
	if c.answer(option, repInfo, export) && c.answer(option, repInfo, sizes) && c.answer(option, repAck, nil) {
		return infoGiven
	}
	return infoGone
}

// checkInfo reads the data of INFO or GO: name length(4), name, number of requests(2), requests(2 each). 0 when all is well.
func checkInfo(data []byte) uint32 {
	if len(data) < 6 {
		return repErrInvalid
	}
	name := uint64(binary.BigEndian.Uint32(data))
	if name > uint64(len(data)-6) {
		return repErrInvalid
	}
	rest := data[4+name:]
	if len(rest) != 2+2*int(binary.BigEndian.Uint16(rest)) {
		return repErrInvalid
	}
	if name != 0 {
		return repErrUnknown
	}
	return 0
}

// export is size(8) and transmission flags(2).
func (c *client) export() []byte {
	p := binary.BigEndian.AppendUint64(nil, uint64(c.card.cache.sectors*sector))
	return binary.BigEndian.AppendUint16(p, transmissionFlags)
}

func (c *client) exportName(flags uint32) []byte {
	p := c.export()
	if flags&handshakeNoZeroes == 0 {
		p = append(p, make([]byte, 124)...)
	}
	return p
}

func (c *client) answer(option, kind uint32, data []byte) bool {
	p := binary.BigEndian.AppendUint64(nil, answerMagic)
	p = binary.BigEndian.AppendUint32(p, option)
	p = binary.BigEndian.AppendUint32(p, kind)
	p = binary.BigEndian.AppendUint32(p, uint32(len(data)))
	return c.send(append(p, data...))
}
