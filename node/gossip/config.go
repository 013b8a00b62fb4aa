package gossip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// DefaultMaxPeers applies where [Config.MaxPeers] is 0.
const DefaultMaxPeers = 64

// Config says who a node is, whom it may meet, and where what peers send goes.
type Config struct {
	Key     keys.PrivateKey // the node key; the peer id is made of its public half
	Genesis chain.Hash      // names the network: every protocol id carries it

	ListenIP string // an IP; "0.0.0.0" for all of IPv4, "::" for all of IPv6
	Port     int    // TCP and UDP; 0 takes a free one, see [Network.Port]

	// Seeds are "host:apiPort". Each host name is resolved to all its addresses, and each address's GET /api/v1/node says
	// under which peer id and port it is to be dialled.
	Seeds []string

	// MaxPeers bounds connected peers. Those for which Prefer answers true are admitted up to twice as many, so that
	// strangers cannot keep validators out.
	MaxPeers int
	Prefer   func(chain.PublicKey) bool

	// MaxProposalBytes caps an encoded proposal, and so what one peer's frame can take in memory; 0 is
	// [chain.MaxProposalBytes]. Take the chain's maxBytes plus 4 KiB.
	MaxProposalBytes int

	// OnFrame takes a consensus frame: size-capped, otherwise unchecked. It must return at once; false means that there is
	// no room, the frame is dropped and counted. Frames of one peer come in its order, those of several concurrently.
	OnFrame func(from PeerID, kind FrameKind, payload []byte) bool
	// OnPeer says that a peer of this network can be sent frames, or no longer. It is called before the first and after the
	// last frame of a peer, and must return at once.
	OnPeer func(id PeerID, up bool)

	// Admit offers transactions of a peer to the pool, which keeps none of the slices, and returns what it says of each:
	// nil, [ErrHeld], a [*chain.Refusal], or a failure of our own.
	Admit func(from PeerID, raws [][]byte) []error
	// Pending lists what waits in the pool, the transactions of an account in their order: all of it, or what has waited
	// for some seconds, which peers should have by now.
	Pending func(all bool) []Pending

	// Blocks serves other nodes that catch up; nil: this node serves none.
	Blocks BlockSource

	Log     *slog.Logger // nil: silent
	Metrics Metrics      // nil: not counted

	// HTTP asks seeds; nil takes a client of its own. Resolve looks up a seed's host name; nil asks the system.
	HTTP    *http.Client
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)

	poolEvery time.Duration // for tests
}

// ErrHeld means that exactly this transaction waits in the pool already, and so was found good.
var ErrHeld = errors.New("the pool holds this transaction")

// Pending is a transaction that waits in the pool.
type Pending struct {
	ID  chain.Hash
	Raw []byte
}

// BlockSource is the store of decided blocks.
type BlockSource interface {
	// BlockAndCertificate returns the encodings of the block of a height and of its certificate, or two nils when it is
	// not (or no longer) stored. An error is a failure of the store.
	BlockAndCertificate(height uint64) (block, cert []byte, err error)
}

// Metrics counts what happens with peers. telemetry.PeerMetrics is one; reasons, kinds and directions are its words.
type Metrics interface {
	SetConnected(inbound, outbound int)
	Banned(reason string)
	Message(kind, direction string, size int)
	Dropped(kind, direction string)
}

// nobody counts nothing.
type nobody struct{}

func (nobody) SetConnected(int, int)       {}
func (nobody) Banned(string)               {}
func (nobody) Message(string, string, int) {}
func (nobody) Dropped(string, string)      {}

// filled checks a configuration and puts defaults where it says nothing.
func (c Config) filled() (Config, error) {
	switch {
	case c.Key.IsZero():
		return c, errors.New("gossip: no node key")
	case c.Genesis.IsZero():
		return c, errors.New("gossip: no genesis hash")
	case c.OnFrame == nil || c.OnPeer == nil || c.Admit == nil || c.Pending == nil:
		return c, errors.New("gossip: OnFrame, OnPeer, Admit and Pending are all needed")
	case c.Port < 0 || c.Port > 65535:
		return c, fmt.Errorf("gossip: port %d is out of range", c.Port)
	case c.MaxPeers < 0 || c.MaxProposalBytes < 0 || c.MaxProposalBytes > chain.MaxProposalBytes:
		return c, errors.New("gossip: a bound is out of range")
	}
	if _, err := netip.ParseAddr(c.ListenIP); err != nil {
		return c, fmt.Errorf("gossip: listen IP: %w", err)
	}
	for _, seed := range c.Seeds {
		if _, _, err := net.SplitHostPort(seed); err != nil {
			return c, fmt.Errorf("gossip: seed %q is not host:port: %w", seed, err)
		}
	}
	if c.MaxPeers == 0 {
		c.MaxPeers = DefaultMaxPeers
	}
	if c.MaxProposalBytes == 0 {
		c.MaxProposalBytes = chain.MaxProposalBytes
	}
	if c.poolEvery == 0 {
		c.poolEvery = poolEvery
	}
	if c.Prefer == nil {
		c.Prefer = func(chain.PublicKey) bool { return false }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = nobody{}
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Transport: &http.Transport{MaxIdleConns: 4, IdleConnTimeout: 10 * time.Second, Proxy: nil}}
	}
	if c.Resolve == nil {
		c.Resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	return c, nil
}
