package replica

import (
	"errors"
	"fmt"

	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/store"
	"github.com/posnet/posnet/node/wal"
)

// A full disk stops the world of a replica where it stands: the effect that
// found no room, and all behind it, wait in stalled, and events in queue. To
// the rest of the network that is a slow node. Going on in order, later, is
// always safe; skipping the effect is not live: nobody asks for the same vote
// twice, and without it the height may never end.

// noSpace reports whether an error is a full disk: nothing was written, and the
// same call may be made again.
func noSpace(err error) bool {
	return errors.Is(err, store.ErrNoSpace) || errors.Is(err, signer.ErrNoSpace) || errors.Is(err, wal.ErrNoSpace)
}

// stall stops the replica until there is room.
func (r *Replica) stall(doing string, err error) {
	if !r.retrying {
		r.log.Error("the disk is full: the node waits for room", "doing", doing, "height", r.core.Height(), "error", err)
	}
	r.full = true
}

// performAll does effects in order. At the first that finds no room it stops, and
// keeps what is left.
func (r *Replica) performAll(effects []consensus.Effect) {
	for i, e := range effects {
		if r.perform(e); r.err != nil {
			return
		}
		if r.full {
			r.stalled = effects[i:]
			return
		}
	}
	r.flush()
}

// goOn tries again what found no room. It reports whether the replica runs.
func (r *Replica) goOn() bool {
	if !r.full {
		return true
	}
	r.full, r.retrying = false, true
	effects := r.stalled
	r.stalled = nil
	r.turn(effects)
	r.retrying = false
	if !r.full && r.err == nil {
		r.log.Info("there is room on the disk again")
	}
	return !r.full && r.err == nil
}

// stopped reports whether the replica has failed for good.
func (r *Replica) stopped() bool { return r.err != nil }

// halted is why nothing goes on, or nil.
func (r *Replica) halted() error {
	if r.err == nil && r.full {
		return fmt.Errorf("the node waits for room: %w", store.ErrNoSpace)
	}
	return r.err
}
