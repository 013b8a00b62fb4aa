package chain

import (
	"encoding/binary"
	"fmt"
)

// What a block has thousands of is encoded and decoded here by hand, to the byte as [Encode] and [Decode] would, which
// FuzzTx and TestPlainFormsAreThoseOfTheLibrary hold it to: reflection took a third of the time of a transaction.

// The major types of RFC 8949, section 3.1, that the protocol's plain forms need.
const (
	majorUint  = 0 << 5
	majorBytes = 2 << 5
	majorArray = 4 << 5
)

// appendHead appends the head of an item in its shortest form (RFC 8949, section 4.2.1).
func appendHead(dst []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n < 1<<8:
		return append(dst, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, major|27), n)
}

// AppendUint appends the canonical encoding of an integer.
func AppendUint(dst []byte, v uint64) []byte { return appendHead(dst, majorUint, v) }

// AppendBytes appends the canonical encoding of a byte string.
func AppendBytes(dst, b []byte) []byte {
	return append(appendHead(dst, majorBytes, uint64(len(b))), b...)
}

// AppendArray appends the head of an array of n elements, which are to follow.
func AppendArray(dst []byte, n uint64) []byte { return appendHead(dst, majorArray, n) }

// cutHead takes the head of an item of some major type, in its shortest form, off b.
func cutHead(b []byte, major byte) (n uint64, rest []byte, err error) {
	if len(b) == 0 || b[0]&0xe0 != major {
		return 0, nil, fmt.Errorf("%w: not an item of major type %d", ErrEncoding, major>>5)
	}
	f := form{b: b}
	n, why := f.head(b[0] & 31)
	if why != "" {
		return 0, nil, fmt.Errorf("%w: %s", ErrEncoding, why)
	}
	return n, b[f.at:], nil
}

// CutUint takes an integer in canonical form off b. It fails with [ErrEncoding].
func CutUint(b []byte) (v uint64, rest []byte, err error) { return cutHead(b, majorUint) }

// CutArray takes the head of an array off b and says how many elements are to follow. It fails with [ErrEncoding].
func CutArray(b []byte) (n uint64, rest []byte, err error) { return cutHead(b, majorArray) }

// CutBytes takes the first item off a CBOR sequence (RFC 8742) of byte strings, in canonical form and of at most limit
// bytes each. The item is a part of b, not a copy. It fails with [ErrTooLarge] or [ErrEncoding].
func CutBytes(b []byte, limit int) (item, rest []byte, err error) {
	size, rest, err := cutHead(b, majorBytes)
	switch {
	case err != nil:
		return nil, nil, err
	case size > uint64(limit):
		return nil, nil, fmt.Errorf("%w: a byte string of %d bytes, at most %d are allowed", ErrTooLarge, size, limit)
	case size > uint64(len(rest)):
		return nil, nil, fmt.Errorf("%w: a byte string of %d bytes ends after %d", ErrEncoding, size, len(rest))
	}
	return rest[:size:size], rest[size:], nil
}

// cutFixed takes a byte string of exactly the length of dst off b.
func cutFixed(dst, b []byte) (rest []byte, ok bool) {
	item, rest, err := CutBytes(b, len(dst))
	if err != nil || len(item) != len(dst) {
		return nil, false
	}
	copy(dst, item)
	return rest, true
}

// append appends the encoding of t.
func (t *Tx) append(dst []byte) []byte {
	dst = AppendArray(dst, 9)
	dst = AppendUint(dst, uint64(t.Kind))
	dst = AppendBytes(dst, t.From[:])
	dst = AppendUint(dst, t.Nonce)
	dst = AppendBytes(dst, t.To[:])
	dst = AppendUint(dst, t.Amount)
	dst = AppendUint(dst, t.Fee)
	dst = AppendUint(dst, t.ValidUntil)
	dst = AppendBytes(dst, t.Memo)
	return AppendBytes(dst, t.Payload)
}

// cut reads the encoding of a signed transaction, and reports whether it is one.
func (t *SignedTx) cut(b []byte) bool {
	for _, elements := range []uint64{2, 9} {
		n, rest, err := CutArray(b)
		if err != nil || n != elements {
			return false
		}
		b = rest
	}
	x := &t.Tx
	integer := func(into *uint64) (ok bool) {
		var err error
		*into, b, err = CutUint(b)
		return err == nil
	}
	fixed := func(into []byte) (ok bool) {
		b, ok = cutFixed(into, b)
		return ok
	}
	bytes := func(into *[]byte) bool {
		item, rest, err := CutBytes(b, MaxTxBytes)
		*into, b = append([]byte{}, item...), rest
		return err == nil
	}
	kind := uint64(0)
	ok := integer(&kind) && fixed(x.From[:]) && integer(&x.Nonce) && fixed(x.To[:]) && integer(&x.Amount) && integer(&x.Fee) &&
		integer(&x.ValidUntil) && bytes(&x.Memo) && bytes(&x.Payload) && fixed(t.Signature[:])
	x.Kind = TxKind(kind)
	return ok && len(b) == 0
}
