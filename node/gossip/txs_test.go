package gossip

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
)

func TestTransactionsReachEveryNode(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	b := connect(t, a)
	c := connect(t, a, b)
	nodes := []*node{a, b, c}
	for _, x := range nodes {
		for _, y := range nodes {
			if x != y {
				together(t, x, y)
			}
		}
	}
	const each = 200
	body := strings.Repeat("x", 100) // the smallest transaction has 148 bytes
	for i := range each {
		for k, n := range nodes {
			n.submit(fmt.Sprintf("tx %d of %d %s", i, k, body))
		}
	}
	eventually(t, "all pools are the same", func() bool {
		for _, n := range nodes {
			if len(n.pending()) != 3*each {
				return false
			}
		}
		return true
	})
}

func TestALateNodeGetsWhatWaits(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	long := "tx" + strings.Repeat("x", 1500)
	for i := range 100 { // more than a message, less than an answer
		a.submit(fmt.Sprintf("%s %d", long, i))
	}
	b := connect(t, a)
	b.submit("tx of b, from before it had peers")
	eventually(t, "both have all", func() bool { return len(a.pending()) == 101 && len(b.pending()) == 101 })
	if n, err := b.SyncPool(t.Context(), a.ID()); n != 0 || err != nil {
		t.Fatalf("equal pools have nothing to tell: %d, %v", n, err)
	}
}

func TestWhoHasLessAsksWhoHasMore(t *testing.T) {
	t.Parallel()
	never := func(cfg *Config) { cfg.poolEvery = time.Hour }
	a := start(t, never)
	b := start(t, func(cfg *Config) { never(cfg); cfg.Seeds = []string{a.api(t)} })
	together(t, a, b)
	eventually(t, "both have greeted, and with that compared pools", func() bool {
		for _, n := range []*node{a, b} {
			if peers := n.Peers(); len(peers) != 1 || peers[0].Latency == 0 {
				return false
			}
		}
		return true
	})
	a.admitAll("", [][]byte{[]byte("tx only in the pool of a")}) // as if its message had been lost
	if n, err := a.SyncPool(t.Context(), b.ID()); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	eventually(t, "b has it", func() bool { return b.has("tx only in the pool of a") })
}

func TestWhatAPeerToldReachesThoseBehindUs(t *testing.T) {
	t.Parallel()
	// b stands between a and c, who do not know each other.
	b := start(t, nil)
	c := connect(t, b)
	together(t, b, c)
	a := start(t, func(cfg *Config) { cfg.MaxPeers = 1; cfg.Seeds = []string{b.api(t)} })
	a.admitAll("", [][]byte{[]byte("tx only in the pool of a")})
	together(t, a, b)
	eventually(t, "c has it", func() bool { return c.has("tx only in the pool of a") })
}

func TestATransactionThatOvertookItsBlockIsOfferedAgain(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	b := connect(t, a)
	c := connect(t, b)
	together(t, a, b)
	together(t, b, c)
	for _, n := range []*node{a, c} {
		n.mu.Lock()
		n.funded = true
		n.mu.Unlock()
	}
	a.submit("early bird")
	eventually(t, "b has refused it", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.asked["early bird"] > 0
	})
	if b.has("early bird") {
		t.Fatal("b cannot take it yet")
	}
	b.mu.Lock()
	b.funded = true // the block came
	b.mu.Unlock()
	eventually(t, "b and c have it", func() bool { return b.has("early bird") && c.has("early bird") })
}

func TestWhatStaysImpossibleIsForgottenAndBounded(t *testing.T) {
	t.Parallel()
	n := start(t, nil)
	id := mustID(t)
	for i := range 2 * retryPerPeer {
		n.admit(id, [][]byte{fmt.Appendf(nil, "early %d", i)})
	}
	n.retries.mu.Lock()
	if len(n.retries.items) > retryPerPeer {
		t.Errorf("%d are kept of one peer", len(n.retries.items))
	}
	n.retries.mu.Unlock()
	eventually(t, "all are forgotten", func() bool {
		n.retries.mu.Lock()
		defer n.retries.mu.Unlock()
		return len(n.retries.items) == 0 && len(n.retries.of) == 0
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	if got := n.asked["early 0"]; got > 1+retryTimes {
		t.Fatalf("it was offered %d times", got)
	}
}

func TestBatchesKeepToTheirSizeAndLoseNothing(t *testing.T) {
	t.Parallel()
	var raws [][]byte
	for i := range 700 {
		raws = append(raws, make([]byte, 1+i*3))
	}
	raws = append(raws, make([]byte, batchBytes+1)) // no transaction: left out
	var back [][]byte
	for _, b := range batches(raws) {
		if len(b) > batchBytes {
			t.Fatalf("a message of %d bytes", len(b))
		}
		got, err := decodeBatch(b)
		if err != nil {
			t.Fatal(err)
		}
		back = append(back, got...)
	}
	if len(back) != 700 || len(back[699]) != len(raws[699]) {
		t.Fatalf("want all 700 back in order, got %d", len(back))
	}
}

func FuzzDecodeBatch(f *testing.F) {
	f.Add(chain.Encode([][]byte{[]byte("tx")}))
	f.Add([]byte{0x9a, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		raws, err := decodeBatch(b)
		if err == nil && (len(raws) == 0 || string(chain.Encode(raws)) != string(b)) {
			t.Fatalf("%x was taken for a message", b)
		}
	})
}
