package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/client"
	"github.com/posnet/posnet/node/keys"
)

// load offers a network more transfers than one sender after the other could, and counts what comes out.
type load struct {
	*remote
	keyFile  string
	accounts int
	rate     float64
	warmup   time.Duration
	duration time.Duration
	batch    int
	streams  int
	inFlight int
	ahead    int
	idle     uint64
	total    uint64
}

func newLoadCommand(r *remote) *cobra.Command {
	l := &load{remote: r}
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Measure a running network: transfers a second",
		Long: `Offer a running network as many signed transfers as it takes, or --rate a second, and count those that become final.

Transfers of 0.000001 POS between --accounts random accounts are signed ahead of time and sent in batches to all nodes
given. What is counted is what is in the blocks of the first node, within --duration after --warmup; the time of each
transfer is from when its batch is due, or with --rate 0 sent, to seeing its block. With --rate 0 the network decides: what it
refuses because its pool is full is sent again, so times are then mostly those of waiting in the pool. --in-flight bounds
how many transfers are sent and not yet seen in a block: the pool then need not be full, and times are those of so long a queue.
A load of two minutes and more is also told minute by minute: whether the network is as quick in the last as in the first.

The accounts are made from the key and its nonce, and funded by it first, with what they need for their transfers and
fees. What is left of that stays with them.`,
		Example: `  posnet bench load --key-file /tmp/posnet-devnet-…/faucet.pem --target http://127.0.0.1:8050,http://127.0.0.1:8051
  posnet bench load --key-file faucet.pem --in-flight 10000
  posnet bench load --key-file faucet.pem --rate 2000 --duration 5m
  posnet bench load --key-file faucet.pem --in-flight 10000 --transfers 10000000 --duration 2h
  posnet bench load --key-file faucet.pem --accounts 1000 --output json`,
		Args: cobra.NoArgs,
	}
	l.addFlags(cmd)
	f := cmd.Flags()
	f.Float64Var(&l.rate, "rate", 0, "transfers to offer, `tx/s`; 0: as many as are taken")
	f.DurationVar(&l.warmup, "warmup", 10*time.Second, "how long to send before counting")
	f.DurationVar(&l.duration, "duration", time.Minute, "how long to count")
	f.Uint64Var(&l.total, "transfers", 0, "end when so many are final, if that comes before --duration is over; 0: go on until then")
	f.IntVar(&l.streams, "streams", 2, "requests under way to each node")
	f.IntVar(&l.inFlight, "in-flight", 0, "most transfers sent and not yet seen in a block, --batch or more; 0: as many as the pools take")
	f.IntVar(&l.ahead, "signed-ahead", 0, "transfers to sign before sending, 0.6 kB each in memory; 0: as many as --rate takes, or 20000 a second, but not above 2000000. What is missing is signed on the way, at the cost of the load")
	f.Uint64Var(&l.idle, "idle-accounts", 0, "accounts to make first that then do nothing, to measure with a large state; one validator makes some 14000 a second, four on two cores 5000")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return l.run(cmd) }
	return cmd
}

// addFlags adds what every command has that makes transfers.
func (l *load) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&l.keyFile, "key-file", os.Getenv("POSNET_KEY_FILE"), "account key `file` that funds the accounts, such as a faucet's (PKCS#8 PEM)")
	f.IntVar(&l.accounts, "accounts", 10_000, "between how many accounts to transfer")
	f.IntVar(&l.batch, "batch", 250, "transfers in one request")
}

// loaded is what came of it.
type loaded struct {
	Nodes       []string   `json:"nodes"`
	ChainID     string     `json:"chainID"`
	GenesisHash chain.Hash `json:"genesisHash"`
	Accounts    int        `json:"accounts"`
	Rate        float64    `json:"rate"`     // offered; 0: as many as were taken
	InFlight    int        `json:"inFlight"` // most under way; 0: no bound
	Began       time.Time  `json:"began"`    // of the counting
	Ended       time.Time  `json:"ended"`
	Seconds     float64    `json:"seconds"`
	Submitted   uint64     `json:"submitted"` // taken by a node while counting
	Refused     uint64     `json:"refused"`   // for good; what was refused as the pool was full was sent again
	Full        uint64     `json:"full"`      // refusals because the pool was full
	Final       uint64     `json:"final"`     // in blocks seen while counting
	TxPerSecond float64    `json:"txPerSecond"`
	Blocks      uint64     `json:"blocks"`
	FirstBlock  uint64     `json:"firstBlock"`
	LastBlock   uint64     `json:"lastBlock"`
	Finality    spread     `json:"finalityMs"`
	Minutes     []minute   `json:"minutes,omitempty"`     // of a load of two and more
	CPUSeconds  float64    `json:"cpuSeconds"`            // of this program while counting
	CPUPercent  float64    `json:"cpuPercent"`            // the same, of all cores of this machine
	Interrupted bool       `json:"interrupted,omitempty"` // ended before its time; the figures are those until then
	Waiting     *waiting   `json:"leftWaiting,omitempty"` // in the pools, some seconds after the end
}

// instant is a time as results tell it: UTC, in milliseconds.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func showLoad(w io.Writer, r *loaded) {
	offered := "as many as were taken"
	if r.Rate > 0 {
		offered = fmt.Sprintf("%.0f a second", r.Rate)
	}
	row(w, "offered", offered+fmt.Sprintf(", between %s, to %s of %s", plural(r.Accounts, "account"), plural(len(r.Nodes), "node"), r.ChainID))
	row(w, "taken", fmt.Sprintf("%d, and %d refused; %d times a full pool", r.Submitted, r.Refused, r.Full))
	row(w, "final", fmt.Sprintf("%d in %.1f s and %s: %.0f a second", r.Final, r.Seconds, plural(int(r.Blocks), "block"), r.TxPerSecond))
	if r.Final > r.Submitted {
		row(w, "", "more than were taken: some were taken before the counting began")
	}
	row(w, "time to finality", fmt.Sprintf("p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, max %.1f ms", r.Finality.P50, r.Finality.P90, r.Finality.P99, r.Finality.Max))
	showMinutes(w, r.Minutes)
	row(w, "this program", fmt.Sprintf("%.1f s of processor time, %.1f %% of this machine", r.CPUSeconds, r.CPUPercent))
	showInterrupted(w, r.Interrupted)
	showWaiting(w, r.Waiting)
}

// showInterrupted says that a measurement is not as long as was asked for.
func showInterrupted(w io.Writer, was bool) {
	if was {
		row(w, "interrupted", "it did not go on for as long as was asked for; the figures are those until then")
	}
}

// Bounds of what one run may ask for.
const (
	maxLoadAccounts = 1_000_000
	maxLoadBatch    = 10_000
	maxAhead        = 20_000_000
	usuallyAhead    = 2_000_000 // some 1.2 GB: the rest of a longer run is signed on the way
	toldAhead       = 500_000   // takes seconds
	mostExpected    = 1e15      // more than anybody has money for
)

func (l *load) check() error {
	err := checks{
		aRate("rate", l.rate), aPause("warmup", l.warmup), aLength("duration", l.duration), aCount("accounts", l.accounts, 2, maxLoadAccounts),
		aCount("batch", l.batch, 1, maxLoadBatch), aCount("streams", l.streams, 1, 64), aCount("signed-ahead", l.ahead, 0, maxAhead),
	}.first()
	if err == nil && l.idle > maxIdleAccounts {
		err = fmt.Errorf("--idle-accounts %d: at most %d", l.idle, maxIdleAccounts)
	}
	if err == nil && (l.inFlight < 0 || l.inFlight > 0 && l.inFlight < l.batch) {
		err = fmt.Errorf("--in-flight %d: 0, or --batch %d or more", l.inFlight, l.batch)
	}
	return err
}

func (l *load) run(cmd *cobra.Command) error {
	if err := l.check(); err != nil {
		return err
	}
	r, done, err := l.rig(cmd)
	if err != nil {
		return err
	}
	defer done()
	if n := l.signedAhead(); n >= toldAhead {
		r.tell.note(fmt.Sprintf("signing %d transfers before the first is sent, %.1f GB in memory", n, float64(n)*600/1e9))
	}
	r.shipment.signAhead(cmd.Context(), l.signedAhead(), r.tell)
	result := &loaded{Nodes: l.nodes, ChainID: r.crowd.genesis.ChainID, GenesisHash: r.crowd.hash, Accounts: l.accounts, Rate: l.rate, InFlight: l.inFlight}
	err = l.measure(cmd.Context(), r, result)
	r.tell.clear()
	if result.Final == 0 {
		return cmp.Or(err, errors.New("nothing became final while it was counted: choose a longer --duration, or a smaller --batch for a low --rate"))
	}
	return errors.Join(render(cmd.OutOrStdout(), l.output, result, showLoad), err)
}

// rig is what a load is made with: the accounts with their money, what they send, and the eye on the chain.
type rig struct {
	clients  []*client.Client
	crowd    *crowd
	shipment *shipment
	follower *follower
	tell     *progress
}

// rig makes it ready. Call done at the end.
func (l *load) rig(cmd *cobra.Command) (r *rig, done func(), err error) {
	key, err := payingKey(cmd, l.keyFile)
	if err != nil {
		return nil, nil, err
	}
	clients, closeAll, err := l.clients()
	if err != nil {
		return nil, nil, err
	}
	if err := l.reach(cmd.Context(), clients); err != nil {
		closeAll()
		return nil, nil, err
	}
	r = &rig{clients: clients, tell: liveProgress(cmd)}
	if err := l.fund(cmd.Context(), r, key); err != nil {
		r.tell.clear()
		closeAll()
		return nil, nil, err
	}
	return r, func() { r.tell.clear(); closeAll() }, nil
}

// fund makes the accounts and gives them their money.
func (l *load) fund(ctx context.Context, r *rig, key keys.PrivateKey) (err error) {
	if r.crowd, err = l.crowd(ctx, r.clients[0], key, r.tell); err != nil {
		return err
	}
	if r.follower, err = newFollower(ctx, r.clients[0], l.timeout); err != nil {
		return err
	}
	if err := r.crowd.fund(ctx, r.clients[0], r.follower, r.tell); err != nil {
		return fmt.Errorf("fund the accounts: %w", err)
	}
	if err := l.populate(ctx, r, l.idle); err != nil {
		return fmt.Errorf("make idle accounts: %w", err)
	}
	r.shipment = newShipment(r.crowd, len(r.clients)*l.streams, l.batch)
	return nil
}

// expected is about how many transfers the whole run sends.
func (l *load) expected() float64 {
	each := cmp.Or(l.rate, usualRate)
	if l.total > 0 {
		return min(each*(l.warmup+l.duration).Seconds(), each*l.warmup.Seconds()+float64(l.total))
	}
	return each * (l.warmup + l.duration).Seconds()
}

// usualRate is what is signed ahead for where no --rate says how many there will be, a second.
const usualRate = 20_000

// signedAhead is how many transfers to sign before the first is sent.
func (l *load) signedAhead() int {
	if l.ahead > 0 {
		return l.ahead
	}
	return int(min(usuallyAhead, l.expected()))
}

// crowd makes the accounts, and asks what their transfers need to know.
func (l *load) crowd(ctx context.Context, c *client.Client, key keys.PrivateKey, tell *progress) (*crowd, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, l.timeout, fmt.Errorf("no answer within --timeout %s", l.timeout))
	defer cancel()
	g, _, err := c.Genesis(ctx)
	if err != nil {
		return nil, err
	}
	payer, err := c.Account(ctx, chain.Address(key.Public()), false)
	if err != nil {
		return nil, err
	}
	each := uint64(min(max(l.expected(), float64(l.ahead)), mostExpected))/uint64(l.accounts) + 1
	each = 4*each + 64                          // random choice is uneven, and some is signed on the way
	each += 2 * (l.idle/uint64(l.accounts) + 1) // streams take idle accounts as they come
	cost := each * (1 + g.Params.MinFee)
	all := &crowd{genesis: g, hash: g.Hash(), payer: key, nonce: payer.NextNonce, budget: cost}
	need := cost + 2*(1+g.Params.MinFee)
	if have := uint64(payer.Balance); have/need < uint64(l.accounts) {
		return nil, fmt.Errorf("%s has %s: %d accounts need %s each; use fewer --accounts, or a shorter --duration",
			chain.Address(key.Public()), pos(payer.Balance), l.accounts, chain.FormatPOS(need))
	}
	tell.show(fmt.Sprintf("making %d accounts", l.accounts))
	all.make(l.accounts)
	return all, nil
}
