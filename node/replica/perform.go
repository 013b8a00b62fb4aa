package replica

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/wal"
)

// recordType is the type of a consensus.Record in the write-ahead log.
const recordType = 1

func (r *Replica) perform(e consensus.Effect) {
	if p, ok := e.(consensus.Persist); ok {
		if r.mute {
			return // a later start must not take what is written now for all there was
		}
		r.unsaved = append(r.unsaved, wal.Record{Type: recordType, Data: chain.Encode(&p.Record)})
		return
	}
	if r.flush(); r.err != nil || r.full {
		return
	}
	switch e := e.(type) {
	case consensus.SignVote:
		r.signVote(e.Vote)
	case consensus.SignProposal:
		r.signProposal(e)
	case consensus.Execute:
		if err := r.execute(e.Block, e.Hash); r.err == nil {
			r.handleLater(consensus.Executed{Height: r.core.Height(), Hash: e.Hash, Err: err})
		}
	case consensus.Build:
		r.building = &e
		r.retryBuild()
	case consensus.SetTimer:
		r.cfg.Ports.SetTimer(e.Timer, e.After)
	case consensus.Decide:
		r.commit(e.Block, e.Hash, e.Certificate)
	case consensus.Send:
		r.answer(e)
	case consensus.Report:
		r.report(e.Evidence)
	case consensus.Halt:
		r.halt(e)
	}
}

// handleLater queues an event behind the effects under way.
func (r *Replica) handleLater(e consensus.Event) { r.queue = append(r.queue, e) }

// flush makes the records given so far durable. Without room they stay for the
// next flush.
func (r *Replica) flush() {
	if len(r.unsaved) == 0 || r.err != nil {
		return
	}
	start := r.cfg.Observer.start()
	err := r.wal.Append(r.unsaved...)
	if errors.Is(err, wal.ErrFull) {
		err = r.compact()
	}
	if noSpace(err) {
		r.stall("write the consensus log", err)
		return
	}
	if err != nil {
		r.fail(fmt.Errorf("write the consensus log: %w", err))
		return
	}
	r.unsaved = nil
	if err := r.wal.Sync(); err != nil {
		r.fail(fmt.Errorf("sync the consensus log: %w", err))
		return
	}
	r.cfg.Observer.synced("wal", start)
}

// sign asks the signer. It reports false when this message must not be signed:
// the node then stays silent in that slot, which is always safe. It also does
// when there is no room to record a signature: then the replica is stalled.
func (r *Replica) sign(kind signer.Kind, height, round uint64, msg []byte) (chain.Signature, bool) {
	if r.mute {
		return chain.Signature{}, false
	}
	_, stored := r.cfg.Signer.Signed(kind, height, round)
	start := r.cfg.Observer.start()
	sig, err := r.cfg.Signer.Sign(signer.Request{Kind: kind, Height: height, Round: round, Message: msg})
	switch {
	case err == nil:
		r.cfg.Observer.synced("signer", start)
		if !stored { // what was read from the disk is checked like that of anybody
			r.cfg.Known.Learn(r.cfg.Signer.ConsensusPublic(), msg, sig)
		}
		return sig, true
	case errors.Is(err, signer.ErrStopped): // said once, by halt
	case refused(err):
		r.log.Warn("signature refused by the sign-state", "kind", kind.String(), "height", height, "round", round, "error", err)
	case noSpace(err):
		r.stall("record a signature", err)
	default:
		r.fail(fmt.Errorf("sign %s of height %d round %d: %w", kind, height, round, err))
	}
	return chain.Signature{}, false
}

func voteSlot(k chain.VoteKind) signer.Kind {
	if k == chain.Prevote {
		return signer.Prevote
	}
	return signer.Precommit
}

func (r *Replica) signVote(v chain.Vote) {
	sig, ok := r.sign(voteSlot(v.Kind), v.Height, v.Round, chain.VoteMessage(r.genesis, &v))
	if !ok {
		return
	}
	signed := chain.SignedVote{Vote: v, Validator: r.cfg.Self, Signature: sig}
	own, err := r.core.Rules().VerifyVote(&signed)
	if err != nil {
		r.fail(fmt.Errorf("own vote does not verify; the consensus key is not the registered one: %w", err))
		return
	}
	r.noteVote(&signed, r.cfg.Ports.Now())
	r.cfg.Ports.Broadcast(FrameVote, chain.Encode(&signed))
	r.handleLater(consensus.VoteReceived{Vote: own})
}

func (r *Replica) signProposal(e consensus.SignProposal) {
	block := *e.Block
	p := chain.SignedProposal{Height: block.Header.Height, Round: e.Round, ValidRound: e.ValidRound, BlockHash: block.Header.Hash()}
	msg := chain.ProposalMessage(r.genesis, &p)
	if e.ValidRound < 0 {
		msg = chain.HeaderMessage(r.genesis, p.BlockHash)
	}
	sig, ok := r.sign(signer.Proposal, p.Height, p.Round, msg)
	if !ok {
		return
	}
	if e.ValidRound < 0 {
		block.Signature = sig
	} else {
		p.Signature = sig
	}
	p.Block = chain.Encode(&block)
	own, err := r.core.Rules().VerifyProposal(&p, r.cfg.Ports.Now())
	if err != nil {
		r.fail(fmt.Errorf("own proposal does not verify: %w", err))
		return
	}
	r.log.Debug("proposal sent", "height", p.Height, "round", p.Round, "block", p.BlockHash.Short(), "txs", len(block.Txs), "valid_round", p.ValidRound)
	r.cfg.Ports.Broadcast(FrameProposal, chain.Encode(&p))
	for i := range e.Proof {
		r.cfg.Ports.Broadcast(FrameVote, chain.Encode(&e.Proof[i]))
	}
	r.handleLater(consensus.ProposalReceived{Proposal: own})
}

// answer gives a peer what it lacks.
func (r *Replica) answer(e consensus.Send) {
	e = r.rested(e)
	if e.Proposal != nil {
		r.cfg.Ports.Send(e.Peer, FrameProposal, chain.Encode(e.Proposal))
	}
	for i := range e.Votes {
		r.cfg.Ports.Send(e.Peer, FrameVote, chain.Encode(&e.Votes[i]))
	}
}

// noteStep tells the observer when the round or the step changed.
func (r *Replica) noteStep() {
	round, step := r.core.Round(), r.core.StepName()
	if round == r.round && step == r.step {
		return
	}
	if round != r.round && round > 0 {
		r.log.Info("round entered", slog.Uint64("height", r.core.Height()), slog.Uint64("round", round))
	}
	r.round, r.step = round, step
	r.cfg.Observer.stepped(r.core.Height(), round, step)
}
