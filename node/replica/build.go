package replica

import (
	"bytes"
	"errors"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/stake"
)

// bodyRoom is the room a block has for evidence and transactions, beside its
// header and a certificate with every validator's signature.
func (r *Replica) bodyRoom() int {
	return int(r.tip.params.MaxBytes) - 4<<10 - 80*r.core.Rules().Set.Len()
}

// retryBuild makes the block the core asked for, as soon as one can be made:
// transactions may come, or the clock pass the parent's time, while the step
// lasts.
func (r *Replica) retryBuild() {
	b := r.building
	if b == nil || r.err != nil || r.full {
		return
	}
	if b.Height != r.core.Height() || b.Round != r.core.Round() || r.core.StepName() != consensus.StepPropose {
		r.building = nil
		return
	}
	now := r.cfg.Ports.Now()
	if now <= r.tip.time {
		r.cfg.Ports.SetTimer(consensus.Timer{Height: b.Height, Step: consensus.StepIdle}, r.tip.time+1-now)
		return
	}
	block, outcome := r.build(b, now)
	if block == nil {
		return
	}
	r.building = nil
	hash := block.Header.Hash()
	r.outcomes[hash] = outcome
	r.forged[hash] = now
	// An event of its own, also when this runs within another.
	r.handle(consensus.Built{Height: b.Height, Round: b.Round, Block: block})
}

// build forges a block on the tip, or returns nil when none would be valid.
func (r *Replica) build(b *consensus.Build, now uint64) (*chain.Block, *ledger.Outcome) {
	p := &r.tip.params
	h := chain.Header{
		Version: chain.HeaderVersion, Genesis: r.genesis, Height: b.Height, Round: b.Round,
		Forger: r.cfg.Self, Time: now, Parent: r.tip.hash, Set: r.tip.set.Hash(),
	}
	if r.tip.cert != nil {
		h.Certificate = r.tip.cert.Hash()
	}
	seed, err := r.forgeSeed(&h)
	if err != nil {
		r.fail(err)
		return nil, nil
	}
	room := r.bodyRoom()
	evidence := r.evidence.usable(r, room/2) // transactions go on beside it
	for _, e := range evidence {
		room -= len(e) + encodedLength
	}
	for {
		var raws [][]byte
		for _, tx := range r.pool.Select(int(p.MaxTxs), room) {
			raws = append(raws, tx.Raw)
		}
		if ledger.Due(p, &h, len(raws), len(evidence), r.tip.time, r.tip.pending) != nil {
			return nil, nil
		}
		out, err := r.apply(&h, seed, raws, evidence)
		var bad *ledger.TxError
		switch {
		case errors.As(err, &bad):
			// The pool let something in that the state refuses: drop it and try again.
			tx, derr := chain.DecodeTx(raws[bad.Index])
			if derr != nil {
				r.fail(derr)
				return nil, nil
			}
			r.log.Warn("transaction dropped from the pool", "tx", tx.Tx.ID().String(), "error", bad.Err)
			r.pool.Remove(chain.RefusedMalformed, tx.Tx.ID())
			continue
		case err != nil:
			r.log.Error("forging failed", "height", h.Height, "error", err)
			return nil, nil
		}
		h.TxRoot, h.Evidence = chain.MerkleRoot(raws), chain.MerkleRoot(evidence)
		h.State, h.Results, h.NextSet = out.State, out.Results, out.Next.Hash()
		return &chain.Block{Header: h, Txs: raws, Evidence: evidence, Certificate: r.tip.cert}, out
	}
}

// forgeSeed proves the VRF output where the round asks for one.
func (r *Replica) forgeSeed(h *chain.Header) (chain.Hash, error) {
	if h.Round != 0 {
		return stake.NextSeed(r.tip.seed, nil), nil
	}
	proof := r.cfg.Signer.VRFProve(stake.VRFInput(r.genesis, r.tip.seed, h.Height))
	h.VRFProof = bytes.Clone(proof[:])
	beta, err := keys.VRFHash(proof)
	if err != nil {
		return chain.Hash{}, err
	}
	return stake.NextSeed(r.tip.seed, beta[:]), nil
}

func (r *Replica) apply(h *chain.Header, seed chain.Hash, txs, evidence [][]byte) (*ledger.Outcome, error) {
	start := r.cfg.Observer.start()
	out, err := ledger.Apply(stateReader{r.cfg.Store}, r.cfg.Store.TreeReader(), ledger.Input{
		Genesis: r.genesis, Height: h.Height, Time: h.Time, Forger: h.Forger, Seed: seed,
		Txs: txs, Evidence: evidence, Verified: r.pool.Verified,
	})
	r.cfg.Observer.executed(start)
	return out, err
}

// execute checks a block of another against the decided state. What came of it
// is kept for the commit.
func (r *Replica) execute(b *chain.Block, hash chain.Hash) error {
	h := &b.Header
	if h.Parent != r.tip.hash {
		return errors.New("its parent is not the last decided block")
	}
	if h.Height > 1 {
		if err := r.prevSet.VerifyCertificate(r.genesis, r.tip.height, r.tip.hash, b.Certificate); err != nil {
			return err
		}
	}
	if err := ledger.Due(&r.tip.params, h, len(b.Txs), len(b.Evidence), r.tip.time, r.tip.pending); err != nil {
		return err
	}
	seed, err := r.core.Rules().NextSeed(h)
	if err != nil {
		return err
	}
	out, err := r.apply(h, seed, b.Txs, b.Evidence)
	if err != nil {
		return err
	}
	if err := ledger.CheckRoots(h, out); err != nil {
		return err
	}
	r.outcomes[hash] = out
	return nil
}

// lookForWork tells the core that the height has something to decide.
func (r *Replica) lookForWork() {
	if r.err != nil || r.full || r.core.StepName() != consensus.StepIdle {
		return
	}
	p, height := &r.tip.params, r.core.Height()
	due := uint64(r.pool.Executable()) >= p.MinTxs
	if p.MaxIdle > 0 {
		due = due || height == 1 || r.tip.pending || r.evidence.len() > 0 || r.cfg.Ports.Now() >= r.tip.time+p.MaxIdle
	}
	if due {
		r.handle(consensus.Work{Height: height})
	}
}
