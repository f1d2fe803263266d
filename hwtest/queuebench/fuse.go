package main

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// fuseFile serves one regular file through /dev/fuse, which is mounted on a regular file. Numbers are in the machine's own byte order.
// Source of the layout: the kernel's include/uapi/linux/fuse.h, version 7.31.
//
//	request    length(4) opcode(4) unique(8) node(8) uid(4) gid(4) pid(4) -(4)   body
//	answer     length(4) -errno(4) unique(8)                                    body
type fuseFile struct {
	fd    int // of /dev/fuse
	file  file
	size  int64
	flush func() // before a flush is answered
}

// file is what is served.
type file interface {
	ReadAt(b []byte, at int64) (int, error)
	WriteAt(b []byte, at int64) (int, error)
}

// Opcodes that matter here.
const (
	opForget      = 2
	opGetattr     = 3
	opSetattr     = 4
	opOpen        = 14
	opRead        = 15
	opWrite       = 16
	opStatfs      = 17
	opRelease     = 18
	opFsync       = 20
	opFlush       = 25
	opInit        = 26
	opInterrupt   = 36
	opBatchForget = 42
)

// Sizes of heads and bodies, in bytes.
const (
	requestHead = 40
	answerHead  = 16
	rwBody      = 40 // fh(8) offset(8) size(4) ...
	maxWrite    = 1 << 20
)

// Flags of init and open.
const (
	bigWrites = 1 << 5
	maxPages  = 1 << 22
	directIO  = 1 << 0
)

var order = binary.NativeEndian

// mount mounts the file on another, which is there and empty. Needs root.
func (f *fuseFile) mount(on string) (err error) {
	if f.fd, err = unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("open /dev/fuse: %w", err)
	}
	options := fmt.Sprintf("fd=%d,rootmode=100000,user_id=0,group_id=0", f.fd)
	if err := unix.Mount("queuebench", on, "fuse", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		return fmt.Errorf("mount on %s: %w", on, err)
	}
	return nil
}

// serve answers requests until the file is unmounted. Several goroutines may serve, so that a flush holds up nothing else.
func (f *fuseFile) serve() error {
	b := make([]byte, maxWrite+8192)
	for {
		n, err := unix.Read(f.fd, b)
		switch {
		case errors.Is(err, unix.ENODEV):
			return nil // unmounted
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOENT):
			continue
		case err != nil:
			return fmt.Errorf("read request: %w", err)
		case n < requestHead:
			return fmt.Errorf("request of %d bytes, want at least %d", n, requestHead)
		}
		if err := f.reply(b[:n]); err != nil {
			return err
		}
	}
}

func (f *fuseFile) reply(request []byte) error {
	opcode := order.Uint32(request[4:])
	if opcode == opForget || opcode == opBatchForget || opcode == opInterrupt {
		return nil // these want no answer
	}
	body, errno := f.answer(opcode, request[requestHead:])
	out := make([]byte, answerHead, answerHead+len(body))
	order.PutUint32(out, uint32(answerHead+len(body)))
	order.PutUint32(out[4:], uint32(-int32(errno)))
	copy(out[8:], request[8:16])
	_, err := unix.Write(f.fd, append(out, body...))
	if errors.Is(err, unix.ENOENT) {
		return nil // the request was given up meanwhile
	}
	return err
}

func (f *fuseFile) answer(opcode uint32, body []byte) ([]byte, unix.Errno) {
	switch opcode {
	case opInit:
		return initBody(body), 0
	case opGetattr, opSetattr:
		return f.attributes(), 0
	case opOpen:
		out := make([]byte, 16)
		order.PutUint32(out[8:], directIO)
		return out, 0
	case opRead:
		return f.read(order.Uint64(body[8:]), order.Uint32(body[16:]))
	case opWrite:
		return f.write(order.Uint64(body[8:]), body[rwBody:rwBody+order.Uint32(body[16:])])
	case opStatfs:
		return make([]byte, 80), 0
	case opFsync:
		f.flush()
		return nil, 0
	case opRelease, opFlush:
		return nil, 0
	}
	return nil, unix.ENOSYS
}

// initBody answers init: major(4) minor(4) readahead(4) flags(4) background(2) congestion(2) maxWrite(4) granularity(4) maxPages(2) ...
func initBody(in []byte) []byte {
	out := make([]byte, 64)
	order.PutUint32(out, 7)
	order.PutUint32(out[4:], 31)
	copy(out[8:12], in[8:12])
	order.PutUint32(out[12:], order.Uint32(in[12:])&(bigWrites|maxPages))
	order.PutUint16(out[16:], 16)
	order.PutUint16(out[18:], 12)
	order.PutUint32(out[20:], maxWrite)
	order.PutUint32(out[24:], 1)
	order.PutUint16(out[28:], maxWrite/4096)
	return out
}

// attributes are valid(8) -(8), then inode(8) size(8) blocks(8) times(36) mode(4) links(4) uid(4) gid(4) rdev(4) block size(4) flags(4).
func (f *fuseFile) attributes() []byte {
	out := make([]byte, 104)
	order.PutUint64(out, 3600)
	attr := out[16:]
	order.PutUint64(attr, 1)
	order.PutUint64(attr[8:], uint64(f.size))
	order.PutUint64(attr[16:], uint64(f.size/512))
	order.PutUint32(attr[60:], unix.S_IFREG|0o600)
	order.PutUint32(attr[64:], 1)
	order.PutUint32(attr[80:], 4096)
	return out
}

func (f *fuseFile) read(at uint64, size uint32) ([]byte, unix.Errno) {
	b := make([]byte, min(int64(size), max(0, f.size-int64(at))))
	if n, err := f.file.ReadAt(b, int64(at)); err != nil && n < len(b) {
		return nil, unix.EIO
	}
	return b, 0
}

func (f *fuseFile) write(at uint64, b []byte) ([]byte, unix.Errno) {
	if int64(at)+int64(len(b)) > f.size {
		return nil, unix.ENOSPC
	}
	if _, err := f.file.WriteAt(b, int64(at)); err != nil {
		return nil, unix.EIO
	}
	out := make([]byte, 8)
	order.PutUint32(out, uint32(len(b)))
	return out, 0
}
