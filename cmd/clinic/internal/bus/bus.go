// Package bus is the broker that a clinic carries with it: nats-server with its MQTT 3.1.1 listener, sessions and retained messages in the
// data folder. In the field an outside broker with mutual TLS takes its place.
package bus

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Bus is a running broker.
type Bus struct {
	server *server.Server
	addr   string
}

// readyLimit is how long the broker may take to listen.
const readyLimit = 10 * time.Second

// Start starts a broker on a loopback address ("127.0.0.1:1883"; port 0 takes a free one) that keeps its state below dir, every write
// synced. It refuses other addresses: this listener asks nobody who they are.
func Start(dir, addr string) (*Bus, error) {
	host, port, err := split(addr)
	if err != nil {
		return nil, err
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "nabz", DontListen: true, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: filepath.Clean(dir), SyncAlways: true,
		MQTT: server.MQTTOpts{Host: host, Port: port},
	})
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(readyLimit) {
		s.Shutdown()
		return nil, fmt.Errorf("broker: not listening on %s: is the port taken, or %s in use by another broker?", addr, dir)
	}
	return &Bus{s, net.JoinHostPort(host, strconv.Itoa(port))}, nil
}

func split(addr string) (string, int, error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("broker: address %q: want host:port", addr)
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("broker: address %q: want a port number", addr)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return "", 0, errors.New("broker: the embedded broker listens on loopback only: give an outside broker with --broker")
	}
	if port == 0 {
		port, err = free(host)
	}
	return host, port, err
}

// free finds a port that nobody uses now; the server cannot be asked which one it took.
func free(host string) (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, fmt.Errorf("broker: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// Addr is where the MQTT listener is.
func (b *Bus) Addr() string { return b.addr }

// Close stops the broker and waits until its state is written.
func (b *Bus) Close() {
	b.server.Shutdown()
	b.server.WaitForShutdown()
}
