package machine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// Snapshot is a machine parked before it looked at its disk.
type Snapshot struct {
	kit  *Kit
	path string
}

// Park boots a machine with kiosk.snap, waits until it says SNAP, and keeps it at path.
func (k *Kit) Park(ctx context.Context, o Opts, path string) (*Snapshot, error) {
	o.Append += " kiosk.snap"
	v, err := k.Boot(ctx, o)
	if err != nil {
		return nil, err
	}
	defer v.Kill()
	for line := range v.Lines() {
		if line == "SNAP" {
			return &Snapshot{k, path}, v.migrate(path)
		}
	}
	return nil, fmt.Errorf("park: the machine ended before it was ready: see %s", v.Console())
}

// Restore brings it back. Only the sockets and the card are new.
func (s *Snapshot) Restore(ctx context.Context, o Opts) (*VM, error) {
	o.Append += " kiosk.snap"
	if _, err := os.Stat(s.path); err != nil {
		return nil, err
	}
	return s.kit.start(ctx, o, "-incoming", "exec:cat "+s.path)
}

// migrate writes the machine's state to a file (QEMU Machine Protocol: migrate, query-migrate).
func (v *VM) migrate(path string) error {
	conn, err := v.Dial("qmp")
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewScanner(conn)
	in.Buffer(nil, 1<<20)
	ask := func(command string) (answer struct {
		Return struct{ Status string }
		Error  *struct{ Desc string }
	}, err error,
	) {
		if _, err := fmt.Fprintln(conn, command); err != nil {
			return answer, err
		}
		for in.Scan() {
			if err := json.Unmarshal(in.Bytes(), &answer); err != nil {
				return answer, err
			}
			var kind map[string]json.RawMessage
			if err := json.Unmarshal(in.Bytes(), &kind); err != nil {
				return answer, err
			}
			if kind["return"] != nil || kind["error"] != nil {
				return answer, nil
			}
		}
		return answer, errors.Join(errors.New("QEMU does not answer"), in.Err())
	}
	for _, c := range []string{`{"execute":"qmp_capabilities"}`, fmt.Sprintf(`{"execute":"migrate","arguments":{"uri":%q}}`, "exec:cat > "+path)} {
		if a, err := ask(c); err != nil || a.Error != nil {
			return fmt.Errorf("park: %v %w", a.Error, err)
		}
	}
	for {
		a, err := ask(`{"execute":"query-migrate"}`)
		switch {
		case err != nil:
			return err
		case a.Return.Status == "completed":
			return nil
		case a.Return.Status == "failed":
			return errors.New("park: QEMU could not write the machine")
		}
		if err := v.moment(); err != nil {
			return err
		}
	}
}

// moment waits for as long as makes sense between two looks at QEMU.
func (v *VM) moment() error {
	t := time.NewTimer(20 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-v.ended:
		raw, err := os.ReadFile(v.dir + "/stderr")
		return errors.Join(fmt.Errorf("QEMU ended: %.300s", raw), err)
	}
}
