package stage

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Page is a finger without eyes on the touchscreen: it touches what the page offers. No browser is needed.
type Page struct {
	http.Handler
	Fail func(...any) // what a page that cannot be drawn leads to
	page string
}

// NewPage looks at the screen that the handler serves.
func NewPage(h http.Handler, fail func(...any)) *Page {
	p := &Page{Handler: h, Fail: fail}
	p.Look()
	return p
}

// At is the screen of a kiosk at that address.
func At(address string) (http.Handler, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	return httputil.NewSingleHostReverseProxy(u), nil
}

// Look loads the page again.
func (p *Page) Look() { p.ask(httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080/", nil)) }

func (p *Page) ask(r *http.Request) {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	if p.page = w.Body.String(); !strings.Contains(p.page, "data-rev") {
		p.Fail(fmt.Sprintf("no screen: %d %s", w.Code, p.page))
	}
}

var (
	revForm    = regexp.MustCompile(`name="rev" value="([0-9]+)"`)
	buttonForm = regexp.MustCompile(`<button[^>]*name="tap" value="([^"]*)"([^>]*)>`)
	screenForm = regexp.MustCompile(`data-screen="([^"]*)"`)
)

// Shows is the id of the screen.
func (p *Page) Shows() string { return screenForm.FindStringSubmatch(p.page)[1] }

// Has says whether the page holds that text.
func (p *Page) Has(text string) bool { return strings.Contains(p.page, text) }

// Offers are the buttons that can be touched.
func (p *Page) Offers() (all []string) {
	for _, b := range buttonForm.FindAllStringSubmatch(p.page, -1) {
		if !strings.Contains(b[2], "disabled") {
			all = append(all, b[1])
		}
	}
	return all
}

// Touch touches one button after another, whether they are shown or not.
func (p *Page) Touch(taps ...string) {
	for _, tap := range taps {
		form := url.Values{"rev": {revForm.FindStringSubmatch(p.page)[1]}, "tap": {tap}}
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080/act", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "text/fragment+html")
		p.ask(r)
	}
}

// Digits types on the pad.
func (p *Page) Digits(some string) {
	for _, d := range some {
		p.Touch("digit " + string(d))
	}
}

// SignIn signs a worker in.
func (p *Page) SignIn(number, pin string) {
	p.Touch("start", "number "+number)
	p.Digits(pin)
	p.Touch("next")
}

// Patient opens a visit of the patient with that record number, born in an unknown year.
func (p *Page) Patient(number string) {
	p.Touch("start")
	p.Digits(number)
	p.Touch("next")
	if p.Shows() == "birth" {
		p.Touch("next", "sex female")
	}
	p.Touch("next")
}

// ByHand takes a patient through a visit whose numbers are all typed, as far as its review.
func (p *Page) ByHand(patient string) {
	p.Patient(patient)
	p.Touch("by-hand")
	p.Digits("122")
	p.Touch("next")
	p.Digits("78")
	p.Touch("next", "next", "next", "by-hand")
	p.Digits("97")
	p.Touch("next", "next", "next", "by-hand")
	p.Digits("368")
	p.Touch("next", "site axillary", "next")
}

// Home touches what leads out of a visit, and says whether that was possible in a few touches. It touches only what is shown.
func (p *Page) Home() bool {
	for range 12 {
		p.Look() // a device may have changed the screen
		if p.Shows() == "home" {
			return true
		}
		offered := p.Offers()
		i := slices.IndexFunc([]string{"sure", "cancel", "stop-cuff", "finish", "skip", "reason other", "back"}, func(way string) bool { return slices.Contains(offered, way) })
		if i < 0 {
			return false
		}
		p.Touch([]string{"sure", "cancel", "stop-cuff", "finish", "skip", "reason other", "back"}[i])
	}
	return false
}
