package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/httpapi/api"
)

// fields is the JSON form of an encoded transaction.
func fields(t testing.TB, raw []byte, change func(tx map[string]any)) string {
	t.Helper()
	s, err := chain.DecodeTx(raw)
	if err != nil {
		t.Fatal(err)
	}
	tx := map[string]any{
		"kind": s.Tx.Kind, "from": s.Tx.From, "nonce": s.Tx.Nonce, "to": s.Tx.To, "amount": api.Units(s.Tx.Amount),
		"fee": api.Units(s.Tx.Fee), "memo": string(s.Tx.Memo),
	}
	if change != nil {
		change(tx)
	}
	b, err := json.Marshal(map[string]any{"tx": tx, "signature": s.Signature})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestBothFormsOfATransactionAreTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	raw := w.Transfer(1, 5_000_000)
	var byFields api.Accepted
	a := w.ask(http.MethodPost, httpapi.BasePath+"/transaction/create", fields(t, raw, nil), true)
	a.is(202, &byFields)
	if a.header.Get("Location") != httpapi.BasePath+"/transactions/"+byFields.Id.String() || byFields.Status != api.Pending {
		t.Errorf("%+v at %s", byFields, a.header.Get("Location"))
	}
	e := w.post("/transaction/create/", fmt.Sprintf(`{"transaction":"%x"}`, raw)).fails("duplicate")
	if e.Details["id"] != byFields.Id.String() {
		t.Errorf("a duplicate names %v, not the transaction that is there", e.Details)
	}
}

func TestTransactionIsFollowedFromThePoolToItsProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	raw := w.Transfer(1, 5)
	var got api.Accepted
	w.post("/transaction/create/", fmt.Sprintf(`{"transaction":"%x"}`, raw)).is(202, &got)
	var tx api.Transaction
	w.get("/transactions/"+got.Id.String()).is(200, &tx)
	if tx.Status != api.Pending || tx.Proof != nil {
		t.Fatalf("pending: %+v", tx)
	}
	for n := uint64(2); n <= 6; n++ {
		w.post("/transaction/create/", fmt.Sprintf(`{"transaction":"%x"}`, w.Transfer(n, n))).is(202, nil)
	}
	w.Forge()
	w.get("/transactions/"+got.Id.String()+"?wait=final").is(200, &tx)
	var b api.Block
	w.get("/blocks/1").is(200, &b)
	p := tx.Proof
	if tx.Status != api.Final || tx.Height != 1 || p == nil || *tx.BlockHash != b.Hash || p.Count != 6 {
		t.Fatalf("final: %+v", tx)
	}
	if err := chain.VerifyMerkle(b.Header.TxRoot, p.Transaction, p.Index, p.Count, p.Path); err != nil {
		t.Error(err)
	}
}

func TestPoolIsListedInPagesByArrival(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	for n := uint64(1); n <= 5; n++ {
		w.post("/transaction/create/", fmt.Sprintf(`{"transaction":"%x"}`, w.Transfer(n, n))).is(202, nil)
	}
	var nonces []uint64
	for cursor := ""; ; {
		var page api.PoolPage
		w.get("/transaction/transaction_pool/?limit=2&cursor="+cursor).is(200, &page)
		for _, tx := range page.Transactions {
			nonces = append(nonces, tx.Nonce)
		}
		if page.Total != 5 {
			t.Fatalf("total %d", page.Total)
		}
		if page.Next == nil {
			break
		}
		cursor = *page.Next
	}
	if fmt.Sprint(nonces) != "[1 2 3 4 5]" {
		t.Errorf("nonces %v", nonces)
	}
}

func TestBrokenTransactionsAreRefusedWithTheFieldAtFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	raw := w.Transfer(1, 5)
	set := func(field string, v any) string {
		return fields(t, raw, func(tx map[string]any) { tx[field] = v })
	}
	for name, c := range map[string]struct{ body, code, says string }{
		"nothing":                {"", "bad_request", "empty"},
		"not JSON":               {"{\n  \"tx\": oops}", "bad_request", "line 2, column 9"},
		"cut off":                {`{"tx":`, "bad_request", "ends too early"},
		"two values":             {`{} {}`, "bad_request", "follows"},
		"an array":               {`[]`, "bad_request", "array"},
		"unknown field":          {`{"pickle":"gASV"}`, "bad_request", "pickle"},
		"neither form":           {`{}`, "malformed", "either"},
		"both forms":             {`{"transaction":"00","tx":{}}`, "malformed", "either"},
		"unknown field in tx":    {set("mint", 1), "bad_request", "mint"},
		"odd hex":                {`{"transaction":"123"}`, "malformed", "hexadecimal"},
		"hex of nothing known":   {`{"transaction":"ff00"}`, "malformed", ""},
		"negative amount":        {set("amount", "-5"), "malformed", "tx.amount"},
		"fractional amount":      {set("amount", "1.5"), "malformed", `1.5 POS is "1500000"`},
		"amount as a number":     {set("amount", 5), "malformed", "JSON string"},
		"amount above 64 bits":   {set("amount", "18446744073709551616"), "malformed", "tx.amount"},
		"amount with a sign":     {set("amount", "+5"), "malformed", "tx.amount"},
		"amount null":            {set("amount", nil), "malformed", "tx.amount is null"},
		"fractional nonce":       {set("nonce", 1.5), "malformed", "tx.nonce"},
		"negative nonce":         {set("nonce", -1), "malformed", "whole number"},
		"nonce as text":          {set("nonce", "1"), "malformed", "without quotes"},
		"garbage receiver":       {set("to", "mum"), "malformed", "tx.to"},
		"no receiver":            {fields(t, raw, func(tx map[string]any) { delete(tx, "to") }), "malformed", "tx.to is missing"},
		"minting by EXCHANGE":    {set("kind", "EXCHANGE"), "unknown_kind", "transfer, register or stake"},
		"zero amount":            {set("amount", "0"), "malformed", "amount"},
		"two memos":              {set("memoHex", "00"), "malformed", "not both"},
		"tampered amount":        {set("amount", "6"), "wrong_signature", ""},
		"tampered receiver":      {set("to", chain.Address(w.Faucet.Public())), "wrong_signature", ""},
		"signature cut":          {strings.Replace(fields(t, raw, nil), `"signature":"`, `"signature":"0`, 1), "malformed", "signature"},
		"memo beyond its cap":    {set("memo", strings.Repeat("x", 129)), "malformed", "memo"},
		"a body beyond its cap":  {`{"transaction":"` + strings.Repeat("0", 70<<10) + `"}`, "body_too_large", "65536"},
		"a transaction too long": {`{"transaction":"` + strings.Repeat("0", 6000) + `"}`, "too_large", "2048"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.post("/transaction/create/", c.body)
			a.t = t
			if e := a.fails(c.code); !strings.Contains(e.Message, c.says) {
				t.Errorf("says %q, which does not mention %q", e.Message, c.says)
			}
		})
	}
	if n := w.Pool(0, 10).Total; n != 0 {
		t.Errorf("%d transactions entered the pool", n)
	}
}

func TestTransactionsThatDoNotFitTheStateAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	w.post("/transaction/create/", fmt.Sprintf(`{"transaction":"%x"}`, w.Transfer(1, 5))).is(202, nil)
	w.Forge()
	transfer := func(change func(*chain.Tx)) []byte {
		tx := chain.Tx{Kind: chain.TxTransfer, Nonce: 2, To: w.Spare, Amount: 5, Fee: 1000}
		change(&tx)
		return w.Sign(w.Faucet, tx)
	}
	for code, raw := range map[chain.RefusalCode][]byte{
		chain.RefusedNonceUsed: transfer(func(tx *chain.Tx) { tx.Nonce = 1 }),
		chain.RefusedNonceGap:  transfer(func(tx *chain.Tx) { tx.Nonce = 1 << 40 }),
		chain.RefusedBalance:   transfer(func(tx *chain.Tx) { tx.Amount = 1 << 50 }),
		chain.RefusedFee:       transfer(func(tx *chain.Tx) { tx.Fee = 1 }),
		chain.RefusedExpired:   transfer(func(tx *chain.Tx) { tx.ValidUntil = 1 }),
		chain.RefusedDuplicate: w.Transfer(1, 5),
	} {
		w.post("/transaction/create/", fmt.Sprintf(`{"transaction":"%x"}`, raw)).fails(string(code))
	}
}

// refusing refuses every transaction with one error.
type refusing struct {
	httpapi.Backend
	err error
}

func (r refusing) Submit(context.Context, []byte) (chain.Hash, error) { return chain.Hash{1}, r.err }

func TestEveryRefusalHasItsStatusInTheSpecification(t *testing.T) {
	t.Parallel()
	doc, err := spec()
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, v := range doc.Components.Schemas["ErrorCode"].Value.Enum {
		listed[v.(string)] = true
	}
	for _, code := range api.Codes() {
		if !listed[code] {
			t.Errorf("code %s is not in openapi.yaml", code)
		}
		delete(listed, code)
		row := fmt.Sprintf("| %d | ", api.StatusOf(code))
		ok := false
		for line := range strings.Lines(doc.Info.Description) {
			ok = ok || strings.HasPrefix(line, row) && strings.Contains(line, "`"+code+"`")
		}
		if !ok {
			t.Errorf("the table in openapi.yaml does not have %s under %d", code, api.StatusOf(code))
		}
	}
	for code := range listed {
		t.Errorf("openapi.yaml lists %s, which has no status", code)
	}
	w := newWorld(t, httpapi.Options{})
	body := fmt.Sprintf(`{"transaction":"%x"}`, w.Transfer(1, 5))
	for _, code := range []chain.RefusalCode{
		chain.RefusedMalformed, chain.RefusedTooLarge, chain.RefusedSignature, chain.RefusedNonceUsed, chain.RefusedNonceGap,
		chain.RefusedBalance, chain.RefusedFee, chain.RefusedExpired, chain.RefusedDuplicate, chain.RefusedPoolFull,
		chain.RefusedNotValidator, chain.RefusedRegistered, chain.RefusedKeyInUse, chain.RefusedBadKey, chain.RefusedBadProof,
		chain.RefusedSupply, chain.RefusedUnknownKind,
	} {
		s, err := httpapi.New(refusing{w.Solo, fmt.Errorf("pool: %w", chain.Refuse(code, "because"))}, httpapi.Options{})
		if err != nil {
			t.Fatal(err)
		}
		w.server = s
		if e := w.post("/transaction/create/", body).fails(string(code)); e.Message != "because" {
			t.Errorf("%s says %q", code, e.Message)
		}
	}
	for want, err := range map[string]error{
		api.CodeUnavailable: fmt.Errorf("disk full: %w", httpapi.ErrUnavailable),
		api.CodeTimeout:     context.DeadlineExceeded,
		api.CodeInternal:    errors.New("secret path /var/lib"),
	} {
		s, newErr := httpapi.New(refusing{w.Solo, err}, httpapi.Options{})
		if newErr != nil {
			t.Fatal(newErr)
		}
		w.server = s
		if e := w.post("/transaction/create/", body).fails(want); want == api.CodeInternal && strings.Contains(e.Message, "secret") {
			t.Errorf("an internal error tells strangers %q", e.Message)
		}
	}
}

func FuzzCreateTransaction(f *testing.F) {
	w := newWorld(f, httpapi.Options{Limits: httpapi.Limits{Rate: -1}})
	raw := w.Transfer(1, 5)
	f.Add(fields(f, raw, nil))
	f.Add(fmt.Sprintf(`{"transaction":"%x"}`, raw))
	f.Add(`{"tx":{"kind":"stake","amount":"1e9"},"signature":null}`)
	f.Add(`{"tx":null,"transaction":null}`)
	f.Add("[[[[")
	f.Add("")
	f.Fuzz(func(t *testing.T, body string) {
		w.t = t
		a := w.post("/transaction/create/", body)
		if a.code >= 500 {
			t.Fatalf("%d: %s", a.code, a.body)
		}
		if a.code != http.StatusAccepted {
			var e api.Error
			if err := json.Unmarshal(a.body, &e); err != nil || e.Error.Code == "" {
				t.Fatalf("%d is not the error shape: %s", a.code, a.body)
			}
		}
	})
}
