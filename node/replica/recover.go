package replica

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/wal"
)

// recover turns the records of the undecided height into what the core needs
// to go on. Records of earlier heights were overtaken by a commit; what the
// signer did not sign was never released, and is forgotten.
func (r *Replica) recover(records []wal.Record) (*consensus.Recovery, error) {
	rec := &consensus.Recovery{LockedRound: -1}
	height, found := r.tip.height+1, false
	rules := &consensus.Rules{Genesis: r.genesis, Height: height, Set: r.tip.set, Seed: r.tip.seed, Params: r.tip.params, Known: r.cfg.Known}
	for _, raw := range records {
		var c consensus.Record
		if err := chain.Decode(raw.Data, &c, wal.MaxRecord); err != nil {
			return nil, fmt.Errorf("read the consensus log: %w", err)
		}
		if c.Height != height {
			continue
		}
		found = true
		switch {
		case c.Proposal != nil:
			r.recoverProposal(rules, rec, c.Proposal)
		case c.Lock != nil:
			if err := recoverLock(rules, rec, c.Lock); err != nil {
				return nil, err
			}
		case c.Vote != nil:
			if err := r.recoverVote(rules, rec, c.Vote); err != nil {
				return nil, err
			}
		}
	}
	if r.cfg.Signer != nil {
		if s := r.cfg.Signer.State(); s.Height == height {
			rec.Round, found = s.Round, true
		}
	}
	if !found {
		return nil, nil
	}
	r.log.Info("continuing an interrupted height", "height", height, "round", rec.Round,
		"own_votes", len(rec.OwnVotes), "locked_round", rec.LockedRound)
	return rec, nil
}

// forgot reports whether the signer has signed votes of a height that the
// consensus log does not know: the log was lost, or the chain is being fetched
// again behind a sign-state that is ahead. What the validator is locked on is
// then forgotten, and to vote for something else in a later round could fork the
// chain. The log is in order, so the latest vote speaks for all.
func (r *Replica) forgot(height uint64, rec *consensus.Recovery) bool {
	if r.cfg.Signer == nil || r.silenced() {
		return false
	}
	s := r.cfg.Signer.State()
	if s.Height != height {
		return false
	}
	for back := range min(s.Round+1, signedRounds) {
		for _, kind := range []chain.VoteKind{chain.Precommit, chain.Prevote} {
			if _, ok := r.cfg.Signer.Signed(voteSlot(kind), height, s.Round-back); ok {
				return rec == nil || !slices.ContainsFunc(rec.OwnVotes, func(v consensus.Vote) bool {
					own := v.Signed().Vote
					return own.Kind == kind && own.Round == s.Round-back
				})
			}
		}
	}
	return false
}

// signedRounds is how many rounds the signer may remember.
const signedRounds = 1024

// recoverProposal takes up a block that was made durable. One of our own is
// there without its signature, which came after: the signer gives it again, or
// the proposal never left.
func (r *Replica) recoverProposal(rules *consensus.Rules, rec *consensus.Recovery, p *chain.SignedProposal) {
	if p.ValidRound < 0 {
		block, err := chain.DecodeBlock(p.Block, chain.MaxBlockBytes)
		if err != nil {
			r.log.Warn("recorded proposal dropped", "error", err)
			return
		}
		if block.Signature == (chain.Signature{}) {
			sig, ok := r.again(signer.Proposal, p.Height, p.Round, chain.HeaderMessage(r.genesis, p.BlockHash))
			if !ok {
				return
			}
			block.Signature = sig
			p.Block = chain.Encode(block)
		}
	}
	verified, err := rules.VerifyProposal(p, r.cfg.Ports.Now())
	if err != nil {
		r.log.Warn("recorded proposal dropped", "error", err)
		return
	}
	rec.Proposals = append(rec.Proposals, verified)
}

func recoverLock(rules *consensus.Rules, rec *consensus.Recovery, l *consensus.LockRecord) error {
	if int64(l.Round) < rec.LockedRound {
		return nil
	}
	rec.LockedRound, rec.LockedHash = int64(l.Round), l.BlockHash
	for i := range l.Prevotes {
		v, err := rules.VerifyVote(&l.Prevotes[i])
		if err != nil {
			return fmt.Errorf("the recorded proof of the lock of round %d: %w", l.Round, err)
		}
		rec.Proof = append(rec.Proof, v)
	}
	return nil
}

func (r *Replica) recoverVote(rules *consensus.Rules, rec *consensus.Recovery, v *chain.Vote) error {
	sig, ok := r.again(voteSlot(v.Kind), v.Height, v.Round, chain.VoteMessage(r.genesis, v))
	if !ok {
		return nil
	}
	own, err := rules.VerifyVote(&chain.SignedVote{Vote: *v, Validator: r.cfg.Self, Signature: sig})
	if err != nil {
		return fmt.Errorf("a recorded own vote: %w", err)
	}
	rec.OwnVotes = append(rec.OwnVotes, own)
	return nil
}

// again gives a signature that was given before, and never a new one.
func (r *Replica) again(kind signer.Kind, height, round uint64, msg []byte) (chain.Signature, bool) {
	if r.cfg.Signer == nil {
		return chain.Signature{}, false
	}
	if digest, ok := r.cfg.Signer.Signed(kind, height, round); !ok || digest != sha256.Sum256(msg) {
		return chain.Signature{}, false
	}
	return r.sign(kind, height, round, msg)
}
