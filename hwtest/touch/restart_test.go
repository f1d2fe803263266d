package touch

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"nabz/firmware/screen/words"
	"nabz/hwtest/stage"
)

// shown is the screen as a person sees it, without what moves.
const shown = `(() => { const f = document.querySelector("#screen form").cloneNode(true); f.querySelectorAll("header, [data-live]").forEach((e) => e.remove());
	return f.dataset.screen + ": " + f.textContent.replace(/\s+/g, " "); })()`

// elsewhere are the screens that a restart does not lead back to, with those it leads to.
var elsewhere = map[string][]string{
	"bp-run":          {"fault"},                  // the inflation is over: the cuff was let go
	"spo2-live":       {"spo2-prep", "spo2-live"}, // the window begins again
	"counting":        {"count", "fault"},         // so does the minute
	"pin-again":       {"new-pin"},                // a PIN that was typed once is not written down
	"corner-given":    {"corner-workers"},         // nor is one that is shown once
	"corner-exported": {"corner"},
}

// restarts kills the kiosk at one screen after another and starts it again.
type restarts struct {
	*finger
	kiosk *kiosk
	table map[string]string // screen: what it showed after
}

// at is a row of the table: the same screen with the same values, or what elsewhere says.
func (r *restarts) at(screen string) {
	r.Helper()
	r.sees(screen)
	before := r.steady()
	r.kiosk.end()
	r.kiosk.start()
	if strings.HasPrefix(screen, "corner-") {
		r.kiosk.connected() // these show the devices
	}
	if err := chromedp.Do(r.ctx, chromedp.Navigate(r.kiosk.url)); err != nil {
		r.Fatal(err)
	}
	after := r.steady()
	id, _, _ := strings.Cut(after, ":")
	if r.table[screen] = id; elsewhere[screen] != nil {
		if !slices.Contains(elsewhere[screen], id) {
			r.Errorf("%s: %q after a restart, want one of %v", screen, after, elsewhere[screen])
		}
		return
	}
	if after != before {
		r.Errorf("%s: before %q, after a restart %q", screen, before, after)
	}
}

// steady is what is shown once it stays the same for a moment: the mark that something is saved comes a little later.
func (r *restarts) steady() (now string) {
	for before := "-"; now != before; {
		before = now
		stage.Wait(r.ctx, 2*stage.Glance)
		now = js[string](r.finger, shown)
	}
	return now
}

// TestRestartAtEveryScreen kills the kiosk (SIGKILL) at each screen there is and starts it again: the same screen, with the same values.
func TestRestartAtEveryScreen(t *testing.T) {
	t.Parallel() // it waits for its own devices
	k := newProcess(t)
	r := &restarts{newFinger(t, k.url, 1024, 600), k, map[string]string{}}
	r.entering()
	r.patient()
	r.measuring()
	r.observing()
	r.ending()
	r.lookingBack()
	r.corner()
	for _, screen := range places() {
		if r.table[screen] == "" {
			t.Errorf("%s: no restart was tried there", screen)
		}
	}
	for _, screen := range slices.Sorted(maps.Keys(r.table)) {
		t.Logf("%-16s %s", screen, r.table[screen])
	}
}

// places are the screens with words of their own, but for those of the exam, which measuring names, the practice's, and the one of a box that switches itself off,
// which ends in a restart anyway (firmware's TestLowBatterySwitchesOff).
func places() (all []string) {
	for _, key := range words.Keys("en") {
		id, title := strings.CutSuffix(key, ".title")
		if title && !strings.Contains(id, ".") && !slices.Contains([]string{"power", "lessons", "locked", "hand", "leaving"}, id) {
			all = append(all, id)
		}
	}
	return append(all, "bp-prep", "bp-run", "bp-result", "spo2-prep", "spo2-live", "spo2-result", "temp-prep", "temp-result", "count", "counting",
		"count-result", "review", "by-hand", "missing", "fault")
}

func (r *restarts) entering() {
	r.at("ready")
	r.touch("start")
	r.touch("digit 7")
	r.at("staff")
	r.touch("next")
	r.at("pin")
	r.digits(stage.WorkerPIN)
	r.touch("next")
	r.at("home")
	r.touch("status")
	r.at("status")
	r.touch("back")
}

func (r *restarts) patient() {
	r.touch("start")
	r.digits("12")
	r.at("identify")
	r.touch("next")
	r.digits("1984")
	r.at("birth")
	r.touch("next")
	r.at("sex")
	r.touch("sex female")
	r.at("confirm")
	r.touch("next")
}

func (r *restarts) measuring() {
	r.at("bp-prep")
	r.touch("cancel")
	r.at("cancel")
	r.touch("back")
	r.touch("skip")
	r.at("skip")
	r.touch("back")
	r.touch("by-hand")
	r.touch("digit 1")
	r.at("by-hand")
	r.touch("back")
	r.kiosk.bench.Plugs["cuff"].Unplug()
	r.at("missing")
	r.kiosk.bench.Plugs["cuff"].Replug()
	r.sees("bp-prep")
	r.touch("start-cuff")
	r.at("bp-run")
	r.at("fault")
	r.kiosk.connected()
	r.sees("fault")
	r.touch("start-cuff")
	r.at("bp-result")
	r.touch("next")
	r.at("spo2-prep")
	r.kiosk.bench.Finger(true)
	r.at("spo2-live")
	r.at("spo2-result")
	r.touch("next")
	r.at("temp-prep")
	r.kiosk.bench.Probe(true)
	r.at("temp-result")
	r.touch("next")
	r.at("review")
	r.touch("retake")
	r.at("retake")
	r.touch("kind temperature")
	r.sees("temp-prep", "temp-run")
	r.touch("by-hand")
	r.digits("368")
	r.touch("next")
	r.at("site")
	r.touch("site axillary")
	r.sees("temp-result")
	r.touch("next")
}

func (r *restarts) observing() {
	r.at("review")
	r.touch("observe")
	r.at("more")
	r.touch("look")
	r.at("awake")
	r.touch("answer alert")
	r.at("breathing")
	r.touch("answer air")
	r.at("pregnant")
	r.touch("answer not-pregnant")
	r.sees("review")
	r.touch("observe")
	r.touch("count")
	r.at("count")
	r.touch("start-count")
	r.touch("breath")
	r.at("counting")
	if r.sees("count", "fault") == "fault" {
		r.touch("next")
	}
	r.touch("by-hand")
	r.digits("16")
	r.touch("next")
	r.at("count-result")
	r.touch("next")
}

func (r *restarts) ending() {
	r.sees("review")
	r.touch("wrong-patient")
	r.at("wrong")
	r.touch("back")
	r.touch("finish")
	r.at("saved")
	r.touch("back")
}

func (r *restarts) lookingBack() {
	r.touch("today")
	r.at("today")
	visit := js[string](r.finger, `document.querySelector("button[value^='visit ']").value`)
	r.touch(visit)
	r.at("past")
	r.touch("slip")
	r.at("slip")
	r.touch("back")
	r.touch("wrong")
	r.at("past-wrong")
	r.touch("back")
	r.touch("correct")
	r.at("past-kind")
	r.touch("kind temperature")
	r.touch("digit 3")
	r.at("past-hand")
	r.touch("back")
	r.touch("back")
	r.touch("back")
	r.sees("home")
	r.touch("sign-out")
}

func (r *restarts) corner() {
	r.touch("start")
	r.touch("technician")
	r.digits(stage.TechnicianPIN)
	r.touch("next")
	r.at("corner")
	r.kiosk.connected()
	for _, room := range []string{"corner-check", "corner-devices", "corner-link", "corner-queue"} {
		r.touch("room " + room)
		r.at(room)
		r.touch("back")
	}
	r.touch("room corner-exported")
	r.at("corner-exported")
	r.touch("room corner-workers")
	r.at("corner-workers")
	r.touch("worker 7")
	r.at("corner-worker")
	r.touch("reset")
	r.at("corner-given")
	r.touch("new")
	r.touch("digit 9")
	r.at("corner-new")
	r.touch("back")
	r.touch("back")
	r.touch("pin")
	r.at("new-pin")
	r.digits("9482")
	r.touch("next")
	r.at("pin-again")
}
