package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/posnet/posnet/node/catchup"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/store"
)

// Fetch is the answer of one node to another that catches up. Faults may change
// all but By, To and Request.
type Fetch struct {
	By, To  *Node // who answers, who asked
	Request catchup.Request
	Blocks  []catchup.Block
	Err     error
	Delay   uint64 // milliseconds
	Lost    bool   // the answer never comes
}

func (n *Node) enginePorts(life int) catchup.Ports {
	return catchup.Ports{
		Height: func() uint64 { return n.replica.View().Height },
		Peers: func() (peers []catchup.Peer) {
			for _, other := range n.nodes {
				if h, ok := n.claims[other.Name]; ok {
					peers = append(peers, catchup.Peer{ID: other.Name, Height: h})
				}
			}
			return peers
		},
		Ask:    func(q catchup.Request) { n.ask(life, q) },
		Cancel: func(catchup.RequestID) {},
		Apply: func(b catchup.Block) error {
			err := n.replica.Certified(slices.Clone(b.Block), slices.Clone(b.Certificate))
			if errors.Is(err, store.ErrNoSpace) {
				return fmt.Errorf("%w: %w", catchup.ErrLater, err)
			}
			return err
		},
		Hostile: func(err error) bool { return errors.Is(err, replica.ErrHostile) },
		Blame: func(peer string, err error) {
			n.say("%s blames %s: %v", n.Name, peer, err)
			if from := n.byName[peer]; !from.byzantine && !from.mangled() {
				n.Violate("%s blames honest %s: %v", n.Name, peer, err)
			}
		},
	}
}

// instant is the time since the beginning: it does not jump with the clock.
func (n *Node) instant() time.Duration { return time.Duration(n.now-epoch) * time.Millisecond }

// engineInput gives the engine an input as an event of its own: it must not be
// called from within the replica.
func (n *Node) engineInput(life int, in func(at time.Duration) error) {
	n.After(0, func() {
		n.event(life, func() {
			if err := in(n.instant()); err != nil && n.replica.Err() == nil {
				n.Violate("%s cannot catch up any more: %v", n.Name, err)
			}
			n.planEngine(life)
		})
	})
}

// planEngine plans the next tick that the engine wants.
func (n *Node) planEngine(life int) {
	at := epoch + uint64((n.engine.Next()+time.Millisecond-1)/time.Millisecond)
	if at = max(at, n.now); n.ticking > n.now && n.ticking <= at {
		return
	}
	n.ticking = at
	n.After(at-n.now, func() {
		n.event(life, func() {
			if n.ticking == at {
				n.ticking = 0
			}
			if err := n.engine.Tick(n.instant()); err != nil && n.replica.Err() == nil {
				n.Violate("%s cannot catch up any more: %v", n.Name, err)
			}
			n.planEngine(life)
		})
	})
}

// maxServed is how many blocks one answer has; the real transport caps bytes.
const maxServed = 32

// ask sends a request on its way and brings its answer.
func (n *Node) ask(life int, q catchup.Request) {
	by := n.byName[q.Peer]
	n.After(n.hop(), func() {
		f := &Fetch{By: by, To: n, Request: q, Delay: n.hop()}
		if by.Up() {
			f.Blocks, f.Err = by.Serve(q)
		} else {
			f.Err = errors.New("connection refused")
		}
		if by.frozen > n.now {
			f.Delay += by.frozen - n.now
		}
		for _, see := range n.fetches {
			see(f)
		}
		if f.Lost {
			f.Blocks, f.Err, f.Delay = nil, errors.New("no answer came"), 20_000
		}
		n.After(f.Delay, func() {
			n.event(life, func() {
				n.note('f', n.Index, []byte{byte(by.Index), byte(len(f.Blocks))})
				if err := n.engine.Answered(n.instant(), q.ID, f.Blocks, f.Err); err != nil && n.replica.Err() == nil {
					n.Violate("%s cannot catch up any more: %v", n.Name, err)
				}
				n.planEngine(life)
			})
		})
	})
}

// Serve reads what a peer asks for.
func (n *Node) Serve(q catchup.Request) (blocks []catchup.Block, err error) {
	for h := q.From; h < q.From+uint64(min(q.Count, maxServed)) && h <= n.durable; h++ {
		b, err := n.store.Block(h)
		if err != nil {
			return blocks, err
		}
		c, err := n.store.Certificate(h)
		if err != nil {
			return blocks, err
		}
		blocks = append(blocks, catchup.Block{Block: slices.Clone(b), Certificate: slices.Clone(c)})
	}
	return blocks, nil
}
