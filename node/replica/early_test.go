package replica_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/replica"
)

// TestAStrangerCannotTakeThePlaceOfWhatValidatorsSayEarly floods a follower
// with votes of the next height before the validator's own comes.
func TestAStrangerCannotTakeThePlaceOfWhatValidatorsSayEarly(t *testing.T) {
	t.Parallel()
	blocks := history(t, 1)
	w := newWitness()
	m, err := boot(vfs.NewMem(), w, false)
	must(t, err)
	junk := chain.SignedVote{Vote: chain.Vote{Kind: chain.Prevote, Height: 2}, Validator: account.Public()}
	for i := range 5000 {
		junk.Vote.Round = uint64(i)
		from := chain.PublicKey{byte(i), byte(i >> 8)} // as many strangers as it likes
		must(t, m.replica.Frame("stranger", from, replica.FrameVote, chain.Encode(&junk)))
	}
	v := chain.Vote{Kind: chain.Prevote, Height: 2, BlockHash: chain.Sum([]byte("block 2"))}
	early := chain.SignedVote{Vote: v, Validator: account.Public(), Signature: consensusKey.Sign(chain.VoteMessage(genesis.Hash(), &v))}
	must(t, m.replica.Frame("validator", peerKey.Public(), replica.FrameVote, chain.Encode(&early)))
	must(t, m.replica.Certified(blocks[0].raw(), blocks[0].rawCert()))
	m.pass(2000)
	if s := w.told; s.Height != 2 || len(s.Rounds) == 0 || len(s.Rounds[0].Prevotes) == 0 || s.Rounds[0].Prevotes[0] != 1 {
		t.Errorf("it tells of %+v, want the early vote of height 2", s)
	}
	must(t, m.close())
}
