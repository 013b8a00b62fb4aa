package sim

import (
	"errors"
	"log/slog"
	"time"

	"github.com/posnet/posnet/node/catchup"
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/mempool"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/sim/disk"
	"github.com/posnet/posnet/node/store"
)

// Node is a simulated machine: a disk that outlives its crashes, and the real
// replica and catch-up that run on it.
type Node struct {
	*World
	Index                         int
	Name                          string
	Account, Consensus, VRF, Peer keys.PrivateKey
	Stake                         uint64 // bonded to it in the genesis; 0: a follower
	bonded                        uint64 // and since, if only submitted
	public                        chain.GenesisValidator

	// Skew is how far its clock is off, in milliseconds; Stands, if not 0, what it shows while it stands still.
	Skew   int64
	Stands uint64
	// Pool bounds its pool of transactions.
	Pool      mempool.Config
	byzantine bool
	excused   string  // why it may contradict itself or stop voting
	failing   string  // why it may stop with an error
	closed    []error // with which it may fail to start
	// handicapped is a node whose stake counts as faulty though it is honest.
	handicapped bool
	watches     []watch // of its disk
	twinOf      *Node
	twins       []*Node
	wait        uint64 // before its first start

	disk         *disk.Disk
	life         int // counts starts, so that what was meant for an earlier life is dropped
	up           bool
	dead         *disk.Disk // what a crash within the event under way left
	down         uint64     // and for how long the node then stays down
	frozen       uint64     // until when nothing happens in it
	lag          uint64     // by which the event under way is late with what it sends
	store        *store.Store
	signer       *signer.Signer
	replica      *replica.Replica
	engine       *catchup.Engine
	ticking      uint64            // instant of the engine's next tick, when planned
	claims       map[string]uint64 // by peer: the height it says it has decided
	durable      uint64            // highest height seen decided on this disk
	address      int               // counts its network addresses
	moved        uint64            // when it got the latest
	working      int               // events under way
	opening      bool              // of them, the start
	onStart      func()
	mangledUntil uint64 // the network has damaged what it sent, until then
}

// start opens the node on what its disk has, when its time has come.
func (n *Node) start() {
	if n.wait > 0 {
		n.After(n.wait, func() { n.wait = 0; n.restart() })
		return
	}
	n.restart()
}

// open opens everything on the disk and starts.
func (n *Node) open() (err error) {
	n.life++
	n.lag, n.ticking, n.replica, n.engine = 0, 0, nil, nil
	n.store, err = store.Open(n.disk, "db", store.Options{
		Genesis: n.genesisHash, MemTableBytes: 4 << 20, CacheBytes: 1 << 20, TreeCacheBytes: 1 << 20,
		StateCacheBytes:   8 << 10,                                                        // so that it turns over
		TreeBufferHeights: 1 + n.cfg.Seed%8, TreeFileBytes: int64(1 + n.cfg.Seed/8%2<<10), // some have files of their own
	})
	if err != nil {
		return err
	}
	if n.signer, err = signer.Open(n.disk, "validator"); err != nil {
		_ = n.store.Close()
		return err
	}
	n.up = true
	life, known := n.life, n.memory()
	pool := n.Pool
	pool.Verified = known
	n.replica, err = replica.Open(replica.Config{
		Genesis: n.genesis, Self: n.public.Address, Signer: n.signer, Store: n.store, FS: n.disk, WALDir: "wal",
		Logger: slog.New(slog.DiscardHandler), Known: known, Pool: pool, Ports: n.ports(life), Observer: n.observer(life),
	})
	if err == nil {
		n.engine, err = catchup.NewEngine(n.enginePorts(life))
	}
	if err != nil {
		n.up = false
		_ = n.signer.Close()
		_ = n.store.Close()
		return err
	}
	for _, c := range n.checks {
		c.Started(n)
	}
	n.tick(life, n.between(1, tickBusy))
	n.planEngine(life)
	for _, other := range n.nodes {
		if other != n && other.Up() {
			n.replica.PeerUp(other.Name)
			other.replica.PeerUp(n.Name)
		}
	}
	return nil
}

const (
	tickBusy = 50
	tickIdle = 250 // nothing is under way, and a second lies between two vote states
)

func (n *Node) tick(life int, after uint64) {
	n.After(after, func() {
		n.event(life, func() {
			n.replica.Tick()
			next := uint64(tickBusy)
			if v := n.replica.View(); v.Step == consensus.StepIdle && v.Voting && !v.DiskFull {
				next = tickIdle
			}
			n.tick(life, next)
		})
	})
}

// alive reports whether what was planned in a life still happens.
func (n *Node) alive(life int) bool { return n.up && n.dead == nil && n.life == life }

// event lets something happen in a node, later if it is frozen.
func (n *Node) event(life int, fn func()) {
	if !n.alive(life) {
		return
	}
	if n.frozen > n.now {
		n.After(n.frozen-n.now, func() { n.event(life, fn) })
		return
	}
	n.working++
	fn()
	n.working--
	if n.lag > 0 {
		n.frozen, n.lag = n.now+n.lag, 0
	}
	n.settle()
}

// settle looks what an event came to: a crash within it, or an error that ends
// the process.
func (n *Node) settle() {
	switch {
	case n.dead != nil:
		n.fall()
	case n.up && n.replica.Err() != nil:
		if n.failing == "" && !n.byzantine {
			n.Violate("%s stopped without a cause: %v", n.Name, n.replica.Err())
			return
		}
		n.say("%s stops: %v", n.Name, n.replica.Err())
		n.Crash(disk.None(), n.between(200, 2000))
	}
}

// ports are what the replica has of this world.
func (n *Node) ports(life int) replica.Ports {
	return replica.Ports{
		Now: n.clock,
		SetTimer: func(t consensus.Timer, after uint64) {
			n.After(n.lag+after, func() {
				n.event(life, func() {
					n.note('t', n.Index)
					n.replica.Timer(t)
				})
			})
		},
		Broadcast: func(kind byte, payload []byte) {
			if !n.alive(life) {
				return
			}
			n.released(n, kind, payload)
			for _, to := range n.nodes {
				if to != n && to.twinOf != n && n.twinOf != to {
					n.pass(n, to, kind, payload)
				}
			}
		},
		Send: func(peer string, kind byte, payload []byte) {
			if !n.alive(life) {
				return
			}
			n.released(n, kind, payload)
			n.pass(n, n.byName[peer], kind, payload)
		},
		PeerHeight: func(peer string, height uint64) {
			if n.claims[peer] = height; n.engine != nil && height > n.durable {
				n.engineInput(life, func(at time.Duration) error { return n.engine.Hint(at, height) })
			}
		},
	}
}

// memory is of signatures found good. In most worlds all nodes share one, which changes nothing but the time it takes; in
// every fourth each has its own, so that each checks all for itself.
func (n *Node) memory() *keys.Known {
	if n.cfg.Seed%4 == 0 {
		return keys.NewKnown(1 << 10)
	}
	return n.known
}

func (n *Node) observer(life int) replica.Observer {
	return replica.Observer{
		Decided: func(d replica.Decision) {
			if n.alive(life) {
				n.decided(n, d)
			}
		},
		Contradicted: func(e *chain.Evidence) {
			for _, c := range n.checks {
				c.Contradicted(n, e)
			}
		},
		Halted: func(reason, message string) {
			n.say("%s stops voting: %s: %s", n.Name, reason, message)
			if n.excused == "" && !n.byzantine {
				n.Violate("%s stopped voting without a cause: %s: %s", n.Name, reason, message)
			}
		},
	}
}

// clock is what the node takes for the time.
func (n *Node) clock() uint64 {
	if n.Stands > 0 {
		return n.Stands
	}
	return uint64(int64(n.now) + n.Skew)
}

// receive takes a frame that the network delivered, perhaps damaged.
func (n *Node) receive(from *Node, kind byte, payload []byte, mangled bool) {
	n.event(n.life, func() {
		n.note('m', n.Index, []byte{kind, byte(from.Index)}, payload[:min(len(payload), 96)])
		err := n.replica.Frame(from.Name, from.public.Keys.Peer, kind, payload)
		if errors.Is(err, replica.ErrHostile) && !from.byzantine && !mangled {
			n.Violate("%s calls honest %s hostile: %v", n.Name, from.Name, err)
		}
	})
}

// counts reports whether promises are made about this node: it is honest, and
// alone with its keys.
func (n *Node) counts() bool { return !n.byzantine && n.twinOf == nil && n.wait == 0 }

// Up reports whether the process runs.
func (n *Node) Up() bool { return n.up && n.dead == nil }

// Opening reports whether the process is just reading what its disk has.
func (n *Node) Opening() bool { return n.opening }

// Byzantine reports whether its stake is not to be trusted.
func (n *Node) Byzantine() bool { return n.byzantine }

// Disk is the machine's disk, to watch. It is another one after a crash.
func (n *Node) Disk() *disk.Disk { return n.disk }

// Replica is the process; nil before the first start.
func (n *Node) Replica() *replica.Replica { return n.replica }

// Height is the last decided one.
func (n *Node) Height() uint64 { return n.durable }
