package chain

import "fmt"

// headerForm is the kinds of the fields of a [Header], in their order: an integer or a byte string.
var headerForm = [...]byte{
	majorUint, majorBytes, majorUint, majorUint, majorBytes, majorUint, majorBytes, majorBytes, majorBytes, majorBytes, majorBytes,
	majorBytes, majorBytes, majorBytes, majorBytes,
}

// CutHeader gives the encoding of the header of an encoded block, without reading the block's body: what serves headers reads
// many blocks for them. It checks the form only, and fails with [ErrEncoding]. The result is a part of b.
func CutHeader(b []byte) ([]byte, error) {
	n, begin, err := CutArray(b)
	if err == nil && n != 5 {
		err = fmt.Errorf("%w: a block of %d fields", ErrEncoding, n)
	}
	rest := begin
	if err == nil {
		if n, rest, err = CutArray(begin); err == nil && n != uint64(len(headerForm)) {
			err = fmt.Errorf("%w: a header of %d fields", ErrEncoding, n)
		}
	}
	for i := 0; i < len(headerForm) && err == nil; i++ {
		if headerForm[i] == majorUint {
			_, rest, err = CutUint(rest)
		} else {
			_, rest, err = CutBytes(rest, VRFProofBytes)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read a block's header: %w", err)
	}
	end := len(begin) - len(rest)
	return begin[:end:end], nil
}
