package chain

import "fmt"

// EvidenceKind says what was signed twice.
type EvidenceKind uint64

// The kinds of evidence.
const (
	EvidenceVotes     EvidenceKind = 1 // two SignedVotes of one height, round and kind
	EvidenceHeaders   EvidenceKind = 2 // two SignedHeaders of one height and round
	EvidenceProposals EvidenceKind = 3 // two re-proposals of one height and round
)

// MaxEvidenceBytes caps an encoded piece of evidence.
const MaxEvidenceBytes = 4096

// Evidence proves that a validator contradicted itself: A and B are two
// different messages, both validly signed by Validator's consensus key, for
// one slot that admits only one. A sorts before B.
type Evidence struct {
	_         struct{} `cbor:",toarray"`
	Kind      EvidenceKind
	Validator Address
	A, B      []byte
}

// SignedHeader is a header without its body.
type SignedHeader struct {
	_         struct{} `cbor:",toarray"`
	Header    Header
	Signature Signature
}

// Claim is one of the two messages of a piece of evidence, opened.
type Claim struct {
	Height, Round uint64
	Message       []byte // what was signed
	Signature     Signature
}

// Claims opens both messages and checks that they contradict each other. The
// caller checks the signatures against the consensus key of e.Validator.
func (e *Evidence) Claims(genesis Hash) (a, b Claim, err error) {
	if string(e.A) >= string(e.B) {
		return a, b, fmt.Errorf("evidence: the two messages are the same or not in order")
	}
	if a, err = e.open(genesis, e.A); err != nil {
		return a, b, err
	}
	if b, err = e.open(genesis, e.B); err != nil {
		return a, b, err
	}
	switch {
	case a.Height != b.Height || a.Round != b.Round:
		return a, b, fmt.Errorf("evidence: the messages are of different heights or rounds")
	case string(a.Message) == string(b.Message):
		return a, b, fmt.Errorf("evidence: the messages say the same")
	}
	return a, b, nil
}

func (e *Evidence) open(genesis Hash, raw []byte) (Claim, error) {
	switch e.Kind {
	case EvidenceVotes:
		var v SignedVote
		if err := Decode(raw, &v, MaxEvidenceBytes); err != nil {
			return Claim{}, fmt.Errorf("evidence: %w", err)
		}
		if err := v.Vote.Check(); err != nil {
			return Claim{}, fmt.Errorf("evidence: %w", err)
		}
		if v.Validator != e.Validator {
			return Claim{}, fmt.Errorf("evidence: a vote of another validator")
		}
		// The kind is part of the slot: fold it into the round, which is bounded.
		return Claim{v.Vote.Height, v.Vote.Round*4 + uint64(v.Vote.Kind), VoteMessage(genesis, &v.Vote), v.Signature}, nil
	case EvidenceHeaders:
		var h SignedHeader
		if err := Decode(raw, &h, MaxEvidenceBytes); err != nil {
			return Claim{}, fmt.Errorf("evidence: %w", err)
		}
		if h.Header.Forger != e.Validator || h.Header.Genesis != genesis {
			return Claim{}, fmt.Errorf("evidence: a header of another validator or network")
		}
		return Claim{h.Header.Height, h.Header.Round, HeaderMessage(genesis, h.Header.Hash()), h.Signature}, nil
	case EvidenceProposals:
		var p SignedProposal
		if err := Decode(raw, &p, MaxEvidenceBytes); err != nil {
			return Claim{}, fmt.Errorf("evidence: %w", err)
		}
		if len(p.Block) != 0 || p.ValidRound < 0 || p.Check() != nil {
			return Claim{}, fmt.Errorf("evidence: not a bare re-proposal")
		}
		return Claim{p.Height, p.Round, ProposalMessage(genesis, &p), p.Signature}, nil
	}
	return Claim{}, fmt.Errorf("evidence: unknown kind %d", uint64(e.Kind))
}

// DecodeEvidence reads a piece of evidence. Nothing is checked but its form.
func DecodeEvidence(b []byte) (*Evidence, error) {
	var e Evidence
	if err := Decode(b, &e, MaxEvidenceBytes); err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	return &e, nil
}

// NewEvidence puts two contradicting messages in order.
func NewEvidence(kind EvidenceKind, validator Address, a, b []byte) *Evidence {
	if string(a) > string(b) {
		a, b = b, a
	}
	return &Evidence{Kind: kind, Validator: validator, A: a, B: b}
}
