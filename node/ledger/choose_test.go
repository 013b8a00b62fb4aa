package ledger

import (
	"errors"
	"slices"
	"testing"

	"github.com/posnet/posnet/node/chain"
)

func TestAForgerLearnsOfAllRefusedTransactionsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := newPerson(99)
	k := people[4].keys() // keys that person 4 registers first, held by both
	same := &chain.Registration{Keys: k}
	msg := chain.RegistrationMessage(w.hash, people[5].address(), &k)
	same.ConsensusProof, same.VRFProof, same.PeerProof = people[4].consensus.Sign(msg), people[4].vrf.Sign(msg), people[4].peer.Sign(msg)
	txs := [][]byte{
		w.register(people[4]),
		w.sign(people[5], chain.Tx{Kind: chain.TxRegister, To: people[5].address(), Payload: chain.Encode(same)}), // keys in use
		w.transfer(people[6], other, 5*pos),
		w.stake(people[7], people[6], 1*pos),    // no validator
		w.transfer(people[2], other, 5000*pos),  // more than it has
		w.stake(people[0], people[1], 2*pos),    // a member: applies
		w.transfer(people[5], people[0], 3*pos), // the nonce its refused one had
	}
	want := []chain.RefusalCode{1: chain.RefusedKeyInUse, 3: chain.RefusedNotValidator, 4: chain.RefusedBalance, 6: ""}

	got := make([]chain.RefusalCode, len(txs))
	in := w.input(txs...)
	in.Refused = func(i int, err error) {
		var r *chain.Refusal
		if !errors.As(err, &r) {
			t.Errorf("transaction %d: %v is no refusal", i, err)
			return
		}
		got[i] = r.Code
	}
	chosen, err := w.apply(in)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("refused %q, want %q", got, want)
	}
	strict, err := w.apply(w.input(txs[0], txs[2], txs[5], txs[6]))
	if err != nil {
		t.Fatal(err)
	}
	if chosen.State != strict.State || chosen.Results != strict.Results || !slices.Equal(chosen.TxIDs, strict.TxIDs) ||
		chosen.System != strict.System || chosen.Next.Hash() != strict.Next.Hash() || len(chosen.Txs) != len(strict.Txs) {
		t.Error("the outcome is not that of a block of the others alone")
	}
}

func TestEvidenceThatCannotBeUsedIsNamedByItsPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := w.input()
	for _, p := range people[:3] { // all who have stake
		in.Evidence = append(in.Evidence, chain.Encode(w.contradiction(p, 1)))
	}
	_, err := w.apply(in)
	var bad *EvidenceError
	if !errors.As(err, &bad) || bad.Index != 2 {
		t.Fatalf("got %v, want an error about piece 2", err)
	}
	wantError(t, err, "no validator would be left")
	in.Evidence = in.Evidence[:2]
	if _, err := w.apply(in); err != nil {
		t.Fatalf("without it: %v", err)
	}
}
