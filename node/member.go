package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/catchup"
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/gossip"
	"github.com/posnet/posnet/node/mempool"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/store"
)

// member is a node that has its genesis: a replica, its peers, and what the
// API reads of them.
type member struct {
	*service
	genesis *chain.Genesis
	hash    chain.Hash
	file    []byte // the genesis file
	store   *store.Store
	loop    *loop
	net     *gossip.Network
	catchup *catchup.Catchup
	served  served
	missing atomic.Pointer[string] // what gap said last
	waiters *waiters
	blocks  *blocks
	recent  *recent
	bonded  *bonded
	settled settled
	view    atomic.Pointer[replica.View]
	changed bool // the loop has something new to publish
	alive   atomic.Int64
	decided time.Time // when the last block was
}

// openMember opens the store and the replica.
func (s *service) openMember(g *chain.Genesis) (*member, error) {
	file, err := g.MarshalFile()
	if err != nil {
		return nil, err
	}
	m := &member{
		service: s, genesis: g, hash: g.Hash(), file: file,
		loop: newLoop(), waiters: newWaiters(), blocks: newBlocks(), recent: newRecent(), bonded: newBonded(),
	}
	options := store.Options{
		Genesis: m.hash, Logger: s.log, MemTableBytes: memTableBytes(&s.identity.Public.Address),
		OnFatal: func(err error) {
			s.log.Error("the disk failed: the process ends, and the next start goes on from what is durable", "error", err)
		},
	}
	m.store, err = store.Open(vfs.Default, filepath.Join(s.cfg.DataDir, databaseDir), options.WithCaches(s.cfg.CacheBytes))
	if err != nil {
		return nil, fmt.Errorf("open the database in %s: %w", s.cfg.DataDir, err)
	}
	m.loop.replica, err = replica.Open(replica.Config{
		Genesis: g, Self: s.identity.Public.Address, Signer: s.identity.Signer, Store: m.store,
		FS: vfs.Default, WALDir: filepath.Join(s.cfg.DataDir, walDir),
		Pool: mempool.Config{OnDrop: func(tx *mempool.Tx, why chain.RefusalCode) {
			m.waiters.tell(chain.Refuse(why, "transaction %s left the pool without being in a block: %s", tx.ID, why), tx.ID)
		}},
		Ports: replica.Ports{
			Now:      func() uint64 { return uint64(time.Now().UnixMilli()) },
			SetTimer: m.loop.setTimer,
			// The network is not there yet while the replica opens; what it says
			// then is repeated when peers come.
			Broadcast: func(kind byte, payload []byte) {
				if m.net != nil {
					m.net.Broadcast(gossip.FrameKind(kind), payload)
				}
			},
			Send: func(peer string, kind byte, payload []byte) {
				if m.net != nil {
					m.net.Send(gossip.PeerID(peer), gossip.FrameKind(kind), payload)
				}
			},
			PeerHeight: func(peer string, height uint64) {
				if m.net != nil {
					m.net.SetPeerHeight(gossip.PeerID(peer), height)
					m.catchup.Hint(height)
				}
			},
		},
		Observer: m.observer(),
		Logger:   s.log,
	})
	if err != nil {
		return nil, errors.Join(err, m.store.Close())
	}
	m.loop.beat = m.publish
	m.changed = true
	m.publish()
	return m, nil
}

// memTableBytes is how much of what the nodes of a network commit each of them gathers before it writes a sorted file: about 12 MiB,
// but each a little less or more. They commit the same bytes at the same time, and would all flush and compact at the same
// time, with nobody left to decide meanwhile.
func memTableBytes(of *chain.Address) uint64 {
	return 10<<20 + uint64(of[0])<<14 // to 14 MiB
}

// publish gives readers the state after a turn of the loop.
func (m *member) publish() {
	now := time.Now()
	if !m.changed && now.UnixMilli()-m.alive.Load() < 100 {
		return
	}
	m.alive.Store(now.UnixMilli())
	m.changed = false
	v := m.loop.replica.View()
	m.view.Store(&v)
	m.blocks.reached(v.Height)
	m.observeView(&v)
}

// run serves the network until ctx ends.
func (m *member) run(ctx context.Context) error {
	if err := m.joinNetwork(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 2)
	go func() {
		err := m.catchup.Run(ctx)
		cancel() // without it the node would stand still; why is told below
		done <- err
	}()
	go func() { done <- m.prune(ctx) }()
	go m.watchDisk(ctx)
	go m.bonded.fill(ctx, m.store, m.log)
	go m.tidy(ctx)
	err := m.loop.run(ctx)
	cancel()
	err = errors.Join(err, ignoreCancel(<-done), ignoreCancel(<-done))
	return errors.Join(err, m.net.Close())
}

// close gives the files free.
func (m *member) close() error {
	if m.served.Source != nil {
		m.served.Source.Close() // the store waits for what is pinned
	}
	return errors.Join(m.loop.replica.Close(), m.store.Close())
}

// prune drops old versions of the state tree, a bounded piece at a time.
func (m *member) prune(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = m.store.Prune(m.cfg.KeepVersions); err != nil {
				return fmt.Errorf("prune old state: %w", err)
			}
		}
	}
}

func ignoreCancel(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
