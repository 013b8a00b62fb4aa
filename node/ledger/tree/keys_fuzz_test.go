package tree

import (
	"testing"

	"github.com/posnet/posnet/node/hostile"
)

func keyReaders() []hostile.Reader {
	key := Hash{0xab, 0xcd, 0xef}
	short, long := keyAt(7, 5, &key).AppendTo(nil), keyAt(1<<40, 63, &key).AppendTo(nil)
	return []hostile.Reader{
		{
			Name: "node key", Spoil: hostile.SpoilBytes, Samples: [][]byte{short, long, RootKey(3).AppendTo(nil)},
			Read: func(b []byte) (any, error) {
				k, rest, err := ParseNodeKey(b)
				return [2]any{k, rest}, err
			},
			Write: func(v any) []byte {
				pair := v.([2]any)
				return append(pair[0].(NodeKey).AppendTo(nil), pair[1].([]byte)...)
			},
		},
		{
			// A root's key takes 9 bytes here and 48 in memory, in a slice that grows. The
			// records are this node's own, and have 512 keys at most.
			Name: "stale record", Spoil: hostile.SpoilBytes, Samples: [][]byte{append(short, long...), nil}, Factor: 32,
			Read:  func(b []byte) (any, error) { return ParseStale(b) },
			Write: func(v any) []byte { return AppendStale(nil, v.([]NodeKey)) },
		},
		{
			Name: "key of a stale record", Spoil: hostile.SpoilBytes, Samples: [][]byte{AppendStaleIndexKey(nil, 9, 3)},
			Read: func(b []byte) (any, error) {
				since, chunk, err := ParseStaleIndexKey(b)
				return [2]uint64{since, uint64(chunk)}, err
			},
			Write: func(v any) []byte {
				pair := v.([2]uint64)
				return AppendStaleIndexKey(nil, pair[0], uint32(pair[1]))
			},
		},
	}
}

// proofReader reads what a stranger says is a proof.
func proofReader(t testing.TB) hostile.Reader {
	m := memory{}
	var updates []Update
	for i := range 40 {
		updates = append(updates, set1(numbered("key", i), numbered("value", i)))
	}
	mustApply(t, m, NoVersion, 1, updates)
	r := hostile.Reader{
		Name: "proof", Spoil: hostile.SpoilBytes,
		Read: func(b []byte) (any, error) {
			p := new(Proof)
			return p, p.UnmarshalBinary(b)
		},
		Write: func(v any) []byte {
			b, err := v.(*Proof).MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
		// 32 bytes of bitmap make 256 siblings of 32 bytes, all of them empty.
		Fixed: hostile.Fixed + 32*MaxSiblings,
	}
	for _, kind := range []string{"key", "absent"} {
		p, err := Prove(m, 1, numbered(kind, 3))
		if err != nil {
			t.Fatal(err)
		}
		b, err := p.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		r.Samples = append(r.Samples, b)
	}
	return r
}

func TestTreeReadersHoldAgainstHostileInput(t *testing.T) { // measures memory: not in parallel
	proof := proofReader(t)
	proof.Hold(t)
	for _, r := range keyReaders() {
		r.Hold(t)
	}
	m := memory{}
	mustApply(t, m, NoVersion, 1, []Update{set1(numbered("key", 1), numbered("value", 1)), set1(numbered("key", 2), numbered("value", 2))})
	for k, b := range m {
		r := hostile.Reader{
			Name: "node", Spoil: hostile.SpoilBytes, Samples: [][]byte{b},
			Read: func(b []byte) (any, error) { return Decode(k, b) },
		}
		r.Hold(t)
	}
}

func FuzzKeys(f *testing.F) { hostile.FuzzAll(f, keyReaders()) }
