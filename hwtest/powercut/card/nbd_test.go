package card

import (
	"encoding/binary"
	"net"
	"path/filepath"
	"testing"
)

// TestExportName is the old way in, with and without the 124 zeroes after the size.
func TestExportName(t *testing.T) {
	t.Parallel()
	r := insert(t, t.TempDir(), 64, Opts{})
	for flags, zeroes := range map[uint32]int{1: 124, 3: 0} {
		conn := greet(t, r, flags)
		ask(t, conn, optExportName, nil)
		wantExport(t, must(readN(conn, 10+zeroes))(t))
		wantReadable(t, conn)
		conn.Close()
	}
	conn := greet(t, r, 3)
	ask(t, conn, optExportName, []byte("other"))
	wantEnd(t, conn)
	r.close(t)
}

// TestGo is the handshake as QEMU plays it, with some refusals on the way.
func TestGo(t *testing.T) {
	t.Parallel()
	r := insert(t, t.TempDir(), 64, Opts{})
	conn := greet(t, r, 3)
	defer conn.Close()
	ask(t, conn, 8, nil) // structured replies
	want(t, conn, 8, repErrUnsup)
	ask(t, conn, 5, nil) // TLS
	want(t, conn, 5, repErrUnsup)
	ask(t, conn, optGo, []byte{0, 0, 0, 1, 'x', 0, 0})
	want(t, conn, optGo, repErrUnknown)
	ask(t, conn, optInfo, []byte{0, 0, 0, 9, 0, 0})
	want(t, conn, optInfo, repErrInvalid)
	for _, option := range []uint32{optInfo, optGo} {
		ask(t, conn, option, []byte{0, 0, 0, 0, 0, 1, 0, 3})
		wantExport(t, want(t, conn, option, repInfo)[2:])
		if sizes := want(t, conn, option, repInfo); binary.BigEndian.Uint16(sizes) != 3 || binary.BigEndian.Uint32(sizes[2:]) != 512 {
			t.Errorf("block sizes are % x", sizes)
		}
		want(t, conn, option, repAck)
	}
	wantReadable(t, conn)
	r.close(t)
}

// TestHandshakeEnds: LIST names the one export, ABORT and nonsense end the connection, and the next client is served.
func TestHandshakeEnds(t *testing.T) {
	t.Parallel()
	r := insert(t, t.TempDir(), 64, Opts{})
	conn := greet(t, r, 3)
	ask(t, conn, optList, nil)
	if name := want(t, conn, optList, repServer); binary.BigEndian.Uint32(name) != 0 {
		t.Errorf("the export is called % x", name)
	}
	want(t, conn, optList, repAck)
	ask(t, conn, optAbort, nil)
	want(t, conn, optAbort, repAck)
	wantEnd(t, conn)
	conn = greet(t, r, 3)
	put(t, conn, []byte("I have no option"))
	wantEnd(t, conn)
	wantEnd(t, greet(t, r, 1<<7))
	r.connect(t).flush(t)
	r.close(t)
}

// greet connects and answers the greeting.
func greet(t *testing.T, r *rig, flags uint32) net.Conn {
	t.Helper()
	conn := r.pipes.dial()
	hello := must(readN(conn, 18))(t)
	if string(hello[:16]) != "NBDMAGICIHAVEOPT" || hello[17]&3 != 3 {
		t.Fatalf("greeting is %q: not fixed newstyle without zeroes", hello)
	}
	put(t, conn, flags)
	return conn
}

// want reads the answer to an option.
func want(t *testing.T, conn net.Conn, option, kind uint32) []byte {
	t.Helper()
	gotOption, gotKind, data := told(t, conn)
	if gotOption != option || gotKind != kind {
		t.Fatalf("option %d was answered with %#x for option %d, want %#x", option, gotKind, gotOption, kind)
	}
	return data
}

func wantExport(t *testing.T, p []byte) {
	t.Helper()
	if size := binary.BigEndian.Uint64(p); size != 64*512 {
		t.Errorf("size is %d", size)
	}
	// has flags, FLUSH, FUA, TRIM, WRITE_ZEROES; not read-only, not several connections
	if flags := binary.BigEndian.Uint16(p[8:]); flags != 1|4|8|32|64 {
		t.Errorf("transmission flags are %#x", flags)
	}
}

func wantReadable(t *testing.T, conn net.Conn) {
	t.Helper()
	put(t, conn, uint32(requestMagic), uint16(0), uint16(cmdRead), uint64(7), uint64(512), uint32(512))
	p := must(readN(conn, 16+512))(t)
	if binary.BigEndian.Uint32(p[4:]) != 0 || binary.BigEndian.Uint64(p[8:]) != 7 {
		t.Errorf("read was answered with % x", p[:16])
	}
}

func wantEnd(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := readN(conn, 1); err == nil {
		t.Error("the connection is still there")
	}
}

// TestRefusals: a request that the card cannot do is answered with an error, counts as no operation, and the connection goes on.
func TestRefusals(t *testing.T) {
	t.Parallel()
	r := insert(t, t.TempDir(), 64, Opts{})
	c := r.connect(t)
	for _, row := range []struct {
		name  string
		cmd   uint16
		flags uint16
		off   uint64
		n     uint32
		code  uint32
	}{
		{"part of a sector", cmdRead, 0, 0, 100, errInval},
		{"between sectors", cmdRead, 0, 100, 512, errInval},
		{"nothing", cmdRead, 0, 0, 0, errInval},
		{"read beyond the end", cmdRead, 0, 63 * 512, 1024, errInval},
		{"write beyond the end", cmdWrite, 0, 64 * 512, 512, errSpace},
		{"an offset that wraps", cmdZeroes, 0, 1<<64 - 512, 1024, errSpace},
		{"read too long", cmdRead, 0, 0, maxBlock + 512, errInval},
		{"unknown command", 77, 0, 0, 512, errInval},
		{"unknown flag", cmdZeroes, 16, 0, 512, errInval},
	} {
		var data []byte
		if row.cmd == cmdWrite {
			data = make([]byte, row.n)
		}
		if a := <-c.send(row.cmd, row.flags, row.off, row.n, data); a.code != row.code {
			t.Errorf("%s: error %d, want %d", row.name, a.code, row.code)
		}
	}
	if n := r.Ops(); n != 0 {
		t.Errorf("refusals count as %d operations", n)
	}
	c.write(t, 0, 63, 1, 9)
	if got := r.close(t); got[63] != 9 {
		t.Errorf("last sector holds %d after the refusals", got[63])
	}
}

// TestUnixSocket: one client after another on a real socket, what the first wrote without a flush is there for the second, and a broken
// client is no trouble.
func TestUnixSocket(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := insert(t, dir, 64, Opts{})
	l := must(net.Listen("unix", filepath.Join(dir, "s")))(t)
	served := make(chan error, 1)
	go func() { served <- r.Serve(l) }()
	dial := func() net.Conn { return must(net.Dial("unix", filepath.Join(dir, "s")))(t) }

	first := connect(t, dial())
	first.write(t, 0, 3, 2, 7)
	first.conn.Close()
	broken := dial()
	put(t, broken, []byte("GET / HTTP/1.1\r\n\r\n"))
	broken.Close()
	second := connect(t, dial())
	if got := versions(second.do(t, cmdRead, 0, 2*512, 4*512, nil)); got[0] != 0 || got[1] != 7 || got[2] != 7 || got[3] != 0 {
		t.Errorf("second client reads %d", got)
	}
	// the orderly end: no answer, no next request
	second.send(cmdDisc, 0, 0, 0, nil)
	third := connect(t, dial())
	third.flush(t)
	if s := r.Stats(); s != (Stats{Reads: 1, Writes: 1, Flushes: 1, Read: 4 * 512, Written: 2 * 512}) {
		t.Errorf("stats are %+v", s)
	}
	got := r.close(t)
	if got[3] != 7 || got[4] != 7 {
		t.Errorf("image holds %d", got)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve ended with %v", err)
	}
}
