package chainclient_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/posnet/posnet/controllers/chainclient"
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

const uid = "11111111-2222-3333-4444-555555555555"

var secret = []byte("0123456789abcdef0123456789abcdef")

// pod answers like a node of ordinal 2, unless a test bends it.
type pod struct {
	account, consensus, vrf, peer keys.PrivateKey
	id                            chain.Identity
	bend                          func(nonce []byte, a *chain.Attestation)
}

func newPod(t *testing.T) *pod {
	t.Helper()
	p := &pod{}
	for _, k := range []*keys.PrivateKey{&p.account, &p.consensus, &p.vrf, &p.peer} {
		key, err := keys.Generate(nil)
		if err != nil {
			t.Fatal(err)
		}
		*k = key
	}
	p.id = chain.Identity{NetworkUID: uid, Ordinal: 2, Address: p.account.Public(), Keys: chain.ValidatorKeys{
		Consensus: p.consensus.Public(), VRF: p.vrf.Public(), Peer: p.peer.Public(),
	}}
	p.sign(&p.id)
	return p
}

func (p *pod) sign(id *chain.Identity) {
	m := chain.IdentityMessage(id)
	id.AccountProof, id.ConsensusProof, id.VRFProof, id.PeerProof = p.account.Sign(m), p.consensus.Sign(m), p.vrf.Sign(m), p.peer.Sign(m)
}

// serve answers one path and returns where.
func serve(t *testing.T, path string, handler http.HandlerFunc) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1"+path, handler)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func (p *pod) serve(t *testing.T) string {
	return serve(t, "/node/attest", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Nonce string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Method != http.MethodPost {
			http.Error(w, "bad", http.StatusBadRequest)
			return
		}
		nonce, _ := hex.DecodeString(body.Nonce)
		a := chain.Attest(secret, nonce, &p.id)
		if p.bend != nil {
			p.bend(nonce, &a)
		}
		_ = json.NewEncoder(w).Encode(a)
	})
}

func TestAttestAcceptsThePod(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	got, err := chainclient.New(0).Attest(t.Context(), p.serve(t), secret, uid, 2)
	if err != nil || got != p.id {
		t.Errorf("identity %+v, error %v", got, err)
	}
}

func TestAttestRefusesWhatIsNotProvablyThePod(t *testing.T) {
	t.Parallel()
	other := newPod(t)
	for name, c := range map[string]struct {
		uid     string
		ordinal int32
		bend    func(p *pod) func([]byte, *chain.Attestation)
		want    string
	}{
		"it does not know the secret": {uid, 2, func(p *pod) func([]byte, *chain.Attestation) {
			return func(nonce []byte, a *chain.Attestation) { *a = chain.Attest(make([]byte, 32), nonce, &p.id) }
		}, "ceremony secret"},
		"it repeats an old answer": {uid, 2, func(p *pod) func([]byte, *chain.Attestation) {
			return func(_ []byte, a *chain.Attestation) {
				*a = chain.Attest(secret, make([]byte, chain.NonceBytes), &p.id)
			}
		}, "ceremony secret"},
		"it is another pod":     {uid, 1, nil, "ordinal 2"},
		"it is another network": {"99999999-2222-3333-4444-555555555555", 2, nil, "of network"},
		"it names the consensus key of another": {uid, 2, func(p *pod) func([]byte, *chain.Attestation) {
			return func(nonce []byte, a *chain.Attestation) {
				p.id.Keys.Consensus = other.consensus.Public()
				p.sign(&p.id)
				*a = chain.Attest(secret, nonce, &p.id)
			}
		}, "consensus key: the proof of possession"},
		"it uses the proofs of another identity": {uid, 2, func(p *pod) func([]byte, *chain.Attestation) {
			return func(nonce []byte, a *chain.Attestation) {
				p.id.AccountProof = other.id.AccountProof
				*a = chain.Attest(secret, nonce, &p.id)
			}
		}, "account key: the proof of possession"},
		"it uses one key in two roles": {uid, 2, func(p *pod) func([]byte, *chain.Attestation) {
			return func(nonce []byte, a *chain.Attestation) {
				p.vrf = p.consensus
				p.id.Keys.VRF = p.consensus.Public()
				p.sign(&p.id)
				*a = chain.Attest(secret, nonce, &p.id)
			}
		}, "used in two roles"},
		"its VRF key is the identity point, for which every signature verifies": {uid, 2, func(p *pod) func([]byte, *chain.Attestation) {
			return func(nonce []byte, a *chain.Attestation) {
				p.id.Keys.VRF = chain.PublicKey{1}
				p.sign(&p.id)
				*a = chain.Attest(secret, nonce, &p.id)
			}
		}, "small order"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPod(t)
			if c.bend != nil {
				p.bend = c.bend(p)
			}
			_, err := chainclient.New(0).Attest(t.Context(), p.serve(t), secret, c.uid, c.ordinal)
			if !errors.Is(err, chainclient.ErrRefused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want ErrRefused that says %q", err, c.want)
			}
		})
	}
}

func TestANodeThatDoesNotAnswerYetIsNotRefused(t *testing.T) {
	t.Parallel()
	host := serve(t, "/node/attest", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = fmt.Fprint(w, `{"error":{"code":"no_ceremony","message":"no secret","details":{}}}`)
	})
	_, err := chainclient.New(0).Attest(t.Context(), host, secret, uid, 2)
	var answer *chainclient.Error
	if errors.Is(err, chainclient.ErrRefused) || !errors.As(err, &answer) || answer.Code != "no_ceremony" || answer.Status != http.StatusNotFound {
		t.Errorf("error %v, want the API's own", err)
	}
}

func TestHostileAnswersAreBounded(t *testing.T) {
	t.Parallel()
	c := chainclient.New(500 * time.Millisecond)
	for name, x := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"an endless body": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}, "too long"},
		"a body that never ends": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, "exceeded"},
		"no answer at all": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, ""},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, "HTTP 302"},
		"something that is no JSON": {func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>") }, "read /node"},
		"a hash that is none":       {func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"genesisHash":"../.."}`) }, "genesis hash"},
		"an error page": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, strings.Repeat("x", 10000), http.StatusBadGateway)
		}, "HTTP 502"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.Node(t.Context(), serve(t, "/node", x.handler))
			if err == nil || !strings.Contains(err.Error(), x.want) || len(err.Error()) > 1000 {
				t.Errorf("error %.300v, want one that says %q", err, x.want)
			}
		})
	}
}

func TestRequestsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	host := serve(t, "/status", func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	if _, err := chainclient.New(time.Minute).Status(ctx, host); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
}

func TestReportsAreReadAsTheAPIWritesThem(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	hash := chain.Sum([]byte("genesis")).String()
	node := serve(t, "/node", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"version":"v1","chainID":"demo","genesisHash":%q,"state":"Running","reason":"","message":%q,"networkUID":%q,
"ordinal":2,"address":%q,"consensusKey":"","peerID":"x","p2pPort":8010,"height":42,"validator":true,"stake":"25000000"}`,
			hash, strings.Repeat("long ", 1000), uid, p.id.Address)
	})
	n, err := chainclient.New(0).Node(t.Context(), node)
	if err != nil || n.Height != 42 || n.GenesisHash != hash || n.Address != p.id.Address || n.State != "Running" || len(n.Message) > 300 {
		t.Errorf("node %+v, error %v", n, err)
	}
	status := serve(t, "/status", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"height":7,"totalStake":"40","onlineStake":"30","peers":3,"catchingUp":false}`)
	})
	s, err := chainclient.New(0).Status(t.Context(), status)
	if err != nil || s.Height != 7 || s.TotalStake != 40 || s.OnlineStake != 30 {
		t.Errorf("status %+v, error %v", s, err)
	}
	one := fmt.Sprintf(`{"address":%q,"stake":"10","bonded":"12","online":true,"jailed":false,"share":"25.0000"}`, p.id.Address)
	validators := serve(t, "/validators", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"height":7,"totalStake":"999","validators":[%s,%s]}`, one, one)
	})
	v, err := chainclient.New(0).Validators(t.Context(), validators)
	if err != nil || len(v.Validators) != 2 || v.TotalStake != 20 || v.Validators[0].Bonded != 12 || !v.Validators[1].Online {
		t.Errorf("validators %+v, error %v; the total is added up here, not believed", v, err)
	}
}

func TestStakesThatWouldOverflowAreRefused(t *testing.T) {
	t.Parallel()
	address := newPod(t).id.Address
	for _, stakes := range [][2]uint64{{chain.MaxSupply, 1}, {1, 1<<64 - 1}, {1<<64 - 1, 1}} {
		host := serve(t, "/validators", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"validators":[{"address":%q,"stake":"%d","bonded":"0"},{"address":%q,"stake":"%d","bonded":"0"}]}`,
				address, stakes[0], address, stakes[1])
		})
		if v, err := chainclient.New(0).Validators(t.Context(), host); err == nil {
			t.Errorf("stakes %v are accepted: %+v", stakes, v)
		}
	}
}

func TestGenesisIsTheOneAskedForOrNone(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	g := &chain.Genesis{
		ChainID: "demo", Time: 1_700_000_000_000, Params: chain.DefaultParams(),
		Accounts:   []chain.GenesisAccount{{Address: p.id.Address, Balance: 1}},
		Validators: []chain.GenesisValidator{{Address: p.id.Address, Keys: p.id.Keys}},
		Bonds:      []chain.GenesisBond{{Staker: p.id.Address, Validator: p.id.Address, Amount: 1}},
	}
	file, err := g.MarshalFile()
	if err != nil {
		t.Fatal(err)
	}
	host := serve(t, "/genesis", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(file) })
	c := chainclient.New(0)
	got, raw, err := c.Genesis(t.Context(), host, g.Hash())
	if err != nil || got.Hash() != g.Hash() || string(raw) != string(file) {
		t.Errorf("genesis %+v, error %v", got, err)
	}
	if _, _, err := c.Genesis(t.Context(), host, chain.Sum([]byte("another"))); err == nil || !strings.Contains(err.Error(), "asked for was") {
		t.Errorf("another genesis is accepted: %v", err)
	}
}
