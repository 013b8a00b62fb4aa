package gossip

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/posnet/posnet/node/chain"
)

const (
	resolveTime  = 2 * time.Second
	identityTime = 2 * time.Second
	identityCap  = 64 << 10 // of an answer of GET /api/v1/node
	maxIDText    = 128      // of a peer id; those of Ed25519 keys have 52
	maxTargets   = 256
	// sureFor is how long it is believed who is at an address, when that peer is connected by another one.
	sureFor = 15 * time.Second
)

// seeds follows the addresses behind the configured seeds, and who is there.
type seeds struct {
	net *Network

	mu      sync.Mutex
	targets map[target]*sighting
}

// target is one address of a seed.
type target struct {
	ip   netip.Addr
	port string // of its API
}

// sighting is what is known of a target.
type sighting struct {
	id      PeerID    // who was there last; empty: nobody yet
	asked   time.Time // when it said so
	next    time.Time // not to be tried before
	tries   int       // in vain, in a row
	trying  bool      // now
	listed  time.Time // when a name last resolved to it
	trouble string    // what was last logged of it
}

func newSeeds(n *Network) *seeds { return &seeds{net: n, targets: map[target]*sighting{}} }

// others is how many of the addresses are not this node's own.
func (s *seeds) others() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := 0
	for _, seen := range s.targets {
		if seen.id != s.net.ID() {
			count++
		}
	}
	return count
}

// due lists what is to be tried now.
func (s *seeds) due() []func(context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	var todo []func(context.Context)
	for t, seen := range s.targets {
		if seen.trying || seen.next.After(now) || s.settled(t, seen, now) {
			continue
		}
		seen.next, seen.trying = now.Add(backoff(seen.tries)), true
		todo = append(todo, func(ctx context.Context) { s.try(ctx, t) })
	}
	return todo
}

// settled reports whether there is nothing to find out at a target: whoever is there is connected from there, or was
// there moments ago. (An address may have gone to another pod since.)
func (s *seeds) settled(t target, seen *sighting, now time.Time) bool {
	switch {
	case seen.id == "":
		return false
	case seen.id == s.net.ID():
		return now.Sub(seen.asked) < sureFor
	case !s.net.connected(seen.id):
		return false
	case now.Sub(seen.asked) < sureFor:
		return true
	}
	return slices.ContainsFunc(s.net.host.Network().ConnsToPeer(seen.id), func(c network.Conn) bool {
		ip, err := ipOf(c.RemoteMultiaddr())
		return err == nil && ip == t.ip
	})
}

// resolve brings the targets up to date. A name that cannot be resolved now keeps its targets; an address that a name no
// longer has is forgotten after a while.
func (s *seeds) resolve(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	var wg sync.WaitGroup
	for _, seed := range s.net.cfg.Seeds {
		wg.Go(func() {
			host, port, err := net.SplitHostPort(seed)
			if err != nil {
				return // filled has checked
			}
			ips := []netip.Addr{}
			if ip, err := netip.ParseAddr(host); err == nil {
				ips = append(ips, ip)
			} else if ips, err = s.net.cfg.Resolve(ctx, host); err != nil {
				s.net.log.Debug("seed not resolved", slog.String("seed", seed), slog.Any("error", err))
				return
			}
			s.list(ips, port)
		})
	}
	wg.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for t, seen := range s.targets {
		if time.Since(seen.listed) > time.Minute {
			delete(s.targets, t)
		}
	}
}

func (s *seeds) list(ips []netip.Addr, port string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ip := range ips {
		t := target{ip.Unmap(), port}
		seen := s.targets[t]
		if seen == nil {
			if len(s.targets) >= maxTargets {
				continue
			}
			seen = &sighting{}
			s.targets[t] = seen
		}
		seen.listed = time.Now()
	}
}

// try asks who is at a target and dials it.
func (s *seeds) try(ctx context.Context, t target) {
	id, port, err := s.identify(ctx, t)
	if err == nil && id != s.net.ID() {
		err = s.net.dial(ctx, peer.AddrInfo{ID: id, Addrs: []ma.Multiaddr{tcpAddr(t.ip, port), quicAddr(t.ip, port)}})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.targets[t]
	if seen == nil || s.net.ctx.Err() != nil {
		return
	}
	seen.trying = false
	trouble := ""
	if err == nil {
		seen.id, seen.asked, seen.tries = id, time.Now(), 0
	} else {
		seen.tries++
		trouble = err.Error()
	}
	if trouble != "" && trouble != seen.trouble {
		s.net.log.Debug("seed not reached", slog.String("address", t.String()), slog.String("error", trouble))
	}
	seen.trouble = trouble
}

func (t target) String() string { return net.JoinHostPort(t.ip.String(), t.port) }

// identify asks the node at a target for its peer id and peer port.
func (s *seeds) identify(ctx context.Context, t target) (PeerID, int, error) {
	ctx, cancel := context.WithTimeout(ctx, identityTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+t.String()+"/api/v1/node", nil)
	if err != nil {
		return "", 0, fmt.Errorf("ask who is there: %w", err)
	}
	resp, err := s.net.cfg.HTTP.Do(req)
	if err != nil {
		return "", 0, fmt.Errorf("ask who is there: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", 0, fmt.Errorf("ask who is there: status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, identityCap+1))
	if err != nil || len(body) > identityCap {
		return "", 0, fmt.Errorf("ask who is there: an answer of %d bytes or more, %v", len(body), err)
	}
	return readIdentity(body, s.net.cfg.Genesis)
}

// readIdentity reads what a node of a network says of itself: its peer id and peer port.
func readIdentity(body []byte, genesis chain.Hash) (PeerID, int, error) {
	if err := chain.CheckJSON(body); err != nil {
		return "", 0, fmt.Errorf("ask who is there: %w", err)
	}
	var who struct {
		GenesisHash string `json:"genesisHash"`
		PeerID      string `json:"peerID"`
		P2PPort     int    `json:"p2pPort"`
	}
	if err := json.Unmarshal(body, &who); err != nil {
		return "", 0, fmt.Errorf("ask who is there: %w", err)
	}
	if len(who.PeerID) > maxIDText { // reading base 58 takes time that grows with its square
		return "", 0, fmt.Errorf("the node there says a peer id of %d characters", len(who.PeerID))
	}
	switch id, err := peer.Decode(who.PeerID); {
	case who.GenesisHash == "":
		return "", 0, fmt.Errorf("the node there has no genesis yet")
	case who.GenesisHash != genesis.String():
		return "", 0, fmt.Errorf("the node there is of another network, with genesis %.8s", who.GenesisHash)
	case err != nil:
		return "", 0, fmt.Errorf("the node there says no peer id: %w", err)
	case who.P2PPort < 1 || who.P2PPort > 65535:
		return "", 0, fmt.Errorf("the node there says peer port %d", who.P2PPort)
	default:
		return id, who.P2PPort, nil
	}
}
