package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// site is a whole deployment on this machine: a broker, a clinic and some kiosks, each a process of its own, all in practice.
type site struct {
	data   string
	broker *process
	clinic *process
	kiosks []*kiosk

	brokerAddr string
}

// kiosk is one unmodified kiosk with its simulated peripherals.
type kiosk struct {
	*process
	name string
	url  string // of its screen; stays over restarts
	bench
}

// siteOpts says what a site is made of.
type siteOpts struct {
	kiosks    int
	speed     float64 // of the devices, against life
	rest, gap string  // the exam's, as in kiosk.toml
	byHand    bool    // scripts move finger and probe
}

// newSite lays out the folders below data; what an earlier run left there is removed.
func newSite(data string, o siteOpts) (*site, error) {
	data, err := filepath.Abs(data)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(data); err != nil {
		return nil, err
	}
	s := &site{data: data}
	if s.brokerAddr, err = freeAddr(); err != nil {
		return nil, err
	}
	for _, dir := range []string{"log", "record", "dev"} {
		if err := os.MkdirAll(filepath.Join(data, dir), 0o700); err != nil {
			return nil, err
		}
	}
	s.broker = s.program("clinic", "broker", "broker", "--data", filepath.Join(data, "broker"), "--listen", s.brokerAddr)
	s.clinic = s.program("clinic", "clinic", "serve", "--data", data, "--broker", "tcp://"+s.brokerAddr, "--practice")
	for i := range o.kiosks {
		k, err := s.newKiosk(fmt.Sprintf("sim-%02d", i+1), o)
		if err != nil {
			return nil, err
		}
		s.kiosks = append(s.kiosks, k)
	}
	return s, nil
}

func (s *site) program(name, log string, args ...string) *process {
	return &process{name: name, args: args, log: filepath.Join(s.data, "log", log+".log")}
}

func (s *site) newKiosk(name string, o siteOpts) (*kiosk, error) {
	screen, err := freeAddr()
	if err != nil {
		return nil, err
	}
	k := &kiosk{name: name, url: "http://" + screen, bench: newBench(filepath.Join(s.data, "dev", name), o.speed, o.byHand)}
	file := filepath.Join(s.data, name+".toml")
	if err := writeConfig(file, settings{
		Name: name, Data: filepath.Join(s.data, name), Screen: screen, Broker: s.brokerAddr, Rest: o.rest, Gap: o.gap,
		Oximeter: k.oximeterPath(), Cuff: k.cuffPath(), Thermometer: k.thermometerPath(),
	}); err != nil {
		return nil, err
	}
	k.process = s.program("kiosk", name, "run", "--config", file)
	return k, nil
}

// start starts everything in the order in which a person would.
func (s *site) start(ctx context.Context) error {
	for _, p := range []*process{s.broker, s.clinic} {
		if _, err := p.start(ctx); err != nil {
			return err
		}
	}
	for _, k := range s.kiosks {
		if _, err := k.start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// stop stops kiosks, clinic and broker, in that order, so that nothing is cut off.
func (s *site) stop() error {
	var all []*process
	for _, k := range s.kiosks {
		all = append(all, k.process)
	}
	return stopAll(append(all, s.clinic, s.broker)...)
}

// settings fill the configuration of a practice kiosk.
type settings struct {
	Name, Data, Screen, Broker, Rest, Gap string
	Oximeter, Cuff, Thermometer           string
}

var kioskTOML = template.Must(template.New("kiosk.toml").Parse(`name = "{{.Name}}"
data = "{{.Data}}"
practice = true

[screen]
listen = "{{.Screen}}"

[exam]
rest = "{{.Rest}}"
gap = "{{.Gap}}"

[broker]
url = "tcp://{{.Broker}}"

[oximeter]
protocol = "contec"
path = "{{.Oximeter}}"
manufacturer = "Contec (simulated)"
model = "CMS50D+"

[cuff]
protocol = "par"
path = "{{.Cuff}}"
manufacturer = "PAR Medizintechnik (simulated)"
model = "NIBP2010"

[thermometer]
protocol = "suretemp"
path = "{{.Thermometer}}"
manufacturer = "Welch Allyn (simulated)"
model = "SureTemp Plus"
`))

func writeConfig(path string, s settings) error {
	var b strings.Builder
	if err := kioskTOML.Execute(&b, s); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

// freeAddr is a loopback address that nobody uses now.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close() // given back for the child to take
	return l.Addr().String(), nil
}
