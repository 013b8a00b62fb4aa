package stake

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/chain"
)

// TestAMemoDecodesAsTheFunctionDoes asks for a few sets, some damaged, again and again, in any order.
func TestAMemoDecodesAsTheFunctionDoes(t *testing.T) {
	t.Parallel()
	var encoded [][]byte
	for n := range byte(8) {
		s, err := NewSet([]Validator{{Address: chain.Address{n + 1}, Stake: uint64(n) + 1}})
		if err != nil {
			t.Fatal(err)
		}
		encoded = append(encoded, s.Encode())
	}
	encoded = append(encoded, nil, []byte{0x80}, encoded[0][:20])
	rapid.Check(t, func(t *rapid.T) {
		m := &Memo{}
		for range 30 {
			raw := rapid.SampledFrom(encoded).Draw(t, "set")
			want, wantErr := DecodeSet(raw)
			got, err := m.Decode(raw)
			if (err == nil) != (wantErr == nil) || err == nil && got.Hash() != want.Hash() {
				t.Fatalf("%x: got %v, %v; want %v, %v", raw, got, err, want, wantErr)
			}
		}
	})
}
