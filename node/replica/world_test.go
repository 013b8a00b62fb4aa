package replica_test

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/store"
)

const (
	epoch = 1_800_000_000_000 // Unix milliseconds
	keep  = "validator"       // the signer's directory
)

// The only validator of the network, and who has its money.
var (
	account      = keys.FromSeed([32]byte{1})
	consensusKey = keys.FromSeed([32]byte{2})
	vrfKey       = keys.FromSeed([32]byte{3})
	peerKey      = keys.FromSeed([32]byte{4})
	faucet       = keys.FromSeed([32]byte{5})
)

var genesis = func() *chain.Genesis {
	params := chain.DefaultParams()
	params.MaxIdle = 0 // a block when there is a transaction, and at no other time
	return &chain.Genesis{
		ChainID: "replica", Time: epoch - 1000, Params: params,
		Accounts: []chain.GenesisAccount{{Address: faucet.Public(), Balance: 1 << 40}},
		Validators: []chain.GenesisValidator{{Address: account.Public(), Keys: chain.ValidatorKeys{
			Consensus: consensusKey.Public(), VRF: vrfKey.Public(), Peer: peerKey.Public(),
		}}},
		Bonds: []chain.GenesisBond{{Staker: faucet.Public(), Validator: account.Public(), Amount: 1_000_000}},
	}
}()

// known are signatures that were found good in one of many lives, and are the
// same in the others.
var known = keys.NewKnown(1 << 17)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// slot is where a validator may sign one thing only.
type slot struct {
	kind          byte
	height, round uint64
}

// witness is the rest of the world: it remembers what the validator released,
// over all its lives, and the time.
type witness struct {
	mu      sync.Mutex // a crash may be found by a goroutine of the store
	now     uint64
	slots   map[slot]chain.Hash
	blocks  map[uint64]chain.Hash // that a released precommit made final
	decided uint64                // the highest block acknowledged as durable

	proposed chain.SignedProposal // the last
	told     chain.VoteState      // the last
	lies     []string

	court *court // the other validators; nil: there are none
}

func newWitness() *witness {
	return &witness{now: epoch, slots: map[slot]chain.Hash{}, blocks: map[uint64]chain.Hash{}}
}

// fork is the witness of another end of the story.
func (w *witness) fork() *witness {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := &witness{now: w.now, slots: maps.Clone(w.slots), blocks: maps.Clone(w.blocks), decided: w.decided}
	if w.court != nil {
		f.court = w.court.fork(f)
	}
	return f
}

// found notes the height at which a life begins: whoever asks is told of it, and a crash in that life may come right after the next
// block is durable.
func (w *witness) found(height uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.decided = max(w.decided, height)
}

func (w *witness) clock() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *witness) lie(format string, args ...any) {
	w.lies = append(w.lies, fmt.Sprintf(format, args...))
}

// hears takes a frame that left the validator.
func (w *witness) hears(kind byte, payload []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var s slot
	var what chain.Hash
	switch kind {
	case replica.FrameVote:
		var v chain.SignedVote
		if err := chain.Decode(payload, &v, 1024); err != nil {
			w.lie("a vote nobody can read: %v", err)
			return
		}
		if w.court != nil {
			if v.Validator == account.Public() {
				w.court.amnesia(&v.Vote)
			}
			w.court.recordVote(peerKey.Public(), v)
		}
		if v.Validator != account.Public() {
			return // one of another's, that a peer lacked
		}
		s, what = slot{byte(v.Vote.Kind), v.Vote.Height, v.Vote.Round}, v.Vote.BlockHash
		if w.court == nil && v.Vote.Kind == chain.Precommit && !what.IsZero() {
			// Alone it is more than two thirds: its precommit is a decision.
			w.final(v.Vote.Height, what)
		}
	case replica.FrameProposal:
		var p chain.SignedProposal
		if err := chain.Decode(payload, &p, chain.MaxProposalBytes); err != nil {
			w.lie("a proposal nobody can read: %v", err)
			return
		}
		if w.court != nil && !w.court.recordProposal(peerKey.Public(), p) {
			return // one of another's, that a peer lacked
		}
		w.proposed = p
		s, what = slot{'p', p.Height, p.Round}, chain.Sum(p.BlockHash[:], chain.Uint64(uint64(p.ValidRound)))
	case replica.FrameState:
		if err := chain.Decode(payload, &w.told, chain.MaxVoteStateBytes); err != nil {
			w.lie("a vote state nobody can read: %v", err)
		}
		return
	default:
		return
	}
	if before, ok := w.slots[s]; ok && before != what {
		w.lie("two messages of kind %d for height %d round %d", s.kind, s.height, s.round)
	}
	w.slots[s] = what
}

func (w *witness) final(height uint64, hash chain.Hash) {
	if before, ok := w.blocks[height]; ok && before != hash {
		w.lie("height %d is final with block %s and with %s", height, before.Short(), hash.Short())
	}
	w.blocks[height] = hash
}

func (w *witness) durable(d replica.Decision) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.final(d.Block.Header.Height, d.Hash)
	w.decided = d.Block.Header.Height
}

// machine is one life of the validator on a disk.
type machine struct {
	w       *witness
	genesis *chain.Genesis
	store   *store.Store
	signer  *signer.Signer
	replica *replica.Replica
	timers  []alarm
	halted  string
	bulk    int // how many transfers pay makes; 0: one

	executions int
}

type alarm struct {
	at uint64
	t  consensus.Timer
}

// boot opens the validator, or a follower when self is false, on a disk.
func boot(fsys vfs.FS, w *witness, self bool) (*machine, error) {
	return bootInto(genesis, fsys, w, self)
}

// bootInto is boot in the network of a genesis.
func bootInto(genesis *chain.Genesis, fsys vfs.FS, w *witness, self bool) (m *machine, err error) {
	m = &machine{w: w, genesis: genesis}
	m.at(w.clock() + 321) // a later life forges other blocks, even of the same transactions
	cfg := replica.Config{Genesis: genesis, FS: fsys, WALDir: "wal", Logger: slog.New(slog.DiscardHandler)}
	cfg.Known = known
	cfg.Ports = replica.Ports{
		Now:        w.clock,
		SetTimer:   func(t consensus.Timer, after uint64) { m.timers = append(m.timers, alarm{w.clock() + after, t}) },
		Broadcast:  w.hears,
		Send:       func(_ string, kind byte, payload []byte) { w.hears(kind, payload) },
		PeerHeight: func(string, uint64) {},
	}
	cfg.Observer = replica.Observer{
		Clock: time.Now, Executed: func(time.Duration) { m.executions++ },
		Decided: w.durable, Halted: func(reason, _ string) { m.halted = reason },
	}
	m.store, err = store.Open(fsys, "db", store.Options{Genesis: genesis.Hash(), MemTableBytes: 64 << 10, CacheBytes: 1 << 20, TreeCacheBytes: 1 << 20, TreeBufferHeights: 2})
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	if self {
		if m.signer, err = signer.Open(fsys, keep); err != nil {
			return nil, fmt.Errorf("open the signer: %w", err)
		}
		cfg.Self, cfg.Signer = account.Public(), m.signer
	}
	cfg.Store = m.store
	if m.replica, err = replica.Open(cfg); err != nil {
		return nil, fmt.Errorf("open the replica: %w", err)
	}
	return m, nil
}

// close ends the process in order.
func (m *machine) close() error {
	err := m.replica.Close()
	if m.signer != nil {
		err = errors.Join(err, m.signer.Close())
	}
	return errors.Join(err, m.store.Close())
}

// pass lets time pass, in milliseconds, with a tick every 50.
func (m *machine) pass(ms uint64) {
	for end := m.w.clock() + ms; m.w.clock() < end; {
		next := m.w.clock() + 50
		i := -1
		for j, a := range m.timers {
			if a.at <= next && (i < 0 || a.at < m.timers[i].at) {
				i = j
			}
		}
		if i < 0 {
			m.at(next)
			m.replica.Tick()
			continue
		}
		a := m.timers[i]
		m.timers = slices.Delete(m.timers, i, i+1)
		m.at(a.at)
		m.replica.Timer(a.t)
	}
}

func (m *machine) at(now uint64) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	m.w.now = max(m.w.now, now)
}

// pay gives the validator work.
func (m *machine) pay() error {
	for range max(m.bulk, 1) {
		if err := m.transfer(); err != nil {
			return err
		}
	}
	m.replica.PoolChanged()
	return nil
}

func (m *machine) transfer() error {
	nonce, err := m.replica.Pool().NextNonce(faucet.Public())
	if err != nil {
		return err
	}
	tx := chain.Tx{Kind: chain.TxTransfer, From: faucet.Public(), Nonce: nonce, To: account.Public(), Amount: 7, Fee: m.genesis.Params.MinFee}
	if m.bulk > 0 {
		tx.Memo = make([]byte, chain.MaxMemoBytes)
	}
	_, err = m.replica.Pool().Add(chain.Encode(&chain.SignedTx{Tx: tx, Signature: faucet.Sign(chain.TxMessage(m.genesis.Hash(), &tx))}))
	return err
}

func (m *machine) height() uint64 { return m.replica.View().Height }

// reach works until a height is decided, for at most a minute of its time.
func (m *machine) reach(height uint64) error {
	for range 120 {
		if err := m.replica.Err(); err != nil {
			return err
		}
		if m.height() >= height {
			return nil
		}
		if m.replica.Pool().Executable() == 0 {
			if err := m.pay(); err != nil {
				return err
			}
		}
		m.pass(500)
	}
	return fmt.Errorf("it stays at height %d, want %d", m.height(), height)
}

// newDisk is a disk with a fresh validator on it.
func newDisk(t *testing.T) *vfs.MemFS {
	t.Helper()
	mem := vfs.NewCrashableMem()
	must(t, signer.Create(mem, keep, consensusKey, vrfKey))
	return mem
}
