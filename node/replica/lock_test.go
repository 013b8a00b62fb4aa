package replica_test

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/replica"
)

// withAnother is a network of the validator and another one, neither of
// which can decide alone, where the validator forges block 1.
func withAnother(t *testing.T) *chain.Genesis {
	t.Helper()
	for i := range 100 {
		g := network(func(g *chain.Genesis) {
			g.ChainID = fmt.Sprintf("two-%d", i)
			a := seeded(3, 0).Public()
			g.Validators = append(g.Validators, chain.GenesisValidator{Address: a, Keys: chain.ValidatorKeys{
				Consensus: seeded(3, 1).Public(), VRF: seeded(3, 2).Public(), Peer: seeded(3, 3).Public(),
			}})
			g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: faucet.Public(), Validator: a, Amount: 800_000})
		})
		out, err := ledger.FromGenesis(g)
		must(t, err)
		if out.Next.At(out.Next.Winner(out.System.Seed, 1, 0)).Address == account.Public() {
			return g
		}
	}
	t.Fatal("the validator never wins")
	return nil
}

func TestAValidatorThatLostItsLogSignsNothingMoreInTheHeightItWasAt(t *testing.T) {
	t.Parallel()
	g, mem, w := withAnother(t), newDisk(t), newWitness()
	m, err := bootInto(g, mem, w, true)
	must(t, err)
	other := seeded(3, 1)
	says := func(m *machine, v chain.Vote) {
		s := chain.SignedVote{Vote: v, Validator: seeded(3, 0).Public(), Signature: other.Sign(chain.VoteMessage(g.Hash(), &v))}
		must(t, m.replica.Frame("other", seeded(3, 3).Public(), replica.FrameVote, chain.Encode(&s)))
	}
	tells := func(m *machine, s chain.VoteState) {
		must(t, m.replica.Frame("other", seeded(3, 3).Public(), replica.FrameState, chain.Encode(&s)))
	}
	// It forges block 1, is locked on it and precommits it.
	tells(m, chain.VoteState{Height: 1})
	must(t, m.pay())
	m.pass(100)
	hash, ok := w.slots[slot{byte(chain.Prevote), 1, 0}]
	if !ok || hash.IsZero() {
		t.Fatal("it has not prevoted its block")
	}
	says(m, chain.Vote{Kind: chain.Prevote, Height: 1, BlockHash: hash})
	if w.slots[slot{byte(chain.Precommit), 1, 0}] != hash {
		t.Fatal("it has not precommitted its block")
	}
	lost := mem.CrashClone(vfs.CrashCloneCfg{})
	must(t, m.close())

	// The log that holds the lock does not come back.
	must(t, lost.RemoveAll("wal"))
	m, err = bootInto(g, lost, w, true)
	must(t, err)
	tells(m, chain.VoteState{Height: 1, Round: 1})
	says(m, chain.Vote{Kind: chain.Prevote, Height: 1, Round: 1})
	m.pass(10_000)
	for s := range w.slots {
		if s.height == 1 && s.round > 0 {
			t.Errorf("without its lock it signed a message of kind %d in round %d", s.kind, s.round)
		}
	}

	// The others decide, and it is a validator like before.
	p := w.proposed
	set := m.replica.View().Set
	c := chain.Certificate{Height: 1, BlockHash: hash, Signers: []byte{3}}
	v := c.Vote()
	for i := range set.Len() {
		k := consensusKey
		if set.At(i).Address != account.Public() {
			k = other
		}
		c.Signatures = append(c.Signatures, k.Sign(chain.VoteMessage(g.Hash(), &v)))
	}
	must(t, m.replica.Certified(p.Block, chain.Encode(&c)))
	tells(m, chain.VoteState{Height: 2})
	must(t, m.pay())
	m.pass(10_000)
	if _, ok := w.slots[slot{byte(chain.Prevote), 2, 0}]; !ok || m.halted != "" {
		t.Errorf("in the next height it does not vote (halted %q)", m.halted)
	}
	if len(w.lies) > 0 {
		t.Error(w.lies)
	}
	must(t, m.close())
}
