package main

import (
	"errors"
	"fmt"
	"strings"

	"nabz/cmd/clinic/internal/door"
)

// oidcFlags are those of a sign-in elsewhere.
type oidcFlags struct {
	Issuer string `help:"Address of an OpenID provider whose people may sign in; their groups get roles in the file of accounts."`
	Client string `default:"nabz" help:"What the provider calls this clinic. It sends people back to https://HOST/sign-in/oidc/back."`
	Secret string `type:"path" help:"File of the secret that the provider gave this clinic, if it did."`
	Groups string `default:"groups" help:"The claim, and the scope, that holds a person's groups."`
}

// provider is nil without an issuer.
func (f oidcFlags) provider(groups []door.GroupRole, address string, local *door.Entry) (*door.Provider, error) {
	if f.Issuer == "" {
		if len(groups) > 0 {
			return nil, errors.New("--accounts: it has groups, which only --oidc-issuer knows")
		}
		return nil, nil
	}
	p := &door.Provider{
		Issuer: f.Issuer, ClientID: f.Client, Back: address + "/sign-in/oidc/back", Groups: f.Groups, Roles: groups,
		Taken: func(name string) bool { return local.Known(name) != "" },
	}
	if f.Secret != "" {
		raw, err := door.Private(f.Secret)
		if err != nil {
			return nil, fmt.Errorf("--oidc-secret: %w", err)
		}
		p.Secret = strings.TrimSpace(string(raw))
	}
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("--accounts: %w", err)
	}
	return p, nil
}

// address is that of the pages, as browsers write it.
func (f wardFlags) address(host string) string {
	if f.TLSCert == "" {
		return "http://" + host
	}
	return "https://" + host
}
