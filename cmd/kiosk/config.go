package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"nabz/firmware/config"
)

// Run implements kiosk config check.
func (c checkCmd) Run() error {
	err := c.check()
	if !c.JSON {
		if err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
		fmt.Println(c.File, "is good")
		return nil
	}
	report := struct {
		File   string   `json:"file"`
		Good   bool     `json:"good"`
		Faults []string `json:"faults,omitempty"`
	}{File: c.File, Good: err == nil}
	if err != nil {
		report.Faults = strings.Split(err.Error(), "\n")
	}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		return err
	}
	if err != nil {
		return fmt.Errorf("%s is not good", c.File)
	}
	return nil
}

// check returns everything that is wrong with the file, one fault a line.
func (c checkCmd) check() error {
	raw, err := c.read()
	if err == nil {
		_, err = config.Parse(raw)
	}
	return err
}

func (c checkCmd) read() ([]byte, error) {
	if c.File == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(c.File)
}

// Run implements kiosk config example.
func (exampleCmd) Run() error {
	_, err := fmt.Print(config.Example)
	return err
}
