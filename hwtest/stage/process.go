package stage

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Process is one of nabz's own programs as a child. Its standard error goes to a log file.
type Process struct {
	Name string
	Args []string
	Log  string // path

	cmd   *exec.Cmd
	Ended chan struct{} // closed when it has been waited for
}

// startLimit is how long a program may take to say that it is ready.
const startLimit = 20 * time.Second

// Start runs the program and waits for the line in which it says that it is ready; it returns what stands behind "ready: ".
func (p *Process) Start(ctx context.Context) (string, error) {
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer log.Close() // the child has its own
	p.cmd = exec.Command(sibling(p.Name), p.Args...)
	p.cmd.Stderr = log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL} // Ctrl-C is ours to pass on
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := p.cmd.Start(); err != nil {
		return "", fmt.Errorf("start %s: %w: run make bin", p.Name, err)
	}
	p.Ended = make(chan struct{})
	ready := make(chan string, 1)
	go func() {
		defer close(p.Ended)
		watch(out, ready)
		_ = p.cmd.Wait() // a killed child's exit status is no news
	}()
	return p.awaitReady(ctx, ready)
}

// Pid is the process id of the child that was started last.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

func (p *Process) awaitReady(ctx context.Context, ready <-chan string) (string, error) {
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case where := <-ready:
		return where, nil
	case <-p.Ended:
		return "", fmt.Errorf("%s ended at once: %s", p.Name, p.LastLine())
	case <-limit.C:
		return "", fmt.Errorf("%s is not ready after %s: see %s", p.Name, startLimit, p.Log)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// watch reads a child's output to its end and passes on the first line that says ready.
func watch(out io.Reader, ready chan<- string) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, where, ok := strings.Cut(lines.Text(), "ready: "); ok {
			select {
			case ready <- where:
			default:
			}
		}
	}
}

// running says whether the child lives.
func (p *Process) running() bool {
	if p.Ended == nil {
		return false
	}
	select {
	case <-p.Ended:
		return false
	default:
		return true
	}
}

// Kill ends the child as a power cut of the process would: SIGKILL, no farewell.
func (p *Process) Kill() {
	if p.running() {
		_ = p.cmd.Process.Kill() // already ended is as good
		<-p.Ended
	}
}

// stopLimit is how long a program may take to stop in good order.
const stopLimit = 10 * time.Second

// Stop asks the child to end and waits for it.
func (p *Process) Stop() error {
	if !p.running() {
		return nil
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // already ended is as good
	limit := time.NewTimer(stopLimit)
	defer limit.Stop()
	select {
	case <-p.Ended:
		return nil
	case <-limit.C:
		p.Kill()
		return fmt.Errorf("%s did not stop within %s and was killed: see %s", p.Name, stopLimit, p.Log)
	}
}

// LastLine is the end of its log.
func (p *Process) LastLine() string {
	raw, err := os.ReadFile(p.Log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return lines[len(lines)-1]
}

// sibling is the path of a program that was built beside this one.
func sibling(name string) string {
	own, err := os.Executable()
	if err != nil {
		return name
	}
	return filepath.Join(filepath.Dir(own), name)
}

// StopAll stops in the order given.
func StopAll(all ...*Process) error {
	var errs []error
	for _, p := range all {
		if p != nil {
			errs = append(errs, p.Stop())
		}
	}
	return errors.Join(errs...)
}
