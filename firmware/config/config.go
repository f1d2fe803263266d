// Package config reads kiosk.toml: what this kiosk is called, which devices are on which port, where its broker is. A key that is not
// known is an error, every rule is checked before anything starts, and all faults are reported at once.
package config

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pelletier/go-toml/v2"

	"nabz/drivers/vitals"
)

// Config is a checked kiosk.toml: Parse made it, so every rule of it holds.
type Config struct {
	Name     string         // kiosk id in every topic: 1 to 40 of a-z, 0-9 and -
	Profile  uint64         // version of the site profile that is in this; 0 is none
	Refused  uint64         // version that this kiosk has taken back since; 0 is none
	Identity string         // folder that kioskctl enrol made; empty: the kiosk is not enrolled
	Data     string         // folder of everything durable
	Practice bool           // training or simulated devices: own topic root, HTEST on every resource
	Zone     *time.Location // fixed offset that times are shown and sent with
	FHIRBase string         // prefix of our identifier systems

	Language string // of the screen until somebody signs in: "ur" or "en"
	Live     string // the most that goes out while a doctor watches: "wave", "numbers", "summary" or "off"

	Quota  int64  // bytes that the queue may take; 0 is half of the disk
	Listen string // loopback address of the screen
	Exam   Exam
	Broker Broker

	Lessons Lessons  // the way to the practice root, for lessons; without it they reach nobody
	Workers []Worker // accounts; "0" is the technician
	Export  string   // folder that the technician's export goes to

	Oximeter    Device
	Cuff        Device
	Thermometer Device
	Monitor     Device // a board that takes the place of the others

	Board Board
	Watch Watch
}

// Exam is how this site runs a visit.
type Exam struct {
	Rest     time.Duration // seated rest before the first inflation; under 1 min only in practice
	Gap      time.Duration // between inflations; under 60 s only in practice
	Readings int           // blood pressure readings at most, 1 to 3

	Order  []string          // what is measured, in order; empty: blood-pressure, oximetry, temperature
	Urgent vitals.SiteLimits // the site's own urgent limits for adults; empty: the usual ones
}

// Broker is where readings go.
type Broker struct {
	URL      string
	Username string
	Password string // read from password_file
	Compress bool   // zstd with the shared dictionary; the clinic must know the dictionary

	CA, Cert, Key string // files of mutual TLS, in PEM: all three, or none

	SealTo []string // public keys of clinics that readings are sealed to (kioskctl seal-key); empty is the plain mode
}

// Lessons are the credentials with which a lesson's readings may go to the practice root.
type Lessons struct{ Username, Password string }

// Worker is an account of the profile.
type Worker struct {
	Number string // of the badge, "1" to "9999"; "0" is the technician
	PIN    string // argon2id in PHC form, made by kioskctl pin
	Left   bool   // locked out
}

// Device says how to reach one peripheral and what to call it. The zero Device is "this kiosk has none".
type Device struct {
	Protocol     string // one of Protocols
	Path         string // device file; or USB
	USB          string // vendor:product or vendor:product:serial, hexadecimal
	Manufacturer string // empty: as the device tells
	Model        string
	Address      int         // of a chip on an I2C bus; 0 is its usual one
	Site         vitals.Site // where a contact probe is put
	Due          string      // date of its next calibration, 2027-05-31; empty when nobody wrote it down
	SupplyMV     int         // at an infrared chip, millivolts; 0 is the 3000 that it is calibrated at
}

// Present says whether the kiosk has this device.
func (d Device) Present() bool { return d.Protocol != "" }

// Load reads and checks the file at path.
func Load(path string) (Config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	c, err := Parse(raw)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Parse checks the text of a kiosk.toml. The error lists everything that is wrong.
func Parse(raw []byte) (Config, error) { return Merge(raw, nil) }

func unknownKeys(strict *toml.StrictMissingError) error {
	var all []error
	for _, e := range strict.Errors {
		row, _ := e.Position()
		all = append(all, fmt.Errorf("line %d: unknown key %q: see kiosk config example", row, joined(e.Key())))
	}
	return errors.Join(all...)
}

func joined(key toml.Key) string {
	s := ""
	for i, part := range key {
		if i > 0 {
			s += "."
		}
		s += part
	}
	return s
}
