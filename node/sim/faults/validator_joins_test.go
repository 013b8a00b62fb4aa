package faults_test

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/faults"
)

// ballot counts by validator what certificates and headers say of it.
type ballot struct {
	sim.Watching
	height         uint64
	signed, forged map[chain.Address]int
	joined         []chain.Address // validators that have no stake in the genesis
}

func (b *ballot) Decided(_ *sim.Node, d replica.Decision) {
	if d.Block.Header.Height <= b.height {
		return
	}
	b.height = d.Block.Header.Height
	b.forged[d.Block.Header.Forger]++
	for i := range d.Set.Len() {
		if d.Certificate.Signers[i/8]&(1<<(i%8)) != 0 {
			b.signed[d.Set.At(i).Address]++
		}
	}
}

func (b *ballot) End(w *sim.World) {
	for _, n := range w.Nodes()[len(w.Validators()):] {
		if n.Up() && n.Replica().View().Validator {
			b.joined = append(b.joined, n.Account.Public())
		}
	}
}

func TestWhoJoinedVotesAndForges(t *testing.T) {
	t.Parallel()
	f, err := faults.Find("validator-joins")
	if err != nil {
		t.Fatal(err)
	}
	b := &ballot{signed: map[chain.Address]int{}, forged: map[chain.Address]int{}}
	res, err := sim.Run(sim.Config{
		Seed: 1, Nodes: 4, Followers: 1, Heights: 200, CalmHeights: 50, TxEvery: 50, Faults: []sim.Fault{f}, Checkers: []sim.Checker{b},
	})
	if err != nil || len(res.Violations) > 0 {
		t.Fatalf("%v %v", err, res.Violations)
	}
	if len(b.joined) == 0 {
		t.Fatal("nobody became a validator")
	}
	for _, a := range b.joined {
		if b.signed[a] == 0 || b.forged[a] == 0 {
			t.Errorf("%s is in the set, signed %d of %d certificates and forged %d blocks", a, b.signed[a], b.height, b.forged[a])
		}
	}
}
