package catchup

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

var (
	errNothing  = errors.New("it brought nothing")
	errPatience = fmt.Errorf("no answer within %v", patience)
	errSlower   = errors.New("another peer was faster by far")
)

// answered takes a request off the list, and its answer if that is still wanted.
func (e *Engine) answered(came time.Duration, id RequestID, blocks []Block, err error) {
	i := slices.IndexFunc(e.requests, func(q *request) bool { return q.ID == id })
	if i < 0 {
		return // answered before
	}
	q := e.requests[i]
	e.requests = slices.Delete(e.requests, i, i+1)
	e.book.answered(q.Peer, e.now)
	switch {
	case q.stretch == nil: // not wanted any more
	case came >= q.deadline:
		e.detach(q)
		e.rest(q.Peer, errPatience)
	default:
		e.take(q, e.detach(q), blocks, err)
	}
}

// detach ends that q is wanted, and says for what it was.
func (e *Engine) detach(q *request) *stretch {
	s := q.stretch
	s.asked = slices.DeleteFunc(s.asked, func(o *request) bool { return o == q })
	q.stretch = nil
	return s
}

// take puts an answer in its place.
func (e *Engine) take(q *request, s *stretch, blocks []Block, err error) {
	if len(blocks) > q.Count {
		e.blame(q.Peer, fmt.Errorf("it brought %d blocks, not the %d asked for", len(blocks), q.Count))
		return
	}
	if size := bytesOf(blocks); size > MaxAnswerBytes {
		e.blame(q.Peer, fmt.Errorf("it brought %d bytes, above the cap of %d", size, MaxAnswerBytes))
		return
	}
	if err == nil && len(blocks) == 0 {
		err = errNothing
	}
	if err != nil {
		e.rest(q.Peer, err)
	}
	known := s.from - q.From // blocks that somebody else brought, or consensus, meanwhile
	if s.here() || uint64(len(blocks)) <= known {
		return
	}
	blocks = blocks[known:]
	e.share(s, e.split(s, len(blocks)))
	s.blocks, s.by, s.came = slices.Clone(blocks), q.Peer, e.now
	e.drop(Window)
}

// share has those that were asked for s too bring what remains of it. Those that cannot go on with s: what is here is not
// verified yet, and a liar must not stop an honest peer by being faster.
func (e *Engine) share(s, rest *stretch) {
	if rest == nil {
		return
	}
	s.asked = slices.DeleteFunc(s.asked, func(q *request) bool {
		if q.From+uint64(q.Count) <= rest.from {
			return false
		}
		q.stretch, rest.asked = rest, append(rest.asked, q)
		return true
	})
}

// expire gives up requests that took too long.
func (e *Engine) expire() {
	for _, q := range e.requests {
		if q.stretch != nil && e.now >= q.deadline {
			e.detach(q)
			e.ports.Cancel(q.ID)
			e.rest(q.Peer, errPatience)
		}
	}
}

// applyNext applies the block that is next, if it is here. It returns only errors that are our own.
func (e *Engine) applyNext() error {
	if len(e.stretches) == 0 || !e.stretches[0].here() || e.now < e.retry {
		return nil
	}
	s := e.stretches[0]
	err := e.ports.Apply(s.blocks[0])
	switch {
	case errors.Is(err, ErrLater):
		e.retry = e.now + retryEvery
	case err == nil && e.ports.Height() >= s.from:
		e.applied++
		s.used++
		e.settle()
	case err == nil:
		e.blame(s.by, fmt.Errorf("it brought another block than height %d", s.from))
	case e.ports.Hostile(err):
		e.blame(s.by, err)
	default:
		return err
	}
	return nil
}

// blame tells who is at fault, and drops whatever else the peer brought or is about to: it is not worth a look.
func (e *Engine) blame(peer string, err error) {
	e.ports.Blame(peer, err)
	e.rest(peer, err)
	for _, s := range e.stretches {
		if s.by == peer {
			s.blocks, s.by, s.used = nil, "", 0
		}
	}
	for _, q := range e.requests {
		if q.Peer == peer && q.stretch != nil {
			e.detach(q)
			e.ports.Cancel(q.ID)
		}
	}
}

// rest has a peer passed over for a while.
func (e *Engine) rest(peer string, err error) {
	e.ports.Passed(peer, e.book.failed(peer, e.now), err)
}

func bytesOf(blocks []Block) int {
	n := 0
	for _, b := range blocks {
		n += len(b.Block) + len(b.Certificate)
	}
	return n
}
