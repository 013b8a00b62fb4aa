package consensus

import (
	"strings"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/stake"
)

func wantRefused(t *testing.T, err error, why string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), why) {
		t.Fatalf("got %v, want a refusal that says %q", err, why)
	}
}

func TestVerifyVoteRefusesForgeries(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 4)
	vote := chain.Vote{Kind: chain.Prevote, Height: 1, Round: 2, BlockHash: chain.Sum([]byte("A"))}
	for name, c := range map[string]struct {
		forge func(v *chain.SignedVote)
		why   string
	}{
		"a stranger's":              {func(v *chain.SignedVote) { v.Validator = key(99, 1).Public() }, "not a validator"},
		"in another's name":         {func(v *chain.SignedVote) { v.Validator = f.members[1].address }, "signature is wrong"},
		"for another block":         {func(v *chain.SignedVote) { v.Vote.BlockHash[0] ^= 1 }, "signature is wrong"},
		"turned into nil":           {func(v *chain.SignedVote) { v.Vote.BlockHash = chain.Hash{} }, "signature is wrong"},
		"of another round":          {func(v *chain.SignedVote) { v.Vote.Round = 3 }, "signature is wrong"},
		"of another step":           {func(v *chain.SignedVote) { v.Vote.Kind = chain.Precommit }, "signature is wrong"},
		"of another height":         {func(v *chain.SignedVote) { v.Vote.Height = 2 }, "height 2 at height 1"},
		"of height 0":               {func(v *chain.SignedVote) { v.Vote.Height = 0 }, "out of range"},
		"of a round no one reaches": {func(v *chain.SignedVote) { v.Vote.Round = chain.MaxRound + 1 }, "out of range"},
		"of an unknown kind":        {func(v *chain.SignedVote) { v.Vote.Kind = 3 }, "unknown kind"},
		"with a changed signature":  {func(v *chain.SignedVote) { v.Signature[5] ^= 1 }, "signature is wrong"},
		"signed for another network": {func(v *chain.SignedVote) {
			v.Signature = f.members[0].consensus.Sign(chain.VoteMessage(chain.Sum([]byte("other")), &v.Vote))
		}, "signature is wrong"},
		"signed with the VRF key": {func(v *chain.SignedVote) {
			v.Signature = f.members[0].vrf.Sign(chain.VoteMessage(f.Genesis, &v.Vote))
		}, "signature is wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := f.vote(0, vote)
			if _, err := f.VerifyVote(v); err != nil {
				t.Fatalf("the honest vote is refused: %v", err)
			}
			c.forge(v)
			_, err := f.VerifyVote(v)
			wantRefused(t, err, c.why)
		})
	}
}

func TestVerifyProposalAcceptsFreshAndAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 4)
	for _, round := range []uint64{0, 1, 3, 7} {
		p, b := f.fresh(&f.Rules, round, "A")
		v, err := f.VerifyProposal(p, 77)
		if err != nil {
			t.Fatalf("fresh in round %d: %v", round, err)
		}
		if v.Block().Header.Hash() != b.Header.Hash() || v.received != 77 {
			t.Fatalf("round %d: another block or time came out", round)
		}
		if _, err := f.VerifyProposal(f.again(&f.Rules, b, round+2, int64(round)+1), 77); err != nil {
			t.Fatalf("again in round %d: %v", round+2, err)
		}
	}
}

func TestVerifyProposalRefusesForgeries(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 4)
	r := &f.Rules
	winner := f.members[r.winner(0)]
	loser := f.members[(r.winner(0)+1)%4]
	type proposal = chain.SignedProposal
	// remade changes the block before it is signed, sealed after.
	remade := func(round uint64, change func(b *chain.Block)) *proposal {
		b := f.forge(r, round, 1_000_100, nil, "A")
		change(b)
		f.sign(r, b)
		return f.again(r, b, round, -1)
	}
	sealed := func(change func(b *chain.Block)) *proposal {
		_, b := f.fresh(r, 0, "A")
		change(b)
		return f.again(r, b, 0, -1)
	}
	for name, c := range map[string]struct {
		make func() *proposal
		why  string
	}{
		"forged by a loser of the lottery": {func() *proposal {
			return remade(0, func(b *chain.Block) {
				b.Header.Forger = loser.address
				proof := keys.VRFProve(loser.vrf, stake.VRFInput(r.Genesis, r.Seed, 1))
				b.Header.VRFProof = proof[:]
			})
		}, "won the lottery"},
		"signed by another than its forger": {func() *proposal {
			return sealed(func(b *chain.Block) {
				b.Signature = loser.consensus.Sign(chain.HeaderMessage(r.Genesis, b.Header.Hash()))
			})
		}, "signature is wrong"},
		"with a header changed after signing": {func() *proposal {
			return sealed(func(b *chain.Block) { b.Header.State[0] ^= 1 })
		}, "signature is wrong"},
		"forged by a stranger": {func() *proposal {
			return sealed(func(b *chain.Block) { b.Header.Forger = key(99, 1).Public() })
		}, "not a validator"},
		"of another network": {func() *proposal {
			return remade(0, func(b *chain.Block) { b.Header.Genesis[0] ^= 1 })
		}, "another network"},
		"naming another validator set": {func() *proposal {
			return remade(0, func(b *chain.Block) { b.Header.Set[0] ^= 1 })
		}, "another validator set"},
		"with another's VRF proof": {func() *proposal {
			return remade(0, func(b *chain.Block) {
				proof := keys.VRFProve(loser.vrf, stake.VRFInput(r.Genesis, r.Seed, 1))
				b.Header.VRFProof = proof[:]
			})
		}, "VRF proof is wrong"},
		"with the VRF proof of another height": {func() *proposal {
			return remade(0, func(b *chain.Block) {
				proof := keys.VRFProve(winner.vrf, stake.VRFInput(r.Genesis, r.Seed, 2))
				b.Header.VRFProof = proof[:]
			})
		}, "VRF proof is wrong"},
		"without a VRF proof in round 0": {func() *proposal {
			return remade(0, func(b *chain.Block) { b.Header.VRFProof = nil })
		}, "VRF proof belongs to round 0"},
		"with a VRF proof in round 1": {func() *proposal {
			return remade(1, func(b *chain.Block) { b.Header.VRFProof = make([]byte, chain.VRFProofBytes) })
		}, "VRF proof belongs to round 0"},
		"with a body its header does not name": {func() *proposal {
			return sealed(func(b *chain.Block) { b.Txs = [][]byte{{1, 2, 3}} })
		}, "transactions are not the ones"},
		"with another body of the same size": {func() *proposal {
			p, _ := f.fresh(r, 0, "A")
			_, other := f.fresh(r, 0, "B")
			p.Block = chain.Encode(other)
			return p
		}, "another block than it names"},
		"of another height than its block": {func() *proposal {
			b := f.forge(r, 0, 1_000_100, nil, "A")
			b.Header.Height = 2
			f.sign(r, b)
			p := f.again(r, b, 0, -1)
			p.Height = 1
			return p
		}, "height"},
		"of another height": {func() *proposal {
			p, _ := f.fresh(r, 0, "A")
			p.Height = 2
			return p
		}, "height 2 at height 1"},
		"fresh, of an earlier round's block": {func() *proposal {
			p, _ := f.fresh(r, 0, "A")
			p.Round = 1
			return p
		}, "a fresh block of round 0 in round 1"},
		"again, in a round whose winner did not sign": {func() *proposal {
			_, b := f.fresh(r, 0, "A")
			p := f.again(r, b, 1, 0)
			p.Signature = f.members[(r.winner(1)+1)%4].consensus.Sign(chain.ProposalMessage(r.Genesis, p))
			return p
		}, "not signed by the winner"},
		"again, moved to another round": {func() *proposal {
			_, b := f.fresh(r, 0, "A")
			p := f.again(r, b, 2, 1)
			p.ValidRound = 0
			return p
		}, "not signed by the winner"},
		"again, valid since before it was forged": {func() *proposal {
			_, b := f.fresh(r, 1, "A")
			return f.again(r, b, 2, 0)
		}, "cannot have been prevoted"},
		"again, valid since its own round": {func() *proposal {
			_, b := f.fresh(r, 0, "A")
			return f.again(r, b, 1, 1)
		}, "not an earlier round"},
		"fresh with a second signature": {func() *proposal {
			p, _ := f.fresh(r, 0, "A")
			p.Signature[0] = 1
			return p
		}, "signed in its header only"},
		"larger than the chain allows": {func() *proposal {
			return remade(0, func(b *chain.Block) {
				b.Txs = [][]byte{make([]byte, r.Params.MaxBytes)}
				b.Header.TxRoot = chain.MerkleRoot(b.Txs)
			})
		}, "too large"},
		"that is no block": {func() *proposal {
			p, _ := f.fresh(r, 0, "A")
			p.Block = []byte("not a block")
			return p
		}, "not a canonical encoding"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := f.VerifyProposal(c.make(), 0)
			wantRefused(t, err, c.why)
		})
	}
}

func TestNextSeedDependsOnTheHeadersRoundAndTheForgersKeyOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 4)
	seed := func(round uint64, tag string) chain.Hash {
		_, b := f.fresh(&f.Rules, round, tag)
		s, err := f.NextSeed(&b.Header)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if seed(0, "A") != seed(0, "B") {
		t.Error("the content of a block moves the seed: a forger could grind it")
	}
	if seed(1, "A") != seed(2, "B") || seed(1, "A") != stake.NextSeed(f.Seed, nil) {
		t.Error("a block of a later round must leave the skip seed, whatever it holds")
	}
	if seed(0, "A") == seed(1, "A") {
		t.Error("round 0 must bring the forger's VRF output")
	}
}
