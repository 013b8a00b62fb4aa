package mempool_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/mempool"
)

// Anybody can send transactions of one nonce in the name of a rich account: what tells that their signatures are not looked
// at is the reason that they are refused for.
func TestForgedTransactionsOfOneNonceCostTwoVerifications(t *testing.T) {
	t.Parallel()
	rich, to := newUser(1), newUser(2)
	state := newLedger()
	state.balance[rich.addr] = 1 << 40
	p := newPool(t, state, nil)
	forge := func(fee, n uint64) []byte {
		tx := transfer(rich, to, 1, 1, fee)
		tx.Memo = binary.BigEndian.AppendUint64(nil, n)
		return to.sign(tx)
	}
	var raws [][]byte
	for i := range uint64(1000) {
		raws = append(raws, forge(10, i))
	}
	raws = append(raws, forge(10, 0), forge(12, 0), forge(13, 0), forge(14, 0))
	got := map[chain.RefusalCode]int{}
	for i, r := range p.AddOwn(raws) {
		if r.Err == nil {
			t.Fatalf("forged transaction %d is in the pool", i)
		}
		var why *chain.Refusal
		if errors.As(r.Err, &why) {
			got[why.Code]++
		}
	}
	if got[chain.RefusedSignature] != 4 || got[chain.RefusedDuplicate] != 1 || got[chain.RefusedFee] != 999 {
		t.Errorf("refused for %v; want 4 signatures looked at: 2 of the first, and those that pay a tenth more than all before", got)
	}
}

// A registration whose every signature is wrong, too, is refused for what the state says: nothing was verified for it.
func TestWhatTheStateRefusesCostsNoVerification(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	state := newLedger()
	state.balance[ann.addr] = 1000
	p := newPool(t, state, func(c *mempool.Config) {
		c.Check = func(*chain.Tx) error { return chain.Refuse(chain.RefusedRegistered, "it is a validator already") }
	})
	reg := chain.Registration{Keys: chain.ValidatorKeys{Consensus: newUser(3).key.Public(), VRF: newUser(4).key.Public(), Peer: newUser(5).key.Public()}}
	_, err := p.Add(bob.sign(chain.Tx{Kind: chain.TxRegister, From: ann.addr, To: ann.addr, Nonce: 1, Fee: 10, Payload: chain.Encode(&reg)}))
	refused(t, err, chain.RefusedRegistered)
}

// While the pool judges a long batch, the replica asks it for each transaction of each block.
func TestALongBatchIsLetInWithPauses(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	state := newLedger()
	state.balance[ann.addr] = 1 << 40
	const n = 600
	var p *mempool.Pool
	asked, told := 0, 0
	p = newPool(t, state, func(c *mempool.Config) {
		c.MaxPerAccount = n
		c.Check = func(*chain.Tx) error {
			if asked++; asked > n { // at the admission, which tells at the end of each turn
				select {
				case <-p.Changed():
					told++
				default:
				}
			}
			return nil
		}
	})
	var raws [][]byte
	for i := range uint64(n) {
		raws = append(raws, ann.sign(transfer(ann, bob, i+1, 1, 10)))
	}
	for i, r := range p.AddAll(raws) {
		if r.Err != nil {
			t.Fatalf("transaction %d: %v", i, r.Err)
		}
	}
	if asked != 2*n || told != 2 {
		t.Errorf("the state was asked %d times, and others had %d turns while the batch was let in; want %d and 2", asked, told, 2*n)
	}
}
