package wire

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"nabz/firmware/reading"
)

var update = flag.Bool("update", false, "write the golden files anew")

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// The bytes of each message are a contract with programs of other versions.
func TestGolden(t *testing.T) {
	const id = "bhu-1-0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01"
	for name, m := range map[string]any{
		"ack-stored":      Ack{ID: id, Status: Stored, Loc: []string{"Observation/1"}, By: "clinic-1", Now: noon},
		"ack-rejected":    Ack{ID: id, Status: Rejected, Reason: []string{"rule vs-2"}, By: "clinic-1", Now: noon},
		"state":           State{St: Online, Boot: "b", Session: "s", SW: "1.2.3", Queued: 37, Parked: 1, Clock: "ntp"},
		"state-full":      State{St: Online, Boot: "b", Session: "s", SW: "1.2.3", Queued: 37, Clock: "ntp", Storage: StorageFull},
		"state-box":       State{St: Online, Boot: "b", Session: "s", SW: "1.2.3", Clock: "ntp", Oldest: noon.Unix(), Missing: "cuff oximeter", Power: "battery", Charge: 85, Card: CardWorn},
		"state-offline":   State{St: Offline, Boot: "b", Session: "s", SW: "1.2.3", Clock: "none"},
		"clinic-state":    ClinicState{St: Online, Session: "s"},
		"command":         Command{ID: "c-1", Kind: CommandWatch, TTL: 20, Mode: ModeNumbers},
		"command-message": Command{ID: "c-2", Kind: CommandMessage, TTL: 600, By: "d-1", Of: id, Text: "call her back"},
		"command-repeat":  Command{ID: "c-3", Kind: CommandRepeat, TTL: 600, By: "d-1", Of: id, Step: "oximetry"},
		"tally":           Tally{Event: EventTally, Store: "s", Saved: 12, Recorded: 9, Waiting: 2, Parked: 1, Superseded: 1, Held: []Held{{ID: id, Why: "rule vs-2", Put: noon.Unix()}}},
		"result":          Result{ID: "c-2", Status: ResultDone, By: "w-7"},
		"visit-opened":    VisitOpened{Event: EventVisitOpened, Visit: "v", Session: "s", Patient: reading.PatientRef{Type: reading.MedicalRecord, Value: "000123", Sex: reading.Female, Birth: "1984"}},
		"numerics":        Numerics{Visit: "v", Seq: 7, At: noon, Mode: ModeWave, Step: "oximetry", SpO2: &Number{V: 97, Age: 200}, Pulse: &Number{V: 72, Age: 200, Q: true}},
		"hello":           Hello{Nonce: "n"},
		"hello-reply":     HelloReply{Nonce: "n", Now: noon},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name+".json")
			got := string(Encode(m)) + "\n"
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || got != string(want) {
				t.Errorf("got  %swant %s(%v)", got, want, err)
			}
		})
	}
}

func TestSplit(t *testing.T) {
	cases := map[string]struct {
		topic, kiosk, part string
		bad                bool
	}{
		"observation":      {topic: "kiosk/v1/bhu-1/up/obs", kiosk: "bhu-1", part: "up/obs"},
		"state":            {topic: "kiosk/v1/bhu-1/state", kiosk: "bhu-1", part: "state"},
		"practice":         {topic: "kiosk-test/v1/bhu-1/up/obs", bad: true},
		"clinic's own":     {topic: "kiosk/v1/ehr/clinic-1/state", bad: true},
		"nothing after":    {topic: "kiosk/v1/bhu-1", bad: true},
		"bad kiosk":        {topic: "kiosk/v1/BHU 1/state", bad: true},
		"somebody else's":  {topic: "other/bhu-1/state", bad: true},
		"empty kiosk name": {topic: "kiosk/v1//state", bad: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			kiosk, part, err := Split(LiveRoot, c.topic)
			if c.bad != (err != nil) || !c.bad && (kiosk != c.kiosk || part != c.part) {
				t.Errorf("%q %q %v", kiosk, part, err)
			}
		})
	}
}

// A kiosk whose name begins like another's must not take its receipts.
func TestEntryID(t *testing.T) {
	const entry = "0192f3a1-7c5e-7b1a-9d0e-3f5a6b7c8d01"
	for _, kiosk := range []string{"bhu", "bhu-1", "bhu-1-0192f3a1"} {
		got, ok := EntryID(kiosk, BundleID("bhu-1", entry))
		if ok != (kiosk == "bhu-1") || ok && got != entry {
			t.Errorf("kiosk %s: %q %v", kiosk, got, ok)
		}
	}
}

func TestParseAckRefuses(t *testing.T) {
	for name, raw := range map[string]string{
		"unknown status": `{"id":"x","status":"fine"}`, "no id": `{"status":"stored"}`, "not JSON": `stored`, "no status": `{"id":"x"}`,
	} {
		if a, err := ParseAck([]byte(raw)); err == nil {
			t.Errorf("%s: accepted as %+v", name, a)
		}
	}
}

func FuzzParseAck(f *testing.F) {
	f.Add([]byte(`{"id":"x","status":"stored","by":"c","now":"2026-11-22T12:00:00Z"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if a, err := ParseAck(raw); err == nil && (a.ID == "" || a.Status == "") {
			t.Errorf("accepted a receipt without id or status: %+v", a)
		}
	})
}

func TestStorage(t *testing.T) {
	for _, c := range []struct {
		full         float64
		before, want string
	}{
		{0, "", ""},
		{0.79, "", ""},
		{0.8, "", StorageLow},
		{0.99, "", StorageLow},
		{1, "", StorageFull},
		{7, StorageLow, StorageFull},
		{0.99, StorageFull, StorageLow},
		{0.79, StorageLow, StorageLow},
		{0.75, StorageLow, StorageLow},
		{0.74, StorageLow, ""},
	} {
		if got := Storage(c.full, c.before); got != c.want {
			t.Errorf("%v after %q is %q, want %q", c.full, c.before, got, c.want)
		}
	}
}
