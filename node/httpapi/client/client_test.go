package client_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/httpapi/client"
	"github.com/posnet/posnet/node/httpapi/httpapitest"
)

func open(t *testing.T) (*httpapitest.Solo, *client.Client) {
	t.Helper()
	solo := httpapitest.New(t)
	s, err := httpapi.New(solo, httpapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	c, err := client.New(web.URL+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return solo, c
}

func TestEveryCallReadsItsAnswer(t *testing.T) {
	t.Parallel()
	solo, c := open(t)
	ctx := t.Context()
	id, err := c.Submit(ctx, solo.Transfer(1, 5))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := c.Pool(ctx, "", 1); err != nil || p.Total != 1 || p.Transactions[0].Id != id {
		t.Errorf("pool: %+v, %v", p, err)
	}
	solo.Forge()
	tx, err := c.WaitFinal(ctx, id)
	if err != nil || tx.Status != api.Final {
		t.Fatalf("%+v, %v", tx, err)
	}
	b, err := c.Block(ctx, "latest")
	if err != nil {
		t.Fatal(err)
	}
	if err := client.VerifyTransaction(&b.Header, tx); err != nil {
		t.Error(err)
	}
	g, _, err := c.Genesis(ctx)
	if err != nil || g.Hash() != solo.GenesisHash() {
		t.Errorf("genesis %v", err)
	}
	for name, call := range map[string]func() error{
		"ping":   func() error { return c.Ping(ctx) },
		"node":   func() error { _, err := c.Node(ctx); return err },
		"status": func() error { _, err := c.Status(ctx); return err },
		"blocks": func() error { _, err := c.Blocks(ctx, "", 5); return err },
		"draw":   func() error { r := uint64(2); _, err := c.Draw(ctx, "1", &r); return err },
		"stake":  func() error { _, err := c.Stake(ctx, "", 5); return err },
		"peers":  func() error { _, err := c.Peers(ctx); return err },
		"tx":     func() error { _, err := c.Transaction(ctx, id); return err },
	} {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRefusalsKeepTheirCode(t *testing.T) {
	t.Parallel()
	solo, c := open(t)
	raw := solo.Transfer(1, 5)
	if _, err := c.Submit(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
	_, err := c.Submit(t.Context(), raw)
	if client.Code(err) != "duplicate" {
		t.Errorf("got %v", err)
	}
	_, err = c.Block(t.Context(), "7")
	if client.Code(err) != api.CodeBlockNotFound || !strings.Contains(err.Error(), "no block") {
		t.Errorf("got %v", err)
	}
}

func TestProvenAccountIsBelievedAndAForgedOneIsNot(t *testing.T) {
	t.Parallel()
	solo, c := open(t)
	ctx := t.Context()
	solo.Forge()
	g, _, err := c.Genesis(ctx)
	if err != nil {
		t.Fatal(err)
	}
	read := func() *api.Account {
		a, err := c.Account(ctx, solo.Faucet.Public(), true)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := read()
	set, err := c.TrustedSet(ctx, g, a.Proof.Height, a.Proof.Header.Set, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.VerifyAccount(g.Hash(), set, a)
	if err != nil || got.Balance != 1000*chain.UnitsPerPOS {
		t.Fatalf("%+v, %v", got, err)
	}
	for name, forge := range map[string]func(*api.Account){
		"a richer value":    func(a *api.Account) { a.Proof.Value[len(a.Proof.Value)-2]++ },
		"no value":          func(a *api.Account) { a.Proof.Value = nil },
		"another account":   func(a *api.Account) { a.Address = solo.Validator.Public() },
		"another state":     func(a *api.Account) { a.Proof.Header.State[0]++ },
		"another chain":     func(a *api.Account) { a.Proof.Header.Genesis[0]++ },
		"another height":    func(a *api.Account) { a.Proof.Height++ },
		"no signature":      func(a *api.Account) { a.Proof.Certificate.Signatures = nil },
		"a wrong signature": func(a *api.Account) { a.Proof.Certificate.Signatures[0][3]++ },
		"a broken tree":     func(a *api.Account) { a.Proof.Tree = a.Proof.Tree[:1] },
		"no proof":          func(a *api.Account) { a.Proof = nil },
	} {
		a := read()
		forge(a)
		if _, err := client.VerifyAccount(g.Hash(), set, a); err == nil {
			t.Errorf("%s was believed", name)
		}
	}
}

func TestSetsAreFollowedFromGenesis(t *testing.T) {
	t.Parallel()
	solo, c := open(t)
	ctx := t.Context()
	raw := solo.Sign(solo.Faucet, chain.Tx{Kind: chain.TxStake, Nonce: 1, To: solo.Spare, Amount: 5 * chain.UnitsPerPOS, Fee: 1000})
	if _, err := c.Submit(ctx, raw); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		solo.Forge()
	}
	g, _, err := c.Genesis(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Block(ctx, "latest")
	if err != nil {
		t.Fatal(err)
	}
	var walked []uint64
	set, err := c.TrustedSet(ctx, g, 5, b.Header.Set, func(h uint64) { walked = append(walked, h) })
	if err != nil {
		t.Fatal(err)
	}
	if set.Len() != 2 || len(walked) != 4 {
		t.Errorf("%d validators after walking %v; want 2 after 4 blocks", set.Len(), walked)
	}
	if err := client.CheckHeader(g.Hash(), set, 5, &b.Header, &b.Certificate); err != nil {
		t.Error(err)
	}
	other := *g
	other.Time++
	if _, err := c.TrustedSet(ctx, &other, 5, b.Header.Set, nil); err == nil {
		t.Error("a chain was believed to follow from another genesis")
	}
}

func TestStrangersAndSilenceAreNamed(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "ftp://x", "http://", "://"} {
		if _, err := client.New(bad, nil); err == nil {
			t.Errorf("%q was taken for an address", bad)
		}
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<html>", http.StatusBadGateway)
	}))
	c, err := client.New(web.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Node(t.Context()); err == nil || !strings.Contains(err.Error(), "502") {
		t.Errorf("a stranger: %v", err)
	}
	web.Close()
	if _, err := c.Node(t.Context()); err == nil || !strings.Contains(err.Error(), web.URL) {
		t.Errorf("silence: %v", err)
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	solo, c := open(t)
	id, err := c.Submit(t.Context(), solo.Transfer(1, 5))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.WaitFinal(ctx, id); err == nil || !strings.Contains(err.Error(), "not final yet") {
		t.Errorf("got %v", err)
	}
}
