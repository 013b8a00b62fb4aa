package replica_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/wal"
)

// TestASignatureFromTheDiskIsCheckedBeforeItIsGivenAgain: what the signer has
// just made needs no check; what it recorded in another life does.
func TestASignatureFromTheDiskIsCheckedBeforeItIsGivenAgain(t *testing.T) {
	t.Parallel()
	g, _, _, _ := ahead(t)
	mem := newDisk(t)
	vote := chain.Vote{Kind: chain.Prevote, Height: 1, Round: 3, BlockHash: chain.Sum([]byte("of this test only"))}
	s, err := signer.Open(mem, keep)
	must(t, err)
	sig, err := s.Sign(signer.Request{Kind: signer.Prevote, Height: 1, Round: 3, Message: chain.VoteMessage(g.Hash(), &vote)})
	must(t, err)
	must(t, s.Close())
	log, _, err := wal.Open(mem, "wal")
	must(t, err)
	must(t, log.Append(wal.Record{Type: 1, Data: chain.Encode(&consensus.Record{Height: 1, Vote: &vote})}))
	must(t, log.Close())

	o := wal.Options{Label: "posnet/sign-state/v1", Slot: 256, MaxSize: 16 << 20}
	path := mem.PathJoin(keep, "sign-state")
	log, records, err := wal.OpenFile(mem, path, o)
	must(t, err)
	must(t, log.Close())
	last := records[len(records)-1].Data
	at := bytes.Index(last, sig[:])
	if at < 0 {
		t.Fatal("the signature is not where it was")
	}
	last[at] ^= 1
	must(t, wal.Create(mem, path, o, records...))
	_, err = bootInto(g, mem, newWitness(), true)
	if err == nil || !strings.Contains(err.Error(), "a recorded own vote") {
		t.Errorf("it starts with a wrong signature for its vote: %v", err)
	}
}
