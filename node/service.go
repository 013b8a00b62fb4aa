package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/gossip"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/snapshot"
	"github.com/posnet/posnet/node/telemetry"
)

// service is what a node is before it has a genesis, and stays afterwards: its
// identity, its listeners, its telemetry.
type service struct {
	cfg      Config
	log      *slog.Logger
	metrics  *telemetry.Metrics
	identity *Identity
	peerID   string
	ports    Ports                          // of the listeners that are there from the start
	genesis  atomic.Pointer[chain.Genesis]  // nil until it is there
	joined   atomic.Pointer[member]         // nil until it has been opened
	taking   atomic.Pointer[snapshot.Stats] // of a state that is being taken over; nil before
	halted   atomic.Pointer[halt]
	stopping atomic.Bool
}

// halt is why a node stopped voting for good.
type halt struct{ reason, message string }

// Run is a node, from start to end. It returns nil when ctx ended and
// everything was closed in time, and otherwise why the node cannot run.
func Run(ctx context.Context, cfg Config) (err error) {
	if err := cfg.Check(); err != nil {
		return err
	}
	s := &service{cfg: cfg, log: cfg.Log.Logger, metrics: telemetry.NewMetrics()}
	s.metrics.Registry.MustRegister(cfg.Log.Messages)
	if s.identity, err = OpenIdentity(&cfg, s.log); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.identity.Close()) }()
	id, err := gossip.IDOf(s.identity.Public.Keys.Peer)
	if err != nil {
		return err
	}
	s.peerID = id.String()
	if err := s.showGenesis(); err != nil {
		return err
	}
	stop, err := s.listen(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()

	g, err := loadGenesis(ctx, &cfg, s.log)
	if err != nil {
		return ignoreCancel(err)
	}
	s.genesis.Store(g)
	if err := s.joinBySnapshot(ctx, g); err != nil {
		return ignoreCancel(err)
	}
	m, err := s.openMember(g)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	if err = m.run(ctx); err != nil {
		return err
	}
	s.log.Info("node stopped")
	return nil
}

// listen starts the API and the private port. The returned function ends both.
func (s *service) listen(ctx context.Context) (func() error, error) {
	api, err := httpapi.New(backend{s}, httpapi.Options{Logger: s.log, Observe: s.metrics.HTTP.Request})
	if err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(s.cfg.IP, strconv.Itoa(s.cfg.APIPort)))
	if err != nil {
		return nil, fmt.Errorf("listen for the API: %w (is another node running? choose another --api-port)", err)
	}
	s.ports.API = l.Addr().(*net.TCPAddr).Port
	failed := make(chan error, 3)
	go func() { failed <- api.Serve(l) }()
	private, err := s.listenPrivate(ctx, &lc, failed)
	if err != nil {
		return nil, errors.Join(err, api.Shutdown(ctx))
	}
	s.log.Info("node listening", "api", l.Addr().String(), "address", s.identity.Public.Address.String(), "peer_id", s.peerID, "version", telemetry.Build().Version)
	debug, err := s.listenDebug(ctx, failed)
	if err != nil {
		return nil, errors.Join(err, api.Shutdown(ctx))
	}
	if s.cfg.Listening != nil {
		s.cfg.Listening(l.Addr().String())
	}
	return func() error {
		s.stopping.Store(true)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Stop/2)
		defer cancel()
		err := errors.Join(api.Shutdown(ctx), <-failed)
		for _, server := range []*http.Server{private, debug} {
			if server != nil {
				err = errors.Join(err, server.Shutdown(ctx), ignoreClosed(<-failed))
			}
		}
		return err
	}, nil
}

func (s *service) listenPrivate(ctx context.Context, lc *net.ListenConfig, failed chan<- error) (*http.Server, error) {
	if s.cfg.PrivatePort < 0 {
		return nil, nil
	}
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(s.cfg.PrivateIP, strconv.Itoa(s.cfg.PrivatePort)))
	if err != nil {
		return nil, fmt.Errorf("listen for metrics and health: %w (choose another --private-port)", err)
	}
	s.ports.Private = l.Addr().(*net.TCPAddr).Port
	server := telemetry.NewServer(telemetry.PrivateHandler(telemetry.PrivateOptions{
		Gatherer: s.metrics.Registry, Live: s.live, Ready: s.ready, Ring: s.cfg.Log.Ring, Logger: s.log,
	}))
	go func() { failed <- server.Serve(l) }()
	return server, nil
}

// listenDebug serves profiles, where asked for.
func (s *service) listenDebug(ctx context.Context, failed chan<- error) (*http.Server, error) {
	if s.cfg.DebugAddress == "" {
		return nil, nil
	}
	l, err := telemetry.ListenLoopback(ctx, s.cfg.DebugAddress)
	if err != nil {
		return nil, err
	}
	server := telemetry.NewServer(telemetry.DebugHandler(s.cfg.Log.Level))
	go func() { failed <- server.Serve(l) }()
	return server, nil
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// liveWithin is how long the loop may take for one turn before the process is
// called dead. The progress of the chain is not part of it.
const liveWithin = 20 * time.Second

// live says whether the loop answers.
func (s *service) live(context.Context) []telemetry.Reason {
	m := s.joined.Load()
	if m == nil {
		return nil
	}
	if age := time.Since(time.UnixMilli(m.alive.Load())); age > liveWithin {
		return []telemetry.Reason{{Code: "LoopStuck", Message: fmt.Sprintf("the event loop has not answered for %s", age.Round(time.Second))}}
	}
	return nil
}

// ready says whether requests should come here: the node is caught up with what
// it has verified. A halted chain stays ready.
func (s *service) ready(context.Context) []telemetry.Reason {
	m := s.joined.Load()
	switch {
	case s.stopping.Load():
		return []telemetry.Reason{{Code: "Stopping", Message: "the node is shutting down"}}
	case m == nil && s.genesis.Load() != nil:
		if t := s.taking.Load(); t != nil {
			return []telemetry.Reason{{Code: joiningBySnapshot, Message: takingOver(t)}}
		}
		return []telemetry.Reason{{Code: string(httpapi.Starting), Message: "the node opens its files"}}
	case m == nil:
		return []telemetry.Reason{{Code: string(httpapi.AwaitingGenesis), Message: "the node waits for its genesis"}}
	}
	if p := m.catchup.Progress(); behind(p) {
		return []telemetry.Reason{{Code: string(httpapi.CatchingUp), Message: fmt.Sprintf("at height %d of %d", p.Height, p.Target)}}
	}
	return nil
}

// newNonceError refuses a challenge that is no nonce.
func newNonceError(n int) error {
	return chain.Refuse(chain.RefusedMalformed, "a nonce has %d bytes, not %d", chain.NonceBytes, n)
}
