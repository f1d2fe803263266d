package queue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"

	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/badger/v4/y"
	"google.golang.org/protobuf/proto"
)

// Badger deletes tables that its MANIFEST does not name, ends the process when a table's footer is damaged, and trusts the lengths in its
// write-ahead logs. So its files are looked at before it is: what a power cut leaves is put right, and what is damaged it never sees.

// thoroughBelow is the size in bytes up to which every block of every table is checked at each Open.
const thoroughBelow = 16 << 20

// precheck puts right what a cut leaves in the index's folder and says what was removed. An error says that Badger must not open it.
func precheck(dir string, thorough bool) (removed []string, err error) {
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	data := false
	for _, f := range files {
		ext := filepath.Ext(f.Name())
		data = data || ext == ".sst" || ext == ".mem"
		path := filepath.Join(dir, f.Name())
		gone, err := checkFile(path, ext, thorough)
		if err != nil {
			return removed, fmt.Errorf("%s: %w", f.Name(), err)
		}
		if gone {
			removed = append(removed, f.Name())
		}
	}
	for _, name := range []string{"MANIFEST", "KEYREGISTRY"} {
		if info, err := os.Stat(filepath.Join(dir, name)); data && (err != nil || info.Size() == 0) {
			return removed, fmt.Errorf("%s is missing or empty", name)
		}
	}
	return removed, nil
}

// checkFile looks at one file. gone says that it was an empty one that a cut left, and is removed.
func checkFile(path, ext string, thorough bool) (gone bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, err
	}
	switch {
	case ext == ".mem" && info.Size() < walHead:
		return true, os.Remove(path)
	case ext == ".mem":
		return false, trimWAL(path)
	case ext == ".vlog" || filepath.Base(path) == "DISCARD": // never anything in them: all values are in the tree
		return info.Size() == 0, os.Remove(path)
	case ext == ".sst" && thorough:
		b, err := os.ReadFile(path)
		if err != nil {
			return false, err
		}
		return false, checkTable(b)
	}
	return false, nil
}

// walHead is the front of a write-ahead log: key id(8), 0 without encryption, and a random number(12).
const walHead = 20

// trimWAL cuts a write-ahead log behind its last sound entry, when something else than zeros follows: Badger would believe its lengths.
func trimWAL(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if binary.BigEndian.Uint64(b) != 0 {
		return errDamaged
	}
	end := walHead
	for n := walEntry(b[end:]); n > 0; n = walEntry(b[end:]) {
		end += n
	}
	if !slices.ContainsFunc(b[end:], func(c byte) bool { return c != 0 }) {
		return nil
	}
	return os.Truncate(path, int64(end))
}

// walEntry returns the length of the sound entry at the front of b, or 0: meta(2) key length, value length, expiry (varints) key value
// crc32c(4).
func walEntry(b []byte) int {
	at := min(2, len(b))
	var field [3]uint64
	for i := range field {
		v, n := binary.Uvarint(b[at:])
		if n <= 0 {
			return 0
		}
		field[i] = v
		at += n
	}
	if field[0] == 0 || field[0] > 1<<16 || field[1] > uint64(len(b)) {
		return 0
	}
	end := at + int(field[0]+field[1])
	if end+4 > len(b) || crc32.Checksum(b[:end], castagnoli) != binary.BigEndian.Uint32(b[end:]) {
		return 0
	}
	return end + 4
}

// checkTable verifies a table's index and blocks: blocks, index, index length(4), checksum, checksum length(4).
func checkTable(b []byte) (err error) {
	defer func() {
		if recover() != nil { // a length that leads outside
			err = errDamaged
		}
	}()
	rest, sum, err := cutChecksum(b)
	if err != nil {
		return err
	}
	size := int(binary.BigEndian.Uint32(rest[len(rest)-4:]))
	index := rest[len(rest)-4-size : len(rest)-4]
	if err := y.VerifyChecksum(index, sum); err != nil {
		return errDamaged
	}
	table := fb.GetRootAsTableIndex(index, 0)
	for i := range table.OffsetsLength() {
		var o fb.BlockOffset
		if !table.Offsets(&o, i) {
			return errDamaged
		}
		data, sum, err := cutChecksum(b[o.Offset() : o.Offset()+o.Len()])
		if err != nil || y.VerifyChecksum(data, sum) != nil {
			return errors.Join(errDamaged, err)
		}
	}
	return nil
}

// cutChecksum takes the checksum off the end of b.
func cutChecksum(b []byte) (rest []byte, sum *pb.Checksum, err error) {
	n := len(b) - 4
	size := int(binary.BigEndian.Uint32(b[n:]))
	sum = &pb.Checksum{}
	if err := proto.Unmarshal(b[n-size:n], sum); err != nil {
		return nil, nil, errDamaged
	}
	return b[:n-size], sum, nil
}
