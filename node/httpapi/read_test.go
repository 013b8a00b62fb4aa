package httpapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/ledger/tree"
	"github.com/posnet/posnet/node/stake"
)

func TestEveryPathOfTheSpecificationAnswersAsItSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	w.Ceremony = []byte("secret")
	id, err := w.Submit(t.Context(), w.Transfer(1, 5))
	if err != nil {
		t.Fatal(err)
	}
	w.Forge()
	if _, err := w.Submit(t.Context(), w.Transfer(2, 5)); err != nil {
		t.Fatal(err)
	}
	good := map[string]string{
		"/ping/": "/ping/", "/node": "/node", "/genesis": "/genesis", "/status": "/status", "/blockchain/": "/blockchain/",
		"/blocks/{id}": "/blocks/latest", "/blocks/{id}/raw": "/blocks/latest/raw", "/blocks/{id}/draw": "/blocks/1/draw", "/accounts/{address}": "/accounts/" + w.Spare.String() + "?proof=true",
		"/validators": "/validators", "/stake": "/stake", "/peers": "/peers", "/openapi.json": "/openapi.json",
		"/transaction/transaction_pool/": "/transaction/transaction_pool/", "/transactions/{id}": "/transactions/" + id.String(),
	}
	doc, err := spec()
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			switch {
			case path == "/node/attest":
				w.ask(method, httpapi.BasePath+path, `{"nonce":"`+chain.Hash{1}.String()+`"}`, true).is(200, nil)
			case path == "/transaction/create/":
				body := fmt.Sprintf(`{"transaction":"%x"}`, w.Transfer(3, 7))
				w.ask(method, httpapi.BasePath+path, body, true).is(202, nil)
			case path == "/transaction/batch/":
				w.batch("application/cbor-seq", sequence(w.Transfer(4, 7))).is(200, nil)
			case good[path] == "":
				t.Errorf("%s %s is in openapi.yaml and not tried here", method, path)
			default:
				w.get(good[path]).is(200, nil)
			}
		}
	}
}

func TestSeedPathsAnswerWithAndWithoutSlash(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	for _, path := range []string{"/blockchain", "/transaction/transaction_pool", "/ping"} {
		a, b := w.get(path), w.get(path+"/")
		a.is(200, nil)
		if !bytes.Equal(a.body, b.body) {
			t.Errorf("%s answers %s, with a slash %s", path, a.body, b.body)
		}
	}
	for _, path := range []string{"/ping", "/ping/"} {
		rec := w.plain(http.MethodGet, path)
		if got := string(bytes.TrimSpace(rec.Body.Bytes())); rec.Code != 200 || got != `{"success":"pong!"}` {
			t.Errorf("GET %s: %d %s", path, rec.Code, got)
		}
	}
}

func TestBlocksAreListedNewestFirstInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	for range 5 {
		w.Forge()
	}
	var heights []uint64
	cursor := ""
	for {
		var page api.BlockPage
		w.get("/blockchain/?limit=2&cursor="+cursor).is(200, &page)
		for _, b := range page.Blocks {
			heights = append(heights, b.Height)
		}
		if page.Next == nil {
			break
		}
		cursor = *page.Next
	}
	if !slices.Equal(heights, []uint64{5, 4, 3, 2, 1}) {
		t.Fatalf("heights %v", heights)
	}
	w.PrunedBelow = 4
	var page api.BlockPage
	w.get("/blockchain/").is(200, &page)
	if len(page.Blocks) != 2 || page.Next != nil {
		t.Errorf("a pruned node lists %d blocks, next %v; want its 2", len(page.Blocks), page.Next)
	}
}

func TestABlockCanBeCheckedFromItsAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	if _, err := w.Submit(t.Context(), w.Transfer(1, 5)); err != nil {
		t.Fatal(err)
	}
	w.Forge()
	w.Forge()
	var byHeight, byHash, latest api.Block
	w.get("/blocks/1").is(200, &byHeight)
	w.get("/blocks/"+byHeight.Hash.String()).is(200, &byHash)
	w.get("/blocks/latest").is(200, &latest)
	if byHash.Height != 1 || latest.Height != 2 {
		t.Fatalf("by hash %d, latest %d", byHash.Height, latest.Height)
	}
	if byHeight.Header.Hash() != byHeight.Hash {
		t.Error("the header does not have the block's hash")
	}
	if err := w.set(1).VerifyCertificate(w.GenesisHash(), 1, byHeight.Hash, &byHeight.Certificate, nil); err != nil {
		t.Errorf("the certificate does not hold: %v", err)
	}
	if len(byHeight.Txs) != 1 || byHeight.Txs[0].Memo != "for you" || byHeight.FinalityMs == nil || *byHeight.FinalityMs != 12 {
		t.Errorf("block: %+v", byHeight)
	}
}

// set builds the set of a height from what the API says.
func (w *world) set(height uint64) *stake.Set {
	w.t.Helper()
	var v api.Validators
	w.get(fmt.Sprintf("/validators?height=%d", height)).is(200, &v)
	var members []stake.Validator
	for _, x := range v.Validators {
		if x.Stake > 0 {
			members = append(members, stake.Validator{
				Address: x.Address, Stake: uint64(x.Stake),
				Keys: chain.ValidatorKeys{Consensus: x.ConsensusKey, VRF: x.VrfKey, Peer: x.PeerKey},
			})
		}
	}
	set, err := stake.NewSet(members)
	if err != nil {
		w.t.Fatal(err)
	}
	if set.Hash() != v.SetHash {
		w.t.Fatalf("the listed validators have set hash %s, not %s", set.Hash(), v.SetHash)
	}
	return set
}

func TestADrawCanBeComputedAgainFromItsAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	w.Forge()
	for _, path := range []string{"/blocks/1/draw", "/blocks/2/draw", "/blocks/latest/draw?round=3"} { // 2 is being decided
		var d api.Draw
		w.get(path).is(200, &d)
		x, attempts := stake.Reference(d.Seed, d.Height, d.Round, uint64(d.Total))
		if x != uint64(d.Reference) || attempts != d.Attempts || d.Winner != w.Validator.Public() {
			t.Errorf("%s: %+v, computed %d in %d", path, d, x, attempts)
		}
	}
}

func TestAccountProofLeadsToACertifiedHeader(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	w.get("/accounts/" + w.Spare.String() + "?proof=true").fails(api.CodeBlockNotFound)
	w.Forge()
	for name, addr := range map[string]chain.Address{"an account that exists": w.Faucet.Public(), "one that does not": {9, 9}} {
		var a api.Account
		w.get("/accounts/"+addr.String()+"?proof=true").is(200, &a)
		p := a.Proof
		if p == nil {
			t.Fatalf("%s: no proof", name)
		}
		if err := w.set(p.Height).VerifyCertificate(w.GenesisHash(), p.Height, p.Header.Hash(), &p.Certificate, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var tp tree.Proof
		if err := tp.UnmarshalBinary(p.Tree); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		key := ledger.TreeKey(ledger.AccountKey(addr))
		var err error
		if len(p.Value) == 0 {
			err = tree.VerifyAbsence(p.Header.State, key, tp)
		} else {
			err = tree.VerifyInclusion(p.Header.State, key, chain.Sum(p.Value), tp)
		}
		if err != nil || (len(p.Value) == 0) != (a.Balance == 0) {
			t.Errorf("%s: %v (balance %s)", name, err, a.Balance)
		}
	}
}

func TestWhatDoesNotExistSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	if e := w.get("/blocks/latest").fails(api.CodeBlockNotFound); e.Details["height"] != float64(0) {
		t.Errorf("details %v", e.Details)
	}
	w.Forge()
	w.Forge()
	w.PrunedBelow = 2
	none := chain.Hash{1}.String()
	for path, code := range map[string]string{
		"/blocks/3":                             api.CodeBlockNotFound,
		"/blocks/" + none:                       api.CodeBlockNotFound,
		"/blocks/1":                             api.CodePruned,
		"/blocks/4/draw":                        api.CodeBlockNotFound,
		"/validators?height=99":                 api.CodeBlockNotFound,
		"/transactions/" + none:                 api.CodeTxNotFound,
		"/transactions/" + none + "?wait=final": api.CodeTxNotFound,
	} {
		w.get(path).fails(code)
	}
	for path, code := range map[string]string{
		"/blocks/1": api.CodePruned, "/blocks/" + none: api.CodeBlockNotFound, "/transactions/" + none: api.CodeTxNotFound,
	} {
		if e := w.get(path).fails(code); !strings.Contains(e.Message, "history begins at height 2") {
			t.Errorf("%s does not say where the history begins: %s", path, e.Message)
		}
	}
	var n api.Node
	if w.get("/node").is(200, &n); n.FirstHeight != 2 {
		t.Errorf("the first height is %d, want 2", n.FirstHeight)
	}
	w.post("/node/attest", `{"nonce":"`+none+`"}`).fails(api.CodeNoCeremony)
}

func TestParametersAreRefusedWithWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	w.Forge()
	id := chain.Hash{1}.String()
	for _, path := range []string{
		"/blocks/0", "/blocks/-1", "/blocks/abc", "/blocks/" + id[:63] + "x", "/blocks/1/draw?round=-1", "/blocks/1/draw?round=x",
		"/blockchain/?limit=0", "/blockchain/?limit=101", "/blockchain/?limit=x", "/blockchain/?cursor=x", "/blocks/1?limit=1001",
		"/stake?cursor=nonsense", "/transaction/transaction_pool/?cursor=-1", "/accounts/pos1nonsense", "/accounts/x", "/validators?height=0",
		"/transactions/xyz", "/transactions/" + id + "?wait=soon", "/transactions/" + id + "?wait=final&timeout=61s",
		"/transactions/" + id + "?wait=final&timeout=-1s", "/transactions/" + id + "?timeout=1s",
	} {
		w.ask(http.MethodGet, httpapi.BasePath+path, "", false).fails(api.CodeBadParameter)
	}
	w.post("/node/attest", `{"nonce":"12"}`).fails(api.CodeBadRequest)
}

func TestAttestationHoldsUnderTheSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	w.Ceremony = []byte("secret")
	nonce := chain.Hash{7}
	var a chain.Attestation
	w.post("/node/attest", `{"nonce":"`+nonce.String()+`"}`).is(200, &a)
	if err := a.Check(w.Ceremony, nonce[:]); err != nil {
		t.Error(err)
	}
}

func TestOnlyIdentityAnswersBeforeGenesis(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	w.State, w.Ceremony = httpapi.AwaitingGenesis, []byte("secret")
	var n api.Node
	w.get("/node").is(200, &n)
	if n.State != "AwaitingGenesis" || n.GenesisHash != "" || n.PeerID == "" {
		t.Errorf("node: %+v", n)
	}
	w.get("/ping").is(200, nil)
	w.get("/openapi.json").is(200, nil)
	w.get("/genesis").fails(api.CodeNoGenesis)
	w.post("/node/attest", `{"nonce":"`+chain.Hash{7}.String()+`"}`).is(200, nil)
	for _, path := range []string{"/status", "/blockchain", "/blocks/latest", "/blocks/1/draw", "/peers", "/stake", "/validators",
		"/accounts/" + w.Spare.String(), "/transactions/" + chain.Hash{1}.String(), "/transaction/transaction_pool"} {
		a := w.get(path)
		a.fails(api.CodeAwaitingGenesis)
		if a.header.Get("Retry-After") == "" {
			t.Errorf("%s does not say when to come back", path)
		}
	}
	w.post("/transaction/create/", `{}`).fails(api.CodeAwaitingGenesis)

	w.State = httpapi.Starting // it has one, and cannot answer from it yet
	w.get("/node").is(200, nil)
	w.get("/status").fails(api.CodeUnavailable)
	w.post("/transaction/create/", `{}`).fails(api.CodeUnavailable)
}
