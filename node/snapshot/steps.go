package snapshot

import (
	"errors"
	"fmt"
	"time"

	"github.com/posnet/posnet/node/chain"
)

// A walk must be walked at some speed, or headers that come one by one, and those that the chain makes meanwhile, would keep it
// going for ever.
const (
	windowTime = 40 * time.Second
	leastSteps = MaxHeaders // headers in a window, unless fewer remain
	leastGain  = 2          // upwards: how much faster than the clock the headers' times pass, or the walk follows the tip
	slowAnswer = hurry / 2  // with fewer headers than asked for
)

// mark is where a walk was.
type mark struct {
	at     time.Duration
	height uint64
	time   uint64 // of the header, in milliseconds
}

// here is where the walk is.
func (e *Engine) here() mark {
	m := mark{at: e.now, height: e.cfg.Trust.Height}
	if h := e.walk.header; h != nil {
		m.height, m.time = h.Height, h.Time
	}
	return m
}

// hold ends the attempt when the walk got on too slowly in the window that is over. It says nothing of how many headers an answer
// has: honest peers read few of large blocks.
func (e *Engine) hold() {
	was, is := e.window, e.here()
	if is.at-was.at < windowTime || e.walk.header != nil && is.height == e.walk.target {
		return
	}
	enough := apart(is.height, was.height) >= leastSteps
	if e.upwards() {
		gain := time.Duration(is.time-was.time) * time.Millisecond
		enough = enough && gain >= leastGain*(is.at-was.at)
	}
	if e.window = is; !enough {
		e.drop("the headers on the way to it come too slowly, or end below it")
	}
}

func apart(a, b uint64) uint64 { return max(a, b) - min(a, b) }

// upwards reports whether the walk goes up.
func (e *Engine) upwards() bool { return e.walk.header != nil && e.walk.target > e.walk.header.Height }

// aim sets where the walk goes to, from the nearer one of the trusted block and the highest one that was verified: what was walked
// once is not walked again.
func (e *Engine) aim(target uint64) {
	e.walk = e.start
	if top := e.top.header; top != nil && apart(top.Height, target) < apart(e.cfg.Trust.Height, target) {
		e.walk = e.top
	}
	e.walk.target = target
}

// errLittle says that a peer brought less than it said it has. It may be an honest one, so it rests and is not blamed.
var errLittle = errors.New("it brought less than it said it has")

// step asks for the next headers of the walk.
func (e *Engine) step() {
	e.askOffers()
	if e.arrived() {
		e.list()
		return
	}
	under := e.under(AskHeaders, -1)
	if len(under) > 1 || len(under) == 1 && e.now-under[0].asked < hurry {
		return
	}
	from, count := e.wanted()
	peer, ok := e.pickQuick(func(p Peer, n *note) bool {
		if len(under) == 1 && under[0].Peer == p.ID || n.offer == nil {
			return false
		}
		return n.offer.Base <= from && n.offer.Height >= from
	})
	if !ok {
		if len(under) == 0 && e.trouble == "" {
			e.trouble = fmt.Sprintf("no peer that could be asked now has block %d", from)
		}
		return
	}
	if e.upwards() { // no more than it says it has, so that a shorter answer says something
		count = int(min(uint64(count), e.note(peer).offer.Height-from+1))
	}
	r := Request{Peer: peer, Kind: AskHeaders, Height: from, Count: count}
	if e.walk.set != nil && !e.walk.down {
		r.Set = e.walk.set.Hash()
	}
	e.ask(r)
}

// wanted is what the walk asks for next.
func (e *Engine) wanted() (from uint64, count int) {
	w := &e.walk
	switch {
	case w.header == nil:
		return e.cfg.Trust.Height, 1
	case w.target > w.header.Height:
		return w.header.Height + 1, int(min(w.target-w.header.Height, MaxHeaders))
	}
	from = max(w.target, w.header.Height-min(w.header.Height-1, MaxHeaders))
	return from, int(w.header.Height - from)
}

// arrived reports whether the walk is over, and has the walk's end for the result.
func (e *Engine) arrived() bool {
	w := &e.walk
	if w.header == nil || w.header.Height != w.target || w.cert == nil {
		return false
	}
	e.result = Result{Height: w.target, Hash: w.hash, Header: w.header, Certificate: w.cert, Set: w.set}
	e.enter(Listing)
	e.listed = e.now
	return true
}

// headed takes headers. It returns an error if no honest peer would have sent them.
func (e *Engine) headed(q *request, list []Headed) error {
	if e.phase != Walking {
		return nil
	}
	if from, _ := e.wanted(); from != q.Height {
		return nil // somebody else was faster
	}
	if len(list) == 0 {
		return errLittle
	}
	if len(list) > q.Count {
		return fmt.Errorf("it brought %d, not the %d asked for", len(list), q.Count)
	}
	headers := make([]*chain.Header, 0, len(list))
	for i := range list {
		h := new(chain.Header)
		if err := chain.Decode(list[i].Header, h, MaxHeaderBytes); err != nil {
			return err
		}
		if h.Height != q.Height+uint64(i) || h.Genesis != e.cfg.Genesis {
			return fmt.Errorf("it brought a header of height %d of network %s in the place of %d", h.Height, h.Genesis.Short(), q.Height+uint64(i))
		}
		headers = append(headers, h)
	}
	var err error
	w := e.walk
	switch {
	case w.header == nil:
		if headers[0].Hash() != e.cfg.Trust.Hash {
			e.distrust(q.Peer, headers[0])
			return errLittle
		}
		err = w.start(e.cfg.Genesis, headers[0], list[0])
	case w.target > w.header.Height:
		for i := 0; i < len(list) && err == nil; i++ {
			err = w.up(e.cfg.Genesis, headers[i], list[i])
		}
	default:
		if len(list) < q.Count { // it ends below its beginning: nothing follows from it
			return errLittle
		}
		w.down = true
		for i := len(headers) - 1; i >= 0 && err == nil; i-- {
			err = w.descend(e.cfg.Genesis, headers[i], list[i])
		}
	}
	if err != nil {
		return err
	}
	e.wentOn(w)
	if slow := e.now-q.asked > slowAnswer; slow && len(list) < q.Count {
		return errLittle
	}
	return nil
}

// wentOn takes the walk to where headers led.
func (e *Engine) wentOn(w walk) {
	if e.walk.header == nil {
		e.start = w
		e.window = mark{e.now, w.header.Height, w.header.Time}
	}
	if !w.down {
		e.top = w
	}
	e.walk, e.trouble = w, ""
	for _, q := range e.under(AskHeaders, -1) { // they ask for what is here
		q.wanted = false
		e.cfg.Ports.Cancel(q.ID)
		if e.now-q.asked >= hurry {
			e.rest(q.Peer)
		}
	}
}

// distrust notes that a peer has another block at the trusted height. It may be an honest one of a user who mistyped the hash, so
// nobody is blamed.
func (e *Engine) distrust(peer string, h *chain.Header) {
	e.foreign[peer] = true
	e.mistyped = fmt.Sprintf("%d peers have another block at the trusted height %d, one of them %s and not %s: check --trust-height and --trust-hash against a source you trust",
		len(e.foreign), h.Height, h.Hash(), e.cfg.Trust.Hash)
}
