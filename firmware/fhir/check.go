package fhir

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Summary is what a Bundle is about.
type Summary struct {
	ID           string     // Bundle.identifier.value: {kiosk}-{entry id}
	Kiosk        string     // who sent it
	Patient      Identifier // whose it is
	Sent         time.Time  // when the kiosk sent it first
	Observations []string   // the Observations' identifier values, in the order of the Bundle
}

// Check reads a Bundle and holds it to the contract: strict FHIR JSON, the shape of the transaction, the rules of R4's vital-signs
// profiles, and our own. base is the base of the identifiers, practice says which side it arrived on.
//
// Its error names each rule that is broken and where ("unit: Bundle.entry[3].resource.component[0].valueQuantity"), up to twenty, never
// a value and never a patient's identifier. With an error the Summary holds ID and Kiosk if they could be read, so that a receipt can
// name what it refuses; the rest is empty.
func Check(b []byte, base string, practice bool) (Summary, error) {
	k := &checker{base: base, practice: practice}
	if len(b) > MaxSize {
		return Summary{}, fmt.Errorf("check bundle: %w", ErrTooLarge)
	}
	tree, err := parse(b)
	if err != nil {
		return Summary{}, fmt.Errorf("check bundle: json: %w", err)
	}
	k.fit("Bundle", tree, bundleType)
	var d bundle
	if err := json.Unmarshal(b, &d); err != nil {
		k.need(false, "shape", "Bundle") // the decoder's own words may quote a value
		return Summary{}, k.err()
	}
	s := k.bundle(d)
	if err := k.err(); err != nil {
		return Summary{ID: s.ID, Kiosk: s.Kiosk}, err
	}
	return s, nil
}

// checker gathers the broken rules.
type checker struct {
	base      string
	practice  bool
	kiosk     string
	bundleID  string
	original  string // in a retraction: what the retracted Observations' identifiers begin with
	retracted bool
	urls      map[string]resource
	broken    []error
}

// maxBroken bounds the error.
const maxBroken = 20

// need notes the rule as broken unless ok, which it returns.
func (k *checker) need(ok bool, rule, path string) bool {
	if !ok && len(k.broken) < maxBroken {
		k.broken = append(k.broken, fmt.Errorf("%s: %s", rule, path))
	}
	return ok
}

func (k *checker) err() error {
	if len(k.broken) == 0 {
		return nil
	}
	return fmt.Errorf("check bundle: %w", errors.Join(k.broken...))
}

// bundle checks the whole and returns what it is about.
func (k *checker) bundle(d bundle) Summary {
	var s Summary
	k.need(d.ResourceType == "Bundle", "resource-type", "Bundle")
	k.need(d.Type == "transaction", "bundle-type", "Bundle.type")
	var ok bool
	s.Sent, ok = parseTime(d.Timestamp)
	k.need(ok, "instant", "Bundle.timestamp")
	id := bundleIDForm.FindStringSubmatch(d.Identifier.Value)
	if k.need(d.Identifier.System == k.base+readingPath && id != nil, "bundle-identifier", "Bundle.identifier") {
		s.ID, s.Kiosk = id[0], id[1]
		k.bundleID, k.kiosk = id[0], id[1]
	}
	k.mark(d.Meta, "Bundle", false)
	k.entries(d.Entry)
	k.resources(d.Entry, &s)
	return s
}

// entries checks what is about an entry and not about its resource, and that the parts of a Bundle are there, each once.
func (k *checker) entries(list []entry) {
	k.urls = map[string]resource{}
	count := map[string]int{}
	for i, e := range list {
		path := entryPath(i)
		id, ok := strings.CutPrefix(e.FullURL, "urn:uuid:")
		k.need(ok && entryForm.MatchString(id), "full-url", path+".fullUrl")
		if e.Resource == nil {
			k.need(false, "resource-type", path)
			continue
		}
		k.need(k.urls[e.FullURL] == nil, "full-url-unique", path+".fullUrl")
		k.urls[e.FullURL] = e.Resource
		count[role(e.Resource)]++
		k.retracted = k.retracted || e.Request.Method == "PUT"
	}
	k.need(count["patient"] == 1, "one-patient", "Bundle.entry")
	k.need(count["gateway"] == 1, "one-gateway", "Bundle.entry")
	k.need(count["sensor"] <= 1, "one-sensor", "Bundle.entry")
	k.need(count["observation"] >= 1 && count["observation"] <= 3, "observations", "Bundle.entry")
}

// role is the part that a resource has in the Bundle.
func role(r resource) string {
	switch r := r.(type) {
	case *patient:
		return "patient"
	case *observation:
		return "observation"
	case *device:
		if has(r.Type, mdcSystem, gatewayType.Code) {
			return "gateway"
		}
	}
	return "sensor"
}

func (k *checker) resources(list []entry, s *Summary) {
	for i, e := range list {
		path := entryPath(i) + ".resource"
		switch r := e.Resource.(type) {
		case nil:
			continue
		case *patient:
			k.patient(path, r)
			s.Patient = first(r)
		case *device:
			k.device(path, r)
		case *observation:
			k.observation(path, r)
			k.need(!slices.Contains(s.Observations, first(r).Value), "observation-unique", path+".identifier")
			s.Observations = append(s.Observations, first(r).Value)
		}
		k.request(entryPath(i)+".request", e)
	}
	k.need(!sensorUnused(list), "sensor-unused", "Bundle.entry")
}

// sensorUnused says whether a sensor comes along that no Observation refers to.
func sensorUnused(list []entry) bool {
	used := map[string]bool{}
	for _, e := range list {
		if o, ok := e.Resource.(*observation); ok && o.Device != nil {
			used[o.Device.Reference] = true
		}
	}
	return slices.ContainsFunc(list, func(e entry) bool {
		return e.Resource != nil && role(e.Resource) == "sensor" && !used[e.FullURL]
	})
}

// request checks that the resource is asked for by the identifier that it carries.
func (k *checker) request(path string, e entry) {
	id := first(e.Resource)
	if o, ok := e.Resource.(*observation); ok && o.Status == enteredInError {
		k.need(e.Request == update(e.FullURL, o).Request, "conditional-update", path)
		return
	}
	k.need(e.Request.Method == "POST" && e.Request.URL == e.Resource.kind(), "request", path)
	k.need(e.Request.IfNoneExist == condition(id), "if-none-exist", path+".ifNoneExist")
}

// mark checks HTEST: everywhere in practice, nowhere else; and that only Observations carry tags.
func (k *checker) mark(m *meta, path string, tags bool) {
	if m == nil {
		k.need(!k.practice, "practice-mark", path+".meta.security")
		return
	}
	marked := len(m.Security) == 1 && m.Security[0].System == reasonSystem && m.Security[0].Code == practiceMark.Code
	k.need(marked == k.practice && (marked || len(m.Security) == 0), "practice-mark", path+".meta.security")
	k.need(tags || len(m.Tag) == 0, "tag", path+".meta.tag")
}

func entryPath(i int) string { return fmt.Sprintf("Bundle.entry[%d]", i) }

// has says whether the concept has that coding.
func has(c concept, system, code string) bool {
	return slices.ContainsFunc(c.Coding, func(d coding) bool { return d.System == system && d.Code == code })
}
