package replica

import (
	"errors"
	"fmt"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/signer"
)

// doubleIdentity is the reason that the core halts with when somebody else signs
// with this node's key; the signer remembers it under the same word.
const doubleIdentity = "DoubleIdentity"

// meet takes note of a message of this node's key that its signer has not
// signed. That nothing more is signed is durable before anything else happens:
// what waits in the queue may ask for a signature.
func (r *Replica) meet(e consensus.ForeignSelf) {
	if r.cfg.Signer != nil {
		r.seen = seenSlot(e)
		r.keepStop()
	}
	r.handle(e)
}

// keepStop makes the stop durable. Without room the replica is stalled, and
// tries again when it performs the Halt.
func (r *Replica) keepStop() {
	if r.seen == (signer.Slot{}) {
		return
	}
	err := r.cfg.Signer.Stop(doubleIdentity, r.seen)
	switch {
	case noSpace(err):
		r.stall("record that signing is stopped", err)
	case err != nil:
		r.fail(fmt.Errorf("record that signing is stopped: %w", err))
	}
}

// remindCore halts the core of a node whose signer was stopped in an earlier life.
func (r *Replica) remindCore() {
	if r.cfg.Signer == nil {
		return
	}
	if stop, ok := r.cfg.Signer.Stopped(); ok && r.err == nil {
		r.handle(foreignSelf(stop.Seen))
	}
}

// halt tells why the node votes no more.
func (r *Replica) halt(h consensus.Halt) {
	if h.Reason == doubleIdentity {
		if r.keepStop(); r.err != nil || r.full {
			return
		}
	}
	r.haltReason, r.haltMessage = h.Reason, h.Message
	r.log.Error("voting stopped for good", "reason", h.Reason, "detail", h.Message)
	r.cfg.Observer.halted(h.Reason, h.Message)
}

func seenSlot(e consensus.ForeignSelf) signer.Slot {
	s := signer.Slot{Height: e.Height, Round: e.Round, Kind: signer.Proposal}
	if e.Kind != 0 {
		s.Kind = voteSlot(e.Kind)
	}
	return s
}

func foreignSelf(s signer.Slot) consensus.ForeignSelf {
	e := consensus.ForeignSelf{Height: s.Height, Round: s.Round}
	switch s.Kind {
	case signer.Prevote:
		e.Kind = chain.Prevote
	case signer.Precommit:
		e.Kind = chain.Precommit
	}
	return e
}

// silenced reports whether the signer was stopped: that it refuses is then no
// news.
func (r *Replica) silenced() bool {
	if r.cfg.Signer == nil {
		return false
	}
	_, stopped := r.cfg.Signer.Stopped()
	return stopped
}

// refused reports whether an error of the signer means that this message must
// not be signed, and another may be.
func refused(err error) bool {
	return errors.Is(err, signer.ErrDoubleSign) || errors.Is(err, signer.ErrRegression)
}
