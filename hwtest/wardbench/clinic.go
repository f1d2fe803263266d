package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"nabz/firmware/secret"
	"nabz/hwtest/stage"
)

const (
	doctor   = "doctor-1"
	password = "a bench has no secrets"
	codeKey  = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
)

// clinic is the real one as a child, with its embedded broker and the pages.
type clinic struct {
	*stage.Process
	broker, pages string // host:port
}

func startClinic(ctx context.Context, dir string) (*clinic, error) {
	accounts := map[string]any{"accounts": []any{map[string]any{
		"name": doctor, "password": secret.Hash(password), "code": codeKey, "roles": []any{map[string]any{"role": "doctor", "kiosks": []string{"*"}}},
	}}}
	raw, err := json.Marshal(accounts)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "accounts.json")
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(file, raw, 0o600)); err != nil {
		return nil, err
	}
	p := &stage.Process{Name: "clinic", Log: filepath.Join(dir, "clinic.log"), Args: []string{
		"serve", "--data", filepath.Join(dir, "clinic"), "--listen", "127.0.0.1:0", "--ward", "127.0.0.1:0", "--accounts", file,
	}}
	ready, err := p.Start(ctx)
	if err != nil {
		return nil, err
	}
	c := &clinic{Process: p}
	_, c.pages, _ = strings.Cut(ready, "pages ")
	_, rest, _ := strings.Cut(ready, "tcp://")
	c.broker, _, _ = strings.Cut(rest, ",")
	return c, nil
}

// signIn returns the cookie of a session.
func (c *clinic) signIn() (string, error) {
	code, err := totp.GenerateCode(codeKey, time.Now())
	if err != nil {
		return "", err
	}
	form := url.Values{"name": {doctor}, "password": {password}, "code": {code}}
	req, err := http.NewRequest(http.MethodPost, "http://"+c.pages+"/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "http://"+c.pages)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close() // nothing of it is read
	for _, cookie := range resp.Cookies() {
		return cookie.Name + "=" + cookie.Value, nil
	}
	return "", fmt.Errorf("the sign-in was answered with %d", resp.StatusCode)
}

// events is a page's stream of a kiosk.
func (c *clinic) events(ctx context.Context, kiosk, cookie string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.pages+"/kiosk/"+kiosk+"/events", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Cookie", cookie)
	t := &http.Transport{DisableKeepAlives: true}
	resp, err := t.RoundTrip(req)
	if err == nil && resp.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("the stream was answered with %d", resp.StatusCode), resp.Body.Close())
	}
	return resp, err
}

// each calls f with every event of a stream until it ends.
func each(resp *http.Response, f func([]byte)) error {
	lines := bufio.NewReaderSize(resp.Body, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return err
		}
		if data, ok := strings.CutPrefix(string(line), "data: "); ok {
			f([]byte(data))
		}
	}
}
