package chain

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// ErrEncoding marks bytes that are not the canonical encoding of what they
// were said to be. The sender is faulty or hostile: asking it again is useless.
var ErrEncoding = errors.New("not a canonical encoding")

// ErrTooLarge marks bytes above the cap of their kind. Nothing was decoded.
var ErrTooLarge = errors.New("encoding is too large")

// maxArrayElements caps every array before it is allocated. It must admit the
// largest block ([MaxBlockTxs]) and the largest validator set.
const maxArrayElements = 1 << 16

var (
	encMode = must(cbor.EncOptions{
		Sort:          cbor.SortCoreDeterministic,
		NilContainers: cbor.NilContainerAsEmpty,
		IndefLength:   cbor.IndefLengthForbidden,
		TagsMd:        cbor.TagsForbidden,
	}.EncMode())
	decMode = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxArrayElements:  maxArrayElements,
		MaxMapPairs:       64,
		MaxNestedLevels:   8,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // options above are constants; this cannot depend on input
	}
	return v
}

// Encode returns the canonical encoding of v, which must be one of this
// package's types or built from them. It cannot fail for those, so a failure
// is a programming error and panics.
func Encode(v any) []byte {
	b, err := encMode.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("chain: encode %T: %v", v, err))
	}
	return b
}

// Decode reads into v the canonical encoding b of at most limit bytes.
// It fails with [ErrTooLarge] or [ErrEncoding] and never panics.
func Decode(b []byte, v any, limit int) error {
	if len(b) > limit {
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrTooLarge, len(b), limit)
	}
	if err := decMode.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %v", ErrEncoding, err)
	}
	again, err := encMode.Marshal(v)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrEncoding, err)
	}
	if !bytes.Equal(b, again) {
		return fmt.Errorf("%w: encoding the value again gives other bytes", ErrEncoding)
	}
	return nil
}
