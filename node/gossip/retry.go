package gossip

import (
	"errors"
	"sync"
	"time"

	"github.com/posnet/posnet/node/chain"
)

const (
	// retryFirst is when a transaction that the state does not allow yet is offered again; each further time it takes
	// twice as long, so that all are over after about three seconds.
	retryFirst = 50 * time.Millisecond
	retryTimes = 6

	retryItems   = 1024 // kept at most
	retryPerPeer = 256  // of these from one peer
)

// retries keeps transactions of peers that came before the block which makes them possible: a client that sees its account
// funded on one node sends at once, and the transaction may overtake that block on its way to another node. Refusing it
// for good there would leave it in some pools and not in others.
type retries struct {
	net  *Network
	wake chan struct{}

	mu    sync.Mutex
	items map[chain.Hash]*retry
	of    map[PeerID]int // how many by peer
}

type retry struct {
	from  PeerID
	raw   []byte
	tries int
	next  time.Time
}

func newRetries(n *Network) *retries {
	return &retries{net: n, wake: make(chan struct{}, 1), items: map[chain.Hash]*retry{}, of: map[PeerID]int{}}
}

// worthRetrying reports whether a refusal may be over with the next block.
func worthRetrying(code chain.RefusalCode) bool {
	switch code {
	case chain.RefusedBalance, chain.RefusedNonceGap, chain.RefusedNotValidator:
		return true
	}
	return false
}

// keep takes a transaction that was refused for the state, if there is room.
func (r *retries) keep(from PeerID, raw []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := chain.Sum(raw)
	if r.items[id] != nil || len(r.items) >= retryItems || r.of[from] >= retryPerPeer {
		return
	}
	r.items[id] = &retry{from: from, raw: raw, next: time.Now().Add(retryFirst)}
	r.of[from]++
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// run offers again what is due, until the network closes. With nothing kept it sleeps.
func (r *retries) run() {
	t := time.NewTimer(time.Hour)
	defer t.Stop()
	for {
		if next, some := r.next(); some {
			t.Reset(time.Until(next))
		} else {
			t.Stop()
		}
		select {
		case <-r.net.ctx.Done():
			return
		case <-r.wake:
		case <-t.C:
			r.offer(r.due(time.Now()))
		}
	}
}

// next is when the first is due.
func (r *retries) next() (at time.Time, some bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.items {
		if !some || x.next.Before(at) {
			at, some = x.next, true
		}
	}
	return at, some
}

func (r *retries) due(now time.Time) map[PeerID][]*retry {
	r.mu.Lock()
	defer r.mu.Unlock()
	due := map[PeerID][]*retry{}
	for _, x := range r.items {
		if !x.next.After(now) {
			due[x.from] = append(due[x.from], x)
		}
	}
	return due
}

func (r *retries) offer(due map[PeerID][]*retry) {
	for from, list := range due {
		raws := make([][]byte, len(list))
		for i, x := range list {
			raws[i] = x.raw
		}
		errs := r.net.cfg.Admit(from, raws)
		for i, x := range list[:min(len(list), len(errs))] {
			if errs[i] == nil {
				r.net.mesh.publish(x.raw)
			}
			r.settle(x, errs[i])
		}
	}
}

// settle forgets x unless it is worth another try.
func (r *retries) settle(x *retry, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x.tries++
	var refusal *chain.Refusal
	if errors.As(err, &refusal) && worthRetrying(refusal.Code) && x.tries < retryTimes {
		x.next = time.Now().Add(retryFirst << x.tries)
		return
	}
	delete(r.items, chain.Sum(x.raw))
	if r.of[x.from]--; r.of[x.from] <= 0 {
		delete(r.of, x.from)
	}
}
