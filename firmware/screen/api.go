package screen

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"nabz/drivers/vitals"
	"nabz/firmware/exam"
	"nabz/firmware/reading"
)

type api struct{ Backend }

func (a api) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/state", a.state)
	mux.HandleFunc("POST /api/visits", a.open)
	mux.HandleFunc("POST /api/visits/{id}/{act}", a.act)
	mux.HandleFunc("GET /api/readings/{id}/evidence", a.evidence)
	mux.HandleFunc("GET /api/queue", a.items)
	mux.HandleFunc("GET /api/audit", a.audit)
	mux.HandleFunc("POST /api/check", a.check)
	mux.HandleFunc("GET /api/export", a.export)
	mux.HandleFunc("POST /api/queue/{seq}/release", a.release)
}

// Opening is the body of POST /api/visits.
type Opening struct {
	Patient  reading.PatientRef `json:"patient"`
	Operator string             `json:"operator"`
	Agreed   bool               `json:"agreed,omitempty"` // the patient was asked
}

// Action is the body of an act on a visit. Each act reads the members it needs.
type Action struct {
	Reason      string                `json:"reason,omitempty"`       // skip
	Kind        string                `json:"kind,omitempty"`         // retake: "blood-pressure", "oximetry", "temperature"
	Operator    string                `json:"operator,omitempty"`     // wrong-patient
	BP          *vitals.BloodPressure `json:"bloodPressure,omitzero"` // by-hand: one of these
	Oximetry    *vitals.Oximetry      `json:"oximetry,omitzero"`
	Temperature *vitals.Temperature   `json:"temperature,omitzero"`
	Respiration *vitals.Respiration   `json:"respiration,omitzero"`
	Condition   *vitals.Condition     `json:"condition,omitzero"`
}

func (a api) state(w http.ResponseWriter, _ *http.Request) {
	s, err := a.State()
	reply(w, s, err)
}

func (a api) export(w http.ResponseWriter, _ *http.Request) {
	raw, err := a.TakeAlong()
	reply(w, json.RawMessage(raw), err)
}

func (a api) check(w http.ResponseWriter, r *http.Request) {
	report, err := a.Check(r.Context())
	reply(w, report, err)
}

func (a api) open(w http.ResponseWriter, r *http.Request) {
	var o Opening
	if err := body(w, r, &o); err != nil {
		reply(w, nil, err)
		return
	}
	view, err := a.Open(r.Context(), exam.Identify(o))
	reply(w, view, err)
}

func (a api) act(w http.ResponseWriter, r *http.Request) {
	var act Action
	if err := body(w, r, &act); err != nil {
		reply(w, nil, err)
		return
	}
	what, err := act.what(r.PathValue("act"))
	if err != nil {
		reply(w, nil, err)
		return
	}
	view, err := a.Do(r.Context(), r.PathValue("id"), what)
	reply(w, view, err)
}

func (a api) evidence(w http.ResponseWriter, r *http.Request) {
	capture, err := a.Evidence(r.PathValue("id"))
	if err != nil {
		reply(w, nil, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(capture) // the caller went away: nobody is left to tell
}

func (a api) audit(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/jsonl")
	_ = a.Audit(w) // the caller sees a line that is cut short, or went away
}

func (a api) items(w http.ResponseWriter, r *http.Request) {
	state := r.FormValue("state")
	if state == "" {
		state = "waiting"
	}
	items, err := a.Items(state, 1000)
	reply(w, items, err)
}

func (a api) release(w http.ResponseWriter, r *http.Request) {
	seq, err := strconv.ParseUint(r.PathValue("seq"), 10, 64)
	if err != nil {
		reply(w, nil, badRequest{"the item's number is not a number"})
		return
	}
	reply(w, struct{}{}, a.Release(r.Context(), seq))
}

// what turns an act's name and body into the exam's word for it.
func (a Action) what(act string) (exam.What, error) {
	switch act {
	case "start-cuff":
		return exam.StartCuff{}, nil
	case "stop-cuff":
		return exam.StopCuff{}, nil
	case "next":
		return exam.Next{}, nil
	case "finish":
		return exam.Finish{}, nil
	case "cancel":
		return exam.Cancel{}, nil
	case "skip":
		return exam.Skip{Reason: exam.SkipReason(a.Reason)}, nil
	case "wrong-patient":
		return exam.WrongPatient{Operator: a.Operator}, nil
	case "retake":
		return a.retake()
	case "by-hand":
		return a.byHand()
	}
	return nil, badRequest{fmt.Sprintf("no act %q", act)}
}

func (a Action) retake() (exam.What, error) {
	for _, k := range []vitals.Kind{vitals.KindBloodPressure, vitals.KindOximetry, vitals.KindTemperature} {
		if k.String() == a.Kind {
			return exam.Retake{Kind: k}, nil
		}
	}
	return nil, badRequest{"retake what? kind is blood-pressure, oximetry or temperature"}
}

func (a Action) byHand() (exam.What, error) {
	switch {
	case a.BP != nil:
		return exam.ByHand{Measurement: *a.BP}, nil
	case a.Oximetry != nil:
		return exam.ByHand{Measurement: *a.Oximetry}, nil
	case a.Temperature != nil:
		return exam.ByHand{Measurement: *a.Temperature}, nil
	case a.Respiration != nil:
		return exam.ByHand{Measurement: *a.Respiration}, nil
	case a.Condition != nil:
		return exam.ByHand{Measurement: *a.Condition}, nil
	}
	return nil, badRequest{"by hand needs bloodPressure, oximetry, temperature, respiration or condition"}
}

// badRequest is an error that the caller of the interface made.
type badRequest struct{ why string }

func (b badRequest) Error() string { return b.why }

// body reads a small JSON body with no unknown members. Its errors never quote what was sent.
func body(w http.ResponseWriter, r *http.Request, v any) error {
	if r.ContentLength == 0 {
		return nil
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return badRequest{"the body is not the JSON this act reads"}
	}
	return nil
}

func reply(w http.ResponseWriter, v any, err error) {
	code := http.StatusOK
	if err != nil {
		code, v = status(err), map[string]string{"error": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // the browser went away: nobody is left to tell
}

func status(err error) int {
	var bad badRequest
	switch {
	case errors.As(err, &bad), errors.Is(err, ErrInput):
		return http.StatusBadRequest
	case errors.Is(err, ErrNone):
		return http.StatusNotFound
	case errors.Is(err, ErrBusy), errors.Is(err, ErrStale):
		return http.StatusConflict
	case errors.Is(err, ErrFull):
		return http.StatusInsufficientStorage
	case errors.Is(err, ErrLow):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
