package catchup

import (
	"cmp"
	"slices"
	"time"
)

const (
	rest     = 5 * time.Second // after a first failure; doubled with each further one in a row
	longRest = 2 * time.Minute
	maxNotes = 1024 // peers with a record
)

// book is the record of who delivered and who did not.
type book struct{ notes map[string]*note }

type note struct {
	until    time.Time // not to be asked before
	failures int       // in a row
	blocks   uint64    // delivered and not found wrong
	busy     int       // requests under way
}

func newBook() book { return book{map[string]*note{}} }

func (b *book) of(peer string) *note {
	n := b.notes[peer]
	if n == nil {
		n = &note{}
		b.notes[peer] = n
	}
	return n
}

func (b *book) resting(peer string, now time.Time) bool {
	n := b.notes[peer]
	return n != nil && n.until.After(now)
}

// failed has a peer rest, the longer the more often.
func (b *book) failed(peer string, now time.Time) {
	n := b.of(peer)
	n.until = now.Add(min(rest<<min(n.failures, 8), longRest))
	n.failures++
	n.blocks /= 2
}

// delivered notes blocks that were applied.
func (b *book) delivered(peer string, blocks int) {
	n := b.of(peer)
	n.blocks += uint64(blocks)
	n.failures = 0
}

// choose picks whom to ask for blocks from a height on: among those that may be asked the least busy, of these those that
// failed least, and of these the one that delivered most. How much a peer claims is no reason to prefer it.
func (b *book) choose(peers []Peer, from uint64, now time.Time, except func(string) bool) (Peer, bool) {
	const atOnce = 2
	able := slices.DeleteFunc(slices.Clone(peers), func(p Peer) bool {
		return p.Height < from || b.resting(p.ID, now) || b.of(p.ID).busy >= atOnce || except(p.ID)
	})
	if len(able) == 0 {
		return Peer{}, false
	}
	return slices.MinFunc(able, func(x, y Peer) int {
		nx, ny := b.of(x.ID), b.of(y.ID)
		return cmp.Or(
			cmp.Compare(nx.busy, ny.busy),
			cmp.Compare(nx.failures, ny.failures),
			cmp.Compare(ny.blocks, nx.blocks),
			cmp.Compare(x.ID, y.ID))
	}), true
}

// forget drops the notes of peers that are gone, once there are many.
func (b *book) forget(peers []Peer) {
	if len(b.notes) < maxNotes {
		return
	}
	here := make(map[string]bool, len(peers))
	for _, p := range peers {
		here[p.ID] = true
	}
	for id, n := range b.notes {
		if !here[id] && n.busy == 0 {
			delete(b.notes, id)
		}
	}
}
