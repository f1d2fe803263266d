package site

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"nabz/cmd/clinic/internal/clinictest"
	"nabz/firmware/uplink"
)

// TestFleet: a supervisor sees how the kiosks stand, and none but her own.
func TestFleet(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.Kiosk("bhu-1", p.Broker, clinictest.Finger{})
	p.Kiosk("bhu-2", p.Broker, clinictest.Finger{})
	p.heard("bhu-1")
	p.heard("bhu-2")
	b := newTab(t)
	b.signIn(p.url)
	b.until("the way to the fleet", `document.querySelector("a[href='/fleet']")`)
	b.open(p.url + "/fleet")
	rows := js[[]string](b, `[...document.querySelectorAll("tbody tr[data-kiosk]")].map((r) => [...r.children].map((c) => c.innerText.trim()).join("|"))`)
	if len(rows) != 1 || !strings.HasPrefix(rows[0], "bhu-2|on line since ") || !strings.Contains(rows[0], "|0|0|cuff not there|") || !strings.Contains(rows[0], "|battery 85 %|fine|card worn out: replace|1") {
		t.Errorf("the fleet: %q", rows)
	}
	b.keep("fleet")
}

// books waits until the newest day of bhu-2 is so: saved, recorded, recorded here, waiting, parked, measured again, taken back, adding up or not.
func (b *tab) books(url, want string) {
	b.Helper()
	b.open(url + "/fleet")
	js[bool](b, `window.row = ""; window.look = setInterval(async () => {
		const page = new DOMParser().parseFromString(await (await fetch("/fleet")).text(), "text/html"), r = page.querySelector("table.books[data-kiosk=bhu-2] tbody tr");
		row = r ? [...r.querySelectorAll("td")].slice(1, 8).map((c) => c.textContent).join(" ") + " " + r.dataset.sound : ""; }, 500); true`)
	b.until("the books "+want, `row === "`+want+`"`)
	b.open(url + "/fleet")
}

// TestTheBooks: each day adds up, a parked entry stands there with its reason and is sent again from afar, and one that is nowhere is seen.
func TestTheBooks(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	w := newWire(t, p.Broker)
	u := p.Unit("bhu-2", w.addr, clinictest.Finger{})
	u.Reached(u.Put("000123", spo2(97), 0), uplink.Recorded)
	w.hold()
	u.Put("000123", spo2(95), 0) // is on its way, so the next one is not
	parked := u.Put("000123", spo2(96), 0)
	u.Park(parked, "rule vs-2")
	w.release()
	b := newTab(t)
	b.signIn(p.url)
	b.books(p.url, "3 2 2 0 1 0 0 true")
	if text := js[string](b, `document.querySelector(".held").innerText`); !strings.Contains(text, "rule vs-2") {
		t.Errorf("what is held: %s", text)
	}
	b.keep("books")
	if err := chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS(`.held button`))); err != nil {
		t.Fatal(err)
	}
	u.Reached(parked, uplink.Recorded)
	b.books(p.url, "3 3 3 0 0 0 0 true")
	u.Lose()
	b.books(p.url, "4 3 3 0 0 0 0 false")
	if text := js[string](b, `document.querySelector(".troubles").innerText`); !strings.Contains(text, "DOES NOT ADD UP") || !strings.Contains(text, "worn out") {
		t.Errorf("what is wrong: %s", text)
	}
	b.keep("books-off")
	other := fmt.Sprintf(`fetch("/kiosk/bhu-1/release", { method: "POST", headers: { "X-Token": document.querySelector("[name=token]").value }, body: new URLSearchParams({ id: %q }) }).then((r) => r.status)`,
		"bhu-1-"+strings.TrimPrefix(parked, "bhu-2-"))
	if code := js[int](b, other); code != 404 {
		t.Errorf("a kiosk that she does not run: %d", code)
	}
}

func TestHours(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	for ago, want := range map[time.Duration]string{0: "0 min", 59 * time.Minute: "59 min", time.Hour: "1 h", 47 * time.Hour: "47 h", 72 * time.Hour: "3 d", -time.Hour: "?"} {
		if got := hours(now, now.Add(-ago).Unix()); got != want {
			t.Errorf("%s ago: %s", ago, got)
		}
	}
}
