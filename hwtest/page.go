package hwtest

import (
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"sync"
	"time"
)

// Page is what the touchscreen shows during a guided check: places to touch, and a sound. It stands where the kiosk's screen stands, so the browser of the box
// finds it by itself and goes back to the kiosk afterwards.
type Page struct {
	listener net.Listener
	http     *http.Server

	mu      sync.Mutex
	left    map[int]bool  // places that are still to be touched
	touched chan struct{} // closed when none is left
	sound   bool
	rev     int
}

//go:embed page.gohtml
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// places are the corners and the middle.
const places = 5

// OpenPage serves it at the address of the screen, to this box alone.
func OpenPage(addr string, tone []byte) (*Page, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("the screen's address %s is taken: stop the kiosk: systemctl stop nabz-kiosk", addr)
	}
	p := &Page{listener: l, left: map[int]bool{}, touched: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", p.show)
	mux.HandleFunc("GET /events", p.events)
	mux.HandleFunc("POST /touch", p.touch)
	mux.HandleFunc("GET /tone", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "audio/wav")
		_, _ = w.Write(tone) // a browser that is gone hears nothing
	})
	p.http = &http.Server{Handler: http.NewCrossOriginProtection().Handler(mux), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = p.http.Serve(l) }() // it ends with Close
	return p, nil
}

// URL is where it is.
func (p *Page) URL() string { return "http://" + p.listener.Addr().String() }

// Close ends it; the browser then waits for the kiosk.
func (p *Page) Close() error { return p.http.Close() }

func (p *Page) show(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	at := struct {
		Rev   int
		Sound bool
		Left  []int
	}{Rev: p.rev, Sound: p.sound}
	for i := range places {
		if p.left[i] {
			at.Left = append(at.Left, i)
		}
	}
	_ = pageTemplate.Execute(w, at) // likewise
}

// events tells the page when it has changed; one of the kiosk's, which was there before, loads this one when its stream comes back.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for flush := http.NewResponseController(w); ; {
		p.mu.Lock()
		rev := p.rev
		p.mu.Unlock()
		if _, err := fmt.Fprintf(w, "event: rev\ndata: %d\n\n", rev); err != nil || flush.Flush() != nil {
			return
		}
		if wait(r.Context(), looksEvery); r.Context().Err() != nil {
			return
		}
	}
}

func (p *Page) touch(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	var n int
	if _, err := fmt.Sscan(r.FormValue("place"), &n); err == nil && p.left[n] {
		delete(p.left, n)
		if p.rev++; len(p.left) == 0 {
			close(p.touched)
		}
	}
	p.mu.Unlock()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// face is the screen and the sound.
func (b Bench) face(page *Page) []Step {
	if page == nil {
		return nil
	}
	return []Step{
		{"touch", "The screen feels touches everywhere.", "Touch the five squares on the screen.", func(ctx context.Context, _ *Person) Result {
			done := page.squares()
			select {
			case <-done:
				return passed(number("squares", places, "", fmt.Sprint(places)))
			case <-ctx.Done():
				n := page.missing()
				return failed(fmt.Sprintf("%d of %d squares were not felt", n, places), "clean the screen; calibrate or replace it", number("squares", places-n, "", fmt.Sprint(places)))
			}
		}},
		{"sound", "The loudspeaker sounds.", "Listen.", func(ctx context.Context, p *Person) Result {
			page.play()
			return p.judged(ctx, "      Did the box play a tone?", "nobody heard it", "turn it up; look at the loudspeaker's plug")
		}},
	}
}

func (p *Page) squares() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rev++
	p.left, p.touched, p.sound = map[int]bool{0: true, 1: true, 2: true, 3: true, 4: true}, make(chan struct{}), false
	return p.touched
}

func (p *Page) missing() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.left)
}

func (p *Page) play() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rev++
	p.sound, p.left = true, map[int]bool{}
}
