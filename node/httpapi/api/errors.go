package api

import "github.com/posnet/posnet/node/chain"

// ErrorBody is what every error answer says.
type ErrorBody struct {
	Code    ErrorCode      `json:"code"`
	Message string         `json:"message"`
	Details map[string]any `json:"details,omitempty"`
}

// The codes of the API itself. A refused transaction has its
// [chain.RefusalCode] as code.
const (
	CodeBadRequest       = "bad_request"
	CodeBadParameter     = "bad_parameter"
	CodeBodyTooLarge     = "body_too_large"
	CodeNotFound         = "not_found"
	CodeMethodNotAllowed = "method_not_allowed"
	CodeBlockNotFound    = "block_not_found"
	CodePruned           = "pruned"
	CodeTxNotFound       = "tx_not_found"
	CodeNoGenesis        = "no_genesis"
	CodeNoCeremony       = "no_ceremony"
	CodeWaitTimeout      = "wait_timeout"
	CodeRateLimited      = "rate_limited"
	CodeTooManyWaiters   = "too_many_waiters"
	CodeAwaitingGenesis  = "awaiting_genesis"
	CodeShuttingDown     = "shutting_down"
	CodeUnavailable      = "unavailable"
	CodeTimeout          = "timeout"
	CodeInternal         = "internal"
)

// StatusOf is the HTTP status that each code is served with. The table in
// openapi.yaml says the same, and a test holds the two together.
func StatusOf(code string) int {
	if s, ok := statuses[code]; ok {
		return s
	}
	return 500
}

// Codes lists every code, in no order.
func Codes() []string {
	out := make([]string, 0, len(statuses))
	for c := range statuses {
		out = append(out, c)
	}
	return out
}

var statuses = map[string]int{
	string(chain.RefusedMalformed):    400,
	string(chain.RefusedUnknownKind):  400,
	string(chain.RefusedTooLarge):     413,
	string(chain.RefusedSignature):    422,
	string(chain.RefusedBalance):      422,
	string(chain.RefusedFee):          422,
	string(chain.RefusedExpired):      422,
	string(chain.RefusedNotValidator): 422,
	string(chain.RefusedBadKey):       422,
	string(chain.RefusedBadProof):     422,
	string(chain.RefusedSupply):       422,
	string(chain.RefusedNonceUsed):    409,
	string(chain.RefusedNonceGap):     409,
	string(chain.RefusedDuplicate):    409,
	string(chain.RefusedRegistered):   409,
	string(chain.RefusedKeyInUse):     409,
	string(chain.RefusedPoolFull):     503,

	CodeBadRequest: 400, CodeBadParameter: 400, CodeBodyTooLarge: 413,
	CodeNotFound: 404, CodeBlockNotFound: 404, CodeTxNotFound: 404, CodeNoGenesis: 404, CodeNoCeremony: 404,
	CodeMethodNotAllowed: 405, CodeWaitTimeout: 408, CodePruned: 410, CodeRateLimited: 429,
	CodeAwaitingGenesis: 503, CodeTooManyWaiters: 503, CodeShuttingDown: 503, CodeUnavailable: 503,
	CodeTimeout: 504, CodeInternal: 500,
}
