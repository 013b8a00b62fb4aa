package replica_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/wal"
)

// TestTheLargestBlockFitsTheConsensusLog: a validator that cannot log the block it is about to prevote stops for good.
func TestTheLargestBlockFitsTheConsensusLog(t *testing.T) {
	t.Parallel()
	if want := chain.MaxProposalBytes + 64<<10; wal.MaxRecord != want {
		t.Errorf("the largest record has %d bytes, want the %d that recovery decodes", wal.MaxRecord, want)
	}
	p := chain.DefaultParams()
	p.MaxBytes = chain.MaxBlockBytes
	must(t, p.Check())
	log, _, err := wal.Open(vfs.NewMem(), "wal")
	must(t, err)
	rec := &consensus.Record{Height: 1, Proposal: &chain.SignedProposal{Height: 1, ValidRound: -1, Block: make([]byte, p.MaxBytes)}}
	must(t, log.Append(wal.Record{Type: 1, Data: chain.Encode(rec)}))
	must(t, log.Close())
}
