package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"nabz/firmware/secret"
	"nabz/firmware/workers"
)

// pinCmd makes the hash of a PIN for kiosk.toml.
type pinCmd struct{}

// Help implements kong.HelpProvider.
func (pinCmd) Help() string {
	return `Reads a PIN of 4 to 6 digits from standard input and prints its argon2id hash, for staff.technician_pin and [[worker]] in kiosk.toml. Nothing of the
PIN is kept. PINs that are tried first (all alike, in a row) are refused.

Example:
  kioskctl pin < pin.txt`
}

// Run implements kioskctl pin.
func (pinCmd) Run() error {
	in := bufio.NewScanner(os.Stdin)
	if !in.Scan() {
		return errors.Join(errors.New("no PIN came on standard input"), in.Err())
	}
	pin := strings.TrimSpace(in.Text())
	if err := workers.CheckPIN("", pin); err != nil {
		return err
	}
	_, err := fmt.Println(secret.Hash(pin))
	return err
}
