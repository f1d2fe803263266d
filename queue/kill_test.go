package queue

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestKilled kills a process that puts and acknowledges, again and again, and holds the queue to every promise that it printed. SIGKILL
// leaves the page cache alone, so this proves the order of writes, not the flushes: those need a power cut.
func TestKilled(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	put, acked := map[string]bool{}, map[string]bool{}
	for round := range 12 {
		runAndKill(t, dir, round, 5+rng.IntN(120), put, acked)
		q, found, err := Open(dir, Opts{})
		if err != nil {
			t.Fatalf("seed %d, round %d: %v", seed, round, err)
		}
		if len(found.Damaged) > 0 {
			t.Errorf("seed %d, round %d: damaged %v", seed, round, found.Damaged)
		}
		for id := range put {
			it, state, err := q.Find(id)
			if err != nil || string(it.Payload) != payload(id) {
				t.Fatalf("seed %d, round %d: %s was promised and is lost: %v", seed, round, id, err)
			}
			if acked[id] && state != Delivered {
				t.Fatalf("seed %d, round %d: %s was acknowledged and is %s", seed, round, id, state)
			}
		}
		must(t, q.Close())
	}
	if len(put) < 100 || len(acked) < 20 {
		t.Errorf("only %d puts and %d acks were promised: the test did nothing", len(put), len(acked))
	}
}

// runAndKill starts a child and kills it after so many promises; it notes every promise that was printed.
func runAndKill(t *testing.T, dir string, round, promises int, put, acked map[string]bool) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "QUEUE_TEST_CHILD="+dir, fmt.Sprintf("QUEUE_TEST_ROUND=%d", round))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		word, id, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "put":
			put[id] = true
		case "ack":
			acked[id] = true
		default:
			t.Fatalf("child: %s", lines.Text())
		}
		if n == promises {
			must(t, cmd.Process.Kill())
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatalf("the child ended by itself: %s", stderr.String())
	}
}

func payload(id string) string { return strings.Repeat(id+" ", 40) }

// child puts items from several goroutines and acknowledges every third, printing each promise after it was kept.
func child(dir string) {
	q, _, err := Open(dir, Opts{})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	said := make(chan string)
	for writer := range 4 {
		go func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%s-%d-%d", os.Getenv("QUEUE_TEST_ROUND"), writer, n)
				if err := q.Put(context.Background(), id, Routine, []byte(payload(id))); err != nil {
					said <- "error " + err.Error()
				}
				said <- "put " + id
				if n%3 == 0 {
					it, _, err := q.Find(id)
					if err == nil {
						err = q.Ack(context.Background(), it.Seq)
					}
					if err != nil {
						said <- "error " + err.Error()
					}
					said <- "ack " + id
				}
			}
		}()
	}
	for line := range said {
		fmt.Println(line)
	}
}
