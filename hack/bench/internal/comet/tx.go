package comet

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strconv"
)

// A transaction is a key and a value with "=" between: the key is a letter and
// the transaction's number. Key and "=" have a length that base64 does not pad,
// so that their encoding and the value's can simply be joined.
const (
	txSize     = 250
	keySize    = 14
	headSize   = keySize + 1
	valueSize  = txSize - headSize
	valueCount = 1 << 14 // 3.9 MB of text: a repeated value is too far from the first for the store's compression to find it
)

// transactions makes transactions, with values made ahead of time.
type transactions struct {
	values [][]byte // in base64
}

func newTransactions() *transactions {
	random := rand.New(rand.NewPCG(1, 2)) // the same load every time
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	t := &transactions{values: make([][]byte, valueCount)}
	value := make([]byte, valueSize)
	for i := range t.values {
		for j := range value {
			value[j] = letters[random.IntN(len(letters))]
		}
		t.values[i] = base64.StdEncoding.AppendEncode(nil, value)
	}
	return t
}

// appendTx appends transaction number seq in base64.
func (t *transactions) appendTx(b []byte, seq uint64) []byte {
	var head [headSize]byte
	head[0] = 'k'
	for i, n := keySize-1, seq; i > 0; i, n = i-1, n/10 {
		head[i] = byte('0' + n%10)
	}
	head[keySize] = '='
	b = base64.StdEncoding.AppendEncode(b, head[:])
	return append(b, t.values[seq%valueCount]...)
}

// sequence reads the number of a transaction in base64.
func sequence(tx string) (uint64, error) {
	const encoded = headSize / 3 * 4
	if len(tx) < encoded {
		return 0, fmt.Errorf("transaction %q is not of this benchmark", tx)
	}
	head, err := base64.StdEncoding.DecodeString(tx[:encoded])
	if err != nil || len(head) != headSize || head[0] != 'k' || head[keySize] != '=' {
		return 0, fmt.Errorf("transaction %q is not of this benchmark", tx)
	}
	return strconv.ParseUint(string(head[1:keySize]), 10, 64)
}
