package mempool_test

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/mempool"
)

func TestABlockTakesItsTransactionsAway(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	state := newLedger()
	state.balance[ann.addr] = 1000
	p := newPool(t, state, nil)
	one := mustAdd(t, p, ann.sign(transfer(ann, bob, 1, 100, 10)))
	two := mustAdd(t, p, ann.sign(transfer(ann, bob, 2, 100, 10)))
	if err := state.apply(one.Body); err != nil {
		t.Fatal(err)
	}
	if err := p.Committed(1, []chain.Hash{one.ID}, []chain.Address{ann.addr, bob.addr}); err != nil {
		t.Fatal(err)
	}
	if p.Has(one.ID) || !p.Has(two.ID) || p.Executable() != 1 {
		t.Fatalf("want the second alone and executable: %+v", p.Stats())
	}
	_, err := p.Add(one.Raw)
	refused(t, err, chain.RefusedNonceUsed) // the same block twice, the same transaction twice
}

func TestWhatABlockMakesImpossibleLeavesWithItsReason(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	state := newLedger()
	state.balance[ann.addr] = 1000
	why := map[uint64]chain.RefusalCode{}
	p := newPool(t, state, func(c *mempool.Config) {
		c.OnDrop = func(tx *mempool.Tx, code chain.RefusalCode) { why[tx.Body.Nonce] = code }
	})
	for nonce := range uint64(4) {
		mustAdd(t, p, ann.sign(transfer(ann, bob, nonce+1, 100, 10)))
	}
	// A block had another transaction with nonce 1, and it was dear: 120 are left, enough for one of 110.
	spent := transfer(ann, bob, 1, 870, 10)
	if err := state.apply(&spent); err != nil {
		t.Fatal(err)
	}
	if err := p.Committed(1, []chain.Hash{spent.ID()}, []chain.Address{ann.addr, bob.addr}); err != nil {
		t.Fatal(err)
	}
	if s := p.Stats(); s.Transactions != 1 || s.Executable != 1 {
		t.Fatalf("want nonce 2 alone, got %+v", s)
	}
	for nonce, want := range map[uint64]chain.RefusalCode{1: chain.RefusedNonceUsed, 3: chain.RefusedBalance, 4: chain.RefusedBalance} {
		if why[nonce] != want {
			t.Errorf("nonce %d: want %s, got %q", nonce, want, why[nonce])
		}
	}
}

func TestWhatExpiredLeavesAndWhatFollowsItWaits(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	state := newLedger()
	state.balance[ann.addr] = 1000
	p := newPool(t, state, nil)
	brief := transfer(ann, bob, 1, 1, 10)
	brief.ValidUntil = 5
	mustAdd(t, p, ann.sign(brief))
	mustAdd(t, p, ann.sign(transfer(ann, bob, 2, 1, 10)))
	for height, want := range map[uint64]int{4: 2} {
		if err := p.Committed(height, nil, nil); err != nil || p.Executable() != want {
			t.Fatalf("after height %d want %d executable, got %d, %v", height, want, p.Executable(), err)
		}
	}
	if err := p.Committed(5, nil, nil); err != nil {
		t.Fatal(err)
	}
	if s := p.Stats(); s.Transactions != 1 || s.Executable != 0 {
		t.Fatalf("after height 5 want the second alone and waiting, got %+v", s)
	}
	_, err := p.Add(ann.sign(brief))
	refused(t, err, chain.RefusedExpired)
}

func TestAnAdmissionBetweenTheStateAndCommittedSeesTheNewState(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	state := newLedger()
	state.balance[ann.addr] = 1000
	p := newPool(t, state, nil)
	one := mustAdd(t, p, ann.sign(transfer(ann, bob, 1, 500, 10)))
	if err := state.apply(one.Body); err != nil {
		t.Fatal(err)
	}
	mustAdd(t, p, ann.sign(transfer(ann, bob, 2, 480, 10))) // affordable only if the first is not counted twice
	if err := p.Committed(1, []chain.Hash{one.ID}, []chain.Address{ann.addr, bob.addr}); err != nil {
		t.Fatal(err)
	}
	if s := p.Stats(); s.Transactions != 1 || s.Executable != 1 || s.Dropped != 0 {
		t.Fatalf("want the second alone, nothing lost, got %+v", s)
	}
}

func TestChangesAreAnnouncedOnce(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	state := newLedger()
	state.balance[ann.addr] = 1000
	p := newPool(t, state, nil)
	announced := func() bool {
		select {
		case <-p.Changed():
			return true
		default:
			return false
		}
	}
	if announced() {
		t.Fatal("nothing happened yet")
	}
	one := mustAdd(t, p, ann.sign(transfer(ann, bob, 1, 1, 10)))
	mustAdd(t, p, ann.sign(transfer(ann, bob, 2, 1, 10)))
	if !announced() || announced() {
		t.Fatal("two admissions before anybody looked are one token")
	}
	if _, err := p.Add(one.Raw); err == nil || announced() {
		t.Fatal("a refusal is no change")
	}
	if err := p.Committed(1, nil, []chain.Address{bob.addr}); err != nil || announced() {
		t.Fatal("a block that touched nothing here is no change")
	}
	p.Remove(chain.RefusedSupply, one.ID)
	if !announced() {
		t.Fatal("a removal is a change")
	}
}

func TestListPagesInOrderOfArrival(t *testing.T) {
	t.Parallel()
	bob := newUser(100)
	state := newLedger()
	p := newPool(t, state, nil)
	for i := range uint64(7) {
		u := newUser(i + 1)
		state.balance[u.addr] = 1000
		mustAdd(t, p, u.sign(transfer(u, bob, 1, 1, 10+i)))
	}
	var seen []uint64
	for cursor := uint64(0); ; {
		page := p.List(cursor, 3)
		if len(page) == 0 {
			break
		}
		for _, tx := range page {
			seen = append(seen, tx.Body.Fee)
		}
		cursor = page[len(page)-1].Seq
	}
	for i, fee := range seen {
		if fee != uint64(10+i) {
			t.Fatalf("want arrival order, got fees %v", seen)
		}
	}
	if len(seen) != 7 {
		t.Fatalf("want all 7, got %v", seen)
	}
	if got := p.Select(7, 1<<20); got[0].Body.Fee != 16 {
		t.Fatalf("selection goes by fee, got %d first", got[0].Body.Fee)
	}
}

func TestSelectKeepsToItsLimits(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	state := newLedger()
	state.balance[ann.addr], state.balance[bob.addr] = 1000, 1000
	p := newPool(t, state, nil)
	big := transfer(ann, bob, 1, 1, 90)
	big.Memo = make([]byte, chain.MaxMemoBytes)
	mustAdd(t, p, ann.sign(big))
	mustAdd(t, p, ann.sign(transfer(ann, bob, 2, 1, 80)))
	small := mustAdd(t, p, bob.sign(transfer(bob, ann, 1, 1, 10)))
	if got := p.Select(0, 1<<20); len(got) != 0 {
		t.Fatalf("want none, got %d", len(got))
	}
	if got := p.Select(2, 1<<20); len(got) != 2 || got[1].Body.Nonce != 2 {
		t.Fatalf("want ann's two, got %d", len(got))
	}
	// Too large for what is left of the block: the account waits, the others go on.
	got := p.Select(3, len(small.Raw)+3)
	if len(got) != 1 || got[0] != small {
		t.Fatalf("want the small one alone, got %v", nonces(got))
	}
	block := chain.Encode([][]byte{small.Raw})
	if len(block) != 1+3+len(small.Raw)-1 {
		t.Fatalf("three bytes of overhead must be the most: %d for %d", len(block), len(small.Raw))
	}
}

// A block of chosen transactions is never larger than what was asked for, and nothing that fits is left out.
func TestWhatIsChosenFitsAsABlockEncodesIt(t *testing.T) {
	t.Parallel()
	l := newLedger()
	to := newUser(99)
	p := newPool(t, l, nil)
	var all [][]byte
	for i := range uint64(4) {
		u := newUser(i + 1)
		l.balance[u.addr] = 1_000_000
		tx := transfer(u, to, 1, 100, 90-10*i)     // all of one size
		tx.Memo = make([]byte, chain.MaxMemoBytes) // so large that its head is, too
		all = append(all, mustAdd(t, p, u.sign(tx)).Raw)
	}
	for n := range all {
		size := len(chain.Encode(all[:n+1])) - 1 // without the head of the list
		for _, c := range []struct{ room, want int }{{size, n + 1}, {size - 1, n}} {
			if got := p.Select(100, c.room); len(got) != c.want {
				t.Errorf("%d bytes: %d transactions were chosen, %d fit", c.room, len(got), c.want)
			}
		}
	}
}
