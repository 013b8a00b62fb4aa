package chain

import "fmt"

// TxKind says what a transaction does. Numbers are part of the protocol.
type TxKind uint64

// The kinds of transaction.
const (
	TxTransfer TxKind = 1 // move Amount from From to To
	TxRegister TxKind = 2 // make From a validator, with the keys of Payload
	TxStake    TxKind = 3 // bond Amount of From to the registered validator To
)

var txKindNames = map[TxKind]string{TxTransfer: "transfer", TxRegister: "register", TxStake: "stake"}

// String is the word used in the API and the CLI.
func (k TxKind) String() string {
	if s, ok := txKindNames[k]; ok {
		return s
	}
	return fmt.Sprintf("kind(%d)", uint64(k))
}

// MarshalText writes the word.
func (k TxKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the word.
func (k *TxKind) UnmarshalText(b []byte) error {
	for _, c := range []TxKind{TxTransfer, TxRegister, TxStake} {
		if c.String() == string(b) {
			*k = c
			return nil
		}
	}
	return fmt.Errorf("%s is not a kind of transaction: use transfer, register or stake", clip(string(b[:min(len(b), maxTextBytes+1)])))
}

const (
	// MaxTxBytes caps a signed transaction.
	MaxTxBytes = 2048
	// MaxMemoBytes caps a memo.
	MaxMemoBytes = 128
)

// Tx is the unsigned body of a transaction. Amounts are in base units.
type Tx struct {
	_          struct{} `cbor:",toarray"`
	Kind       TxKind   `json:"kind"`
	From       Address  `json:"from"`       // pays, and signs
	Nonce      uint64   `json:"nonce"`      // the account's next: its first transaction has 1
	To         Address  `json:"to"`         // receiver or validator; From itself in register
	Amount     uint64   `json:"amount"`     // 0 in register
	Fee        uint64   `json:"fee"`        // at least Params.MinFee; goes to the forger
	ValidUntil uint64   `json:"validUntil"` // last height that may include it; 0 is no limit
	Memo       []byte   `json:"memo"`       // at most MaxMemoBytes
	Payload    []byte   `json:"payload"`    // encoding of a Registration in register, else empty
}

// SignedTx is a transaction with the signature of From over [TxMessage].
type SignedTx struct {
	_         struct{} `cbor:",toarray"`
	Tx        Tx
	Signature Signature
}

// ID is the hash of the unsigned body: it does not change with the signature,
// of which Ed25519 admits more than one.
func (t *Tx) ID() Hash {
	var room [512]byte // of all but the longest registrations
	return Sum(t.append(room[:0]))
}

// TxMessage is what From signs.
func TxMessage(genesis Hash, t *Tx) []byte {
	return t.append(message(txDomain, genesis))
}

const txDomain = "posnet/tx/v1"

// signedEnd is what follows the unsigned body in the encoding of a signed transaction: the signature and its head.
const signedEnd = 2 + len(Signature{})

// BodyOf is the encoding of the unsigned body within that of a signed transaction, and empty in what is too short to be
// one. If raw is canonical, its hash is the transaction's id, and it ends the message that is signed.
func BodyOf(raw []byte) []byte {
	if len(raw) < 1+signedEnd {
		return nil
	}
	return raw[1 : len(raw)-signedEnd]
}

// AppendTxMessage appends what From signs in a transaction of this encoding, which [DecodeTx] has read.
func AppendTxMessage(dst []byte, genesis Hash, raw []byte) []byte {
	return append(append(append(dst, txDomain...), genesis[:]...), BodyOf(raw)...)
}

// DecodeTx reads a signed transaction and checks what needs no state.
func DecodeTx(b []byte) (*SignedTx, error) {
	t := new(SignedTx)
	if len(b) > MaxTxBytes || !t.cut(b) {
		*t = SignedTx{}
		if err := Decode(b, t, MaxTxBytes); err != nil { // which says what is wrong
			return nil, fmt.Errorf("read transaction: %w", err)
		}
	}
	if err := t.Tx.Check(); err != nil {
		return nil, err
	}
	return t, nil
}

// Check refuses what no state could make valid.
func (t *Tx) Check() error {
	switch {
	case len(t.Memo) > MaxMemoBytes:
		return fmt.Errorf("memo has %d bytes, at most %d are allowed", len(t.Memo), MaxMemoBytes)
	case t.From.IsZero():
		return fmt.Errorf("from is missing")
	case t.Nonce == 0:
		return fmt.Errorf("nonce is 0: an account's first transaction has nonce 1")
	case t.Amount > MaxSupply || t.Fee > MaxSupply:
		return fmt.Errorf("amount or fee is above the largest supply, %d", MaxSupply)
	}
	switch t.Kind {
	case TxTransfer, TxStake:
		if t.To.IsZero() {
			return fmt.Errorf("to is missing")
		}
		if t.Amount == 0 {
			return fmt.Errorf("amount is 0: it must be at least one base unit")
		}
		if len(t.Payload) != 0 {
			return fmt.Errorf("a %s has no payload", t.Kind)
		}
	case TxRegister:
		if t.To != t.From || t.Amount != 0 {
			return fmt.Errorf("a register names its own account in to and moves no amount")
		}
		if _, err := DecodeRegistration(t.Payload); err != nil {
			return err
		}
	default:
		return fmt.Errorf("unknown kind of transaction %d", uint64(t.Kind))
	}
	return nil
}

func message(domain string, genesis Hash) []byte {
	b := make([]byte, 0, len(domain)+len(genesis)+256)
	b = append(b, domain...)
	return append(b, genesis[:]...)
}
