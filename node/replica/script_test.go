package replica_test

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/stake"
	"github.com/posnet/posnet/node/wal"
)

// A story is a run whose every file operation a crash is tried at.
type story struct {
	name    string
	genesis *chain.Genesis
	height  uint64 // of its end
	witness func() *witness
	play    func(m *machine) error // from the first start to the end
	// check looks at how the run went, when nothing disturbed it.
	check func(m *machine) error
}

// prepare puts a validator on a disk whose sign-state has room for 13 more
// signatures, and whose consensus log for few more heights: both are rotated
// within a story.
func prepare(fsys vfs.FS) error {
	if err := signer.Create(fsys, keep, consensusKey, vrfKey); err != nil {
		return err
	}
	c, v := consensusKey.Public(), vrfKey.Public()
	err := wal.Create(fsys, keep+"/sign-state", wal.Options{Label: "posnet/sign-state/v1", Slot: 256, Chunk: 4096},
		wal.Record{Type: 1, Data: append(c[:], v[:]...)})
	if err != nil {
		return err
	}
	if err := fsys.MkdirAll("wal", 0o700); err != nil {
		return err
	}
	root, err := fsys.OpenDir("")
	if err != nil {
		return err
	}
	if err := errors.Join(root.Sync(), root.Close()); err != nil {
		return err
	}
	// Of a height that is over: what a log may hold, and is of no more use.
	old := consensus.Record{Proposal: &chain.SignedProposal{Block: make([]byte, 777<<10)}}
	return wal.Create(fsys, "wal/consensus.wal", wal.Options{Label: "posnet/consensus/v1"}, wal.Record{Type: 1, Data: chain.Encode(&old)})
}

// alone is the story of the only validator of a network.
func alone() story {
	return story{
		name: "a single validator", genesis: genesis, height: 8, witness: newWitness,
		play: func(m *machine) error {
			for h := uint64(1); h <= 8; h++ {
				if err := m.reach(h); err != nil {
					return err
				}
				if _, err := m.store.Prune(2); err != nil {
					return err
				}
			}
			return nil
		},
		check: func(*machine) error { return nil },
	}
}

// crowd is a network of the validator and three like it, in which the lottery
// draws what the story of four needs.
func crowd() (*chain.Genesis, error) {
	for i := range 4000 {
		g := network(func(g *chain.Genesis) {
			g.ChainID = fmt.Sprintf("four-%d", i)
			g.Params.SetDelay = 2
			for j := range judges {
				a := judge(j, 0).Public()
				g.Validators = append(g.Validators, chain.GenesisValidator{Address: a, Keys: chain.ValidatorKeys{
					Consensus: judge(j, 1).Public(), VRF: judge(j, 2).Public(), Peer: judge(j, 3).Public(),
				}})
				g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: faucet.Public(), Validator: a, Amount: 1_000_000})
			}
		})
		out, err := ledger.FromGenesis(g)
		if err != nil {
			return nil, err
		}
		if suits(g, out.Next, out.System.Seed) {
			return g, nil
		}
	}
	return nil, errors.New("no lottery suits the story")
}

// suits looks at the draws of a network: who proposes when follows from the
// seed, and what the rounds of the blocks are is the story's.
func suits(g *chain.Genesis, set *stake.Set, seed chain.Hash) bool {
	self := account.Public()
	own := func(height, round uint64) bool { return set.At(set.Winner(seed, height, round)).Address == self }
	next := func(height uint64) { // the seed after a block of round 0
		key := vrfKey
		for i := range judges {
			if set.At(set.Winner(seed, height, 0)).Address == judge(i, 0).Public() {
				key = judge(i, 2)
			}
		}
		beta, err := keys.VRFHash(keys.VRFProve(key, stake.VRFInput(g.Hash(), seed, height)))
		if err == nil {
			seed = stake.NextSeed(seed, beta[:])
		}
	}
	next(1)
	if own(2, 0) || own(2, 1) || own(2, 2) {
		return false
	}
	seed = stake.NextSeed(seed, nil) // block 2 is of round 1
	if own(3, 0) || own(3, 1) {
		return false
	}
	seed = stake.NextSeed(seed, nil) // and so is block 3
	if own(4, 0) {
		return false
	}
	next(4)
	return own(5, 0)
}

// amongFour is the story of one validator of four: a plain height; a lock, and
// another block later that unlocks it; a round for nothing; a block that the
// others decide without it; its own block, with stake that changes the set; and
// the set changed.
func amongFour() (story, error) {
	g, err := crowd()
	if err != nil {
		return story{}, err
	}
	return story{
		name: "one validator of four", genesis: g, height: 8,
		witness: func() *witness {
			w := newWitness()
			w.court = newCourt(g)
			w.court.w = w
			return w
		},
		play: func(m *machine) error {
			c := m.w.court
			for h, scene := range []func(*machine) error{
				nil, nil, c.lockAndUnlock, c.roundForNothing, c.decideWithout, c.changeSet, nil, nil, nil,
			} {
				if scene != nil {
					if err := scene(m); err != nil {
						return fmt.Errorf("scene of height %d: %w", h, err)
					}
				}
				if err := c.finish(m, uint64(h)); err != nil {
					return err
				}
				if _, err := m.store.Prune(2); err != nil {
					return err
				}
			}
			return nil
		},
		check: wentAsTold,
	}, nil
}

// begin brings the validator to a height in which all have work.
func (c *court) begin(m *machine) error {
	c.enter(m)
	c.greet(m)
	return m.pay()
}

func (c *court) lockAndUnlock(m *machine) error {
	if err := c.begin(m); err != nil {
		return err
	}
	nobody := chain.Hash{}
	first, err := c.propose(m, false, 0, nobody, -1)
	if err != nil {
		return err
	}
	c.vote(m, chain.Prevote, 0, first, 0, 1) // with its own more than two thirds: it locks
	c.vote(m, chain.Prevote, 0, nobody, 2)
	c.vote(m, chain.Precommit, 0, nobody, 0, 1, 2)
	m.pass(600)
	second, err := c.propose(m, false, 1, nobody, -1) // it is locked on another
	if err != nil {
		return err
	}
	c.vote(m, chain.Prevote, 1, second, 0, 1)
	m.pass(600)
	c.vote(m, chain.Prevote, 1, second, 2) // too late to be locked on, but not to be valid
	c.vote(m, chain.Precommit, 1, nobody, 0, 1, 2)
	m.pass(800)
	if _, err = c.propose(m, false, 2, second, 1); err != nil { // it was valid in round 1: that unlocks
		return err
	}
	c.vote(m, chain.Prevote, 2, second, 0, 1, 2)
	c.vote(m, chain.Precommit, 2, second, 0, 1) // with its own it is final
	return nil
}

func (c *court) roundForNothing(m *machine) error {
	if err := c.begin(m); err != nil {
		return err
	}
	m.pass(800) // nobody proposes
	c.vote(m, chain.Prevote, 0, chain.Hash{}, 0, 1, 2)
	c.vote(m, chain.Precommit, 0, chain.Hash{}, 0, 1, 2)
	m.pass(600)
	return nil
}

func (c *court) decideWithout(m *machine) error {
	if err := c.begin(m); err != nil {
		return err
	}
	hash, err := c.propose(m, true, 0, chain.Hash{}, -1)
	if err != nil {
		return err
	}
	c.vote(nil, chain.Prevote, 0, hash, 0, 1, 2)
	c.vote(nil, chain.Precommit, 0, hash, 0, 1, 2)
	return nil
}

func (c *court) changeSet(m *machine) error {
	nonce, err := m.replica.Pool().NextNonce(faucet.Public())
	if err != nil {
		return err
	}
	tx := chain.Tx{Kind: chain.TxStake, From: faucet.Public(), Nonce: nonce, To: c.others[2], Amount: 500_000, Fee: c.genesis.Params.MinFee}
	_, err = m.replica.Pool().Add(chain.Encode(&chain.SignedTx{Tx: tx, Signature: faucet.Sign(chain.TxMessage(c.hash, &tx))}))
	m.replica.PoolChanged()
	return err
}

// wentAsTold checks that the story of four was what it says.
func wentAsTold(m *machine) error {
	w := m.w
	said := func(kind chain.VoteKind, height, round uint64) (chain.Hash, bool) {
		h, ok := w.slots[slot{byte(kind), height, round}]
		return h, ok
	}
	locked, _ := said(chain.Precommit, 2, 0)
	five := w.blocks[5]
	for _, x := range []struct {
		what          string
		kind          chain.VoteKind
		height, round uint64
		want          chain.Hash
	}{
		{"it prevotes the first block", chain.Prevote, 2, 0, locked},
		{"locked, it prevotes nil in the next round", chain.Prevote, 2, 1, chain.Hash{}},
		{"and precommits nil", chain.Precommit, 2, 1, chain.Hash{}},
		{"a later polka unlocks it", chain.Prevote, 2, 2, w.blocks[2]},
		{"and it precommits the other block", chain.Precommit, 2, 2, w.blocks[2]},
		{"without a proposal it prevotes nil", chain.Prevote, 3, 0, chain.Hash{}},
		{"and precommits nil", chain.Precommit, 3, 0, chain.Hash{}},
		{"in the next round it votes for a block", chain.Precommit, 3, 1, w.blocks[3]},
		{"it proposes block 5", 'p', 5, 0, chain.Sum(five[:], chain.Uint64(1<<64-1))},
	} {
		if got, ok := said(x.kind, x.height, x.round); !ok || got != x.want {
			return fmt.Errorf("%s: it said %s (%v), want %s", x.what, got.Short(), ok, x.want.Short())
		}
	}
	if _, ok := said(chain.Precommit, 4, 0); ok || locked.IsZero() || locked == w.blocks[2] {
		return fmt.Errorf("it precommitted block 4 (%v), which the others decided alone, or was not locked (on %s, final %s)", ok, locked.Short(), w.blocks[2].Short())
	}
	if total := m.replica.View().Set.Total(); total != 4_500_000 {
		return fmt.Errorf("the set has %d at stake, want it changed", total)
	}
	return nil
}
