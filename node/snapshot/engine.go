package snapshot

import (
	"errors"
	"math"
	"time"

	"github.com/posnet/posnet/node/chain"
)

// Bounds of an engine.
const (
	MaxHeaders  = 256 // of one request
	Window      = 8   // chunks under way, or here and not taken in
	MaxRequests = 64  // without an answer
	maxOffers   = 32  // of these for offers: peers that never answer must leave room for what is needed
	PerPeer     = 2   // of these with one peer, beside an offer

	lookEvery    = 100 * time.Millisecond // between two turns
	loadEvery    = 20 * time.Millisecond  // while chunks come
	offerEvery   = time.Second
	gatherTime   = 1500 * time.Millisecond // for the offers of others, after the first
	pace         = 60 * time.Millisecond   // between two requests to one peer, which serves twenty a second
	hurry        = 5 * time.Second         // after which another peer is asked for what is needed next
	shortTime    = 10 * time.Second        // for an answer
	longTime     = 45 * time.Second        // for one with a chunk or a block
	manifestTime = time.Minute             // for validators with a third of the stake to agree on a manifest
	droppedFor   = time.Minute             // a height that came to nothing
	reoffer      = 5 * time.Second         // between two offers of a peer during a walk, so that it knows who has what by now
)

// stall is how long a phase may go without progress before another height is tried. A walk has windows instead: see [Engine.hold].
var stall = map[Phase]time.Duration{Listing: 3 * time.Minute, Loading: 2 * time.Minute}

// Phase is what an engine is at.
type Phase uint8

// The phases.
const (
	Looking Phase = iota // for peers that offer a state
	Walking              // from the trusted block to that of the state
	Listing              // which chunks there are
	Loading              // the chunks
	Done
)

// String is the word for metrics and logs.
func (p Phase) String() string {
	return [...]string{"looking", "walking", "listing", "loading", "done"}[p]
}

// Config is what an [Engine] knows from the start.
type Config struct {
	Genesis chain.Hash
	Trust   Trust
	Ports   Ports
}

// Engine brings one state to a node. It is driven by two inputs, each with the instant at which it came: Tick when
// [Engine.Next] is reached, and Answered. Instants are measured from any beginning, the same for all. An input takes in at
// most one chunk. An Engine is not safe for use by several goroutines.
type Engine struct {
	cfg  Config
	now  time.Duration
	next time.Duration
	err  error

	phase    Phase
	progress time.Duration // when there last was some
	notes    map[string]*note
	requests []*request
	last     RequestID
	peers    []Peer // of this turn
	trouble  string // what stands in the way, for people

	firstOffer time.Duration            // none: never
	dropped    map[uint64]time.Duration // heights that came to nothing, until when
	vain       int                      // attempts that came to nothing
	height     uint64                   // of the state that is being fetched
	walk       walk
	start, top walk            // at the trusted block, and at the highest one verified; without a header: none yet
	window     mark            // where the walk was when its window began
	foreign    map[string]bool // peers whose block at the trusted height is another
	mistyped   string          // what to tell about these, until somebody has the trusted block

	result    Result
	manifests map[chain.Hash]*group
	condemned map[chain.Hash]bool
	chosen    *group
	listed    time.Duration
	load      load
}

const never = time.Duration(math.MaxInt64)

// NewEngine makes an Engine that wants its first Tick at once.
func NewEngine(cfg Config) (*Engine, error) {
	p := &cfg.Ports
	if p.Peers == nil || p.Ask == nil || p.Cancel == nil || p.Blame == nil || p.Sink == nil {
		return nil, errors.New("snapshot: every port is needed")
	}
	if cfg.Trust.Height == 0 || cfg.Trust.Hash.IsZero() {
		return nil, errors.New("snapshot: a trusted height from 1 and the hash of its block are needed")
	}
	return &Engine{
		cfg: cfg, firstOffer: never, notes: map[string]*note{}, dropped: map[uint64]time.Duration{},
		condemned: map[chain.Hash]bool{}, foreign: map[string]bool{},
	}, nil
}

// Next is when the engine wants a Tick if nothing else comes before.
func (e *Engine) Next() time.Duration { return e.next }

// Result is what was taken in, once the phase is Done.
func (e *Engine) Result() Result { return e.result }

// Tick says what time it is. Its error is our own and ends the engine.
func (e *Engine) Tick(now time.Duration) error {
	e.now = max(e.now, now)
	return e.turn()
}

// Answered brings the answer to a request. One to what is not wanted any more is ignored; so is one that came too late, but for
// what it says of the peer.
func (e *Engine) Answered(came time.Duration, id RequestID, a Answer, err error) error {
	e.now = max(e.now, came)
	if e.err == nil && e.phase != Done {
		e.answered(came, id, a, err)
	}
	return e.turn()
}

// turn does what is to be done after any input.
func (e *Engine) turn() error {
	if e.err != nil || e.phase == Done {
		e.next = never
		return e.err
	}
	e.peers = e.cfg.Ports.Peers()
	e.forget()
	e.expire()
	if e.phase == Walking {
		e.hold()
	} else if limit, ok := stall[e.phase]; ok && e.now-e.progress > limit {
		e.drop("no peer went on with it")
	}
	e.next = e.now + lookEvery
	switch e.phase {
	case Looking:
		e.look()
	case Walking:
		e.step()
	case Listing:
		e.list()
	case Loading:
		e.err = e.loading()
	}
	if e.err != nil {
		e.abort()
		e.next = never
	}
	return e.err
}

// enter begins a phase.
func (e *Engine) enter(p Phase) {
	e.phase, e.progress, e.trouble = p, e.now, ""
	e.next = e.now
}
