package ledger

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/stake"
)

var rewrite = flag.Bool("rewrite", false, "write the worked example into docs/protocol.md")

const (
	protocolPage = "../../docs/protocol.md"
	exampleBegin = "<!-- worked example: written by `go test ./node/ledger -run WorkedExample -rewrite` -->\n```text\n"
	exampleEnd   = "```\n<!-- end of the worked example -->\n"
)

// TestWorkedExampleOfTheProtocolPage makes one block from nothing and checks
// that the bytes on the page are those of the code.
func TestWorkedExampleOfTheProtocolPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(protocolPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), exampleBegin)
	old, after, ok2 := strings.Cut(rest, exampleEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the example", protocolPage)
	}
	example := workedExample(t)
	if *rewrite {
		if err := os.WriteFile(protocolPage, []byte(before+exampleBegin+example+exampleEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != example {
		t.Errorf("the example of %s is stale; the code gives:\n%s", protocolPage, example)
	}
}

// page collects lines of a name and bytes, folded.
type page struct{ strings.Builder }

func (p *page) title(format string, args ...any) { fmt.Fprintf(p, "\n"+format+"\n", args...) }

func (p *page) hex(name string, b []byte) {
	const width = 96
	text := hex.EncodeToString(b)
	if len(text) <= 64 {
		fmt.Fprintf(p, "  %-22s %s\n", name, text)
		return
	}
	fmt.Fprintf(p, "  %s (%d bytes)\n", name, len(b))
	for len(text) > 0 {
		n := min(width, len(text))
		fmt.Fprintf(p, "      %s\n", text[:n])
		text = text[n:]
	}
}

func (p *page) hash(name string, h chain.Hash) { p.hex(name, h[:]) }

func workedExample(t *testing.T) string {
	t.Helper()
	p := &page{}
	key := func(b byte) keys.PrivateKey { return keys.FromSeed([32]byte(bytes.Repeat([]byte{b}, 32))) }
	type validator struct {
		account, consensus, vrf, peer keys.PrivateKey
		stake                         uint64
	}
	p.WriteString("Keys: the Ed25519 key of each seed below, a byte repeated 32 times (RFC 8032).\n")
	by := map[chain.Address]validator{}
	g := &chain.Genesis{ChainID: "example", Time: 1_700_000_000_000, Params: chain.DefaultParams()}
	for i := range byte(3) {
		s := 0x10 * (i + 1)
		v := validator{key(s), key(s + 1), key(s + 2), key(s + 3), uint64(i+1) * 10 * chain.UnitsPerPOS}
		a := chain.Address(v.account.Public())
		by[a] = v
		p.title("Validator of %d POS", v.stake/chain.UnitsPerPOS)
		for j, k := range []keys.PrivateKey{v.account, v.consensus, v.vrf, v.peer} {
			public := k.Public()
			p.hex(fmt.Sprintf("%s, seed %02x", []string{"account", "consensus", "VRF", "node"}[j], s+byte(j)), public[:])
		}
		fmt.Fprintf(p, "  %-22s %s\n", "address", a)
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: a, Balance: 100 * chain.UnitsPerPOS})
		g.Validators = append(g.Validators, chain.GenesisValidator{Address: a, Keys: chain.ValidatorKeys{Consensus: v.consensus.Public(), VRF: v.vrf.Public(), Peer: v.peer.Public()}})
		g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: a, Validator: a, Amount: v.stake})
	}
	sortGenesis(g)
	first, err := FromGenesis(g)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{genesis: g, hash: g.Hash(), values: map[string][]byte{}, nodes: nodes{}}
	w.store(first)
	p.title("Genesis: 100 POS to each account, default parameters, time %d", g.Time)
	p.hex("encoding", chain.Encode(g))
	p.hash("genesis hash", w.hash)
	p.hash("state root 0", w.root)
	p.hash("seed(0)", w.system.Seed)

	set := first.Next
	draw := set.Draw(w.system.Seed, 1, 0)
	p.title("Lottery of height 1, round 0, over %d lots", draw.Total)
	p.hash("set hash", set.Hash())
	fmt.Fprintf(p, "  %-22s %d, drawn at ctr %d\n", "reference x", draw.Reference, draw.Attempts-1)
	for _, a := range draw.Arcs {
		fmt.Fprintf(p, "  %-22s lots %d to %d, offset %d\n", set.At(a.Validator).Address.String()[:12]+"…", a.Start, a.End-1, a.Offset)
	}
	forger := set.At(draw.Winner).Address
	fmt.Fprintf(p, "  %-22s %s\n", "forger", forger)

	alpha := stake.VRFInput(w.hash, w.system.Seed, 1)
	proof := keys.VRFProve(by[forger].vrf, alpha)
	beta, err := keys.VRFHash(proof)
	if err != nil {
		t.Fatal(err)
	}
	seed := stake.NextSeed(w.system.Seed, beta[:])
	p.title("Seed of height 1")
	p.hex("VRF input", alpha)
	p.hex("VRF proof", proof[:])
	p.hex("VRF output", beta[:])
	p.hash("seed(1)", seed)

	from, to := set.At(0).Address, set.At(1).Address
	body := chain.Tx{Kind: chain.TxTransfer, From: from, Nonce: 1, To: to, Amount: 1_500_000, Fee: 1000, Memo: []byte("rent")}
	signed := chain.SignedTx{Tx: body, Signature: by[from].account.Sign(chain.TxMessage(w.hash, &body))}
	raw := chain.Encode(&signed)
	p.title("Transaction: 1.5 POS from the first to the second validator's account")
	p.hex("body", chain.Encode(&body))
	p.hash("id", body.ID())
	p.hex("signed bytes", chain.TxMessage(w.hash, &body))
	p.hex("encoding", raw)

	out, err := w.apply(Input{Genesis: w.hash, Height: 1, Time: g.Time + 500, Forger: forger, Seed: seed, Txs: [][]byte{raw}})
	if err != nil {
		t.Fatal(err)
	}
	h := chain.Header{
		Version: chain.HeaderVersion, Genesis: w.hash, Height: 1, Forger: forger, Time: g.Time + 500, TxRoot: chain.MerkleRoot([][]byte{raw}), Evidence: chain.MerkleRoot(nil),
		State: out.State, Results: out.Results, Set: set.Hash(), NextSet: out.Next.Hash(), VRFProof: proof[:],
	}
	p.title("Block 1, 500 ms after the genesis")
	for _, kv := range out.Changes {
		p.hex(fmt.Sprintf("state %q…", kv.Key[:1]), kv.Key)
		p.hex("  value", kv.Value)
	}
	p.hash("txRoot", h.TxRoot)
	p.hash("evidenceRoot", h.Evidence)
	p.hash("stateRoot", h.State)
	p.hash("resultsRoot", h.Results)
	p.hex("header", chain.Encode(&h))
	p.hash("block hash", h.Hash())
	headerSig := by[forger].consensus.Sign(chain.HeaderMessage(w.hash, h.Hash()))
	p.hex("forger's signature", headerSig[:])

	vote := chain.Vote{Kind: chain.Precommit, Height: 1, BlockHash: h.Hash()}
	cert := &chain.Certificate{Height: 1, BlockHash: h.Hash(), Signers: make([]byte, 1)}
	for i := range set.Len() {
		cert.Signers[0] |= 1 << i
		cert.Signatures = append(cert.Signatures, by[set.At(i).Address].consensus.Sign(chain.VoteMessage(w.hash, &vote)))
	}
	p.title("Certificate of block 1: all three precommit in round 0")
	p.hex("signed bytes", chain.VoteMessage(w.hash, &vote))
	p.hex("encoding", chain.Encode(cert))
	p.hash("certificate hash", cert.Hash())

	// What the page shows is a block that this code accepts.
	if err := set.VerifyCertificate(w.hash, 1, h.Hash(), cert, nil); err != nil {
		t.Fatal(err)
	}
	block := &chain.Block{Header: h, Signature: headerSig, Txs: [][]byte{raw}}
	if _, err := chain.DecodeBlock(chain.Encode(block), chain.MaxBlockBytes); err != nil {
		t.Fatal(err)
	}
	w.store(out)
	if w.root != w.naiveRoot() {
		t.Fatal("the state root is not the one of its definition")
	}
	return strings.TrimPrefix(p.String(), "\n")
}
