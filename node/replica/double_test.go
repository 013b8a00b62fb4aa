package replica_test

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/replica"
)

// TestADoubleIsNoticedInEveryRoundThatIsRemembered: the validator has gone on to
// round 5 when something that another process signed with its key comes, of a
// round in which it signed nothing like it.
func TestADoubleIsNoticedInEveryRoundThatIsRemembered(t *testing.T) {
	t.Parallel()
	g, other, seed, set := ahead(t)
	own := uint64(1) // the first round after 0 that the validator wins
	for set.Winner(seed, 1, own) != 1 {
		own++
	}
	for name, says := range map[string]func(m *machine){
		"a vote of an earlier round": func(m *machine) {
			v := chain.Vote{Kind: chain.Prevote, Height: 1, Round: 1, BlockHash: chain.Sum([]byte("A"))}
			s := chain.SignedVote{Vote: v, Validator: account.Public(), Signature: consensusKey.Sign(chain.VoteMessage(g.Hash(), &v))}
			must(t, m.replica.Frame("other", set.At(0).Keys.Peer, replica.FrameVote, chain.Encode(&s)))
		},
		"a block of another that it proposes again": func(m *machine) {
			b := forgedByTheOther(t, g, other, seed, set)
			p := &chain.SignedProposal{Height: 1, Round: own, ValidRound: 0, BlockHash: b.Header.Hash(), Block: chain.Encode(b)}
			p.Signature = consensusKey.Sign(chain.ProposalMessage(g.Hash(), p))
			must(t, m.replica.Frame("other", set.At(0).Keys.Peer, replica.FrameProposal, chain.Encode(p)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := bootInto(g, newDisk(t), newWitness(), true)
			must(t, err)
			must(t, m.replica.Frame("other", set.At(0).Keys.Peer, replica.FrameState, chain.Encode(&chain.VoteState{Height: 1})))
			v := chain.Vote{Kind: chain.Prevote, Height: 1, Round: 5}
			s := chain.SignedVote{Vote: v, Validator: set.At(0).Address, Signature: other.Sign(chain.VoteMessage(g.Hash(), &v))}
			must(t, m.replica.Frame("other", set.At(0).Keys.Peer, replica.FrameVote, chain.Encode(&s)))
			for _, a := range m.timers { // its time to wait for a proposal of round 5 is over
				if a.t.Round == 5 && a.t.Step == consensus.StepPropose {
					m.replica.Timer(a.t)
				}
			}
			if at := m.signer.State(); at.Round != 5 || m.halted != "" {
				t.Fatalf("it has signed up to %v and is halted for %q, want round 5 and not halted", at, m.halted)
			}
			says(m)
			if m.halted != "DoubleIdentity" {
				t.Errorf("halted %q, want DoubleIdentity", m.halted)
			}
			must(t, m.close())
		})
	}
}
