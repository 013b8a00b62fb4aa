package tree

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkApply measures one block's batch: updates of random existing keys in
// a tree held in memory. The last metric is what to compare with the budget.
func BenchmarkApply(b *testing.B) {
	for _, leaves := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("leaves=%d", leaves), func(b *testing.B) { // so that -bench can leave out the large one
			m, version := planted(b, leaves)
			for _, batch := range []int{1, 1_000, 5_000} {
				b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) { version = applies(b, m, version, leaves, batch) })
			}
		})
	}
}

// planted is a tree of so many leaves, and its version.
func planted(b *testing.B, leaves int) (linked, Version) {
	b.Helper()
	m := linked{}
	var version Version
	for lo := 0; lo < leaves; lo += 50_000 {
		var updates []Update
		for i := lo; i < min(lo+50_000, leaves); i++ {
			updates = append(updates, set1(numbered("key", i), numbered("value", i)))
		}
		base := version
		if version++; lo == 0 {
			base = NoVersion
		}
		_, c, err := Apply(m, base, version, updates)
		if err != nil {
			b.Fatal(err)
		}
		m.commit(c)
	}
	return m, version
}

// applies measures batches on top of a version, and returns the last one it made.
func applies(b *testing.B, m linked, version Version, leaves, batch int) Version {
	b.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	updates := make([]Update, batch)
	var nodes, bytes int
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for i := range updates {
			updates[i] = set1(numbered("key", rnd.IntN(leaves)), numbered("new", rnd.Int()))
		}
		b.StartTimer()
		_, c, err := Apply(m, version, version+1, updates)
		b.StopTimer()
		if err != nil {
			b.Fatal(err)
		}
		version++
		m.commit(c)
		nodes += len(c.New)
		for _, n := range c.New {
			bytes += len(n.AppendTo(nil))
		}
		b.StartTimer()
	}
	per := float64(b.N) * float64(batch)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/per, "ns/update")
	b.ReportMetric(float64(nodes)/per, "nodes/update")
	b.ReportMetric(float64(bytes)/per, "B-stored/update")
	return version
}

// linked is a tree in memory, as a store has it of recent versions.
type linked map[NodeKey]*Node

func (m linked) Get(key NodeKey) (*Node, error) {
	if n := m[key]; n != nil {
		return n, nil
	}
	return nil, ErrMissing
}

func (m linked) commit(c Change) {
	for _, n := range c.New {
		m[n.Key()] = n
	}
	for _, n := range c.Stale {
		delete(m, n.Key())
	}
}

func BenchmarkProve(b *testing.B) {
	m := linked{}
	var updates []Update
	for i := range 100_000 {
		updates = append(updates, set1(numbered("key", i), numbered("value", i)))
	}
	root, c, err := Apply(m, NoVersion, 1, updates)
	if err != nil {
		b.Fatal(err)
	}
	m.commit(c)
	b.Run("make", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := Prove(m, 1, updates[i%len(updates)].Key); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("verify", func(b *testing.B) {
		p, err := Prove(m, 1, updates[0].Key)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := VerifyInclusion(root, updates[0].Key, updates[0].ValueHash, p); err != nil {
				b.Fatal(err)
			}
		}
	})
}
