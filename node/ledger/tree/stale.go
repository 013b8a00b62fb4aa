package tree

import (
	"encoding/binary"
	"fmt"
)

// A node is stale since the version that replaced it: that version and later
// ones do not need it, earlier ones do. A store keeps Change.Stale in records of
// up to StaleChunk keys, under StaleIndexKey(version, chunk). Pruning the
// versions below v is then a range scan over the records of versions up to v,
// deleting the nodes each record lists and then the record.

// StaleChunk is the number of node keys in one full stale record. It bounds the
// work of one pruning step.
const StaleChunk = 512

// StaleIndexKeySize is the size of a stale record's key, in bytes.
const StaleIndexKeySize = 12

// AppendStaleIndexKey appends the key of a stale record: the version since which
// its nodes are stale as 8 bytes big-endian, then the number of the record
// within that version as 4 bytes big-endian.
func AppendStaleIndexKey(dst []byte, staleSince Version, chunk uint32) []byte {
	dst = binary.BigEndian.AppendUint64(dst, staleSince)
	return binary.BigEndian.AppendUint32(dst, chunk)
}

// ParseStaleIndexKey reads what AppendStaleIndexKey wrote. It fails with
// [ErrCorrupt] on another length.
func ParseStaleIndexKey(b []byte) (staleSince Version, chunk uint32, err error) {
	if len(b) != StaleIndexKeySize {
		return 0, 0, fmt.Errorf("stale record key of %d bytes: %w", len(b), ErrCorrupt)
	}
	return binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:]), nil
}

// AppendStale appends the value of a stale record: the encodings of keys, one
// after the other.
func AppendStale(dst []byte, keys []NodeKey) []byte {
	for _, k := range keys {
		dst = k.AppendTo(dst)
	}
	return dst
}

// ParseStale reads what AppendStale wrote. It fails with [ErrCorrupt] on
// anything else.
func ParseStale(b []byte) ([]NodeKey, error) {
	var keys []NodeKey
	for len(b) > 0 {
		k, rest, err := ParseNodeKey(b)
		if err != nil {
			return nil, fmt.Errorf("stale record: %w", err)
		}
		keys, b = append(keys, k), rest
	}
	return keys, nil
}
