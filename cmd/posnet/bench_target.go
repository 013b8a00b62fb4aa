package main

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/httpapi/client"
)

// addBenchFlags adds what all commands that measure share: --target, for which --node is another word, and --quiet.
func addBenchFlags(cmd *cobra.Command, r *remote) {
	f := cmd.PersistentFlags()
	node := f.Lookup("node")
	f.StringSliceVar(&r.nodes, "target", r.nodes, "`URL` of a node of the network to measure, or several with commas; POSNET_NODE sets the default")
	f.Lookup("target").DefValue = node.DefValue
	node.Usage = "the same as --target: the `URL`s of nodes"
	node.DefValue = "[]" // what says that there is none
	f.Bool("quiet", false, "no progress")
	before := cmd.PersistentPreRunE
	cmd.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		if f := cmd.Flags(); f.Changed("target") && f.Changed("node") {
			return errors.New("--target and --node are two names of the same: give all URLs to one of them, like --target URL,URL")
		}
		if err := aLength("timeout", r.timeout); err != nil {
			return err
		}
		return before(cmd, args)
	}
}

// liveProgress is the line that tells how far a measurement is: on a terminal, and unless --quiet.
func liveProgress(cmd *cobra.Command) *progress {
	out := cmd.ErrOrStderr()
	quiet, _ := cmd.Flags().GetBool("quiet")
	return &progress{out: out, live: !quiet && isTerminal(out), quiet: quiet}
}

// clients are of all nodes, each named once; close lets their connections go.
func (r *remote) clients() (all []*client.Client, closeAll func(), err error) {
	closeAll = func() {
		for _, c := range all {
			c.Close()
		}
	}
	if slices.ContainsFunc(r.nodes, func(url string) bool { return strings.TrimSpace(url) == "" }) || len(r.nodes) == 0 {
		return nil, closeAll, errNoNode("target")
	}
	named := map[string]string{}
	for _, address := range r.nodes {
		c, err := client.New(address, nil)
		if err != nil {
			closeAll()
			return nil, nil, fmt.Errorf("--target: %w", err)
		}
		all = append(all, c)
		if before, twice := named[plain(c.Address())]; twice {
			closeAll()
			return nil, nil, fmt.Errorf("--target names one node twice, as %q and as %q: name each once, or its figures count double", before, address)
		}
		named[plain(c.Address())] = address
	}
	return all, closeAll, nil
}

// plain is the same for two ways to write an address: host names have no case, and http has a port that need not be said.
func plain(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	return u.Scheme + "://" + net.JoinHostPort(host, port) + u.Path
}

// reachTime is how long a node may take to say who it is, before anything is measured.
const reachTime = 10 * time.Second

// reach asks every node who it is, so that a wrong one is known before anything is signed or paid: all must answer, and be of one
// network.
func (r *remote) reach(ctx context.Context, clients []*client.Client) error {
	within := min(reachTime, r.timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("no answer within %s", within))
	defer cancel()
	found, errs := make([]*api.Status, len(clients)), make([]error, len(clients))
	var all sync.WaitGroup
	for i, c := range clients {
		all.Go(func() {
			s, err := c.Status(ctx)
			if err == nil && s.GenesisHash.IsZero() {
				err = notANode(c, "JSON of something else")
			} else if err != nil {
				err = whatAnswers(ctx, c, err)
			}
			if err != nil {
				err = fmt.Errorf("--target %s: %w", c.Address(), err)
			}
			found[i], errs[i] = s, err
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i, s := range found[1:] {
		if first := found[0]; s.GenesisHash != first.GenesisHash {
			return fmt.Errorf("--target %s is of network %s (genesis %s) and %s of %s (genesis %s): name nodes of one network", clients[0].Address(),
				first.ChainID, first.GenesisHash, clients[i+1].Address(), s.ChainID, s.GenesisHash)
		}
	}
	return nil
}

func notANode(c *client.Client, answered string) error {
	return fmt.Errorf("%s is not a posnet node's API: it answered %s", c.Address(), answered)
}

// whatAnswers says what is there instead of a node, if something is; otherwise err stands.
func whatAnswers(ctx context.Context, c *client.Client, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case client.Code(err) != "" || errors.As(err, new(*net.OpError)) || strings.HasPrefix(c.Address(), "https:"):
		return err // of the node, of the network, or of certificates
	case errors.As(err, new(*url.Error)): // connected, and no answer of which HTTP makes anything
		return notANode(c, "something that is not HTTP (the port for peers is another)")
	}
	req, bad := http.NewRequestWithContext(ctx, http.MethodGet, c.Address()+"/api/v1/status", nil)
	if bad != nil {
		return err
	}
	res, bad := http.DefaultClient.Do(req)
	if bad != nil {
		return err
	}
	_ = res.Body.Close()
	kind, _, bad := mime.ParseMediaType(res.Header.Get("Content-Type"))
	switch {
	case bad != nil:
		return notANode(c, res.Status)
	case kind == "application/json" && res.StatusCode < 300:
		return err
	case res.StatusCode < 300:
		return notANode(c, kind)
	}
	return notANode(c, fmt.Sprintf("%s (%s)", kind, res.Status))
}
