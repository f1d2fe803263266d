package screen

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"
)

// script gives a screen to the page as JavaScript.
func (s shot) script(t *testing.T, rev uint64) string {
	t.Helper()
	s.session.Rev = rev
	html, err := s.render(true)
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(string(html))
	if err != nil {
		t.Fatal(err)
	}
	return string(quoted)
}

// TestStreamAndTouch: what the stream brings while a finger is on a button waits, so that the touch counts; what it brings while a touch is
// answered is shown afterwards, unless the answer is newer.
func TestStreamAndTouch(t *testing.T) {
	ctx := browser(t, &kiosk{})
	alone(t, ctx)
	all := gallery()
	first, second, third := all[0], all[1], all[2]
	shown := func() string {
		return evaluate[string](t, ctx, `document.querySelector("#screen form").dataset.screen + document.querySelector("#screen form").dataset.rev`)
	}
	is := func(when, want string) {
		t.Helper()
		if got := shown(); got != want {
			t.Errorf("%s: %s is shown, want %s", when, got, want)
		}
	}
	evaluate[bool](t, ctx, fmt.Sprintf(`bring(%s); true`, first.script(t, 1)))
	is("at first", first.name+"1")
	const down = `document.querySelector("#screen button").dispatchEvent(new PointerEvent("pointerdown", { bubbles: true })); clearTimeout(pressed);`
	evaluate[bool](t, ctx, down+fmt.Sprintf(`bring(%s); true`, second.script(t, 1)))
	is("under a finger", first.name+"1")
	evaluate[bool](t, ctx, `document.dispatchEvent(new PointerEvent("pointerup")); new Promise((done) => { const t = setInterval(() => { if (!pressed) { clearInterval(t); done(true); } }, 5); })`)
	is("after the finger", second.name+"1")

	answer := `busy = true; bring(%s); show(%s); busy = false; settle(); true`
	evaluate[bool](t, ctx, fmt.Sprintf(answer, first.script(t, 2), third.script(t, 3)))
	is("brought before the touch counted", third.name+"3")
	evaluate[bool](t, ctx, fmt.Sprintf(answer, first.script(t, 4), second.script(t, 4)))
	is("brought after the touch counted", first.name+"4")
}

// TestStreamRepeats: a page is sent its screen again, whatever it has missed.
func TestStreamRepeats(t *testing.T) {
	f := newFront(&kiosk{}, nil)
	p := stream{front: f}
	now := time.Now()
	for _, step := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {0, true}, {time.Second, false}, {againEvery, true}, {againEvery + time.Second, false}} {
		w := httptest.NewRecorder()
		sent, err := p.next(w, now.Add(step.after))
		if err != nil || sent != step.want {
			t.Errorf("after %s: sent %t, %v; want %t", step.after, sent, err, step.want)
		}
	}
}
