package replica_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/stake"
	"github.com/posnet/posnet/node/wal"
)

// ahead is a network of the validator and another one that comes first in the
// set, forges block 1, and without which nothing is decided.
func ahead(t *testing.T) (g *chain.Genesis, other keys.PrivateKey, seed chain.Hash, set *stake.Set) {
	t.Helper()
	for i := range 1000 {
		n := byte(i)
		a, self := chain.Address(seeded(n, 0).Public()), chain.Address(account.Public())
		if bytes.Compare(a[:], self[:]) > 0 {
			continue
		}
		g := network(func(g *chain.Genesis) {
			g.ChainID = fmt.Sprintf("ahead-%d", i)
			g.Validators = append(g.Validators, chain.GenesisValidator{Address: a, Keys: chain.ValidatorKeys{
				Consensus: seeded(n, 1).Public(), VRF: seeded(n, 2).Public(), Peer: seeded(n, 3).Public(),
			}})
			g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: faucet.Public(), Validator: a, Amount: 1_000_000})
		})
		out, err := ledger.FromGenesis(g)
		must(t, err)
		if out.Next.Winner(out.System.Seed, 1, 0) == 0 {
			return g, keys.FromSeed([32]byte{n, 1, 0x62}), out.System.Seed, out.Next
		}
	}
	t.Fatal("the other never wins")
	return nil, keys.PrivateKey{}, chain.Hash{}, nil
}

func TestStrangersDoNotEndTheSilenceAfterAStart(t *testing.T) {
	t.Parallel()
	g, _, _, set := ahead(t)
	m, err := bootInto(g, newDisk(t), newWitness(), true)
	must(t, err)
	state := chain.Encode(&chain.VoteState{Height: 1})
	for n := range 10 {
		must(t, m.replica.Frame("stranger", seeded(byte(n), 99).Public(), replica.FrameState, state))
	}
	if m.replica.View().Voting {
		t.Error("it votes, and has heard nobody but strangers")
	}
	must(t, m.replica.Frame("other", set.At(0).Keys.Peer, replica.FrameState, state))
	if !m.replica.View().Voting {
		t.Error("it has heard the other validator, and does not vote")
	}
	must(t, m.close())
}

// TestAnOwnPrecommitInACertificateThatTheSignerDoesNotKnowStopsTheValidator has
// another forge the block, so that nothing but the precommit is the
// validator's own.
func TestAnOwnPrecommitInACertificateThatTheSignerDoesNotKnowStopsTheValidator(t *testing.T) {
	t.Parallel()
	g, other, seed, set := ahead(t)
	var c certified
	h := &c.block.Header
	*h = chain.Header{
		Version: chain.HeaderVersion, Genesis: g.Hash(), Height: 1, Forger: set.At(0).Address, Time: epoch,
		TxRoot: chain.MerkleRoot(nil), Evidence: chain.MerkleRoot(nil), Set: set.Hash(), NextSet: set.Hash(),
	}
	var vrf keys.PrivateKey
	for n := range 256 { // the other's VRF key is that of its number
		if k := seeded(byte(n), 2); k.Public() == set.At(0).Keys.VRF {
			vrf = k
		}
	}
	proof := keys.VRFProve(vrf, stake.VRFInput(g.Hash(), seed, 1))
	h.VRFProof = proof[:]
	c.block.Signature = other.Sign(chain.HeaderMessage(g.Hash(), h.Hash()))
	c.cert = chain.Certificate{Height: 1, BlockHash: h.Hash(), Signers: []byte{3}}
	v := c.cert.Vote()
	msg := chain.VoteMessage(g.Hash(), &v)
	c.cert.Signatures = []chain.Signature{other.Sign(msg), consensusKey.Sign(msg)}

	m, err := bootInto(g, newDisk(t), newWitness(), true)
	must(t, err)
	_ = m.replica.Certified(c.raw(), c.rawCert()) // what it says of the block does not matter here
	if m.halted != "DoubleIdentity" {
		t.Errorf("halted %q, want DoubleIdentity", m.halted)
	}
	must(t, m.close())
}

// TestAnIntentThatWasNotSignedIsGivenUpAtAStart: a crash came between the
// intent in the log and the signature. Nothing may be signed before others
// have been heard.
func TestAnIntentThatWasNotSignedIsGivenUpAtAStart(t *testing.T) {
	t.Parallel()
	g, _, _, _ := ahead(t)
	mem := newDisk(t)
	log, _, err := wal.Open(mem, "wal")
	must(t, err)
	vote := chain.Vote{Kind: chain.Prevote, Height: 1, BlockHash: chain.Sum([]byte("A"))}
	must(t, log.Append(wal.Record{Type: 1, Data: chain.Encode(&consensus.Record{Height: 1, Vote: &vote})}))
	must(t, log.Close())
	m, err := bootInto(g, mem, newWitness(), true)
	must(t, err)
	m.pass(1000)
	if s := m.signer.State(); s != (signer.Slot{}) {
		t.Errorf("in its silence it signed %v", s)
	}
	must(t, m.close())
}

// TestStrangersWithoutEndAreNotAllRemembered: each names another key, and a
// validator is remembered all the same.
func TestStrangersWithoutEndAreNotAllRemembered(t *testing.T) {
	t.Parallel()
	g, _, _, set := ahead(t)
	m, err := bootInto(g, newDisk(t), newWitness(), true)
	must(t, err)
	state := chain.Encode(&chain.VoteState{Height: 1})
	for i := range uint64(6000) {
		var key chain.PublicKey
		binary.BigEndian.PutUint64(key[:], i+1)
		must(t, m.replica.Frame("stranger", key, replica.FrameState, state))
	}
	if err := m.replica.Held().Check(); err != nil {
		t.Error(err)
	}
	must(t, m.replica.Frame("other", set.At(0).Keys.Peer, replica.FrameState, state))
	if v := m.replica.View(); v.Online != 2_000_000 {
		t.Errorf("stake of %d is online, want that of both validators", v.Online)
	}
	must(t, m.close())
}
