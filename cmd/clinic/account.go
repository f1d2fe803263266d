package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/pquerna/otp/totp"

	"nabz/cmd/clinic/internal/door"
	"nabz/firmware/secret"
)

// accountCmd makes an account for the file of --accounts.
type accountCmd struct {
	Name   string   `arg:"" help:"How the person signs in: a-z, 0-9, . and -."`
	Role   string   `default:"doctor" enum:"doctor,supervisor" help:"doctor or supervisor."`
	Kiosks []string `required:"" help:"The kiosks that they may look at; * stands for any part of a name: layyah-*."`
}

// Help implements kong.HelpProvider.
func (accountCmd) Help() string {
	return `Reads a password of 12 characters or more from standard input and prints the account for the file's list of accounts, and the address that an
authenticator app takes for its codes. The password is not kept. The file: {"accounts": [...]}, readable by its owner only.

Examples:
  clinic account doctor-12 --kiosks 'layyah-*' < password
  clinic account supervisor-1 --role supervisor --kiosks '*'`
}

// leastPassword is NIST SP 800-63B-4's least for one that is not alone (8), and half as much again.
const leastPassword = 12

// Run implements clinic account.
func (c accountCmd) Run() error {
	typed, err := bufio.NewReader(os.Stdin).ReadString('\n')
	password := strings.TrimRight(typed, "\r\n")
	if err != nil && password == "" {
		return errors.New("no password on standard input")
	}
	if len([]rune(password)) < leastPassword {
		return fmt.Errorf("the password has fewer than %d characters: take some words", leastPassword)
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "nabz", AccountName: c.Name})
	if err != nil {
		return fmt.Errorf("make the key of the codes: %w", err)
	}
	a := door.Account{Name: c.Name, Password: secret.Hash(password), Code: key.Secret(), Roles: []door.Role{{Role: c.Role, Kiosks: c.Kiosks}}}
	if err := a.Check(); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	fmt.Printf("%s\n", raw)
	fmt.Fprintf(os.Stderr, "for the authenticator app, and for nobody else: %s\n", key.URL())
	return nil
}
