package replica

import (
	"fmt"
	"log/slog"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/mempool"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/stake"
	"github.com/posnet/posnet/node/store"
	"github.com/posnet/posnet/node/wal"
)

// The kinds of frame between peers.
const (
	FrameProposal byte = 1 // chain.SignedProposal
	FrameVote     byte = 2 // chain.SignedVote
	FrameState    byte = 3 // chain.VoteState
	FrameEvidence byte = 4 // chain.Evidence
)

// Ports are what a replica needs of the world.
type Ports struct {
	// Now is the wall clock in Unix milliseconds.
	Now func() uint64
	// SetTimer calls [Replica.Timer] with t after a delay in milliseconds.
	SetTimer func(t consensus.Timer, after uint64)
	// Broadcast sends a frame to every peer; Send to one.
	Broadcast func(kind byte, payload []byte)
	Send      func(peer string, kind byte, payload []byte)
	// PeerHeight tells how far a peer claims to be: its last decided height.
	PeerHeight func(peer string, height uint64)
}

// Config says whose replica this is and where its durable things are.
type Config struct {
	Genesis *chain.Genesis
	// Self is the validator's account; zero for a node that only follows.
	Self   chain.Address
	Signer *signer.Signer // nil for a node that only follows
	Store  *store.Store
	FS     vfs.FS
	WALDir string
	Pool   mempool.Config // Genesis, Params, Height, State and Check are set by Open
	Ports  Ports
	// Known are signatures found good before, which may be shared: nil makes a memory of the replica's own.
	Known    *keys.Known
	Observer Observer
	Logger   *slog.Logger
}

// Replica is one member of a chain. Make one with [Open].
type Replica struct {
	cfg     Config
	genesis chain.Hash
	log     *slog.Logger
	wal     *wal.Log
	pool    *mempool.Pool
	core    *consensus.Core
	tip     tip
	sets    stake.Memo
	prevSet *stake.Set // of the tip's height, which its certificate is checked against

	queue   []consensus.Event
	busy    bool
	opened  bool         // a height has begun, and what came early for it waits
	unsaved []wal.Record // appended with the next sync
	err     error

	full     bool               // the disk is: nothing goes on until it is not
	stalled  []consensus.Effect // what waits for room, in order
	retrying bool               // whether there is room is being found out

	outcomes map[chain.Hash]*ledger.Outcome
	building *consensus.Build // asked for and not made yet
	mute     bool             // nothing is signed in this height: see forgot
	seen     signer.Slot      // of a message of this node's key that its signer has not signed; zero: none
	early    []frame          // of the next height
	evidence evidencePool
	heard    map[chain.PublicKey]uint64 // by node key: when a peer last spoke, Unix milliseconds
	lastTold uint64                     // when the vote state was last sent to all
	forged   map[chain.Hash]sight       // blocks of the height that were proposed
	pace     pace
	restsIn  uint64            // the height whose forger has begun to rest
	voted    map[voteOf]uint64 // when a vote of the height was first seen
	given    map[string]uint64 // when a peer was last given what it lacked in the height
	patience patience
	step     consensus.StepName
	round    uint64

	haltReason, haltMessage string // why nothing is signed any more
}

// tip is the last decided block and the state after it.
type tip struct {
	height  uint64
	hash    chain.Hash
	time    uint64
	cert    *chain.Certificate
	params  chain.Params
	seed    chain.Hash
	set     *stake.Set // of the next height
	pending bool
}

// knownSignatures is a few heights' votes of the largest set, about 3 MB.
const knownSignatures = 1 << 15

// Open continues from what is durable, or from the genesis at the first start,
// and opens the next height.
func Open(cfg Config) (*Replica, error) {
	r := &Replica{
		cfg: cfg, genesis: cfg.Genesis.Hash(), log: cfg.Logger,
		heard: map[chain.PublicKey]uint64{},
	}
	if r.cfg.Known == nil {
		r.cfg.Known = keys.NewKnown(knownSignatures)
	}
	if err := r.loadTip(); err != nil {
		return nil, err
	}
	r.cfg.Pool.Genesis, r.cfg.Pool.Params, r.cfg.Pool.Height = r.genesis, r.tip.params, r.tip.height
	r.cfg.Pool.Known = r.cfg.Known
	r.cfg.Pool.State = decided{cfg.Store}
	r.cfg.Pool.Check = r.check
	var err error
	if r.pool, err = mempool.New(r.cfg.Pool); err != nil {
		return nil, err
	}
	log, records, err := wal.Open(cfg.FS, cfg.WALDir)
	if err != nil {
		return nil, fmt.Errorf("open the write-ahead log: %w", err)
	}
	r.wal = log
	recovered, err := r.recover(records)
	if err != nil {
		return nil, err
	}
	r.core = consensus.New(consensus.Config{Genesis: r.genesis, Self: cfg.Self, Known: r.cfg.Known})
	r.begin(recovered)
	r.remindCore()
	r.checkBase()
	return r, r.err
}

// Pool is the pool of waiting transactions; it may be used from any goroutine.
func (r *Replica) Pool() *mempool.Pool { return r.pool }

// Err is why the replica stopped, or nil.
func (r *Replica) Err() error { return r.err }

// Close ends the replica. What is durable stays.
func (r *Replica) Close() error { return r.wal.Close() }

// handle takes an event and performs everything that follows from it.
func (r *Replica) handle(e consensus.Event) {
	r.queue = append(r.queue, e)
	if !r.busy && !r.full {
		r.turn(nil)
	}
}

// heightsOfTurn is how many heights one turn opens. A validator that is alone needs nobody's answer, and would otherwise go on as
// long as there is work without ever returning to whoever else wants a turn.
const heightsOfTurn = 2

// turn does the effects given, and then all that is queued.
func (r *Replica) turn(effects []consensus.Effect) {
	r.busy = true
	r.performAll(effects)
	for heights := 0; r.err == nil && !r.full; {
		if len(r.queue) == 0 {
			if !r.opened {
				break
			}
			r.opened = false
			r.replayEarly()
			if heights++; heights < heightsOfTurn {
				r.lookForWork()
			} else {
				r.cfg.Ports.SetTimer(consensus.Timer{Height: r.core.Height(), Step: consensus.StepIdle}, 0)
			}
			continue
		}
		next := r.queue[0]
		r.queue = r.queue[1:]
		r.performAll(r.core.Step(next))
		r.noteStep()
	}
	r.busy = false
}

// Timer brings a timer of [Ports].SetTimer.
func (r *Replica) Timer(t consensus.Timer) {
	if t.Step == consensus.StepIdle {
		if t.Height == r.core.Height() {
			r.retryBuild()
			r.lookForWork()
		}
		return
	}
	r.handle(consensus.TimedOut{Timer: t})
}

// PoolChanged says that the pool has new transactions.
func (r *Replica) PoolChanged() {
	r.retryBuild()
	r.lookForWork()
}

// fail stops the replica for good.
func (r *Replica) fail(err error) {
	if r.err == nil && err != nil {
		r.err = err
	}
}
