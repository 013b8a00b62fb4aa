package catchup

import (
	"cmp"
	"time"
)

// MaxNotes is the most peers with a record.
const MaxNotes = 1024

const (
	rest     = 5 * time.Second // after a first failure; doubled with each further one in a row
	longRest = 2 * time.Minute
)

// book is the record of who delivered and who did not.
type book struct{ notes map[string]*note }

type note struct {
	until    time.Duration // not to be asked before
	failures int           // in a row
	blocks   uint64        // delivered and not found wrong
	busy     int           // requests under way
	touched  time.Duration // when it was last asked, failed or delivered
}

func newBook() book { return book{map[string]*note{}} }

// see looks a peer up without opening a record for it.
func (b *book) see(peer string) note {
	if n := b.notes[peer]; n != nil {
		return *n
	}
	return note{}
}

// of is the record of a peer, opened if there is none.
func (b *book) of(peer string, now time.Duration) *note {
	n := b.notes[peer]
	if n == nil {
		b.makeRoom(now)
		n = &note{}
		b.notes[peer] = n
	}
	n.touched = now
	return n
}

func (b *book) resting(peer string, now time.Duration) bool { return b.see(peer).until > now }

// asked notes a request. Only who is asked has a record, so a crowd that merely claims cannot fill the book.
func (b *book) asked(peer string, now time.Duration) { b.of(peer, now).busy++ }

// answered notes that a request ended.
func (b *book) answered(peer string, now time.Duration) { b.of(peer, now).busy-- }

// failed has a peer rest, the longer the more often, and says how long.
func (b *book) failed(peer string, now time.Duration) time.Duration {
	n := b.of(peer, now)
	pause := min(rest<<min(n.failures, 8), longRest)
	n.until = now + pause
	n.failures++
	n.blocks /= 2
	return pause
}

// delivered notes blocks that were applied.
func (b *book) delivered(peer string, blocks int, now time.Duration) {
	n := b.of(peer, now)
	n.blocks += uint64(blocks)
	n.failures = 0
}

// choose picks whom to ask for blocks from a height on: among those that may be asked the least busy, of these those that
// failed least, and of these the one that delivered most. How much a peer claims is no reason to prefer it.
func (b *book) choose(peers []Peer, from uint64, now time.Duration, except func(string) bool) (Peer, bool) {
	var best Peer
	var its note
	found := false
	for _, p := range peers {
		n := b.see(p.ID)
		if p.Height < from || p.Base > from || n.until > now || n.busy >= PerPeer || except(p.ID) {
			continue
		}
		if !found || cmp.Or(
			cmp.Compare(n.busy, its.busy),
			cmp.Compare(n.failures, its.failures),
			cmp.Compare(its.blocks, n.blocks),
			cmp.Compare(p.ID, best.ID)) < 0 {
			best, its, found = p, n, true
		}
	}
	return best, found
}

// makeRoom forgets somebody once the book is full: of those that are not being asked and do not rest, or of those that rest
// if all do, whoever was of no account for the longest time.
func (b *book) makeRoom(now time.Duration) {
	if len(b.notes) < MaxNotes {
		return
	}
	victim, its := "", note{}
	for id, n := range b.notes {
		if n.busy > 0 {
			continue
		}
		resting, itsRest := 0, 0
		if n.until > now {
			resting = 1
		}
		if its.until > now {
			itsRest = 1
		}
		if victim == "" || cmp.Or(cmp.Compare(resting, itsRest), cmp.Compare(n.touched, its.touched), cmp.Compare(id, victim)) < 0 {
			victim, its = id, *n
		}
	}
	delete(b.notes, victim)
}
