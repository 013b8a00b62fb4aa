package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/hostile"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/httpapi/api"
)

// requests is an API that is asked without the specification looking on, which
// costs more than the answer. Its world belongs to no test: that of a fuzz target
// may not be touched while it runs.
func requests() (w *world, ask func(method, target, body string) *httptest.ResponseRecorder) {
	return requestsOf("")
}

// requestsOf is [requests] whose bodies are of some type.
func requestsOf(contentType string) (w *world, ask func(method, target, body string) *httptest.ResponseRecorder) {
	w = newWorld(&testing.T{}, httpapi.Options{Limits: httpapi.Limits{Rate: -1}})
	w.Forge()
	h := w.server.Handler()
	return w, func(method, target, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/", strings.NewReader(body))
		path, query, _ := strings.Cut(target, "?")
		r.Header.Set("Content-Type", contentType)
		r.URL.Path, r.URL.RawQuery = httpapi.BasePath+path, query
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec
	}
}

// sane fails on an answer that no request may get.
func sane(t *testing.T, what string, rec *httptest.ResponseRecorder) {
	t.Helper()
	if rec.Code >= 500 {
		t.Fatalf("%s: %d: %s", what, rec.Code, rec.Body)
	}
	if rec.Code < 400 {
		return
	}
	var e api.Error
	if err := json.Unmarshal(rec.Body.Bytes(), &e); err != nil || e.Error.Code == "" {
		t.Fatalf("%s: %d is not the error shape: %s", what, rec.Code, rec.Body)
	}
}

// bodyReader is the way of a request body through the whole API. What it costs
// besides the body is the answer, the log line and the router: they do not grow.
func bodyReader(t testing.TB) hostile.Reader {
	w, ask := requests()
	raw := w.Transfer(1, 5)
	return hostile.Reader{
		Name: "transaction in a body", Spoil: hostile.SpoilJSON,
		Samples: [][]byte{[]byte(fields(t, raw, nil)), fmt.Appendf(nil, `{"transaction":"%x"}`, raw)},
		// json.Decoder and io.ReadAll copy their buffers as they double: what is in memory
		// at once is less than half. Bodies are capped at 64 KiB.
		Factor: 32, Fixed: 64 << 10,
		Read: func(b []byte) (any, error) {
			rec := ask(http.MethodPost, "/transaction/create", string(b))
			if rec.Code >= 500 {
				panic(fmt.Sprintf("status %d: %s", rec.Code, rec.Body))
			}
			if rec.Code >= 400 {
				return nil, fmt.Errorf("status %d", rec.Code)
			}
			return nil, nil
		},
	}
}

func TestBodiesHoldAgainstHostileInput(t *testing.T) { // measures memory: not in parallel
	r := bodyReader(t)
	// The pool takes an honest transaction once.
	r.Read = func(read func([]byte) (any, error), honest map[string]bool) func([]byte) (any, error) {
		return func(b []byte) (any, error) {
			v, err := read(b)
			if honest[string(b)] {
				return v, nil
			}
			return v, err
		}
	}(r.Read, map[string]bool{string(r.Samples[0]): true, string(r.Samples[1]): true})
	r.Hold(t)
}

// targets are all that can be asked for without a body.
var targets = []string{
	"/ping", "/node", "/status", "/peers", "/genesis", "/openapi.json", "/docs",
	"/blockchain?cursor=1&limit=5", "/blocks/latest", "/blocks/1", "/blocks/1/raw", "/blocks/1/draw?round=2",
	"/transactions/", "/transaction/transaction_pool?cursor=x&limit=2", "/accounts/%s?proof=true", "/accounts/%s/transactions?cursor=1&limit=2",
	"/validators?height=1", "/stake?cursor=pos1&limit=2",
}

// FuzzTargets asks for any path and query: never a fault of the server, and what
// is refused is refused in the shape of the API.
func FuzzTargets(f *testing.F) {
	w, ask := requests()
	for _, target := range targets {
		f.Add(strings.Replace(target, "%s", chain.Address(w.Faucet.Public()).String(), 1))
	}
	for _, target := range []string{
		"/blocks/18446744073709551616", "/blocks/-1", "/blocks/" + strings.Repeat("0", 64), "/blocks/%2e%2e/draw", "/blocks/1/draw?round=-1",
		"/blockchain?limit=0", "/blockchain?limit=99999999999", "/blockchain?cursor=\x00", "/accounts/pos1", "/validators?height=18446744073709551615",
		"/transactions/" + strings.Repeat("f", 64), "/blockchain?limit=1&limit=2", "/blockchain?;", "/%zz", "//", "/accounts/x?proof=maybe",
	} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		if strings.Contains(target, "wait=") || strings.HasPrefix(strings.Trim(target, "/"), "events") {
			return // waits for a block
		}
		sane(t, fmt.Sprintf("%q", target), ask(http.MethodGet, "/"+strings.TrimPrefix(target, "/"), ""))
	})
}

func TestEveryTargetOfFuzzTargetsIsServed(t *testing.T) {
	t.Parallel()
	w, ask := requests()
	served := 0
	for _, target := range targets {
		rec := ask(http.MethodGet, strings.Replace(target, "%s", chain.Address(w.Faucet.Public()).String(), 1), "")
		sane(t, target, rec)
		if rec.Code < 400 {
			served++
		}
	}
	if served < 12 {
		t.Errorf("only %d of %d targets are served: the seeds of FuzzTargets are out of date", served, len(targets))
	}
}

// FuzzAttest is the challenge of the ceremony: the only other body.
func FuzzAttest(f *testing.F) {
	w, ask := requests()
	w.Ceremony = []byte("secret")
	f.Add(`{"nonce":"` + strings.Repeat("ab", 32) + `"}`)
	f.Add(`{"nonce":"abc"}`)
	f.Add(`{"nonce":null}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, body string) { sane(t, body, ask(http.MethodPost, "/node/attest", body)) })
}
