package stake

import (
	"fmt"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// Quorum reports whether stake is more than two thirds of total. Both are at
// most [chain.MaxSupply] = 2^60, so three times either fits 64 bits.
func Quorum(stake, total uint64) bool { return 3*stake > 2*total }

// Blocking reports whether stake is more than one third of total: that much
// cannot be all faulty, and without it there is no quorum.
func Blocking(stake, total uint64) bool { return 3*stake > total }

// Quorum reports whether stake is more than two thirds of the set's.
func (s *Set) Quorum(stake uint64) bool { return Quorum(stake, s.Total()) }

// Blocking reports whether stake is more than one third of the set's.
func (s *Set) Blocking(stake uint64) bool { return Blocking(stake, s.Total()) }

// FaultTolerant reports whether the loss of any single validator leaves a
// quorum.
func (s *Set) FaultTolerant() bool {
	heaviest := uint64(0)
	for _, v := range s.validators {
		heaviest = max(heaviest, v.Stake)
	}
	return s.Quorum(s.Total() - heaviest)
}

// VerifyCertificate checks that c proves block final at height under this set:
// its signers hold more than two thirds and every signature is good. Signatures in
// known, which may be nil, are not checked again.
func (s *Set) VerifyCertificate(genesis chain.Hash, height uint64, block chain.Hash, c *chain.Certificate, known *keys.Known) error {
	if c == nil {
		return fmt.Errorf("height %d: the certificate is missing", height)
	}
	if c.Height != height || c.BlockHash != block || block.IsZero() || c.Round > chain.MaxRound {
		return fmt.Errorf("height %d block %s: the certificate is of height %d block %s", height, block.Short(), c.Height, c.BlockHash.Short())
	}
	idx, err := c.Indices(len(s.validators))
	if err != nil {
		return err
	}
	sum := uint64(0)
	for _, i := range idx {
		sum += s.validators[i].Stake
	}
	if !s.Quorum(sum) {
		return fmt.Errorf("certificate of height %d: its signers hold %d of %d stake, not more than two thirds", height, sum, s.Total())
	}
	vote := c.Vote()
	msg := chain.VoteMessage(genesis, &vote)
	batch := known.Batch(len(idx))
	for n, i := range idx {
		batch.Add(s.validators[i].Keys.Consensus, msg, c.Signatures[n])
	}
	if ok, each := batch.Verify(); !ok {
		for n, good := range each {
			if !good {
				return fmt.Errorf("certificate of height %d: the signature of %s is wrong", height, s.validators[idx[n]].Address)
			}
		}
		return fmt.Errorf("certificate of height %d: a signature is wrong", height)
	}
	return nil
}
