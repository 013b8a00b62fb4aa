package chain

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/hostile"
)

// Whatever a structure holds: its encoding is read as the same value, and is the
// only one that is.
func TestEveryStructureComesBackAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3))
		for _, s := range samples() {
			kind := reflect.TypeOf(s.value).Elem()
			v, back := reflect.New(kind), reflect.New(kind)
			hostile.Fill(rng, v.Interface())
			raw := Encode(v.Interface())
			if err := Decode(raw, back.Interface(), MaxProposalBytes); err != nil {
				t.Fatalf("%s: %v\n%+v", s.name, err, v.Elem())
			}
			if !reflect.DeepEqual(v.Interface(), back.Interface()) {
				t.Fatalf("%s: written\n%+v\nand read\n%+v", s.name, v.Elem(), back.Elem())
			}
			// A changed byte is refused, or is another value.
			changed := bytes.Clone(raw)
			changed[rng.IntN(len(changed))] ^= 1 << rng.IntN(8)
			other := reflect.New(kind)
			if Decode(changed, other.Interface(), MaxProposalBytes) == nil && reflect.DeepEqual(v.Interface(), other.Interface()) {
				t.Fatalf("%s: %x and %x are one value", s.name, raw, changed)
			}
		}
	})
}
