package tree

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"testing"
)

// set is a tree's content, and its specification: root is the rule of the
// package comment, word by word.
type set map[Hash]Hash

func (s set) root() Hash { return s.rootBelow(0) }

func (s set) rootBelow(depth int) Hash {
	switch len(s) {
	case 0:
		return Hash{}
	case 1:
		for k, v := range s {
			return sha256.Sum256(append(append([]byte{0}, k[:]...), v[:]...))
		}
	}
	halves := [2]set{{}, {}}
	for k, v := range s {
		halves[k[depth/8]>>(7-depth%8)&1][k] = v
	}
	l, r := halves[0].rootBelow(depth+1), halves[1].rootBelow(depth+1)
	return sha256.Sum256(append(append([]byte{1}, l[:]...), r[:]...))
}

func (s set) apply(updates []Update) set {
	next := maps.Clone(s)
	for _, u := range updates {
		if u.Delete {
			delete(next, u.Key)
		} else {
			next[u.Key] = u.ValueHash
		}
	}
	return next
}

// memory is a stored tree in a map.
type memory map[NodeKey][]byte

func (m memory) Get(key NodeKey) (*Node, error) {
	b, ok := m[key]
	if !ok {
		return nil, ErrMissing
	}
	return Decode(key, b)
}

// plain is a change as it is written down.
type plain struct {
	New   []string // key and bytes of each node
	Stale []NodeKey
}

func write(c Change) (p plain) {
	for _, n := range c.New {
		p.New = append(p.New, n.Key().String()+": "+string(n.AppendTo(nil)))
	}
	for _, n := range c.Stale {
		p.Stale = append(p.Stale, n.Key())
	}
	return p
}

// store writes a change as a real store would, and checks what a change promises.
func (m memory) store(version Version, c Change) error {
	var last string
	for _, n := range c.New {
		if n.Key().Version != version {
			return fmt.Errorf("new node %v is not of version %d", n.Key(), version)
		}
		if _, ok := m[n.Key()]; ok {
			return fmt.Errorf("new node %v is stored already", n.Key())
		}
		enc := string(n.Key().AppendTo(nil))
		if enc <= last {
			return fmt.Errorf("new node %v is out of order", n.Key())
		}
		last = enc
		m[n.Key()] = n.AppendTo(nil)
	}
	for _, n := range c.Stale {
		k := n.Key()
		if _, ok := m[k]; !ok || k.Version == version {
			return fmt.Errorf("stale node %v is not stored by an earlier version", k)
		}
	}
	return nil
}

// numbered is a key or value spread over the whole space.
func numbered(kind string, i int) Hash {
	return sha256.Sum256(fmt.Append(nil, kind, i))
}

func mustApply(t testing.TB, m memory, base, version Version, updates []Update) (Hash, Change) {
	t.Helper()
	root, change, err := Apply(m, base, version, updates)
	if err != nil {
		t.Fatalf("apply version %d on %d: %v", version, base, err)
	}
	if err := m.store(version, change); err != nil {
		t.Fatal(err)
	}
	return root, change
}
