package snapshot

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/store"
)

const (
	// Every is of which heights the state is pinned, where blocks come fast enough.
	Every = 16
	// MaxPins is the most states offered at once.
	MaxPins = 2

	pinPatience = 2 * time.Second  // for a height that is a multiple of Every
	pinIdle     = time.Minute      // after which a pin that nobody asks for is let go
	pinLife     = time.Hour        // after which any is
	pinFresh    = 10 * time.Minute // after which one who asks what is offered has another state pinned, if there is room
)

// SourceConfig is what a [Source] needs of the node.
type SourceConfig struct {
	Store *store.Store
	// Seed gives the seed of the height before, from which the manifest is filled.
	Seed func(height uint64) (chain.Hash, error)
	Now  func() time.Time // nil: the real clock
	Log  *slog.Logger
}

// Source offers states of a node to others. Its methods may be called from any goroutine.
type Source struct {
	cfg     SourceConfig
	wanted  atomic.Bool // somebody asked and a state is to be pinned
	closing atomic.Bool
	making  sync.WaitGroup
	turn    chan struct{} // one manifest is made at a time

	mu    sync.Mutex
	since time.Time // when it was wanted first
	pins  []*pin    // ascending
}

// pin is a state that is offered.
type pin struct {
	tip   store.Tip
	view  *store.View // forked for every reader
	born  time.Time
	asked time.Time

	begun    bool
	manifest []byte   // encoded; nil until it is made
	starts   [][]byte // the first key of each chunk
}

// NewSource makes a Source. Close it before the store.
func NewSource(cfg SourceConfig) *Source {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Source{cfg: cfg, turn: make(chan struct{}, 1)}
}

// Committed says that the tip is at a height now. It returns at once, and does nothing unless somebody waits for a state.
func (s *Source) Committed(height uint64) {
	if height%Every != 0 || !s.wanted.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pin()
}

// pin pins the state of the tip, if there is room. It is called under the lock.
func (s *Source) pin() {
	if len(s.pins) >= MaxPins || s.closing.Load() {
		return
	}
	v, err := s.cfg.Store.View()
	if err != nil {
		return // it is being closed
	}
	tip, err := v.Tip()
	if err != nil || tip.Height == 0 || slices.ContainsFunc(s.pins, func(p *pin) bool { return p.tip.Height == tip.Height }) {
		v.Close()
		return
	}
	now := s.cfg.Now()
	s.pins = append(s.pins, &pin{tip: tip, view: v, born: now, asked: now})
	s.wanted.Store(false)
	s.since = time.Time{}
	s.cfg.Log.Info("state pinned for nodes that join", "height", tip.Height)
}

// expire lets go of pins that are not asked for, or too old. It is called under the lock.
func (s *Source) expire(now time.Time) {
	s.pins = slices.DeleteFunc(s.pins, func(p *pin) bool {
		over := now.Sub(p.asked) > pinIdle || now.Sub(p.born) > pinLife
		if over {
			p.view.Close()
			s.cfg.Log.Info("state not pinned any more", "height", p.tip.Height)
		}
		return over
	})
}

// Tidy lets go of pins that nobody asks for. Call it about every ten seconds.
func (s *Source) Tidy() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(s.cfg.Now())
}

// Offer says what this node has, as an encoded [Offer]. Who asks is about to join: a state is pinned for it, if need be.
func (s *Source) Offer() ([]byte, error) {
	tip, err := s.cfg.Store.Tip()
	if err != nil {
		return nil, fmt.Errorf("offer a state: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	s.expire(now)
	if n := len(s.pins); n == 0 || now.Sub(s.pins[n-1].born) > pinFresh {
		if s.since.IsZero() {
			s.since = now
		}
		s.wanted.Store(true)
		if tip.Height%Every == 0 || now.Sub(s.since) >= pinPatience {
			s.pin()
		}
	}
	o := Offer{Base: s.cfg.Store.Base(), Height: tip.Height, Snapshots: []uint64{}}
	for _, p := range s.pins {
		o.Snapshots = append(o.Snapshots, p.tip.Height)
		o.Height = max(o.Height, p.tip.Height)
	}
	return chain.Encode(&o), nil
}

// find returns the pin of a height, in use from now on.
func (s *Source) find(height uint64) *pin {
	now := s.cfg.Now()
	s.expire(now)
	for _, p := range s.pins {
		if p.tip.Height == height {
			p.asked = now
			return p
		}
	}
	return nil
}

// Manifest answers who asks for the manifest of a height: with it, or when to ask again. The first who asks has it made. It
// is nil if the height is not offered.
func (s *Source) Manifest(height uint64) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(height)
	if p == nil {
		return nil, nil
	}
	if p.manifest == nil {
		if !p.begun && !s.closing.Load() {
			p.begun = true
			view := p.view.Fork()
			s.making.Go(func() {
				defer view.Close()
				s.make(p, view)
			})
		}
		return chain.Encode(&answer{Wait: 500, Manifest: []byte{}}), nil
	}
	return chain.Encode(&answer{Manifest: p.manifest}), nil
}

var errClosing = errors.New("the node is stopping")

// make computes the manifest of a pin, at half speed so that commits go on beside it.
func (s *Source) make(p *pin, v *store.View) {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	began := s.cfg.Now()
	m := Manifest{Block: p.tip.Hash}
	var starts [][]byte
	seed, err := s.cfg.Seed(p.tip.Height)
	if err == nil {
		m.Seed = seed
		at := time.Now()
		err = cut(v, nil, ChunkBytes, func(start, chunk []byte) error {
			sum := sha256.Sum256(chunk)
			m.Sums = append(m.Sums, sum[:]...)
			m.Bytes += uint64(len(chunk))
			starts = append(starts, start)
			switch {
			case s.closing.Load():
				return errClosing
			case len(starts) > MaxChunks:
				return fmt.Errorf("the state has more than %d chunks", MaxChunks)
			}
			// Half speed: as long a rest as the chunk took, so that deciding on blocks comes first.
			time.Sleep(min(time.Since(at), 100*time.Millisecond))
			at = time.Now()
			return nil
		})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if !errors.Is(err, errClosing) {
			s.cfg.Log.Error("manifest not made", "height", p.tip.Height, "error", err)
		}
		p.begun = false // whoever asks next has it tried again
		return
	}
	p.manifest, p.starts = chain.Encode(&m), starts
	s.cfg.Log.Info("manifest made", "height", p.tip.Height, "chunks", m.Chunks(), "bytes", m.Bytes, "seconds", s.cfg.Now().Sub(began).Seconds())
}

// Chunk is a chunk of the state of a height; nil if there is none.
func (s *Source) Chunk(height, index uint64) ([]byte, error) {
	s.mu.Lock()
	p := s.find(height)
	if p == nil || index >= uint64(len(p.starts)) {
		s.mu.Unlock()
		return nil, nil
	}
	view, start := p.view.Fork(), p.starts[index]
	s.mu.Unlock()
	defer view.Close()
	var out []byte
	err := cut(view, start, ChunkBytes, func(_, chunk []byte) error {
		out = chunk
		return errEnough
	})
	if !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("read chunk %d of the state at %d: %w", index, height, err)
	}
	return out, nil
}

var errEnough = errors.New("one is enough")

// cut cuts the state into chunks from a key on, each of which ends with the pair that brings it to size bytes, and calls fn
// with the first key and the encoding of each.
func cut(v *store.View, from []byte, size int, fn func(start, chunk []byte) error) error {
	var p pairs
	var start []byte
	var err error
	end := func() {
		err = fn(start, p.encode())
		p.n, p.b = 0, p.b[:0]
	}
	serr := v.ScanState(nil, from, func(key, value []byte) bool {
		if key[0] >= ledger.Beside {
			return false
		}
		if p.n == 0 {
			start = slices.Clone(key)
		}
		if p.add(key, value); len(p.b) >= size {
			end()
		}
		return err == nil
	})
	if err == nil && serr == nil && p.n > 0 {
		end()
	}
	return errors.Join(err, serr)
}

// Close lets go of everything.
func (s *Source) Close() {
	s.closing.Store(true)
	s.mu.Lock()
	for _, p := range s.pins {
		p.view.Close()
	}
	s.pins = nil
	s.mu.Unlock()
	s.making.Wait()
}
