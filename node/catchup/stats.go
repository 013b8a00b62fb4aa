package catchup

import (
	"fmt"
	"time"
)

// Stats is what an [Engine] is doing and what it holds.
type Stats struct {
	Active  bool          // something is here or under way
	Began   time.Duration // the instant at which the run under way began, or the last one
	Applied int           // blocks, in that run

	Requests  int // unanswered, cancelled ones among them
	Busiest   int // of these, the most with one peer
	Stretches int // wanted or here
	Blocks    int // here, not yet applied
	Bytes     int // of these blocks and their certificates
	Notes     int // peers with a record
}

// Stats counts what is held now.
func (e *Engine) Stats() Stats {
	s := Stats{
		Active: e.active, Began: e.began, Applied: e.applied,
		Requests: len(e.requests), Stretches: len(e.stretches), Notes: len(e.book.notes),
	}
	for _, q := range e.requests {
		s.Busiest = max(s.Busiest, e.book.see(q.Peer).busy)
	}
	for _, t := range e.stretches {
		s.Blocks += len(t.blocks)
		s.Bytes += bytesOf(t.blocks)
	}
	return s
}

// Check names the bound that is broken, if one is: an engine never lets that happen.
func (s Stats) Check() error {
	for _, b := range []struct {
		what        string
		held, bound int
	}{
		{"requests under way", s.Requests, MaxRequests},
		{"requests under way with one peer", s.Busiest, PerPeer},
		{"stretches", s.Stretches, Window},
		{"blocks", s.Blocks, Window * StretchBlocks},
		{"bytes", s.Bytes, Window * MaxAnswerBytes},
		{"notes about peers", s.Notes, MaxNotes},
	} {
		if b.held > b.bound {
			return fmt.Errorf("catchup: %d %s are held, above the bound of %d", b.held, b.what, b.bound)
		}
	}
	return nil
}
