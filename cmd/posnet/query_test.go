package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/chain"
)

func TestTransactionIsSentAndFollowed(t *testing.T) {
	t.Parallel()
	solo, url, faucet := served(t)
	var out sent
	text := must(t, "tx", "transfer", solo.Spare.String(), "1.5", "--key-file", faucet, "--memo", "hello", "--node", url, "-o", "json")
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if out.Nonce != 1 || out.Fee != 1000 || out.Status != "pending" {
		t.Errorf("%+v", out)
	}
	shows(t, must(t, "query", "pool", "--node", url), "1 transaction waiting", "1.5 POS", `"hello"`)
	solo.Forge()
	shows(t, must(t, "query", "tx", out.ID.String(), "--node", url, "--wait"), "final", "1.5 POS")
	shows(t, must(t, "tx", "faucet", solo.Spare.String(), "2", "--key-file", faucet, "--node", url), "nonce", "2", "pending")
	shows(t, must(t, "tx", "stake", solo.Spare.String(), "25", "--key-file", faucet, "--fee", "0.5", "--node", url), "0.5 POS")
	refused(t, "refused", "tx", "transfer", solo.Spare.String(), "5000000", "--key-file", faucet, "--node", url)
	refused(t, "not an address", "tx", "transfer", "mum", "5", "--key-file", faucet, "--node", url)
	refused(t, "not an amount", "tx", "transfer", solo.Spare.String(), "1e3", "--key-file", faucet, "--node", url)
	refused(t, "--key-file", "tx", "transfer", solo.Spare.String(), "5", "--node", url)
}

func TestAValidatorIsRegisteredFromItsDataDirectory(t *testing.T) {
	t.Parallel()
	solo, url, faucet := served(t)
	dir := filepath.Join(t.TempDir(), "n3")
	must(t, "init", "--data-dir", dir)
	address := strings.TrimSpace(must(t, "keys", "show", filepath.Join(dir, "account.pem"), "--address"))
	must(t, "tx", "transfer", address, "10", "--key-file", faucet, "--node", url)
	solo.Forge()
	shows(t, must(t, "tx", "register", "--data-dir", dir, "--node", url), address, "pending")
	solo.Forge()
	shows(t, must(t, "query", "block", "2", "--node", url), "register")
}

func TestEveryQueryShowsItsAnswerAsTableAndAsJSON(t *testing.T) {
	t.Parallel()
	solo, url, faucet := served(t)
	must(t, "tx", "transfer", solo.Spare.String(), "1", "--key-file", faucet, "--node", url)
	solo.Forge()
	for _, c := range []struct {
		args string
		says string
	}{
		{"status", "idle: waits for work"}, {"node", "Running"}, {"blocks", "FORGER"}, {"block", "1 precommit"}, {"block 1", "for"},
		{"draw 1", "won the lottery"}, {"draw 2", "VRF proof in block 1"}, {"draw 1 --round 1", "would win"}, {"validators", "100.0000 %"}, {"peers", "1.5 ms"},
		{"pool", "0 transactions waiting"}, {"account " + solo.Spare.String(), "1 POS"}, {"account " + faucet + " --verify", "by 1 signature on block 1"},
	} {
		args := append([]string{"query", "--node", url}, strings.Fields(c.args)...)
		shows(t, must(t, args...), c.says)
		var v any
		if text := must(t, append(args, "-o", "json")...); json.Unmarshal([]byte(text), &v) != nil {
			t.Errorf("query %s -o json: %s", c.args, text)
		}
	}
	refused(t, "block_not_found", "query", "block", "7", "--node", url)
	refused(t, "heights begin at 1", "query", "draw", "0", "--node", url)
	refused(t, "not an address", "query", "account", "pos1x", "--node", url)
	refused(t, "not the address of a node", "query", "status", "--node", "ftp://x")
	refused(t, "127.0.0.1:1", "query", "status", "--node", "127.0.0.1:1")
}

// lying passes requests on and changes the answers to one path.
func lying(t *testing.T, url, path string, change func(string) string) string {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res, err := http.Get(url + r.URL.RequestURI())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer func() { _ = res.Body.Close() }()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		text := string(b)
		if strings.HasSuffix(r.URL.Path, path) {
			text = change(text)
			if text == string(b) {
				t.Errorf("nothing was changed in %s", b)
			}
		}
		w.WriteHeader(res.StatusCode)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(web.Close)
	return web.URL
}

func TestANodeThatLiesAboutADrawIsFoundOut(t *testing.T) {
	t.Parallel()
	solo, url, faucet := served(t)
	must(t, "tx", "stake", solo.Spare.String(), "5", "--key-file", faucet, "--node", url)
	for range 5 {
		solo.Forge()
	}
	must(t, "query", "draw", "4", "--node", url)
	swap := func(old, with string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, with, 1) }
	}
	validator := chain.Address(solo.Validator.Public()).String()
	for name, c := range map[string]struct {
		path   string
		change func(string) string
	}{
		"another winner":      {"/4/draw", swap(`"winner":"`+validator, `"winner":"`+solo.Spare.String())},
		"another reference":   {"/4/draw", swap(`"reference":"`, `"reference":"1`)},
		"another total":       {"/4/draw", swap(`"total":"`, `"total":"1`)},
		"another seed":        {"/4/draw", swap(`"seed":"`, `"seed":"00`)},
		"more stake":          {"/validators", swap(`"stake":"5000000"`, `"stake":"6000000"`)},
		"another seed before": {"/3/draw", func(s string) string { i := strings.Index(s, `"seed":"`) + 8; return s[:i] + "00000000" + s[i+8:] }},
	} {
		if out, err := posnet(t, "query", "draw", "4", "--node", lying(t, url, c.path, c.change)); err == nil {
			t.Errorf("%s was believed:\n%s", name, out)
		}
	}
}
