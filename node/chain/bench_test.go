package chain

import (
	"fmt"
	"testing"
)

// transfers are the encodings of n different transfers.
func transfers(n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		tx := *sampleTx()
		tx.Tx.From, tx.Tx.Nonce, tx.Tx.Memo = Address(Sum(Uint64(uint64(i)))), uint64(i+1), nil
		out[i] = Encode(&tx)
	}
	return out
}

// BenchmarkDecodeTx reads one transfer.
func BenchmarkDecodeTx(b *testing.B) {
	raw := transfers(1)[0]
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeTx(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncodeTx writes one transfer.
func BenchmarkEncodeTx(b *testing.B) {
	tx := sampleTx()
	b.ReportAllocs()
	for b.Loop() {
		Encode(tx)
	}
}

// BenchmarkTxID is what a transaction is known by, and what its sender signs.
func BenchmarkTxID(b *testing.B) {
	tx := sampleTx()
	b.Run("id", func(b *testing.B) {
		for b.Loop() {
			tx.Tx.ID()
		}
	})
	b.Run("message", func(b *testing.B) {
		for b.Loop() {
			TxMessage(fill(1), &tx.Tx)
		}
	})
}

// BenchmarkBlock is of blocks of transfers: reading, writing, and the root over them.
func BenchmarkBlock(b *testing.B) {
	for _, n := range []int{0, 1000, 5000} {
		block := sampleBlock()
		block.Txs = transfers(n)
		block.Header.TxRoot = MerkleRoot(block.Txs)
		raw := Encode(block)
		b.Run(fmt.Sprintf("decode/txs=%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodeBlock(raw, MaxBlockBytes); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("encode/txs=%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				Encode(block)
			}
		})
		b.Run(fmt.Sprintf("root/txs=%d", n), func(b *testing.B) {
			for b.Loop() {
				MerkleRoot(block.Txs)
			}
		})
	}
}

// BenchmarkVote is the codec of the message that nodes exchange most.
func BenchmarkVote(b *testing.B) {
	raw := Encode(sampleVote())
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Encode(sampleVote())
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var v SignedVote
			if err := Decode(raw, &v, 1024); err != nil {
				b.Fatal(err)
			}
		}
	})
}
