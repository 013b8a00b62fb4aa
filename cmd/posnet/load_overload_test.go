package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
)

func TestOverloadTellsWhatBecameOfTheNetwork(t *testing.T) {
	t.Parallel()
	_, url, faucet := busy(t)
	metrics := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("# HELP process_resident_memory_bytes Resident.\nprocess_resident_memory_bytes 1.048576e+06\n"))
	}))
	t.Cleanup(metrics.Close)
	args := []string{
		"overload", "--key-file", faucet, "--target", url, "--accounts", "100", "--batch", "5", "--streams", "1", "--measure", "1s",
		"--duration", "300ms", "--normal", "200ms", "--metrics", metrics.URL,
	}
	var got endured
	text := mustBench(t, append(args, "-o", "json")...)
	if strings.Count(text, "\n") != 1 {
		t.Errorf("not one line: %s", text)
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if got.Interrupted || !got.PeakMeasured || got.Peak < 1 || got.Overload.Seconds < 0.25 || got.Overload.FinalPerSecond <= 0 || got.Overload.Finality.P99 <= 0 {
		t.Errorf("%+v", got)
	}
	if asked := got.Peak * 3; got.Overload.Asked != asked || got.Before.Asked != got.Peak/2 {
		t.Errorf("asked for %.0f and %.0f a second of a peak of %.0f", got.Before.Asked, got.Overload.Asked, got.Peak)
	}
	if m := got.Memory; m.Most == nil && m.Before == nil && m.After == nil {
		t.Errorf("no memory was seen: %s", text)
	} else if m.Most != nil && *m.Most != 1<<20 {
		t.Errorf("%v bytes, want those of the metrics", *m.Most)
	}
	shows(t, mustBench(t, append(args, "--peak", "100")...), "100 transfers a second, as given", "OFFERED/s", "overload", "as quick as before")
}

func TestOverloadOffersAgainWhatIsRefusedForTheMoment(t *testing.T) {
	t.Parallel()
	solo, url, _ := eager(t, 0)
	var full bool
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if full = !full; full && strings.HasSuffix(r.URL.Path, "/batch/") {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"error":{"code":"too_many_waiters","message":"come back"}}`))
			return
		}
		http.Redirect(w, r, url+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(web.Close)
	clients, done, err := (&remote{nodes: []string{web.URL}}).clients()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	c := &crowd{genesis: &chain.Genesis{}, hash: solo.GenesisHash(), payer: solo.Faucet, nonce: 1}
	c.make(2)
	s := newShipment(c, 1, 4)
	s.each = true
	p := s.take(0)
	o := newOffer(s, time.Minute, 0, make([][]part, 1))
	parts := []part{{p, 0}, {p, 1}, {p, 2}, {p, 3}}
	left, err := o.batch(t.Context(), clients[0], parts)
	if err != nil || len(left) != 4 || left[0] != parts[0] {
		t.Fatalf("refused whole: %d left (%v), want all to be offered again", len(left), err)
	}
	left, err = o.batch(t.Context(), clients[0], left)
	if got := o.seen(); err != nil || got.offered != 8 || got.codes["too_many_waiters"] != 4 || got.taken+got.lost != 4 {
		t.Errorf("%+v with %d left (%v)", got, len(left), err) // accounts without money are refused for good
	}
}

func TestTheNetworkIsBackWhenASecondIsAsQuickAsBefore(t *testing.T) {
	t.Parallel()
	began := time.Unix(1000, 0)
	// flow is ten blocks a second of ten transfers each, which take some milliseconds.
	flow := func(from, to time.Duration, took time.Duration) (all []sighting) {
		for at := from; at < to; at += 100 * time.Millisecond {
			for range 10 {
				seen := began.Add(at)
				all = append(all, sighting{seen.Add(-took).UnixNano(), seen.UnixNano()})
			}
		}
		return all
	}
	for _, c := range []struct {
		name string
		seen []sighting
		want float64 // -1: never
	}{
		{"at once", flow(0, 5*time.Second, 50*time.Millisecond), 0},
		{"when the queue is empty", append(flow(0, 2*time.Second, time.Second), flow(2*time.Second, 5*time.Second, 50*time.Millisecond)...), 2},
		{"never while it is slow", flow(0, 5*time.Second, 201*time.Millisecond), -1},
		{"never while nothing comes", nil, -1},
		{"at a bearable time", flow(0, 5*time.Second, 199*time.Millisecond), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := recovered(c.seen, began, began.Add(5*time.Second), 100, 100)
			switch {
			case got == nil && c.want >= 0:
				t.Errorf("never, want after %v s", c.want)
			case got != nil && *got != c.want:
				t.Errorf("after %v s, want %v", *got, c.want)
			}
		})
	}
}

func TestMemoryIsTheSumOfAllNodes(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			_, _ = w.Write([]byte("process_resident_memory_bytes 1000\n"))
		}
	}))
	t.Cleanup(web.Close)
	m := newMemory([]string{web.URL, strings.TrimPrefix(web.URL, "http://") + "/metrics"}, nil)
	if sum, err := m.look(t.Context()); err != nil || sum != 2000 {
		t.Errorf("%v bytes (%v), want 2000", sum, err)
	}
	if _, err := newMemory([]string{web.URL + "/other"}, nil).look(t.Context()); err == nil || !strings.Contains(err.Error(), "private port") {
		t.Errorf("what is not a node's: %v", err)
	}
	if _, err := os.Stat("/proc/self/statm"); err == nil {
		if sum, err := newMemory(nil, []int{os.Getpid()}).look(t.Context()); err != nil || sum < 1<<20 {
			t.Errorf("this process holds %v bytes (%v)", sum, err)
		}
		if _, err := residentOf(1 << 30); err == nil || !strings.Contains(err.Error(), strconv.Itoa(1<<30)) {
			t.Errorf("a process that is none: %v", err)
		}
	}
}

func TestAWindowHoldsNoMoreThanItsSize(t *testing.T) {
	t.Parallel()
	w := newWindow(10)
	if !w.take(t.Context(), 6) || !w.take(t.Context(), 4) {
		t.Fatal("ten do not fit")
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if w.take(ended, 1) {
		t.Error("an eleventh fits")
	}
	took := make(chan bool)
	go func() { took <- w.take(t.Context(), 3) }()
	w.give(3)
	if !<-took {
		t.Error("what was given back cannot be taken")
	}
	if free := newWindow(0); !free.take(t.Context(), 1<<40) || free.take(ended, 1) {
		t.Error("a window without a size bounds nothing but the run")
	}
}
