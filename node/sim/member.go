package sim

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/store"
)

// member is a simulated validator: a disk that outlives its crashes, and the
// real replica that runs on it.
type member struct {
	net     *network
	index   int
	account keys.PrivateKey
	peer    keys.PrivateKey
	public  chain.GenesisValidator
	skew    int64
	fs      *vfs.MemFS

	life    int // counts restarts, so that what was meant for an earlier life is dropped
	up      bool
	store   *store.Store
	signer  *signer.Signer
	replica *replica.Replica
	asking  bool   // a block is on its way from a peer
	durable uint64 // highest height seen decided on this disk
}

func newMember(n *network, i int) (*member, error) {
	m := &member{net: n, index: i, fs: vfs.NewCrashableMem()}
	key := func(name string) keys.PrivateKey {
		return keys.FromSeed(chain.Sum([]byte(name), chain.Uint64(n.cfg.Seed), chain.Uint64(uint64(i))))
	}
	m.account, m.peer = key("account"), key("peer")
	c, v := key("consensus"), key("vrf")
	m.public = chain.GenesisValidator{Address: m.account.Public(), Keys: chain.ValidatorKeys{
		Consensus: c.Public(), VRF: v.Public(), Peer: m.peer.Public(),
	}}
	if s := n.cfg.Faults.ClockSkew; s > 0 {
		m.skew = int64(n.between(0, 2*s)) - int64(s)
	}
	if err := signer.Create(m.fs, "validator", c, v); err != nil {
		return nil, fmt.Errorf("node %d: %w", i, err)
	}
	return m, nil
}

// start opens the replica on what the disk has.
func (m *member) start() error {
	var err error
	if m.store, err = store.Open(m.fs, "db", store.Options{Genesis: m.net.genesisHash, MemTableBytes: 1 << 20, CacheBytes: 1 << 20, TreeCacheBytes: 1 << 20}); err != nil {
		return fmt.Errorf("node %d: %w", m.index, err)
	}
	if m.signer, err = signer.Open(m.fs, "validator"); err != nil {
		return fmt.Errorf("node %d: %w", m.index, err)
	}
	m.up = true
	m.asking = false
	life := m.life
	alive := func() bool { return m.up && m.life == life }
	m.replica, err = replica.Open(replica.Config{
		Genesis: m.net.genesis, Self: m.public.Address, Signer: m.signer, Store: m.store, FS: m.fs, WALDir: "wal",
		Logger: slog.New(slog.DiscardHandler),
		Ports: replica.Ports{
			Now: m.now,
			SetTimer: func(t consensus.Timer, after uint64) {
				m.net.after(after, func() {
					if alive() {
						m.net.note('t', m.index)
						m.replica.Timer(t)
						m.check()
					}
				})
			},
			Broadcast: func(kind byte, payload []byte) {
				for _, to := range m.net.members {
					if to != m {
						m.net.send(m, to, kind, payload)
					}
				}
			},
			Send: func(peer string, kind byte, payload []byte) {
				m.net.send(m, m.net.members[m.net.byName[peer]], kind, payload)
			},
			PeerHeight: m.peerHeight,
		},
		Observer: replica.Observer{
			Decided: func(d replica.Decision) { m.net.decided(m, d) },
			Halted: func(reason, message string) {
				m.net.violate("node %d halted its voting without a cause: %s: %s", m.index, reason, message)
			},
		},
	})
	if err != nil {
		return fmt.Errorf("node %d: %w", m.index, err)
	}
	if tip, err := m.store.Tip(); err != nil || tip.Height < m.durable {
		m.net.violate("durability: node %d had height %d on its disk and restarts at %d (%v)", m.index, m.durable, tip.Height, err)
	}
	var tick func()
	tick = func() {
		if alive() {
			m.replica.Tick()
			m.check()
			m.net.after(50, tick)
		}
	}
	m.net.after(m.net.between(1, 50), tick)
	for _, other := range m.net.members {
		if other != m && other.up {
			m.replica.PeerUp(other.name())
			other.replica.PeerUp(m.name())
		}
	}
	return nil
}

func (m *member) name() string { return fmt.Sprintf("n%d", m.index) }

func (m *member) now() uint64 { return uint64(int64(m.net.now) + m.skew) }

// check ends the run when a replica failed: in this world no disk does.
func (m *member) check() {
	if err := m.replica.Err(); err != nil {
		m.net.violate("node %d stopped: %v", m.index, err)
	}
}

// receive takes a frame that the network delivered.
func (m *member) receive(from *member, kind byte, payload []byte) {
	if !m.up {
		return
	}
	m.net.note('m', m.index, []byte{kind}, chain.Uint64(uint64(from.index)))
	if err := m.replica.Frame(from.name(), from.public.Keys.Peer, kind, payload); err != nil {
		m.net.violate("node %d calls honest node %d hostile: %v", m.index, from.index, err)
	}
	m.check()
}

// peerHeight fetches the next block from a peer that is ahead.
func (m *member) peerHeight(peer string, height uint64) {
	if m.asking || m.replica == nil || height <= m.replica.View().Height {
		return
	}
	from := m.net.members[m.net.byName[peer]]
	m.asking = true
	life := m.life
	delay := m.net.between(2*m.net.cfg.Faults.MinDelay, 2*m.net.cfg.Faults.MaxDelay)
	m.net.after(delay, func() {
		if !m.up || m.life != life {
			return
		}
		m.asking = false
		if !from.up {
			return
		}
		next := m.replica.View().Height + 1
		block, err := from.store.Block(next)
		if err != nil {
			return
		}
		cert, err := from.store.Certificate(next)
		if err != nil {
			return
		}
		if err := m.replica.Certified(slices.Clone(block), slices.Clone(cert)); err != nil {
			m.net.violate("node %d refuses block %d of honest node %d: %v", m.index, next, from.index, err)
			return
		}
		m.peerHeight(peer, height)
	})
}

// crash ends the process and loses an arbitrary part of what was not synced.
func (m *member) crash() {
	m.net.note('c', m.index)
	m.net.say("node %d crashes at height %d", m.index, m.replica.View().Height)
	m.net.crashes++
	m.up = false
	m.life++
	lost := m.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: int(m.net.between(0, 100)), RNG: rand.New(rand.NewPCG(m.net.random.Uint64(), 0))})
	// The old process is gone; closing it only frees its goroutines.
	_ = m.replica.Close()
	_ = m.signer.Close()
	_ = m.store.Close()
	m.fs = lost
	m.net.after(m.net.between(1, max(1, m.net.cfg.Faults.DownFor)), func() {
		m.net.say("node %d restarts", m.index)
		if err := m.start(); err != nil {
			m.net.violate("node %d does not restart: %v", m.index, err)
		}
	})
}
