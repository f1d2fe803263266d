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
	req, err := http.NewRequest(method, c.Kiosk+path, nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("no kiosk answers at %s: is it running? systemctl status kiosk", c.Kiosk)
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close() // read to its end below
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		var refusal struct{ Error string }
		if json.Unmarshal(raw, &refusal) != nil || refusal.Error == "" {
			refusal.Error = resp.Status
		}
		return errors.New(refusal.Error)
	}
	return json.Unmarshal(raw, out)
}

// printJSON prints one JSON value on a line of its own.
func printJSON(v any) error { return json.NewEncoder(os.Stdout).Encode(v) }
