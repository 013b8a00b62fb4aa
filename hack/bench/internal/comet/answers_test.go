package comet

import (
	"encoding/json"
	"slices"
	"testing"
)

const (
	taken   = `{"jsonrpc":"2.0","id":0,"result":{"code":0,"data":"","log":"","codespace":"","hash":"AB"}}`
	full1   = `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error","data":"mempool is full: number of txs 5000 (max: 5000), total txs bytes 1 (max: 2)"}}`
	known2  = `{"jsonrpc":"2.0","id":2,"error":{"code":-32603,"message":"Internal error","data":"tx already exists in cache"}}`
	invalid = `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Invalid Request","data":"batch request exceeds maximum (10) allowed number of requests"}}`
)

func TestWhatAFullMempoolRefusesIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		n      int
		want   []int
		fails  bool
	}{
		"all are taken":                          {"[" + taken + "," + taken + "]", 2, nil, false},
		"one alone is taken":                     {taken, 1, nil, false},
		"the second finds the mempool full":      {"[" + taken + "," + full1 + "," + taken + "]", 3, []int{1}, false},
		"what is known already is taken":         {"[" + taken + "," + full1 + "," + known2 + "]", 3, []int{1}, false},
		"a request that is refused as a whole":   {invalid, 20, nil, true},
		"fewer answers than requests":            {"[" + taken + "]", 2, nil, true},
		"fewer answers than requests, one full":  {"[" + taken + "," + full1 + "]", 3, nil, true},
		"a full mempool about an unknown number": {"[" + full1 + "]", 1, nil, true},
		"no JSON":                                {`{"error"`, 1, nil, true},
		"nothing":                                {``, 1, nil, true},
	} {
		got, err := refused([]byte(c.answer), c.n)
		if (err != nil) != c.fails || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v (%v), want %v, error %v", name, got, err, c.want, c.fails)
		}
	}
}

func FuzzRefused(f *testing.F) {
	f.Add([]byte("["+taken+","+full1+"]"), 2)
	f.Add([]byte(invalid), 1)
	f.Fuzz(func(t *testing.T, answer []byte, n int) {
		again, err := refused(answer, n)
		if err != nil {
			return
		}
		for _, i := range again {
			if i < 0 || i >= n {
				t.Errorf("request %d of %d is to be sent again", i, n)
			}
		}
	})
}

func TestABatchIsJSON(t *testing.T) {
	t.Parallel()
	var calls []struct {
		ID     int    `json:"id"`
		Method string `json:"method"`
		Params struct {
			Tx string `json:"tx"`
		} `json:"params"`
	}
	if err := json.Unmarshal(appendBatch(nil, newTransactions(), []uint64{5, 9}), &calls); err != nil {
		t.Fatal(err)
	}
	if len(calls) != 2 {
		t.Fatalf("%d calls, want 2", len(calls))
	}
	for i, want := range []uint64{5, 9} {
		if got, err := sequence(calls[i].Params.Tx); err != nil || got != want || calls[i].ID != i || calls[i].Method != "broadcast_tx_async" {
			t.Errorf("call %d is %+v (%v), want transaction %d", i, calls[i], err, want)
		}
	}
}

func TestEventsTellHeightAndTransactions(t *testing.T) {
	t.Parallel()
	got, err := parseEvent([]byte(`{"jsonrpc":"2.0","id":0,"result":{"query":"tm.event='NewBlockEvents'","data":{"type":"tendermint/event/NewBlockEvents","value":{"height":"12","events":[],"num_txs":"345"}},"events":{}}}`))
	if err != nil || got.height != 12 || got.txs != 345 {
		t.Errorf("%+v (%v), want height 12 and 345 transactions", got, err)
	}
	for _, broken := range []string{``, `{}`, `{"jsonrpc":"2.0","id":0,"result":{}}`, `{"error":{"message":"m","data":"d"}}`} {
		if _, err := parseEvent([]byte(broken)); err == nil {
			t.Errorf("%s is taken for an event", broken)
		}
	}
}
