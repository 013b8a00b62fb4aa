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

var (
	encMode = must(cbor.EncOptions{
		Sort:          cbor.SortCoreDeterministic,
		NilContainers: cbor.NilContainerAsEmpty,
		IndefLength:   cbor.IndefLengthForbidden,
		TagsMd:        cbor.TagsForbidden,
	}.UserBufferEncMode())
	// What is not of the form of the protocol has been refused before; see checkForm.
	decMode = must(cbor.DecOptions{
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxArrayElements:  MaxProposalBytes,
		MaxNestedLevels:   maxLevels,
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

// Decode reads into v the canonical encoding b of at most limit bytes. An array of
// more than 24 elements must bring 64 bytes for each of the rest. It fails with
// [ErrTooLarge] or [ErrEncoding], never panics, and refuses within four times the
// memory of b.
func Decode(b []byte, v any, limit int) error {
	if len(b) > limit {
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrTooLarge, len(b), limit)
	}
	if err := checkForm(b); err != nil {
		return err
	}
	if err := decMode.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %v", ErrEncoding, err)
	}
	var again bytes.Buffer
	again.Grow(len(b)) // what is canonical takes no more
	if err := encMode.MarshalToBuffer(v, &again); err != nil {
		return fmt.Errorf("%w: %v", ErrEncoding, err)
	}
	if !bytes.Equal(b, again.Bytes()) {
		return fmt.Errorf("%w: encoding the value again gives other bytes", ErrEncoding)
	}
	return nil
}
