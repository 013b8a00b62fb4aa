package snapshot

import (
	"errors"
	"fmt"
	"time"

	"github.com/posnet/posnet/node/chain"
)

// The first rest of who offered a height that came to nothing, and the longest. The first is short: it may be an honest peer
// whose state was let go meanwhile.
const (
	struckFor  = 30 * time.Second
	maxStrikes = 8 // after which the rest grows no more
	longest    = 60 * time.Minute
)

// begin goes for the state of a height.
func (e *Engine) begin(height uint64) {
	for h, until := range e.dropped {
		if until <= e.now {
			delete(e.dropped, h)
		}
	}
	e.height = height
	e.manifests, e.chosen = map[chain.Hash]*group{}, nil
	e.result = Result{}
	for _, n := range e.notes {
		n.again, n.listed = 0, false
		if n.backs = e.offers(n); n.backs {
			n.turn = e.now // the others' turn comes first
		}
	}
	e.aim(height)
	e.enter(Walking)
	e.window = e.here()
}

// drop gives up the height that is being fetched and looks for another.
func (e *Engine) drop(why string) {
	if e.trouble != "" {
		why = e.trouble
	}
	e.dropped[e.height] = e.now + droppedFor
	e.vain++
	e.abort()
	e.cancelAll()
	e.manifests, e.chosen, e.firstOffer = nil, nil, never
	for _, n := range e.notes {
		// Who no longer offers a height that was reached told the truth in time. One that was not reached was never there.
		if e.offers(n) || e.phase == Walking && n.backs {
			e.strike(n)
		}
		n.offer = nil
	}
	e.enter(Looking)
	e.trouble = fmt.Sprintf("the state of height %d was given up: %s", e.height, why)
}

// strike has a peer's offers not count for a while, the longer the more of them came to nothing.
func (e *Engine) strike(n *note) {
	n.struck = e.now + min(struckFor<<n.strikes, longest)
	n.strikes = min(n.strikes+1, maxStrikes)
}

// abort gives up what was taken in.
func (e *Engine) abort() {
	if e.load.sink != nil {
		if err := e.load.sink.Abort(); e.err == nil {
			e.err = err
		}
	}
	e.load = load{}
}

// Abort ends the engine: what it took in is given up, unless the phase is Done.
func (e *Engine) Abort() error {
	if e.phase == Done || e.next == never {
		return nil // it has ended, and what it took in was given up then
	}
	e.cancelAll()
	e.abort()
	err := e.err
	if e.next = never; err == nil {
		e.err = errAborted
	}
	return err
}

var errAborted = errors.New("the join by snapshot was ended")
