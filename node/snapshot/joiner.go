package snapshot

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/posnet/posnet/node/chain"
)

// JoinConfig is what joining by snapshot needs of the node. All fields but Log are needed.
type JoinConfig struct {
	Genesis chain.Hash
	Trust   Trust
	Peers   func() []Peer
	// Fetch asks a peer and waits for its answer; it returns soon after ctx ends. It is called concurrently.
	Fetch func(ctx context.Context, r Request) (Answer, error)
	Blame func(peer string, err error)
	// Sink begins to take in a state; what it does long ends soon after ctx ends.
	Sink func(ctx context.Context, height uint64) (Sink, error)
	Told func(Stats) // is told how far it is, whenever that changes
	Log  *slog.Logger
}

const tellEvery = 5 * time.Second // between two progress lines

// Join brings the state of a recent height to this node. It returns when the state is the node's and durable, when ctx ends, or when
// this node cannot take it in; it waits for peers for as long as it takes.
func Join(ctx context.Context, cfg JoinConfig) (Result, error) {
	if cfg.Fetch == nil || cfg.Sink == nil {
		return Result{}, errors.New("snapshot: every port is needed")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(ctx)
	d := &driver{
		cfg: cfg, ctx: ctx, start: time.Now(), answers: make(chan arrived, MaxRequests), cancels: map[RequestID]context.CancelFunc{},
	}
	defer d.fetching.Wait()
	defer cancel()
	var err error
	d.engine, err = NewEngine(Config{Genesis: cfg.Genesis, Trust: cfg.Trust, Ports: Ports{
		Peers: cfg.Peers, Ask: d.ask, Cancel: func(id RequestID) { d.cancels[id]() }, Blame: cfg.Blame,
		Sink: func(height uint64) (Sink, error) { return cfg.Sink(ctx, height) },
	}})
	if err != nil {
		return Result{}, err
	}
	for err == nil && d.engine.Stats().Phase != Done {
		err = d.input()
		d.tell()
	}
	if err != nil {
		return Result{}, errors.Join(err, d.engine.Abort())
	}
	return d.engine.Result(), nil
}

// driver gives an [Engine] the real clock and real answers.
type driver struct {
	cfg      JoinConfig
	engine   *Engine
	ctx      context.Context
	start    time.Time
	answers  chan arrived
	cancels  map[RequestID]context.CancelFunc // of unanswered requests
	fetching sync.WaitGroup

	was  Stats
	told time.Duration
}

type arrived struct {
	id     RequestID
	came   time.Duration
	answer Answer
	err    error
}

func (d *driver) now() time.Duration { return time.Since(d.start) }

func (d *driver) ask(r Request) {
	ctx, cancel := context.WithCancel(d.ctx)
	d.cancels[r.ID] = cancel
	d.fetching.Go(func() {
		a, err := d.cfg.Fetch(ctx, r)
		d.answers <- arrived{r.ID, d.now(), a, err}
	})
}

// input waits for something to happen and tells the engine. Answers that are here go first.
func (d *driver) input() error {
	select {
	case <-d.ctx.Done():
		return d.ctx.Err()
	case a := <-d.answers:
		return d.answered(a)
	default:
	}
	wait := d.engine.Next() - d.now()
	if wait <= 0 {
		return d.engine.Tick(d.now())
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-d.ctx.Done():
		return d.ctx.Err()
	case a := <-d.answers:
		return d.answered(a)
	case <-t.C:
		return d.engine.Tick(d.now())
	}
}

func (d *driver) answered(a arrived) error {
	d.cancels[a.id]() // frees what the context holds
	delete(d.cancels, a.id)
	return d.engine.Answered(a.came, a.id, a.answer, a.err)
}

// tell says how far the engine is: always when that changes, and in the log when the phase or the trouble does, or some time has passed.
func (d *driver) tell() {
	s, now := d.engine.Stats(), d.now()
	if s == d.was {
		return
	}
	if d.cfg.Told != nil {
		d.cfg.Told(s)
	}
	if s.Phase != d.was.Phase || s.Trouble != d.was.Trouble && s.Trouble != "" || now-d.told >= tellEvery {
		d.told = now
		attrs := []any{"phase", s.Phase.String(), "trusted", s.Trusted}
		if s.Height > 0 {
			attrs = append(attrs, "height", s.Height, "walked", s.Walked)
		}
		if s.Chunks > 0 {
			attrs = append(attrs, "percent", 100*s.Taken/s.Chunks, "chunks", s.Chunks, "bytes", s.Bytes)
		}
		level := slog.LevelInfo
		if s.Trouble != "" { // which somebody may have to look at, such as a hash that was mistyped
			level, attrs = slog.LevelWarn, append(attrs, "trouble", s.Trouble)
		}
		d.cfg.Log.Log(context.Background(), level, "joining by snapshot", attrs...)
	}
	d.was = s
}
