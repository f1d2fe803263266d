package relay

import (
	"bytes"
	"compress/gzip"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestMessages(t *testing.T) {
	raw, err := pack(question{ID: "1", Op: opOpen, With: []byte(`"x"`)})
	if err != nil {
		t.Fatal(err)
	}
	if q, err := unpack[question](raw); err != nil || q.ID != "1" || string(q.With) != `"x"` {
		t.Errorf("%+v, %v", q, err)
	}
	noise := make([]byte, most)
	for i := range noise {
		noise[i] = byte(rand.IntN(26)) + 'a'
	}
	if _, err := pack(string(noise) + string(noise)); !errors.Is(err, errTooLarge) {
		t.Errorf("too large: %v", err)
	}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := z.Write(bytes.Repeat([]byte(" "), mostUnpacked+1)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{"plain": []byte(`{"id":"secret"}`), "torn": raw[:len(raw)-9], "a bomb": bomb.Bytes()} {
		if q, err := unpack[question](raw); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %+v, %v", name, q, err)
		}
	}
}

func TestTopics(t *testing.T) {
	if got, ok := replicaOf("kiosk/v1", "clinic-1", topic("kiosk/v1", "clinic-1", "ask", "clinic-2")); !ok || got != "clinic-2" {
		t.Errorf("%q, %t", got, ok)
	}
	for _, bad := range []string{topic("kiosk/v1", "clinic-2", "ask", "x"), topic("kiosk/v1", "clinic-1", "answer", "x"), topic("kiosk/v1", "clinic-1", "ask", "A B"), "x"} {
		if got, ok := replicaOf("kiosk/v1", "clinic-1", bad); ok {
			t.Errorf("%s: %q", bad, got)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	raw, err := pack(question{ID: "1", Op: opOpen, With: []byte(`"x"`)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte("x"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = unpack[question](b) // must not panic
		_, _ = unpack[answer](b)
	})
}
