package snapshot

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// candidate is a height whose state is offered.
type candidate struct {
	height uint64
	reach  reach
	stake  uint64        // of the validators who offer it, by the newest set that was verified
	peers  int           // who offer it
	turn   time.Duration // since when the one of them waits that waits longest for one of its heights to be tried
}

// reach is what speaks for the headers up to a height.
type reach uint8

const (
	claimed reach = iota // nothing
	covered              // peers say that they have all headers on the way
	proven               // the chain was verified up to it, or beyond
)

// candidates lists the heights that are offered and did not come to nothing lately, in ascending order. The offers of peers that were
// struck are left out unless they are asked for.
func (e *Engine) candidates(struck bool) []candidate {
	by := map[uint64]*candidate{}
	for _, p := range e.peers {
		n := e.note(p.ID)
		if n.offer == nil || n.until > e.now || n.struck > e.now && !struck {
			continue
		}
		stake := uint64(0)
		if set := e.top.set; set != nil {
			if i, ok := set.ByPeer(p.Key); ok {
				stake = set.At(i).Stake
			}
		}
		for _, h := range n.offer.Snapshots {
			if e.dropped[h] > e.now {
				continue
			}
			c := by[h]
			if c == nil {
				c = &candidate{height: h, turn: n.turn, reach: e.reachOf(h)}
				by[h] = c
			}
			c.peers++
			c.stake += stake
			c.turn = min(c.turn, n.turn)
		}
	}
	out := make([]candidate, 0, len(by))
	for _, h := range slices.Sorted(maps.Keys(by)) {
		out = append(out, *by[h])
	}
	return out
}

// choose takes the height to try. The first time it is the one that most stand for. When that came to nothing, numbers and names
// may be invented, and two other rules take turns. One believes what was walked to before what is only claimed, whatever
// the numbers. The other gives each peer its turn: who was here longest without a height of its own being tried, so that
// an honest peer that stays is heard after as many attempts as peers were here before it, however many come after it.
func (e *Engine) choose(found []candidate) candidate {
	return slices.MaxFunc(found, func(a, b candidate) int {
		many := cmp.Or(cmp.Compare(a.stake, b.stake), cmp.Compare(a.peers, b.peers))
		far, newest := cmp.Compare(a.reach, b.reach), cmp.Compare(a.height, b.height)
		switch {
		case e.vain == 0:
			return cmp.Or(many, far, newest)
		case e.vain%2 == 1:
			return cmp.Or(far, many, newest)
		}
		return cmp.Or(cmp.Compare(b.turn, a.turn), far, many, newest)
	})
}

// reachOf says what speaks for the headers on the way to a height.
func (e *Engine) reachOf(height uint64) reach {
	next := e.cfg.Trust.Height
	if e.top.header != nil {
		if height <= e.top.header.Height {
			return proven
		}
		next = e.top.header.Height + 1
	}
	from, to := min(next, height), max(next, height)
	for more := true; more && from <= to; {
		more = false
		for _, p := range e.peers { // whoever has the next header leads on to its last
			if o := e.note(p.ID).offer; o != nil && o.Base <= from && o.Height >= from {
				if more = true; o.Height >= to {
					return covered
				}
				from = o.Height + 1
			}
		}
	}
	return claimed
}
