package bpcuff

import (
	"context"

	"nabz/drivers/vitals"
)

// cmdLeakTest has the module inflate to about 200 mmHg and hold for some seconds.
const cmdLeakTest = "17"

// LeakTest inflates once and has the module judge whether the pressure holds. The cuff has to be around a rigid cylinder: never use it on a person. The Sample
// is like that of Measure, without numbers; without flags nothing leaks. Whatever happens, a test that is not over is told to abort before it returns.
func (p *PAR) LeakTest(ctx context.Context, progress func(vitals.MmHg)) (vitals.Sample, error) {
	return p.run(ctx, cmdLeakTest, progress, p.held)
}

// held asks for the outcome of a leak test; one that is good has no numbers.
func (p *PAR) held(ctx context.Context) (vitals.Sample, error) {
	r, err := p.status(ctx)
	if err != nil {
		return vitals.Sample{}, err
	}
	s := vitals.Sample{Kind: vitals.KindBloodPressure, Status: r.sample.Status, Flags: r.sample.Flags}
	if s.Status == names[0] || s.Status == names[3] || s.Flags == 0 {
		s.Flags, s.Status = 0, ""
	}
	return s, nil
}
