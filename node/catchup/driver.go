package catchup

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// driver gives an [Engine] the real clock and real answers. All but the fetching is done by the goroutine of [Catchup.Run].
type driver struct {
	*Catchup
	engine   *Engine
	ctx      context.Context
	start    time.Time
	answers  chan answer
	cancels  map[RequestID]context.CancelFunc // of unanswered requests
	fetching sync.WaitGroup

	was  Stats // after the input before
	told time.Duration
}

type answer struct {
	id     RequestID
	came   time.Duration
	blocks []Block
	err    error
}

func (d *driver) now() time.Duration { return time.Since(d.start) }

// ask has a goroutine fetch what the engine wants.
func (d *driver) ask(r Request) {
	ctx, cancel := context.WithCancel(d.ctx)
	d.cancels[r.ID] = cancel
	d.fetching.Go(func() {
		blocks, err := d.cfg.Fetch(ctx, r.Peer, r.From, r.Count)
		d.answers <- answer{r.ID, d.now(), blocks, err}
	})
}

// input waits for something to happen and tells the engine. Answers that are here go first, for they must not look late only
// because a block took long.
func (d *driver) input() error {
	select {
	case <-d.ctx.Done():
		return d.ctx.Err()
	case a := <-d.answers:
		return d.answered(a)
	default:
	}
	now := d.now()
	wait := d.engine.Next() - now
	if wait <= 0 {
		return d.engine.Tick(now)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-d.ctx.Done():
		return d.ctx.Err()
	case a := <-d.answers:
		return d.answered(a)
	case height := <-d.hints:
		return d.engine.Hint(d.now(), height)
	case <-timer.C:
		return d.engine.Tick(d.now())
	}
}

func (d *driver) answered(a answer) error {
	d.cancels[a.id]() // frees what the context holds
	delete(d.cancels, a.id)
	return d.engine.Answered(a.came, a.id, a.blocks, a.err)
}

// tell publishes the progress, and logs it now and then.
func (d *driver) tell() {
	s, now := d.engine.Stats(), d.now()
	defer func() { d.was = s }()
	if !s.Active && !d.was.Active {
		return
	}
	took, rate := (now - s.Began).Seconds(), 0.0
	if took > 0 {
		rate = float64(s.Applied) / took
	}
	d.mu.Lock()
	d.progress.Active, d.progress.Rate = s.Active, rate
	d.mu.Unlock()
	switch {
	case s.Active && !d.was.Active:
		d.told = now
	case !s.Active && s.Applied > 1:
		d.cfg.Log.Info("caught up", slog.Uint64("height", d.cfg.Height()), slog.Int("blocks", s.Applied), slog.Float64("seconds", took))
	case s.Active && now-d.told >= tellEvery:
		d.told = now
		d.cfg.Log.Info("catching up", slog.Uint64("height", d.cfg.Height()), slog.Uint64("target", d.Progress().Target),
			slog.Float64("blocks_per_second", rate))
	}
}
