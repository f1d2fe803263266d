package stage

import (
	"net"
	"os"
	"strings"
	"text/template"
)

// Config fills the kiosk.toml of a practice kiosk. Devices are paths of ports; Broker is host:port.
type Config struct {
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
