package access

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"nabz/firmware/wire"
)

// NATS is the configuration of a nats-server (2.10 or newer) that speaks MQTT, by the same rules. It knows no revocation list: whoever is not among the users does not come in,
// so the list is written anew when a kiosk is enrolled or revoked, and read with `nats-server --signal reload`. It takes whatever client id a client claims, so nabz claims
// names that nobody can guess.
func NATS(o Opts, kiosks []string) (string, error) {
	if err := o.check(); err != nil {
		return "", err
	}
	for _, name := range kiosks {
		if err := wire.CheckKiosk(name); err != nil {
			return "", fmt.Errorf("broker rules: %w", err)
		}
	}
	at := func(name string) string { return path.Join(o.Dir, name) }
	var b strings.Builder
	fmt.Fprintf(&b, `# Written by kioskctl broker-config. Whoever is no user here does not come in; a revoked kiosk is left out.
server_name: nabz
listen: "127.0.0.1:-1"
max_payload: 262144
jetstream {
  store_dir: %q
  sync_interval: always
}
mqtt {
  host: 0.0.0.0
  port: %d
  tls {
    cert_file: %q
    key_file: %q
    ca_file: %q
    verify_and_map: true
    timeout: 5
  }
}
authorization {
  users: [
`, path.Join(o.State, "jetstream"), o.Port, at("server.crt"), at("server.key"), at("ca.crt"))
	for _, name := range kiosks {
		own := o.Root + "/" + name + "/"
		user(&b, name, "kiosk", []string{own + "up/#", own + "state", own + "live/#"}, []string{own + "down/+", o.Root + "/ehr/+/state"})
	}
	for _, c := range o.clients() {
		user(&b, c.name, "clinic", c.write, c.read)
	}
	b.WriteString("  ]\n}\n")
	return b.String(), nil
}

// user is one who may connect, known by the subject of its certificate.
func user(b *strings.Builder, name, kind string, write, read []string) {
	fmt.Fprintf(b, "    { user: \"CN=%s,OU=%s\", permissions: { publish: { allow: [%s] }, subscribe: { allow: [%s] } } }\n",
		name, kind, subjects(write), subjects(read))
}

// subjects are MQTT's filters as NATS has them.
func subjects(filters []string) string {
	var all []string
	for _, f := range filters {
		s := strings.NewReplacer("/", ".", "+", "*", "#", ">").Replace(f)
		all = append(all, fmt.Sprintf("%q", s))
		if base, tree := strings.CutSuffix(s, ".>"); tree { // MQTT's # takes in the level above
			all = append(all, fmt.Sprintf("%q", base))
		}
	}
	return strings.Join(slices.Compact(all), ", ")
}
