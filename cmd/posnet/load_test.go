package main

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/httpapi/httpapitest"
	"github.com/posnet/posnet/node/keys"
)

// busy is a chain that forges whenever somebody looks for a block while transactions wait.
func busy(t *testing.T) (solo *httpapitest.Solo, url, faucet string) {
	t.Helper()
	return busyUntil(t, math.MaxUint64)
}

// busyUntil is one that stops forging at a height.
func busyUntil(t *testing.T, height uint64) (solo *httpapitest.Solo, url, faucet string) {
	t.Helper()
	solo, _, faucet = eager(t, 0)
	s, err := httpapi.New(solo, httpapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	api := s.Handler()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/raw") && solo.Status().PoolTxs > 0 && solo.Status().Height < height {
			solo.Forge()
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	return solo, web.URL, faucet
}

func TestLoadCountsWhatIsInBlocks(t *testing.T) {
	t.Parallel()
	solo, url, faucet := busy(t)
	var got loaded
	text := mustBench(t, "load", "--key-file", faucet, "--node", url+","+twin(t, url), "--accounts", "600", "--batch", "10", "--warmup", "20ms",
		"--duration", "600ms", "--signed-ahead", "100", "-o", "json")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if got.Interrupted || got.Refused != 0 || got.Final == 0 || got.Blocks == 0 || got.TxPerSecond <= 0 || got.Finality.P50 <= 0 || got.LastBlock < got.FirstBlock {
		t.Errorf("%+v", got)
	}
	inBlocks := uint64(0)
	for h := got.FirstBlock; h <= got.LastBlock; h++ {
		b, err := solo.BlockAt(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		inBlocks += uint64(len(b.Block.Txs))
	}
	if inBlocks != got.Final {
		t.Errorf("%d transfers are in blocks %d to %d, %d were counted", inBlocks, got.FirstBlock, got.LastBlock, got.Final)
	}
	out, err := runBench(t, "load", "--key-file", faucet, "--node", url, "--accounts", "2", "--rate", "200", "--batch", "1", "--warmup", "0", "--duration", "500ms")
	if err == nil {
		shows(t, out, "200 a second", "2 accounts", "final", "p99")
	} else if !strings.Contains(err.Error(), "nothing became final") { // on a machine that is as slow as that
		t.Error(err)
	}
}

func TestALoadMakesIdleAccountsFirst(t *testing.T) {
	t.Parallel()
	solo, url, faucet := busy(t)
	mustBench(t, "load", "--key-file", faucet, "--node", url, "--accounts", "10", "--idle-accounts", "35", "--batch", "4", "--streams", "3",
		"--warmup", "20ms", "--duration", "600ms", "--signed-ahead", "100", "-o", "json")
	paid := map[chain.Address]bool{}
	for h := uint64(1); h <= solo.Status().Height; h++ {
		b, err := solo.BlockAt(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range b.Block.Txs {
			tx, err := chain.DecodeTx(raw)
			if err != nil {
				t.Fatal(err)
			}
			paid[tx.Tx.To] = true
		}
	}
	if len(paid) != 45 {
		t.Errorf("%d accounts got money, want the 10 of the load and 35 others", len(paid))
	}
}

func TestALoadOfWhichNothingBecomesFinalIsAnError(t *testing.T) {
	t.Parallel()
	_, url, faucet := busyUntil(t, 2) // the accounts have their money by then
	out, err := runBench(t, "load", "--key-file", faucet, "--node", url, "--accounts", "2", "--rate", "1", "--warmup", "0", "--duration", "50ms")
	if err == nil || !strings.Contains(err.Error(), "nothing became final") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestLoadKeepsNoMoreInFlightThanItMay(t *testing.T) {
	t.Parallel()
	solo, url, faucet := eager(t, 1_000_000)
	var got loaded
	text := mustBench(t, "load", "--key-file", faucet, "--target", url, "--accounts", "100", "--batch", "10", "--streams", "4", "--in-flight", "20",
		"--warmup", "0", "--duration", "150ms", "--signed-ahead", "100", "-o", "json")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if got.InFlight != 20 || got.Final == 0 || got.Ended.Sub(got.Began) < 100*time.Millisecond || got.CPUPercent < 0 {
		t.Errorf("%s", text)
	}
	for h := got.FirstBlock; h <= got.LastBlock; h++ {
		b, err := solo.BlockAt(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(b.Block.Txs); n > 20 {
			t.Errorf("block %d holds %d transfers: more than 20 were under way", h, n)
		}
	}
}

func TestTargetAndNodeAreTheSameFlag(t *testing.T) {
	t.Parallel()
	_, url, faucet := eager(t, 100)
	for _, flag := range []string{"--target", "--node"} {
		shows(t, mustBench(t, flag, url+","+twin(t, url), "--key-file", faucet, "--count", "2", "--warmup", "0"), "2 transfers to 2 nodes")
	}
	if _, err := runBench(t, "load", "--target", url, "--node", url, "--key-file", faucet); err == nil || !strings.Contains(err.Error(), "two names of the same") {
		t.Errorf("both at once: %v", err)
	}
}

func TestLoadSaysThatTheChainStandsStill(t *testing.T) {
	t.Parallel()
	_, url, faucet := eager(t, 0)
	out, err := runBench(t, "load", "--key-file", faucet, "--node", url, "--accounts", "2", "--duration", "1s", "--warmup", "0", "--timeout", "50ms")
	if err == nil || !strings.Contains(err.Error(), "no block 1 within --timeout 50ms") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestLoadRefusesWhatItCannotOffer(t *testing.T) {
	t.Parallel()
	_, url, faucet := eager(t, 100)
	poor := filepath.Join(t.TempDir(), "poor.pem")
	must(t, "keys", "generate", "--out", poor)
	for _, c := range []struct {
		says string
		args []string
	}{
		{"--key-file", []string{"--key-file", ""}},
		{"has 0 POS", []string{"--key-file", poor}},
		{"from 2 to", []string{"--key-file", faucet, "--accounts", "1"}},
		{"from 1 to", []string{"--key-file", faucet, "--batch", "0"}},
		{"--streams", []string{"--key-file", faucet, "--streams", "65"}},
		{"--rate -1 must be from", []string{"--key-file", faucet, "--rate", "-1"}},
		{"--rate 1e-09 must be from", []string{"--key-file", faucet, "--rate", "1e-9"}},
		{"--rate 1e+18 must be from", []string{"--key-file", faucet, "--rate", "1e18"}},
		{"--rate NaN", []string{"--key-file", faucet, "--rate", "NaN"}},
		{"--warmup -1s must not be negative", []string{"--key-file", faucet, "--warmup", "-1s"}},
		{"--duration 0s must be more than nothing", []string{"--key-file", faucet, "--duration", "0"}},
		{"--in-flight 10", []string{"--key-file", faucet, "--in-flight", "10", "--batch", "11"}},
		{"--signed-ahead", []string{"--key-file", faucet, "--signed-ahead", "-1"}},
	} {
		out, err := runBench(t, append([]string{"load", "--node", url}, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("bench load %s: %v, which does not mention %q\n%s", strings.Join(c.args, " "), err, c.says, out)
		}
	}
}

// A script with an unset variable gets a sentence, whatever it asks for.
func TestNoNodeAtAllIsRefused(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "key.pem")
	must(t, "keys", "generate", "--out", key)
	for _, args := range [][]string{
		{"bench", "--key-file", key, "--target", ""}, {"bench", "load", "--key-file", key, "--target", " , "}, {"bench", "reads", "--node", ""},
		{"bench", "overload", "--key-file", key, "--target", ""}, {"query", "status", "--node", ""},
	} {
		if out, err := posnet(t, args...); err == nil || !strings.Contains(err.Error(), "is empty: give the URL of a node") {
			t.Errorf("posnet %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// Each stream gets all transfers of its accounts, in the order of their nonces, whether they were signed ahead or not.
func TestStreamsKeepTheOrderOfNonces(t *testing.T) {
	t.Parallel()
	key, err := keys.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{genesis: &chain.Genesis{}, payer: key, nonce: 1}
	c.make(7)
	s := newShipment(c, 3, 5)
	s.signAhead(t.Context(), 60, &progress{out: &bytes.Buffer{}})
	next, stream := map[chain.Address]uint64{}, map[chain.Address]int{}
	for n := range 3 {
		for range 10 {
			p := s.take(n)
			for i := range p.ends {
				raw, rest, err := chain.CutBytes(p.part(i), chain.MaxTxBytes)
				if err != nil || len(rest) != 0 {
					t.Fatalf("part %d: %v", i, err)
				}
				tx, err := chain.DecodeTx(raw)
				if err != nil {
					t.Fatal(err)
				}
				from := tx.Tx.From
				if at, known := stream[from]; known && at != n {
					t.Fatalf("%s is in streams %d and %d", from, at, n)
				}
				stream[from] = n
				if next[from]++; tx.Tx.Nonce != next[from] {
					t.Fatalf("%s: nonce %d comes where %d should", from, tx.Tx.Nonce, next[from])
				}
			}
		}
	}
}
