package config

import (
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
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
	Data     string `toml:"data"`
	Practice bool   `toml:"practice"`
	Offset   string `toml:"utc_offset"`
	FHIRBase string `toml:"fhir_base"`
	Screen   struct {
		Listen string `toml:"listen"`
	} `toml:"screen"`
	Queue struct {
		QuotaMB int64 `toml:"quota_mb"`
	} `toml:"queue"`
	Exam struct {
		Rest     duration `toml:"rest"`
		Gap      duration `toml:"gap"`
		Readings int      `toml:"readings"`
	} `toml:"exam"`
	Broker struct {
		URL          string `toml:"url"`
		Username     string `toml:"username"`
		PasswordFile string `toml:"password_file"`
		Compress     bool   `toml:"compress"`
	} `toml:"broker"`
	Oximeter    device `toml:"oximeter"`
	Cuff        device `toml:"cuff"`
	Thermometer device `toml:"thermometer"`
	Monitor     device `toml:"monitor"`
}

type device struct {
	Protocol     string `toml:"protocol"`
	Path         string `toml:"path"`
	USB          string `toml:"usb"`
	Manufacturer string `toml:"manufacturer"`
	Model        string `toml:"model"`

	Address  int         `toml:"address"`
	Site     vitals.Site `toml:"site"`
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
	f.Screen.Listen = "127.0.0.1:8080"
	f.Exam.Rest, f.Exam.Gap, f.Exam.Readings = duration(5*time.Minute), duration(time.Minute), 3
	f.Broker.URL = "tcp://127.0.0.1:1883"
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
	c := Config{
		Name: f.Name, Data: f.Data, Practice: f.Practice, FHIRBase: strings.TrimSuffix(f.FHIRBase, "/"), Listen: f.Screen.Listen,
		Quota:       f.Queue.QuotaMB << 20,
		Exam:        Exam{Rest: time.Duration(f.Exam.Rest), Gap: time.Duration(f.Exam.Gap), Readings: f.Exam.Readings},
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
	c.Broker = bad.broker(f)
	bad.devices(c)
	if len(bad) > 0 {
		return Config{}, errors.Join(bad...)
	}
	return c, nil
}

func (f *faults) exam(c Config) {
	e := c.Exam
	f.need(e.Readings >= 1 && e.Readings <= 3, "exam.readings", "%d: use 1 to 3", e.Readings)
	f.need(e.Rest >= 0 && e.Gap >= 0, "exam", "rest and gap cannot be negative")
	f.need(c.Practice || e.Rest >= time.Minute, "exam.rest", "%s: at least 1m outside practice", e.Rest)
	f.need(c.Practice || e.Gap >= time.Minute, "exam.gap", "%s: at least 60s between inflations outside practice", e.Gap)
}

func (f *faults) broker(in file) Broker {
	b := Broker{URL: in.Broker.URL, Username: in.Broker.Username, Compress: in.Broker.Compress}
	f.need(isURL(b.URL, "tcp", "ssl"), "broker.url", "%q: use tcp://host:port or ssl://host:port", b.URL)
	if in.Broker.PasswordFile != "" {
		raw, err := os.ReadFile(in.Broker.PasswordFile)
		f.need(err == nil, "broker.password_file", "%v", err)
		b.Password = strings.TrimSpace(string(raw))
	}
	return b
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
