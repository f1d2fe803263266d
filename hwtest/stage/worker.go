package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"nabz/firmware/exam"
	"nabz/firmware/reading"
	"nabz/firmware/screen"
)

// Worker is a health worker without hands: it sees the kiosk's state and does what the screen offers.
type Worker struct {
	url  string
	http http.Client
}

// NewWorker returns the worker at the screen of that address.
func NewWorker(url string) *Worker {
	return &Worker{url: url, http: http.Client{Timeout: 10 * time.Second}}
}

// ErrRefused is what the kiosk answered to an act that makes no sense now; the worker looks again.
var ErrRefused = errors.New("the kiosk refused")

// State is what the screen shows now.
func (w *Worker) State(ctx context.Context) (s screen.State, err error) {
	return s, w.call(ctx, http.MethodGet, "/api/state", nil, &s)
}

func (w *Worker) open(ctx context.Context, patient string) (v exam.View, err error) {
	return v, w.call(ctx, http.MethodPost, "/api/visits", screen.Opening{
		Patient:  reading.PatientRef{Type: reading.MedicalRecord, Value: patient, Sex: reading.Female, Birth: "1984-05"},
		Operator: "w-7",
	}, &v)
}

func (w *Worker) act(ctx context.Context, visit, act string, a screen.Action) error {
	return w.call(ctx, http.MethodPost, "/api/visits/"+visit+"/"+act, a, nil)
}

func (w *Worker) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, w.url+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := w.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() // read to its end below
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %s %s: %s", ErrRefused, method, path, bytes.TrimSpace(raw))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}
