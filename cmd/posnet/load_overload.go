package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/chain"
)

// overload offers a network more than it can take, and sees what becomes of it, and how it comes back.
type overload struct {
	load
	peak    float64
	times   float64
	measure time.Duration // the peak
	normal  time.Duration // load before, and after
	metrics []string
	pids    []int
}

func newOverloadCommand(r *remote) *cobra.Command {
	o := &overload{load: load{remote: r}}
	cmd := &cobra.Command{
		Use:   "overload",
		Short: "Measure a running network: what three times its peak does to it",
		Long: `Find the peak of a running network, offer it half of that, then --times the peak for --duration, then half again, and tell how
long transfers took in each part, what was refused and with which code, what the nodes held in memory, and how soon after the
overload transfers were as quick as before it.

What a node refuses for the moment is offered again, as a client would, and every offering counts. The time of a transfer is from
the offering that was taken to seeing its block: who is refused knows it at once. The network is back when for a whole second at
least 90 % of the load comes into blocks, and 99 in 100 transfers take no more than twice as long as before the overload, or
100 ms more.

Memory is read once a second from --metrics, the private ports of the nodes, or by --pid on the same machine.`,
		Example: `  posnet bench overload --key-file /tmp/posnet-devnet-…/faucet.pem --target http://127.0.0.1:8050,http://127.0.0.1:8051 \
      --metrics 127.0.0.1:9464,127.0.0.1:9465
  posnet bench overload --key-file faucet.pem --peak 7000 --duration 60s --output json`,
		Args: cobra.NoArgs,
	}
	o.addFlags(cmd)
	f := cmd.Flags()
	f.Float64Var(&o.peak, "peak", 0, "transfers that the network can take, `tx/s`, as measured before; 0: measured first")
	f.DurationVar(&o.measure, "measure", 20*time.Second, "how long to measure the peak, after a quarter of that to warm up")
	f.Float64Var(&o.times, "times", 3, "how many times the peak to offer")
	f.DurationVar(&o.duration, "duration", time.Minute, "how long to offer it")
	f.DurationVar(&o.normal, "normal", 20*time.Second, "how long to offer half of the peak before, and after; how soon the network is back is seen in whole seconds of the latter")
	f.IntVar(&o.streams, "streams", 6, "requests under way to each node; a node works on 8 batches at once")
	f.StringSliceVar(&o.metrics, "metrics", nil, "`URLs` of the nodes' private ports, to read their memory")
	f.IntSliceVar(&o.pids, "pid", nil, "process `ids` of the nodes instead, on this machine")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return o.run(cmd) }
	return cmd
}

// endured is what came of it.
type endured struct {
	Nodes        []string      `json:"nodes"`
	ChainID      string        `json:"chainID"`
	GenesisHash  chain.Hash    `json:"genesisHash"`
	Accounts     int           `json:"accounts"`
	Peak         float64       `json:"peakTxPerSecond"`
	PeakMeasured bool          `json:"peakMeasured"` // or given
	PeakSeconds  float64       `json:"peakSeconds"`  // for how long it was measured; 0: given
	Before       stretch       `json:"before"`
	Overload     stretch       `json:"overload"`
	After        stretch       `json:"after"`
	Memory       enduredMemory `json:"memoryBytes"` // of all nodes together
	// RecoverySeconds is from the end of the overload; null if the network was not back when the load ended.
	RecoverySeconds *float64 `json:"recoverySeconds"`
	// Interrupted: it ended before its time, and what is missing was not measured.
	Interrupted bool `json:"interrupted,omitempty"`
	// Waiting is what the pools held some seconds after all was over; null if nobody could say.
	Waiting *waiting `json:"leftWaiting"`
}

// stretch is one part of the load.
type stretch struct {
	Began            time.Time         `json:"began"`
	Ended            time.Time         `json:"ended"`
	Seconds          float64           `json:"seconds"`
	Asked            float64           `json:"askedPerSecond"`   // what was to be offered
	OfferedPerSecond float64           `json:"offeredPerSecond"` // what was, each offering counted
	TakenPerSecond   float64           `json:"takenPerSecond"`
	FinalPerSecond   float64           `json:"finalPerSecond"` // in blocks seen meanwhile
	Refused          uint64            `json:"refused"`
	RefusedCodes     map[string]uint64 `json:"refusedByCode"`
	Lost             uint64            `json:"lost"`       // refused for good, and not in a block
	Finality         spread            `json:"finalityMs"` // of those taken meanwhile
	CPUPercent       float64           `json:"cpuPercent"` // of this program, of all cores
}

// enduredMemory is nil where nothing was seen.
type enduredMemory struct {
	Before *float64 `json:"before"` // at the end of the load before
	Most   *float64 `json:"most"`   // in the overload
	End    *float64 `json:"end"`    // at its end
	After  *float64 `json:"after"`  // at the end of the load after
}

// maxOverload bounds a whole run: each transfer's time is kept.
const maxOverload = 2 * time.Hour

func (o *overload) check() error {
	err := checks{aRate("peak", o.peak), aLength("measure", o.measure), aLength("duration", o.duration), aLength("normal", o.normal)}.first()
	switch {
	case err != nil:
		return err
	case !(o.times > 0 && o.times <= 100): // also if it is no number
		return fmt.Errorf("--times %v: more than 0, and at most 100", o.times)
	case o.measure > maxOverload || o.duration > maxOverload || o.normal > maxOverload || o.measure+o.duration+2*o.normal > maxOverload:
		return fmt.Errorf("--measure %s, --duration %s and twice --normal %s: two hours in all at most", o.measure, o.duration, o.normal)
	}
	return o.load.check()
}

func (o *overload) run(cmd *cobra.Command) error {
	if err := o.check(); err != nil {
		return err
	}
	o.ahead = o.funded()
	held := newMemory(o.metrics, o.pids)
	if err := held.check(cmd.Context()); err != nil {
		return err
	}
	r, done, err := o.rig(cmd)
	if err != nil {
		return err
	}
	defer done()
	r.shipment.each = true
	result := &endured{Nodes: o.nodes, ChainID: r.crowd.genesis.ChainID, GenesisHash: r.crowd.hash, Accounts: o.accounts}
	ctx, cancel := context.WithCancelCause(cmd.Context())
	defer cancel(nil)
	e := &endurance{overload: o, rig: r, memory: held, waiting: make([][]part, len(r.clients)*o.streams)}
	var watchers sync.WaitGroup
	watchers.Go(func() { e.memory.run(ctx) })
	watchers.Go(func() {
		if err := e.watch(ctx); err != nil {
			cancel(err)
		}
	})
	err = e.all(ctx, result)
	cancel(nil)
	watchers.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = errors.Join(err, cause)
	}
	result.Interrupted = result.After.Seconds == 0
	r.tell.clear()
	if e.memory.watches() && result.Memory.Most == nil && e.memory.err != nil {
		err = errors.Join(err, e.memory.err)
	}
	if result.Overload.Seconds == 0 {
		return errors.Join(err, cmd.Context().Err())
	}
	if o.output == "json" { // one line, for programs that keep many
		return errors.Join(json.NewEncoder(cmd.OutOrStdout()).Encode(result), err)
	}
	return errors.Join(render(cmd.OutOrStdout(), o.output, result, showEndured), err)
}

// funded is for how many transfers the accounts get money: more than any network of today takes.
func (o *overload) funded() int {
	return min(maxAhead, int(cmp.Or(o.peak, usualRate)*1.5*(o.measure+o.duration+2*o.normal).Seconds()))
}
