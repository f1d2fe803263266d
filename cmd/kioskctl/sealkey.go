package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"nabz/firmware/seal"
	"nabz/firmware/whole"
)

// sealKeyCmd makes the key that opens what kiosks seal.
type sealKeyCmd struct {
	File string `arg:"" type:"path" help:"File for the key; one that is there is only looked at."`
}

// Help implements kong.HelpProvider.
func (sealKeyCmd) Help() string {
	return `Makes a clinic's key, for "clinic serve --seal-key", and prints the public half of it, for seal_to in kiosk.toml and profiles. Keep a copy in a safe: without it nothing that
waits on kiosks can ever be read. A second one, made at headquarters and kept there, can be given to kiosks beside it.

To change keys give kiosks both public keys, give the clinic both files, and take the old ones away when nothing older waits on any kiosk.

Example:
  kioskctl seal-key /etc/nabz/seal.key`
}

// Run implements kioskctl seal-key.
func (c sealKeyCmd) Run() error {
	k, err := seal.ReadKey(c.File)
	if errors.Is(err, fs.ErrNotExist) {
		k, err = makeSealKey(c.File)
	}
	if err != nil {
		return err
	}
	fmt.Println(k.Public())
	return nil
}

func makeSealKey(path string) (seal.Private, error) {
	k, err := seal.NewKey()
	if err != nil {
		return k, err
	}
	secret, err := k.Secret()
	if err != nil {
		return k, err
	}
	text := fmt.Sprintf("# opens what kiosks seal to %s\n%s\n", k.Public(), secret)
	return k, whole.Write(path, []byte(text), os.FileMode(0o600))
}
