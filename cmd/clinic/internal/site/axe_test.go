package site

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"nabz/cmd/clinic/internal/clinictest"
	"nabz/firmware/uplink"
	"nabz/firmware/wire"
)

// TestPagesForEveryone: no page breaks a rule of WCAG 2.2 A or AA, in either language, light and dark, and none breaks the policy.
func TestPagesForEveryone(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("../../../../node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("%v: make deps", err)
	}
	if !HasFonts() {
		t.Fatal("the fonts are missing: make web")
	}
	p := newPlace(t)
	u := p.Unit("bhu-1", p.Broker, clinictest.Finger{Visit: "v1", Patient: "000123", SpO2: 97})
	u.Put("000222", spo2(88), time.Hour)
	of := u.Put("000123", spo2(88), time.Hour)
	u.Put("000123", pressure(137), time.Minute)
	u.Reached(of, uplink.Recorded)
	if err := p.Book.Ask(t.Context(), "bhu-1", wire.Command{Kind: wire.CommandCall, Of: of, TTL: 600, By: "d-1", Text: "042-1234567"}); err != nil {
		t.Fatal(err)
	}
	other := p.Unit("bhu-2", p.Broker, clinictest.Finger{})
	other.Reached(other.Put("000333", spo2(97), 0), uplink.Recorded)
	p.heard("bhu-2")
	b := newTab(t)
	check := func(page string) {
		t.Helper()
		js[bool](b, string(axe)+"; true")
		for _, v := range js[[]string](b, `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }).then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" | ")))`) {
			t.Errorf("%s: %s", page, v)
		}
		if away := js[[]string](b, `performance.getEntriesByType("resource").map((e) => e.name).filter((n) => !n.startsWith(location.origin + "/"))`); len(away) > 0 {
			t.Errorf("%s: it asks elsewhere: %v", page, away)
		}
		b.keep(strings.ReplaceAll(page, "/", "-"))
	}
	for _, scheme := range []string{"light", "dark"} {
		for _, lang := range []string{"en", "ur"} {
			media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
			if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
				t.Fatal(err)
			}
			if scheme+lang == "lighten" {
				b.open(p.url + "/sign-in")
				check("sign-in")
				b.signIn(p.url)
			}
			b.open(p.url + "/?lang=" + lang)
			check("kiosks-" + lang + "-" + scheme)
			b.open(p.url + "/kiosk/bhu-1")
			b.until("its number", tile("spo2")+` === "97"`)
			check("kiosk-" + lang + "-" + scheme)
			b.until("its readings", `document.querySelector("#readings .readings")`)
			check("kiosk-readings-" + lang + "-" + scheme)
			b.open(p.url + "/reading/" + of)
			check("reading-" + lang + "-" + scheme)
			b.open(p.url + "/fleet")
			check("fleet-" + lang + "-" + scheme)
		}
	}
}
