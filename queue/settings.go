package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ourMemtable is the index's memtable that this version asks for, in bytes.
const ourMemtable = 1 << 20

// settings are kept beside the data: a memtable smaller than the one that wrote the index makes it unreadable, and which segments there
// should be tells when one is missing.
type settings struct {
	Memtable int64    `json:"memtable"`
	Oldest   uint32   `json:"oldest"`            // segment
	Newest   uint32   `json:"newest"`            // segment
	Missing  []uint32 `json:"missing,omitempty"` // segments between them whose loss was told
}

// load reads the settings. Damaged ones are set aside; the files tell what is needed.
func (s *settings) load(dir string, found *Recovery) error {
	path := filepath.Join(dir, "queue.json")
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case s.decode(raw) != nil:
		*s = settings{}
		if err := found.setAside(path); err != nil {
			return err
		}
	}
	if s.Memtable > 0 {
		return nil
	}
	if s.Memtable, err = largestWAL(filepath.Join(dir, "index")); err != nil {
		return err
	}
	return s.save(dir)
}

// largestWAL is a memtable that no write-ahead log there needs more than, and at least ours.
func largestWAL(index string) (int64, error) {
	logs, err := filepath.Glob(filepath.Join(index, "*.mem"))
	largest := int64(ourMemtable)
	for _, path := range logs {
		if info, err := os.Stat(path); err == nil {
			largest = max(largest, info.Size())
		}
	}
	return largest, err
}

func (s *settings) save(dir string) error {
	raw, err := s.encode()
	if err != nil {
		return err
	}
	return replace(filepath.Join(dir, "queue.json"), raw)
}

// encode is the JSON, and in a second line its crc32c in hexadecimal: a flipped digit must not let segments go.
func (s *settings) encode() ([]byte, error) {
	raw, err := json.Marshal(s)
	return fmt.Appendf(raw, "\n%08x\n", crc32.Checksum(raw, castagnoli)), err
}

func (s *settings) decode(b []byte) error {
	raw, sum, _ := strings.Cut(string(b), "\n")
	if sum != fmt.Sprintf("%08x\n", crc32.Checksum([]byte(raw), castagnoli)) {
		return errDamaged
	}
	return json.Unmarshal([]byte(raw), s)
}
