package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/hostile"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/httpapi/client"
	"github.com/posnet/posnet/node/httpapi/httpapitest"
	"github.com/posnet/posnet/node/stake"
)

// liar is a node that gives the same answer to everything.
type liar struct {
	status int
	body   []byte
}

func (l *liar) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: l.status, Status: http.StatusText(l.status), Proto: "HTTP/1.1", Request: r,
		Header: http.Header{"Retry-After": {"1"}}, Body: io.NopCloser(bytes.NewReader(l.body)), ContentLength: int64(len(l.body)),
	}, nil
}

// calls are all that read an answer, each with what is done with it first.
func calls(genesis chain.Hash, set *stake.Set) map[string]func(context.Context, *client.Client) error {
	var a chain.Address
	return map[string]func(context.Context, *client.Client) error{
		"ping":    func(ctx context.Context, c *client.Client) error { return c.Ping(ctx) },
		"node":    func(ctx context.Context, c *client.Client) error { _, err := c.Node(ctx); return err },
		"status":  func(ctx context.Context, c *client.Client) error { _, err := c.Status(ctx); return err },
		"genesis": func(ctx context.Context, c *client.Client) error { _, _, err := c.Genesis(ctx); return err },
		"blocks":  func(ctx context.Context, c *client.Client) error { _, err := c.Blocks(ctx, "", 5); return err },
		"draw":    func(ctx context.Context, c *client.Client) error { _, err := c.Draw(ctx, "1", nil); return err },
		"stake":   func(ctx context.Context, c *client.Client) error { _, err := c.Stake(ctx, "", 5); return err },
		"peers":   func(ctx context.Context, c *client.Client) error { _, err := c.Peers(ctx); return err },
		"pool":    func(ctx context.Context, c *client.Client) error { _, err := c.Pool(ctx, "", 5); return err },
		"submit":  func(ctx context.Context, c *client.Client) error { _, err := c.Submit(ctx, []byte{1}); return err },
		"block": func(ctx context.Context, c *client.Client) error {
			b, err := c.Block(ctx, "latest")
			if err == nil {
				err = client.CheckHeader(genesis, set, 1, &b.Header, &b.Certificate)
			}
			return err
		},
		"account": func(ctx context.Context, c *client.Client) error {
			acc, err := c.Account(ctx, a, true)
			if err == nil {
				_, err = client.VerifyAccount(genesis, set, acc)
			}
			return err
		},
		"validators": func(ctx context.Context, c *client.Client) error {
			v, err := c.Validators(ctx, 1)
			if err == nil {
				_, err = client.SetOf(v)
			}
			return err
		},
		"transaction": func(ctx context.Context, c *client.Client) error {
			tx, err := c.Transaction(ctx, chain.Hash{})
			if err == nil {
				err = client.VerifyTransaction(&chain.Header{}, tx)
			}
			return err
		},
	}
}

// answers are honest ones, by call.
func answers(t testing.TB) (out map[string][]byte, genesis chain.Hash, set *stake.Set) {
	solo := httpapitest.New(&testing.T{}) // may be asked while a fuzz target runs
	s, err := httpapi.New(solo, httpapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := chain.DecodeTx(solo.Transfer(1, 5))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := solo.Submit(t.Context(), chain.Encode(tx)); err != nil {
		t.Fatal(err)
	}
	solo.Forge()
	faucet := chain.Address(solo.Faucet.Public()).String()
	out = map[string][]byte{}
	for name, path := range map[string]string{
		"ping": "/ping", "node": "/node", "status": "/status", "genesis": "/genesis", "blocks": "/blockchain", "block": "/blocks/1", "draw": "/blocks/1/draw",
		"account": "/accounts/" + faucet + "?proof=true", "validators": "/validators", "stake": "/stake", "peers": "/peers",
		"pool": "/transaction/transaction_pool", "transaction": "/transactions/" + tx.Tx.ID().String(),
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, httpapi.BasePath+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		rec := &recorder{header: http.Header{}}
		s.Handler().ServeHTTP(rec, r)
		if rec.status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, rec.status, rec.body.String())
		}
		out[name] = rec.body.Bytes()
	}
	var v api.Validators
	if err := json.Unmarshal(out["validators"], &v); err != nil {
		t.Fatal(err)
	}
	if set, err = client.SetOf(&v); err != nil {
		t.Fatal(err)
	}
	return out, solo.GenesisHash(), set
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// reader gives one call the answer of a liar.
func reader(t testing.TB, name string, call func(context.Context, *client.Client) error, honest []byte) hostile.Reader {
	l := &liar{}
	c, err := client.New("http://192.0.2.1:1", &http.Client{Transport: l})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	return hostile.Reader{
		Name: "answer: " + name, Spoil: hostile.SpoilJSON, Samples: [][]byte{honest},
		// io.ReadAll copies as it doubles, and encoding/json says in an error what did not fit.
		Factor: 32, Fixed: 64 << 10,
		Read: func(b []byte) (any, error) {
			l.status, l.body = http.StatusOK, b
			if len(b) > 0 && b[0]%7 == 0 {
				l.status = http.StatusBadRequest
			}
			err := call(ctx, c)
			if err != nil && strings.Contains(err.Error(), "is not proven") {
				err = nil // it was read
			}
			return nil, err
		},
	}
}

func TestAnswersHoldAgainstHostileInput(t *testing.T) { // measures memory: not in parallel
	honest, genesis, set := answers(t)
	for name, call := range calls(genesis, set) {
		r := reader(t, name, call, honest[name])
		if name != "account" && name != "blocks" { // these two hold all that others do
			r.Spoil = func([]byte) []hostile.Case { return hostile.Values() }
		}
		for _, c := range r.All() {
			if got, most := hostile.Allocated(func() { _, _ = r.Read(c.Bytes) }, uint64(r.Factor*len(c.Bytes)+r.Fixed)), uint64(r.Factor*len(c.Bytes)+r.Fixed); got > most {
				t.Errorf("%s, %s: reading %d bytes allocates %d, at most %d are allowed", name, c.Name, len(c.Bytes), got, most)
			}
		}
	}
}

// FuzzAnswers gives every call an answer of a node that may say anything.
func FuzzAnswers(f *testing.F) {
	honest, genesis, set := answers(f)
	var readers []hostile.Reader
	for name, call := range calls(genesis, set) {
		readers = append(readers, reader(f, name, call, honest[name]))
	}
	for _, body := range honest {
		if len(body) < 1<<14 {
			f.Add(body)
		}
	}
	for _, v := range hostile.Values() {
		if len(v.Bytes) < 100 {
			f.Add(v.Bytes)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		for i := range readers {
			_, _ = readers[i].Read(in)
		}
	})
}
