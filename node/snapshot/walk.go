package snapshot

import (
	"errors"
	"fmt"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/stake"
)

// walk goes from the trusted block to that of the state.
type walk struct {
	target uint64
	header *chain.Header // the last one verified; nil: not even the trusted one
	hash   chain.Hash
	set    *stake.Set // of its height, once that is known
	cert   []byte     // of it, verified; only where the walk goes up, or has arrived
	down   bool       // it goes down
}

// aim sets where the walk goes to. What lies on the way is kept.
func (w *walk) aim(target uint64) {
	if w.header != nil && (w.down || w.header.Height > target) {
		*w = walk{}
	}
	w.target = target
}

// MaxHeaderBytes and MaxCertificateBytes cap what travels beside a set, which [stake.DecodeSet] caps.
const (
	MaxHeaderBytes      = 1 << 10
	MaxCertificateBytes = 1 << 20
	MaxSetBytes         = stake.MaxValidators * 256
)

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
	peer, ok := e.pick(func(p Peer, n *note) bool {
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
			return nil
		}
		err = w.start(e.cfg.Genesis, headers[0], list[0])
	case w.target > w.header.Height:
		for i := 0; i < len(list) && err == nil; i++ {
			err = w.up(e.cfg.Genesis, headers[i], list[i])
		}
	default:
		if len(list) < q.Count { // it ends below its beginning: nothing follows from it
			e.rest(q.Peer)
			return nil
		}
		w.down = true
		for i := len(headers) - 1; i >= 0 && err == nil; i-- {
			err = w.descend(e.cfg.Genesis, headers[i], list[i])
		}
	}
	if err == nil {
		e.walk, e.progress, e.trouble = w, e.now, ""
	}
	return err
}

// distrust notes that a peer has another block at the trusted height. It may be an honest one of a user who mistyped the hash, so
// nobody is blamed.
func (e *Engine) distrust(peer string, h *chain.Header) {
	e.rest(peer)
	e.foreign[peer] = true
	e.trouble = fmt.Sprintf("%d peers have another block at the trusted height %d, one of them %s and not %s: check --trust-height and --trust-hash against a source you trust",
		len(e.foreign), h.Height, h.Hash(), e.cfg.Trust.Hash)
}

var errNoSet = errors.New("the validator set of the header is missing")

// setOf gives the set that a header names: the one known, or the one that came with it.
func setOf(known *stake.Set, name chain.Hash, raw []byte) (*stake.Set, error) {
	if known != nil && known.Hash() == name {
		return known, nil
	}
	if len(raw) == 0 {
		return nil, errNoSet
	}
	set, err := stake.DecodeSet(raw)
	if err != nil {
		return nil, err
	}
	if set.Hash() != name {
		return nil, fmt.Errorf("a validator set %s came, the header names %s", set.Hash().Short(), name.Short())
	}
	return set, nil
}

// start takes the trusted header.
func (w *walk) start(genesis chain.Hash, h *chain.Header, with Headed) error {
	return w.certified(genesis, h, with)
}

// certified moves the walk to a header that its own set certifies.
func (w *walk) certified(genesis chain.Hash, h *chain.Header, with Headed) error {
	set, err := setOf(w.set, h.Set, with.Set)
	if err != nil {
		return err
	}
	var c chain.Certificate
	if err := chain.Decode(with.Certificate, &c, MaxCertificateBytes); err != nil {
		return err
	}
	hash := h.Hash()
	if err := set.VerifyCertificate(genesis, h.Height, hash, &c, nil); err != nil {
		return err
	}
	w.header, w.hash, w.set, w.cert = h, hash, set, with.Certificate
	return nil
}

// up takes the header after the last one.
func (w *walk) up(genesis chain.Hash, h *chain.Header, with Headed) error {
	switch {
	case h.Height != w.header.Height+1 || h.Parent != w.hash:
		return fmt.Errorf("header %d does not follow %s", h.Height, w.hash.Short())
	case h.Set != w.header.NextSet:
		return fmt.Errorf("header %d names set %s, the one before commits to %s", h.Height, h.Set.Short(), w.header.NextSet.Short())
	}
	return w.certified(genesis, h, with)
}

// descend takes the header before the last one, which the last one names as its parent.
func (w *walk) descend(genesis chain.Hash, h *chain.Header, with Headed) error {
	hash := h.Hash()
	if h.Height+1 != w.header.Height || hash != w.header.Parent {
		return fmt.Errorf("header %d is not the parent of %s", h.Height, w.hash.Short())
	}
	if h.Height == w.target {
		return w.certified(genesis, h, with)
	}
	w.header, w.hash, w.cert = h, hash, nil
	return nil
}
