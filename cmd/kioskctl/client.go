package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"syscall"
	"time"
)

// client asks the kiosk that runs on this box.
type client struct {
	Kiosk string `default:"http://127.0.0.1:8080" help:"Address of the running kiosk's screen."`
}

func (c client) get(path string, out any) error { return c.call(http.MethodGet, path, out) }

func (c client) call(method, path string, out any) error {
	raw, err := c.fetch(method, path)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, out)
}

// fetch returns the body of a good answer; a refusal is an error in the kiosk's words.
func (c client) fetch(method, path string) ([]byte, error) {
	return c.patiently(method, path, 10*time.Second)
}

// patiently waits so long for the answer.
func (c client) patiently(method, path string, within time.Duration) ([]byte, error) {
	req, err := http.NewRequest(method, c.Kiosk+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := (&http.Client{Timeout: within}).Do(req)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil, fmt.Errorf("no kiosk answers at %s: is it running? systemctl status nabz-kiosk", c.Kiosk)
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() // read to its end below
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		var refusal struct{ Error string }
		if json.Unmarshal(raw, &refusal) != nil || refusal.Error == "" {
			refusal.Error = resp.Status
		}
		return nil, errors.New(refusal.Error)
	}
	return raw, nil
}

// printJSON prints one JSON value on a line of its own.
func printJSON(v any) error { return json.NewEncoder(os.Stdout).Encode(v) }
