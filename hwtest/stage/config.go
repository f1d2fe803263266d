package stage

import (
	"net"
	"os"
	"strings"
	"text/template"
)

// Config fills the kiosk.toml of a practice kiosk. Broker is host:port.
type Config struct {
	Name, Data, Screen, Broker, Rest, Gap string
	Devices                               []Wired
	Live                                  bool // as on patients, with lessons beside it
}

// Wired is a device at a port, or a chip on a bus.
type Wired struct{ Table, Protocol, Path string }

// The accounts of every kiosk on the stage.
const (
	WorkerNumber  = "7"
	WorkerPIN     = "4821"
	TechnicianPIN = "7316"
)

var kioskTOML = template.Must(template.New("kiosk.toml").Parse(`name = "{{.Name}}"
data = "{{.Data}}"
practice = {{not .Live}}

[screen]
listen = "{{.Screen}}"

[exam]
rest = "{{.Rest}}"
gap = "{{.Gap}}"

[broker]
url = "tcp://{{.Broker}}"

[staff]
technician_pin = "$argon2id$v=19$m=19456,t=2,p=1$/P9ylU0kf0Ig0DGY1wO8Qw$m45QBQOJxP/av1Q5wBr/CB4PPcZ2PNd7Mf0rG2Bf8PQ"
export = "{{.Data}}"

[[worker]]
number = "7"
pin = "$argon2id$v=19$m=19456,t=2,p=1$Q5XFFxdJScMm9iiQBvNncw$pScTH/+Lg33d7JwNLt1T3Spse3vk79mrqMhq7HbxD/w"

{{range .Devices}}[{{.Table}}]
protocol = "{{.Protocol}}"
path = "{{.Path}}"
manufacturer = "nabz (simulated)"
{{if .Chip}}site = "axillary"
{{end}}
{{end}}`))

// Chip says that it is on a bus.
func (w Wired) Chip() bool { return strings.HasPrefix(w.Path, "/dev/i2c-") }

// Write writes it.
func (s Config) Write(path string) error {
	var b strings.Builder
	if err := kioskTOML.Execute(&b, s); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

// FreeAddr is a loopback address that nobody uses now.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close() // given back for the child to take
	return l.Addr().String(), nil
}
