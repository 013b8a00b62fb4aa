package replica

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/stake"
)

// TestOfTheLocksInTheLogTheNewestIsTakenUp: a validator may lock more than once
// in a height, and only the last lock counts. A proof that does not verify is
// no proof.
func TestOfTheLocksInTheLogTheNewestIsTakenUp(t *testing.T) {
	t.Parallel()
	voter := keys.FromSeed([32]byte{7, 1})
	set, err := stake.NewSet([]stake.Validator{{
		Address: keys.FromSeed([32]byte{7}).Public(), Stake: 1, Keys: chain.ValidatorKeys{Consensus: voter.Public()},
	}})
	if err != nil {
		t.Fatal(err)
	}
	rules := &consensus.Rules{Height: 1, Set: set, Params: chain.DefaultParams()}
	lock := func(round uint64, name string) *consensus.LockRecord {
		v := chain.Vote{Kind: chain.Prevote, Height: 1, Round: round, BlockHash: chain.Sum([]byte(name))}
		return &consensus.LockRecord{Round: round, BlockHash: v.BlockHash, Prevotes: []chain.SignedVote{{
			Vote: v, Validator: set.At(0).Address, Signature: voter.Sign(chain.VoteMessage(rules.Genesis, &v)),
		}}}
	}
	for name, locks := range map[string][]*consensus.LockRecord{
		"in order":     {lock(0, "A"), lock(3, "B"), lock(7, "C")},
		"out of order": {lock(7, "C"), lock(0, "A"), lock(3, "B")},
	} {
		rec := &consensus.Recovery{LockedRound: -1}
		for _, l := range locks {
			if err := recoverLock(rules, rec, l); err != nil {
				t.Fatal(err)
			}
		}
		if rec.LockedRound != 7 || rec.LockedHash != chain.Sum([]byte("C")) || len(rec.Proof) == 0 {
			t.Errorf("%s: locked on %s of round %d with %d votes as proof, want C of round 7", name, rec.LockedHash.Short(), rec.LockedRound, len(rec.Proof))
		}
	}
	forged := lock(1, "A")
	forged.Prevotes[0].Signature[0] ^= 1
	if err := recoverLock(rules, &consensus.Recovery{LockedRound: -1}, forged); err == nil {
		t.Error("a lock is taken up whose proof is forged")
	}
}
