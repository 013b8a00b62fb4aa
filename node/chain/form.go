package chain

import (
	"encoding/binary"
	"fmt"
)

// An array is allocated by the count it claims, and what is small on the wire
// may be large in memory. So before anything is decoded the form of the bytes is
// judged, which allocates nothing: an array has at most fewElements elements and
// one more for every elementBytes that it brings (every long list of the protocol
// has larger elements: a signature takes 66 bytes), and null, which a reader may
// take for a structure of any size, is rare. What is decoded then stays within a
// few times the size of the input, whatever the input says.
const (
	fewElements  = 24
	elementBytes = 64
	maxNulls     = 4
	maxLevels    = 8
)

// form walks over CBOR items.
type form struct {
	b     []byte
	at    int
	nulls int
}

// checkForm refuses bytes that are not one item of the kind the protocol is made
// of (RFC 8949, 4.2.1: shortest heads, definite lengths; and neither maps, tags
// nor floats), or whose arrays have more elements than they bring bytes for.
func checkForm(b []byte) error {
	f := form{b: b}
	if why := f.item(maxLevels); why != "" {
		return fmt.Errorf("%w: %s at byte %d", ErrEncoding, why, f.at)
	}
	if f.at != len(b) {
		return fmt.Errorf("%w: %d bytes behind its end", ErrEncoding, len(b)-f.at)
	}
	return nil
}

const endsEarly = "it ends early"

// item passes over one item with at most some levels of arrays in it, and returns
// what is wrong with it, or nothing.
func (f *form) item(levels int) string {
	if f.at >= len(f.b) {
		return endsEarly
	}
	major, info := f.b[f.at]>>5, f.b[f.at]&31
	if major == 7 {
		f.at++
		switch info {
		case 20, 21: // false, true
		case 22:
			if f.nulls++; f.nulls > maxNulls {
				return "too many nulls"
			}
		default:
			return "a float or a simple value"
		}
		return ""
	}
	n, why := f.head(info)
	switch {
	case why != "":
		return why
	case major < 2:
		return ""
	case major > 4:
		return "a map or a tag"
	case n > uint64(len(f.b)-f.at): // an element has at least a byte
		return endsEarly
	case major < 4:
		f.at += int(n)
		return ""
	case levels == 0:
		return "an array too deep"
	}
	start := f.at
	for range n {
		if why := f.item(levels - 1); why != "" {
			return why
		}
	}
	if n > fewElements && uint64(f.at-start) < (n-fewElements)*elementBytes {
		return "an array of more elements than its bytes allow"
	}
	return ""
}

// head reads the number in the head of an item, which must be in its shortest form.
func (f *form) head(info byte) (n uint64, why string) {
	f.at++
	if info < 24 {
		return uint64(info), ""
	}
	if info > 27 {
		return 0, "an indefinite length"
	}
	size := 1 << (info - 24)
	if len(f.b)-f.at < size {
		return 0, endsEarly
	}
	var least uint64
	switch rest := f.b[f.at:]; size {
	case 1:
		n, least = uint64(rest[0]), 24
	case 2:
		n, least = uint64(binary.BigEndian.Uint16(rest)), 1<<8
	case 4:
		n, least = uint64(binary.BigEndian.Uint32(rest)), 1<<16
	case 8:
		n, least = binary.BigEndian.Uint64(rest), 1<<32
	}
	if n < least {
		return 0, "a number that is not in its shortest form"
	}
	f.at += size
	return n, ""
}
