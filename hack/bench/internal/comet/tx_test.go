package comet

import (
	"bytes"
	"encoding/base64"
	"testing"
)

func TestTransactionsAreFoundAgainByTheirNumber(t *testing.T) {
	t.Parallel()
	txs := newTransactions()
	for _, seq := range []uint64{0, 1, 99, valueCount, 1_234_567_890_123} {
		encoded := string(txs.appendTx(nil, seq))
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			t.Fatalf("transaction %d is not base64: %v", seq, err)
		}
		if len(raw) != txSize {
			t.Errorf("transaction %d has %d bytes, want %d", seq, len(raw), txSize)
		}
		if n := bytes.Count(raw, []byte("=")); n != 1 || bytes.ContainsAny(raw, ":!") {
			t.Errorf("transaction %d is not one key=value of the kvstore: %q", seq, raw)
		}
		if got, err := sequence(encoded); err != nil || got != seq {
			t.Errorf("transaction %d is read as %d (%v)", seq, got, err)
		}
	}
}

func TestTransactionsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	for _, tx := range []string{"", "a2V5PXZhbHVl", base64.StdEncoding.EncodeToString([]byte("x0000000000001=v")), base64.StdEncoding.EncodeToString([]byte("k00000000000x1=v")), "????????????????????"} {
		if seq, err := sequence(tx); err == nil {
			t.Errorf("%q is taken for transaction %d", tx, seq)
		}
	}
}

func FuzzSequence(f *testing.F) {
	f.Add(string(newTransactions().appendTx(nil, 7)))
	f.Add("azAwMDAwMDAwMDAwMDE9")
	txs := newTransactions()
	f.Fuzz(func(t *testing.T, tx string) {
		seq, err := sequence(tx)
		if err != nil {
			return
		}
		if got, err := sequence(string(txs.appendTx(nil, seq))); err != nil || got != seq {
			t.Errorf("%q is transaction %d, which is then read as %d (%v)", tx, seq, got, err)
		}
	})
}
