package gossip

import "sync"

// Bounds of what waits to be sent to one peer. Bytes of a broadcast are shared between the peers' outboxes.
const (
	outboxItems = 4096
	outboxSpare = 1 << 20 // bytes beside two of the largest proposals
)

type frame struct {
	kind    FrameKind
	payload []byte
}

// outbox is the bounded queue of frames for one peer. A vote state says everything an older one said, so only the newest
// waits, and it is the first to go when room is needed: another follows soon, and brings back whatever was dropped.
type outbox struct {
	maxItems, maxBytes int
	ready              chan struct{} // holds a token when frames may be there

	mu    sync.Mutex
	items []frame
	bytes int
	state int // index in items of the waiting vote state, or -1
}

func newOutbox(maxItems, maxBytes int) *outbox {
	return &outbox{maxItems: maxItems, maxBytes: maxBytes, ready: make(chan struct{}, 1), state: -1}
}

// put queues a frame, unless there is no room for it. It reports which kinds were dropped for want of room: none, a
// waiting vote state, the frame itself.
func (o *outbox) put(f frame) (dropped []FrameKind) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f.kind == FrameVoteState && o.state >= 0 {
		o.bytes += len(f.payload) - len(o.items[o.state].payload)
		o.items[o.state] = f
		return nil
	}
	if !o.room(f) && o.state >= 0 {
		o.bytes -= len(o.items[o.state].payload)
		o.items = append(o.items[:o.state], o.items[o.state+1:]...)
		o.state = -1
		dropped = append(dropped, FrameVoteState)
	}
	if !o.room(f) {
		return append(dropped, f.kind)
	}
	if f.kind == FrameVoteState {
		o.state = len(o.items)
	}
	o.items = append(o.items, f)
	o.bytes += len(f.payload)
	select {
	case o.ready <- struct{}{}:
	default:
	}
	return dropped
}

func (o *outbox) room(f frame) bool {
	return len(o.items) < o.maxItems && o.bytes+len(f.payload) <= o.maxBytes
}

// takeAll empties the queue.
func (o *outbox) takeAll() []frame {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.items
	o.items, o.bytes, o.state = nil, 0, -1
	return all
}
