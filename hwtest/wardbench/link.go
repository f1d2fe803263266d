package main

import (
	"context"
	"errors"
	"io"
	"net"
	"time"
)

// link forwards TCP connections to an address, each chunk after a while, both ways. Nothing is lost, and what comes close together leaves so.
type link struct {
	net.Listener
	to   string
	late time.Duration
}

// listen opens one on a free address until ctx ends.
func listen(ctx context.Context, to string, late time.Duration) (*link, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	k := &link{l, to, late}
	context.AfterFunc(ctx, func() { l.Close() })
	go k.serve()
	return k, nil
}

func (k *link) serve() {
	for {
		near, err := k.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", k.to)
		if err != nil {
			near.Close()
			continue
		}
		go k.carry(far, near)
		go k.carry(near, far)
	}
}

type chunk struct {
	due   time.Time
	bytes []byte
}

func (k *link) carry(to, from net.Conn) {
	defer to.Close()
	chunks := make(chan chunk, 1024)
	go func() {
		defer close(chunks)
		for {
			buf := make([]byte, 16<<10)
			n, err := from.Read(buf)
			if n > 0 {
				chunks <- chunk{time.Now().Add(k.late), buf[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
	for c := range chunks {
		time.Sleep(time.Until(c.due))
		if _, err := to.Write(c.bytes); err != nil {
			from.Close()
		}
	}
}

// own is how long a few bytes take through a link of its kind, one way: half of the way there and back.
func own(ctx context.Context, late time.Duration, times int) (all []time.Duration, err error) {
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer echo.Close()
	go func() {
		c, err := echo.Accept()
		if err == nil {
			_, _ = io.Copy(c, c) // until the other end is closed
		}
	}()
	k, err := listen(ctx, echo.Addr().String(), late)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	c, err := net.Dial("tcp", k.Addr().String())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	for range times {
		began := time.Now()
		_, err := c.Write([]byte("ping"))
		if _, rerr := io.ReadFull(c, make([]byte, 4)); errors.Join(err, rerr) != nil {
			return nil, errors.Join(err, rerr)
		}
		all = append(all, time.Since(began)/2)
	}
	return all, nil
}
