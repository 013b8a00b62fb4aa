package ledger

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
)

// contradiction is evidence of two different prevotes of a validator.
func (w *world) contradiction(p person, height uint64) *chain.Evidence {
	vote := func(tag string) []byte {
		v := chain.Vote{Kind: chain.Prevote, Height: height, BlockHash: chain.Sum([]byte(tag))}
		return chain.Encode(&chain.SignedVote{Vote: v, Validator: p.address(), Signature: p.consensus.Sign(chain.VoteMessage(w.hash, &v))})
	}
	return chain.NewEvidence(chain.EvidenceVotes, p.address(), vote("A"), vote("B"))
}

func (w *world) accuse(t failer, es ...*chain.Evidence) (*Outcome, error) {
	in := w.input()
	for _, e := range es {
		in.Evidence = append(in.Evidence, chain.Encode(e))
	}
	return w.apply(in)
}

func (w *world) convict(t failer, e *chain.Evidence) {
	t.Helper()
	out, err := w.accuse(t, e)
	if err != nil {
		t.Fatalf("evidence: %v", err)
	}
	w.store(out)
}

func TestEvidenceBurnsStakeAndJails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(g *chain.Genesis) {
		g.Params.SlashPermille, g.Params.BlockReward = 50, 0
		g.Bonds[1].Amount = 1_000_999 // 50 permille of it is 50 049.95
	})
	guilty := people[1]
	supply := w.system.Supply
	w.convict(t, w.contradiction(guilty, 1))
	v := w.validator(guilty.address())
	if v.Bonded != 1_000_999-50_049 || v.JailedAt != 1 || v.Shares != 1_000_999 {
		t.Fatalf("after evidence: %+v", v)
	}
	if w.system.Supply != supply-50_049 || w.total(t) != w.system.Supply {
		t.Fatalf("supply %d, in the state %d, want %d", w.system.Supply, w.total(t), supply-50_049)
	}
	delay := w.genesis.Params.SetDelay
	for range delay - 1 {
		if stakesOf(w.last)[1] == 0 && w.system.Height+1 < 1+delay {
			t.Fatalf("it has left the set at height %d already", w.system.Height+1)
		}
		w.block(t)
	}
	if got := stakesOf(w.last)[1]; got != 0 {
		t.Fatalf("it has stake %d at height %d", got, w.system.Height+1)
	}
	// Stake for a jailed validator does not bring it back, and buys shares at what they are worth now.
	w.block(t, w.stake(people[4], guilty, 1_000_000))
	for range delay {
		w.block(t)
	}
	if got := stakesOf(w.last)[1]; got != 0 {
		t.Fatalf("stake brought a jailed validator back: %d", got)
	}
	if v := w.validator(guilty.address()); v.Bonded != 1_950_950 || v.Shares <= 2_000_999 {
		t.Fatalf("one share is worth less than a unit now, so a million units are more shares: %+v", v)
	}
	w.total(t)
}

func TestTheWholeStakeCanBeBurnt(t *testing.T) {
	t.Parallel()
	for _, bonded := range []uint64{1, 999, 1001, 123_456_789, chain.MaxSupply / 2} {
		w := newWorld(t, func(g *chain.Genesis) {
			g.Params.SlashPermille, g.Params.BlockReward = 1000, 0
			g.Bonds[1].Amount = bonded
		})
		w.convict(t, w.contradiction(people[1], 1))
		if v := w.validator(people[1].address()); v.Bonded != 0 {
			t.Errorf("of %d bonded %d are left when all is to be burnt", bonded, v.Bonded)
		}
		w.refused(t, chain.RefusedNotValidator, w.stake(people[4], people[1], 5))
	}
}

func TestEvidenceIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make func(w *world) *chain.Evidence
		why  string
	}{
		"against who is no validator": {func(w *world) *chain.Evidence { return w.contradiction(people[6], 1) }, "not a validator"},
		"of the future":               {func(w *world) *chain.Evidence { return w.contradiction(people[1], 9) }, "of the future"},
		"that is too old": {func(w *world) *chain.Evidence {
			for range 4 {
				w.block(t)
			}
			return w.contradiction(people[1], 1)
		}, "too old"},
		"with a forged signature": {func(w *world) *chain.Evidence {
			e := w.contradiction(people[1], 1)
			e.B[len(e.B)-1] ^= 1
			return e
		}, "signature is wrong"},
		"signed by another": {func(w *world) *chain.Evidence {
			framed := people[2]
			framed.consensus = people[1].consensus
			return w.contradiction(framed, 1)
		}, "signature is wrong"},
		"of one message": {func(w *world) *chain.Evidence {
			e := w.contradiction(people[1], 1)
			e.B = e.A
			return e
		}, "the same"},
		"out of order": {func(w *world) *chain.Evidence {
			e := w.contradiction(people[1], 1)
			e.A, e.B = e.B, e.A
			return e
		}, "not in order"},
		"made on another network": {func(w *world) *chain.Evidence {
			other := newWorld(t, func(g *chain.Genesis) { g.ChainID = "other" })
			return other.contradiction(people[1], 1)
		}, "signature is wrong"},
		"of votes of two rounds": {func(w *world) *chain.Evidence {
			vote := func(round uint64) []byte {
				v := chain.Vote{Kind: chain.Prevote, Height: 1, Round: round}
				return chain.Encode(&chain.SignedVote{Vote: v, Validator: people[1].address(), Signature: people[1].consensus.Sign(chain.VoteMessage(w.hash, &v))})
			}
			return chain.NewEvidence(chain.EvidenceVotes, people[1].address(), vote(0), vote(1))
		}, "different heights or rounds"},
		"of a prevote and a precommit": {func(w *world) *chain.Evidence {
			vote := func(kind chain.VoteKind) []byte {
				v := chain.Vote{Kind: kind, Height: 1}
				return chain.Encode(&chain.SignedVote{Vote: v, Validator: people[1].address(), Signature: people[1].consensus.Sign(chain.VoteMessage(w.hash, &v))})
			}
			return chain.NewEvidence(chain.EvidenceVotes, people[1].address(), vote(chain.Prevote), vote(chain.Precommit))
		}, "different heights or rounds"},
		"of an unknown kind": {func(w *world) *chain.Evidence {
			e := w.contradiction(people[1], 1)
			e.Kind = 9
			return e
		}, "unknown kind"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(g *chain.Genesis) { g.Params.EvidenceMaxAge = 3 })
			e := c.make(w)
			_, err := w.accuse(t, e)
			wantError(t, err, c.why)
		})
	}
}

func TestNobodyIsJailedTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.accuse(t, w.contradiction(people[1], 1), w.contradiction(people[1], 1))
	wantError(t, err, "jailed already")
	w.convict(t, w.contradiction(people[1], 1))
	_, err = w.accuse(t, w.contradiction(people[1], 2))
	wantError(t, err, "jailed already")
}

func TestTheLastValidatorIsNotJailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.accuse(t, w.contradiction(people[0], 1), w.contradiction(people[1], 1), w.contradiction(people[2], 1))
	wantError(t, err, "no validator would be left")
	w.convict(t, w.contradiction(people[0], 1))
	w.convict(t, w.contradiction(people[1], 1))
	_, err = w.accuse(t, w.contradiction(people[2], 1))
	wantError(t, err, "no validator would be left")
	// Who is registered without stake is no one who could go on.
	w.convict(t, w.contradiction(people[3], 1))
}

func TestHeadersAndReproposalsAreEvidenceToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := people[1]
	header := func(tag string) []byte {
		h := chain.Header{Version: 1, Genesis: w.hash, Height: 1, Forger: p.address(), State: chain.Sum([]byte(tag))}
		return chain.Encode(&chain.SignedHeader{Header: h, Signature: p.consensus.Sign(chain.HeaderMessage(w.hash, h.Hash()))})
	}
	again := func(vr int64) []byte {
		s := chain.SignedProposal{Height: 1, Round: 5, ValidRound: vr, BlockHash: chain.Sum([]byte("A"))}
		s.Signature = people[2].consensus.Sign(chain.ProposalMessage(w.hash, &s))
		return chain.Encode(&s)
	}
	w.convict(t, chain.NewEvidence(chain.EvidenceHeaders, p.address(), header("A"), header("B")))
	w.convict(t, chain.NewEvidence(chain.EvidenceProposals, people[2].address(), again(1), again(2)))
	if w.validator(p.address()).JailedAt != 1 || w.validator(people[2].address()).JailedAt != 2 {
		t.Error("not jailed")
	}
}
