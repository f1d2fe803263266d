package bpcuff

import (
	"context"
	"errors"
	"time"

	"nabz/drivers/frame"
)

// ask sends a command and returns the first answer that is wanted. frame.ErrSilent after a second; what came until then is forgotten.
func (s *SunTech) ask(ctx context.Context, command []byte, wanted func(sunReport) bool) (sunReport, error) {
	if err := s.pause(ctx, time.Until(s.sent.Add(sunBetween))); err != nil {
		return sunReport{}, err
	}
	s.sent = time.Now()
	if err := frame.Write(s.port, "cuff", sunCommand(command...), abortTime); err != nil {
		return sunReport{}, err
	}
	for until := time.Now().Add(sunAnswer); ; {
		left := time.Until(until)
		if left <= 0 {
			return sunReport{}, frame.ErrSilent
		}
		f, err := s.reader.Next(ctx, left)
		if err != nil {
			if errors.Is(err, frame.ErrSilent) {
				s.reader.Reset()
			}
			return sunReport{}, err
		}
		r, ok := parseSunTech(f)
		if !ok {
			s.reader.Reject()
			continue
		}
		if wanted(r) {
			return r, nil
		}
	}
}

func (s *SunTech) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(max(d, 0))
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
