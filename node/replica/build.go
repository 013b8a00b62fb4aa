package replica

import (
	"bytes"
	"errors"
	"fmt"

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
// transactions may come, or the clock near the parent's time, while the step
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
	// A parent may be ahead of our clock. To wait until it is not would leave the rounds until then to a forger that goes
	// ahead on purpose, which could take most of the chain; so a block follows at once if voters bear its time.
	now := r.cfg.Ports.Now()
	at, ahead := max(now, r.tip.time+1), r.tip.params.ClockDrift*(1+b.Round)
	if at > now+ahead {
		r.cfg.Ports.SetTimer(consensus.Timer{Height: b.Height, Step: consensus.StepIdle}, at-ahead-now)
		return
	}
	if r.rests(b, now) {
		return
	}
	block, outcome := r.build(b, at)
	if block == nil {
		return
	}
	r.building = nil
	hash := block.Header.Hash()
	r.sighted(hash, block, b.Round)
	r.outcomes[hash] = outcome
	// An event of its own, also when this runs within another.
	r.handle(consensus.Built{Height: b.Height, Round: b.Round, Block: block})
}

// rests says whether the forger waits a little so that more comes into the block, and sees to it that it does not wait longer. A
// later round is in a hurry, and a parent that is ahead of this clock says nothing about how long ago it was.
func (r *Replica) rests(b *consensus.Build, now uint64) bool {
	if b.Round > 0 || now < r.tip.time {
		return false
	}
	wait := r.pace.rest(now-r.tip.time, r.pool.Executable(), &r.tip.params)
	if wait > 0 && r.restsIn != b.Height {
		r.restsIn = b.Height
		r.cfg.Ports.SetTimer(consensus.Timer{Height: b.Height, Step: consensus.StepIdle}, wait)
	}
	return wait > 0
}

// build forges a block of some time on the tip, or returns nil when none would be valid.
func (r *Replica) build(b *consensus.Build, time uint64) (*chain.Block, *ledger.Outcome) {
	p := &r.tip.params
	h := chain.Header{
		Version: chain.HeaderVersion, Genesis: r.genesis, Height: b.Height, Round: b.Round,
		Forger: r.cfg.Self, Time: time, Parent: r.tip.hash, Set: r.tip.set.Hash(),
	}
	if r.tip.cert != nil {
		h.Certificate = r.tip.cert.Hash()
	}
	seed, err := r.forgeSeed(&h)
	if err != nil {
		r.fail(err)
		return nil, nil
	}
	for r.err == nil {
		evidence, raws := r.choose(r.pace.mostIn(b.Round, p))
		if ledger.Due(p, &h, len(raws), len(evidence), r.tip.time, r.tip.pending) != nil {
			return nil, nil
		}
		out, err := r.apply(&h, seed, raws, evidence)
		var badTx *ledger.TxError
		var badEvidence *ledger.EvidenceError
		switch {
		case errors.As(err, &badEvidence):
			r.log.Warn("evidence dropped", "error", badEvidence)
			r.evidence.drop(evidence[badEvidence.Index])
			continue
		case errors.As(err, &badTx):
			if err := r.dropRefused(&h, seed, raws, evidence); err != nil {
				r.log.Error("forging failed", "height", h.Height, "error", err)
				return nil, nil
			}
			continue
		case err != nil:
			r.log.Error("forging failed", "height", h.Height, "error", err)
			return nil, nil
		}
		h.TxRoot, h.Evidence = chain.MerkleRoot(raws), chain.MerkleRoot(evidence)
		h.State, h.Results, h.NextSet = out.State, out.Results, out.Next.Hash()
		return &chain.Block{Header: h, Txs: raws, Evidence: evidence, Certificate: r.tip.cert}, out
	}
	return nil, nil
}

// choose picks what a block is to carry. Evidence takes at most half of the
// room: transactions go on beside it.
func (r *Replica) choose(maxTxs int) (evidence, txs [][]byte) {
	room := r.bodyRoom()
	evidence = r.evidence.usable(r, room/2)
	for _, e := range evidence {
		room -= len(e) + encodedLength
	}
	for _, tx := range r.pool.Select(maxTxs, room) {
		txs = append(txs, tx.Raw)
	}
	return evidence, txs
}

// dropRefused takes out of the pool what it let in and the state refuses, all of
// it at once: whoever sends many such transactions, for which nobody pays, costs
// the forger one execution more and not one for each.
func (r *Replica) dropRefused(h *chain.Header, seed chain.Hash, txs, evidence [][]byte) error {
	dropped := 0
	var because error
	refused := func(i int, why error) {
		code := chain.RefusedMalformed
		if refusal := new(chain.Refusal); errors.As(why, &refusal) {
			code = refusal.Code
		}
		if code == chain.RefusedNonceGap && dropped > 0 {
			return // it waits for the one before it, which goes
		}
		if dropped++; dropped == 1 {
			because = why
		}
		r.drop(txs[i], code)
	}
	_, err := r.applyInput(ledger.Input{
		Genesis: r.genesis, Height: h.Height, Time: h.Time, Forger: h.Forger, Seed: seed,
		Txs: txs, Evidence: evidence, Opened: r.pool.Opened, Known: r.cfg.Known, Sets: &r.sets, Refused: refused,
	})
	if unread := new(ledger.TxError); errors.As(err, &unread) { // before any was applied
		refused(unread.Index, unread.Err)
		err = nil
	}
	r.log.Warn("transactions dropped from the pool", "transactions", dropped, "first_error", because)
	return err
}

func (r *Replica) drop(raw []byte, code chain.RefusalCode) {
	tx, err := chain.DecodeTx(raw)
	if err != nil {
		r.fail(fmt.Errorf("the pool holds what is no transaction: %w", err))
		return
	}
	r.pool.Remove(code, tx.Tx.ID())
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
	return r.applyInput(ledger.Input{
		Genesis: r.genesis, Height: h.Height, Time: h.Time, Forger: h.Forger, Seed: seed,
		Txs: txs, Evidence: evidence, Opened: r.pool.Opened, Known: r.cfg.Known, Sets: &r.sets,
	})
}

func (r *Replica) applyInput(in ledger.Input) (*ledger.Outcome, error) {
	start, began := r.cfg.Observer.start(), r.cfg.Ports.Now()
	var unread error
	out, err := ledger.Apply(watch(stateReader{r.cfg.Store}.Get, &unread), watch(r.cfg.Store.TreeReader().Get, &unread), in)
	r.cfg.Observer.executed(start)
	if now := r.cfg.Ports.Now(); now > began {
		r.pace.executed(len(in.Txs), now-began, &r.tip.params)
	}
	if unread != nil { // whatever the ledger made of it: the fault is not the block's
		r.fail(fmt.Errorf("read the state to execute a block: %w", unread))
		return nil, r.err
	}
	return out, err
}

// execute checks a block of another against the decided state. What came of it
// is kept for the commit. When the state cannot be read the replica stops, and
// the error says nothing about the block.
func (r *Replica) execute(b *chain.Block, hash chain.Hash) error {
	h := &b.Header
	if r.outcomes[hash] != nil {
		return nil // forged here, or proposed before: the hash covers all that was executed
	}
	if h.Parent != r.tip.hash {
		return errors.New("its parent is not the last decided block")
	}
	if h.Height > 1 {
		if err := r.prevSet.VerifyCertificate(r.genesis, r.tip.height, r.tip.hash, b.Certificate, r.cfg.Known); err != nil {
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
	r.forgetBlocks()
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
