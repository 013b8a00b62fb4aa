package tree

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// build makes a tree in bulk and keeps its nodes.
func build(version Version, leaves []Update) (Hash, memory, error) {
	m := memory{}
	var last [maxDepth + 1][]byte
	b := NewBuilder(version, func(n *Node) error {
		if _, twice := m[n.Key()]; twice {
			return errors.New("a node is given twice")
		}
		enc := n.Key().AppendTo(nil)
		if bytes.Compare(enc, last[n.Key().Depth]) <= 0 {
			return errors.New("the nodes of a depth are out of order")
		}
		m[n.Key()], last[n.Key().Depth] = n.AppendTo(nil), enc
		return nil
	})
	for _, u := range leaves {
		if err := b.Add(u.Key, u.ValueHash); err != nil {
			return Hash{}, nil, err
		}
	}
	root, err := b.Finish()
	return root, m, err
}

func TestABulkBuildGivesTheNodesThatApplyGives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		content := map[Hash]Hash{}
		for _, k := range rapid.SliceOfN(rapid.Custom(drawKey), 0, 60).Draw(t, "keys") {
			content[k] = Hash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "value"))
		}
		var leaves []Update
		for k, v := range content {
			leaves = append(leaves, set1(k, v))
		}
		slices.SortFunc(leaves, func(a, b Update) int { return bytes.Compare(a.Key[:], b.Key[:]) })
		want, change, err := Apply(memory{}, NoVersion, 7, leaves)
		if err != nil {
			t.Fatal(err)
		}
		applied := memory{}
		if err := applied.store(7, change); err != nil {
			t.Fatal(err)
		}
		got, built, err := build(7, leaves)
		if err != nil {
			t.Fatal(err)
		}
		if got != want || !reflect.DeepEqual(built, applied) {
			t.Fatalf("root %x and %d nodes, Apply gives %x and %d", got[:4], len(built), want[:4], len(applied))
		}
	})
}

// A tree built in bulk is one that blocks are applied to.
func TestABulkBuiltTreeGoesOn(t *testing.T) {
	t.Parallel()
	var leaves []Update
	for i := range 5000 {
		leaves = append(leaves, set1(numbered("key", i), numbered("value", i)))
	}
	_, applied, err := Apply(memory{}, NoVersion, 3, leaves)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(leaves, func(a, b Update) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	_, built, err := build(3, leaves)
	if err != nil {
		t.Fatal(err)
	}
	other := memory{}
	if err := other.store(3, applied); err != nil {
		t.Fatal(err)
	}
	batch := []Update{set1(numbered("key", 17), Hash{1}), set1(numbered("new", 1), Hash{2}), del1(numbered("key", 4000))}
	want, wantChange, err1 := Apply(other, 3, 4, batch)
	got, gotChange, err2 := Apply(built, 3, 4, batch)
	if err1 != nil || err2 != nil || got != want || !reflect.DeepEqual(write(gotChange), write(wantChange)) {
		t.Fatalf("a batch on the built tree gives %x (%v), on the applied one %x (%v)", got[:4], err2, want[:4], err1)
	}
}

func TestABulkBuildRefuses(t *testing.T) {
	t.Parallel()
	failing := errors.New("disk")
	for name, c := range map[string]struct {
		version Version
		keys    []Hash
		emit    error
		want    error
	}{
		"a key twice":                     {1, []Hash{near(1), near(1)}, nil, nil},
		"keys that descend":               {1, []Hash{near(2), near(1)}, nil, nil},
		"no version":                      {NoVersion, []Hash{near(1)}, nil, ErrVersion},
		"no version, and no leaf":         {NoVersion, nil, nil, ErrVersion},
		"to go on after a failed write":   {1, []Hash{near(1), near(2), {0: 1}}, failing, failing},
		"to end after a failed last node": {1, []Hash{near(1)}, failing, failing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := NewBuilder(c.version, func(*Node) error { return c.emit })
			var err error
			for _, k := range c.keys {
				if err == nil {
					err = b.Add(k, Hash{})
				}
			}
			if err == nil {
				_, err = b.Finish()
			}
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
	b := NewBuilder(1, func(*Node) error { return nil })
	if _, err := b.Finish(); err != nil {
		t.Fatal(err)
	}
	if err := b.Add(near(1), Hash{}); err == nil {
		t.Error("a finished tree took a leaf")
	}
}

// BenchmarkBuild builds the tree of a million accounts whose keys are sorted already.
func BenchmarkBuild(b *testing.B) {
	const leaves = 1_000_000
	all := make([]Update, leaves)
	for i := range all {
		all[i] = set1(numbered("key", i), numbered("value", i))
	}
	slices.SortFunc(all, func(x, y Update) int { return bytes.Compare(x.Key[:], y.Key[:]) })
	b.ReportAllocs()
	for b.Loop() {
		nodes, size := 0, 0
		t := NewBuilder(1, func(n *Node) error { nodes++; size += len(n.AppendTo(nil)); return nil })
		for i := range all {
			if err := t.Add(all[i].Key, all[i].ValueHash); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := t.Finish(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(nodes)/leaves, "nodes/leaf")
		b.ReportMetric(float64(size)/leaves, "B-stored/leaf")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/leaves, "ns/leaf")
}
