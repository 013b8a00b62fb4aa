package chain

import (
	"encoding/binary"
	"fmt"
)

// CutBytes takes the first item off a CBOR sequence (RFC 8742) of byte strings, in canonical form and of at most limit
// bytes each. The item is a part of b, not a copy. It fails with [ErrTooLarge] or [ErrEncoding].
func CutBytes(b []byte, limit int) (item, rest []byte, err error) {
	const byteString = 2 << 5
	if len(b) == 0 || b[0]&0xe0 != byteString {
		return nil, nil, fmt.Errorf("%w: not a byte string", ErrEncoding)
	}
	size, head, least := uint64(b[0]&0x1f), 1, uint64(0)
	if more := size; more >= 24 {
		if more > 27 {
			return nil, nil, fmt.Errorf("%w: a byte string of no stated length", ErrEncoding)
		}
		width := 1 << (more - 24)
		if head += width; len(b) < head {
			return nil, nil, fmt.Errorf("%w: it ends within the head of a byte string", ErrEncoding)
		}
		var wide [8]byte
		copy(wide[8-width:], b[1:head])
		size = binary.BigEndian.Uint64(wide[:])
		if least = 24; width > 1 {
			least = 1 << (8 * (width / 2))
		}
	}
	switch {
	case size < least:
		return nil, nil, fmt.Errorf("%w: a length is not in its shortest form", ErrEncoding)
	case size > uint64(limit):
		return nil, nil, fmt.Errorf("%w: a byte string of %d bytes, at most %d are allowed", ErrTooLarge, size, limit)
	case size > uint64(len(b)-head):
		return nil, nil, fmt.Errorf("%w: a byte string of %d bytes ends after %d", ErrEncoding, size, len(b)-head)
	}
	end := head + int(size)
	return b[head:end:end], b[end:], nil
}
