// Package work is what a virtual kiosk does while its power is cut: it puts, acknowledges, notes, parks and releases, and says each promise
// only after the queue has made it. The host keeps the ledger.
//
//	OPENED {recovery}          as JSON
//	WAITS id | PARKED id       everything that is there; the payload was compared
//	HISTORY n                  so many delivered ones are kept
//	READY
//	PUT id                     promised
//	TRY id, ACKED id           before and after
//	FULL                       ErrFull was returned
//	FATAL why
package work

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"nabz/queue"
)

// Payload is what an item of that id holds: 200 to 3,000 bytes that tell one id from another.
func Payload(id string) []byte {
	n := 0
	for _, c := range id {
		n = (n*31 + int(c)) & 0xffff
	}
	return []byte(strings.Repeat(id+" ", (200+n%2800)/(len(id)+1)+1))
}

// kiosk is one power-on.
type kiosk struct {
	q      *queue.Queue
	life   string // of this power-on, for ids
	filler string // the file that fills the card
	mu     sync.Mutex
	out    io.Writer
}

// Run opens the queue in dir and works until the power goes. args: life (for ids), seed, nosync (the negative control), fill (leave so many
// MB free first), quota (MB), ack=no
// (everything stays).
func Run(ctx context.Context, dir string, args map[string]string, out io.Writer) error {
	if err := fill(dir, args["fill"]); err != nil {
		return err
	}
	quota, err := megabytes(args["quota"])
	if err != nil {
		return err
	}
	q, found, err := queue.Open(filepath.Join(dir, "queue"), queue.Opts{NoFlush: args["nosync"] == "yes", Quota: quota})
	if err != nil {
		return err
	}
	k := &kiosk{q: q, life: args["life"], filler: fillerIn(dir), out: out}
	raw, err := json.Marshal(found)
	if err != nil {
		return err
	}
	k.say("OPENED %s", raw)
	if err := k.list(); err != nil {
		return err
	}
	k.say("HISTORY %d", q.Stats().Delivered)
	k.say("READY")
	seed, err := strconv.ParseUint(args["seed"], 10, 64)
	if err != nil {
		return err
	}
	ended := make(chan error, 3)
	for n := range 2 {
		go func() { ended <- k.putting(ctx, n) }()
	}
	if args["ack"] == "no" {
		return <-ended
	}
	go func() { ended <- k.acking(ctx, rand.New(rand.NewPCG(seed, 1))) }()
	return <-ended
}

func (k *kiosk) say(format string, a ...any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, err := fmt.Fprintf(k.out, format+"\n", a...); err != nil {
		fmt.Println("work: say:", err) // on the console; the host sees silence
	}
}

// list says what is there and holds every payload against its id.
func (k *kiosk) list() error {
	for state, word := range map[queue.State]string{queue.Waiting: "WAITS", queue.Parked: "PARKED"} {
		items, err := k.q.List(state, 1<<20)
		if err != nil {
			return err
		}
		for _, it := range items {
			if string(it.Payload) != string(Payload(it.ID)) {
				return fmt.Errorf("%s has another payload", it.ID)
			}
			k.say("%s %s", word, it.ID)
		}
	}
	return nil
}

// putting is the exam: one reading after another.
func (k *kiosk) putting(ctx context.Context, writer int) error {
	for n := 0; ; n++ {
		id := fmt.Sprintf("%s-%d-%d", k.life, writer, n)
		lane := queue.Routine
		if n%7 == 0 {
			lane = queue.Urgent
		}
		err := k.q.Put(ctx, id, lane, Payload(id))
		switch {
		case errors.Is(err, queue.ErrFull):
			k.say("FULL")
			if err := os.Remove(k.filler); err != nil && !errors.Is(err, os.ErrNotExist) { // somebody makes room
				return err
			}
			continue
		case err != nil:
			return err
		}
		k.say("PUT %s", id)
	}
}

// acking is the uplink: it notes, acknowledges most, parks a few and releases them later. It stays behind, so that something waits always.
func (k *kiosk) acking(ctx context.Context, rng *rand.Rand) error {
	for {
		items, err := k.q.Next(ctx, queue.Any, 40)
		if err != nil {
			return err
		}
		if len(items) >= batch && rng.IntN(3) == 0 {
			if err := k.ack(ctx, items[:batch]); err != nil {
				return err
			}
			continue
		}
		for _, it := range items[:len(items)/2] {
			if err := k.settle(ctx, it, rng); err != nil {
				return err
			}
		}
		if len(items) < 2 {
			if err := k.settle(ctx, items[0], rng); err != nil {
				return err
			}
		}
	}
}

func (k *kiosk) settle(ctx context.Context, it queue.Item, rng *rand.Rand) error {
	switch rng.IntN(12) {
	case 0:
		return k.q.Park(ctx, it.Seq, "for a person")
	case 1:
		return k.q.Note(ctx, it.Seq, []byte("sent first at noon"))
	case 2:
		parked, err := k.q.List(queue.Parked, 3)
		if err != nil {
			return err
		}
		for _, p := range parked {
			if err := k.q.Release(ctx, p.Seq); err != nil {
				return err
			}
		}
		return nil
	}
	return k.ack(ctx, []queue.Item{it})
}

// batch is how many are acknowledged at once, when so many wait.
const batch = 20

func (k *kiosk) ack(ctx context.Context, items []queue.Item) error {
	var seqs []uint64
	for _, it := range items {
		k.say("TRY %s", it.ID)
		seqs = append(seqs, it.Seq)
	}
	if err := k.q.Ack(ctx, seqs...); err != nil {
		return err
	}
	for _, it := range items {
		k.say("ACKED %s", it.ID)
	}
	return nil
}

func megabytes(arg string) (bytes int64, err error) {
	if arg == "" {
		return 0, nil
	}
	mb, err := strconv.ParseInt(arg, 10, 32)
	return mb << 20, err
}

// fill leaves so many MB free, once.
func fill(dir, left string) error {
	if left == "" {
		return nil
	}
	want, err := strconv.Atoi(left)
	if err != nil {
		return err
	}
	free, err := freeMB(dir)
	if err != nil || free <= want {
		return err
	}
	f, err := os.OpenFile(fillerIn(dir), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, (free-want)<<20))
	return errors.Join(err, f.Sync(), f.Close())
}

func fillerIn(dir string) string { return filepath.Join(dir, "filler") }
