package tree

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Every key has exactly the proof that the content calls for, and it survives
// its encoding.
func TestProofsShowTheContent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		updates := drawBatch(t)
		content := (set{}).apply(updates)
		m := memory{}
		root, change, err := Apply(m, NoVersion, 3, updates)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.store(3, change); err != nil {
			t.Fatal(err)
		}
		keys := []Hash{drawKey(t), drawKey(t)}
		for _, u := range updates {
			keys = append(keys, u.Key)
		}
		for _, key := range keys {
			made, err := Prove(m, 3, key)
			if err != nil {
				t.Fatal(err)
			}
			b, err := made.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			var p Proof
			if err := p.UnmarshalBinary(b); err != nil {
				t.Fatal(err)
			}
			value, present := content[key]
			wrong := numbered("wrong", 0)
			in, out := VerifyInclusion(root, key, value, p), VerifyAbsence(root, key, p)
			if present != (in == nil) || present == (out == nil) {
				t.Fatalf("present is %v, but inclusion says %v and absence says %v", present, in, out)
			}
			if VerifyInclusion(root, key, wrong, p) == nil || VerifyInclusion(wrong, key, value, p) == nil || VerifyAbsence(wrong, key, p) == nil {
				t.Fatal("a proof shows another value or another root")
			}
		}
	})
}

func TestProofsOfOldVersions(t *testing.T) {
	t.Parallel()
	m := memory{}
	var updates []Update
	for i := range 500 {
		updates = append(updates, set1(numbered("key", i), numbered("value", i)))
	}
	before, _ := mustApply(t, m, NoVersion, 1, updates)
	key := numbered("key", 7)
	after, change := mustApply(t, m, 1, 2, []Update{del1(key)})
	p1, err1 := Prove(m, 1, key)
	p2, err2 := Prove(m, 2, key)
	if err := errors.Join(err1, err2, VerifyInclusion(before, key, numbered("value", 7), p1), VerifyAbsence(after, key, p2)); err != nil {
		t.Fatal(err)
	}
	for _, n := range change.Stale {
		delete(m, n.Key())
	}
	if _, err := Prove(m, 1, key); !errors.Is(err, ErrMissing) {
		t.Errorf("a pruned version gave %v, want %v", err, ErrMissing)
	}
	if _, err := Prove(m, 2, key); err != nil {
		t.Errorf("pruning damaged a kept version: %v", err)
	}
}

func TestForgedProofsAreRefused(t *testing.T) {
	t.Parallel()
	m := memory{}
	var updates []Update
	for i := range 64 {
		updates = append(updates, set1(numbered("key", i), numbered("value", i)))
	}
	root, _ := mustApply(t, m, NoVersion, 1, updates)
	key, value, absent := numbered("key", 0), numbered("value", 0), numbered("absent", 0)
	in, _ := Prove(m, 1, key)
	other, _ := Prove(m, 1, numbered("key", 1))
	if err := VerifyInclusion(root, key, value, in); err != nil {
		t.Fatal(err)
	}
	cut := Proof{Siblings: in.Siblings[:len(in.Siblings)-1], End: in.End}
	padded := Proof{Siblings: append(slices.Clone(in.Siblings), Empty), End: in.End}
	long := Proof{Siblings: make([]Hash, MaxSiblings+1), End: in.End}
	long.Siblings[MaxSiblings] = value
	for name, err := range map[string]error{
		"absence shown by the leaf of a key that lies elsewhere": VerifyAbsence(root, absent, other),
		"absence of a key that is present":                       VerifyAbsence(root, key, in),
		"absence with the leaf left out":                         VerifyAbsence(root, key, Proof{Siblings: in.Siblings}),
		"absence with another leaf put in":                       VerifyAbsence(root, key, Proof{Siblings: in.Siblings, End: other.End}),
		"inclusion with the leaf left out":                       VerifyInclusion(root, key, value, Proof{Siblings: in.Siblings}),
		"inclusion of another key by its leaf":                   VerifyInclusion(root, absent, value, in),
		"a sibling less":                                         VerifyInclusion(root, key, value, cut),
		"an empty sibling more":                                  VerifyInclusion(root, key, value, padded),
		"more siblings than bits":                                VerifyInclusion(root, key, value, long),
		"the empty proof":                                        VerifyAbsence(root, absent, Proof{}),
	} {
		if !errors.Is(err, ErrProof) {
			t.Errorf("%s: got %v, want %v", name, err, ErrProof)
		}
	}
	if err := VerifyAbsence(Empty, absent, Proof{}); err != nil {
		t.Errorf("the empty tree holds nothing, but: %v", err)
	}
}

func TestProofEncodingIsCanonical(t *testing.T) {
	t.Parallel()
	h := numbered("hash", 0)
	one := append([]byte{0, 0, 1, 0x80}, h[:]...)
	var p Proof
	if err := p.UnmarshalBinary(one); err != nil {
		t.Fatalf("a proof of one sibling: %v", err)
	}
	for name, b := range map[string][]byte{
		"nothing":                      {},
		"an unknown end":               {2, 0, 0},
		"a leaf cut short":             append([]byte{1}, h[:]...),
		"no count":                     {0, 0},
		"a count without bits":         {0, 0, 1},
		"a bit without a hash":         {0, 0, 1, 0x80},
		"bits beyond the count":        append([]byte{0, 0, 1, 0xc0}, h[:]...),
		"a hash beyond the bits":       append(slices.Clone(one), h[:]...),
		"an empty sibling written out": append([]byte{0, 0, 1, 0x80}, Empty[:]...),
		"an empty sibling at the end":  append([]byte{0, 0, 2, 0x80}, h[:]...),
		"more siblings than bits":      append([]byte{0, 1, 1}, make([]byte, 33)...),
		"more bytes than any proof":    make([]byte, MaxProofSize+1),
	} {
		if err := p.UnmarshalBinary(b); !errors.Is(err, ErrProof) {
			t.Errorf("%s: got %v, want %v", name, err, ErrProof)
		}
	}
}

// The longest way there is: two keys that part at the last bit.
func TestLongestProofIsWithinItsCap(t *testing.T) {
	t.Parallel()
	m := memory{}
	var updates []Update
	key := numbered("key", 0)
	for i := range 256 {
		k := key
		k[i/8] ^= 0x80 >> (i % 8)
		updates = append(updates, set1(k, key))
	}
	root, _ := mustApply(t, m, NoVersion, 1, append(updates, set1(key, key)))
	p, err := Prove(m, 1, key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.MarshalBinary()
	if err != nil || len(b) != MaxProofSize {
		t.Fatalf("%d bytes (%v), want %d", len(b), err, MaxProofSize)
	}
	if err := VerifyInclusion(root, key, key, p); err != nil {
		t.Error(err)
	}
}

func TestNodeAndStaleKeysRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.Custom(func(t *rapid.T) NodeKey {
			k := drawKey(t)
			return keyAt(rapid.Uint64().Draw(t, "version"), rapid.IntRange(0, maxDepth).Draw(t, "depth"), &k)
		})
		keys := rapid.SliceOfN(draw, 1, 5).Draw(t, "keys")
		got, err := ParseStale(AppendStale(nil, keys))
		if err != nil || !slices.Equal(got, keys) {
			t.Fatalf("got %v (%v), want %v", got, err, keys)
		}
		for _, k := range keys {
			if b := k.AppendTo(nil); len(b) > MaxNodeKeySize {
				t.Fatalf("%d bytes of key, at most %d", len(b), MaxNodeKeySize)
			}
		}
		v, c := rapid.Uint64().Draw(t, "since"), rapid.Uint32().Draw(t, "chunk")
		enc := AppendStaleIndexKey(nil, v, c)
		if v2, c2, err := ParseStaleIndexKey(enc); err != nil || v2 != v || c2 != c {
			t.Fatalf("got %d %d (%v), want %d %d", v2, c2, err, v, c)
		}
		if v < NoVersion && bytes.Compare(enc, AppendStaleIndexKey(nil, v+1, 0)) >= 0 {
			t.Fatal("stale records do not sort by version")
		}
	})
}

func TestNodeKeysThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	version := make([]byte, 8)
	for name, b := range map[string][]byte{
		"nothing":                  {},
		"a version only":           version,
		"a path cut short":         append(slices.Clone(version), 3, 0x12),
		"a path longer than depth": append(slices.Clone(version), 1, 0x12),
		"a depth beyond all keys":  append(append(slices.Clone(version), 64), make([]byte, 32)...),
	} {
		if _, _, err := ParseNodeKey(b); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v, want %v", name, err, ErrCorrupt)
		}
	}
	if _, err := ParseStale([]byte{1}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a stale record of one byte: got %v", err)
	}
	if _, _, err := ParseStaleIndexKey(version); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a stale record key of 8 bytes: got %v", err)
	}
	if got := keyAt(7, 3, &Hash{0xab, 0xcd}).String(); got != "7/abc" {
		t.Errorf("key prints as %q", got)
	}
}
