package chainclient

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/hostile"
	"github.com/posnet/posnet/node/keys"
)

// liar is a pod that gives the same answer to everything.
type liar struct {
	status int
	body   []byte
}

func (l *liar) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: l.status, Status: http.StatusText(l.status), Proto: "HTTP/1.1", Request: r, Header: http.Header{},
		Body: io.NopCloser(bytes.NewReader(l.body)), ContentLength: int64(len(l.body)),
	}, nil
}

// answerReaders give each call of the client the answer of a liar.
func answerReaders() []hostile.Reader {
	l := &liar{}
	c := &Client{http: &http.Client{Transport: l}}
	ctx := context.Background()
	account := keys.FromSeed([32]byte{1})
	address := chain.Address(account.Public())
	validator := Validator{Address: address, Stake: 5, Bonded: 5, Online: true}
	genesis := &chain.Genesis{
		ChainID: "demo", Time: 1_700_000_000_000, Params: chain.DefaultParams(), Accounts: []chain.GenesisAccount{{Address: address, Balance: 7}},
		Validators: []chain.GenesisValidator{{Address: address, Keys: chain.ValidatorKeys{Consensus: chain.PublicKey{1}, VRF: chain.PublicKey{2}, Peer: chain.PublicKey{3}}}},
		Bonds:      []chain.GenesisBond{{Staker: address, Validator: address, Amount: 5}},
	}
	file, err := genesis.MarshalFile()
	if err != nil {
		panic(err)
	}
	reader := func(name string, factor int, sample any, call func() error) hostile.Reader {
		raw, ok := sample.([]byte)
		if !ok {
			if raw, err = json.Marshal(sample); err != nil {
				panic(err)
			}
		}
		return hostile.Reader{
			Name: name, Spoil: hostile.SpoilJSON, Samples: [][]byte{raw}, Factor: factor, Fixed: 16 << 10,
			Read: func(b []byte) (any, error) {
				l.status, l.body = http.StatusOK, b
				return nil, call()
			},
		}
	}
	// io.ReadAll copies as it grows, in all about four times what it read; encoding/json
	// says in an error what did not fit, up to three bytes for one.
	const scalars = 32
	return []hostile.Reader{
		reader("node", scalars, Node{GenesisHash: chain.Hash{1}.String(), Address: address}, func() error { _, err := c.Node(ctx, "192.0.2.1"); return err }),
		reader("status", scalars, Status{ChainID: "demo", Height: 3}, func() error { _, err := c.Status(ctx, "192.0.2.1"); return err }),
		reader("validators", scalars, Validators{Height: 3, TotalStake: 5, Validators: []Validator{validator, validator}},
			func() error { _, err := c.Validators(ctx, "192.0.2.1"); return err }),
		reader("genesis", scalars, file, func() error { _, _, err := c.Genesis(ctx, "192.0.2.1", genesis.Hash()); return err }),
		{
			Name: "error", Spoil: hostile.SpoilJSON, Factor: scalars, Fixed: 16 << 10,
			Lies: []hostile.Case{{Name: "honest", Bytes: []byte(`{"error":{"code":"no_genesis","message":"none yet"}}`)}},
			Read: func(b []byte) (any, error) {
				l.status, l.body = http.StatusTeapot, b
				_, err := c.Status(ctx, "192.0.2.1")
				return nil, err
			},
		},
		{
			Name: "identity", Spoil: hostile.SpoilJSON, Factor: scalars, Fixed: 16 << 10,
			Lies: spoiled(chain.Attestation{Identity: chain.Identity{NetworkUID: "u", Address: address}}),
			Read: func(b []byte) (any, error) {
				l.status, l.body = http.StatusOK, b
				_, err := c.Attest(ctx, "192.0.2.1", []byte("secret"), "u", 0)
				return nil, err
			},
		},
	}
}

// spoiled are the lies made of an answer that is never accepted: it is an answer
// to an earlier challenge.
func spoiled(v any) []hostile.Case {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return append(hostile.SpoilJSON(raw), hostile.Case{Name: "an old answer", Bytes: raw})
}

func TestAnswersHoldAgainstHostileInput(t *testing.T) { // measures memory: not in parallel
	for _, r := range answerReaders() {
		r.Hold(t)
	}
}

// FuzzAnswers gives every call an answer of a pod that may say anything: what is
// accepted is within the bounds that callers rely on.
func FuzzAnswers(f *testing.F) {
	readers := answerReaders()
	for i := range readers {
		for _, c := range append(readers[i].Lies, readers[i].All()...) {
			if len(c.Bytes) < 400 {
				f.Add(c.Bytes)
			}
		}
	}
	l := &liar{status: http.StatusOK}
	c := &Client{http: &http.Client{Transport: l}}
	f.Fuzz(func(t *testing.T, in []byte) {
		for i := range readers {
			readers[i].Fuzz(t, in)
		}
		l.body = in
		if v, err := c.Validators(context.Background(), "192.0.2.1"); err == nil {
			sum := uint64(0)
			for _, one := range v.Validators {
				sum += one.Stake
			}
			if sum != v.TotalStake || sum > chain.MaxSupply {
				t.Fatalf("stakes of %d in all, said to be %d", sum, v.TotalStake)
			}
		}
		if n, err := c.Node(context.Background(), "192.0.2.1"); err == nil {
			if len(n.Message) > 300 || len(n.Version) > 100 || n.GenesisHash != "" && len(n.GenesisHash) != 64 {
				t.Fatalf("a node with %d bytes of message, %d of version, genesis %q", len(n.Message), len(n.Version), n.GenesisHash)
			}
		}
	})
}
