package httpapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/httpapi/api"
)

// sequence is a batch as programs send it.
func sequence(raws ...[]byte) string {
	var b []byte
	for _, raw := range raws {
		b = append(b, chain.Encode(raw)...)
	}
	return string(b)
}

// batch posts a body of some type.
func (w *world) batch(kind, body string) answer {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, httpapi.BasePath+"/transaction/batch/", strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	rec := httptest.NewRecorder()
	w.server.Handler().ServeHTTP(rec, r)
	return answer{t: w.t, code: rec.Code, header: rec.Header(), body: rec.Body.Bytes()}
}

func TestABatchIsTakenTransactionByTransaction(t *testing.T) {
	t.Parallel()
	for kind, join := range map[string]func(raws ...[]byte) string{
		"application/cbor-seq": sequence,
		"application/x-ndjson": func(raws ...[]byte) string {
			var lines []string
			for i, raw := range raws {
				line := fmt.Sprintf(`{"transaction":"%x"}`, raw)
				if i == 0 {
					line = fields(t, raw, nil)
				}
				lines = append(lines, line, "")
			}
			return strings.Join(lines, "\n")
		},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, httpapi.Options{})
			first, second := w.Transfer(1, 5), w.Transfer(2, 5)
			forged := bytes.Clone(w.Transfer(3, 5))
			forged[len(forged)-1] ^= 1
			var got api.BatchResult
			w.batch(kind, join(first, second, first, forged)).is(200, &got)
			if got.Accepted != 2 || len(got.Refused) != 2 {
				t.Fatalf("%+v", got)
			}
			again, wrong := got.Refused[0], got.Refused[1]
			tx, err := chain.DecodeTx(first)
			if err != nil {
				t.Fatal(err)
			}
			if again.Index != 2 || again.Code != "duplicate" || again.Id == nil || *again.Id != tx.Tx.ID() {
				t.Errorf("the same again: %+v", again)
			}
			if wrong.Index != 3 || wrong.Code != "wrong_signature" || wrong.Message == "" {
				t.Errorf("a wrong signature: %+v", wrong)
			}
		})
	}
}

func TestABatchThatCannotBeReadIsRefusedWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{Limits: httpapi.Limits{Batch: 64 << 10, Rate: -1}})
	raw := w.Transfer(1, 5)
	line := fmt.Sprintf(`{"transaction":"%x"}`, raw)
	for name, c := range map[string]struct{ kind, body, code, says string }{
		"nothing":                 {"application/cbor-seq", "", "bad_request", "empty"},
		"empty lines":             {"application/x-ndjson", "\n\n", "bad_request", "empty"},
		"half an item":            {"application/cbor-seq", sequence(raw)[:50], "bad_request", "item 0"},
		"no byte string":          {"application/cbor-seq", sequence(raw) + "\x01", "bad_request", "item 1"},
		"too large a transaction": {"application/cbor-seq", sequence(raw, make([]byte, chain.MaxTxBytes+1)), "bad_request", "item 1"},
		"too large a body":        {"application/cbor-seq", strings.Repeat("x", 64<<10+1), "body_too_large", "65536"},
		"no JSON":                 {"application/x-ndjson", line + "\nx\n", "bad_request", "line 2"},
		"a field too many":        {"application/x-ndjson", line + "\n" + `{"other":1}`, "bad_request", "line 2"},
		"too many":                {"application/cbor-seq", strings.Repeat("\x41\x00", 10_001), "body_too_large", "10000"},
	} {
		t.Run(name, func(t *testing.T) {
			e := w.batch(c.kind, c.body).fails(c.code)
			if !strings.Contains(e.Message, c.says) {
				t.Errorf("%q does not mention %q", e.Message, c.says)
			}
		})
	}
	if n := w.Status().PoolTxs; n != 0 {
		t.Errorf("%d transactions of refused batches are in the pool", n)
	}
}

func TestABatchCountsForAsMuchAsItBrings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{Limits: httpapi.Limits{Rate: 0.001, Burst: 12}})
	w.batch("application/cbor-seq", strings.Repeat("\x41\x00", 320)).is(200, nil) // 1 request, and 9 for what is in it
	w.batch("application/cbor-seq", strings.Repeat("\x41\x00", 320)).fails("rate_limited")
}

func TestARawBlockIsWhatItsHashAndRootsCover(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	raw := w.Transfer(1, 5)
	if _, err := w.Submit(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
	w.Forge()
	w.Forge()
	var described api.Block
	w.get("/blocks/1").is(200, &described)
	for _, id := range []string{"1", described.Hash.String()} {
		rec := w.plain(http.MethodGet, httpapi.BasePath+"/blocks/"+id+"/raw")
		block, err := chain.DecodeBlock(rec.Body.Bytes(), chain.MaxBlockBytes)
		if err != nil {
			t.Fatal(err)
		}
		if block.Header.Hash() != described.Hash || len(block.Txs) != 1 || !bytes.Equal(block.Txs[0], raw) || rec.Header().Get("X-Block-Height") != "1" {
			t.Errorf("%s: %+v", id, block.Header)
		}
	}
	w.get("/blocks/9/raw").fails("block_not_found")
	w.get("/blocks/x/raw").fails("bad_parameter")
	w.PrunedBelow = 2
	w.get("/blocks/1/raw").fails("pruned")
}

// FuzzBatch sends any body as a batch of either form: never a fault of the server.
func FuzzBatch(f *testing.F) {
	w, ask := requestsOf("application/cbor-seq")
	_, lines := requestsOf("application/x-ndjson")
	f.Add([]byte(sequence(w.Transfer(1, 5), w.Transfer(2, 5))))
	f.Add(fmt.Appendf(nil, "{\"transaction\":\"%x\"}\n\n{}", w.Transfer(3, 5)))
	f.Fuzz(func(t *testing.T, b []byte) {
		sane(t, string(b), ask(http.MethodPost, "/transaction/batch", string(b)))
		sane(t, string(b), lines(http.MethodPost, "/transaction/batch", string(b)))
	})
}
