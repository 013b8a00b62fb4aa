package comet

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// mempool is a node that takes so many transactions, and is emptied when it
// has refused one.
type mempool struct {
	mu          sync.Mutex
	size        int
	now, all    []uint64
	refusals    int
	invalidHTTP error
}

func (m *mempool) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var calls []struct {
		ID     int `json:"id"`
		Params struct {
			Tx string `json:"tx"`
		} `json:"params"`
	}
	if err := json.NewDecoder(r.Body).Decode(&calls); err != nil {
		m.invalidHTTP = err
	}
	var answers []string
	full := false
	for _, c := range calls {
		seq, err := sequence(c.Params.Tx)
		if err != nil {
			m.invalidHTTP = err
		}
		if full = full || len(m.now) == m.size; full {
			answers = append(answers, strings.Replace(full1, `"id":1`, fmt.Sprintf(`"id":%d`, c.ID), 1))
			continue
		}
		m.now, m.all = append(m.now, seq), append(m.all, seq)
		answers = append(answers, strings.Replace(taken, `"id":0`, fmt.Sprintf(`"id":%d`, c.ID), 1))
	}
	if full {
		m.now, m.refusals = nil, m.refusals+1
	}
	fmt.Fprint(w, "["+strings.Join(answers, ",")+"]")
}

func newTestSender(t *testing.T, m *mempool, win *window, batch int) *sender {
	t.Helper()
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	return &sender{
		rpc: newClient(strings.TrimPrefix(server.URL, "http://")), txs: newTransactions(), next: new(atomic.Uint64), win: win, batch: batch, full: new(atomic.Uint64),
	}
}

func TestNothingIsLostWhenTheMempoolIsFull(t *testing.T) {
	t.Parallel()
	m := &mempool{size: 7}
	s := newTestSender(t, m, newWindow(30), 10)
	for range 3 {
		if err := s.send(t.Context(), 10, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if m.invalidHTTP != nil {
		t.Fatal(m.invalidHTTP)
	}
	if m.refusals == 0 || s.full.Load() != uint64(m.refusals) {
		t.Errorf("the mempool was full %d times, and %d were counted", m.refusals, s.full.Load())
	}
	var sent []uint64
	for _, x := range s.taken {
		sent = append(sent, x.seq)
	}
	for name, got := range map[string][]uint64{"arrived": m.all, "noted": sent} {
		slices.Sort(got)
		for i := range uint64(30) {
			if len(got) != 30 || got[i] != i {
				t.Fatalf("%s: %v, want 0 to 29, each once", name, got)
			}
		}
	}
}

func TestAFloodStopsAtTheWindow(t *testing.T) {
	t.Parallel()
	m := &mempool{size: 1000}
	win := newWindow(50)
	s := newTestSender(t, m, win, 10)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.flood(ctx) }()
	for deadline := time.Now().Add(10 * time.Second); win.underWay() < 50 && time.Now().Before(deadline); {
		_ = wait(ctx, time.Millisecond)
	}
	win.give(10) // as a block does
	for deadline := time.Now().Add(10 * time.Second); s.next.Load() < 60 && time.Now().Before(deadline); {
		_ = wait(ctx, time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := len(s.taken); n != 60 {
		t.Errorf("%d transactions were sent, want the window's 50 and the 10 that a block made room for", n)
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWindow(10)
		ctx, cancel := context.WithCancel(t.Context())
		if !w.take(ctx, 8) || w.underWay() != 8 {
			t.Fatalf("%d under way, want 8", w.underWay())
		}
		got := make(chan bool)
		go func() { got <- w.take(ctx, 4) }()
		synctest.Wait()
		select {
		case <-got:
			t.Fatal("4 more were let in, with room for 2")
		default:
		}
		w.give(2)
		if !<-got || w.underWay() != 10 {
			t.Fatalf("%d under way, want 10", w.underWay())
		}
		w.force(5)
		if w.underWay() != 15 {
			t.Fatalf("%d under way, want 15: a paced load is offered whether or not there is room", w.underWay())
		}
		go func() { got <- w.take(ctx, 1) }()
		synctest.Wait()
		cancel()
		if <-got {
			t.Error("one was let in after the end")
		}
	})
}

func TestAPacedLoadIsDueRegularlyHoweverLateItIs(t *testing.T) {
	t.Parallel()
	m := &mempool{size: 1 << 20}
	win := newWindow(1)
	s := newTestSender(t, m, win, 4)
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now().Add(-time.Second) // a second late: it has to catch up
	done := make(chan error)
	go func() { done <- s.pace(ctx, began, 500) }()
	for deadline := time.Now().Add(10 * time.Second); s.next.Load() < 500 && time.Now().Before(deadline); {
		_ = wait(ctx, time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if len(s.taken) < 500 {
		t.Fatalf("%d transactions, want the 500 of the first second at least", len(s.taken))
	}
	for i, x := range s.taken {
		tick := i/10 + 1 // ten in a tick of 20 ms
		if want := began.Add(time.Duration(tick) * pacedTick); !x.at.Equal(want) {
			t.Fatalf("transaction %d was due %v after the beginning, want %v", i, x.at.Sub(began), want.Sub(began))
		}
	}
}
