package ehr

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"nabz/firmware/fhir"
)

func answer(status string) string {
	return fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction-response","entry":[
		{"response":{"status":"200","location":"Patient/1"}},
		{"response":{"status":"%s","location":"https://x/r4/Observation/7/_history/1"}}]}`, status)
}

const outcomeBody = `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invariant",
	"diagnostics":"Patient 000123 is unknown","expression":["Bundle.entry[3].resource"]}]}`

// Only a server's own judgement refuses a reading; our mistakes need an operator; the rest comes later.
func TestStatusMap(t *testing.T) {
	cases := map[string]struct {
		code int
		body string
		want string
	}{
		"created":                    {200, answer("201 Created"), "stored"},
		"was there":                  {200, answer("200"), "already"},
		"refused":                    {422, outcomeBody, "refused"},
		"bad request, its judgement": {400, outcomeBody, "refused"},
		"bad request, by a proxy":    {400, "<html>", "alarm"},
		"outcome without issues":     {422, `{"resourceType":"OperationOutcome"}`, "alarm"},
		"our credential":             {401, outcomeBody, "alarm"},
		"forbidden":                  {403, "", "alarm"},
		"wrong address":              {404, outcomeBody, "alarm"},
		"gone":                       {410, "", "alarm"},
		"wrong type":                 {415, "", "alarm"},
		"redirect":                   {307, "", "alarm"},
		"conflict":                   {409, outcomeBody, "later"},
		"precondition":               {412, "", "later"},
		"slow down":                  {429, "", "later"},
		"broken":                     {500, outcomeBody, "later"},
		"away":                       {503, "", "later"},
		"a page that is no FHIR":     {200, "<html>welcome</html>", "alarm"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(c.code)
				io.WriteString(w, c.body)
			}))
			defer srv.Close()
			loc, already, err := OpenServer(srv.URL).Store(t.Context(), "id", []byte(`{}`), fhir.Summary{})
			if got := verdict(already, err); got != c.want {
				t.Errorf("%s (%v), want %s", got, err, c.want)
			}
			if err == nil && !slices.Equal(loc, []string{"Observation/7/_history/1"}) {
				t.Errorf("located at %v", loc)
			}
			var r *Refusal
			if errors.As(err, &r) && !slices.Equal(r.Reasons, []string{"invariant Bundle.entry[3].resource"}) {
				t.Errorf("reasons %q: want the code and the place, and nothing of the content", r.Reasons)
			}
		})
	}
}

func verdict(already bool, err error) string {
	var r *Refusal
	switch {
	case errors.As(err, &r):
		return "refused"
	case IsAlarm(err):
		return "alarm"
	case err != nil:
		return "later"
	case already:
		return "already"
	}
	return "stored"
}

func TestServerAwayIsLater(t *testing.T) {
	srv := httptest.NewServer(nil)
	url := srv.URL
	srv.Close()
	_, already, err := OpenServer(url+"/secret").Store(t.Context(), "id", []byte(`{}`), fhir.Summary{})
	if verdict(already, err) != "later" || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

// Two posts for one patient never run at the same time: servers make two patients of them.
func TestSamePatientGoesOneByOne(t *testing.T) {
	var inside, most atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), inside.Add(1)))
		io.Copy(io.Discard, r.Body)
		inside.Add(-1)
		io.WriteString(w, answer("201"))
	}))
	defer srv.Close()
	s := OpenServer(srv.URL)
	done := make(chan error)
	for range 16 {
		go func() {
			_, _, err := s.Store(t.Context(), "id", []byte(`{}`), fhir.Summary{Patient: fhir.Identifier{System: "s", Value: "v"}})
			done <- err
		}()
	}
	for range 16 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := most.Load(); n != 1 {
		t.Errorf("%d posts for one patient at the same time", n)
	}
}
