package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
)

func TestReadsAsksForAccountsThatTheChainShows(t *testing.T) {
	t.Parallel()
	_, url, _ := eager(t, 0)
	var got readDone
	text := mustBench(t, "reads", "--target", url+","+twin(t, url), "--rate", "500", "--warmup", "20ms", "--duration", "200ms", "--connections", "3", "-o", "json")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if got.Reads == 0 || got.Reads > 120 || got.Errors != 0 || got.Accounts == 0 || got.Latency.P50 <= 0 || got.Latency.P99 < got.Latency.P50 {
		t.Errorf("%+v", got)
	}
	shows(t, mustBench(t, "reads", "--target", url, "--rate", "0", "--warmup", "0", "--duration", "50ms"), "as many as are answered", "16 connections", "p99")
}

func TestReadsCountsRefusalsByTheirCode(t *testing.T) {
	t.Parallel()
	_, url, _ := eager(t, 0)
	var asked atomic.Uint64
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "/accounts/") {
			http.Redirect(w, r, url+r.URL.Path, http.StatusTemporaryRedirect)
			return
		}
		switch asked.Add(1) % 3 {
		case 0:
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(`{"error":{"code":"rate_limited","message":"slow down"}}`))
		case 1:
			w.WriteHeader(http.StatusBadGateway)
		default:
			_, _ = w.Write([]byte(`{}`))
		}
	}))
	t.Cleanup(web.Close)
	var got readDone
	text := mustBench(t, "reads", "--target", web.URL, "--rate", "1000", "--warmup", "0", "--duration", "100ms", "--connections", "2", "-o", "json")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if got.Reads == 0 || got.ErrorCodes["rate_limited"] == 0 || got.ErrorCodes["http_502"] == 0 || got.Errors != got.ErrorCodes["rate_limited"]+got.ErrorCodes["http_502"] {
		t.Errorf("%+v", got)
	}
}

// A node that is slower than it is asked falls behind: what it answers while it is counted counts all the same, from when it
// was due.
func TestReadsCountsLateAnswers(t *testing.T) {
	t.Parallel()
	_, url, _ := eager(t, 0)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "/accounts/") {
			http.Redirect(w, r, url+r.URL.Path, http.StatusTemporaryRedirect)
			return
		}
		late := time.NewTimer(10 * time.Millisecond) // a hundred a second, and 10,000 are asked for
		defer late.Stop()
		<-late.C
		_, _ = w.Write([]byte(`{}`))
	}))
	t.Cleanup(web.Close)
	var got readDone
	text := mustBench(t, "reads", "--target", web.URL, "--rate", "10000", "--warmup", "100ms", "--duration", "300ms", "--connections", "1", "-o", "json")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if got.Reads == 0 || got.Latency.Max < 90 {
		t.Errorf("%d reads, the last after %.0f ms, of a node that falls behind: %+v", got.Reads, got.Latency.Max, got)
	}
}

// hanging gives the URL of a node that answers everything but reads of accounts.
func hanging(t *testing.T) string {
	t.Helper()
	_, url, _ := eager(t, 0)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/accounts/") {
			<-r.Context().Done()
			return
		}
		http.Redirect(w, r, url+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(web.Close)
	return web.URL
}

func TestReadsThatNobodyAnswersAreAnError(t *testing.T) {
	t.Parallel()
	web := hanging(t)
	out, err := runBench(t, "reads", "--target", web, "--warmup", "0", "--duration", "50ms", "--connections", "1", "--timeout", "500ms")
	if err == nil || !strings.Contains(err.Error(), "no read was answered") {
		t.Errorf("%v\n%s", err, out)
	}
}

// A node that hangs is not waited for until --timeout: what it owes after the end counts as not answered.
func TestReadsDoesNotWaitForANodeThatHangs(t *testing.T) {
	t.Parallel()
	web := hanging(t)
	o := &reads{
		remote: &remote{nodes: []string{web}, timeout: time.Hour}, rate: 1000, duration: 200 * time.Millisecond, connections: 3,
		grace: 10 * time.Millisecond,
	}
	clients, done, err := o.clients()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	var got readDone
	err = o.measure(t.Context(), clients, []chain.Address{{1}}, &got, &progress{out: io.Discard})
	if late := got.ErrorCodes["not_answered"]; err == nil || got.Reads != 0 || late < 1 || late > 3 || late+got.Unsent != 200 {
		t.Errorf("%+v (%v), want 3 not answered and 197 not sent", got, err)
	}
}

func TestReadsSayThatTheyWereStopped(t *testing.T) {
	t.Parallel()
	o := &reads{remote: &remote{nodes: []string{hanging(t)}, timeout: time.Hour}, rate: 1, duration: time.Hour, connections: 1}
	clients, done, err := o.clients()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var got readDone
	if err := o.measure(ctx, clients, []chain.Address{{1}}, &got, &progress{out: io.Discard}); err == nil || !got.Interrupted {
		t.Errorf("%+v (%v)", got, err)
	}
}

func TestReadsEndsWhenTheNodeIsGone(t *testing.T) {
	t.Parallel()
	_, url, _ := eager(t, 0)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/accounts/") {
			panic(http.ErrAbortHandler) // hangs up
		}
		http.Redirect(w, r, url+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(web.Close)
	out, err := runBench(t, "reads", "--target", web.URL, "--rate", "0", "--warmup", "0", "--duration", "1m", "--connections", "1", "-o", "json")
	if err == nil || !strings.Contains(err.Error(), "read the answer of") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestReadsRefusesWhatItCannotMeasure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ says, args string }{
		{"--rate -1 must be from", "--rate -1"},
		{"--warmup -1s must not be negative", "--warmup -1s"},
		{"at most 20000000 reads", "--rate 50000 --duration 1h"},
		{"--connections", "--connections 0"},
		{"--accounts", "--accounts 0"},
	} {
		_, err := runBench(t, append([]string{"reads"}, strings.Fields(c.args)...)...)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("bench reads %s: %v, which does not mention %q", c.args, err, c.says)
		}
	}
}
