package clock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"nabz/firmware/whole"
)

// Clock makes stamps and repairs them. It is safe for concurrent use.
type Clock struct {
	path string
	boot string

	mu    sync.Mutex // guards state and its file
	state state
}

// state is what survives a boot, as JSON in one file that is replaced atomically.
type state struct {
	Boots   map[string]offset `json:"boots"`   // every boot that learned the time and whose items may still wait
	Trusted time.Time         `json:"trusted"` // the last instant known to be true
}

type offset struct {
	Zero        time.Time     `json:"zero"` // true time at since-boot 0
	Source      Source        `json:"source"`
	Uncertainty time.Duration `json:"uncertainty"`
}

// Open reads the offsets that earlier boots left at path. A missing file is a new clock; a damaged one is set aside as path.bad,
// because times can be stated as unknown but a kiosk that does not start helps nobody.
func Open(path string) (*Clock, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return nil, fmt.Errorf("open clock: no boot id: %w", err)
	}
	c := &Clock{path: path, boot: strings.TrimSpace(string(id)), state: state{Boots: map[string]offset{}}}
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, nil
	case err != nil:
		return nil, fmt.Errorf("open clock: %w", err)
	}
	if err := json.Unmarshal(raw, &c.state); err != nil || c.state.Boots == nil {
		c.state = state{Boots: map[string]offset{}}
		if err := os.Rename(path, path+".bad"); err != nil {
			return nil, fmt.Errorf("open clock: set damaged file aside: %w", err)
		}
	}
	return c, nil
}

// Now is the present instant.
func (c *Clock) Now() Stamp {
	s := Stamp{Boot: c.boot, SinceBoot: sinceBoot(), Wall: time.Now().Round(0), Source: None}
	if source, off := kernel(); source != None {
		s.Source, s.Uncertainty = source, off
		return s
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if o, ok := c.state.Boots[c.boot]; ok {
		s.Wall, s.Source, s.Uncertainty = o.Zero.Add(s.SinceBoot), o.Source, o.Uncertainty
	}
	return s
}

// Sync tells the clock that at the stamp s the true time was now, give or take uncertainty. A sharper offset of the same boot stays.
// When Sync returns nil the offset is on stable storage.
func (c *Clock) Sync(s Stamp, now time.Time, source Source, uncertainty time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	old, known := c.state.Boots[s.Boot]
	if now.After(c.state.Trusted) {
		c.state.Trusted = now.UTC()
	}
	if !known || uncertainty < old.Uncertainty {
		c.state.Boots[s.Boot] = offset{Zero: now.Add(-s.SinceBoot).UTC(), Source: source, Uncertainty: uncertainty}
	}
	return c.save()
}

// Trust notes that the time is known right now, so that a later boot without any has a lower bound. It writes only when the clock is
// synchronised. When it returns nil the instant is on stable storage.
func (c *Clock) Trust() error {
	now := c.Now()
	if now.Source == None {
		return nil
	}
	return c.Sync(now, now.Wall, now.Source, now.Uncertainty)
}

// Resolve says what s means now. For a boot that never learned the time only bounds are known: after the last trusted instant before
// it, and before the present.
func (c *Clock) Resolve(s Stamp) Instant {
	now := c.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	return resolve(s, now, c.state)
}

// AtLeast is the present time as far as it is known, and at least the last trusted instant on disk: by a clock at 1970 every certificate would be one of the
// future.
func (c *Clock) AtLeast() time.Time {
	now := c.Resolve(c.Now()).Time
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Before(c.state.Trusted) {
		return c.state.Trusted
	}
	return now
}

// Forget drops the offsets of boots that no waiting item belongs to. The present boot stays.
func (c *Clock) Forget(waiting map[string]bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed := false
	for boot := range c.state.Boots {
		if boot != c.boot && !waiting[boot] {
			delete(c.state.Boots, boot)
			changed = true
		}
	}
	if !changed {
		return nil
	}
	return c.save()
}

func resolve(s, now Stamp, st state) Instant {
	if o, ok := st.Boots[s.Boot]; ok {
		return Instant{Time: o.Zero.Add(s.SinceBoot), Source: o.Source, Uncertainty: o.Uncertainty}
	}
	if s.Source != None {
		return Instant{Time: s.Wall, Source: s.Source, Uncertainty: s.Uncertainty}
	}
	i := Instant{Time: now.Wall, Source: None, NotAfter: now.Wall}
	if lower := st.Trusted; !lower.IsZero() && lower.Before(i.NotAfter) {
		i.NotBefore = lower
		i.Uncertainty = i.NotAfter.Sub(lower)
	}
	return i
}

func (c *Clock) save() error {
	raw, err := json.Marshal(c.state)
	if err != nil {
		return fmt.Errorf("save clock: %w", err)
	}
	if err := whole.Write(c.path, raw, 0o600); err != nil {
		return fmt.Errorf("save clock: %w", err)
	}
	return nil
}

func sinceBoot() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		panic("CLOCK_BOOTTIME: " + err.Error()) // every kernel since 2.6.39 has it
	}
	return time.Duration(t.Nano())
}

// kernel asks whether the kernel's clock is disciplined by NTP, and how far it may be off (adjtimex(2), maxerror).
func kernel() (Source, time.Duration) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil || state == unix.TIME_ERROR || t.Status&unix.STA_UNSYNC != 0 {
		return None, 0
	}
	return NTP, time.Duration(t.Maxerror) * time.Microsecond
}
