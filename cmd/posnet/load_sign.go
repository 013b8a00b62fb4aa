package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/posnet/posnet/node/chain"
)

// shipment is the transfers to send: an account's all go in the same stream of requests to one node, in the order of
// their nonces.
type shipment struct {
	crowd *crowd
	size  int        // transfers in a parcel
	plan  *rand.Rand // which accounts; guarded by mu, as are open, queued and the nonces

	mu     sync.Mutex
	open   [][]order // by stream: what the next parcel will hold
	queued [][]*parcel
	count  atomic.Uint64 // transfers planned

	each bool     // note for each transfer by itself when it was sent, not for each parcel
	sent sync.Map // *atomic.Int64, Unix nanoseconds, by tag of a transfer; see tagOf
}

// order is a transfer that is not signed yet.
type order struct {
	from, to int
	nonce    uint64
}

// parcel is a signed batch: a CBOR sequence of byte strings.
type parcel struct {
	body []byte
	ends []int // where in body each transfer ends
	at   atomic.Int64
	each []atomic.Int64 // by transfer; nil unless the shipment says so
}

// part is the encoding of one transfer, head included.
func (p *parcel) part(i int) []byte {
	from := 0
	if i > 0 {
		from = p.ends[i-1]
	}
	return p.body[from:p.ends[i]]
}

// tagOf knows a transfer again in a block: the end of its signature, which is the end of its encoding.
func tagOf(raw []byte) uint64 { return binary.BigEndian.Uint64(raw[len(raw)-8:]) }

func newShipment(c *crowd, streams, size int) *shipment {
	return &shipment{crowd: c, size: size, plan: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), open: make([][]order, streams), queued: make([][]*parcel, streams)}
}

// next plans the parcel that comes next for some stream, or, for -1, for whichever is full first. It is called with mu held.
func (s *shipment) next(stream int) (orders []order, to int) {
	for {
		n := len(s.crowd.keys)
		o := order{from: s.plan.IntN(n), to: s.plan.IntN(n)}
		if o.from == o.to {
			continue
		}
		o.nonce = s.crowd.nonces[o.from]
		s.crowd.nonces[o.from]++
		s.count.Add(1)
		at := o.from % len(s.open)
		s.open[at] = append(s.open[at], o)
		if len(s.open[at]) < s.size {
			continue
		}
		full := s.open[at]
		s.open[at] = nil
		if stream < 0 || at == stream {
			return full, at
		}
		s.queued[at] = append(s.queued[at], s.sign(full))
	}
}

// sign makes a parcel of orders.
func (s *shipment) sign(orders []order) *parcel {
	p := &parcel{ends: make([]int, 0, len(orders))}
	if s.each {
		p.each = make([]atomic.Int64, len(orders))
	}
	for i, o := range orders {
		raw := s.crowd.transfer(s.crowd.keys[o.from], o.nonce, s.crowd.address(o.to), 1)
		at := &p.at
		if s.each {
			at = &p.each[i]
		}
		s.sent.Store(tagOf(raw), at)
		p.body = append(p.body, chain.Encode(raw)...)
		p.ends = append(p.ends, len(p.body))
	}
	return p
}

// signAhead signs n transfers, on every processor.
func (s *shipment) signAhead(ctx context.Context, n int, tell *progress) {
	var all sync.WaitGroup
	var done atomic.Int64
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for planned := 0; planned < n && ctx.Err() == nil; planned += s.size {
		slots <- struct{}{}
		s.mu.Lock()
		orders, stream := s.next(-1)
		at := len(s.queued[stream])
		s.queued[stream] = append(s.queued[stream], nil)
		s.mu.Unlock()
		all.Go(func() {
			p := s.sign(orders)
			s.mu.Lock()
			s.queued[stream][at] = p
			s.mu.Unlock()
			if k := done.Add(int64(len(orders))); k/50_000 != (k-int64(len(orders)))/50_000 {
				tell.show(fmt.Sprintf("%d of %d transfers signed", k, n))
			}
			<-slots
		})
	}
	all.Wait()
}

// take gives the next parcel of a stream, signed now if none waits.
func (s *shipment) take(stream int) *parcel {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queued[stream]; len(q) > 0 {
		s.queued[stream] = q[1:]
		p := q[0]
		q[0] = nil
		return p
	}
	orders, _ := s.next(stream)
	return s.sign(orders)
}

// sentAt is when the transfer with a tag was sent, in nanoseconds; 0 if it is none of these.
func (s *shipment) sentAt(tag uint64) int64 {
	at, ok := s.sent.LoadAndDelete(tag)
	if !ok {
		return 0
	}
	return at.(*atomic.Int64).Load()
}
