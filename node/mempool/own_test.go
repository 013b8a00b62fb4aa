package mempool_test

import (
	"errors"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/mempool"
)

// small returns a pool with room for 8, half of it for this node's clients, and users with money.
func small(t *testing.T) (p *mempool.Pool, users []user) {
	t.Helper()
	state := newLedger()
	for i := range uint64(4) {
		u := newUser(i + 1)
		state.balance[u.addr] = 1_000_000
		users = append(users, u)
	}
	return newPool(t, state, func(c *mempool.Config) { c.MaxTxs = 8 }), users
}

// row is n transfers of one account from a nonce on.
func row(from, to user, nonce, n, fee uint64) (raws [][]byte) {
	for i := range n {
		raws = append(raws, from.sign(transfer(from, to, nonce+i, 1, fee)))
	}
	return raws
}

// taken counts what came in; all others must have been refused for want of room.
func taken(t *testing.T, results []mempool.Result) (n int) {
	t.Helper()
	for i, r := range results {
		var why *chain.Refusal
		switch {
		case r.Err == nil:
			n++
		case !errors.As(r.Err, &why) || why.Code != chain.RefusedPoolFull:
			t.Errorf("transaction %d: %v, want it taken or refused as %s", i, r.Err, chain.RefusedPoolFull)
		}
	}
	return n
}

// Nodes that fill their pools with what only their own clients sent hold different transactions, and none has room for those
// of the others: an overload then leaves as many behind as all pools together hold.
func TestHalfOfTheRoomIsForWhatPeersTookIn(t *testing.T) {
	t.Parallel()
	p, u := small(t)
	if n := taken(t, p.AddOwn(row(u[0], u[1], 1, 8, 10))); n != 4 {
		t.Errorf("%d of 8 in one batch were taken, want half of the room", n)
	}
	if !p.Crowded() {
		t.Error("it is crowded for clients now")
	}
	if n := taken(t, p.AddOwn(row(u[0], u[1], 5, 1, 10))); n != 0 {
		t.Error("a client whose account has transactions waiting already took room of the peers")
	}
	if n := taken(t, p.AddOwn(row(u[0], u[1], 4, 1, 11))); n != 1 {
		t.Error("to replace one takes no room, and must always be possible")
	}
	if n := taken(t, p.AddAll(row(u[1], u[0], 1, 2, 10))); n != 2 {
		t.Errorf("%d of 2 of the peers were taken, want all: half of the room is theirs", n)
	}
	if n := taken(t, p.AddOwn(row(u[2], u[0], 1, 2, 11))); n != 2 {
		t.Errorf("%d of 2 that pay more than what waits were taken, want all", n)
	}
	if n := taken(t, p.AddAll(row(u[3], u[0], 1, 1, 10))); n != 0 {
		t.Error("the pool is full: no more at the same fee")
	}
}

// Whoever has accounts with money can have transactions wait behind a gap for nothing.
func TestWhatWaitsBehindAGapKeepsNoClientOut(t *testing.T) {
	t.Parallel()
	p, u := small(t)
	if n := taken(t, p.AddAll(row(u[3], u[0], 2, 6, 500))); n != 6 {
		t.Fatalf("%d of 6 behind a gap were taken", n)
	}
	if p.Crowded() {
		t.Error("what waits behind a gap makes it crowded for clients")
	}
	if n := taken(t, p.AddOwn(row(u[0], u[1], 1, 3, 10))); n != 3 {
		t.Errorf("%d of 3 executable ones were taken, want all: they displace what is behind the gap", n)
	}
	if s := p.Stats(); s.Executable != 3 || s.Transactions != 8 {
		t.Errorf("%+v: want 3 executable ones in a full pool", s)
	}
	if n := taken(t, p.AddOwn(row(u[1], u[0], 1, 2, 10))); n != 1 {
		t.Errorf("%d of 2 were taken, want the one that makes half of the room", n)
	}
	if n := taken(t, p.AddOwn(row(u[2], u[0], 1, 1, 11))); n != 1 {
		t.Error("what pays more than the least displaces what is behind the gap, too")
	}
}
