package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/client"
)

// reads asks a network for accounts, at a rate.
type reads struct {
	*remote
	rate        float64
	warmup      time.Duration
	duration    time.Duration
	connections int
	accounts    int
	grace       time.Duration // how long after the end an answer may come
}

// Bounds of what one run may ask for. Each read's time is kept.
const (
	maxReads       = 20_000_000
	maxConnections = 4096
)

func newReadsCommand(r *remote) *cobra.Command {
	o := &reads{remote: r, grace: 3 * time.Second}
	cmd := &cobra.Command{
		Use:   "reads",
		Short: "Measure a running network: reads of accounts a second",
		Long: `Ask the nodes of a running network for accounts, --rate a second over connections that stay open, and tell how long the
answers took. It runs by itself or beside 'posnet bench load --rate …', to see what each does to the other.

The accounts are those of the genesis and of the newest blocks. The time of a read is from when it is due, or with --rate 0 from
when it is sent, to the end of its answer: a node that is slow must not hide it by being asked less. What is not answered 3 s after
the end counts as not_answered.

A node answers 2000 requests a second of one address (posnet node --help): for more, name several nodes.`,
		Example: `  posnet bench reads --target http://127.0.0.1:8050,http://127.0.0.1:8051,http://127.0.0.1:8052,http://127.0.0.1:8053
  posnet bench reads --target http://127.0.0.1:8050 --rate 1000 --duration 30s --output json`,
		Args: cobra.NoArgs,
	}
	f := cmd.Flags()
	f.Float64Var(&o.rate, "rate", usualReads, "`reads/s` of all nodes together; 0: as many as the connections take. Without it no node is asked for more than 1500, below its limit for one address")
	f.DurationVar(&o.warmup, "warmup", 2*time.Second, "how long to read before counting")
	f.DurationVar(&o.duration, "duration", time.Minute, "how long to count")
	f.IntVar(&o.connections, "connections", 16, "how many connections, over all nodes")
	f.IntVar(&o.accounts, "accounts", 10_000, "of how many accounts to read, if the chain shows so many")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return o.run(cmd) }
	return cmd
}

// readDone is what came of it.
type readDone struct {
	Nodes       []string          `json:"nodes"`
	Rate        float64           `json:"rate"` // asked for; 0: as many as were answered
	Connections int               `json:"connections"`
	Accounts    int               `json:"accounts"`
	Began       time.Time         `json:"began"`
	Ended       time.Time         `json:"ended"`
	Seconds     float64           `json:"seconds"`
	Reads       uint64            `json:"reads"` // answered with an account
	PerSecond   float64           `json:"readsPerSecond"`
	Unsent      uint64            `json:"unsent"` // were due, but every connection waited for an answer
	Errors      uint64            `json:"errors"`
	ErrorCodes  map[string]uint64 `json:"errorsByCode"`
	Latency     spread            `json:"latencyMs"` // of the reads that were answered
	CPUSeconds  float64           `json:"cpuSeconds"`
	CPUPercent  float64           `json:"cpuPercent"`
	Interrupted bool              `json:"interrupted,omitempty"` // ended before its time; the figures are those until then
}

func showReads(w io.Writer, r *readDone) {
	asked := "as many as are answered"
	if r.Rate > 0 {
		asked = fmt.Sprintf("%.0f a second", r.Rate)
	}
	row(w, "asked for", asked+fmt.Sprintf(", %s, over %s to %s", plural(r.Accounts, "account"), plural(r.Connections, "connection"), plural(len(r.Nodes), "node")))
	row(w, "answered", fmt.Sprintf("%d in %.1f s: %.0f a second", r.Reads, r.Seconds, r.PerSecond))
	row(w, "errors", fmt.Sprintf("%d%s", r.Errors, byCode(r.ErrorCodes)))
	if r.Unsent > 0 {
		row(w, "not sent", fmt.Sprintf("%d that were due: all connections waited for answers. The nodes are slower than --rate, or --connections are too few", r.Unsent))
	}
	row(w, "time to answer", fmt.Sprintf("p50 %.2f ms, p90 %.2f ms, p99 %.2f ms, max %.1f ms", r.Latency.P50, r.Latency.P90, r.Latency.P99, r.Latency.Max))
	row(w, "this program", fmt.Sprintf("%.1f s of processor time, %.1f %% of this machine", r.CPUSeconds, r.CPUPercent))
	showInterrupted(w, r.Interrupted)
}

// byCode is " (12 pool_full, 3 nonce_gap)", most first.
func byCode(codes map[string]uint64) string {
	names := slices.SortedFunc(maps.Keys(codes), func(a, b string) int {
		return cmp.Or(cmp.Compare(codes[b], codes[a]), cmp.Compare(a, b))
	})
	if len(names) == 0 {
		return ""
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("%d %s", codes[name], name)
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// usualReads are asked of a network a second, and of each of its nodes at most readsOfNode: an address may ask a node for 2,000.
const (
	usualReads  = 5000
	readsOfNode = 1500
)

func (o *reads) check() error {
	err := checks{
		aRate("rate", o.rate), aPause("warmup", o.warmup), aLength("duration", o.duration),
		aCount("connections", o.connections, 1, maxConnections), aCount("accounts", o.accounts, 1, maxLoadAccounts),
	}.first()
	if err == nil && o.most()*o.duration.Seconds() > maxReads {
		err = fmt.Errorf("--rate %.0f for --duration %s: at most %d reads can be measured", o.rate, o.duration, maxReads)
	}
	return err
}

// most is how many reads a second to expect.
func (o *reads) most() float64 {
	if o.rate > 0 {
		return o.rate
	}
	return 50_000
}

func (o *reads) run(cmd *cobra.Command) error {
	if err := o.check(); err != nil {
		return err
	}
	clients, closeAll, err := o.clients()
	if err != nil {
		return err
	}
	defer closeAll()
	if !cmd.Flags().Changed("rate") {
		o.rate = min(usualReads, float64(readsOfNode*len(clients)))
	}
	if err := o.reach(cmd.Context(), clients); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(cmd.Context(), o.timeout, fmt.Errorf("no answer within --timeout %s", o.timeout))
	all, err := someAccounts(ctx, clients[0], o.accounts)
	cancel()
	if err != nil {
		return err
	}
	result := &readDone{Nodes: o.nodes, Rate: o.rate, Connections: o.connections, Accounts: len(all)}
	tell := liveProgress(cmd)
	err = o.measure(cmd.Context(), clients, all, result, tell)
	tell.clear()
	if result.Reads+result.Errors == 0 && err != nil {
		return err
	}
	return errors.Join(render(cmd.OutOrStdout(), o.output, result, showReads), err)
}

// someAccounts finds accounts to read: those of the genesis, and of the newest blocks.
func someAccounts(ctx context.Context, c *client.Client, most int) ([]chain.Address, error) {
	g, _, err := c.Genesis(ctx)
	if err != nil {
		return nil, err
	}
	known := map[chain.Address]bool{}
	var all []chain.Address
	add := func(a chain.Address) {
		if !known[a] && len(all) < most {
			known[a] = true
			all = append(all, a)
		}
	}
	status, err := c.Status(ctx)
	if err != nil {
		return nil, err
	}
	for h := status.Height; h > 0 && h+100 > status.Height && len(all) < most; h-- {
		raw, err := c.RawBlock(ctx, h, 0)
		if err != nil {
			break // pruned, or a busy node: what is known will do
		}
		block, err := chain.DecodeBlock(raw, chain.MaxBlockBytes)
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", h, err)
		}
		for _, raw := range block.Txs {
			if tx, err := chain.DecodeTx(raw); err == nil {
				add(tx.Tx.From)
				add(tx.Tx.To)
			}
		}
	}
	for _, a := range g.Accounts {
		add(a.Address)
	}
	for _, v := range g.Validators {
		add(v.Address)
	}
	if len(all) == 0 {
		return nil, errors.New("the chain shows no account yet: read when it has a block")
	}
	return all, nil
}

// readers is what the connections share.
type readers struct {
	*reads
	accounts    []chain.Address
	began, from time.Time
	until       time.Time
	next        atomic.Uint64 // number of the next read

	mu    sync.Mutex
	times []time.Duration
	codes map[string]uint64
	done  uint64 // also before counting
}

func (o *reads) measure(ctx context.Context, clients []*client.Client, accounts []chain.Address, into *readDone, tell *progress) error {
	r := &readers{reads: o, accounts: accounts, began: time.Now(), codes: map[string]uint64{}}
	r.from, r.until = r.began.Add(o.warmup), r.began.Add(o.warmup+o.duration)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sending, stop := context.WithDeadline(ctx, r.until)
	defer stop()
	waiting, hangUp := context.WithCancel(ctx)
	defer hangUp()
	var all sync.WaitGroup
	for i := range o.connections {
		conn, err := newReader(waiting, clients[i%len(clients)].Address(), o.timeout)
		if err != nil {
			cancel(err)
			break
		}
		all.Go(func() {
			defer conn.close()
			if err := r.read(sending, conn); err != nil {
				cancel(err)
			}
		})
	}
	var cpu time.Duration
	counting := false
	for last := uint64(0); sending.Err() == nil; {
		if !counting && !time.Now().Before(r.from) {
			counting, cpu = true, ownCPU()
		}
		next := time.Second
		if !counting {
			next = min(next, time.Until(r.from))
		}
		sleep(sending, next)
		last = r.show(tell, last)
	}
	if counting {
		into.CPUSeconds = (ownCPU() - cpu).Seconds()
	}
	last := time.AfterFunc(o.grace, hangUp)
	all.Wait()
	last.Stop()
	end := r.until
	if now := time.Now(); now.Before(end) { // it was stopped
		end, into.Interrupted = now, true
	}
	into.Began, into.Ended, into.Seconds = instant(r.from), instant(end), max(end.Sub(r.from).Seconds(), 0)
	into.Reads, into.ErrorCodes = uint64(len(r.times)), r.codes
	if into.Seconds > 0 {
		into.CPUPercent = percentOfMachine(into.CPUSeconds, into.Seconds)
		into.PerSecond = float64(into.Reads) / into.Seconds
	}
	for _, n := range r.codes {
		into.Errors += n
	}
	if due := uint64(o.rate * into.Seconds); due > into.Reads+into.Errors+uint64(o.connections) { // what is on its way at the end is none
		into.Unsent = due - into.Reads - into.Errors
	}
	if len(r.times) == 0 {
		return cmp.Or(context.Cause(ctx), fmt.Errorf("no read was answered while it was counted, nor within %s after: choose a longer --duration or a lower --rate, or see whether the node hangs (posnet query status)", o.grace))
	}
	into.Latency = spreadOf(r.times)
	return context.Cause(ctx)
}

func (r *readers) show(tell *progress, last uint64) uint64 {
	r.mu.Lock()
	done, failed := r.done, uint64(0)
	recent := slices.Clone(r.times[max(0, len(r.times)-10_000):])
	for _, n := range r.codes {
		failed += n
	}
	r.mu.Unlock()
	p50 := ""
	if len(recent) > 0 {
		p50 = fmt.Sprintf("  p50 %.2f ms", spreadOf(recent).P50)
	}
	tell.show(fmt.Sprintf("%3.0f s  %d reads in the last second  %d errors%s", time.Since(r.began).Seconds(), done-last, failed, p50))
	return done
}

// read asks over one connection until ctx ends. Too many failures in a row end it: the node is gone.
func (r *readers) read(ctx context.Context, conn *reader) error {
	for failures := 0; ; {
		due := time.Now()
		if r.rate > 0 {
			due = r.began.Add(time.Duration(float64(r.next.Add(1)-1) / r.rate * float64(time.Second)))
			sleep(ctx, time.Until(due))
		}
		if ctx.Err() != nil {
			return nil //nolint:nilerr // its end is no failure
		}
		code, err := conn.account(ctx, r.accounts[rand.IntN(len(r.accounts))])
		now := time.Now()
		if err != nil {
			if ctx.Err() != nil {
				r.unanswered(ctx)
				return nil //nolint:nilerr // its end is no failure
			}
			code = "connection"
			if failures++; failures > maxFailures {
				return err
			}
			sleep(ctx, 50*time.Millisecond)
		} else {
			failures = 0
		}
		r.mu.Lock()
		r.done++
		switch {
		case now.Before(r.from): // what comes later counts from when it was due, however long ago
		case code == "":
			r.times = append(r.times, now.Sub(due))
		default:
			r.codes[code]++
		}
		r.mu.Unlock()
	}
}

// unanswered counts a read that was sent, and not answered within the grace after the end. One that was broken off is none.
func (r *readers) unanswered(ctx context.Context) {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.codes["not_answered"]++
	}
}

// maxFailures is how often in a row a connection may fail before the node counts as gone.
const maxFailures = 20
