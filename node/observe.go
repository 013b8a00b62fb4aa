package node

import (
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/telemetry"
)

// observer turns what the replica tells into metrics and answers to waiters.
// Its functions run on the loop.
func (m *member) observer() replica.Observer {
	stepped := time.Now()
	last := consensus.StepIdle
	return replica.Observer{
		Clock: time.Now,
		Synced: func(file string, took time.Duration) {
			m.metrics.Storage.Fsync(file, took)
			if file == telemetry.FileStore {
				m.metrics.Storage.Commit.Observe(took.Seconds())
			}
		},
		Executed: func(took time.Duration) { m.metrics.Storage.Execute.Observe(took.Seconds()) },
		Stepped: func(height, round uint64, step consensus.StepName) {
			m.changed = true
			now := time.Now()
			if last >= consensus.StepPropose && last <= consensus.StepPrecommit {
				m.metrics.Consensus.StepDuration.WithLabelValues(last.String()).Observe(now.Sub(stepped).Seconds())
			}
			stepped, last = now, step
			m.metrics.Consensus.Height.Set(float64(height))
			m.metrics.Consensus.Round.Set(float64(round))
		},
		Decided:      m.observeDecision,
		Contradicted: func(e *chain.Evidence) { m.metrics.Consensus.Equivocations.WithLabelValues(evidenceWord(e)).Inc() },
		Halted: func(reason, message string) {
			m.changed = true
			m.halted.Store(&halt{reason, message})
		},
	}
}

func evidenceWord(e *chain.Evidence) string {
	if e.Kind != chain.EvidenceVotes {
		return telemetry.EquivocationProposal
	}
	var v chain.SignedVote
	if chain.Decode(e.A, &v, chain.MaxEvidenceBytes) == nil && v.Vote.Kind == chain.Precommit {
		return telemetry.EquivocationPrecommit
	}
	return telemetry.EquivocationPrevote
}

func (m *member) observeDecision(d replica.Decision) {
	m.changed = true
	m.bonded.decided(d.Block.Header.Height, d.Outcome.Changes)
	if m.served.Source != nil {
		m.served.Committed(d.Block.Header.Height)
	}
	now := time.Now()
	c, v := &m.metrics.Consensus, &m.metrics.Validator
	h := &d.Block.Header
	c.ChainHeight.Set(float64(h.Height))
	c.Rounds.Observe(float64(d.Certificate.Round + 1))
	c.BlockTxs.Observe(float64(len(d.Block.Txs)))
	c.BlockBytes.Observe(float64(d.Size))
	m.metrics.Mempool.Final.Add(float64(len(d.Block.Txs)))
	times := blockTimes{}
	if d.FirstSeen != 0 {
		times = blockTimes{seen: time.UnixMilli(int64(d.FirstSeen)), final: now}
		c.Finality.Observe(now.Sub(times.seen).Seconds())
		if !m.decided.IsZero() {
			c.BlockInterval.Observe(now.Sub(m.decided).Seconds())
		}
	}
	m.decided = now
	m.recent.put(d.Hash, times)

	signed := uint64(0)
	idx, err := d.Certificate.Indices(d.Set.Len())
	if err == nil {
		for _, i := range idx {
			signed += d.Set.At(i).Stake
		}
	}
	c.PrecommitRate.Set(float64(signed) / float64(d.Set.Total()))
	self := m.identity.Public.Address
	if h.Forger == self {
		v.BlocksForged.Inc()
	}
	if _, ok := d.Set.Index(self); ok {
		if s := m.identity.Signer.State(); s.Height < h.Height || (s.Height == h.Height && s.Kind < signer.Precommit) {
			v.VotesMissed.Inc()
		}
	}
	for r := range min(d.Certificate.Round, 16) {
		if d.Set.At(d.Set.Winner(d.Seed, h.Height, r)).Address == self {
			v.ProposalsMissed.Inc()
		}
	}
	var own ledger.Validator
	if raw, err := m.store.State(ledger.ValidatorKey(self)); err == nil && chain.Decode(raw, &own, 1024) == nil {
		v.Jailed.Set(boolean(own.JailedAt != 0))
	}
	if m.net != nil {
		m.net.SetExpectedPeers(d.Outcome.Next.Len() - 1)
	}
	m.waiters.tell(nil, d.Outcome.TxIDs...)
}

// observeView sets the gauges that follow from where the replica stands.
func (m *member) observeView(v *replica.View) {
	c, own := &m.metrics.Consensus, &m.metrics.Validator
	c.ChainHeight.Set(float64(v.Height))
	c.StakeTotal.Set(float64(v.Set.Total()))
	c.StakeOnline.Set(float64(v.Online))
	c.Validators.Set(float64(v.Set.Len()))
	own.Active.Set(boolean(v.Validator))
	own.Signing.Set(boolean(v.Voting && !v.DiskFull))
	own.Stake.Set(0)
	if i, ok := v.Set.Index(m.identity.Public.Address); ok {
		own.Stake.Set(float64(v.Set.At(i).Stake))
	}
	pool := m.loop.replica.Pool().Stats()
	m.metrics.Mempool.Transactions.Set(float64(pool.Transactions))
	m.metrics.Mempool.Bytes.Set(float64(pool.Bytes))
	if m.catchup != nil {
		target := m.catchup.Progress().Target
		m.metrics.Catchup.Lag.Set(float64(target - min(target, v.Height)))
	}
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
