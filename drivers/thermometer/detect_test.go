package thermometer

import (
	"errors"
	"fmt"
	"testing"

	"nabz/drivers/vitals"
)

// everything is a bus with one of each chip.
func everything() *board {
	return &board{parts: map[uint16]part{
		0x3A: newMLX90632Part(34, 25),
		0x48: newTMP117Part(fixed(36)),
		0x49: newMAX30205Part(fixed(36)),
		0x5A: newMLX90614Part(atRest(34), atRest(25)),
	}}
}

func TestDetect(t *testing.T) {
	b := everything()
	stranger := newMAX30205Part(fixed(36))
	stranger.reg[2] = 0x1234
	b.parts[0x4B] = stranger
	all, err := Detect(b)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range all {
		got = append(got, fmt.Sprintf("%02X %s %t %s %t", f.Addr, f.Chip, f.Certain, f.Identity.Model, f.Err == nil))
	}
	want := []string{
		"3A mlx90632 true MLX90632 true", "48 tmp117 true TMP117 true", "49 max30205 false  true", "4B  false  false",
		"5A mlx90614 true MLX90614 true",
	}
	if list(got) != list(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if b.stored != 0 {
		t.Errorf("%d registers were written", b.stored)
	}
	if last := all[3].Err; !errors.Is(last, ErrWrongChip) && !errors.Is(last, ErrStuck) {
		t.Errorf("the stranger: %v", last)
	}
}

// A chip that acknowledges no register but its own is a MAX30205 all the same: it is asked for its limits first.
func TestProbeAsksNoRegisterThatMayNotBe(t *testing.T) {
	p := newMAX30205Part(fixed(36))
	p.asked = func(reg byte) {
		if reg > 3 {
			t.Errorf("register %02X was asked for", reg)
		}
	}
	if f, err := Probe(boardOf(0x48, p), 0x48); err != nil || f.Chip != ChipMAX30205 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestProbeElsewhere(t *testing.T) {
	if f, err := Probe(boardOf(0x5F, newMAX30205Part(fixed(36))), 0x5F); err != nil || f.Chip != ChipMAX30205 {
		t.Errorf("MAX30205 at 5F: %+v, %v", f, err)
	}
	if f, err := Probe(everything(), 0x57+0x10); !errors.Is(err, ErrWrongChip) || f.Chip != ChipNone {
		t.Errorf("67: %+v, %v", f, err)
	}
	p := newMLX90632Part(34, 25)
	p.reg[mlx90632Version] = 0x0205
	want := vitals.Identity{Manufacturer: "Melexis", Model: "MLX90632", Firmware: "0205"}
	if f, err := Probe(boardOf(0x3B, p), 0x3B); err != nil || f.Identity != want {
		t.Errorf("consumer part: %+v, %v", f, err)
	}
}

func TestDetectOnABusThatHangs(t *testing.T) {
	for name, bend := range map[string]func(int, []byte){
		"low":  func(_ int, r []byte) { clear(r) },
		"high": func(_ int, r []byte) { copy(r, "\xFF\xFF\xFF") },
	} {
		b := everything()
		b.bend = bend
		if all, err := Detect(b); !errors.Is(err, ErrStuck) {
			t.Errorf("%s: %+v, %v", name, all, err)
		}
	}
	if all, err := Detect(&board{}); len(all) != 0 || err != nil {
		t.Errorf("an empty bus: %+v, %v", all, err)
	}
}
