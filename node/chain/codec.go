package chain

import (
	"bytes"
	"errors"
	"fmt"
	"sort"

	"github.com/fxamacker/cbor/v2"
)

// ErrEncoding marks bytes that are not the canonical encoding of what they
// were said to be. The sender is faulty or hostile: asking it again is useless.
var ErrEncoding = errors.New("not a canonical encoding")

// ErrTooLarge marks bytes above the cap of their kind. Nothing was decoded.
var ErrTooLarge = errors.New("encoding is too large")

// An array is allocated by the count it claims, so the count is capped by the
// bytes that came: fewArrayElements, and one more for every elementBytes. No
// long array of the protocol has shorter elements (a hash is 34 bytes), so what
// is decoded stays within a few times the size of the input, whatever it says.
const (
	fewArrayElements = 128
	elementBytes     = 32
)

var (
	encMode = must(cbor.EncOptions{
		Sort:          cbor.SortCoreDeterministic,
		NilContainers: cbor.NilContainerAsEmpty,
		IndefLength:   cbor.IndefLengthForbidden,
		TagsMd:        cbor.TagsForbidden,
	}.UserBufferEncMode())
	decModes = decoders()
)

// decoders are modes by the elements they let an array have, ascending by a
// quarter: the options of the library cannot depend on the input.
func decoders() (modes []decoder) {
	const largest = fewArrayElements + MaxProposalBytes/elementBytes
	for most := fewArrayElements; ; most += most / 4 {
		modes = append(modes, decoder{most, must(cbor.DecOptions{
			DupMapKey:         cbor.DupMapKeyEnforcedAPF,
			IndefLength:       cbor.IndefLengthForbidden,
			TagsMd:            cbor.TagsForbidden,
			ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
			MaxArrayElements:  most,
			MaxMapPairs:       64,
			MaxNestedLevels:   8,
		}.DecMode())})
		if most >= largest {
			return modes
		}
	}
}

type decoder struct {
	most int // elements of an array
	mode cbor.DecMode
}

func decoderFor(size int) cbor.DecMode {
	need := fewArrayElements + size/elementBytes
	i := sort.Search(len(decModes)-1, func(i int) bool { return decModes[i].most >= need })
	return decModes[i].mode
}

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

// Decode reads into v the canonical encoding b of at most limit bytes. An array
// of more than 128 elements must have 32 bytes for each of the rest. It fails with [ErrTooLarge] or [ErrEncoding] and never panics.
func Decode(b []byte, v any, limit int) error {
	if len(b) > limit {
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrTooLarge, len(b), limit)
	}
	if err := decoderFor(len(b)).Unmarshal(b, v); err != nil {
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
