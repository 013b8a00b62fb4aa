package catchup

import (
	"slices"
	"time"
)

// stretch is a piece of the chain that is wanted, asked for, or here.
type stretch struct {
	from   uint64
	count  int
	asked  []*request    // under way and wanted: also once blocks are here, which may turn out wrong
	late   time.Duration // when somebody else is asked too
	blocks []Block       // once they are here: as many as count
	by     string        // who brought them
	came   time.Duration // when
	used   int           // how many of them were applied already
}

func (s *stretch) here() bool  { return len(s.blocks) > 0 }
func (s *stretch) end() uint64 { return s.from + uint64(s.count) }

// request is one question to one peer. It may begin before the stretch that it is for, and end before it too.
type request struct {
	Request
	stretch         *stretch // nil once its answer is not wanted
	asked, deadline time.Duration
}

// settle drops what is decided by now, here or by consensus, which may be faster.
func (e *Engine) settle() {
	next := e.ports.Height() + 1
	for len(e.stretches) > 0 && e.stretches[0].end() <= next {
		e.finish(e.stretches[0])
		e.stretches = slices.Delete(e.stretches, 0, 1)
	}
	if len(e.stretches) == 0 || e.stretches[0].from >= next {
		return
	}
	s := e.stretches[0]
	known := int(next - s.from)
	if s.here() {
		clear(s.blocks[:known])
		s.blocks = s.blocks[known:]
	}
	s.from, s.count = next, s.count-known
}

// finish ends a stretch that is decided. If blocks of it came from a peer, others that had the time to bring them and did
// not are passed over.
func (e *Engine) finish(s *stretch) {
	others := s.asked
	e.abandon(s)
	if s.used == 0 {
		return
	}
	e.book.delivered(s.by, s.used, e.now)
	for _, q := range others {
		if s.came-q.asked >= hurry {
			e.rest(q.Peer, errSlower)
		}
	}
}

// assign asks for what is wanted and neither here nor asked for, the first things first.
func (e *Engine) assign() {
	next := e.ports.Height() + 1
	for i := range Window {
		fresh := i == len(e.stretches)
		if fresh {
			e.stretches = append(e.stretches, &stretch{from: next, count: StretchBlocks})
		}
		s := e.stretches[i]
		if !s.here() && len(s.asked) == 0 && !e.ask(s) && fresh {
			e.drop(i)
			return
		}
		next = s.end()
	}
}

// hasten asks one more peer for what is needed next, when it is late.
func (e *Engine) hasten() {
	if len(e.stretches) == 0 {
		return
	}
	if s := e.stretches[0]; !s.here() && len(s.asked) > 0 && e.now >= s.late {
		s.late = e.now + hurry
		e.ask(s)
	}
}

// ask asks one more peer for s, if there is one that may be asked.
func (e *Engine) ask(s *stretch) bool {
	if len(e.requests) >= MaxRequests {
		return false
	}
	p, ok := e.book.choose(e.here(), s.from, e.now, func(id string) bool {
		return slices.ContainsFunc(s.asked, func(q *request) bool { return q.Peer == id })
	})
	if !ok {
		return false
	}
	count := int(min(p.Height-s.from+1, uint64(s.count)))
	if len(s.asked) == 0 {
		e.split(s, count)
		e.drop(Window)
	}
	e.last++
	q := &request{
		Request: Request{ID: e.last, Peer: p.ID, From: s.from, Count: count},
		stretch: s, asked: e.now, deadline: e.now + patience,
	}
	s.asked, s.late = append(s.asked, q), e.now+hurry
	e.requests = append(e.requests, q)
	e.book.asked(p.ID, e.now)
	e.ports.Ask(q.Request)
	return true
}

// split leaves the first count blocks to s; what remains of it becomes the stretch after it, which is returned. It is nil
// if nothing remains.
func (e *Engine) split(s *stretch, count int) *stretch {
	if count >= s.count {
		return nil
	}
	rest := &stretch{from: s.from + uint64(count), count: s.count - count, late: s.late}
	e.stretches = slices.Insert(e.stretches, slices.Index(e.stretches, s)+1, rest)
	s.count = count
	return rest
}

// drop gives up what is wanted from the i-th stretch on.
func (e *Engine) drop(i int) {
	if i >= len(e.stretches) {
		return
	}
	for _, s := range e.stretches[i:] {
		e.abandon(s)
	}
	e.stretches = slices.Delete(e.stretches, i, len(e.stretches))
}

// abandon gives up the requests for s that are under way.
func (e *Engine) abandon(s *stretch) {
	for _, q := range s.asked {
		q.stretch = nil
		e.ports.Cancel(q.ID)
	}
	s.asked = nil
}
