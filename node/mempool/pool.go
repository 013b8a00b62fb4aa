package mempool

import (
	"fmt"
	"sync"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// Bounds that apply where [Config] leaves a field 0.
const (
	DefaultMaxTxs        = 20_000
	DefaultMaxBytes      = 16 << 20
	DefaultMaxPerAccount = 1024
)

// StateReader reads the decided state. Its errors are failures of the store, never "no such account": an account nobody
// paid yet has balance 0 and nonce 0.
type StateReader interface {
	// Account returns the balance in base units and the nonce of the last transaction applied (0: none yet).
	Account(addr chain.Address) (balance, nonce uint64, err error)
}

// Config says what a pool holds and for which chain.
type Config struct {
	Genesis chain.Hash // the network transactions are signed for
	Params  chain.Params
	Height  uint64 // the last decided height at the start
	State   StateReader
	Known   *keys.Known // public keys found good before, which the pool adds to; nil: check all
	// Verified are signatures of transactions found good before, which the pool adds to. It is worth having only if pools
	// of one process share it: a pool remembers what it let in. Nil: check all.
	Verified *keys.Known

	// MaxTxs and MaxBytes bound the whole pool; bytes are those of encoded signed transactions. What the pool needs in
	// memory is about MaxBytes plus 1 KiB for each transaction.
	MaxTxs   int
	MaxBytes int
	// MaxPerAccount bounds the transactions of one account, and so how far ahead of its decided nonce it may send.
	MaxPerAccount int

	// Check, if set, says what else the decided state has against a transaction (a [*chain.Refusal]), such as stake for an
	// account that is no validator. It is called under the pool's lock, before the signatures are verified and again when
	// the transaction is let in: it must be quick, and not call back.
	Check func(*chain.Tx) error
	// OnDrop, if set, is told of each transaction that leaves without being in a block: evicted, replaced, expired, no
	// longer affordable, or its nonce used by another. It is called under the pool's lock and must not call back.
	OnDrop func(tx *Tx, why chain.RefusalCode)
}

// Tx is a transaction in the pool. It does not change: share it freely, and modify nothing in it.
type Tx struct {
	ID   chain.Hash // of the unsigned body
	Body *chain.Tx
	Raw  []byte // the canonical signed encoding, as a block carries it
	Seq  uint64 // order of arrival at this node, from 1

	signed *chain.SignedTx // whose body is Body
	home   *account
	due    int  // position in Pool.expiring, -1 when it never expires
	gone   bool // in the block that Committed is told of

	seen struct{ height, balance, nonce uint64 } // of the sender, when the transaction was first looked at
}

// Cost is what the transaction takes from its sender's balance, in base units.
func (t *Tx) Cost() uint64 { return t.Body.Amount + t.Body.Fee }

// Pool is the set of transactions that wait for a block. Make one with [New].
type Pool struct {
	cfg      Config
	changed  chan struct{}
	verifier *keys.Verifier

	mu       sync.RWMutex
	height   uint64 // last decided
	seq      uint64
	byID     map[chain.Hash]*Tx
	accounts map[chain.Address]*account
	tails    order[*account] // the worst last transaction first; see worst
	ordered  bool            // tails has all accounts
	expiring order[*Tx]      // the earliest validUntil first
	bytes    int
	ready    int // executable transactions
	dropped  uint64
}

// New makes an empty pool.
func New(cfg Config) (*Pool, error) {
	if cfg.State == nil {
		return nil, fmt.Errorf("make transaction pool: it needs a reader of the decided state")
	}
	if err := cfg.Params.Check(); err != nil {
		return nil, fmt.Errorf("make transaction pool: %w", err)
	}
	for _, d := range []struct {
		v   *int
		def int
	}{{&cfg.MaxTxs, DefaultMaxTxs}, {&cfg.MaxBytes, DefaultMaxBytes}, {&cfg.MaxPerAccount, DefaultMaxPerAccount}} {
		if *d.v < 0 {
			return nil, fmt.Errorf("make transaction pool: a bound is %d, it must be positive or 0 for the default", *d.v)
		}
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	return &Pool{
		cfg:      cfg,
		changed:  make(chan struct{}, 1),
		verifier: keys.NewVerifier(cfg.Known),
		height:   cfg.Height,
		byID:     map[chain.Hash]*Tx{},
		accounts: map[chain.Address]*account{},
		tails:    order[*account]{before: worseTail, place: func(a *account, i int) { a.at = i }},
		expiring: order[*Tx]{before: dueBefore, place: func(t *Tx, i int) { t.due = i }},
	}, nil
}

func dueBefore(a, b *Tx) bool { return a.Body.ValidUntil < b.Body.ValidUntil }

// SetParams takes the parameters that apply from the next height. Waiting transactions that pay less than a raised
// minimum fee leave with the next [Pool.Committed] that touches their account, or when a block's execution refuses them.
func (p *Pool) SetParams(params chain.Params) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cfg.Params = params
}

// Changed delivers a token after transactions were admitted or the number of executable ones changed. Tokens do not add
// up: one stands for any number of changes since the last was taken. It is for a single reader.
func (p *Pool) Changed() <-chan struct{} { return p.changed }

func (p *Pool) notify() {
	select {
	case p.changed <- struct{}{}:
	default: // a token is there already, and says the same
	}
}
