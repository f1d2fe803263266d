package main

import (
	"fmt"
	"math/rand/v2"

	"nabz/queue"
)

// payloadSize is the size of a payload in bytes.
const payloadSize = 1000

// seed makes every run work on the same readings.
const seed = 20240601

// record is what is put.
type record struct {
	id      string
	lane    queue.Lane
	payload []byte
}

// entry is what comes out.
type entry struct {
	seq     uint64
	id      string
	payload []byte
}

// makeRecord returns the n-th routine reading. Its id is in order of time with a random tail, as the kiosk's are.
func makeRecord(n uint64) record {
	tail := rand.NewPCG(seed, n).Uint64()
	id := fmt.Sprintf("%08x-%04x-7%03x-%04x-%012x", 0x0192f3a1+n>>16, n&0xffff, tail>>52, 0x8000|tail>>36&0x3fff, tail&0xffffffffffff)
	return record{id: id, lane: queue.Routine, payload: payloads[n%uint64(len(payloads))]}
}

// payloads are made beforehand, so that making them is not measured.
var payloads = makePayloads(1024)

func makePayloads(count int) [][]byte {
	r := rand.New(rand.NewPCG(seed, 0))
	all := make([][]byte, count)
	for i := range all {
		all[i] = makePayload(r)
	}
	return all
}

// makePayload returns JSON like that of an oximeter reading: a few fields and a stretch of the pulse wave, with spaces up to the size.
func makePayload(r *rand.Rand) []byte {
	b := make([]byte, 0, payloadSize)
	b = fmt.Appendf(b, `{"reading":"%016x","patient":"%016x","kiosk":"k-%03d","sinceBoot":%d,`,
		r.Uint64(), r.Uint64(), r.IntN(200), r.IntN(86_400_000))
	b = fmt.Appendf(b, `"spo2":%d,"pulse":%d,"perfusion":%d.%d,"flags":[],"wave":[%d`,
		88+r.IntN(12), 50+r.IntN(70), r.IntN(15), r.IntN(10), r.IntN(100))
	for len(b) < payloadSize-8 {
		b = fmt.Appendf(b, ",%d", r.IntN(100))
	}
	b = append(b, "]}"...)
	for len(b) < payloadSize {
		b = append(b, ' ')
	}
	return b
}
