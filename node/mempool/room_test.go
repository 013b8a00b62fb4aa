package mempool_test

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/mempool"
)

// full returns a pool of 3 transactions that is full: ann's two for 50 and 20, bob's for 30.
func full(t *testing.T) (p *mempool.Pool, ann, bob, eve user, state *ledger) {
	ann, bob, eve = newUser(1), newUser(2), newUser(3)
	state = newLedger()
	for _, u := range []user{ann, bob, eve} {
		state.balance[u.addr] = 10_000
	}
	p = newPool(t, state, func(c *mempool.Config) { c.MaxTxs = 3 })
	mustAdd(t, p, ann.sign(transfer(ann, eve, 1, 1, 50)))
	mustAdd(t, p, ann.sign(transfer(ann, eve, 2, 1, 20)))
	mustAdd(t, p, bob.sign(transfer(bob, eve, 1, 1, 30)))
	return p, ann, bob, eve, state
}

func TestAFullPoolMakesRoomOnlyForWhoPaysMore(t *testing.T) {
	t.Parallel()
	p, ann, bob, eve, _ := full(t)
	_, err := p.Add(eve.sign(transfer(eve, ann, 1, 1, 20)))
	refused(t, err, chain.RefusedPoolFull)
	mustAdd(t, p, eve.sign(transfer(eve, ann, 1, 1, 21))) // takes the place of ann's second
	if n, _ := p.NextNonce(ann.addr); n != 2 {
		t.Fatalf("the cheapest last one must have gone: ann's next nonce is %d", n)
	}
	if n, _ := p.NextNonce(bob.addr); n != 2 {
		t.Fatalf("bob's pays more and must have stayed, his next nonce is %d", n)
	}
}

func TestAFullPoolDropsWhatIsQueuedBehindAGapFirst(t *testing.T) {
	t.Parallel()
	p, ann, _, eve, state := full(t)
	joe := newUser(4)
	state.balance[joe.addr] = 10_000
	mustAdd(t, p, eve.sign(transfer(eve, ann, 1, 1, 40)))
	if err := p.Committed(1, nil, nil); err != nil {
		t.Fatal(err)
	}
	_, err := p.Add(joe.sign(transfer(joe, ann, 2, 1, 9000)))
	refused(t, err, chain.RefusedPoolFull) // behind a gap: it pays nothing now, whatever it promises
	p.Remove(chain.RefusedNotValidator, p.Select(1, 1<<20)[0].ID)
	mustAdd(t, p, joe.sign(transfer(joe, ann, 2, 1, 9000)))
	mustAdd(t, p, newTiny(t, state, p)) // the lowest fee there is still displaces it
	if s := p.Stats(); s.Transactions != 3 || s.Executable != 3 {
		t.Fatalf("want 3 executable ones, got %+v", s)
	}
}

// newTiny is an executable transaction of a new account with the lowest fee.
func newTiny(t *testing.T, state *ledger, p *mempool.Pool) []byte {
	t.Helper()
	u := newUser(77)
	state.balance[u.addr] = 100
	return u.sign(transfer(u, newUser(1), 1, 1, 10))
}

func TestOneLargeTransactionPaysForAllItDisplaces(t *testing.T) {
	t.Parallel()
	state := newLedger()
	users := make([]user, 6)
	for i := range users {
		users[i] = newUser(uint64(i + 1))
		state.balance[users[i].addr] = 10_000
	}
	eve, small := users[5], transfer(users[0], users[1], 1, 1, 20)
	size := len(users[0].sign(small))
	p := newPool(t, state, func(c *mempool.Config) { c.MaxBytes = 4 * size })
	for _, u := range users[:4] {
		mustAdd(t, p, u.sign(transfer(u, eve, 1, 1, 20)))
	}
	large := transfer(eve, users[0], 1, 1, 40)
	large.Memo = make([]byte, 100) // takes the place of two
	_, err := p.Add(eve.sign(large))
	refused(t, err, chain.RefusedPoolFull)
	if s := p.Stats(); s.Transactions != 4 || s.Executable != 4 || s.Dropped != 0 {
		t.Fatalf("a refusal must leave the pool as it was, got %+v", s)
	}
	large.Fee = 41
	mustAdd(t, p, eve.sign(large))
	if s := p.Stats(); s.Transactions != 3 || s.Dropped != 2 {
		t.Fatalf("want two displaced, got %+v", s)
	}
}

func TestAnAccountDoesNotDisplaceItself(t *testing.T) {
	t.Parallel()
	ann, bob := newUser(1), newUser(2)
	state := newLedger()
	state.balance[ann.addr] = 10_000
	p := newPool(t, state, func(c *mempool.Config) { c.MaxTxs = 2 })
	mustAdd(t, p, ann.sign(transfer(ann, bob, 1, 1, 10)))
	mustAdd(t, p, ann.sign(transfer(ann, bob, 2, 1, 10)))
	_, err := p.Add(ann.sign(transfer(ann, bob, 3, 1, 500)))
	refused(t, err, chain.RefusedPoolFull)
	mustAdd(t, p, ann.sign(transfer(ann, bob, 2, 1, 500))) // but replacing needs no room
}
