package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"nabz/firmware/config"
)

// Run implements kiosk config check.
func (c checkCmd) Run() error {
	_, err := config.Load(c.File)
	if !c.JSON {
		if err == nil {
			fmt.Println(c.File, "is good")
		}
		return err
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

// Run implements kiosk config example.
func (exampleCmd) Run() error {
	_, err := fmt.Print(config.Example)
	return err
}
