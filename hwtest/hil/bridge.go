package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"periph.io/x/conn/v3/i2c"
)

// bridge is an i2c-tiny-usb (Till Harbaum's firmware; Linux, drivers/i2c/busses/i2c-tiny-usb.c) at the far end of QEMU's USB redirection (usbredir
// protocol 0.7): the machine's own kernel driver talks to it, and the chips are on a bus of this process.
//
// A packet of the redirection, all numbers little-endian; the id has 8 bytes after the hello, in which both sides say that they can, as an xHCI wants it:
//
//	type (4) length (4) id (4 or 8) | data
//
// Vendor requests of the bridge:
//
//	1      in: the functions of the adapter (4 bytes)
//	2      the delay of its clock
//	3      in: what became of the last message: 1 acknowledged, 2 not
//	4..7   a message: bit 0 begins a transaction, bit 1 ends it; value has the flags (1 reads), index the address
type bridge struct {
	bus    i2c.Bus
	wire   io.ReadWriter
	long   bool   // the hello is over
	held   []byte // written in this transaction
	status byte
}

// Packets of the redirection.
const (
	redirHello         = 0
	redirConnect       = 1
	redirInterfaceInfo = 4
	redirEpInfo        = 5
	redirSetConfig     = 6
	redirGetConfig     = 7
	redirConfigStatus  = 8
	redirSetAlt        = 9
	redirGetAlt        = 10
	redirAltStatus     = 11
	redirControl       = 100

	redirStall = 4

	redirMaxPacket = 4 // what both sides can do, as bits of their hellos
	redirLongIDs   = 5
	redirLongBulk  = 6
)

// vendor and product of the bridge.
const (
	tinyVendor  = 0x0403
	tinyProduct = 0xc631
)

var (
	deviceDescriptor = []byte{18, 1, 0x10, 0x01, 0xff, 0, 0, 8, 0x03, 0x04, 0x31, 0xc6, 0x00, 0x02, 0, 0, 0, 1}
	configDescriptor = []byte{9, 2, 18, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 0, 0xff, 0, 0, 0}
)

// serve is the bridge's life on a wire, until that ends.
func (b *bridge) serve(wire io.ReadWriter) error {
	b.wire = wire
	hello := make([]byte, 64+4)
	copy(hello, "nabz i2c-tiny-usb")
	hello[64] = 1<<redirMaxPacket | 1<<redirLongIDs | 1<<redirLongBulk
	if err := b.send(redirHello, 0, hello); err != nil {
		return err
	}
	in := bufio.NewReader(wire)
	for {
		head := make([]byte, 16)
		if !b.long {
			head = head[:12]
		}
		if _, err := io.ReadFull(in, head); err != nil {
			return err
		}
		head = append(head, 0, 0, 0, 0)
		kind, n, id := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:]), binary.LittleEndian.Uint64(head[8:])
		if n > 1<<16 {
			return fmt.Errorf("a packet of %d bytes", n)
		}
		data := make([]byte, n)
		if _, err := io.ReadFull(in, data); err != nil {
			return err
		}
		if err := b.packet(kind, id, data); err != nil {
			return err
		}
	}
}

func (b *bridge) send(kind uint32, id uint64, data []byte) error {
	p := binary.LittleEndian.AppendUint32(nil, kind)
	p = binary.LittleEndian.AppendUint32(p, uint32(len(data)))
	if b.long {
		p = binary.LittleEndian.AppendUint64(p, id)
	} else {
		p = binary.LittleEndian.AppendUint32(p, uint32(id))
	}
	_, err := b.wire.Write(append(p, data...))
	return err
}

func (b *bridge) packet(kind uint32, id uint64, data []byte) error {
	switch kind {
	case redirHello:
		b.long = true
		return b.connect()
	case redirSetConfig, redirGetConfig:
		return b.send(redirConfigStatus, id, []byte{0, 1})
	case redirSetAlt, redirGetAlt:
		return b.send(redirAltStatus, id, []byte{0, 0, 0})
	case redirControl:
		return b.control(id, data)
	}
	return nil // what this device has not, it need not answer
}

// connect says what is plugged in: a device of full speed, one interface, nothing but its control endpoint.
func (b *bridge) connect() error {
	const ends = 32
	types := make([]byte, 3*ends+2*ends) // kinds, intervals, interfaces; the longest packets
	for i := range ends {
		types[i] = 255
	}
	types[0], types[16] = 0, 0 // control, both ways
	types[3*ends], types[3*ends+2*16] = 8, 8
	faces := make([]byte, 4+4*ends)
	faces[0], faces[4+ends] = 1, 0xff
	about := []byte{1, 0xff, 0, 0}
	about = binary.LittleEndian.AppendUint16(about, tinyVendor)
	about = binary.LittleEndian.AppendUint16(about, tinyProduct)
	return errors.Join(b.send(redirEpInfo, 0, types), b.send(redirInterfaceInfo, 0, faces), b.send(redirConnect, 0, about))
}

// control answers a control transfer: endpoint, request, type, status (1 each), value, index, length (2 each), and what is written.
func (b *bridge) control(id uint64, p []byte) error {
	if len(p) < 10 {
		return errors.New("a control packet that is too short")
	}
	request, kind := p[1], p[2]
	value, index, length := binary.LittleEndian.Uint16(p[4:]), binary.LittleEndian.Uint16(p[6:]), binary.LittleEndian.Uint16(p[8:])
	answer, ok := b.answer(request, kind, value, index, int(length), p[10:])
	head := append([]byte(nil), p[:10]...)
	if head[3] = 0; !ok { // what QEMU sends there means nothing
		head[3], answer = redirStall, nil
	}
	if kind&0x80 == 0 { // written to the device: nothing comes back but how much
		return b.send(redirControl, id, head)
	}
	answer = answer[:min(len(answer), int(length))]
	binary.LittleEndian.PutUint16(head[8:], uint16(len(answer)))
	return b.send(redirControl, id, append(head, answer...))
}

func (b *bridge) answer(request, kind byte, value, index uint16, length int, data []byte) ([]byte, bool) {
	const getDescriptor, functionality = 6, 0x8eff0001 // I2C_FUNC_I2C and what it emulates of SMBus
	switch {
	case kind == 0x80 && request == getDescriptor && value>>8 == 1:
		return deviceDescriptor, true
	case kind == 0x80 && request == getDescriptor && value>>8 == 2:
		return configDescriptor, true
	case kind&0x60 != 0x40: // no vendor request
		return nil, kind&0x80 == 0
	case request == 1:
		return binary.LittleEndian.AppendUint32(nil, functionality), true
	case request == 2:
		return nil, true
	case request == 3:
		return []byte{b.status}, true
	case request >= 4 && request <= 7:
		return b.message(request&1 != 0, request&2 != 0, value&1 != 0, index, length, data), true
	}
	return nil, false
}

// message is one message of a transaction. What is written is held until it ends, or until something is read in the same one.
func (b *bridge) message(begins, ends, reads bool, addr uint16, length int, data []byte) []byte {
	const acknowledged, ignored = 1, 2
	if begins {
		b.held = nil
	}
	b.status = acknowledged
	var got []byte
	switch {
	case reads:
		got = make([]byte, length)
	case !ends:
		b.held = append(b.held, data...)
		return nil
	default:
		b.held = append(b.held, data...)
	}
	if err := b.bus.Tx(addr, b.held, got); err != nil {
		b.status = ignored
	}
	b.held = nil
	return got
}
