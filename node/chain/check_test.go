package chain

import (
	"strings"
	"testing"
)

func wantError(t *testing.T, err error, why string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("got %v, want an error that says %q", err, why)
	}
}

func TestTransactionsThatNoStateCouldMakeValid(t *testing.T) {
	t.Parallel()
	register := func(x *Tx) {
		*x = Tx{Kind: TxRegister, From: x.From, To: x.From, Nonce: 1, Payload: Encode(sampleRegistration())}
	}
	for why, change := range map[string]func(x *Tx){
		"memo has 129 bytes":            func(x *Tx) { x.Memo = make([]byte, 129) },
		"from is missing":               func(x *Tx) { x.From = Address{} },
		"nonce is 0":                    func(x *Tx) { x.Nonce = 0 },
		"to is missing":                 func(x *Tx) { x.To = Address{} },
		"amount is 0":                   func(x *Tx) { x.Amount = 0 },
		"amount or fee is above":        func(x *Tx) { x.Amount = MaxSupply + 1 },
		"above the largest supply":      func(x *Tx) { x.Fee = 1<<64 - 1 },
		"a transfer has no payload":     func(x *Tx) { x.Payload = []byte{1} },
		"a stake has no payload":        func(x *Tx) { x.Kind, x.Payload = TxStake, []byte{1} },
		"unknown kind of transaction 0": func(x *Tx) { x.Kind = 0 },
		"unknown kind of transaction 4": func(x *Tx) { x.Kind = 4 },
		"names its own account":         func(x *Tx) { register(x); x.To = Address{1} },
		"moves no amount":               func(x *Tx) { register(x); x.Amount = 1 },
		"read registration":             func(x *Tx) { register(x); x.Payload = nil },
	} {
		s := sampleTx()
		change(&s.Tx)
		_, err := DecodeTx(Encode(s))
		wantError(t, err, why)
	}
	s := sampleTx()
	register(&s.Tx)
	if _, err := DecodeTx(Encode(s)); err != nil {
		t.Errorf("a registration: %v", err)
	}
	if MaxTxBytes < len(Encode(s))+MaxMemoBytes {
		t.Error("the largest transaction does not fit its cap")
	}
}

func TestBlocksThatContradictThemselves(t *testing.T) {
	t.Parallel()
	for why, change := range map[string]func(b *Block){
		"version 2":                     func(b *Block) { b.Header.Version = 2 },
		"out of range":                  func(b *Block) { b.Header.Height = 0 },
		"round 4294967297 is out":       func(b *Block) { b.Header.Round = MaxRound + 1 },
		"too many":                      func(b *Block) { b.Evidence = make([][]byte, MaxBlockEvidence+1) },
		"carries its parent's":          func(b *Block) { b.Certificate = nil },
		"only height 1 has none":        func(b *Block) { b.Header.Height = 1 },
		"only height 1 has no parent":   func(b *Block) { b.Header.Parent = Hash{} },
		"not the one its header names":  func(b *Block) { b.Certificate.Round++ },
		"not of its parent":             func(b *Block) { b.Header.Height = 43 },
		"certificate is not of its par": func(b *Block) { b.Header.Parent[0] ^= 1 },
		"transactions are not the ones": func(b *Block) { b.Txs = append(b.Txs, b.Txs[0]) },
		"the transactions are not":      func(b *Block) { b.Txs = nil },
		"evidence is not the one":       func(b *Block) { b.Evidence = [][]byte{{1}} },
		"a VRF proof of 79 bytes":       func(b *Block) { b.Header.VRFProof = b.Header.VRFProof[1:] },
		"belongs to round 0":            func(b *Block) { b.Header.VRFProof = nil },
		"and only there":                func(b *Block) { b.Header.Round = 1 },
	} {
		b := sampleBlock()
		if err := b.Check(); err != nil {
			t.Fatal(err)
		}
		change(b)
		_, err := DecodeBlock(Encode(b), MaxBlockBytes)
		wantError(t, err, why)
	}
	// A block hash has exactly one body: another signature on a transaction is another block.
	b, other := sampleBlock(), sampleBlock()
	tx := sampleTx()
	tx.Signature[0] ^= 1
	other.Txs = [][]byte{Encode(tx)}
	other.Header.TxRoot = MerkleRoot(other.Txs)
	if tx.Tx.ID() != sampleTx().Tx.ID() || b.Header.Hash() == other.Header.Hash() {
		t.Error("the id must not, and the block hash must, change with a signature")
	}
}

func TestProposalsVotesAndStatesOutOfRange(t *testing.T) {
	t.Parallel()
	for why, p := range map[string]SignedProposal{
		"height 0":                  {Round: 1, ValidRound: -1},
		"out of range":              {Height: 1, Round: MaxRound + 1, ValidRound: -1},
		"valid round -2":            {Height: 1, Round: 1, ValidRound: -2},
		"not an earlier round":      {Height: 1, Round: 3, ValidRound: 3},
		"signed in its header only": {Height: 1, Round: 3, ValidRound: -1, Signature: Signature{1}},
	} {
		wantError(t, p.Check(), why)
	}
	for _, v := range []Vote{{Kind: 0, Height: 1}, {Kind: 3, Height: 1}, {Kind: Prevote}, {Kind: Prevote, Height: 1, Round: MaxRound + 1}} {
		if v.Check() == nil {
			t.Errorf("%+v passes", v)
		}
	}
	for name, s := range map[string]VoteState{
		"of no height":        {},
		"of too many rounds":  {Height: 1, Rounds: []RoundState{{Round: 0}, {Round: 1}, {Round: 2}, {Round: 3}, {Round: 4}, {Round: 5}, {Round: 6}, {Round: 7}, {Round: 8}}},
		"with a round twice":  {Height: 1, Rounds: []RoundState{{Round: 1}, {Round: 1}}},
		"out of order":        {Height: 1, Rounds: []RoundState{{Round: 2}, {Round: 1}}},
		"of a round too high": {Height: 1, Rounds: []RoundState{{Round: MaxRound + 1}}},
	} {
		if _, err := DecodeVoteState(Encode(&s)); err == nil {
			t.Errorf("a vote state %s is read", name)
		}
	}
}

func TestGenesisFiles(t *testing.T) {
	t.Parallel()
	file, err := sampleGenesis().MarshalFile()
	if err != nil {
		t.Fatal(err)
	}
	g, err := ParseGenesis(file)
	if err != nil || g.Hash() != sampleGenesis().Hash() {
		t.Fatalf("written and read: %v", err)
	}
	// The hash is of what the file says, not of how it is laid out.
	compact := strings.Join(strings.Fields(string(file)), "")
	if g, err = ParseGenesis([]byte(compact)); err != nil || g.Hash() != sampleGenesis().Hash() {
		t.Fatalf("without white space: %v", err)
	}
	for why, text := range map[string]string{
		"unknown field":               strings.Replace(compact, `"chainID"`, `"chainName":"x","chainID"`, 1),
		"something follows":           compact + "{}",
		"EOF":                         "",
		"cannot unmarshal number -5":  strings.Replace(compact, `"balance":5`, `"balance":-5`, 1),
		"cannot unmarshal number 5.5": strings.Replace(compact, `"balance":5`, `"balance":5.5`, 1),
		"not an address":              strings.Replace(compact, `pos1`, `pos2`, 1),
		"64 hexadecimal digits":       strings.Replace(compact, `c0c0c0`, `c0c0`, 1),
		"params.setDelay is 1":        strings.Replace(compact, `"setDelay":8`, `"setDelay":1`, 1),
		"params.maxBytes":             strings.Replace(compact, `"maxBytes":1048576`, `"maxBytes":8388609`, 1),
		"params.maxTxs":               strings.Replace(compact, `"maxTxs":5000`, `"maxTxs":0`, 1),
		"params.evidenceMaxAge":       strings.Replace(compact, `"evidenceMaxAge":100000`, `"evidenceMaxAge":0`, 1),
	} {
		if text == compact {
			t.Fatalf("the change for %q did not take", why)
		}
		_, err := ParseGenesis([]byte(text))
		wantError(t, err, why)
	}
}

func TestCeremony(t *testing.T) {
	t.Parallel()
	id := sampleIdentity()
	a := Attest([]byte("secret"), []byte("nonce"), id)
	if err := a.Check([]byte("secret"), []byte("nonce")); err != nil {
		t.Fatal(err)
	}
	other := a
	other.Identity.Ordinal++
	changed := a
	changed.MAC[0] ^= 1
	for name, err := range map[string]error{
		"another secret":   a.Check([]byte("secreT"), []byte("nonce")),
		"another nonce":    a.Check([]byte("secret"), []byte("noncE")),
		"no nonce":         a.Check([]byte("secret"), nil),
		"another identity": other.Check([]byte("secret"), []byte("nonce")),
		"a changed MAC":    changed.Check([]byte("secret"), []byte("nonce")),
	} {
		if err == nil {
			t.Errorf("%s passes", name)
		}
	}
	// Every part of an identity is under the proofs.
	base := string(IdentityMessage(id))
	for name, change := range map[string]func(i *Identity){
		"network": func(i *Identity) { i.NetworkUID += "x" }, "ordinal": func(i *Identity) { i.Ordinal++ }, "address": func(i *Identity) { i.Address[0]++ },
		"consensus": func(i *Identity) { i.Keys.Consensus[0]++ }, "VRF": func(i *Identity) { i.Keys.VRF[0]++ }, "node": func(i *Identity) { i.Keys.Peer[0]++ },
	} {
		i := *id
		change(&i)
		if string(IdentityMessage(&i)) == base {
			t.Errorf("the %s is not under the proofs", name)
		}
	}
}

func TestEvidenceNeedsTwoClaimsOfOneSlot(t *testing.T) {
	t.Parallel()
	g := fill(0x9e)
	if _, _, err := sampleEvidence().Claims(g); err != nil {
		t.Fatal(err)
	}
	header := func(change func(h *Header)) []byte {
		h := sampleBlock().Header
		change(&h)
		return Encode(&SignedHeader{Header: h})
	}
	again := func(change func(p *SignedProposal)) []byte {
		p := *sampleProposal()
		p.Block = nil
		change(&p)
		return Encode(&p)
	}
	who := Address(fill(0xa1))
	for why, e := range map[string]*Evidence{
		"":                             NewEvidence(EvidenceHeaders, who, header(func(*Header) {}), header(func(h *Header) { h.Time++ })),
		" ":                            NewEvidence(EvidenceProposals, who, again(func(*SignedProposal) {}), again(func(p *SignedProposal) { p.ValidRound = 2 })),
		"different heights or rounds":  NewEvidence(EvidenceHeaders, who, header(func(*Header) {}), header(func(h *Header) { h.Height++ })),
		"of another validator or net":  NewEvidence(EvidenceHeaders, who, header(func(*Header) {}), header(func(h *Header) { h.Genesis[0]++ })),
		"another validator or network": NewEvidence(EvidenceHeaders, Address(fill(0xa2)), header(func(*Header) {}), header(func(h *Header) { h.Time++ })),
		"not a bare re-proposal":       NewEvidence(EvidenceProposals, who, again(func(*SignedProposal) {}), again(func(p *SignedProposal) { p.Block = []byte{1} })),
		"bare re-proposal":             NewEvidence(EvidenceProposals, who, again(func(p *SignedProposal) { p.ValidRound, p.Signature = -1, Signature{} }), again(func(*SignedProposal) {})),
		"say the same":                 NewEvidence(EvidenceProposals, who, again(func(*SignedProposal) {}), again(func(p *SignedProposal) { p.Signature[5]++ })),
		"vote of another validator":    NewEvidence(EvidenceVotes, Address(fill(0xa2)), sampleEvidence().A, sampleEvidence().B),
		"unknown kind 9":               NewEvidence(9, who, []byte{1}, []byte{2}),
		"the same or not in order":     {Kind: EvidenceVotes, Validator: who, A: sampleEvidence().B, B: sampleEvidence().A},
	} {
		_, _, err := e.Claims(g)
		if strings.TrimSpace(why) == "" {
			if err != nil {
				t.Errorf("%v is refused: %v", e.Kind, err)
			}
			continue
		}
		wantError(t, err, why)
	}
}
