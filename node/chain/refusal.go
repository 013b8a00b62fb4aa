package chain

import "fmt"

// RefusalCode is a stable word for why a transaction was refused. Programs
// branch on it; the API serves it as the error's code.
type RefusalCode string

// The reasons to refuse a transaction.
const (
	RefusedMalformed    RefusalCode = "malformed"
	RefusedTooLarge     RefusalCode = "too_large"
	RefusedSignature    RefusalCode = "wrong_signature"
	RefusedNonceUsed    RefusalCode = "bad_nonce"
	RefusedNonceGap     RefusalCode = "nonce_gap"
	RefusedBalance      RefusalCode = "insufficient_balance"
	RefusedFee          RefusalCode = "fee_too_low"
	RefusedExpired      RefusalCode = "expired"
	RefusedDuplicate    RefusalCode = "duplicate"
	RefusedPoolFull     RefusalCode = "pool_full"
	RefusedNotValidator RefusalCode = "not_a_validator"
	RefusedRegistered   RefusalCode = "already_registered"
	RefusedKeyInUse     RefusalCode = "key_in_use"
	RefusedBadKey       RefusalCode = "bad_key"
	RefusedBadProof     RefusalCode = "bad_proof"
	RefusedSupply       RefusalCode = "supply"
	RefusedUnknownKind  RefusalCode = "unknown_kind"
)

// Refusal is the error for a transaction that cannot be accepted as it is.
type Refusal struct {
	Code    RefusalCode
	Message string // for a person: what was wrong, and what to do
}

// Error is the message.
func (r *Refusal) Error() string { return r.Message }

// Refuse makes a [Refusal].
func Refuse(code RefusalCode, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Message: fmt.Sprintf(format, args...)}
}
