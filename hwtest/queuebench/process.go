package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// command makes a process of this program for a job.
func (c child) command(ctx context.Context, job string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "child", "-do", job, "-store", c.store, "-in", c.dir,
		"-from", strconv.Itoa(c.from), "-count", strconv.Itoa(c.count), "-idle", c.idle.String())
	cmd.Stderr = os.Stderr
	return cmd, nil
}

// do runs a job in a process of its own and returns its report.
func (c child) do(ctx context.Context, job string) (report, error) {
	cmd, err := c.command(ctx, job)
	if err != nil {
		return report{}, err
	}
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return report{}, fmt.Errorf("%s %s: %w", job, c.store, err)
	}
	var r report
	return r, json.Unmarshal(out.Bytes(), &r)
}

// putAndKill opens the store in a process of its own, puts one record there, and kills the process.
func (c child) putAndKill(ctx context.Context) error {
	cmd, err := c.command(ctx, "put")
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	line, readErr := bufio.NewReader(out).ReadString('\n')
	killErr := cmd.Process.Kill()
	waitErr := cmd.Wait()
	if strings.TrimSpace(line) != isPut {
		return fmt.Errorf("put %s: the process did not put: %w", c.store, errors.Join(readErr, killErr, waitErr))
	}
	return killErr // that it was killed is what was wanted
}
