package replica_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/signer"
)

// certified is a block with its proof of finality.
type certified struct {
	block chain.Block
	cert  chain.Certificate
}

func (c *certified) raw() []byte     { return chain.Encode(&c.block) }
func (c *certified) rawCert() []byte { return chain.Encode(&c.cert) }

// sign signs the header anew.
func (c *certified) sign() {
	c.block.Signature = consensusKey.Sign(chain.HeaderMessage(genesis.Hash(), c.block.Header.Hash()))
}

// certify makes a certificate for the block as it is now.
func (c *certified) certify() {
	c.cert.BlockHash = c.block.Header.Hash()
	v := c.cert.Vote()
	c.cert.Signatures = []chain.Signature{consensusKey.Sign(chain.VoteMessage(genesis.Hash(), &v))}
}

// history is what the validator decided.
func history(t *testing.T, height uint64) []certified {
	t.Helper()
	m, err := boot(newDisk(t), newWitness(), true)
	must(t, err)
	must(t, m.reach(height))
	out := make([]certified, height)
	for i := range out {
		raw, err := m.store.Block(uint64(i + 1))
		must(t, err)
		block, err := chain.DecodeBlock(raw, chain.MaxBlockBytes)
		must(t, err)
		out[i].block = *block
		raw, err = m.store.Certificate(uint64(i + 1))
		must(t, err)
		must(t, chain.Decode(raw, &out[i].cert, chain.MaxBlockBytes))
	}
	must(t, m.close())
	return out
}

func TestAPeersFaultIsHostileAndAFaultOfTheStakeIsFatal(t *testing.T) {
	t.Parallel()
	blocks := history(t, 2)
	// Signed is what only the validator itself could have made: a header it
	// signed and a certificate of its stake.
	signed := func(c *certified) { c.sign(); c.certify() }
	for name, c := range map[string]struct {
		change func(*certified)
		fatal  string // what Err says; empty: the sender is hostile, and the replica goes on
	}{
		"a certificate that is signed by nobody": {change: func(c *certified) { c.cert.Signatures[0][5] ^= 1 }},
		"a certificate without signers":          {change: func(c *certified) { c.cert.Signers, c.cert.Signatures = []byte{0}, nil }},
		"a certificate of another height":        {change: func(c *certified) { c.cert.Height = 1 }},
		"a certificate for another block":        {change: func(c *certified) { c.cert.BlockHash[0] ^= 1 }},
		"a header changed after it was signed":   {change: func(c *certified) { c.block.Header.State[0] ^= 1 }},
		"a certified block without its forger's signature": {change: func(c *certified) {
			c.block.Signature[3] ^= 1
		}},
		"a block that is not the child of what its certificate proves": {change: func(c *certified) {
			c.block.Header.Parent[0] ^= 1
			signed(c)
		}},
		"a body that is not the header's": {change: func(c *certified) { c.block.Txs = nil }},
		"a certified block with a wrong state root": {
			func(c *certified) { c.block.Header.State[0] ^= 1; signed(c) }, "state root"},
		"a certified block with wrong results": {
			func(c *certified) { c.block.Header.Results[0] ^= 1; signed(c) }, "results"},
		"a certified block with another parent": {
			func(c *certified) {
				parent := certified{block: blocks[0].block, cert: *c.block.Certificate}
				parent.block.Header.Time++
				parent.certify()
				c.block.Certificate = &parent.cert
				c.block.Header.Parent, c.block.Header.Certificate = parent.cert.BlockHash, parent.cert.Hash()
				signed(c)
			}, "parent"},
		"a certified block that is older than its parent": {
			func(c *certified) { c.block.Header.Time = blocks[0].block.Header.Time; signed(c) }, "time"},
		"a certified block that nothing made due": {
			func(c *certified) { c.block.Txs, c.block.Header.TxRoot = nil, chain.MerkleRoot(nil); signed(c) }, "transactions"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := boot(vfs.NewMem(), newWitness(), false)
			must(t, err)
			must(t, m.replica.Certified(blocks[0].raw(), blocks[0].rawCert()))
			var bad certified
			must(t, chain.Decode(blocks[1].raw(), &bad.block, chain.MaxBlockBytes))
			must(t, chain.Decode(blocks[1].rawCert(), &bad.cert, chain.MaxBlockBytes))
			c.change(&bad)
			err = m.replica.Certified(bad.raw(), bad.rawCert())
			if m.height() != 1 {
				t.Errorf("it took the block: height %d", m.height())
			}
			if c.fatal != "" {
				if err == nil || errors.Is(err, replica.ErrHostile) || !strings.Contains(err.Error(), c.fatal) {
					t.Errorf("got %v, want a failure of the node that speaks of %q", err, c.fatal)
				}
				if m.replica.Err() == nil || m.replica.Certified(blocks[1].raw(), blocks[1].rawCert()) == nil {
					t.Error("the replica goes on")
				}
				return
			}
			if !errors.Is(err, replica.ErrHostile) {
				t.Errorf("got %v, want %v", err, replica.ErrHostile)
			}
			must(t, m.replica.Certified(blocks[1].raw(), blocks[1].rawCert()))
			if m.height() != 2 {
				t.Errorf("after it the right block is not taken: height %d", m.height())
			}
			must(t, m.close())
		})
	}
}

func TestWhatIsNoBlockIsHostileAndABlockOfAnotherHeightIsNoNews(t *testing.T) {
	t.Parallel()
	blocks := history(t, 2)
	m, err := boot(vfs.NewMem(), newWitness(), false)
	must(t, err)
	if err := m.replica.Certified([]byte("no block"), blocks[0].rawCert()); !errors.Is(err, replica.ErrHostile) {
		t.Errorf("no block: %v, want %v", err, replica.ErrHostile)
	}
	if err := m.replica.Certified(blocks[0].raw(), []byte("no certificate")); !errors.Is(err, replica.ErrHostile) {
		t.Errorf("no certificate: %v, want %v", err, replica.ErrHostile)
	}
	if err := m.replica.Certified(blocks[1].raw(), blocks[1].rawCert()); err != nil || m.height() != 0 {
		t.Errorf("block 2 at height 0: %v, height %d; want it ignored", err, m.height())
	}
	must(t, m.close())
}

// second starts the same validator on a disk whose sign-state knows nothing.
func second(t *testing.T) (*machine, *witness) {
	t.Helper()
	w := newWitness()
	m, err := boot(newDisk(t), w, true)
	must(t, err)
	return m, w
}

// silent fails unless a machine has stopped voting for DoubleIdentity, and
// stays so.
func silent(t *testing.T, m *machine, w *witness) {
	t.Helper()
	if m.halted != "DoubleIdentity" || !m.replica.View().Halted {
		t.Fatalf("halted %q, want DoubleIdentity", m.halted)
	}
	before := len(w.slots)
	must(t, m.pay())
	m.pass(10_000)
	if len(w.slots) != before || m.signer.State() != (signer.Slot{}) {
		t.Errorf("it signs on: %v", m.signer.State())
	}
	must(t, m.replica.Err())
}

func TestAnOwnVoteThatTheSignerDoesNotKnowStopsTheValidator(t *testing.T) {
	t.Parallel()
	for _, kind := range []chain.VoteKind{chain.Prevote, chain.Precommit} {
		m, w := second(t)
		v := chain.Vote{Kind: kind, Height: 1, BlockHash: chain.Sum([]byte("a block of the other process"))}
		foreign := chain.SignedVote{Vote: v, Validator: account.Public(), Signature: consensusKey.Sign(chain.VoteMessage(genesis.Hash(), &v))}
		forged := foreign
		forged.Signature[0] ^= 1
		if err := m.replica.Frame("peer", chain.PublicKey{}, replica.FrameVote, chain.Encode(&forged)); !errors.Is(err, replica.ErrHostile) || m.halted != "" {
			t.Errorf("a forged %v: %v, halted %q; want a hostile peer and nothing else", kind, err, m.halted)
		}
		must(t, m.replica.Frame("peer", chain.PublicKey{}, replica.FrameVote, chain.Encode(&foreign)))
		silent(t, m, w)
		must(t, m.close())
	}
}

func TestAnOwnProposalThatTheSignerDoesNotKnowStopsTheValidator(t *testing.T) {
	t.Parallel()
	first := newWitness()
	made, err := boot(newDisk(t), first, true)
	must(t, err)
	must(t, made.reach(1))
	must(t, made.close())

	m, w := second(t)
	must(t, m.replica.Frame("peer", chain.PublicKey{}, replica.FrameProposal, chain.Encode(&first.proposed)))
	silent(t, m, w)
	must(t, m.close())
}

func TestOwnProposalsThatComeBackAreNoNews(t *testing.T) {
	t.Parallel()
	g, mem, w := withAnother(t), newDisk(t), newWitness()
	m, err := bootInto(g, mem, w, true)
	must(t, err)
	must(t, m.replica.Frame("other", seeded(3, 3).Public(), replica.FrameState, chain.Encode(&chain.VoteState{Height: 1})))
	must(t, m.pay())
	m.pass(100)
	must(t, m.replica.Frame("other", seeded(3, 3).Public(), replica.FrameProposal, chain.Encode(&w.proposed)))
	// Nor are they after a crash that took the log.
	lost := mem.CrashClone(vfs.CrashCloneCfg{})
	must(t, m.close())
	must(t, lost.RemoveAll("wal"))
	again, err := bootInto(g, lost, w, true)
	must(t, err)
	must(t, again.replica.Frame("other", seeded(3, 3).Public(), replica.FrameProposal, chain.Encode(&w.proposed)))
	if m.halted != "" || again.halted != "" {
		t.Errorf("halted %q, and after a crash %q", m.halted, again.halted)
	}
	must(t, again.close())
}

func TestACertificateWithAnOwnSignatureThatTheSignerDoesNotKnowStopsTheValidator(t *testing.T) {
	t.Parallel()
	blocks := history(t, 2)
	m, w := second(t)
	must(t, m.replica.Certified(blocks[0].raw(), blocks[0].rawCert()))
	silent(t, m, w)
	// It follows the chain all the same.
	must(t, m.replica.Certified(blocks[1].raw(), blocks[1].rawCert()))
	if m.height() != 2 {
		t.Errorf("height %d, want 2", m.height())
	}
	must(t, m.close())
}
