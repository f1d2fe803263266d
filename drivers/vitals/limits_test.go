package vitals

import "testing"

func TestBandOf(t *testing.T) {
	for months, want := range map[int]Band{
		-1: UnknownAge, 0: Infant, 11: Infant, 12: Child, 12*12 + 11: Child, 13 * 12: Adult, 100 * 12: Adult,
	} {
		if got := BandOf(months); got != want {
			t.Errorf("%d months: band %d, want %d", months, got, want)
		}
	}
}

// The table of the clinical rules, section 1. Each row gives the lowest and the highest value that is still inside.
func TestLimits(t *testing.T) {
	none := unlimited
	cases := map[string]struct {
		table *[quantities]Range
		want  [quantities]Range
	}{
		"hard": {&Hard, [quantities]Range{
			Systolic: {40, 300}, Diastolic: {20, 200}, Pulse: {20, 300}, Saturation: {50, 100}, Celsius: {30_000, 43_500},
			Perfusion: {10, 2000}, Breaths: {4, 120}, pulsePressure: {10, none},
		}},
		"soft adult": {&Soft[Adult], [quantities]Range{
			Systolic: {80, 200}, Diastolic: {40, 120}, Pulse: {40, 140}, Saturation: {92, 100}, Celsius: {35_000, 39_500},
			Perfusion: {40, none}, Breaths: {9, 24}, pulsePressure: {10, none},
		}},
		"soft child": {&Soft[Child], [quantities]Range{
			Systolic: {70, 150}, Diastolic: {35, 100}, Pulse: {60, 180}, Saturation: {92, 100}, Celsius: {35_000, 39_500},
			Perfusion: {40, none}, Breaths: {12, 39}, pulsePressure: {10, none},
		}},
		"soft infant": {&Soft[Infant], [quantities]Range{
			Systolic: {50, 110}, Diastolic: {25, 75}, Pulse: {80, 210}, Saturation: {90, 100}, Celsius: {35_500, 37_999},
			Perfusion: {70, none}, Breaths: {20, 59}, pulsePressure: {10, none},
		}},
	}
	for name, c := range cases {
		for q := range quantities {
			r, want := c.table[q], c.want[q]
			for _, v := range []int{want.Low, want.High} {
				if !r.Holds(v) {
					t.Errorf("%s, quantity %d: %d is outside", name, q, v)
				}
			}
			if r.Holds(want.Low - 1) {
				t.Errorf("%s, quantity %d: %d is inside", name, q, want.Low-1)
			}
			if want.High < none && r.Holds(want.High+1) {
				t.Errorf("%s, quantity %d: %d is inside", name, q, want.High+1)
			}
		}
	}
}

func bp(sys, dia, pulse int) BloodPressure {
	return BloodPressure{Systolic: Some(MmHg(sys)), Diastolic: Some(MmHg(dia)), Pulse: Some(PerMinute(pulse))}
}

func oxi(spo2, pulse int) Oximetry {
	return Oximetry{SpO2: Some(Percent(spo2)), Pulse: Some(PerMinute(pulse))}
}

func celsius(milli int) Temperature { return Temperature{Value: Some(MilliCelsius(milli))} }

func TestJudge(t *testing.T) {
	fine := Judgement{}
	soft, urgent := Judgement{Soft: true}, Judgement{Urgent: true}
	both, hard := Judgement{Soft: true, Urgent: true}, Judgement{Hard: true, Soft: true, Urgent: true}
	cases := map[string]struct {
		m    Measurement
		band Band
		want Judgement
	}{
		"adult, good":                    {bp(120, 80, 72), Adult, fine},
		"adult, systolic 91":             {bp(91, 60, 72), Adult, fine},
		"adult, systolic 90":             {bp(90, 60, 72), Adult, urgent},
		"adult, systolic 80":             {bp(80, 60, 72), Adult, urgent},
		"adult, systolic 79":             {bp(79, 60, 72), Adult, both},
		"adult, systolic 40":             {bp(40, 21, 72), Adult, both},
		"adult, systolic 39":             {bp(39, 21, 72), Adult, hard},
		"adult, systolic 179":            {bp(179, 80, 72), Adult, fine},
		"adult, systolic 180":            {bp(180, 80, 72), Adult, urgent},
		"adult, systolic 201":            {bp(201, 80, 72), Adult, both},
		"adult, systolic 300":            {bp(300, 80, 72), Adult, both},
		"adult, systolic 301":            {bp(301, 80, 72), Adult, hard},
		"adult, diastolic 109":           {bp(150, 109, 72), Adult, fine},
		"adult, diastolic 110":           {bp(150, 110, 72), Adult, urgent},
		"adult, diastolic 39":            {bp(120, 39, 72), Adult, soft},
		"adult, diastolic 121":           {bp(150, 121, 72), Adult, both},
		"adult, diastolic 19":            {bp(120, 19, 72), Adult, Judgement{Hard: true, Soft: true}},
		"adult, diastolic 201":           {bp(250, 201, 72), Adult, hard},
		"adult, pulse 41":                {bp(120, 80, 41), Adult, fine},
		"adult, pulse 40":                {bp(120, 80, 40), Adult, urgent},
		"adult, pulse 39":                {bp(120, 80, 39), Adult, both},
		"adult, pulse 19":                {bp(120, 80, 19), Adult, hard},
		"adult, pulse 130":               {bp(120, 80, 130), Adult, fine},
		"adult, pulse 131":               {bp(120, 80, 131), Adult, urgent},
		"adult, pulse 141":               {bp(120, 80, 141), Adult, both},
		"adult, pulse 301":               {bp(120, 80, 301), Adult, hard},
		"adult, pulse pressure 10":       {bp(100, 90, 72), Adult, fine},
		"adult, pulse pressure 9":        {bp(100, 91, 72), Adult, Judgement{Hard: true, Soft: true}},
		"adult, diastolic is as high":    {bp(100, 100, 72), Adult, Judgement{Hard: true, Soft: true}},
		"adult, SpO2 92":                 {oxi(92, 72), Adult, fine},
		"adult, SpO2 91":                 {oxi(91, 72), Adult, both},
		"adult, SpO2 50":                 {oxi(50, 72), Adult, both},
		"adult, SpO2 49":                 {oxi(49, 72), Adult, hard},
		"adult, SpO2 101":                {oxi(101, 72), Adult, hard},
		"adult, oximeter's pulse 141":    {oxi(97, 141), Adult, both},
		"adult, 35.1 degrees":            {celsius(35_100), Adult, fine},
		"adult, 35.0 degrees":            {celsius(35_000), Adult, urgent},
		"adult, 34.9 degrees":            {celsius(34_900), Adult, both},
		"adult, 39.5 degrees":            {celsius(39_500), Adult, fine},
		"adult, 39.6 degrees":            {celsius(39_600), Adult, soft},
		"adult, 43.6 degrees":            {celsius(43_600), Adult, Judgement{Hard: true, Soft: true}},
		"adult, 29.9 degrees":            {celsius(29_900), Adult, hard},
		"unknown age is held as adult":   {oxi(91, 72), UnknownAge, both},
		"unknown age, systolic 90":       {bp(90, 60, 72), UnknownAge, urgent},
		"child, systolic 70":             {bp(70, 40, 100), Child, fine},
		"child, systolic 69":             {bp(69, 40, 100), Child, soft},
		"child, systolic 56":             {bp(56, 40, 100), Child, soft},
		"child, systolic 55":             {bp(55, 40, 100), Child, both},
		"child, systolic 151":            {bp(151, 80, 100), Child, soft},
		"child, systolic 180":            {bp(180, 80, 100), Child, both},
		"child, diastolic 110":           {bp(140, 110, 100), Child, both},
		"child, pulse 59":                {oxi(97, 59), Child, soft},
		"child, pulse 47":                {oxi(97, 47), Child, both},
		"child, pulse 216":               {oxi(97, 216), Child, soft},
		"child, pulse 217":               {oxi(97, 217), Child, both},
		"child, SpO2 91":                 {oxi(91, 100), Child, soft},
		"child, SpO2 90":                 {oxi(90, 100), Child, soft},
		"child, SpO2 89":                 {oxi(89, 100), Child, both},
		"infant, pulse 170":              {oxi(97, 170), Infant, fine},
		"infant, pulse 79":               {oxi(97, 79), Infant, soft},
		"infant, pulse 63":               {oxi(97, 63), Infant, both},
		"infant, SpO2 90":                {oxi(90, 140), Infant, fine},
		"infant, SpO2 89":                {oxi(89, 140), Infant, both},
		"infant, systolic 111":           {bp(111, 60, 140), Infant, soft},
		"infant, systolic 133":           {bp(133, 60, 140), Infant, both},
		"infant, diastolic 76":           {bp(100, 76, 140), Infant, soft},
		"infant, diastolic 91":           {bp(105, 91, 140), Infant, both},
		"infant, 37.9 degrees":           {celsius(37_900), Infant, fine},
		"infant, 38.0 degrees":           {celsius(38_000), Infant, both},
		"infant, 35.4 degrees":           {celsius(35_400), Infant, both},
		"weak index is the exam's":       {Oximetry{PI: Some(CentiPercent(10))}, Adult, fine},
		"index 0.09":                     {Oximetry{PI: Some(CentiPercent(9))}, Adult, Judgement{Hard: true}},
		"index 20.01":                    {Oximetry{PI: Some(CentiPercent(2001))}, Adult, Judgement{Hard: true}},
		"nothing was measured, pressure": {BloodPressure{}, Adult, fine},
		"nothing was measured, oximetry": {Oximetry{}, Infant, fine},
		"nothing was measured, degrees":  {Temperature{}, Child, fine},
		"systolic alone":                 {BloodPressure{Systolic: Some(MmHg(120))}, Adult, fine},
		"diastolic alone":                {BloodPressure{Diastolic: Some(MmHg(80))}, Adult, fine},
		"measured zero is judged":        {BloodPressure{Pulse: Some(PerMinute(0))}, Adult, hard},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Judge(c.m, c.band); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}
