package keys_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/posnet/posnet/node/keys"
)

// BenchmarkBatch verifies signatures at once; the last metric is the time of one of them. Unknown keys are decompressed
// each time, known ones were met before; with few accounts each has many signatures.
func BenchmarkBatch(b *testing.B) {
	for _, c := range []struct {
		n, accounts int
		known       bool
	}{{16, 16, false}, {16, 16, true}, {250, 250, false}, {250, 250, true}, {2048, 2048, false}, {2048, 2048, true}, {2048, 64, true}} {
		name := fmt.Sprintf("signatures=%d/accounts=%d/known=%t", c.n, c.accounts, c.known)
		b.Run(name, func(b *testing.B) {
			all := make([]keys.Signature, c.n)
			for i := range all {
				var seed [32]byte
				binary.BigEndian.PutUint64(seed[:], uint64(i%c.accounts))
				key, msg := keys.FromSeed(seed), fmt.Appendf(make([]byte, 120), "%d", i)
				all[i] = keys.Signature{Key: key.Public(), Message: msg, Value: key.Sign(msg)}
			}
			var memory *keys.Known
			if c.known {
				memory = keys.NewKnown(1)
			}
			v := keys.NewVerifier(memory)
			b.ReportAllocs()
			for b.Loop() {
				for i, ok := range v.Verify(all) {
					if !ok {
						b.Fatalf("good signature %d was refused", i)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(c.n), "ns/signature")
		})
	}
}
