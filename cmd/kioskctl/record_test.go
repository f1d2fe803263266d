package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"nabz/drivers/frame"
	"nabz/drivers/port"
	"nabz/drivers/sim"
)

// enough is a file that calls full once it holds as much as that.
type enough struct {
	bytes.Buffer
	size int
	full func()
}

func (e *enough) Write(b []byte) (int, error) {
	if e.Len() > e.size {
		e.full()
	}
	return e.Buffer.Write(b)
}

// What was recorded from a device on a real pty plays back to the very frames that were counted while recording.
func TestRecordThenReplay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "oximeter")
	plug := sim.NewPlug(path, sim.NewContec(sim.NewPatient(sim.PatientOpts{Seed: 7}), sim.Opts{Speed: 20}))
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = plug.Run(ctx) })
	defer running.Wait()
	defer cancel()
	<-plug.Ready()

	w, err := port.OpenSerial(port.ParseName(path), port.Line{Baud: 115200, Parity: 'N', StopBits: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	listening, full := context.WithCancel(ctx)
	file := &enough{size: 10_000, full: full}
	tally, err := recordCmd{Device: "contec"}.listen(listening, w, file, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if text := file.String(); !strings.HasPrefix(text, "# contec at 115200 8N1\n> 7d 81 a7 80 80 80 80 80 80\n") {
		t.Errorf("the capture begins with %.80q", text)
	}
	var samples bytes.Buffer
	again := replayed(t, &file.Buffer, "contec", &samples)
	if tally.Frames < 100 || again.Frames < tally.Frames || again.Frames > tally.Frames+20 || again.BadChecksum != 0 {
		t.Errorf("recorded %+v, played back %+v: want the same, and at most what was cut off at the end", tally, again)
	}
	if !strings.Contains(samples.String(), `"kind":"oximetry"`) {
		t.Errorf("played back %.200q", samples.String())
	}
}

func replayed(t *testing.T, capture io.Reader, device string, out io.Writer) frame.Tally {
	t.Helper()
	w, err := port.OpenPlayback(capture, false)
	if err != nil {
		t.Fatal(err)
	}
	p, err := protocolOf(device)
	if err != nil {
		t.Fatal(err)
	}
	d := p.Listen(w)
	if err := play(d, out); err != nil {
		t.Fatal(err)
	}
	return d.Tally()
}

// pipe is one end of a net.Pipe whose device speaks at one baud only.
type pipe struct {
	net.Conn
	baud chan int
}

func (p pipe) SetLine(l port.Line) error {
	p.baud <- l.Baud
	return nil
}

// An old oximeter, silent at the speed of the new ones, is found at its own; a pause of it later does not send the search on.
func TestRecordFindsTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		var tried []int
		bauds := make(chan int)
		var device sync.WaitGroup
		device.Go(func() { _, _ = io.Copy(io.Discard, far) })
		device.Go(func() {
			for baud := range bauds {
				tried = append(tried, baud)
				if baud == 19200 {
					_, _ = far.Write(bytes.Repeat([]byte{0x85, 40, 3, 72, 97}, 100)) // fails when all is over
				}
				if len(tried) == 4 {
					cancel()
				}
			}
		})
		var file, log bytes.Buffer
		tally, err := recordCmd{Device: "contec"}.listen(ctx, pipe{near, bauds}, &file, &log)
		close(bauds)
		_ = errors.Join(near.Close(), far.Close()) // pipes close without error
		device.Wait()
		if err != nil || tally.Frames < 290 {
			t.Errorf("%+v, error %v, want some three hundred frames", tally, err)
		}
		if d := cmp.Diff([]int{115200, 19200, 19200, 19200}, tried); d != "" {
			t.Errorf("speeds (-want +got):\n%s", d)
		}
		before, after, found := strings.Cut(file.String(), "# contec at 19200 8O1\n")
		if !found || strings.Contains(before, "<") || !strings.Contains(after, "\n< 85 28 03 48 61") {
			t.Errorf("the capture does not tell which line gave its bytes: %.300q", file.String())
		}
		if !strings.HasPrefix(log.String(), "recording contec at 115200 8N1; Ctrl-C ends it\nrecording contec at 19200 8O1;") {
			t.Errorf("the technician is told %q", log.String())
		}
	})
}

// A device that was pulled ends the recording, and says so.
func TestRecordOfAPulledDevice(t *testing.T) {
	near, far := net.Pipe()
	bauds := make(chan int, 1)
	far.Close() // a pipe closes without error
	if _, err := (recordCmd{Device: "par"}).listen(t.Context(), pipe{near, bauds}, io.Discard, io.Discard); err == nil {
		t.Error("the recording ended as if all were well")
	}
}

// A disk that is full ends it too: what is missing in a capture must not be found out later.
func TestRecordOnAFullDisk(t *testing.T) {
	broken := errors.New("no space left")
	near, far := net.Pipe()
	far.Close() // a pipe closes without error
	_, err := recordCmd{Device: "par"}.listen(t.Context(), pipe{near, make(chan int, 1)}, failing{broken}, io.Discard)
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

type failing struct{ error }

func (f failing) Write([]byte) (int, error) { return 0, f.error }

var _ line = (*port.Serial)(nil)
