// Package supervise is the parent of the cluster's servers: it starts them inside the cluster's namespaces and starts again
// what ends.
//
// It is born by "localkube up" into a mount namespace and a network namespace of its own, waits until its other end of the link
// has been put there, and then lives on by itself. Everything it starts inherits the namespaces and the control group; nothing
// it does needs undoing outside of them.
package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/posnet/posnet/hack/localkube/internal/kubeapi"
	"github.com/posnet/posnet/hack/localkube/internal/layout"
	"github.com/posnet/posnet/hack/localkube/internal/netplan"
	"github.com/posnet/posnet/hack/localkube/internal/proc"
	"github.com/posnet/posnet/hack/localkube/internal/render"
)

// Config is what "localkube up" hands over, as a file.
type Config struct {
	Layout  layout.Layout   `json:"layout"`
	Plan    netplan.Plan    `json:"plan"`
	Servers []render.Server `json:"servers"`
}

// Load reads a Config.
func Load(path string) (Config, error) {
	var c Config
	data, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("read the supervisor's configuration: %w", err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("the supervisor's configuration %s is damaged: %w", path, err)
	}
	return c, nil
}

// Save writes a Config.
func (c Config) Save(path string) error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the supervisor's configuration: %w", err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("write the supervisor's configuration: %w", err)
	}
	return nil
}

// Go is what the parent writes once the link is in place.
const Go = "go\n"

// Run does all of it and returns when ctx ends, or with the error that made starting impossible. start delivers Go; when it ends
// without, the parent has died and so does the supervisor.
func Run(ctx context.Context, c Config, start io.Reader, log *slog.Logger) error {
	word, err := io.ReadAll(io.LimitReader(start, int64(len(Go))))
	if err != nil || string(word) != Go {
		return fmt.Errorf("the program that started this cluster ended before the cluster could run (%w)", errors.Join(err, io.ErrUnexpectedEOF))
	}
	if err := enterMounts(c.Layout); err != nil {
		return err
	}
	if err := enterNetwork(c.Plan); err != nil {
		return err
	}
	self, err := proc.Of(os.Getpid())
	if err != nil {
		return err
	}
	s := &supervisor{config: c, log: log, record: proc.Record{Supervisor: self}}
	if err := s.record.Save(c.Layout.Processes()); err != nil {
		return err
	}
	return s.run(ctx)
}

type supervisor struct {
	config Config
	log    *slog.Logger

	mu     sync.Mutex // guards record and its file
	record proc.Record
}

func (s *supervisor) run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, server := range s.config.Servers {
		if server.Stage == render.First {
			all.Go(func() { s.keep(ctx, server) })
		}
	}
	if err := s.awaitAPI(ctx); err != nil {
		s.log.Error("the other servers are not started", "cause", err)
	} else {
		for _, server := range s.config.Servers {
			if server.Stage == render.AfterAPI {
				all.Go(func() { s.keep(ctx, server) })
			}
		}
	}
	all.Wait()
	return nil
}

func (s *supervisor) awaitAPI(ctx context.Context) error {
	l := s.config.Layout
	client, err := kubeapi.New(s.config.Plan.Server(), l.PKI("ca.crt"), l.PKI("bootstrap.crt"), l.PKI("bootstrap.key"))
	if err != nil {
		return err
	}
	for !client.Ready(ctx) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	s.log.Info("api server ready")
	return nil
}
