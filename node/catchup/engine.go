package catchup

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Peer is somebody to ask.
type Peer struct {
	ID     string
	Height uint64 // what it claims to have decided
	Base   uint64 // the first height whose block it claims to have; one that joined by snapshot has none before. 0: all
}

// Block is a final block as it travels, unverified.
type Block struct{ Block, Certificate []byte }

// RequestID names a request. An [Engine] never uses one twice.
type RequestID uint64

// Request is a question to one peer: blocks From, From+1, … and Count of them (1 to [StretchBlocks]) at most.
type Request struct {
	ID    RequestID
	Peer  string
	From  uint64
	Count int
}

// ErrLater in the chain of an error of Apply says that the block could not be looked at now and nobody is at fault (a full
// disk): it is tried again after a second.
var ErrLater = errors.New("not now")

// Ports is what an [Engine] needs of the world. All but Passed are needed. They are called from within the inputs of the
// engine and must not call these in turn.
type Ports struct {
	// Height is the last height decided here.
	Height func() uint64
	// Peers lists whom to ask, in any order, no peer twice.
	Peers func() []Peer
	// Ask sends a request on its way and returns at once. Every request must be answered later, exactly once, with
	// [Engine.Answered]: with an error where it fails. Until then it counts as under way, also after Cancel.
	Ask func(Request)
	// Cancel says that an answer is not wanted any more: the answer should come soon, and what it has is ignored.
	Cancel func(RequestID)
	// Apply verifies a block and its certificate and commits it before it returns. A block that is not the next is no
	// error.
	Apply func(Block) error
	// Hostile tells whether an error of Apply is the sender's fault; others, but for [ErrLater], are our own and end the
	// engine.
	Hostile func(error) bool
	// Blame is told who brought something that no honest peer brings.
	Blame func(peer string, err error)
	// Passed, if set, is told who is not asked for a while, be it guilty or only slow.
	Passed func(peer string, rest time.Duration, err error)
}

const (
	// Window is how many stretches of blocks are wanted or held at once.
	Window = 4
	// StretchBlocks is the most blocks one request asks for.
	StretchBlocks = 128
	// MaxAnswerBytes is the most bytes an answer may have: 4 MiB and one block of 8 MiB with its certificate of 1 MiB.
	// The transport's cap is no higher.
	MaxAnswerBytes = 13 << 20
	// MaxRequests is the most requests without an answer, cancelled ones among them.
	MaxRequests = 4 * Window
	// PerPeer is the most requests without an answer with one peer, cancelled ones among them.
	PerPeer = 2

	patience   = 15 * time.Second       // for one answer
	hurry      = 2 * time.Second        // after which another peer is asked for what is needed next
	lookEvery  = time.Second            // how often to look without a hint
	grace      = 150 * time.Millisecond // for consensus to bring a single block
	retryEvery = time.Second            // to apply a block that could not be looked at
)

// Engine decides how one node catches up. It is driven by three inputs, each with the instant at which it came: Tick when
// [Engine.Next] is reached, Hint, and Answered. Instants are measured from any beginning, the same for all, and do not go
// back; one that does is taken for the latest known. An input applies at most one block, so that a driver may look at
// other things in between.
//
// An Engine is not safe for use by several goroutines.
type Engine struct {
	ports Ports
	book  book
	now   time.Duration
	next  time.Duration
	err   error // of our own: the end

	look     time.Duration // when to look whether somebody is ahead
	single   uint64        // the height here when somebody was seen a single block ahead; none: noGrace
	singleBy time.Duration // until when consensus may bring that block

	// Of the run, which lasts while something is under way.
	active    bool
	began     time.Duration
	applied   int
	retry     time.Duration // not to apply before
	stretches []*stretch    // one after the other, without gaps
	requests  []*request    // unanswered, in the order of asking
	last      RequestID
	peers     []Peer // who is here, once somebody wanted to know in this turn
	listed    bool
}

const noGrace = math.MaxUint64

// NewEngine makes an Engine that wants its first Tick at once. It fails when a port is missing.
func NewEngine(p Ports) (*Engine, error) {
	if p.Height == nil || p.Peers == nil || p.Ask == nil || p.Cancel == nil || p.Apply == nil || p.Hostile == nil || p.Blame == nil {
		return nil, errors.New("catchup: every port is needed")
	}
	if p.Passed == nil {
		p.Passed = func(string, time.Duration, error) {}
	}
	return &Engine{ports: p, book: newBook(), single: noGrace}, nil
}

// Next is when the engine wants a Tick if nothing else comes before; it may be now. An earlier Tick does no harm.
func (e *Engine) Next() time.Duration { return e.next }

// Tick says what time it is. It returns an error when Apply failed for a reason of our own; the engine has ended then, and
// every further input returns the same error.
func (e *Engine) Tick(now time.Duration) error {
	e.pass(now)
	return e.turn()
}

// Hint says that somebody claims a height. Its error is that of [Engine.Tick].
func (e *Engine) Hint(now time.Duration, height uint64) error {
	e.pass(now)
	if height <= e.ports.Height() {
		return e.err
	}
	return e.turn()
}

// Answered brings the answer to a request: blocks from the height asked for on, fewer than wanted if the peer has no more
// or the answer is full, and along with an error those that came whole. An answer to what is not wanted any more, or that
// was answered before, is ignored; one that came after the engine's patience ended is a failure of the peer. came is when
// it came in, which may be a moment ago if the driver was busy since. Its error is that of [Engine.Tick].
func (e *Engine) Answered(came time.Duration, id RequestID, blocks []Block, err error) error {
	e.pass(came)
	if e.err == nil {
		e.answered(came, id, blocks, err)
	}
	return e.turn()
}

func (e *Engine) pass(now time.Duration) { e.now = max(e.now, now) }

// turn does what is to be done after any input.
func (e *Engine) turn() error {
	if e.err != nil {
		return e.err
	}
	e.peers, e.listed = nil, false
	e.expire()
	if !e.active {
		if !e.due() {
			e.next = e.look
			if e.single != noGrace {
				e.next = min(e.next, max(e.now, e.singleBy))
			}
			return nil
		}
		e.active, e.began, e.applied, e.single = true, e.now, 0, noGrace
	}
	e.settle()
	if e.err = e.applyNext(); e.err != nil {
		e.err = fmt.Errorf("apply block %d: %w", e.ports.Height()+1, e.err)
		e.next = math.MaxInt64
		return e.err
	}
	e.assign()
	e.hasten()
	if e.next = e.nextEvent(); e.next == math.MaxInt64 { // nothing is here or under way: whoever could bring it rests, or there is nothing
		e.drop(0)
		e.active, e.look = false, e.now+lookEvery
		e.next = e.look
	}
	return nil
}

// due looks whether somebody is far enough ahead.
func (e *Engine) due() bool {
	e.look = e.now + lookEvery
	height, ahead := e.ports.Height(), uint64(0)
	for _, p := range e.here() {
		if p.Base <= height+1 && !e.book.resting(p.ID, e.now) {
			ahead = max(ahead, p.Height)
		}
	}
	switch {
	case ahead <= height:
		e.single = noGrace
		return false
	case ahead > height+1:
		return true
	case e.single != height:
		e.single, e.singleBy = height, e.now+grace
		return false
	}
	return e.now >= e.singleBy
}

// nextEvent is when the run has something to do without an answer; math.MaxInt64: never.
func (e *Engine) nextEvent() time.Duration {
	next := time.Duration(math.MaxInt64)
	for _, q := range e.requests {
		if q.stretch != nil {
			next = min(next, q.deadline)
		}
	}
	if len(e.stretches) == 0 {
		return next
	}
	switch first := e.stretches[0]; {
	case first.here():
		return min(next, max(e.now, e.retry))
	case len(first.asked) > 0:
		return min(next, max(e.now, first.late))
	case next != math.MaxInt64: // nobody may be asked for it now, while others bring what comes after it
		return min(next, e.now+lookEvery)
	}
	return next
}

// here is who may be asked, listed once in a turn.
func (e *Engine) here() []Peer {
	if !e.listed {
		e.peers, e.listed = e.ports.Peers(), true
	}
	return e.peers
}
