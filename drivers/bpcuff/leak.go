package bpcuff

import (
	"context"
	"errors"

	"nabz/drivers/vitals"
)

// cmdLeakTest has the module inflate to about 200 mmHg and hold for some seconds.
const cmdLeakTest = "17"

// LeakTest inflates once and has the module judge whether the pressure holds. The cuff has to be around a rigid cylinder: never use it on a person. The Sample
// is like that of Measure, without numbers; without flags nothing leaks. Whatever happens, a test that is not over is told to abort before it returns.
func (p *PAR) LeakTest(ctx context.Context, progress func(vitals.MmHg)) (s vitals.Sample, err error) {
	if err := p.drain(ctx); err != nil {
		return s, err
	}
	over := false
	defer func() {
		if !over {
			err = errors.Join(err, p.Abort())
		}
	}()
	if err := p.send(ctx, cmdLeakTest); err != nil {
		return s, err
	}
	limited, cancel := context.WithTimeout(ctx, runTime)
	defer cancel()
	if err := p.follow(limited, progress); err != nil {
		if limited.Err() != nil && ctx.Err() == nil {
			return failed(vitals.TimedOut), nil
		}
		return s, err
	}
	r, err := p.status(ctx)
	if over = err == nil; !over {
		return s, err
	}
	s = vitals.Sample{Kind: vitals.KindBloodPressure, Status: r.sample.Status, Flags: r.sample.Flags}
	if s.Status == names[0] || s.Status == names[3] {
		s.Flags, s.Status = 0, "" // a test that is good has no numbers
	}
	return s, nil
}
