package fhir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"
)

// FHIR's JSON is stricter than Go's decoder: no unknown or repeated key, no null, no empty string, array or object, exact case of the
// keys. So a Bundle is first parsed into members in their order and held to the shape of our own types. Paths name known keys only.

type member struct {
	key   string
	value any // object, []any, string, json.Number, bool or nil
}

type object []member

// maxDepth is more than our deepest path needs.
const maxDepth = 24

var errJSON = errors.New("not JSON in UTF-8")

// parse reads exactly one JSON value. Its error quotes nothing.
func parse(b []byte) (any, error) {
	if !utf8.Valid(b) {
		return nil, errJSON
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	v, err := parseValue(d, 0)
	if err != nil {
		return nil, errJSON
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errJSON
	}
	return v, nil
}

func parseValue(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err != nil || depth > maxDepth {
		return nil, errJSON
	}
	switch t {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			key, err := d.Token()
			name, ok := key.(string)
			if err != nil || !ok {
				return nil, errJSON
			}
			v, err := parseValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			o = append(o, member{name, v})
		}
		_, err = d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := parseValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return t, nil
}

var (
	decimalType  = reflect.TypeFor[Decimal]()
	statusType   = reflect.TypeFor[status]()
	resourceType = reflect.TypeFor[resource]()
	bundleType   = reflect.TypeFor[bundle]()
)

// stringForm is FHIR's string without spaces at its ends and without control characters.
var stringForm = regexp.MustCompile(`^[^\s\p{Cc}]([^\p{Cc}]*[^\s\p{Cc}])?$`)

// fit holds a value to the shape of t.
func (k *checker) fit(path string, v any, t reflect.Type) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case v == nil:
		k.need(false, "no-null", path)
	case t == resourceType:
		k.fitResource(path, v)
	case t == decimalType:
		n, ok := v.(json.Number)
		k.need(ok && decimalForm.MatchString(n.String()), "decimal", path)
	case t == statusType:
		s, ok := v.(string)
		k.need(ok && new(status).UnmarshalText([]byte(s)) == nil, "status", path)
	case t.Kind() == reflect.String:
		s, ok := v.(string)
		k.need(ok && stringForm.MatchString(s), "string", path)
	case t.Kind() == reflect.Slice:
		k.fitList(path, v, t.Elem())
	case t.Kind() == reflect.Struct:
		k.fitObject(path, v, t)
	}
}

func (k *checker) fitList(path string, v any, t reflect.Type) {
	list, ok := v.([]any)
	k.need(ok && len(list) > 0, "no-empty-list", path)
	for i, element := range list {
		k.fit(fmt.Sprintf("%s[%d]", path, i), element, t)
	}
}

func (k *checker) fitObject(path string, v any, t reflect.Type) {
	o, ok := v.(object)
	if !k.need(ok && len(o) > 0, "no-empty-object", path) {
		return
	}
	seen := map[string]bool{}
	for _, m := range o {
		inner, known := fieldOf(t, m.key)
		if !k.need(known, "no-unknown-key", path) {
			continue
		}
		k.need(!seen[m.key], "no-repeated-key", path+"."+m.key)
		seen[m.key] = true
		k.fit(path+"."+m.key, m.value, inner)
	}
}

func (k *checker) fitResource(path string, v any) {
	o, _ := v.(object)
	for _, m := range o {
		if kind, ok := m.value.(string); ok && m.key == "resourceType" {
			if r := newResource(kind); r != nil {
				k.fitObject(path, v, reflect.TypeOf(r).Elem())
				return
			}
		}
	}
	k.need(false, "resource-type", path)
}

// fieldOf finds the field that encoding/json gives that key to, in exactly that case.
func fieldOf(t reflect.Type, key string) (reflect.Type, bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			if inner, ok := fieldOf(f.Type, key); ok {
				return inner, true
			}
			continue
		}
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name == key {
			return f.Type, true
		}
	}
	return nil, false
}
