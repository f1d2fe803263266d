package screen

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"nabz/firmware/pulse"
)

// Server is the screen as a task.
type Server struct {
	listener net.Listener
	http     *http.Server
}

// Listen binds the loopback address; port 0 takes a free one. metrics answers at /metrics, to this machine alone.
func Listen(addr string, b Backend, metrics http.Handler, log *slog.Logger) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("screen: %w: another program has this port, or change screen.listen", err)
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("screen: %s is not loopback", addr), l.Close())
	}
	all := http.NewServeMux()
	all.Handle("/", Handler(b, log))
	all.Handle("GET /metrics", guarded(metrics))
	return &Server{listener: l, http: &http.Server{
		Handler:           all,
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}, nil
}

// URL is where the screen is.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

func (s *Server) String() string { return "screen" }

// Run serves until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { s.http.Close() })
	defer stop()
	go s.probe(ctx)
	if err := s.http.Serve(s.listener); ctx.Err() == nil {
		return err
	}
	return ctx.Err()
}

// probeEvery is how often the screen asks itself for its state; probeWait is how long an answer may take.
const (
	probeEvery = 2 * time.Second
	probeWait  = 5 * time.Second
)

// probe makes the screen's pulse: it beats when the screen answers as it would answer the page.
func (s *Server) probe(ctx context.Context) {
	pulse.Beat(ctx)
	client := http.Client{Timeout: probeWait}
	t := time.NewTicker(probeEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		answer, err := client.Get(s.URL() + "/api/state")
		if err == nil && answer.Body.Close() == nil {
			pulse.Beat(ctx)
		}
	}
}

// Handler serves the interface and the page, to this machine and this origin only.
func Handler(b Backend, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	api{b}.routes(mux)
	newFront(b, log).routes(mux)
	mux.Handle("GET /", files())
	return guarded(http.NewCrossOriginProtection().Handler(mux))
}

// guarded refuses foreign Host names (DNS rebinding) and sets a policy under which no script but ours runs.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil || (host != "localhost" && !net.ParseIP(host).IsLoopback()) {
			http.Error(w, "this screen answers on loopback only", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "+
			"connect-src 'self'; img-src 'self'; media-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if !strings.HasPrefix(r.URL.Path, "/fonts/") {
			h.Set("Cache-Control", "no-store")
		}
		next.ServeHTTP(w, r)
	})
}
