package snapshot

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/stake"
)

// Trust names the block from which everything else is verified.
type Trust struct {
	Height uint64 // from 1
	Hash   chain.Hash
}

// Peer is somebody to ask.
type Peer struct {
	ID  string
	Key chain.PublicKey // its node key, by which sets know validators
}

// RequestID names a request. An [Engine] never uses one twice.
type RequestID uint64

// Kind is what a request asks for.
type Kind uint8

// The kinds of request.
const (
	AskOffer    Kind = iota + 1 // an encoded [Offer]
	AskHeaders                  // up to Count headers from Height on
	AskManifest                 // of the state at Height: see [Source.Manifest]
	AskChunk                    // number Index of the state at Height
	AskBlock                    // the block of Height
)

// Request is a question to one peer.
type Request struct {
	ID     RequestID
	Peer   string
	Kind   Kind
	Height uint64
	Index  uint64     // of AskChunk
	Count  int        // of AskHeaders, at most [MaxHeaders]
	Set    chain.Hash // of AskHeaders: the set that is known already
}

// Headed is a header as it travels: with its certificate, and with the validator set of its height where that is not the one of
// the header before it.
type Headed struct{ Header, Certificate, Set []byte }

// Answer is what a peer brought, unverified.
type Answer struct {
	Part    []byte   // of all kinds but AskHeaders; nil: it has none
	Headers []Headed // from the height asked for on, or fewer
}

// Result is the verified state of a height: what a node goes on from.
type Result struct {
	Height      uint64
	Hash        chain.Hash
	Header      *chain.Header
	Certificate []byte
	Block       []byte
	TxIDs       []chain.Hash
	Seed        chain.Hash // of the height before
	Set         *stake.Set // of the height
}

// Sink takes the state in; [store.Import] is behind the real one. An error of it is our own and ends the engine.
type Sink interface {
	Add(key, value []byte) error                    // keys ascend
	Build(height uint64) (root chain.Hash, _ error) // of all that was added
	Commit(Result) error                            // makes it the node's state, durably
	Abort() error                                   // gives up what was added
}

// ErrFalse says that a peer gave a manifest which the chain does not bear out: no honest peer does that.
var ErrFalse = errors.New("it gave a manifest of another state")

// Ports is what an [Engine] needs of the world. All are needed. They are called from within the inputs of the engine and
// must not call these in turn.
type Ports struct {
	Peers func() []Peer // who is connected, no peer twice
	// Ask sends a request on its way and returns at once. Every request must be answered later, exactly once.
	Ask    func(Request)
	Cancel func(RequestID)                   // the answer is not wanted any more: it should come soon
	Blame  func(peer string, err error)      // who brought what no honest peer brings
	Sink   func(height uint64) (Sink, error) // begins to take in a state
}

// Bounds of an engine.
const (
	MaxHeaders  = 256 // of one request
	Window      = 8   // chunks under way, or here and not taken in
	MaxRequests = 64  // without an answer
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
)

// stall is how long a phase may go without progress before another height is tried.
var stall = map[Phase]time.Duration{Walking: 40 * time.Second, Listing: 3 * time.Minute, Loading: 2 * time.Minute}

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
	height     uint64                   // of the state that is being fetched
	walk       walk
	foreign    map[string]bool // peers whose block at the trusted height is another

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
	if limit, ok := stall[e.phase]; ok && e.now-e.progress > limit {
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

// drop gives up the height that is being fetched and looks for another.
func (e *Engine) drop(why string) {
	if e.trouble != "" {
		why = e.trouble
	}
	e.dropped[e.height] = e.now + droppedFor
	e.abort()
	e.cancelAll()
	e.manifests, e.chosen, e.firstOffer = nil, nil, never
	for _, n := range e.notes {
		n.offer = nil
	}
	e.enter(Looking)
	e.trouble = fmt.Sprintf("the state of height %d was given up: %s", e.height, why)
}

// abort gives up what was taken in.
func (e *Engine) abort() {
	if e.load.sink != nil {
		if err := e.load.sink.Abort(); e.err == nil {
			e.err = err
		}
	}
	e.load = load{}
}

// Abort ends the engine: what it took in is given up, unless the phase is Done.
func (e *Engine) Abort() error {
	if e.phase == Done || e.next == never {
		return nil // it has ended, and what it took in was given up then
	}
	e.cancelAll()
	e.abort()
	err := e.err
	if e.next = never; err == nil {
		e.err = errAborted
	}
	return err
}

var errAborted = errors.New("the join by snapshot was ended")

// Stats is how far an engine is.
type Stats struct {
	Phase   Phase
	Trusted uint64 // the height that was given
	Walked  uint64 // the height the walk has reached
	Height  uint64 // of the state that is being fetched; 0: none yet
	Chunks  int    // of it; 0 until that is known
	Taken   int    // of these, how many were taken in
	Bytes   uint64 // of all chunks
	Trouble string // what stands in the way, for people; empty: nothing
}

// Stats says how far the engine is.
func (e *Engine) Stats() Stats {
	s := Stats{Phase: e.phase, Trusted: e.cfg.Trust.Height, Trouble: e.trouble}
	if e.phase > Looking {
		s.Height = e.height
	}
	if e.walk.header != nil {
		s.Walked = e.walk.header.Height
	}
	if e.chosen != nil {
		s.Chunks, s.Bytes, s.Taken = e.chosen.manifest.Chunks(), e.chosen.manifest.Bytes, e.load.taken
	}
	return s
}
