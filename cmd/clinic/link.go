package main

import (
	"fmt"
	"path/filepath"

	"nabz/firmware/broker"
)

// tlsFlags are those of mutual TLS to a broker.
type tlsFlags struct {
	BrokerTLS string `name:"broker-tls" type:"path" help:"Folder with ca.crt, NAME.key and a certificate for each connection to the broker, as 'kioskctl request NAME --clinic' asks for them."`
}

// opts are how a connection of a clinic reaches the broker: under a name, and with a certificate, of its own.
func (f tlsFlags) opts(url, name, connection string) (broker.Opts, error) {
	o := broker.Opts{URL: url}
	if f.BrokerTLS == "" {
		return o, nil
	}
	at := func(file string) string { return filepath.Join(f.BrokerTLS, file) }
	var err error
	if o.TLS, err = (broker.Identity{CA: at("ca.crt"), Cert: at(connection + ".crt"), Key: at(name + ".key")}).Config(nil); err != nil {
		return o, fmt.Errorf("--broker-tls: %w", err)
	}
	return o, nil
}
