package keys

import (
	"runtime"
	"slices"
	"sync"
)

const (
	// mostTogether bounds the signatures of one batch, and so how long others wait for it: about 30 ms. From 2000 on a
	// larger one saves little.
	mostTogether = 2048
	// apartAfter is how many batches are those of one caller each, after one with a wrong signature.
	apartAfter = 16
)

// Verifier verifies the signatures of callers that come at the same time in one batch: a signature in a batch of 2000 costs
// two thirds of one in a batch of 200. Nobody waits for company: who comes while no batch is in work is served at once, and
// those who come meanwhile are the next batch.
//
// A wrong signature costs those who share its batch a second verification, in a batch of their own; for a while after it
// callers are kept apart. Make it with [NewVerifier]; it is safe for concurrent use.
type Verifier struct {
	most  int // batches in work at once
	known *points

	mu    sync.Mutex
	busy  int
	apart int // batches to come in which callers are kept apart
	queue []*asking
}

// asking is one call of Verify that waits for its answer, or for its turn.
type asking struct {
	sigs  []Signature
	valid []bool
	batch []*asking     // if it is this caller's turn: what to verify, its own first
	turn  chan struct{} // closed once: valid or batch is there
}

// NewVerifier returns a verifier that leaves one processor to others, if there are several. It shares what known knows of
// public keys, and adds to it; it remembers no signatures. With nil it remembers nothing.
func NewVerifier(known *Known) *Verifier {
	return &Verifier{most: max(1, runtime.GOMAXPROCS(0)-1), known: known.keys()}
}

// Verify says which of some signatures are valid, under the rule of the function [Verify].
func (v *Verifier) Verify(sigs []Signature) []bool {
	if len(sigs) == 0 {
		return nil
	}
	own := &asking{sigs: sigs}
	v.mu.Lock()
	if v.busy < v.most {
		v.busy++
		v.mu.Unlock()
		own.batch = []*asking{own}
	} else {
		own.turn = make(chan struct{})
		v.queue = append(v.queue, own)
		v.mu.Unlock()
		if <-own.turn; own.batch == nil {
			return own.valid
		}
	}
	good := v.check(own.batch)
	for _, a := range own.batch[1:] {
		close(a.turn)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.note(good)
	v.pass()
	return own.valid
}

// pass makes the next caller verify, if one waits: his signatures, and those of as many after him as one batch takes.
func (v *Verifier) pass() {
	if len(v.queue) == 0 {
		v.busy--
		return
	}
	n, size := 1, len(v.queue[0].sigs)
	for v.apart == 0 && n < len(v.queue) && size+len(v.queue[n].sigs) <= mostTogether {
		size += len(v.queue[n].sigs)
		n++
	}
	next := v.queue[0]
	next.batch = slices.Clone(v.queue[:n])
	v.queue = slices.Delete(v.queue, 0, n)
	close(next.turn)
}

// note keeps callers apart for a while after a wrong signature.
func (v *Verifier) note(good bool) {
	switch {
	case !good:
		v.apart = apartAfter
	case v.apart > 0:
		v.apart--
	}
}

// check verifies the signatures of some callers, and reports whether all were valid.
func (v *Verifier) check(some []*asking) bool {
	size := 0
	for _, a := range some {
		size += len(a.sigs)
	}
	each := make([]bool, size)
	from := 0
	for _, a := range some {
		a.valid = each[from : from+len(a.sigs) : from+len(a.sigs)]
		from += len(a.sigs)
	}
	if size == 1 { // a batch of one costs more than the plain check
		s := &some[0].sigs[0]
		each[0] = Verify(s.Key, s.Message, s.Value)
		return each[0]
	}
	if len(some) > 1 {
		if v.all(some, each) {
			return !slices.Contains(each, false)
		}
	}
	good := true
	for _, a := range some {
		good = judge(v.known, a.sigs, a.valid) && good
	}
	return good
}

// all computes one sum over the signatures of several callers, and reports whether it holds: then each has the answers.
func (v *Verifier) all(some []*asking, each []bool) bool {
	s := sums.Get().(*sum)
	defer sums.Put(s)
	s.together = s.together[:0]
	for _, a := range some {
		s.together = append(s.together, a.sigs...)
	}
	defer clear(s.together) // of messages that are not its own
	return s.holds(v.known, s.together, each)
}
