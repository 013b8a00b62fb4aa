package tree

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func set1(k, v Hash) Update { return Update{Key: k, ValueHash: v} }
func del1(k Hash) Update    { return Update{Key: k, Delete: true} }

// near gives keys that share a long prefix: they differ from the zero key only
// in the bits of the last byte.
func near(last byte) Hash { return Hash{31: last} }

func TestRootOfOneBatch(t *testing.T) {
	t.Parallel()
	v := numbered("value", 0)
	high := Hash{0: 0x80}
	for name, updates := range map[string][]Update{
		"nothing":                             nil,
		"one key":                             {set1(near(0), v)},
		"two keys parting at the first bit":   {set1(near(0), v), set1(high, v)},
		"two keys parting at the last bit":    {set1(near(0), v), set1(near(1), v)},
		"keys parting inside the last nibble": {set1(near(0), v), set1(near(3), v), set1(near(9), v)},
		"a deep pair beside a shallow leaf":   {set1(near(0), v), set1(near(1), v), set1(high, v)},
		"the last of several updates of a key": {
			set1(near(0), numbered("value", 1)), set1(near(1), v), set1(near(0), numbered("value", 2))},
		"a key set and then deleted": {set1(near(0), v), set1(near(1), v), del1(near(1))},
		"a key deleted and then set": {del1(near(0)), set1(near(0), v)},
		"only deletes":               {del1(near(0)), del1(near(1)), del1(high)},
		"a value hash of all zeros":  {set1(near(0), Hash{}), set1(high, Hash{})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			given := slices.Clone(updates)
			got, _ := mustApply(t, memory{}, NoVersion, 0, updates)
			if want := (set{}).apply(updates).root(); got != want {
				t.Errorf("root %x, want %x", got, want)
			}
			if !slices.Equal(given, updates) {
				t.Error("the updates given were changed")
			}
		})
	}
}

// These roots are what a second implementation has to come to.
func TestRootsOnRecord(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{
		0:    "0000000000000000000000000000000000000000000000000000000000000000",
		1:    "76aac0d0bfc616899ba560f2f575df86e37c1c857763db3740fcb544ac254fc4",
		2:    "9f784e75a33c53120319786d25dcabb37338d1fc0ac7bb494704cb5618b69a32",
		1000: "7977fcfa44d7891d503c4f164829836787905340e6b4ee01473f6a10afff0ecc",
	} {
		var updates []Update
		for i := range n {
			updates = append(updates, set1(numbered("key", i), numbered("value", i)))
		}
		root, _ := mustApply(t, memory{}, NoVersion, 0, updates)
		if got := hex.EncodeToString(root[:]); got != want {
			t.Errorf("root of %d pairs is %s, want %s", n, got, want)
		}
	}
}

func TestDeletesCollapse(t *testing.T) {
	t.Parallel()
	v, high := numbered("value", 0), Hash{0: 0x80}
	m := memory{}
	mustApply(t, m, NoVersion, 1, []Update{set1(near(0), v), set1(near(1), v), set1(high, v)})
	if len(m) != 64 {
		t.Fatalf("two keys parting at the last bit are stored in %d nodes, want one a nibble", len(m))
	}
	// The pair loses one leaf: the other moves up 63 nodes.
	root, change := mustApply(t, m, 1, 2, []Update{del1(near(1))})
	if len(change.New) != 1 || len(change.Stale) != 64 {
		t.Errorf("%d new and %d stale nodes, want 1 and 64", len(change.New), len(change.Stale))
	}
	if want := (set{near(0): v, high: v}).root(); root != want {
		t.Errorf("root %x, want %x", root, want)
	}
	// Down to one leaf, then to none, then up again.
	for i, step := range []struct {
		update Update
		want   set
	}{
		{del1(high), set{near(0): v}},
		{del1(near(0)), set{}},
		{set1(high, v), set{high: v}},
	} {
		root, change = mustApply(t, m, uint64(2+i), uint64(3+i), []Update{step.update})
		if root != step.want.root() || len(change.New) != 1 {
			t.Errorf("step %d: root %x with %d new nodes, want %x with 1", i, root, len(change.New), step.want.root())
		}
	}
}

func TestUpdatesThatChangeNothingStoreOnlyTheRoot(t *testing.T) {
	t.Parallel()
	m, updates := memory{}, []Update{}
	for i := range 100 {
		updates = append(updates, set1(numbered("key", i), numbered("value", i)))
	}
	root, _ := mustApply(t, m, NoVersion, 5, updates)
	again := append(slices.Clone(updates), del1(numbered("absent", 0)), del1(numbered("absent", 1)))
	got, change := mustApply(t, m, 5, 9, again)
	if got != root {
		t.Errorf("root %x, want %x", got, root)
	}
	if len(change.New) != 1 || !slices.Equal(write(change).Stale, []NodeKey{RootKey(5)}) {
		t.Errorf("%d new nodes and stale %v, want only the root of each", len(change.New), write(change).Stale)
	}
}

func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	m := memory{}
	mustApply(t, m, NoVersion, 5, []Update{set1(near(0), Hash{}), set1(near(1), Hash{})})
	torn := memory{RootKey(5): m[RootKey(5)][:20]}
	holed := memory{RootKey(5): m[RootKey(5)]}
	for name, c := range map[string]struct {
		r             Reader
		base, version Version
		want          error
	}{
		"the same version again":       {m, 5, 5, ErrVersion},
		"an earlier version":           {m, 5, 4, ErrVersion},
		"no version":                   {m, 5, NoVersion, ErrVersion},
		"a base that is not stored":    {m, 4, 6, ErrMissing},
		"a base whose node is damaged": {torn, 5, 6, ErrCorrupt},
		"a base that lacks a node":     {holed, 5, 6, ErrMissing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := Apply(c.r, c.base, c.version, []Update{set1(near(2), Hash{})})
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// drawKey draws keys that collide and share prefixes often.
func drawKey(t *rapid.T) Hash {
	var k Hash
	pattern := rapid.SampledFrom([]byte{0x00, 0x80, 0x11, 0x0f}).Draw(t, "pattern")
	for i := range rapid.SampledFrom([]int{0, 1, 2, 5, 31}).Draw(t, "shared") {
		k[i] = pattern
	}
	k[31] = rapid.SampledFrom([]byte{0, 1, 2, 8, 16}).Draw(t, "last")
	k[rapid.SampledFrom([]int{0, 1, 2, 5}).Draw(t, "at")] ^= rapid.Byte().Draw(t, "byte")
	return k
}

func drawBatch(t *rapid.T) []Update {
	known := rapid.SliceOfN(rapid.Custom(drawKey), 1, 30).Draw(t, "keys")
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Update {
		return Update{
			Key:       rapid.SampledFrom(known).Draw(t, "key"),
			ValueHash: numbered("value", rapid.IntRange(0, 3).Draw(t, "value")),
			Delete:    rapid.IntRange(0, 2).Draw(t, "delete") == 0,
		}
	}), 0, 40).Draw(t, "batch")
}

// Over any batches, every version's root follows the rule, and pruning by the
// stale lists removes exactly the nodes that no kept version reaches.
func TestVersionsFollowTheRuleAndPrune(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, content := memory{}, set{}
		base, version := NoVersion, uint64(0)
		roots := map[Version]Hash{}
		staleSince := map[Version][]NodeKey{}
		linked := &tip{}
		for range rapid.IntRange(1, 6).Draw(t, "batches") {
			version += rapid.Uint64Range(1, 300).Draw(t, "step")
			updates := drawBatch(t)
			root, change, err := Apply(m, base, version, updates)
			if err != nil {
				t.Fatal(err)
			}
			root2, change2, err := Apply(m, base, version, updates)
			if err != nil || root2 != root || !reflect.DeepEqual(write(change), write(change2)) {
				t.Fatalf("the same batch gave another change")
			}
			// In memory nodes lead to others, as far back as Keep says, and what is asked for is older.
			linked.stored = m
			root3, change3, err := Apply(linked, base, version, updates)
			if err != nil || root3 != root || !reflect.DeepEqual(write(change), write(change3)) {
				t.Fatalf("the same batch in memory gave root %x (%v) and another change", root3, err)
			}
			linked.root = change3.New[0]
			linked.keep = rapid.Uint64Range(linked.keep, version).Draw(t, "keep")
			linked.root.Keep(linked.keep)
			if err := m.store(version, change); err != nil {
				t.Fatal(err)
			}
			content = content.apply(updates)
			if want := content.root(); root != want {
				t.Fatalf("root %x, want %x", root, want)
			}
			base, roots[version], staleSince[version] = version, root, write(change).Stale
		}
		for v, want := range roots {
			if got, err := Root(m, v); err != nil || got != want {
				t.Fatalf("stored root of %d is %x (%v), want %x", v, got, err, want)
			}
		}
		for _, stale := range staleSince {
			for _, k := range stale {
				delete(m, k)
			}
		}
		seen := memory{}
		reach(t, m, RootKey(base), Hash{}, seen)
		if len(seen) != len(m) {
			t.Fatalf("%d nodes are left, the tip reaches %d", len(m), len(seen))
		}
		// The pruned tree is still whole: replacing all of it goes through.
		var wipe []Update
		for k := range content {
			wipe = append(wipe, del1(k))
		}
		if root, _, err := Apply(m, base, base+1, wipe); err != nil || root != Empty {
			t.Fatalf("deleting everything gave root %x (%v)", root, err)
		}
	})
}

// tip has the root of the tip in memory, and all other nodes written down.
type tip struct {
	root   *Node
	keep   Version // of the root
	stored memory
}

func (l *tip) Get(key NodeKey) (*Node, error) {
	switch {
	case l.root != nil && key == l.root.Key():
		return l.root, nil
	case l.root != nil && key.Version >= l.keep:
		return nil, fmt.Errorf("node %v is asked for, with those from %d on kept", key, l.keep)
	}
	return l.stored.Get(key)
}

// reach collects every node below key.
func reach(t *rapid.T, m memory, key NodeKey, path Hash, seen memory) {
	stored, err := load(m, key)
	if err != nil {
		t.Fatalf("a node of the tip is gone: %v", err)
	}
	n := new(node)
	n.open(stored)
	seen[key] = m[key]
	for i := range n.children {
		if n.kind(i) == inner {
			below := path
			below[key.Depth/2] |= byte(i) << (4 * (1 - key.Depth%2))
			reach(t, m, keyAt(n.children[i].version, int(key.Depth)+1, &below), below, seen)
		}
	}
}

// inAnyOrder runs everything at once, begun in an order of its own.
func inAnyOrder(seed uint64) func(n int, do func(i int)) {
	return func(n int, do func(i int)) {
		var all sync.WaitGroup
		for _, i := range rand.New(rand.NewPCG(seed, 0)).Perm(n) {
			all.Go(func() { do(i) })
		}
		all.Wait()
	}
}

// What goroutines share out among them comes to the same root, the same nodes in the same order, and the same stale ones.
func TestPartsInAnyOrderMakeTheSameTree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := memory{}
		key := rapid.Custom(func(t *rapid.T) Hash {
			k := numbered("key", rapid.IntRange(0, 400).Draw(t, "key"))
			k[0] &= rapid.SampledFrom([]byte{0xff, 0x13, 0x01}).Draw(t, "crowd") // some slots of the root hold many, some a leaf, some nothing
			return k
		})
		update := rapid.Custom(func(t *rapid.T) Update {
			return Update{Key: key.Draw(t, "at"), ValueHash: numbered("value", rapid.IntRange(0, 3).Draw(t, "value")), Delete: rapid.IntRange(0, 3).Draw(t, "delete") == 0}
		})
		base := NoVersion
		for version := range Version(rapid.IntRange(1, 5).Draw(t, "versions")) {
			updates := rapid.SliceOfN(update, 0, 300).Draw(t, "updates")
			root, change, err := Apply(m, base, version, updates)
			if err != nil {
				t.Fatal(err)
			}
			shared, also, err := ApplyParts(m, base, version, updates, inAnyOrder(rapid.Uint64().Draw(t, "order")))
			if err != nil {
				t.Fatal(err)
			}
			if shared != root || !reflect.DeepEqual(write(also), write(change)) {
				t.Fatalf("version %d: root %x and %d nodes, %d stale; alone %x and %d, %d", version, shared, len(also.New), len(also.Stale), root, len(change.New), len(change.Stale))
			}
			if err := m.store(version, change); err != nil {
				t.Fatal(err)
			}
			base = version
		}
	})
}

func TestAPartThatCannotBeReadIsHeard(t *testing.T) {
	t.Parallel()
	m := memory{}
	var updates []Update
	for i := range 1000 {
		updates = append(updates, set1(numbered("key", i), numbered("value", 0)))
	}
	mustApply(t, m, NoVersion, 0, updates)
	for key := range m {
		if key.Depth == 1 && key.Path[0] == 0x70 {
			delete(m, key)
		}
	}
	for i := range updates {
		updates[i].ValueHash = numbered("value", 1)
	}
	if _, _, err := ApplyParts(m, 0, 1, updates, inAnyOrder(4)); !errors.Is(err, ErrMissing) {
		t.Errorf("error %v, want %v", err, ErrMissing)
	}
}
