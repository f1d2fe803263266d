package hwtest

import (
	"context"
	"encoding/json"
	"time"

	"nabz/firmware/config"
)

// QuickOf is the quick check of a kiosk that runs, as the kiosk itself does it. What a person asked for is kept on the shelf; what each start finds is not.
func QuickOf(cfg config.Config, version string, k Kiosk) func(ctx context.Context, asked bool) (json.RawMessage, map[string]bool, error) {
	return func(ctx context.Context, asked bool) (json.RawMessage, map[string]bool, error) {
		b := Here(cfg, k)
		b.Silent = !asked
		r := b.Report(ctx, version)
		good := map[string]bool{}
		for _, row := range r.Rows {
			if row.Verdict != Skipped {
				good[row.Name] = row.Verdict == Pass
			}
		}
		signed, err := Sign(r, cfg)
		if err == nil && asked {
			_, err = ShelfOf(cfg).Keep(r, signed)
		}
		raw, encoding := json.Marshal(signed)
		if err == nil {
			err = encoding
		}
		return raw, good, err
	}
}

// Report runs the quick check.
func (b Bench) Report(ctx context.Context, version string) Report {
	r := Report{Kiosk: b.Config.Name, Version: version, Kind: "quick", Practice: b.Config.Practice, Began: time.Now().In(b.Config.Zone)}
	r.Rows = Run(ctx, b.Quick(), nil)
	r.Ended = time.Now().In(b.Config.Zone)
	return r
}
