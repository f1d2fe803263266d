package ehr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"nabz/firmware/fhir"
)

// maxHistory bounds what is read of a search's answer.
const maxHistory = 16 << 20

// History implements Record. The searches are posted (R4, http.html#search): an address with a patient's number in it would stand in the logs
// of every machine on the way.
func (s *Server) History(ctx context.Context, patient fhir.Identifier, most int) ([][]byte, bool, error) {
	persons, err := s.search(ctx, "Patient", url.Values{"identifier": {patient.System + "|" + patient.Value}})
	if err != nil {
		return nil, false, err
	}
	who := idsOf(persons, "Patient")
	if err != nil || len(who) == 0 {
		return nil, false, err
	}
	found, err := s.search(ctx, "Observation", url.Values{"subject": {"Patient/" + who[0]}, "_sort": {"-date"}, "_count": {strconv.Itoa(most)}})
	if err != nil {
		return nil, false, err
	}
	all := [][]byte{persons, found}
	if devices := devicesOf(found); len(devices) > 0 { // not by _include: servers differ in it
		what, err := s.search(ctx, "Device", url.Values{"_id": {strings.Join(devices, ",")}, "_count": {strconv.Itoa(len(devices))}})
		if err != nil {
			return nil, false, err
		}
		found, err = join(found, what)
		if err != nil {
			return nil, false, err
		}
		all[1] = found
	}
	return all, len(idsOf(found, "Observation")) >= most, nil
}

// search posts a search and returns the Bundle that it found.
func (s *Server) search(ctx context.Context, kind string, what url.Values) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/"+kind+"/_search", strings.NewReader(what.Encode()))
	if err != nil {
		return nil, Alarm{errors.New("the FHIR server's address is none")}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/fhir+json")
	resp, err := s.http.Do(req)
	if err != nil {
		return nil, errors.New("the FHIR server does not answer")
	}
	defer resp.Body.Close() // read to its end or given up
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxHistory))
	switch {
	case err != nil:
		return nil, errors.New("the FHIR server's answer broke off")
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the FHIR server answers a search with %d", resp.StatusCode)
	}
	return raw, nil
}

// searchset is a Bundle as far as it is looked into here.
type searchset struct {
	Kind  string      `json:"resourceType"`
	Entry []foundItem `json:"entry"`
}

type foundItem struct {
	FullURL  string          `json:"fullUrl,omitempty"`
	Resource json.RawMessage `json:"resource"`
}

// head is what a resource is and what it refers to.
type head struct {
	Kind   string `json:"resourceType"`
	ID     string `json:"id"`
	Device struct {
		Reference string `json:"reference"`
	} `json:"device"`
}

// heads are those of a Bundle's resources; what is none is left out.
func heads(bundle []byte) (all []head) {
	var b searchset
	if json.Unmarshal(bundle, &b) != nil {
		return nil
	}
	for _, e := range b.Entry {
		var h head
		if json.Unmarshal(e.Resource, &h) == nil {
			all = append(all, h)
		}
	}
	return all
}

func idsOf(bundle []byte, kind string) (all []string) {
	for _, h := range heads(bundle) {
		if h.Kind == kind {
			all = append(all, h.ID)
		}
	}
	return all
}

// devicesOf are the ids of the devices that Observations refer to, each once.
func devicesOf(bundle []byte) (all []string) {
	for _, h := range heads(bundle) {
		if id, ok := strings.CutPrefix(h.Device.Reference, "Device/"); ok && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// join is one Bundle with the entries of both.
func join(a, b []byte) ([]byte, error) {
	var one, two searchset
	if err := errors.Join(json.Unmarshal(a, &one), json.Unmarshal(b, &two)); err != nil {
		return nil, errors.New("the FHIR server's answer is no Bundle")
	}
	one.Entry = append(one.Entry, two.Entry...)
	return json.Marshal(one)
}
