package main

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"

	"nabz/cmd/clinic/internal/intake"
	"nabz/firmware/broker"
	"nabz/firmware/seal"
)

// tlsFlags are those of mutual TLS to a broker, and of what the broker must not read.
type tlsFlags struct {
	BrokerTLS string   `name:"broker-tls" type:"path" help:"Folder with ca.crt, NAME.key and a certificate for each connection to the broker, as 'kioskctl request NAME --clinic' asks for them."`
	SealKey   []string `name:"seal-key" type:"existingfile" help:"File of a key that opens what kiosks seal (kioskctl seal-key); more than one while keys change. Needs --broker-tls, whose ca.crt says who signs."`
}

// opts are how a connection of a clinic reaches the broker: under a name, and with a certificate, of its own.
func (f tlsFlags) opts(url, name, connection string) (broker.Opts, error) {
	o := broker.Opts{URL: url}
	if f.BrokerTLS == "" {
		return o, nil
	}
	at := func(file string) string { return filepath.Join(f.BrokerTLS, file) }
	who := broker.Identity{CA: at("ca.crt"), Cert: at(connection + ".crt"), Key: at(name + ".key")}
	var err error
	if o.TLS, err = who.Config(nil); err == nil {
		o.Secret, err = who.Secret()
	}
	if err != nil {
		return o, fmt.Errorf("--broker-tls: %w", err)
	}
	return o, nil
}

// seals are what opens sealed readings, and whom this clinic believes that a kiosk signed.
func (f tlsFlags) seals() (s intake.Seals, err error) {
	for _, file := range f.SealKey {
		k, err := seal.ReadKey(file)
		if err != nil {
			return s, fmt.Errorf("--seal-key: %w", err)
		}
		s.Keys = append(s.Keys, k)
	}
	if len(s.Keys) == 0 {
		return s, nil
	}
	raw, err := os.ReadFile(filepath.Join(f.BrokerTLS, "ca.crt"))
	if err != nil {
		return s, fmt.Errorf("--seal-key needs --broker-tls: %w", err)
	}
	s.Trusted = x509.NewCertPool()
	if !s.Trusted.AppendCertsFromPEM(raw) {
		return s, fmt.Errorf("--broker-tls: %s holds no certificate", filepath.Join(f.BrokerTLS, "ca.crt"))
	}
	return s, nil
}
