package sim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Hub is a USB hub for simulated devices, each behind a serial bridge. It keeps a folder as the kernel keeps its own: Class lists the ports with
// the identity of the bridge behind each, Dev has the device files. A port gets the lowest name that is free, so two bridges that are pulled
// and plugged in the other way round swap their names.
type Hub struct {
	dir string

	mu      sync.Mutex
	bridges map[string]*bridge // by socket
}

// Bridge is the identity of a USB serial bridge; Serial may be empty.
type Bridge struct{ Vendor, Product, Serial, Text string }

type bridge struct {
	name string // of its port
	stop context.CancelFunc
	done chan error
}

// NewHub returns a hub that nothing is plugged into, with its folder at dir.
func NewHub(dir string) (*Hub, error) {
	h := &Hub{dir: dir, bridges: map[string]*bridge{}}
	if err := errors.Join(os.MkdirAll(h.Class(), 0o755), os.MkdirAll(h.Dev(), 0o755)); err != nil {
		return nil, fmt.Errorf("make a hub: %w", err)
	}
	return h, nil
}

// Class is the folder that lists the ports.
func (h *Hub) Class() string { return filepath.Join(h.dir, "class", "tty") }

// Dev is the folder of the device files.
func (h *Hub) Dev() string { return filepath.Join(h.dir, "dev") }

// Plug plugs a device in at a socket, such as "1-1.2", and returns when its port is there.
func (h *Hub) Plug(socket string, b Bridge, d Device) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.bridges[socket] != nil {
		return fmt.Errorf("plug %s into %s: something is there", d, socket)
	}
	name := h.free()
	plug := NewPlug(filepath.Join(h.Dev(), name), d)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- plug.Run(ctx) }()
	select {
	case <-plug.Ready():
	case err := <-done:
		stop()
		return err
	}
	h.bridges[socket] = &bridge{name, stop, done}
	return h.list(socket, name, b)
}

func (h *Hub) free() string {
	for n := 0; ; n++ {
		name := fmt.Sprintf("ttyUSB%d", n)
		if _, err := os.Lstat(filepath.Join(h.Class(), name)); errors.Is(err, fs.ErrNotExist) {
			return name
		}
	}
}

// list writes the identity of the bridge and then the port, so that a port never stands there without one.
func (h *Hub) list(socket, name string, b Bridge) error {
	device := filepath.Join(h.dir, "devices", "usb1", socket)
	port := filepath.Join(device, socket+":1.0", name)
	err := os.MkdirAll(port, 0o755)
	for file, text := range map[string]string{"idVendor": b.Vendor, "idProduct": b.Product, "serial": b.Serial, "product": b.Text} {
		if text != "" {
			err = errors.Join(err, os.WriteFile(filepath.Join(device, file), []byte(text+"\n"), 0o600))
		}
	}
	entry := filepath.Join(h.Class(), name)
	return errors.Join(err, os.MkdirAll(entry+".new", 0o755), os.Symlink(port, filepath.Join(entry+".new", "device")), os.Rename(entry+".new", entry))
}

// Pull pulls what is plugged in at a socket; nothing happens when nothing is. It returns when the port is gone.
func (h *Hub) Pull(socket string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.bridges[socket]
	if b == nil {
		return nil
	}
	delete(h.bridges, socket)
	b.stop()
	return errors.Join(<-b.done, os.RemoveAll(filepath.Join(h.Class(), b.name)), os.RemoveAll(filepath.Join(h.dir, "devices", "usb1", socket)))
}

// Close pulls everything.
func (h *Hub) Close() error {
	h.mu.Lock()
	var sockets []string
	for s := range h.bridges {
		sockets = append(sockets, s)
	}
	h.mu.Unlock()
	var errs []error
	for _, s := range sockets {
		errs = append(errs, h.Pull(s))
	}
	return errors.Join(errs...)
}
