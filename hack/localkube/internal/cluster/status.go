package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/posnet/posnet/hack/localkube/internal/proc"
	"github.com/posnet/posnet/hack/localkube/internal/supervise"
)

// Server is one process of a running cluster.
type Server struct {
	Name     string `json:"name"`
	PID      int    `json:"pid"` // 0 if it does not run
	Restarts int    `json:"restarts"`
	Memory   int64  `json:"memoryBytes"` // see proc.Memory
}

// Status is what is true of the cluster now.
type Status struct {
	Address string   `json:"address"` // URL of the API server
	Servers []Server `json:"servers"`
	Node    string   `json:"node,omitempty"` // why the node is not ready; empty if it is
	DNS     string   `json:"dns,omitempty"`  // why cluster DNS does not answer; empty if it does
	Memory  int64    `json:"memoryBytes"`    // of all servers
}

// Healthy says that all servers run, the node is ready and names resolve.
func (s Status) Healthy() bool { return s.Trouble() == "" }

// Trouble is what is wrong, in a few words; empty if nothing is.
func (s Status) Trouble() string {
	var parts []string
	for _, server := range s.Servers {
		if server.PID == 0 {
			parts = append(parts, server.Name+" does not run")
		}
	}
	for _, t := range []string{s.Node, s.DNS} {
		if t != "" {
			parts = append(parts, t)
		}
	}
	return strings.Join(parts, "; ")
}

// Status looks at the cluster; ErrDown if there is none.
func (c *Cluster) Status(ctx context.Context) (Status, error) {
	config, err := supervise.Load(c.supervisorConfig())
	if errors.Is(err, os.ErrPermission) {
		return Status{}, errors.New("the cluster belongs to root and only root can look into it: run it with sudo")
	}
	if err != nil {
		return Status{}, ErrDown
	}
	record, err := proc.Load(c.Layout.Processes())
	if err != nil {
		return Status{}, err
	}
	s := Status{Address: config.Plan.Server()}
	add := func(name string, id proc.ID, restarts int) {
		server := Server{Name: name, Restarts: restarts}
		if id.PID != 0 && id.Alive() {
			server.PID, server.Memory = id.PID, proc.Memory(id.PID)
		}
		s.Memory += server.Memory
		s.Servers = append(s.Servers, server)
	}
	add("supervisor", record.Supervisor, 0)
	for _, want := range config.Servers {
		i := slices.IndexFunc(record.Servers, func(e proc.Entry) bool { return e.Name == want.Name })
		if i < 0 {
			add(want.Name, proc.ID{}, 0)
			continue
		}
		add(want.Name, record.Servers[i].ID, record.Servers[i].Restarts)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := c.nodeReady(ctx, config.Plan); err != nil {
		s.Node = err.Error()
	}
	if err := c.dnsAnswers(ctx, config.Plan); err != nil {
		s.DNS = err.Error()
	}
	return s, nil
}

// String is the status as a table.
func (s Status) String() string {
	var out strings.Builder
	for _, server := range s.Servers {
		state := fmt.Sprintf("pid %d", server.PID)
		if server.PID == 0 {
			state = "not running"
		}
		fmt.Fprintf(&out, "%-26s %-14s %5d MB  %d restarts\n", server.Name, state, server.Memory>>20, server.Restarts)
	}
	fmt.Fprintf(&out, "%-26s %-14s %5d MB\n", "all", "", s.Memory>>20)
	fmt.Fprintf(&out, "API server  %s\n", s.Address)
	if t := s.Trouble(); t != "" {
		fmt.Fprintf(&out, "not healthy: %s\n", t)
	} else {
		fmt.Fprintf(&out, "healthy: node ready, DNS answers\n")
	}
	return out.String()
}
