package config

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"nabz/drivers/vitals"
)

// Example is a kiosk.toml with every key, its default and what it means. A test parses it.
//
//go:embed example.toml
var Example string

// file is kiosk.toml as it is written; check turns it into a Config.
type file struct {
	Name     string `toml:"name"`
	Identity string `toml:"identity"`
	Data     string `toml:"data"`
	Practice bool   `toml:"practice"`
	Offset   string `toml:"utc_offset"`
	FHIRBase string `toml:"fhir_base"`
	Screen   struct {
		Listen   string `toml:"listen"`
		Language string `toml:"language"`
	} `toml:"screen"`
	Link struct {
		Live string `toml:"live"`
	} `toml:"link"`
	Queue struct {
		QuotaMB int64 `toml:"quota_mb"`
	} `toml:"queue"`
	Exam struct {
		Rest     duration         `toml:"rest"`
		Gap      duration         `toml:"gap"`
		Readings int              `toml:"readings"`
		Order    []string         `toml:"order"`
		Urgent   map[string][]int `toml:"urgent"`
	} `toml:"exam"`
	Broker struct {
		URL          string `toml:"url"`
		Username     string `toml:"username"`
		PasswordFile string `toml:"password_file"`
		Compress     bool   `toml:"compress"`
		CA           string `toml:"ca"`
		Cert         string `toml:"cert"`
		Key          string `toml:"key"`

		SealTo []string `toml:"seal_to"`
	} `toml:"broker"`
	Lessons struct {
		Username     string `toml:"username"`
		PasswordFile string `toml:"password_file"`
	} `toml:"lessons"`
	Staff struct {
		TechnicianPIN string `toml:"technician_pin"`
		Export        string `toml:"export"`
	} `toml:"staff"`
	Worker []struct {
		Number string `toml:"number"`
		PIN    string `toml:"pin"`
		Left   bool   `toml:"left"`
	} `toml:"worker"`
	Oximeter    device    `toml:"oximeter"`
	Cuff        device    `toml:"cuff"`
	Thermometer device    `toml:"thermometer"`
	Monitor     device    `toml:"monitor"`
	Board       boardFile `toml:"board"`
	Watch       struct {
		HungAfter duration `toml:"hung_after"`
	} `toml:"watch"`
}

type device struct {
	Protocol     string `toml:"protocol"`
	Path         string `toml:"path"`
	USB          string `toml:"usb"`
	Manufacturer string `toml:"manufacturer"`
	Model        string `toml:"model"`

	Address  int         `toml:"address"`
	Site     vitals.Site `toml:"site"`
	Due      string      `toml:"calibration_due"`
	SupplyMV int         `toml:"supply_mv"`
}

type duration time.Duration

// UnmarshalText reads "90s" or "5m".
func (d *duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = duration(v)
	return err
}

func defaults() file {
	f := file{Data: "/var/lib/nabz", Offset: "+05:00", FHIRBase: "https://nabz.example/fhir"}
	f.Screen.Listen, f.Screen.Language, f.Link.Live = "127.0.0.1:8080", "ur", "wave"
	f.Exam.Rest, f.Exam.Gap, f.Exam.Readings = duration(5*time.Minute), duration(time.Minute), 3
	f.Broker.URL = "tcp://127.0.0.1:1883"
	f.Staff.Export = "/media"
	f.Watch.HungAfter = duration(30 * time.Second)
	return f
}

var kioskName = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// faults collects what is wrong, each named by its key.
type faults []error

func (f *faults) need(ok bool, key, format string, args ...any) {
	if !ok {
		*f = append(*f, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
	}
}

func (f file) check() (Config, error) {
	var bad faults
	f = bad.enrolled(f)
	c := Config{
		Name: f.Name, Identity: f.Identity, Data: f.Data, Practice: f.Practice, FHIRBase: strings.TrimSuffix(f.FHIRBase, "/"), Listen: f.Screen.Listen,
		Quota:    f.Queue.QuotaMB << 20,
		Language: f.Screen.Language, Live: f.Link.Live,
		Exam: Exam{
			Rest: time.Duration(f.Exam.Rest), Gap: time.Duration(f.Exam.Gap), Readings: f.Exam.Readings, Order: f.Exam.Order, Urgent: bad.urgent(f.Exam.Urgent),
		},
		Oximeter:    Device(f.Oximeter),
		Cuff:        Device(f.Cuff),
		Thermometer: Device(f.Thermometer),
		Monitor:     Device(f.Monitor),
	}
	bad.need(kioskName.MatchString(f.Name) && f.Name != "ehr", "name", "%q: use 1 to 40 of a-z, 0-9 and -, not \"ehr\"", f.Name)
	bad.need(f.Data != "", "data", "is empty: name the folder for everything durable")
	c.Zone = bad.zone(f.Offset)
	bad.need(isURL(c.FHIRBase, "http", "https"), "fhir_base", "%q is not an http(s) address", f.FHIRBase)
	bad.need(isLoopback(f.Screen.Listen), "screen.listen", "%q is not a loopback address and port: the screen is for this box alone", f.Screen.Listen)
	q := f.Queue.QuotaMB
	bad.need(q == 0 || q >= 4 && q < 1<<20, "queue.quota_mb", "%d: use 4 or more, or 0 for half of the disk", q)
	bad.exam(c)
	bad.need(slices.Contains([]string{"ur", "en"}, c.Language), "screen.language", "%q: use ur or en", c.Language)
	bad.need(slices.Contains([]string{"wave", "numbers", "summary", "off"}, c.Live), "link.live", "%q: use wave, numbers, summary or off", c.Live)
	c.Broker = bad.broker(f)
	c.Lessons = Lessons{Username: f.Lessons.Username, Password: bad.password("lessons.password_file", f.Lessons.PasswordFile)}
	c.Workers, c.Export = bad.staff(f), f.Staff.Export
	bad.devices(c)
	c.Board, c.Watch = bad.board(f.Board), Watch{HungAfter: time.Duration(f.Watch.HungAfter)}
	bad.need(c.Watch.HungAfter >= 5*time.Second, "watch.hung_after", "%s: use 5s or more; a worn card may well need ten seconds for one write", c.Watch.HungAfter)
	if len(bad) > 0 {
		return Config{}, errors.Join(bad...)
	}
	return c, nil
}

// enrolled takes name and certificate from the identity's folder, where kiosk.toml does not say them.
func (f *faults) enrolled(in file) file {
	if in.Identity == "" {
		return in
	}
	var told struct {
		Name string `json:"name"`
	}
	raw, err := os.ReadFile(filepath.Join(in.Identity, "enrolment.json"))
	if err == nil {
		err = json.Unmarshal(raw, &told)
	}
	f.need(err == nil, "identity", "%v: enrol this box first: kioskctl enrol --identity %s", err, in.Identity)
	f.need(err != nil || in.Name == "" || in.Name == told.Name, "name", "%q: this box was enrolled as %q; leave the name out", in.Name, told.Name)
	in.Name = told.Name
	if b := &in.Broker; b.CA == "" && b.Cert == "" && b.Key == "" {
		b.CA, b.Cert, b.Key = filepath.Join(in.Identity, "ca.crt"), filepath.Join(in.Identity, "kiosk.crt"), filepath.Join(in.Identity, "kiosk.key")
	}
	return in
}

func (f *faults) exam(c Config) {
	e := c.Exam
	f.order(e)
	f.need(e.Readings >= 1 && e.Readings <= 3, "exam.readings", "%d: use 1 to 3", e.Readings)
	f.need(e.Rest >= 0 && e.Gap >= 0, "exam", "rest and gap cannot be negative")
	f.need(c.Practice || e.Rest >= time.Minute, "exam.rest", "%s: at least 1m outside practice", e.Rest)
	f.need(c.Practice || e.Gap >= time.Minute, "exam.gap", "%s: at least 60s between inflations outside practice", e.Gap)
}

// orders are what a visit can measure.
var orders = []string{"blood-pressure", "oximetry", "temperature"}

func (f *faults) order(e Exam) {
	for i, step := range e.Order {
		f.need(slices.Contains(orders, step), "exam.order", "%q: use %s", step, strings.Join(orders, ", "))
		f.need(!slices.Contains(e.Order[:i], step), "exam.order", "%q is there twice", step)
	}
}

func (f *faults) urgent(in map[string][]int) vitals.SiteLimits {
	l := vitals.SiteLimits{}
	for name, r := range in {
		f.need(len(r) == 2, "exam.urgent."+name, "give two numbers: the lowest and the highest that is not urgent")
		if len(r) == 2 {
			l[name] = vitals.Range{Low: r[0], High: r[1]}
		}
	}
	err := l.Check()
	f.need(err == nil, "exam.urgent", "%v", err)
	return l
}

func (f *faults) broker(in file) Broker {
	b := Broker{URL: in.Broker.URL, Username: in.Broker.Username, Compress: in.Broker.Compress, CA: in.Broker.CA, Cert: in.Broker.Cert, Key: in.Broker.Key}
	given := 0
	for _, file := range []string{b.CA, b.Cert, b.Key} {
		if file != "" {
			given++
		}
	}
	b.SealTo = in.Broker.SealTo
	f.need(len(b.SealTo) == 0 || given == 3, "broker.seal_to", "what is sealed is signed too: it needs an identity, or ca, cert and key")
	f.need(len(b.SealTo) <= 4, "broker.seal_to", "%d keys: up to 4", len(b.SealTo))
	f.need(given == 0 || given == 3, "broker.ca, broker.cert, broker.key", "give all three, or none")
	f.need(given == 0 || isURL(b.URL, "ssl"), "broker.url", "%q: certificates need ssl://host:port", b.URL)
	f.need(isURL(b.URL, "tcp", "ssl"), "broker.url", "%q: use tcp://host:port or ssl://host:port", b.URL)
	b.Password = f.password("broker.password_file", in.Broker.PasswordFile)
	return b
}

func (f *faults) password(key, file string) string {
	if file == "" {
		return ""
	}
	raw, err := os.ReadFile(file)
	f.need(err == nil, key, "%v", err)
	return strings.TrimSpace(string(raw))
}

var (
	badgeNumber = regexp.MustCompile(`^[1-9][0-9]{0,3}$`)
	pinHash     = regexp.MustCompile(`^\$argon2id\$v=19\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{22,}$`)
)

func (f *faults) staff(in file) (all []Worker) {
	if p := in.Staff.TechnicianPIN; p != "" {
		f.need(pinHash.MatchString(p), "staff.technician_pin", "is no argon2id hash: make one with kioskctl pin")
		all = append(all, Worker{Number: "0", PIN: p})
	}
	seen := map[string]bool{}
	for _, w := range in.Worker {
		key := "worker " + w.Number
		f.need(badgeNumber.MatchString(w.Number), key, "number is 1 to 9999 in quotes")
		f.need(!seen[w.Number], key, "is there twice")
		f.need(pinHash.MatchString(w.PIN), key, "pin is no argon2id hash: make one with kioskctl pin")
		seen[w.Number] = true
		all = append(all, Worker(w))
	}
	return all
}

func (f *faults) zone(offset string) *time.Location {
	t, err := time.Parse("-07:00", offset)
	f.need(err == nil, "utc_offset", "%q: use a form such as +05:00", offset)
	_, seconds := t.Zone()
	return time.FixedZone("UTC"+offset, seconds)
}

func isURL(s string, schemes ...string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && slices.Contains(schemes, u.Scheme)
}

func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback())
}
