package gossip

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	mrand "math/rand/v2"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	lookOften   = time.Second     // with fewer peers than there should be
	lookSeldom  = 5 * time.Second // with all of them
	lookTime    = 5 * time.Second // for one look to end
	dialsAtOnce = 16              // under way at a time
	hintsALook  = 8               // peers only heard of that one look dials
	maxHints    = 256             // peers heard of
	hintTries   = 3               // dials in vain after which a peer that was only heard of is forgotten
	longest     = 5 * time.Second // most time between two tries of an address, so that what changed heals soon
	askEvery    = 10              // looks with too few peers between two questions for more
)

// finder looks for peers: the seeds' addresses, peers there were, and peers that peers told of.
type finder struct {
	net    *Network
	seeds  *seeds
	nudge  chan struct{}
	places chan struct{} // for dials

	mu    sync.Mutex
	hints map[PeerID]*hint
}

// hint is a peer that may be there.
type hint struct {
	info   peer.AddrInfo
	tries  int
	next   time.Time
	trying bool
}

func newFinder(n *Network) *finder {
	return &finder{net: n, seeds: newSeeds(n), nudge: make(chan struct{}, 1), places: make(chan struct{}, dialsAtOnce), hints: map[PeerID]*hint{}}
}

// wake has the finder look soon: a peer went away.
func (f *finder) wake() {
	select {
	case f.nudge <- struct{}{}:
	default:
	}
}

// run looks for peers until the network closes: at once at the start, for a pod whose address changed is found by nobody
// before it has dialled the others itself.
func (f *finder) run() {
	for looks := 0; ; looks++ {
		f.look()
		if looks%askEvery == askEvery-1 && f.short() {
			f.askSomebody()
		}
		wait := lookSeldom
		if f.short() {
			wait = lookOften
		}
		t := time.NewTimer(jittered(wait))
		select {
		case <-f.net.ctx.Done():
			t.Stop()
			return
		case <-f.nudge:
			t.Stop()
			if !f.net.pause(lookOften / 4) { // whoever went away needs a moment to come back
				return
			}
		case <-t.C:
		}
	}
}

// short reports whether there are fewer peers than expected.
func (f *finder) short() bool {
	want := int(f.net.expected.Load())
	if want == 0 {
		want = f.seeds.others()
	}
	return len(f.net.up()) < max(1, want)
}

// look resolves the seeds and begins to dial whoever is not connected. It does not wait for the dials: an address where
// nobody answers takes all of its time, and the next look must not come later for it.
func (f *finder) look() {
	ctx, cancel := context.WithTimeout(f.net.ctx, lookTime)
	defer cancel()
	f.seeds.resolve(ctx)
	for _, try := range append(f.seeds.due(), f.due()...) {
		f.net.background(func() {
			ctx, cancel := context.WithTimeout(f.net.ctx, lookTime)
			defer cancel()
			select {
			case f.places <- struct{}{}:
				defer func() { <-f.places }()
			case <-ctx.Done():
			}
			try(ctx)
		})
	}
}

// due lists the dials of hints whose time has come, in no more than a look's number.
func (f *finder) due() []func(context.Context) {
	if f.net.peers() >= f.net.cfg.MaxPeers {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	var ready []*hint
	for id, h := range f.hints {
		if !h.trying && !h.next.After(now) && !f.net.connected(id) && !f.net.jail.banned(id) {
			ready = append(ready, h)
		}
	}
	slices.SortFunc(ready, func(a, b *hint) int { return a.next.Compare(b.next) })
	var todo []func(context.Context)
	for _, h := range ready[:min(len(ready), hintsALook)] {
		h.next, h.trying = now.Add(backoff(h.tries)), true
		todo = append(todo, func(ctx context.Context) { f.dial(ctx, h.info) })
	}
	return todo
}

// dial connects to a hint and keeps the score of its tries.
func (f *finder) dial(ctx context.Context, info peer.AddrInfo) {
	err := f.net.dial(ctx, info)
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.hints[info.ID]
	if h != nil {
		h.trying = false
	}
	switch {
	case h == nil || f.net.ctx.Err() != nil:
	case err == nil:
		h.tries = 0
	default:
		if h.tries++; h.tries >= hintTries {
			delete(f.hints, info.ID)
		}
	}
}

// backoff is the time between tries of one address after so many failures: doubling from a second, up to longest.
func backoff(tries int) time.Duration {
	return jittered(min(lookOften<<min(tries, 4), longest))
}

// dial connects to a peer, unless it is connected or it is ourselves.
func (n *Network) dial(ctx context.Context, info peer.AddrInfo) error {
	if info.ID == n.ID() || n.connected(info.ID) {
		return nil
	}
	// Our pace of trying is slower than what the swarm's own memory of failed dials is made for.
	err := n.host.Connect(network.WithForceDirectDial(ctx, "pace kept by the finder"), info)
	if err != nil {
		n.log.Debug("dial failed", slog.String("peer", info.ID.String()), slog.Any("error", err))
	}
	return err
}

func (n *Network) connected(id PeerID) bool {
	return n.host.Network().Connectedness(id) == network.Connected
}

// learn asks a peer whom it knows, and remembers those.
func (f *finder) learn(ctx context.Context, id PeerID) {
	infos, err := f.net.askPeers(ctx, id)
	if err != nil {
		return
	}
	// And the peer itself: where it listens, for when the connection is lost.
	own := known{ID: []byte(id)}
	for _, a := range f.net.host.Peerstore().Addrs(id) {
		own.Addrs = append(own.Addrs, a.Bytes())
	}
	if info, ok := own.info(true); ok {
		infos = append(infos, info)
	}
	f.remember(infos)
}

func (f *finder) remember(infos []peer.AddrInfo) {
	news := false
	f.mu.Lock()
	for _, info := range infos {
		if info.ID == f.net.ID() {
			continue
		}
		if h := f.hints[info.ID]; h != nil {
			h.info = info
			continue
		}
		if len(f.hints) >= maxHints {
			break
		}
		f.hints[info.ID] = &hint{info: info}
		news = news || !f.net.connected(info.ID)
	}
	f.mu.Unlock()
	if news {
		f.wake()
	}
}

// askSomebody asks one peer for more.
func (f *finder) askSomebody() {
	if peers := f.net.up(); len(peers) > 0 {
		ctx, cancel := context.WithTimeout(f.net.ctx, lookTime)
		defer cancel()
		f.learn(ctx, peers[mrand.IntN(len(peers))])
	}
}
