package replica_test

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/wal"
)

// caughtUp stands for a block and a certificate that a peer answered with.
const caughtUp = 200

// FuzzFrame gives a validator frames and blocks of strangers, who can sign nothing
// for it: it refuses what is hostile, decides nothing, and goes on.
func FuzzFrame(f *testing.F) {
	stranger := keys.FromSeed([32]byte{99})
	vote := chain.SignedVote{Vote: chain.Vote{Kind: chain.Precommit, Height: 1, BlockHash: chain.Hash{1}}, Validator: stranger.Public()}
	own := vote
	own.Validator = account.Public() // with a signature that is none
	block := &chain.Block{Header: chain.Header{Version: 1, Height: 1, Genesis: genesis.Hash(), Forger: account.Public()}}
	for kind, v := range map[byte][]any{
		replica.FrameVote: {&vote, &own, &chain.SignedVote{Vote: chain.Vote{Kind: 1, Height: 2}, Validator: account.Public()}},
		replica.FrameProposal: {&chain.SignedProposal{Height: 1, ValidRound: -1, BlockHash: block.Header.Hash(), Block: chain.Encode(block)},
			&chain.SignedProposal{Height: 2, Round: 3, ValidRound: 1, Block: []byte{1}}},
		replica.FrameState:    {&chain.VoteState{Height: 1, Round: 1 << 32, Rounds: []chain.RoundState{{Round: 1 << 32, Prevotes: []byte{0xff}}}}, &chain.VoteState{Height: 1<<64 - 1}},
		replica.FrameEvidence: {chain.NewEvidence(chain.EvidenceVotes, account.Public(), chain.Encode(&vote), chain.Encode(&own)), &chain.Evidence{Kind: 9}},
	} {
		for _, x := range v {
			f.Add(kind, chain.Encode(x))
		}
		f.Add(kind, []byte{})
	}
	f.Add(byte(caughtUp), append(chain.Encode(block), chain.Encode(&chain.Certificate{Height: 1, BlockHash: block.Header.Hash()})...))
	disk := vfs.NewMem()
	if err := signer.Create(disk, keep, consensusKey, vrfKey); err != nil {
		f.Fatal(err)
	}
	m, err := boot(disk, newWitness(), true)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = m.close() })
	f.Fuzz(func(t *testing.T, kind byte, payload []byte) {
		err := m.replica.Frame("stranger", stranger.Public(), kind, payload)
		if kind == caughtUp {
			err = m.replica.Certified(payload[:len(payload)/2], payload[len(payload)/2:])
		}
		if m.replica.Err() != nil || m.halted != "" || m.height() != 0 || len(m.w.lies) > 0 {
			t.Fatalf("after a frame of kind %d, %x: error %v, halted %q, height %d, %v", kind, payload, m.replica.Err(), m.halted, m.height(), m.w.lies)
		}
		if err != nil && !errors.Is(err, replica.ErrHostile) {
			t.Fatalf("a frame of kind %d is refused without blame: %v", kind, err)
		}
	})
}

// FuzzConsensusLog starts a validator on a log whose checksum is right and whose
// records may say anything: it refuses to start, or starts and contradicts nothing.
func FuzzConsensusLog(f *testing.F) {
	block := &chain.Block{Header: chain.Header{Version: 1, Height: 1, Genesis: genesis.Hash(), Forger: account.Public()}}
	for _, rec := range []*consensus.Record{
		{Height: 1}, {Height: 9, Vote: &chain.Vote{Kind: 1, Height: 9}},
		{Height: 1, Vote: &chain.Vote{Kind: chain.Prevote, Height: 1, Round: 7}},
		{Height: 1, Lock: &consensus.LockRecord{Round: 3, BlockHash: chain.Hash{1}}},
		{Height: 1, Lock: &consensus.LockRecord{Prevotes: []chain.SignedVote{{Vote: chain.Vote{Kind: 1, Height: 1}, Validator: account.Public()}}}},
		{Height: 1, Proposal: &chain.SignedProposal{Height: 1, ValidRound: -1, BlockHash: block.Header.Hash(), Block: chain.Encode(block)}},
	} {
		f.Add(chain.Encode(rec))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, record []byte) {
		disk, w := vfs.NewMem(), newWitness()
		must(t, signer.Create(disk, keep, consensusKey, vrfKey))
		log, _, err := wal.Open(disk, "wal")
		must(t, err)
		must(t, log.Append(wal.Record{Type: 1, Data: record}))
		must(t, log.Close())
		m, err := boot(disk, w, true)
		if err != nil {
			return
		}
		m.pass(200)
		if len(w.lies) > 0 || m.replica.Err() != nil {
			t.Fatalf("after starting on %x: %v, %v", record, w.lies, m.replica.Err())
		}
		must(t, m.close())
	})
}
