package replica_test

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/wal"
)

// fillLog writes to the log of a validator that is not running the blocks that others proposed in round after round of
// height 1, the largest there are, until there is no room for the least record more. It returns how many.
func fillLog(t *testing.T, fsys vfs.FS) (blocks int) {
	t.Helper()
	log, _, err := wal.Open(fsys, "wal")
	must(t, err)
	for size := chain.MaxBlockBytes; size > 0; {
		p := &chain.SignedProposal{Height: 1, Round: uint64(blocks), ValidRound: -1, BlockHash: chain.Sum(chain.Uint64(uint64(blocks))), Block: make([]byte, size)}
		err := log.Append(wal.Record{Type: 1, Data: chain.Encode(&consensus.Record{Height: 1, Proposal: p})})
		if errors.Is(err, wal.ErrFull) {
			size /= 2
			continue
		}
		must(t, err)
		if size == chain.MaxBlockBytes {
			blocks++
		}
	}
	must(t, log.Close())
	return blocks
}

// TestAFullConsensusLogKeepsTheLockAndTheOwnVotes: a height has many rounds of large blocks, more than the log holds. The
// validator goes on, and after a restart it knows what it is locked on and what it signed.
func TestAFullConsensusLogKeepsTheLockAndTheOwnVotes(t *testing.T) {
	t.Parallel()
	g, disk, w := withAnother(t), vfs.NewMem(), newWitness() // not crashable: that would copy the log at each sync
	must(t, signer.Create(disk, keep, consensusKey, vrfKey))
	m, err := bootInto(g, disk, w, true)
	must(t, err)
	says := func(kind chain.VoteKind, round uint64, hash chain.Hash) {
		v := chain.Vote{Kind: kind, Height: 1, Round: round, BlockHash: hash}
		s := chain.SignedVote{Vote: v, Validator: seeded(3, 0).Public(), Signature: seeded(3, 1).Sign(chain.VoteMessage(g.Hash(), &v))}
		must(t, m.replica.Frame("other", seeded(3, 3).Public(), replica.FrameVote, chain.Encode(&s)))
	}
	tells := func() {
		must(t, m.replica.Frame("other", seeded(3, 3).Public(), replica.FrameState, chain.Encode(&chain.VoteState{Height: 1})))
	}
	tells()
	must(t, m.pay())
	m.pass(100)
	hash := w.slots[slot{byte(chain.Prevote), 1, 0}]
	says(chain.Prevote, 0, hash)
	if hash.IsZero() || w.slots[slot{byte(chain.Precommit), 1, 0}] != hash {
		t.Fatal("it has not precommitted its block of round 0")
	}

	blocks := 0
	for _, round := range []uint64{40, 80} {
		must(t, m.close())
		blocks += fillLog(t, disk)
		m, err = bootInto(g, disk, w, true)
		must(t, err)
		tells()
		says(chain.Prevote, round, chain.Hash{}) // the other has more than a third: it follows
		m.pass(120_000)
		if err := m.replica.Err(); err != nil {
			t.Fatalf("after %d blocks: %v", blocks, err)
		}
		if _, voted := w.slots[slot{byte(chain.Prevote), 1, round}]; !voted {
			t.Fatalf("after %d blocks it has not voted in round %d", blocks, round)
		}
	}
	if blocks < 40 {
		t.Errorf("only %d blocks were in the log", blocks)
	}
	must(t, m.close())

	log, records, err := wal.Open(disk, "wal")
	must(t, err)
	must(t, log.Close())
	intents, lock, block := map[slot]chain.Hash{}, int64(-1), false
	for _, raw := range records {
		var c consensus.Record
		must(t, chain.Decode(raw.Data, &c, wal.MaxRecord))
		switch {
		case c.Vote != nil:
			intents[slot{byte(c.Vote.Kind), c.Vote.Height, c.Vote.Round}] = c.Vote.BlockHash
		case c.Lock != nil && c.Lock.BlockHash == hash && len(c.Lock.Prevotes) == 2:
			lock = int64(c.Lock.Round)
		case c.Proposal != nil:
			block = block || c.Proposal.BlockHash == hash
		}
	}
	if lock != 0 || !block {
		t.Errorf("the log holds the lock of round %d, its block %v; want that of round 0 with its block", lock, block)
	}
	for s, what := range w.slots {
		if in, ok := intents[s]; s.kind != 'p' && (!ok || in != what) {
			t.Errorf("the vote of kind %d in round %d is not in the log", s.kind, s.round)
		}
	}

	// It proposes what it is locked on when it is its turn, and prevotes nothing else.
	m, err = bootInto(g, disk, w, true)
	must(t, err)
	tells()
	w.proposed = chain.SignedProposal{}
	for round := uint64(81); w.proposed.Block == nil && round < 100; round++ {
		says(chain.Prevote, round, chain.Hash{})
		m.pass(120_000)
	}
	if p := w.proposed; p.BlockHash != hash || p.ValidRound != 0 {
		t.Errorf("it proposed block %s of valid round %d, want the block of its lock of round 0", p.BlockHash.Short(), p.ValidRound)
	}
	if len(w.lies) > 0 {
		t.Error(w.lies)
	}
	must(t, m.close())
}
