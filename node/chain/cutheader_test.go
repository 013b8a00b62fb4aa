package chain

import (
	"bytes"
	"errors"
	"testing"
)

func TestAHeaderIsCutOffItsBlock(t *testing.T) {
	t.Parallel()
	for _, proof := range [][]byte{{}, make([]byte, VRFProofBytes)} {
		b := &Block{Header: Header{Version: 1, Height: 1 << 40, Round: 3, Time: 7, VRFProof: proof}, Txs: [][]byte{{1, 2}}, Evidence: [][]byte{}}
		raw := Encode(b)
		got, err := CutHeader(raw)
		if err != nil || !bytes.Equal(got, Encode(&b.Header)) {
			t.Errorf("cut %x (%v), want %x", got, err, Encode(&b.Header))
		}
		for _, bad := range [][]byte{nil, {0x85}, raw[1:], raw[:20], append([]byte{0x84}, raw[1:]...), Encode(&b.Header)} {
			if got, err := CutHeader(bad); !errors.Is(err, ErrEncoding) && !errors.Is(err, ErrTooLarge) {
				t.Errorf("of %.10x was cut %.10x (%v)", bad, got, err)
			}
		}
	}
}

// FuzzCutHeader holds the cut against the strict decoder: of every block it gives the header.
func FuzzCutHeader(f *testing.F) {
	f.Add(Encode(&Block{Header: Header{Height: 9, VRFProof: make([]byte, VRFProofBytes)}, Txs: [][]byte{{1}}, Evidence: [][]byte{}}))
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := CutHeader(in)
		var b Block
		if Decode(in, &b, MaxBlockBytes) != nil || len(b.Header.VRFProof) > VRFProofBytes {
			return
		}
		if err != nil || !bytes.Equal(got, Encode(&b.Header)) {
			t.Fatalf("cut %x (%v), want %x", got, err, Encode(&b.Header))
		}
	})
}
