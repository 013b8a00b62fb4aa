package replica

import (
	"errors"
	"fmt"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/stake"
	"github.com/posnet/posnet/node/store"
)

// commit makes a decided block durable, in one batch, and opens the next height.
// Without room the replica is stalled, and nothing has changed.
func (r *Replica) commit(b *chain.Block, hash chain.Hash, cert *chain.Certificate) {
	out := r.outcomes[hash]
	if out == nil {
		r.fail(fmt.Errorf("block %d was decided and not executed", b.Header.Height))
		return
	}
	raw := chain.Encode(b)
	err := r.write(b, raw, hash, cert, out)
	if noSpace(err) {
		r.stall("commit a block", err)
		return
	}
	if err != nil {
		r.fail(err)
		return
	}
	// Records that cannot be cleared for want of room are of a height that the
	// commit has overtaken: the next commit tries again.
	if err := r.wal.Truncate(); err != nil && !noSpace(err) {
		r.fail(fmt.Errorf("clear the consensus log: %w", err))
		return
	}
	if err := r.pool.Committed(b.Header.Height, out.TxIDs, touched(out, b)); err != nil {
		r.fail(fmt.Errorf("update the pool: %w", err))
		return
	}
	r.pace.decided(len(b.Txs), r.came(len(b.Txs), b.Header.Round, cert.Round), cert.Round, &r.tip.params)
	r.pool.SetParams(out.Params)
	r.prevSet = r.tip.set
	r.observeDecision(b, len(raw), hash, cert, out)
	r.tip = tip{
		height: b.Header.Height, hash: hash, time: b.Header.Time, cert: cert,
		params: out.Params, seed: out.System.Seed, set: out.Next, pending: out.Pending,
	}
	r.begin(nil)
}

// came says when a block of txs transactions came that was first proposed in one round and decided in another. Rounds that failed
// with nothing larger (a forger that was away, an empty block, one that is proposed later) say nothing about its size.
func (r *Replica) came(txs int, proposed, decided uint64) came {
	if proposed < decided {
		return late
	}
	for _, s := range r.forged {
		if s.round < decided && s.txs > txs {
			return behindOthers
		}
	}
	return inTime
}

func (r *Replica) write(b *chain.Block, raw []byte, hash chain.Hash, cert *chain.Certificate, out *ledger.Outcome) error {
	c := store.Commit{
		Height: b.Header.Height, BlockHash: hash, Block: raw, Certificate: chain.Encode(cert),
		TxIDs: out.TxIDs, State: out.Changes, Beside: r.past(), Tree: out.Tree,
	}
	start := r.cfg.Observer.start()
	if err := r.cfg.Store.Commit(c); err != nil {
		return fmt.Errorf("commit block %d: %w", b.Header.Height, err)
	}
	r.cfg.Observer.synced("store", start)
	return nil
}

// touched lists the accounts a block changed.
func touched(out *ledger.Outcome, b *chain.Block) []chain.Address {
	as := append(make([]chain.Address, 0, 1+2*len(out.Txs)), b.Header.Forger)
	for _, tx := range out.Txs {
		as = append(as, tx.Tx.From, tx.Tx.To)
	}
	return as
}

// begin opens the height after the tip.
func (r *Replica) begin(rec *consensus.Recovery) {
	r.outcomes = map[chain.Hash]*ledger.Outcome{}
	r.forged = map[chain.Hash]sight{}
	r.voted, r.given = map[voteOf]uint64{}, map[string]uint64{}
	r.building = nil
	r.opened = true
	height := r.tip.height + 1
	if r.mute = r.forgot(height, rec); r.mute {
		r.log.Error("the consensus log does not know what this validator signed, and perhaps is locked on: it signs again from the next height on",
			"height", height, "signed", r.cfg.Signer.State().String())
	}
	r.handle(consensus.Begin{
		Height: height, Set: r.tip.set, Seed: r.tip.seed, Params: r.tip.params,
		ParentTime: r.tip.time, Recovered: rec,
	})
	if r.tip.params.MaxIdle > 0 {
		due := r.tip.time + r.tip.params.MaxIdle
		if now := r.cfg.Ports.Now(); due > now {
			r.cfg.Ports.SetTimer(consensus.Timer{Height: height, Step: consensus.StepIdle}, due-now)
		}
	}
}

// Certified brings a block with the certificate that proves it final, from a
// peer that is ahead. It verifies everything, and commits. An [ErrHostile]
// error is the sender's fault; after [store.ErrNoSpace] bring the block again
// when there is room; any other stops the replica.
func (r *Replica) Certified(raw, rawCert []byte) error {
	if !r.goOn() {
		return r.halted()
	}
	b, err := chain.DecodeBlock(raw, int(r.tip.params.MaxBytes))
	if err != nil {
		return errors.Join(ErrHostile, err)
	}
	if b.Header.Height != r.core.Height() {
		return nil // decided meanwhile
	}
	var cert chain.Certificate
	if err := chain.Decode(rawCert, &cert, chain.MaxBlockBytes); err != nil {
		return errors.Join(ErrHostile, err)
	}
	hash := b.Header.Hash()
	if err := r.tip.set.VerifyCertificate(r.genesis, b.Header.Height, hash, &cert, r.cfg.Known); err != nil {
		return errors.Join(ErrHostile, err)
	}
	if err := r.core.Rules().VerifyHeader(b); err != nil {
		return errors.Join(ErrHostile, err)
	}
	if r.checkOwnSignature(&b.Header, &cert); r.err != nil || r.full {
		return r.halted()
	}
	if err := r.execute(b, hash); err != nil {
		r.fail(fmt.Errorf("block %d is certified by more than two thirds of the stake and this node finds it invalid: %w", b.Header.Height, err))
		return r.err
	}
	r.commit(b, hash, &cert)
	return r.halted()
}

// checkOwnSignature stops a node whose key has signed what its sign-state does
// not know: another process runs with it, or the volume is an old copy.
func (r *Replica) checkOwnSignature(h *chain.Header, c *chain.Certificate) {
	r.checkOwn(r.tip.set, h, c)
}

// checkOwn is checkOwnSignature for a block of which set is the validator set.
func (r *Replica) checkOwn(set *stake.Set, h *chain.Header, c *chain.Certificate) {
	i, ok := set.Index(r.cfg.Self)
	if !ok || r.cfg.Signer == nil {
		return
	}
	s := r.cfg.Signer.State()
	precommit := signer.Slot{Height: c.Height, Round: c.Round, Kind: signer.Precommit}
	header := signer.Slot{Height: h.Height, Round: h.Round, Kind: signer.Proposal}
	switch {
	case c.Signers[i/8]&(1<<(i%8)) != 0 && s.Compare(precommit) < 0:
		r.meet(consensus.ForeignSelf{Height: c.Height, Round: c.Round, Kind: chain.Precommit})
	case h.Forger == r.cfg.Self && s.Compare(header) < 0:
		r.meet(consensus.ForeignSelf{Height: h.Height, Round: h.Round})
	}
}
