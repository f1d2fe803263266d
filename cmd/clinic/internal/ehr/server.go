package ehr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"nabz/firmware/fhir"
)

// Server is a FHIR R4 server. Bundles are posted as transactions; the conditional creates in them make a repeated post find what is there.
// Servers race when two posts create the same patient at the same moment, so posts that share a patient go one after the other.
type Server struct {
	base string
	http http.Client

	mu    sync.Mutex // guards locks
	locks map[fhir.Identifier]*sync.Mutex
}

// requestTime is how long a server may take for one transaction.
const requestTime = 30 * time.Second

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// OpenServer returns the record behind a FHIR base URL.
func OpenServer(base string) *Server {
	return &Server{
		base:  strings.TrimSuffix(base, "/"),
		locks: map[fhir.Identifier]*sync.Mutex{},
		http: http.Client{
			Timeout:       requestTime,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Store implements Record.
func (s *Server) Store(ctx context.Context, id string, bundle []byte, sum fhir.Summary) ([]string, bool, error) {
	lock := s.lock(sum.Patient)
	lock.Lock()
	defer lock.Unlock()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base, bytes.NewReader(bundle))
	if err != nil {
		return nil, false, Alarm{fmt.Errorf("FHIR server address: %w", err)}
	}
	req.Header.Set("Content-Type", "application/fhir+json")
	req.Header.Set("Accept", "application/fhir+json")
	resp, err := s.http.Do(req)
	if err != nil {
		return nil, false, errors.New("the FHIR server does not answer") // the error of net/http would name the address with its secrets
	}
	defer resp.Body.Close() // read to its end or given up
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, false, errors.New("the FHIR server's answer broke off")
	}
	return judge(resp.StatusCode, raw)
}

func (s *Server) lock(p fhir.Identifier) *sync.Mutex {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locks[p] == nil {
		s.locks[p] = &sync.Mutex{}
	}
	return s.locks[p]
}

// judge maps an answer: only a 400 or 422 with the server's own OperationOutcome refuses a Bundle. A wrong address or our own credential is
// our mistake, and never the reading's.
func judge(code int, raw []byte) (loc []string, already bool, err error) {
	switch {
	case code >= 200 && code < 300:
		return located(raw)
	case code == http.StatusBadRequest || code == http.StatusUnprocessableEntity:
		if reasons, ok := outcome(raw); ok {
			return nil, false, &Refusal{reasons}
		}
		return nil, false, Alarm{fmt.Errorf("the FHIR server answers %d without an OperationOutcome: is the address right?", code)}
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return nil, false, Alarm{fmt.Errorf("the FHIR server answers %d: check the clinic's credential", code)}
	case code == http.StatusConflict || code == http.StatusPreconditionFailed || code == http.StatusTooManyRequests || code >= 500:
		return nil, false, fmt.Errorf("the FHIR server answers %d: it may take it later", code)
	}
	return nil, false, Alarm{fmt.Errorf("the FHIR server answers %d: check its address", code)}
}

// located reads where a transaction put its Observations. They were there already when none of them was created now.
func located(raw []byte) (loc []string, already bool, err error) {
	var b struct {
		ResourceType string `json:"resourceType"`
		Entry        []struct {
			Response struct {
				Status   string `json:"status"`
				Location string `json:"location"`
			} `json:"response"`
		} `json:"entry"`
	}
	if json.Unmarshal(raw, &b) != nil || b.ResourceType != "Bundle" {
		return nil, false, Alarm{errors.New("the FHIR server's answer is no Bundle: is the address a FHIR base?")}
	}
	already = true
	for _, e := range b.Entry {
		if i := strings.Index(e.Response.Location, "Observation/"); i >= 0 {
			loc = append(loc, e.Response.Location[i:])
			already = already && strings.HasPrefix(e.Response.Status, "200")
		}
	}
	return loc, already && len(loc) > 0, nil
}

// outcome reads why a server refuses. Only codes and expressions are kept: diagnostics quote the content.
func outcome(raw []byte) ([]string, bool) {
	var o struct {
		ResourceType string `json:"resourceType"`
		Issue        []struct {
			Code       string   `json:"code"`
			Expression []string `json:"expression"`
		} `json:"issue"`
	}
	if json.Unmarshal(raw, &o) != nil || o.ResourceType != "OperationOutcome" || len(o.Issue) == 0 {
		return nil, false
	}
	var reasons []string
	for _, i := range o.Issue {
		reasons = append(reasons, strings.TrimSpace(i.Code+" "+strings.Join(i.Expression, " ")))
	}
	return reasons, true
}

// Each implements Record: a server's record is not listed; its conditional creates make a repetition harmless.
func (s *Server) Each(func(string, []byte, []string) error) error { return nil }

// Close implements Record.
func (s *Server) Close() error {
	s.http.CloseIdleConnections()
	return nil
}

// Describe implements Record: it reads the server's CapabilityStatement (FHIR R4, http.html#capabilities).
func (s *Server) Describe(ctx context.Context) (software, version string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/metadata", nil)
	if err != nil {
		return "", "", errors.New("the FHIR server's address is none")
	}
	req.Header.Set("Accept", "application/fhir+json")
	resp, err := s.http.Do(req)
	if err != nil {
		return "", "", errors.New("the FHIR server does not answer")
	}
	defer resp.Body.Close() // read to its end or given up
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return "", "", errors.New("the FHIR server's answer broke off")
	}
	var c struct {
		ResourceType, FHIRVersion string
		Software                  struct{ Name, Version string }
	}
	switch err := json.Unmarshal(raw, &c); {
	case resp.StatusCode != http.StatusOK:
		return "", "", fmt.Errorf("the FHIR server answers %d when it is asked what it can do", resp.StatusCode)
	case err != nil || c.ResourceType != "CapabilityStatement":
		return "", "", errors.New("the FHIR server does not say what it can do: is its address right?")
	case !strings.HasPrefix(c.FHIRVersion, "4."):
		return "", "", fmt.Errorf("the FHIR server speaks version %q, and this needs R4", c.FHIRVersion)
	}
	return strings.TrimSpace(c.Software.Name + " " + c.Software.Version), c.FHIRVersion, nil
}
