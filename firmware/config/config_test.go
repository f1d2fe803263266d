package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestExampleIsValid(t *testing.T) {
	c, err := Parse([]byte(Example))
	if err != nil {
		t.Fatal(err)
	}
	if c.Exam.Gap != time.Minute || c.Exam.Rest != 5*time.Minute || c.Oximeter.USB != "10C4:EA60" {
		t.Errorf("the example was not read as it stands: %+v", c)
	}
	if _, offset := time.Now().In(c.Zone).Zone(); offset != 5*3600 {
		t.Errorf("zone is %d s east, want 5 h", offset)
	}
}

func TestDefaultsNeedOnlyAName(t *testing.T) {
	c, err := Parse([]byte(`name = "bhu-1"`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Practice || c.Oximeter.Present() || c.Exam.Readings != 3 {
		t.Errorf("unexpected defaults: %+v", c)
	}
}

// Every rule has a row that breaks it and names the key.
func TestRefused(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"unknown key":            {"name = \"a\"\nnmae = \"b\"", `line 2: unknown key "nmae"`},
		"unknown key in a table": {"name = \"a\"\n[exam]\npause = \"1m\"", `unknown key "exam.pause"`},
		"not TOML":               {"name = ", "line 1"},
		"no name":                {"", "name:"},
		"name with capitals":     {`name = "BHU-1"`, "name:"},
		"reserved name":          {`name = "ehr"`, "name:"},
		"no data folder":         {"name=\"a\"\ndata=\"\"", "data:"},
		"bad offset":             {"name=\"a\"\nutc_offset=\"PKT\"", "utc_offset:"},
		"bad FHIR base":          {"name=\"a\"\nfhir_base=\"nabz\"", "fhir_base:"},
		"screen for everybody":   {"name=\"a\"\n[screen]\nlisten=\"0.0.0.0:80\"", "screen.listen:"},
		"short gap":              {"name=\"a\"\n[exam]\ngap=\"59s\"", "exam.gap:"},
		"short rest":             {"name=\"a\"\n[exam]\nrest=\"59s\"", "exam.rest:"},
		"negative gap":           {"name=\"a\"\npractice=true\n[exam]\ngap=\"-1s\"", "negative"},
		"too many readings":      {"name=\"a\"\n[exam]\nreadings=4", "exam.readings:"},
		"an order twice":         {"name=\"a\"\n[exam]\norder=[\"oximetry\",\"oximetry\"]", "exam.order:"},
		"an order of nothing":    {"name=\"a\"\n[exam]\norder=[\"weight\"]", "exam.order:"},
		"urgent beyond all":      {"name=\"a\"\n[exam.urgent]\nsaturation=[10,100]", "exam.urgent:"},
		"urgent of one number":   {"name=\"a\"\n[exam.urgent]\npulse=[10]", "exam.urgent.pulse:"},
		"another language":       {"name=\"a\"\n[screen]\nlanguage=\"fr\"", "screen.language:"},
		"another rung":           {"name=\"a\"\n[link]\nlive=\"all\"", "link.live:"},
		"sealed but not signed":  {"name=\"a\"\n[broker]\nseal_to=[\"x\"]", "broker.seal_to:"},
		"broker without scheme":  {"name=\"a\"\n[broker]\nurl=\"host:1883\"", "broker.url:"},
		"half an identity":       {"name=\"a\"\n[broker]\nurl=\"ssl://h:1\"\nca=\"/x\"", "broker.ca, broker.cert, broker.key:"},
		"an identity in clear":   {"name=\"a\"\n[broker]\nca=\"/x\"\ncert=\"/x\"\nkey=\"/x\"", "broker.url:"},
		"missing password file":  {"name=\"a\"\n[broker]\npassword_file=\"/none/such\"", "broker.password_file:"},
		"device without port":    {"name=\"a\"\n[cuff]\nprotocol=\"par\"", "cuff: give either path or usb"},
		"device with two ports":  {"name=\"a\"\n[cuff]\nprotocol=\"par\"\npath=\"/dev/a\"\nusb=\"10C4:EA60\"", "cuff: give either"},
		"unknown protocol":       {"name=\"a\"\n[oximeter]\nprotocol=\"par\"\npath=\"/dev/a\"", "oximeter.protocol:"},
		"worker without a PIN":   {"name=\"a\"\n[[worker]]\nnumber=\"7\"", "worker 7: pin is no argon2id hash"},
		"worker of no badge":     {"name=\"a\"\n[[worker]]\nnumber=\"07\"", "worker 07: number is 1 to 9999"},
		"PIN in clear":           {"name=\"a\"\n[staff]\ntechnician_pin=\"7316\"", "staff.technician_pin:"},
		"unknown board":          {"name=\"a\"\n[board]\nprofile=\"x1\"", "board.profile:"},
		"a line of two":          {"name=\"a\"\n[board]\nlamp={line=1}\nbeeper={line=1}", "board.beeper: line 1 is lamp already"},
		"a line of the profile":  {"name=\"a\"\n[board]\nprofile=\"x728\"\nlamp={line=6}", "line 6 is mains_lost already"},
		"no level":               {"name=\"a\"\n[board]\nlamp={line=1, active=\"up\"}", "board.lamp: active"},
		"unknown gauge":          {"name=\"a\"\n[board.gauge]\nkind=\"x\"", "board.gauge.kind:"},
		"a gauge on no bus":      {"name=\"a\"\n[board.gauge]\nkind=\"ina219\"\nbus=\"1\"", "board.gauge.bus:"},
		"an impatient watch":     {"name=\"a\"\n[watch]\nhung_after=\"10ms\"", "watch.hung_after:"},
		"a date of no day":       {"name=\"a\"\n[cuff]\nprotocol=\"par\"\npath=\"/dev/a\"\ncalibration_due=\"May\"", "cuff.calibration_due:"},
		"bad USB id":             {"name=\"a\"\n[oximeter]\nprotocol=\"bci\"\nusb=\"10C4\"", "oximeter.usb:"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	_, err := Parse([]byte("name=\"A\"\n[exam]\ngap=\"1s\"\nreadings=9"))
	for _, want := range []string{"name:", "exam.gap:", "exam.readings:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not mention %q", err, want)
		}
	}
}

func TestPracticeMayBeShort(t *testing.T) {
	if _, err := Parse([]byte("name=\"a\"\npractice=true\n[exam]\nrest=\"0s\"\ngap=\"1s\"")); err != nil {
		t.Error(err)
	}
}

func TestPasswordIsReadFromItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Parse([]byte("name=\"a\"\n[broker]\npassword_file=\"" + path + "\""))
	if err != nil || c.Broker.Password != "s3cret" {
		t.Errorf("password %q, error %v", c.Broker.Password, err)
	}
}

// TestX728: the profile sets the lines, a key beside it wins, and -1 takes one away.
func TestX728(t *testing.T) {
	c, err := Parse([]byte("name=\"a\"\n[board]\nprofile=\"x728\"\nmains_lost={line=6, active=\"low\"}\ncut_power={line=13}\nbeeper={line=-1}\n[board.gauge]\naddress=0x37"))
	if err != nil {
		t.Fatal(err)
	}
	b := c.Board
	if !b.MainsLost.Low || b.CutPower.Line != 13 || b.Beeper.There || b.Button.Line != 5 || b.Gauge != (Gauge{"max17048", "/dev/i2c-1", 0x37, 1, false}) {
		t.Errorf("%+v", b)
	}
}
