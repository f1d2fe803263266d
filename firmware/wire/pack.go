package wire

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// MaxPayload is the most that a payload may unpack to.
const MaxPayload = 1 << 20

// dictionaryID names the dictionary in every compressed payload. A change of dictionary.ndjson takes a new number, and the clinic then
// knows both.
const dictionaryID = 0x6e610001

// dictionary is synthetic Bundles of each kind: what every real one is made of.
//
//go:embed dictionary.ndjson
var dictionary []byte

// entriesID and entries are the same for entries as the kiosk keeps them, which are compressed before they are sealed.
const entriesID = 0x6e610002

//go:embed entries.ndjson
var entries []byte

var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

var (
	encoder        = sync.OnceValue(func() *zstd.Encoder { return newEncoder(dictionaryID, dictionary) })
	decoder        = sync.OnceValue(func() *zstd.Decoder { return newDecoder(dictionaryID, dictionary) })
	entriesEncoder = sync.OnceValue(func() *zstd.Encoder { return newEncoder(entriesID, entries) })
	entriesDecoder = sync.OnceValue(func() *zstd.Decoder { return newDecoder(entriesID, entries) })
)

func newEncoder(id uint32, dictionary []byte) *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderDictRaw(id, dictionary), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderCRC(true))
	if err != nil {
		panic("wire: dictionary: " + err.Error()) // it is embedded: cannot happen
	}
	return e
}

func newDecoder(id uint32, dictionary []byte) *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(id, dictionary), zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderMaxMemory(MaxPayload))
	if err != nil {
		panic("wire: dictionary: " + err.Error()) // it is embedded: cannot happen
	}
	return d
}

// PackEntry compresses an entry for sealing. It is padded to a multiple of 64 bytes, so that the length says little of what was measured.
func PackEntry(entry []byte) []byte {
	b := entriesEncoder().EncodeAll(entry, nil)
	n := (len(b) + 1 + padTo - 1) / padTo * padTo
	padded := make([]byte, n)
	copy(padded, b)
	padded[len(b)] = padMark
	return padded
}

const (
	padTo   = 64
	padMark = 0x80
)

// UnpackEntry undoes PackEntry.
func UnpackEntry(packed []byte) ([]byte, error) {
	end := len(bytes.TrimRight(packed, "\x00")) - 1
	if end < 0 || packed[end] != padMark {
		return nil, errors.New("entry: not as a kiosk packs it")
	}
	entry, err := entriesDecoder().DecodeAll(packed[:end], nil)
	if err != nil {
		return nil, fmt.Errorf("entry: %w: the kiosk may use a dictionary that is newer than this clinic", err)
	}
	return entry, nil
}

// Pack makes a payload of one Bundle (plain JSON without line breaks), compressed with the dictionary when compress is set. The same
// Bundle gives the same bytes.
func Pack(bundle []byte, compress bool) []byte {
	if !compress {
		return bundle
	}
	return encoder().EncodeAll(bundle, nil)
}

// Unpack takes a payload apart into its Bundles, one a line. The first byte tells the form: `{` is plain JSON, zstd's magic a compressed
// one. It refuses other forms, dictionaries that are not known here, and payloads that unpack to more than MaxPayload.
func Unpack(payload []byte) ([][]byte, error) {
	if bytes.HasPrefix(payload, zstdMagic) {
		plain, err := decoder().DecodeAll(payload, nil)
		if err != nil {
			return nil, fmt.Errorf("payload: %w: the sender may use a dictionary that is newer than this clinic", err)
		}
		payload = plain
	}
	if len(payload) > MaxPayload {
		return nil, fmt.Errorf("payload: %d bytes, at most %d", len(payload), MaxPayload)
	}
	if len(payload) == 0 || payload[0] != '{' {
		return nil, errors.New("payload: neither a Bundle nor zstd: the sender may be newer than this clinic")
	}
	var bundles [][]byte
	for line := range bytes.Lines(payload) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			bundles = append(bundles, line)
		}
	}
	return bundles, nil
}
