package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// isReady is what the card process says when its file is mounted.
const isReady = "ready"

// card is a job: it serves the image c.store as the file c.dir, whose flushes take as long as the last line on standard input says. It is a
// process of its own, because one that waits for its own file in a page fault would stop itself.
func (c child) card(_ context.Context, out io.Writer) (report, error) {
	image, err := os.OpenFile(c.store, os.O_RDWR, 0)
	if err != nil {
		return report{}, err
	}
	var delay atomic.Int64
	f := &fuseFile{file: image, size: cardSize, flush: func() { wait(time.Duration(delay.Load())) }}
	if err := f.mount(c.dir); err != nil {
		return report{}, errors.Join(err, image.Close())
	}
	if _, err := fmt.Fprintln(out, isReady); err != nil {
		return report{}, errors.Join(err, image.Close())
	}
	go setDelays(os.Stdin, &delay)
	const servers = 4
	ended := make(chan error, servers)
	for range servers {
		go func() { ended <- f.serve() }()
	}
	for range servers {
		err = errors.Join(err, <-ended)
	}
	return report{}, errors.Join(err, image.Close())
}

// wait is exact to some 50 us; the runtime's own timers are to 1 ms.
func wait(d time.Duration) {
	rest := unix.NsecToTimespec(d.Nanoseconds())
	for d > 0 && errors.Is(unix.Nanosleep(&rest, &rest), unix.EINTR) {
		continue
	}
}

// setDelays takes the flush time from lines such as 5ms and answers each, until the input ends.
func setDelays(in io.Reader, to *atomic.Int64) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if d, err := time.ParseDuration(lines.Text()); err == nil {
			to.Store(int64(d))
		}
		fmt.Println(isReady)
	}
}

// cardServer is the process that serves a card's image.
type cardServer struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// serveCard starts the process and waits until the file is there.
func serveCard(image, on string) (*cardServer, error) {
	// It must outlive an interrupt of this one until the card is taken out.
	cmd, err := child{store: image, dir: on}.command(context.Background(), "card")
	if err != nil {
		return nil, err
	}
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	s := &cardServer{cmd: cmd}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out = bufio.NewReader(out)
	if s.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if err := s.heard(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: serve a card's image: %w", errNoCard, err), cmd.Wait())
	}
	return s, nil
}

func (s *cardServer) heard() error {
	line, err := s.out.ReadString('\n')
	if strings.TrimSpace(line) != isReady {
		return errors.Join(fmt.Errorf("the process said %q", line), err)
	}
	return nil
}

// setFlush says how long a flush takes from now on.
func (s *cardServer) setFlush(d time.Duration) error {
	if _, err := fmt.Fprintln(s.in, d); err != nil {
		return err
	}
	return s.heard()
}

// stop waits for the end of the process, which comes when its file is unmounted.
func (s *cardServer) stop() error {
	err := s.in.Close()
	_, readErr := io.Copy(io.Discard, s.out)
	return errors.Join(err, readErr, s.cmd.Wait())
}
