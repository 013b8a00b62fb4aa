package node_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// What an account has and what it bonded come from different places, the second by a filter that is filled while blocks are
// made. An answer must still be of one block.
func TestAnAccountIsOfOneBlockWhileItBonds(t *testing.T) {
	t.Parallel()
	const owns, bonds = 1000, 25
	const mostReads = 1500 // of each reader: together less than one client may make at once
	net := newTestNet(t, 1, nil)
	saver := keys.FromSeed(chain.Sum([]byte("the saver")))
	net.start(0)
	send := func(from keys.PrivateKey, tx chain.Tx) {
		t.Helper()
		tx.From = from.Public()
		raw := chain.Encode(&chain.SignedTx{Tx: tx, Signature: from.Sign(chain.TxMessage(net.genesis.Hash(), &tx))})
		body := fmt.Sprintf(`{"transaction":%q}`, hex.EncodeToString(raw))
		resp, err := http.Post(net.url("transaction/create?wait=final"), "application/json", bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if answer, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode >= 300 {
			t.Fatalf("%s with nonce %d: %d %s %v", tx.Kind, tx.Nonce, resp.StatusCode, answer, err)
		}
	}
	send(net.faucet, chain.Tx{Kind: chain.TxTransfer, Nonce: 1, To: saver.Public(), Amount: owns})

	read := func() (a accountAnswer, err error) {
		resp, err := http.Get(net.url("accounts/" + chain.Address(saver.Public()).String()))
		if err != nil {
			return a, err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return a, fmt.Errorf("the answer has status %d", resp.StatusCode)
		}
		return a, json.NewDecoder(resp.Body).Decode(&a)
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			last := uint64(0)
			for range mostReads {
				select {
				case <-done:
					return
				default:
				}
				a, err := read()
				if err != nil {
					t.Error(err)
					return
				}
				if a.Balance+a.Stake.Bonded != owns || a.Stake.Bonded != a.Nonce {
					t.Errorf("%+v is not of one block: together it must be %d, and one bonded with each nonce", a, owns)
					return
				}
				if a.Height < last {
					t.Errorf("height %d was answered after %d", a.Height, last)
					return
				}
				last = a.Height
			}
		})
	}
	for nonce := uint64(1); nonce <= bonds; nonce++ {
		send(saver, chain.Tx{Kind: chain.TxStake, Nonce: nonce, To: net.genesis.Validators[0].Address, Amount: 1})
		if a, err := read(); err != nil || a.Stake.Bonded != nonce {
			t.Fatalf("after bond %d became final the account is %+v, %v", nonce, a, err)
		}
	}
	close(done)
	readers.Wait()
}

type accountAnswer struct {
	Balance uint64 `json:",string"`
	Nonce   uint64
	Height  uint64
	Stake   struct {
		Bonded uint64 `json:",string"`
	}
}

// url is a path of the API of the first node.
func (net *testNet) url(path string) string {
	return fmt.Sprintf("http://127.0.0.1:%d/api/v1/%s", net.nodes[0].ports.API, path)
}
