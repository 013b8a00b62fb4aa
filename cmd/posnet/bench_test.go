package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/httpapi/httpapitest"
	"github.com/posnet/posnet/node/keys"
)

// eager is a chain that forges a block for every transaction it is given, until
// it has made as many as it may.
func eager(t *testing.T, blocks uint64) (solo *httpapitest.Solo, url, faucet string) {
	t.Helper()
	solo = httpapitest.New(t)
	s, err := httpapi.New(solo, httpapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	api := s.Handler()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api.ServeHTTP(w, r)
		if r.Method == http.MethodPost && solo.Tip() < blocks {
			solo.Forge()
		}
	}))
	t.Cleanup(web.Close)
	faucet = filepath.Join(t.TempDir(), "faucet.pem")
	if err := keys.SavePrivateFile(faucet, solo.Faucet); err != nil {
		t.Fatal(err)
	}
	return solo, web.URL, faucet
}

// twin is another address of the node at url.
func twin(t *testing.T, at string) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(httputil.NewSingleHostReverseProxy(u))
	t.Cleanup(web.Close)
	return web.URL
}

// runBench runs the command by itself.
func runBench(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := newBenchCommand()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func mustBench(t *testing.T, args ...string) string {
	t.Helper()
	out, err := runBench(t, args...)
	if err != nil {
		t.Fatalf("bench %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func TestBenchSendsOneTransferAfterTheOther(t *testing.T) {
	t.Parallel()
	solo, url, faucet := eager(t, 100)
	var got benched
	text := mustBench(t, "--count", "12", "--warmup", "3", "--pause", "1ms", "--key-file", faucet, "--node", url+","+twin(t, url)+"/", "-o", "json")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	f := got.Finality
	if got.Transfers != 12 || got.FirstBlock != 4 || got.LastBlock != 15 || len(got.Nodes) != 2 || got.GenesisHash != solo.GenesisHash() {
		t.Errorf("%+v", got)
	}
	if f.Min <= 0 || f.P50 < f.Min || f.P90 < f.P50 || f.P99 < f.P90 || f.Max != f.P99 {
		t.Errorf("times out of order: %+v", f)
	}
	if solo.Tip() != 15 {
		t.Errorf("15 transfers one at a time made %d blocks", solo.Tip())
	}
	shows(t, mustBench(t, "--count", "1", "--warmup", "0", "--key-file", faucet, "--node", url),
		"1 transfer to 1 node", "blocks 16 to 16", "p50", "p99", "ms")
}

func TestBenchShowsWhatItMeasuredBeforeItFailed(t *testing.T) {
	t.Parallel()
	_, url, faucet := eager(t, 4)
	out, err := runBench(t, "--count", "9", "--warmup", "1", "--timeout", "300ms", "--key-file", faucet, "--node", url)
	if err == nil {
		t.Fatalf("a transfer that never became final was measured:\n%s", out)
	}
	shows(t, err.Error(), "stopped after 3 of 9 transfers", "not final within --timeout 300ms")
	shows(t, out, "3 transfers to 1 node", "blocks 2 to 4", "p99")
}

func TestBenchRefusesWhatItCannotMeasure(t *testing.T) {
	t.Parallel()
	_, url, faucet := eager(t, 100)
	poor := filepath.Join(t.TempDir(), "poor.pem")
	must(t, "keys", "generate", "--out", poor)
	for _, c := range []struct {
		says string
		args []string
	}{
		{"--key-file", []string{"--node", url, "--key-file", ""}},
		{"has 0 POS", []string{"--node", url, "--key-file", poor}},
		{"--count 0: from 1 to", []string{"--node", url, "--key-file", faucet, "--count", "0"}},
		{"--warmup -1: from 0 to", []string{"--node", url, "--key-file", faucet, "--warmup", "-1"}},
		{"--pause -1s must not be negative", []string{"--node", url, "--key-file", faucet, "--pause", "-1s"}},
		{"--timeout 0s must be more than nothing", []string{"--node", url, "--key-file", faucet, "--timeout", "0"}},
		{"DATA/faucet.pem", []string{"--node", url, "--key-file", ""}},
		{"get secret demo-faucet", []string{"load", "--node", url, "--key-file", "/no/such/faucet.pem"}},
		{"not the address of a node", []string{"--node", "ftp://x", "--key-file", faucet}},
	} {
		out, err := runBench(t, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("bench %s: %v, which does not mention %q\n%s", strings.Join(c.args, " "), err, c.says, out)
		}
	}
}

func TestPercentilesAreTimesThatWereSeen(t *testing.T) {
	t.Parallel()
	up := func(n int) (ds []time.Duration) {
		for i := n; i > 0; i-- {
			ds = append(ds, time.Duration(i)*time.Millisecond)
		}
		return ds
	}
	for n, want := range map[int]spread{
		1:    {1, 1, 1, 1, 1},
		2:    {1, 1, 2, 2, 2},
		10:   {1, 5, 9, 10, 10},
		100:  {1, 50, 90, 99, 100},
		1000: {1, 500, 900, 990, 1000},
	} {
		if got := spreadOf(up(n)); got != want {
			t.Errorf("of %d times: got %+v, want %+v", n, got, want)
		}
	}
	if got := milliseconds(1234567 * time.Nanosecond); got != 1.235 {
		t.Errorf("1234567 ns are %v ms", got)
	}
}

func TestAPayerUsesEachNonceOnce(t *testing.T) {
	t.Parallel()
	p := &payer{tx: chain.Tx{Nonce: 7}}
	for want := uint64(7); want < 10; want++ {
		if got := p.next().Nonce; got != want {
			t.Errorf("nonce %d, want %d", got, want)
		}
	}
}
