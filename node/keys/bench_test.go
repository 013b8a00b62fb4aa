package keys_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/posnet/posnet/node/keys"
)

// BenchmarkBatch verifies signatures of as many keys at once: the last metric is the time of one of them.
func BenchmarkBatch(b *testing.B) {
	for _, n := range []int{16, 250, 2000} {
		b.Run(fmt.Sprintf("signatures=%d", n), func(b *testing.B) {
			type signed struct {
				pub [32]byte
				msg []byte
				sig [64]byte
			}
			all := make([]signed, n)
			for i := range all {
				var seed [32]byte
				binary.BigEndian.PutUint64(seed[:], uint64(i))
				key, msg := keys.FromSeed(seed), fmt.Appendf(make([]byte, 120), "%d", i)
				all[i] = signed{key.Public(), msg, key.Sign(msg)}
			}
			for b.Loop() {
				batch := keys.NewBatch(n)
				for _, s := range all {
					batch.Add(s.pub, s.msg, s.sig)
				}
				if ok, _ := batch.Verify(); !ok {
					b.Fatal("good signatures were refused")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/signature")
		})
	}
}
