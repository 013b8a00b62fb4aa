package snapshot

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// maxNotes is the most peers with a record.
const maxNotes = 256

// note is the record of a peer.
type note struct {
	until    time.Duration // not to be asked before
	failures int           // in a row
	asked    time.Duration // when it was last asked
	idle     time.Duration // since when it waits to be asked for anything but an offer
	busy     int           // requests under way, but for offers
	offering bool          // it is being asked for its offer
	offered  time.Duration // when it last made one
	offer    *Offer
	again    time.Duration // when to ask for its manifest again
	listed   bool          // it gave its manifest of the height
	quick    bool          // its last headers came within quickAnswer
	backs    bool          // it offered the height when that was chosen
	turn     time.Duration // since when it waits for a height that it offers to be tried
	struck   time.Duration // its offers do not count before
	strikes  int           // how many came to nothing, since one was of use
}

const quickAnswer = time.Second

type request struct {
	Request
	wanted   bool
	asked    time.Duration
	deadline time.Duration
}

func (e *Engine) note(peer string) *note {
	n := e.notes[peer]
	if n == nil {
		n = &note{asked: -pace, offered: -offerEvery, idle: e.now, turn: e.now}
		e.notes[peer] = n
	}
	return n
}

// forget drops the records of peers that are gone, once there are many.
func (e *Engine) forget() {
	if len(e.notes) < maxNotes {
		return
	}
	here := map[string]bool{}
	for _, p := range e.peers {
		here[p.ID] = true
	}
	for id, n := range e.notes {
		if !here[id] && n.busy == 0 && !n.offering {
			delete(e.notes, id)
		}
	}
}

// pick chooses whom to ask: of the peers that will do and may be asked now the least busy, of these who failed least, and of these
// who waits longest.
func (e *Engine) pick(will func(Peer, *note) bool) (string, bool) {
	best, found := "", false
	var its *note
	for _, p := range e.peers {
		n := e.note(p.ID)
		if n.until > e.now || n.busy >= PerPeer || e.now < n.asked+pace || !will(p, n) {
			continue
		}
		if !found || cmp.Or(cmp.Compare(n.busy, its.busy), cmp.Compare(n.failures, its.failures), cmp.Compare(n.idle, its.idle),
			cmp.Compare(p.ID, best)) < 0 {
			best, its, found = p.ID, n, true
		}
	}
	return best, found
}

// pickQuick is pick among the quick ones, if there are any who will do: it waits for the pace of these rather than try new names,
// of which there may be any number.
func (e *Engine) pickQuick(will func(Peer, *note) bool) (string, bool) {
	quick := slices.ContainsFunc(e.peers, func(p Peer) bool {
		n := e.note(p.ID)
		return n.quick && n.until <= e.now && n.busy < PerPeer && will(p, n)
	})
	return e.pick(func(p Peer, n *note) bool { return (n.quick || !quick) && will(p, n) })
}

// ask sends a request on its way, if there is room.
func (e *Engine) ask(r Request) {
	if len(e.requests) >= MaxRequests {
		return
	}
	n := e.note(r.Peer)
	limit := shortTime
	switch r.Kind {
	case AskOffer:
		n.offering = true
	case AskChunk, AskBlock:
		limit = longTime
		n.busy++
	default:
		n.busy++
	}
	n.asked = e.now
	if r.Kind != AskOffer {
		n.idle = e.now
	}
	e.last++
	r.ID = e.last
	e.requests = append(e.requests, &request{Request: r, wanted: true, asked: e.now, deadline: e.now + limit})
	e.cfg.Ports.Ask(r)
}

// under lists the wanted requests of a kind, and of an index where that is not negative.
func (e *Engine) under(k Kind, index int64) []*request {
	var out []*request
	for _, q := range e.requests {
		if q.wanted && q.Kind == k && (index < 0 || q.Index == uint64(index)) {
			out = append(out, q)
		}
	}
	return out
}

func (e *Engine) cancelAll() {
	for _, q := range e.requests {
		if q.wanted {
			q.wanted = false
			e.cfg.Ports.Cancel(q.ID)
		}
	}
}

// expire gives up requests that took too long.
func (e *Engine) expire() {
	for _, q := range e.requests {
		if q.wanted && e.now >= q.deadline {
			q.wanted = false
			e.cfg.Ports.Cancel(q.ID)
			e.rest(q.Peer)
		}
	}
}

// rest has a peer passed over for a while, the longer the more often it failed.
func (e *Engine) rest(peer string) {
	n := e.note(peer)
	n.until = e.now + min(time.Second<<min(n.failures, 6), time.Minute)
	n.failures++
	n.quick = false
}

// blame tells who is at fault. The others' answers that are here stay: each was checked by itself.
func (e *Engine) blame(peer string, err error) {
	e.cfg.Ports.Blame(peer, err)
	n := e.note(peer)
	n.failures += 4
	e.rest(peer)
	n.offer = nil
	for _, q := range e.requests {
		if q.Peer == peer && q.wanted {
			q.wanted = false
			e.cfg.Ports.Cancel(q.ID)
		}
	}
}

var errNothing = errors.New("it has none")

// answered puts an answer where it belongs.
func (e *Engine) answered(came time.Duration, id RequestID, a Answer, err error) {
	i := slices.IndexFunc(e.requests, func(q *request) bool { return q.ID == id })
	if i < 0 {
		return
	}
	q := e.requests[i]
	e.requests = slices.Delete(e.requests, i, i+1)
	n := e.note(q.Peer)
	if q.Kind == AskOffer {
		n.offering, n.offered = false, e.now
	} else {
		n.busy--
	}
	if !q.wanted {
		return
	}
	if err == nil && a.Part == nil && len(a.Headers) == 0 {
		err = errNothing
	}
	if err != nil || came >= q.deadline {
		e.rest(q.Peer)
		if q.Kind != AskOffer {
			n.offer = nil // what it said it has, it may not have any more
		}
		return
	}
	switch q.Kind {
	case AskOffer:
		err = e.offered(n, a.Part)
	case AskHeaders:
		err = e.headed(q, a.Headers)
	case AskManifest:
		err = e.manifest(q, a.Part)
	case AskChunk:
		err = e.chunk(q, a.Part)
	case AskBlock:
		err = e.block(a.Part)
	}
	if errors.Is(err, errLittle) {
		e.rest(q.Peer)
		return
	}
	if err != nil {
		e.blame(q.Peer, fmt.Errorf("asked for %s of height %d: %w", q.Kind, q.Height, err))
		return
	}
	if q.Kind != AskOffer { // to offer is no merit
		n.failures = 0
	}
	if q.Kind == AskHeaders {
		n.quick = came-q.asked <= quickAnswer
	}
}

// String is what a request of the kind asks for.
func (k Kind) String() string {
	return [...]string{"", "an offer", "headers", "a manifest", "a chunk", "a block"}[k]
}
