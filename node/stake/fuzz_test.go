package stake

import (
	"bytes"
	"slices"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/hostile"
)

// setReader reads validator sets. Its lies are long sets in which a few honest
// members bring the bytes for many that are none.
func setReader() hostile.Reader {
	var members []Validator
	for i := range 30 {
		members = append(members, Validator{Address: chain.Address{byte(i)}, Stake: uint64(i + 1)})
	}
	set, err := NewSet(members)
	if err != nil {
		panic(err)
	}
	r := hostile.Reader{
		Name:    "validator set",
		Read:    func(b []byte) (any, error) { return DecodeSet(b) },
		Write:   func(v any) []byte { return v.(*Set).Encode() },
		Samples: [][]byte{set.Encode(), chain.Encode(members[:1])},
		// What is accepted is copied into the set, sorted, and encoded twice: for its
		// hash, and to see that it was in order.
		Accepted: 8,
		// Twenty-four members come without bytes for each, and one is large.
		Fixed: 6 << 10,
		Use: func(v any) {
			s := v.(*Set)
			_ = s.Winner(chain.Hash{1}, 1, 0)
		},
	}
	one := chain.Encode(members[0])
	for _, honest := range []int{1, 30, 200} {
		for _, times := range []int{2, 4, 5} {
			n := honest * times
			for what, element := range map[string]byte{"null": 0xf6, "an empty list": 0x80, "zero": 0} {
				head := []byte{0x99, byte(n >> 8), byte(n)}
				r.Lies = append(r.Lies, hostile.Case{
					Name:  "members of " + what + " behind honest ones",
					Bytes: slices.Concat(head, bytes.Repeat(one, honest), bytes.Repeat([]byte{element}, n-honest)),
				}, hostile.Case{
					Name:  "members of " + what + " before honest ones",
					Bytes: slices.Concat(head, bytes.Repeat([]byte{element}, n-honest), bytes.Repeat(one, honest)),
				})
			}
		}
	}
	return r
}

func TestSetsHoldAgainstHostileInput(t *testing.T) { // measures memory: not in parallel
	r := setReader()
	r.Hold(t)
}

func FuzzDecodeSet(f *testing.F) {
	r := setReader()
	r.Seed(f)
	f.Fuzz(func(t *testing.T, in []byte) { r.Fuzz(t, in) })
}
