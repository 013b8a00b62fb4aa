package replica

import (
	"crypto/sha256"
	"errors"
	"maps"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/stake"
)

// ErrHostile marks a frame that no honest peer sends: the sender is faulty,
// whatever the state of either side.
var ErrHostile = errors.New("hostile frame")

// What is kept for the next height: frames in all and of one validator, and
// proposals in all, since they are large. One proposal of a validator is enough.
const (
	maxEarly          = 1 << 10
	maxEarlyOfOne     = 1 << 6
	maxEarlyProposals = 4
)

// frame is a message kept for the next height.
type frame struct {
	peer    string
	key     chain.PublicKey
	kind    byte
	payload []byte
}

// Frame takes a message of a peer. key is the peer's node key, which the
// transport has proven.
func (r *Replica) Frame(peer string, key chain.PublicKey, kind byte, payload []byte) error {
	if r.stopped() || (r.full && kind != FrameState) {
		return nil // not the sender's fault; what matters comes again
	}
	switch kind {
	case FrameState:
		return r.peerState(peer, key, payload)
	case FrameEvidence:
		return r.peerEvidence(payload)
	case FrameVote:
		return r.vote(peer, key, payload)
	case FrameProposal:
		return r.proposal(peer, key, payload)
	}
	return errors.Join(ErrHostile, errors.New("unknown kind of frame"))
}

func (r *Replica) vote(peer string, key chain.PublicKey, payload []byte) error {
	var v chain.SignedVote
	if err := chain.Decode(payload, &v, 1024); err != nil {
		return errors.Join(ErrHostile, err)
	}
	if v.Vote.Height != r.core.Height() {
		r.keepEarly(v.Vote.Height, frame{peer, key, FrameVote, payload})
		return nil
	}
	known, now := r.core.Has(&v), r.cfg.Ports.Now()
	r.repeated(key, known)
	if known {
		return nil
	}
	verified, err := r.core.Rules().VerifyVote(&v)
	if err != nil {
		return errors.Join(ErrHostile, err)
	}
	if v.Validator == r.cfg.Self && !r.remembers(&v.Vote) {
		r.meet(consensus.ForeignSelf{Height: v.Vote.Height, Round: v.Vote.Round, Kind: v.Vote.Kind})
		return nil
	}
	r.handle(consensus.VoteReceived{Vote: verified})
	if r.core.Has(&v) {
		r.noteVote(&v, now)
	}
	return nil
}

// repeated notes whether a message of the height that came was here already. What peers send that are no validators does not count,
// so that relays in great number do not make this node patient.
func (r *Replica) repeated(key chain.PublicKey, known bool) {
	if _, validator := r.core.Rules().Set.ByPeer(key); validator {
		r.patience.heard(key, known, patienceFor(r.tip.params.ProposeTimeout, r.tip.params.ProposeTimeoutStep, r.core.Round()))
	}
}

// remembers reports whether the signer knows a vote of this node's key.
func (r *Replica) remembers(v *chain.Vote) bool {
	return r.knows(voteSlot(v.Kind), v.Height, v.Round, chain.VoteMessage(r.genesis, v))
}

// knows reports whether the signer has signed a message for a slot. Of heights
// and rounds that it may have forgotten nothing can be said against the message,
// and nothing is ever signed there again.
func (r *Replica) knows(kind signer.Kind, height, round uint64, msg []byte) bool {
	if r.cfg.Signer == nil {
		return false
	}
	if s := r.cfg.Signer.State(); s.Height > height || s.Height == height && s.Round > round && s.Round-round > signedRounds/4 {
		return true
	}
	digest, ok := r.cfg.Signer.Signed(kind, height, round)
	return ok && digest == sha256.Sum256(msg)
}

// foreign reports whether a verified proposal bears a signature of this node's
// key that its signer does not know: on the header, or on a re-proposal.
func (r *Replica) foreign(p *consensus.Proposal) bool {
	s, rules := p.Signed(), r.core.Rules()
	h := &p.Block().Header
	if h.Forger == r.cfg.Self && !r.knows(signer.Proposal, h.Height, h.Round, chain.HeaderMessage(r.genesis, s.BlockHash)) {
		return true
	}
	if i, ok := rules.Set.Index(r.cfg.Self); !ok || s.ValidRound < 0 || rules.Set.Winner(rules.Seed, s.Height, s.Round) != i {
		return false
	}
	return !r.knows(signer.Proposal, s.Height, s.Round, chain.ProposalMessage(r.genesis, s))
}

func (r *Replica) proposal(peer string, key chain.PublicKey, payload []byte) error {
	var p chain.SignedProposal
	if err := chain.Decode(payload, &p, chain.MaxProposalBytes); err != nil {
		return errors.Join(ErrHostile, err)
	}
	if p.Height != r.core.Height() {
		r.keepEarly(p.Height, frame{peer, key, FrameProposal, payload})
		return nil
	}
	known := r.core.HasProposal(&p)
	r.repeated(key, known)
	if known {
		return nil
	}
	verified, err := r.core.Rules().VerifyProposal(&p, r.cfg.Ports.Now())
	if err != nil {
		return errors.Join(ErrHostile, err)
	}
	if r.foreign(&verified) {
		r.meet(consensus.ForeignSelf{Height: p.Height, Round: p.Round})
		return nil
	}
	r.sighted(p.BlockHash, verified.Block(), p.Round)
	r.handle(consensus.ProposalReceived{Proposal: verified})
	return nil
}

// keepEarly keeps what belongs to the next height: peers may be one ahead. It
// cannot be verified yet, so only validators are believed to send what matters,
// and none of them can take the place of another. What is not kept, the exchange
// of vote states brings back.
func (r *Replica) keepEarly(height uint64, f frame) {
	if height != r.core.Height()+1 || len(r.early) >= maxEarly {
		return
	}
	if _, validator := r.core.Rules().Set.ByPeer(f.key); !validator {
		return
	}
	same, proposals := 0, 0
	for _, e := range r.early {
		if e.key == f.key {
			same++
		}
		if e.kind != FrameProposal {
			continue
		}
		if proposals++; f.kind == FrameProposal && (e.key == f.key || proposals >= maxEarlyProposals) {
			return
		}
	}
	if same < maxEarlyOfOne {
		r.early = append(r.early, f)
	}
}

// replayEarly takes up what came before its height opened.
func (r *Replica) replayEarly() {
	early := r.early
	r.early = nil
	for _, f := range early {
		if err := r.Frame(f.peer, f.key, f.kind, f.payload); err != nil {
			r.log.Debug("early frame refused", "peer", f.peer, "error", err)
		}
	}
}

func (r *Replica) peerState(peer string, key chain.PublicKey, payload []byte) error {
	s, err := chain.DecodeVoteState(payload)
	if err != nil {
		return errors.Join(ErrHostile, err)
	}
	r.cfg.Ports.PeerHeight(peer, s.Height-1)
	r.hear(key)
	i, ok := r.core.Rules().Set.ByPeer(key)
	if !ok {
		i = -1
	}
	if !r.full { // while it is, what peers say would only pile up
		r.handle(consensus.PeerState{Peer: peer, Validator: i, State: *s})
	}
	return nil
}

// maxHeard bounds whom a replica remembers to have heard: the largest set fits.
const maxHeard = stake.MaxValidators

// hear notes that a peer spoke. Whether it is a validator is asked later: it
// may become one. Once there are too many, only validators are noted, and the
// first of them that is new takes the place of all others.
func (r *Replica) hear(key chain.PublicKey) {
	if _, known := r.heard[key]; !known && len(r.heard) >= maxHeard {
		set := r.core.Rules().Set
		if _, validator := set.ByPeer(key); !validator {
			return
		}
		maps.DeleteFunc(r.heard, func(k chain.PublicKey, _ uint64) bool {
			_, validator := set.ByPeer(k)
			return !validator
		})
	}
	r.heard[key] = r.cfg.Ports.Now()
}

// PeerUp greets a peer that has just connected.
func (r *Replica) PeerUp(peer string) {
	s := r.core.State()
	r.cfg.Ports.Send(peer, FrameState, chain.Encode(&s))
}

const (
	tellWhileBusy = 200  // milliseconds between vote states in an undecided height
	tellWhileIdle = 1000 // and while there is nothing to decide
)

// Tick is called about every 50 ms: it repeats the vote state, so that nothing
// lost between peers is lost for good, and looks whether work is due.
func (r *Replica) Tick() {
	if r.stopped() {
		return
	}
	r.goOn()
	r.retryBuild()
	r.lookForWork()
	every := uint64(tellWhileBusy)
	if r.core.StepName() == consensus.StepIdle {
		every = tellWhileIdle
	}
	if !r.core.Voting() {
		every = tellWhileBusy // the silence ends when others have answered
	}
	now := r.cfg.Ports.Now()
	if now >= r.lastTold && now-r.lastTold < every {
		return
	}
	r.lastTold = now
	s := r.core.State()
	r.cfg.Ports.Broadcast(FrameState, chain.Encode(&s))
}
