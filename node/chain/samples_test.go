package chain

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files of this package")

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s has changed: what is on chains and wires now would not be read any more (-rewrite if you mean it); got:\n%s\nwant:\n%s", path, got, want)
	}
}

// sample is one value of each type that is hashed, signed, stored or sent.
type sample struct {
	name  string
	value any                       // a pointer
	read  func([]byte) (any, error) // the decoder of a peer's bytes
}

func fill(n byte) (h Hash) {
	for i := range h {
		h[i] = n
	}
	return h
}

func sampleKeys() ValidatorKeys {
	return ValidatorKeys{Consensus: PublicKey(fill(0xc0)), VRF: PublicKey(fill(0xf0)), Peer: PublicKey(fill(0xb0))}
}

func sampleRegistration() *Registration {
	return &Registration{Keys: sampleKeys(), ConsensusProof: Signature{1}, VRFProof: Signature{2}, PeerProof: Signature{3}}
}

func sampleTx() *SignedTx {
	return &SignedTx{Signature: Signature{9, 8, 7}, Tx: Tx{
		Kind: TxTransfer, From: Address(fill(0xa1)), Nonce: 1, To: Address(fill(0xa2)), Amount: 25 * UnitsPerPOS, Fee: 1000, ValidUntil: 500, Memo: []byte("rent"),
	}}
}

func sampleVote() *SignedVote {
	return &SignedVote{Vote: Vote{Kind: Precommit, Height: 41, Round: 1, BlockHash: fill(0xbb)}, Validator: Address(fill(0xa1)), Signature: Signature{5}}
}

func sampleCertificate() *Certificate {
	return &Certificate{Height: 41, Round: 1, BlockHash: fill(0xbb), Signers: []byte{0x0b}, Signatures: []Signature{{1}, {2}, {3}}}
}

func sampleBlock() *Block {
	b := &Block{Signature: Signature{4}, Txs: [][]byte{Encode(sampleTx())}, Evidence: [][]byte{}, Certificate: sampleCertificate(), Header: Header{
		Version: HeaderVersion, Genesis: fill(0x9e), Height: 42, Round: 0, Forger: Address(fill(0xa1)), Time: 1_700_000_000_000, Parent: fill(0xbb),
		State: fill(0x57), Results: fill(0x4e), Set: fill(0x5e), NextSet: fill(0x5f), VRFProof: bytes.Repeat([]byte{0xf0}, VRFProofBytes),
	}}
	b.Header.Certificate = b.Certificate.Hash()
	b.Header.TxRoot, b.Header.Evidence = MerkleRoot(b.Txs), MerkleRoot(b.Evidence)
	return b
}

func sampleProposal() *SignedProposal {
	return &SignedProposal{Height: 42, Round: 3, ValidRound: 1, BlockHash: fill(0xbb), Signature: Signature{6}, Block: []byte{1, 2, 3}}
}

func sampleState() *VoteState {
	return &VoteState{Height: 42, Round: 3, Rounds: []RoundState{
		{Round: 1, Proposal: true, Prevotes: []byte{0x0f}, Precommits: []byte{0x03}}, {Round: 3, Prevotes: []byte{0}, Precommits: []byte{0}},
	}}
}

func sampleEvidence() *Evidence {
	other := *sampleVote()
	other.Vote.BlockHash = Hash{}
	return NewEvidence(EvidenceVotes, Address(fill(0xa1)), Encode(sampleVote()), Encode(&other))
}

func sampleGenesis() *Genesis {
	return &Genesis{
		ChainID: "demo", Time: 1_700_000_000_000, Params: DefaultParams(),
		Accounts:   []GenesisAccount{{Address: Address(fill(0xa1)), Balance: 5}, {Address: Address(fill(0xa2)), Balance: 6}},
		Validators: []GenesisValidator{{Address: Address(fill(0xa1)), Keys: sampleKeys()}},
		Bonds:      []GenesisBond{{Staker: Address(fill(0xa2)), Validator: Address(fill(0xa1)), Amount: 7}},
	}
}

func sampleIdentity() *Identity {
	return &Identity{NetworkUID: "uid-1", Ordinal: 2, Address: Address(fill(0xa1)), Keys: sampleKeys(), AccountProof: Signature{1}, ConsensusProof: Signature{2}, VRFProof: Signature{3}, PeerProof: Signature{4}}
}

func into[T any](limit int) func([]byte) (any, error) {
	return func(b []byte) (any, error) {
		v := new(T)
		if err := Decode(b, v, limit); err != nil {
			return nil, err
		}
		return v, nil
	}
}

func samples() []sample {
	return []sample{
		{"Tx", &sampleTx().Tx, into[Tx](MaxTxBytes)},
		{"SignedTx", sampleTx(), func(b []byte) (any, error) { return DecodeTx(b) }},
		{"ValidatorKeys", ptr(sampleKeys()), into[ValidatorKeys](1024)},
		{"Registration", sampleRegistration(), func(b []byte) (any, error) { return DecodeRegistration(b) }},
		{"Vote", &sampleVote().Vote, into[Vote](1024)},
		{"SignedVote", sampleVote(), into[SignedVote](1024)},
		{"Certificate", sampleCertificate(), into[Certificate](MaxBlockBytes)},
		{"Header", &sampleBlock().Header, into[Header](MaxEvidenceBytes)},
		{"SignedHeader", &SignedHeader{Header: sampleBlock().Header, Signature: Signature{4}}, into[SignedHeader](MaxEvidenceBytes)},
		{"Block", sampleBlock(), func(b []byte) (any, error) { return DecodeBlock(b, MaxBlockBytes) }},
		{"SignedProposal", sampleProposal(), into[SignedProposal](MaxProposalBytes)},
		{"VoteState", sampleState(), func(b []byte) (any, error) { return DecodeVoteState(b) }},
		{"Evidence", sampleEvidence(), func(b []byte) (any, error) { return DecodeEvidence(b) }},
		{"Genesis", sampleGenesis(), into[Genesis](MaxGenesisBytes)},
		{"Params", ptr(DefaultParams()), into[Params](1024)},
		{"Identity", sampleIdentity(), into[Identity](4096)},
	}
}

func ptr[T any](v T) *T { return &v }

func TestEncodingsAreWhatTheyEverWere(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, s := range samples() {
		fmt.Fprintf(&b, "%s %s\n", s.name, hex.EncodeToString(Encode(s.value)))
	}
	golden(t, "encodings.txt", b.String())
}

func TestHashesAndSignedBytesAreWhatTheyEverWere(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	g := fill(0x9e)
	keys, id := sampleKeys(), sampleIdentity()
	for _, c := range []struct {
		name string
		v    []byte
	}{
		{"transaction id", h(sampleTx().Tx.ID())}, {"header hash", h(sampleBlock().Header.Hash())}, {"certificate hash", h(sampleCertificate().Hash())}, {"genesis hash", h(sampleGenesis().Hash())},
		{"TxMessage", TxMessage(g, &sampleTx().Tx)}, {"RegistrationMessage", RegistrationMessage(g, Address(fill(0xa1)), &keys)},
		{"HeaderMessage", HeaderMessage(g, fill(0xbb))}, {"VoteMessage", VoteMessage(g, &sampleVote().Vote)},
		{"ProposalMessage", ProposalMessage(g, sampleProposal())}, {"IdentityMessage", IdentityMessage(id)},
		{"attestation", h(Attest([]byte("secret"), []byte("nonce"), id).MAC)},
	} {
		fmt.Fprintf(&b, "%s %s\n", strings.ReplaceAll(c.name, " ", "-"), hex.EncodeToString(c.v))
	}
	golden(t, "messages.txt", b.String())
}

func h(v Hash) []byte { return v[:] }

func TestDecodingGivesBackWhatWasEncoded(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		got, err := s.read(Encode(s.value))
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		// Empty and missing lists are one thing on the wire.
		if !bytes.Equal(Encode(got), Encode(s.value)) || reflect.TypeOf(got) != reflect.TypeOf(s.value) {
			t.Errorf("%s: got %+v", s.name, got)
		}
	}
}

// No domain is the beginning of another, so no two messages with different
// meanings can be the same bytes.
func TestNoDomainBeginsAnother(t *testing.T) {
	t.Parallel()
	domains := []string{
		"posnet/tx/v1", "posnet/register/v1", "posnet/header/v1", "posnet/vote/v1", "posnet/proposal/v1", "posnet/identity/v1", "posnet/ceremony/v1", "posnet/lottery/v1", "posnet/seed/v1",
	}
	for i, a := range domains {
		for j, b := range domains {
			if i != j && strings.HasPrefix(a, b) {
				t.Errorf("%q begins with %q", a, b)
			}
		}
	}
}
