package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/httpapi/client"
	"github.com/posnet/posnet/node/keys"
)

// crowd is the accounts between which money goes back and forth.
type crowd struct {
	genesis *chain.Genesis
	hash    chain.Hash
	payer   keys.PrivateKey
	nonce   uint64 // the payer's next
	budget  uint64 // of each account
	root    [keys.SignatureSize]byte
	keys    []keys.PrivateKey
	nonces  []uint64 // each account's next
}

// longestIdle is after how long the network makes a block though nothing waits; 0: never.
func (a *crowd) longestIdle() time.Duration {
	return time.Duration(a.genesis.Params.MaxIdle) * time.Millisecond
}

// make derives the accounts from the payer's key and nonce: so whoever has the key can make them again.
func (a *crowd) make(n int) {
	a.root = a.payer.Sign(chain.Encode([]any{"posnet/bench/accounts/v1", a.hash[:], a.nonce}))
	a.keys, a.nonces = make([]keys.PrivateKey, n), make([]uint64, n)
	parallel(n, func(i int) {
		a.keys[i] = keys.FromSeed(chain.Sum(a.root[:], binary.BigEndian.AppendUint64(nil, uint64(i))))
		a.nonces[i] = 1
	})
}

// parallel does all of 0 to n-1, on every processor.
func parallel(n int, do func(i int)) {
	var all sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		all.Go(func() {
			for i := w * n / workers; i < (w+1)*n/workers; i++ {
				do(i)
			}
		})
	}
	all.Wait()
}

func (a *crowd) address(i int) chain.Address { return chain.Address(a.keys[i].Public()) }

// transfer is a signed one in its encoding.
func (a *crowd) transfer(key keys.PrivateKey, nonce uint64, to chain.Address, amount uint64) []byte {
	tx := chain.Tx{Kind: chain.TxTransfer, From: chain.Address(key.Public()), Nonce: nonce, To: to, Amount: amount, Fee: a.genesis.Params.MinFee}
	return chain.Encode(&chain.SignedTx{Tx: tx, Signature: key.Sign(chain.TxMessage(a.hash, &tx))})
}

// branch is how many accounts one account funds: no account may have more than about a thousand transactions waiting.
const branch = 500

// fund gives each account its budget: the payer some, and these the others.
func (a *crowd) fund(ctx context.Context, c *client.Client, f *follower, tell *progress) error {
	n, fee := len(a.keys), a.genesis.Params.MinFee
	heads := (n + branch - 1) / branch
	var first [][]byte
	for h := range heads {
		children := uint64(min(branch, n-h*branch))
		amount := children*(a.budget+fee) + a.budget
		first = append(first, a.transfer(a.payer, a.nonce, a.address(h*branch), amount))
		a.nonce++
	}
	if err := deliver(ctx, c, f, first, tell, "accounts that fund the others"); err != nil {
		return err
	}
	rest := make([][]byte, n)
	parallel(heads, func(h int) {
		for i := h*branch + 1; i < min(n, (h+1)*branch); i++ {
			rest[i] = a.transfer(a.keys[h*branch], a.nonces[h*branch], a.address(i), a.budget)
			a.nonces[h*branch]++
		}
	})
	var second [][]byte
	for _, raw := range rest {
		if raw != nil {
			second = append(second, raw)
		}
	}
	return deliver(ctx, c, f, second, tell, "accounts funded")
}

// deliver sends transactions and waits until all are final. Others may be under way in the meantime.
func deliver(ctx context.Context, c *client.Client, f *follower, raws [][]byte, tell *progress, what string) error {
	missing := make(map[uint64]bool, len(raws))
	for _, raw := range raws {
		missing[tagOf(raw)] = true
	}
	see := func(_ uint64, txs [][]byte) {
		for _, raw := range txs {
			delete(missing, tagOf(raw))
		}
	}
	for pending := raws; len(missing) > 0; {
		part := pending[:min(len(pending), 1000)]
		left := part
		if len(part) > 0 {
			answer, err := c.SubmitBatch(ctx, part)
			if code := client.Code(err); code == api.CodeRateLimited || code == api.CodeTooManyWaiters {
				sleep(ctx, 100*time.Millisecond)
				continue
			}
			if err != nil {
				return err
			}
			left = left[:0:0]
			for _, r := range answer.Refused {
				switch {
				case r.Code == string(chain.RefusedDuplicate):
				case sendAgain(r.Code):
					left = append(left, part[r.Index])
				default:
					return errors.New(r.Message)
				}
			}
		}
		pending = append(left, pending[len(part):]...)
		if err := f.wait(ctx, atOnce, see); err != nil {
			return err
		}
		tell.show(fmt.Sprintf("%d of %d %s", len(raws)-len(missing), len(raws), what))
	}
	return nil
}

// sendAgain tells refusals that pass by themselves.
func sendAgain(code string) bool {
	return code == string(chain.RefusedPoolFull) || code == string(chain.RefusedNonceGap)
}
