package replica

import (
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/stake"
)

// Observer is told what happens, for metrics, logs and the API. Every field may
// be nil. The functions are called from the replica's goroutine and must return
// quickly.
type Observer struct {
	// Clock times writes and executions; nil leaves durations out. It decides
	// nothing.
	Clock        func() time.Time
	Synced       func(file string, took time.Duration) // a durable write: wal, signer, store
	Executed     func(took time.Duration)
	Stepped      func(height, round uint64, step consensus.StepName)
	Decided      func(Decision)
	Contradicted func(*chain.Evidence)
	Halted       func(reason, message string)
}

// Decision describes a block that has become final and durable here.
type Decision struct {
	Block       *chain.Block
	Hash        chain.Hash
	Certificate *chain.Certificate
	Outcome     *ledger.Outcome
	Set         *stake.Set // of its height
	Seed        chain.Hash // of the previous height: what the lottery was drawn with
	Size        int        // bytes of the encoded block
	FirstSeen   uint64     // Unix milliseconds at which the proposal came; 0 in catch-up
	DecidedAt   uint64
}

func (o *Observer) start() time.Time {
	if o.Clock == nil {
		return time.Time{}
	}
	return o.Clock()
}

func (o *Observer) synced(file string, start time.Time) {
	if o.Synced != nil && o.Clock != nil {
		o.Synced(file, o.Clock().Sub(start))
	}
}

func (o *Observer) executed(start time.Time) {
	if o.Executed != nil && o.Clock != nil {
		o.Executed(o.Clock().Sub(start))
	}
}

func (o *Observer) stepped(height, round uint64, step consensus.StepName) {
	if o.Stepped != nil {
		o.Stepped(height, round, step)
	}
}

func (o *Observer) contradicted(e *chain.Evidence) {
	if o.Contradicted != nil {
		o.Contradicted(e)
	}
}

func (o *Observer) halted(reason, message string) {
	if o.Halted != nil {
		o.Halted(reason, message)
	}
}

func (r *Replica) observeDecision(b *chain.Block, size int, hash chain.Hash, cert *chain.Certificate, out *ledger.Outcome) {
	now := r.cfg.Ports.Now()
	r.log.Info("block final", "height", b.Header.Height, "round", cert.Round, "block", hash.Short(),
		"txs", len(b.Txs), "forger", b.Header.Forger.String())
	if r.cfg.Observer.Decided == nil {
		return
	}
	r.cfg.Observer.Decided(Decision{
		Block: b, Hash: hash, Certificate: cert, Outcome: out, Set: r.tip.set, Seed: r.tip.seed, Size: size,
		FirstSeen: r.forged[hash].first, DecidedAt: now,
	})
}

// View is where a replica stands.
type View struct {
	Height    uint64 // last decided
	Hash      chain.Hash
	Time      uint64
	Round     uint64
	Step      consensus.StepName
	Voting    bool
	Halted    bool
	Reason    string     // CamelCase: why it votes no more; empty unless Halted
	Message   string     // the same for people
	Set       *stake.Set // of the next height
	Seed      chain.Hash // seed(Height)
	Params    chain.Params
	Online    uint64 // stake heard of in the last OnlineWindow, own included
	OnlineBy  map[chain.Address]bool
	DiskFull  bool // nothing goes on until there is room
	Validator bool // in the set of the next height
}

// OnlineWindow is how long a validator that is not heard of counts as online,
// in milliseconds.
const OnlineWindow = 3000

// View says where the replica stands.
func (r *Replica) View() View {
	v := View{
		Height: r.tip.height, Hash: r.tip.hash, Time: r.tip.time, Round: r.core.Round(), Step: r.core.StepName(),
		Voting: r.core.Voting(), Halted: r.core.Halted(), Set: r.tip.set, Seed: r.tip.seed, Params: r.tip.params,
		Reason: r.haltReason, Message: r.haltMessage, DiskFull: r.full, OnlineBy: map[chain.Address]bool{},
	}
	now := r.cfg.Ports.Now()
	for i := range r.tip.set.Len() {
		m := r.tip.set.At(i)
		last, ok := r.heard[m.Keys.Peer]
		if m.Address == r.cfg.Self {
			ok, last, v.Validator = true, now, true
		}
		if ok && last+OnlineWindow >= now {
			v.Online += m.Stake
			v.OnlineBy[m.Address] = true
		}
	}
	return v
}
