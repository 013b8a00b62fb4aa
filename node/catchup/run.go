package catchup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// run is one go from behind to the tip. Its fields belong to the goroutine of [Catchup.advance].
type run struct {
	*Catchup
	ctx       context.Context
	answers   chan answer
	stretches []*stretch // one after the other, without gaps
	fetching  sync.WaitGroup
	began     time.Time
	told      time.Time
	applied   int
}

// stretch is a piece of the chain that is wanted.
type stretch struct {
	from   uint64
	count  int
	asked  []*request // under way
	late   time.Time  // when somebody else is asked too
	blocks []Block    // once they are here
	by     string     // who brought them
}

// request is one question to one peer.
type request struct {
	peer   string
	cancel context.CancelFunc
}

type answer struct {
	*request
	stretch *stretch
	blocks  []Block
	err     error
}

// advance fetches and applies until there is nothing more that a peer could bring. It returns only errors that are our
// own.
func (c *Catchup) advance(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	r := &run{Catchup: c, ctx: ctx, answers: make(chan answer, 4*Window), began: time.Now(), told: time.Now()}
	defer r.end()
	defer r.fetching.Wait()
	defer cancel()
	c.note(true, 0)
	for {
		if err := r.applyAll(); err != nil {
			return err
		}
		if !r.assign() {
			return nil
		}
		if err := r.await(); err != nil {
			return err
		}
	}
}

func (r *run) end() {
	for _, n := range r.book.notes {
		n.busy = 0 // every request has ended
	}
	r.note(false, r.rate())
	if r.applied > 1 {
		r.cfg.Log.Info("caught up", slog.Uint64("height", r.cfg.Height()), slog.Int("blocks", r.applied),
			slog.Float64("seconds", time.Since(r.began).Seconds()))
	}
}

func (r *run) rate() float64 {
	if took := time.Since(r.began).Seconds(); took > 0 {
		return float64(r.applied) / took
	}
	return 0
}

// assign asks for what is wanted next. It reports false when nothing is under way and nobody can be asked.
func (r *run) assign() bool {
	peers := r.cfg.Peers()
	r.book.forget(peers)
	under := false
	next := r.cfg.Height() + 1
	for len(r.stretches) > 0 && r.stretches[0].from+uint64(r.stretches[0].count) <= next { // consensus was faster
		r.abandon(r.stretches[0])
		r.stretches = r.stretches[1:]
	}
	for i := 0; i < Window; i++ {
		if i == len(r.stretches) {
			r.stretches = append(r.stretches, &stretch{from: next, count: stretchBlocks})
		}
		s := r.stretches[i]
		if s.blocks == nil && len(s.asked) == 0 && !r.ask(peers, s) {
			// Whoever could bring it rests, or there is nothing there; what comes after it is of no use either.
			r.drop(i)
			break
		}
		under = true
		next = s.from + uint64(s.count)
	}
	return under
}

// drop gives up what is wanted from the i-th stretch on.
func (r *run) drop(i int) {
	for _, s := range r.stretches[i:] {
		r.abandon(s)
	}
	r.stretches = r.stretches[:i]
}

// ask asks one more peer for s, if there is one that may be asked.
func (r *run) ask(peers []Peer, s *stretch) bool {
	now := time.Now()
	p, ok := r.book.choose(peers, s.from, now, func(id string) bool {
		return slices.ContainsFunc(s.asked, func(q *request) bool { return q.peer == id })
	})
	if !ok {
		return false
	}
	if claimed := p.Height - s.from + 1; claimed < uint64(s.count) && len(s.asked) == 0 {
		r.split(s, int(claimed))
	}
	ctx, cancel := context.WithTimeout(r.ctx, patience)
	q := &request{peer: p.ID, cancel: cancel}
	s.asked, s.late = append(s.asked, q), now.Add(hurry)
	r.book.of(p.ID).busy++
	from, count := s.from, s.count
	r.fetching.Go(func() {
		blocks, err := r.cfg.Fetch(ctx, q.peer, from, count)
		select {
		case r.answers <- answer{request: q, stretch: s, blocks: blocks, err: err}:
		case <-r.ctx.Done():
		}
	})
	return true
}

// abandon ends the requests for s that are still under way.
func (r *run) abandon(s *stretch) {
	for _, q := range s.asked {
		q.cancel()
	}
	s.asked = nil
}

// await takes the next answer. When what is needed next is late, it asks somebody else too.
func (r *run) await() error {
	if r.stretches[0].blocks != nil {
		select { // there is work; only look
		case a := <-r.answers:
			r.take(a)
		default:
		}
		return nil
	}
	first := r.stretches[0]
	late := time.NewTimer(time.Until(first.late))
	defer late.Stop()
	select {
	case <-r.ctx.Done():
		return r.ctx.Err()
	case a := <-r.answers:
		r.take(a)
	case <-late.C:
		first.late = time.Now().Add(hurry)
		r.ask(r.cfg.Peers(), first)
	}
	return nil
}

// take puts an answer in its place.
func (r *run) take(a answer) {
	a.cancel()
	r.book.of(a.peer).busy--
	s := a.stretch
	asked := slices.Index(s.asked, a.request)
	if asked < 0 {
		return // another was faster, or it is not wanted any more
	}
	s.asked = slices.Delete(s.asked, asked, asked+1)
	if a.err != nil || len(a.blocks) == 0 {
		r.pass(a.peer, a.err)
	}
	if len(a.blocks) == 0 {
		return
	}
	if len(a.blocks) > s.count {
		r.blame(a.peer, fmt.Errorf("it brought %d blocks, not the %d asked for", len(a.blocks), s.count))
		return
	}
	for _, q := range s.asked {
		r.pass(q.peer, errors.New("another peer was faster by far"))
	}
	r.abandon(s)
	r.split(s, len(a.blocks))
	s.blocks, s.by = a.blocks, a.peer
}

// split leaves the first count blocks to s; what remains of it becomes a stretch of its own.
func (r *run) split(s *stretch, count int) {
	if count >= s.count {
		return
	}
	i := slices.Index(r.stretches, s)
	r.stretches = slices.Insert(r.stretches, i+1, &stretch{from: s.from + uint64(count), count: s.count - count})
	s.count = count
	if len(r.stretches) > Window {
		r.drop(Window)
	}
}

// applyAll applies the blocks that are here and next.
func (r *run) applyAll() error {
	for len(r.stretches) > 0 && r.stretches[0].blocks != nil {
		s := r.stretches[0]
		wrong, err := r.apply(s)
		switch {
		case err != nil:
			return err
		case wrong != nil:
			r.blame(s.by, wrong)
			// What else it brought is not worth a look.
			for _, o := range r.stretches {
				if o.by == s.by {
					o.blocks, o.by = nil, ""
				}
			}
			if done := r.cfg.Height() + 1 - s.from; done < uint64(s.count) {
				s.from, s.count = s.from+done, s.count-int(done)
				return nil
			}
		default:
			r.book.delivered(s.by, s.count)
		}
		r.stretches = r.stretches[1:]
	}
	return nil
}

// apply hands the blocks of s on. wrong is what its bringer is to blame for; err is our own failure.
func (r *run) apply(s *stretch) (wrong, err error) {
	for i, b := range s.blocks {
		height := s.from + uint64(i)
		if r.cfg.Height() >= height {
			continue // consensus was faster
		}
		if err := r.ctx.Err(); err != nil {
			return nil, err
		}
		err := r.cfg.Apply(r.ctx, b)
		switch {
		case err == nil && r.cfg.Height() >= height:
			r.applied++
			r.tell()
		case err == nil:
			return fmt.Errorf("it brought another block than height %d", height), nil
		case r.cfg.Hostile(err):
			return err, nil
		default:
			return nil, fmt.Errorf("apply block %d: %w", height, err)
		}
	}
	return nil, nil
}

func (r *run) tell() {
	if time.Since(r.told) < tellEvery {
		return
	}
	r.told = time.Now()
	r.note(true, r.rate())
	r.cfg.Log.Info("catching up", slog.Uint64("height", r.cfg.Height()), slog.Uint64("target", r.Progress().Target),
		slog.Float64("blocks_per_second", r.rate()))
}

func (r *run) blame(peer string, err error) {
	r.cfg.Blame(peer, err)
	r.pass(peer, err)
}

// pass has a peer passed over for a while.
func (r *run) pass(peer string, err error) {
	r.cfg.Log.Debug("peer passed over", slog.String("peer", peer), slog.Any("error", err))
	r.book.failed(peer, time.Now())
}
