package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
)

// fullOnce is a node in front of url whose pool is full when the first batch comes. It then calls when.
func fullOnce(t *testing.T, url string, when func()) (base string, batches *atomic.Int64) {
	t.Helper()
	batches = &atomic.Int64{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/batch/") && batches.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"error":{"code":"pool_full","message":"come back"}}`))
			when()
			return
		}
		http.Redirect(w, r, url+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(web.Close)
	return web.URL, batches
}

// aCrowd has money for nothing: nodes refuse its transfers for good.
func aCrowd(t *testing.T, hash chain.Hash) *crowd {
	t.Helper()
	solo, _, _ := eager(t, 0)
	c := &crowd{genesis: &chain.Genesis{}, hash: hash, payer: solo.Faucet, nonce: 1}
	c.make(2)
	return c
}

func TestAParcelThatWasBegunIsDeliveredAfterTheEndOfALoad(t *testing.T) {
	t.Parallel()
	solo, url, _ := eager(t, 0)
	sending, end := context.WithCancel(t.Context())
	base, batches := fullOnce(t, url, end)
	r := &remote{nodes: []string{base}}
	clients, done, err := r.clients()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	l := &load{remote: r}
	n := counters{win: newWindow(0)}
	_ = l.send(sending, t.Context(), clients[0], newShipment(aCrowd(t, solo.GenesisHash()), 1, 4), 0, time.Now(), &n)
	if batches.Load() != 2 {
		t.Errorf("%d batches were sent, want the one that was refused for the moment once more", batches.Load())
	}
}

func TestFinishOffersAgainWhatWasOfferedAndNothingNew(t *testing.T) {
	t.Parallel()
	solo, url, _ := eager(t, 0)
	base, batches := fullOnce(t, url, func() {})
	clients, done, err := (&remote{nodes: []string{base}}).clients()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	s := newShipment(aCrowd(t, solo.GenesisHash()), 1, 2)
	s.each = true
	p, q := s.take(0), s.take(0)
	waiting := [][]part{{{p, 0}, {p, 1}, {q, 0}, {q, 1}}}
	o := newOffer(s, time.Minute, 0, waiting)
	if left, err := o.batch(t.Context(), clients[0], waiting[0][:2]); err != nil || len(left) != 2 {
		t.Fatalf("%d left (%v) of a full pool, want 2", len(left), err)
	}
	o.finish(t.Context(), clients)
	if got := o.seen(); batches.Load() != 2 || got.offered != 4 || len(waiting[0]) != 2 || waiting[0][0] != (part{q, 0}) {
		t.Errorf("%d batches, %+v, and %d wait", batches.Load(), got, len(waiting[0]))
	}
}

func TestWhatPoolsHoldAfterALoadIsToldWithWhetherItMoves(t *testing.T) {
	t.Parallel()
	var looks, fewer atomic.Int64
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"mempool":{"transactions":%d}}`, max(0, 1000-fewer.Load()*looks.Add(1)))
	}))
	t.Cleanup(web.Close)
	clients, done, err := (&remote{nodes: []string{web.URL}}).clients()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	tell := &progress{out: &bytes.Buffer{}}
	for _, c := range []struct {
		name  string
		fewer int64
		how   settling
		want  func(waiting) bool
		says  string
	}{
		{"all leave", 500, settling{time.Minute, time.Minute, 0}, func(w waiting) bool { return w == waiting{} }, ""},
		{"none leaves", 0, settling{time.Minute, 0, 0}, func(w waiting) bool { return w == waiting{Transfers: 1000, Stuck: true} }, "taken by the next block"},
		{"they leave slowly", 1, settling{0, time.Minute, 0}, func(w waiting) bool { return w.Transfers == 999 && !w.Stuck }, "by themselves"},
	} {
		looks.Store(0)
		fewer.Store(c.fewer)
		got, err := c.how.settle(t.Context(), clients, tell, nil)
		var out bytes.Buffer
		showWaiting(&out, &got)
		if err != nil || !c.want(got) || !strings.Contains(out.String(), c.says) || (c.says == "") != (out.Len() == 0) {
			t.Errorf("%s: %+v (%v): %q", c.name, got, err, out.String())
		}
	}
}

func TestOverloadExplainsWhatItsTableShows(t *testing.T) {
	t.Parallel()
	r := &endured{
		Peak: 100, PeakMeasured: true, PeakSeconds: 3,
		Before: stretch{OfferedPerSecond: 50, FinalPerSecond: 60, RefusedCodes: map[string]uint64{"bad_nonce": 4}},
		After:  stretch{OfferedPerSecond: 50, FinalPerSecond: 50, Lost: 2, RefusedCodes: map[string]uint64{"pool_full": 1}},
	}
	var out bytes.Buffer
	if err := render(&out, "table", r, showEndured); err != nil {
		t.Fatal(err)
	}
	shows(t, out.String(), "measured for 3.0 s: too short", "so it may be", "bad_nonce: the transfer is in a block already", "REFUSED counts every offering", "2 transfers refused for good")
	if notes := (&endured{}).notes(); len(notes) != 0 {
		t.Errorf("what needs no explanation is explained: %q", notes)
	}
}

func TestOverloadSaysWhenItsPeakWasNone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		measured    bool
		final       float64
		explainable bool
	}{{true, 1000, false}, {true, 1090, false}, {true, 1200, true}, {false, 1200, false}} {
		r := &endured{Peak: 1000, PeakMeasured: c.measured, PeakSeconds: 20, Overload: stretch{OfferedPerSecond: 3000, FinalPerSecond: c.final}}
		if said := strings.Contains(strings.Join(r.notes(), "\n"), "more than the peak that was measured"); said != c.explainable {
			t.Errorf("%+v: %q", c, r.notes())
		}
	}
}

func TestWhatWasInterruptedSaysSo(t *testing.T) {
	t.Parallel()
	for _, was := range []bool{false, true} {
		var load, reads, overload bytes.Buffer
		err := errors.Join(render(&load, "table", &loaded{Interrupted: was}, showLoad), render(&reads, "table", &readDone{Interrupted: was}, showReads),
			render(&overload, "table", &endured{Interrupted: was}, showEndured))
		if err != nil {
			t.Fatal(err)
		}
		for _, out := range []string{load.String(), reads.String(), overload.String()} {
			if strings.Contains(out, "interrupted") != was {
				t.Errorf("interrupted %v: %s", was, out)
			}
		}
	}
}

func TestLoadExplainsWhyMoreIsFinalThanWasTaken(t *testing.T) {
	t.Parallel()
	for final, explained := range map[uint64]bool{9: false, 10: false, 11: true} {
		var out bytes.Buffer
		if err := render(&out, "table", &loaded{Submitted: 10, Final: final}, showLoad); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "before the counting began") != explained {
			t.Errorf("%d final of 10 taken: %s", final, out.String())
		}
	}
}

func TestANonceThatWasUsedIsNotLost(t *testing.T) {
	t.Parallel()
	solo, _, _ := eager(t, 0)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"accepted": 0, "refused": []map[string]any{{"index": 0, "code": "bad_nonce", "message": "m"}, {"index": 1, "code": "fee_too_low", "message": "m"}}})
	}))
	t.Cleanup(web.Close)
	clients, done, err := (&remote{nodes: []string{web.URL}}).clients()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	s := newShipment(aCrowd(t, solo.GenesisHash()), 1, 2)
	s.each = true
	p := s.take(0)
	o := newOffer(s, time.Minute, 0, make([][]part, 1))
	if left, err := o.batch(t.Context(), clients[0], []part{{p, 0}, {p, 1}}); err != nil || len(left) != 0 {
		t.Fatalf("%d left (%v)", len(left), err)
	}
	if got := o.seen(); got.lost != 1 || got.codes["bad_nonce"] != 1 {
		t.Errorf("%+v, want one lost and one in a block", got)
	}
}
