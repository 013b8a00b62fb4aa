package tree

import (
	"bytes"
	"testing"
)

// Whatever bytes come, decoding neither panics nor lets one proof have two
// encodings, and nothing but the truth verifies.
func FuzzProof(f *testing.F) {
	m, content := memory{}, set{}
	var updates []Update
	for i := range 40 {
		updates = append(updates, set1(numbered("key", i), numbered("value", i)))
	}
	root, _ := mustApply(f, m, NoVersion, 1, updates)
	content = content.apply(updates)
	for i := range 4 {
		for _, kind := range []string{"key", "absent"} {
			p, err := Prove(m, 1, numbered(kind, i))
			if err != nil {
				f.Fatal(err)
			}
			b, err := p.MarshalBinary()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b, uint8(i), kind == "key")
		}
	}
	f.Add([]byte{}, uint8(0), true)
	f.Fuzz(func(t *testing.T, b []byte, i uint8, ours bool) {
		var p Proof
		if p.UnmarshalBinary(b) != nil {
			return
		}
		again, err := p.MarshalBinary()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x decodes to a proof that encodes to %x (%v)", b, again, err)
		}
		key := numbered("absent", int(i))
		if ours {
			key = numbered("key", int(i))
		}
		value, present := content[key]
		if VerifyAbsence(root, key, p) == nil && present {
			t.Fatal("a proof shows a present key absent")
		}
		if p.End != nil && VerifyInclusion(root, key, p.End.ValueHash, p) == nil && (!present || p.End.ValueHash != value) {
			t.Fatal("a proof shows what is not in the tree")
		}
	})
}

// A damaged node is refused or read as something that encodes to the same bytes.
func FuzzNode(f *testing.F) {
	m := memory{}
	var updates []Update
	for i := range 40 {
		updates = append(updates, set1(numbered("key", i), numbered("value", i)))
	}
	mustApply(f, m, NoVersion, 300, updates)
	for k, b := range m {
		f.Add(k.Version, k.Depth, b)
	}
	f.Fuzz(func(t *testing.T, version uint64, depth uint8, b []byte) {
		key := NodeKey{Version: version, Depth: depth & maxDepth}
		n, err := Decode(key, b)
		if err != nil {
			return
		}
		if again := n.AppendTo(nil); !bytes.Equal(again, b) {
			t.Fatalf("%x decodes to a node that encodes to %x", b, again)
		}
		var w node
		w.open(n)
		w.reduce()
		if again := w.node(key, NoVersion).AppendTo(nil); !bytes.Equal(again, b) {
			t.Fatalf("%x is opened to a node that encodes to %x", b, again)
		}
	})
}
