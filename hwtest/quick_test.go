package hwtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"nabz/drivers/board"
	"nabz/drivers/sim"
	"nabz/firmware/config"
)

// clockIs gives the site's boot a time, as an earlier hello did.
func (s *site) clockIs(t *testing.T) {
	t.Helper()
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
	}
	raw := fmt.Sprintf(`{"boots":{%q:{"zero":%q,"source":"clinic","uncertainty":1000000}},"trusted":%q}`, strings.TrimSpace(string(boot)), time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), time.Now().UTC().Format(time.RFC3339))
	for _, dir := range []string{"practice", "live"} {
		dir = filepath.Join(s.bench.Config.Data, dir)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "clock.json"), []byte(raw), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// quick runs the quick check and gives its rows by name.
func (s *site) quick(ctx context.Context) (Report, map[string]Row) {
	r := s.bench.Report(ctx, "1.2.3")
	rows := map[string]Row{}
	for _, row := range r.Rows {
		rows[row.Name] = row
	}
	return r, rows
}

// all are the names of a usual box's checks.
var all = []string{"cuff", "oximeter", "thermometer", "storage", "card", "power", "board", "clock", "link", "name", "connection", "broker", "clinic", "record", "practice"}

// TestQuickCheck: on a box where all is well every check passes.
func TestQuickCheck(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, "")
	s.clockIs(t)
	r, rows := s.quick(t.Context())
	for _, name := range all {
		if row, ok := rows[name]; !ok || row.Verdict != Pass {
			t.Errorf("%s: %+v", name, row)
		}
	}
	for _, row := range r.Rows {
		t.Logf("%-12s %4.1f s %s", row.Name, row.Took, sentence(row))
	}
	if !r.Good() || r.Count(Pass) != len(all) {
		t.Errorf("%d passed", r.Count(Pass))
	}
	if row := rows["record"]; len(row.Values) != 2 || row.Values[0].Number != "played 1" {
		t.Errorf("the record says %+v", row.Values)
	}
}

// TestQuickFaults: with each fault the right check fails, says why and what to do, and the others are run.
func TestQuickFaults(t *testing.T) {
	fault := func(device string, f sim.Fault) func(*testing.T, *site) {
		return func(_ *testing.T, s *site) { s.stage.Plugs[device].Inject(f) }
	}
	for name, c := range map[string]struct {
		make  func(*testing.T, *site)
		fails string   // the check
		why   string   // a part of it
		after []string // left out, since they need it
	}{
		"the cuff is silent":            {fault("cuff", sim.Silence), "cuff", "nothing comes", nil},
		"the cuff's plug is out":        {fault("cuff", sim.Unplug), "cuff", "", nil},
		"the cuff's line is noisy":      {fault("cuff", sim.Garbage), "cuff", "", nil},
		"the oximeter is silent":        {fault("oximeter", sim.Silence), "oximeter", "nothing comes", nil},
		"the oximeter's plug is out":    {fault("oximeter", sim.Unplug), "oximeter", "", nil},
		"the oximeter's line is noisy":  {fault("oximeter", sim.Garbage), "oximeter", "", nil},
		"noise between the frames":      {fault("oximeter", sim.Noise), "oximeter", "", nil},
		"the thermometer is silent":     {fault("thermometer", sim.Silence), "thermometer", "nothing comes", nil},
		"the thermometer's plug is out": {fault("thermometer", sim.Unplug), "thermometer", "", nil},
		"the calibration is over":       {func(_ *testing.T, s *site) { s.bench.Config.Cuff.Due = "2026-01-31" }, "cuff", "due on 2026-01-31", nil},
		"the mains is away":             {func(_ *testing.T, s *site) { s.box.Lines.Set(6, gpio.High) }, "power", "mains does not feed", nil},
		"the battery is empty":          {func(_ *testing.T, s *site) { s.box.Lines.Set(6, gpio.High); s.box.Cell.Set(7, false) }, "power", "nearly empty", nil},
		"the mains' line is dead":       {func(_ *testing.T, s *site) { s.box.Lines.Kill(true) }, "power", "line that tells of the mains is dead", nil},
		"the gauge is gone":             {func(_ *testing.T, s *site) { s.box.Bus.Detach(0x36) }, "power", "gauge at 36", nil},
		"the card has met errors":       {func(t *testing.T, s *site) { s.card(t, "fs/ext4/mmcblk0p2/errors_count", "3") }, "card", "met errors", nil},
		"the card is worn":              {func(t *testing.T, s *site) { s.card(t, "devices/mmcblk0/device/life_time", "0x0b 0x02") }, "card", "end of its life", nil},
		"the board is hot":              {func(_ *testing.T, s *site) { s.kernel("class/thermal/thermal_zone0/temp", "84000") }, "board", "too hot", nil},
		"5 V are weak":                  {func(_ *testing.T, s *site) { s.kernel("class/hwmon/hwmon0/in0_lcrit_alarm", "1") }, "board", "too weak", nil},
		"nobody has set the clock":      {func(_ *testing.T, s *site) { os.Remove(filepath.Join(s.bench.dir(), "clock.json")) }, "clock", "nobody has set", nil},
		"the folder is gone":            {func(_ *testing.T, s *site) { s.bench.Config.Data = filepath.Join(s.bench.Config.Data, "gone") }, "storage", "no such file", nil},
		"no broker with that name":      {func(_ *testing.T, s *site) { s.bench.Config.Broker.URL = "tcp://no-such-host.invalid:1883" }, "name", "has no address", []string{"connection", "broker", "clinic", "record", "practice"}},
		"nothing at the broker's port":  {func(t *testing.T, s *site) { s.bench.Config.Broker.URL = "tcp://" + nobody(t) }, "connection", "nothing answers", []string{"broker", "clinic", "record", "practice"}},
		"no broker at that port":        {mute, "broker", "does not let this kiosk in", []string{"clinic", "record"}},
		"a clinic of another root": {func(_ *testing.T, s *site) {
			s.bench.Config.Practice = false
			s.bench.Config.Lessons = config.Lessons{Username: "x"}
		}, "clinic", "does not answer", []string{"record"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, 1, "")
			s.clockIs(t)
			c.make(t, s)
			_, rows := s.quick(t.Context())
			row := rows[c.fails]
			if row.Verdict != Fail || !strings.Contains(row.Why, c.why) || row.Do == "" {
				t.Errorf("%s: %s: %q, do %q; want a failure with %q", c.fails, row.Verdict, row.Why, row.Do, c.why)
			}
			for _, n := range c.after {
				if rows[n].Verdict != Skipped {
					t.Errorf("%s is %s, though it needs %s", n, rows[n].Verdict, c.fails)
				}
				delete(rows, n)
			}
			for n, row := range rows {
				other := n != c.fails && !(c.fails == "broker" && n == "practice") && !(c.fails == "storage" && (n == "card" || n == "clock"))
				if other && row.Verdict != Pass {
					t.Errorf("%s: %s, though only %s is wrong: %s", n, row.Verdict, c.fails, row.Why)
				}
			}
		})
	}
}

// card puts the site's folder on a card of the simulated sysfs, which says one thing of itself.
func (s *site) card(t *testing.T, name, text string) {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Stat(s.bench.Config.Data, &st); err != nil {
		t.Fatal(err)
	}
	s.kernel("devices/mmcblk0/mmcblk0p2/partition", "2")
	s.kernel("devices/mmcblk0/device/type", "SD")
	s.kernel(name, text)
	if err := os.MkdirAll(filepath.Join(s.root, "dev/block"), 0o700); err != nil {
		t.Fatal(err)
	}
	at := fmt.Sprintf("dev/block/%d:%d", st.Dev>>8&0xfff, st.Dev&0xff|st.Dev>>12&0xfff00)
	if err := os.Symlink(filepath.Join(s.root, "devices/mmcblk0/mmcblk0p2"), filepath.Join(s.root, at)); err != nil {
		t.Fatal(err)
	}
}

// mute puts something at the broker's port that takes the connection and says nothing.
func mute(t *testing.T, s *site) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	s.bench.Config.Broker.URL = "tcp://" + l.Addr().String()
}

// TestRecordIsDown: the rung before the record is good, the record's is not, and says so through the clinic. Alone, since all sites share the record.
func TestRecordIsDown(t *testing.T) {
	s := newSite(t, 1, "")
	far := farEnd(t)
	far.set(false)
	defer far.set(true)
	for _, c := range s.bench.ladder() {
		row := Run(t.Context(), []Check{{Name: c.Name, Description: c.Description, Run: c.Run}}, nil)[0]
		switch c.Name {
		case "record":
			if row.Verdict != Fail || !strings.Contains(row.Why, "503") {
				t.Errorf("record: %+v", row.Result)
			}
		case "practice": // it is kept back until the record is well
			return
		default:
			if row.Verdict != Pass {
				t.Errorf("%s: %+v", c.Name, row.Result)
			}
		}
	}
}

// TestRunGoesOn: a check that fails ends none but those that need it, and each row is told as it is known.
func TestRunGoesOn(t *testing.T) {
	bad := func(context.Context) Result { return failed("bad", "mend it") }
	good := func(context.Context) Result { return passed() }
	var told []string
	rows := Run(t.Context(), []Check{{"a", "", "", true, bad}, {"d", "", "", true, good}, {"b", "", "a", false, good}, {"c", "", "b", false, good}, {"e", "", "d", false, good}}, func(r Row) { told = append(told, r.Name+" "+string(r.Verdict)) })
	if got := strings.Join(told, ", "); got != "a fail, d pass, b skipped, c skipped, e pass" || len(rows) != 5 {
		t.Error(got)
	}
}

// TestKernelsSupplyFails: what cannot be read is a failure and no unknown.
func TestKernelsSupplyFails(t *testing.T) {
	b := Bench{Kernel: func() (board.Power, error) { return board.Power{}, errors.New("no answer") }}
	if r := b.supply().Run(t.Context()); r.Verdict != Fail || r.Why != "no answer" {
		t.Errorf("%+v", r)
	}
}
