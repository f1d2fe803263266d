// Package access writes a broker's rules: who may connect, and what each may say and hear. A kiosk's name is the common name of its certificate, and the broker takes
// it for user name and client id, whatever the kiosk claims; so a kiosk speaks only for itself, and nobody can take another's session over.
//
// A clinic has several connections, and a broker ends one when another takes its client id. So each has a name and a certificate of its own, all of one key:
// clinic-1 receives and answers, clinic-1-ward listens to what is watched, clinic-1-counter answers replicas; clinic-2-ward and clinic-2-replica are a replica's.
package access

import (
	"fmt"
	"path"
	"strings"

	"nabz/firmware/wire"
)

// Opts says what is written.
type Opts struct {
	Root     string   // wire.LiveRoot or wire.PracticeRoot: each has a broker, or a listener, and an authority of its own
	Dir      string   // where the broker finds ca.crt, ca.crl, server.crt, server.key and acl
	State    string   // where it keeps what it persists
	Port     int      // usually 8883
	Clinics  []string // that receive
	Replicas []string // of their pages
}

// Mosquitto are mosquitto.conf and its access rules, for Mosquitto 2.0.
func Mosquitto(o Opts) (conf, acl string, err error) {
	if err := o.check(); err != nil {
		return "", "", err
	}
	return o.conf(), o.acl(), nil
}

func (o Opts) conf() string {
	at := func(name string) string { return path.Join(o.Dir, name) }
	return fmt.Sprintf(`# Written by kioskctl broker-config. The certificate's common name is user name and client id.
per_listener_settings false
persistence true
persistence_location %s
autosave_on_changes true
autosave_interval 1
max_queued_messages 0
message_size_limit 262144
check_retain_source true
listener %d
tls_version tlsv1.2
cafile %s
certfile %s
keyfile %s
crlfile %s
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file %s
`, strings.TrimSuffix(o.State, "/")+"/", o.Port, at("ca.crt"), at("server.crt"), at("server.key"), at("ca.crl"), at("acl"))
}

func (o Opts) acl() string {
	var b strings.Builder
	rule := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	rule("# A kiosk: its own tree, and which clinics are there.")
	for _, part := range []string{"up/#", "state", "live/#"} {
		rule("pattern write %s/%%u/%s", o.Root, part)
	}
	rule("pattern read %s/%%u/down/+", o.Root)
	rule("pattern read %s/ehr/+/state", o.Root)
	for _, c := range o.clients() {
		rule("\nuser %s", c.name)
		for _, topic := range c.read {
			rule("topic read %s", topic)
		}
		for _, topic := range c.write {
			rule("topic write %s", topic)
		}
	}
	return b.String()
}

func (o Opts) check() error {
	for _, name := range append(append([]string(nil), o.Clinics...), o.Replicas...) {
		if err := wire.CheckKiosk(name); err != nil {
			return fmt.Errorf("broker rules: clinic: %w", err)
		}
	}
	if len(o.Clinics) == 0 {
		return fmt.Errorf("broker rules: no clinic: nobody would receive")
	}
	return nil
}

// client is a connection of a clinic, with what it may hear and say.
type client struct {
	name        string
	read, write []string
}

func (o Opts) clients() (all []client) {
	at := func(topic string) string { return o.Root + "/" + topic }
	ward := func(name string) client {
		return client{name + "-ward", []string{at("+/state"), at("+/up/evt"), at("+/live/#")}, []string{at("+/down/cmd")}}
	}
	for _, c := range o.Clinics {
		all = append(all,
			client{c, []string{at("+/up/#"), at("+/state")}, []string{at("+/down/+"), at("ehr/" + c + "/state")}},
			ward(c),
			client{c + "-counter", []string{at("ehr/" + c + "/ask/+")}, []string{at("ehr/" + c + "/answer/+")}})
	}
	for _, r := range o.Replicas {
		own := client{name: r + "-replica"}
		for _, c := range o.Clinics {
			own.read = append(own.read, at("ehr/"+c+"/answer/"+r))
			own.write = append(own.write, at("ehr/"+c+"/ask/"+r))
		}
		all = append(all, ward(r), own)
	}
	return all
}

// Connections are the names under which a clinic, or a replica of its pages, connects.
func Connections(name string, replica bool) []string {
	if replica {
		return []string{name + "-ward", name + "-replica"}
	}
	return []string{name, name + "-ward", name + "-counter"}
}
