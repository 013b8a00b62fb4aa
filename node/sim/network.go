package sim

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/replica"
)

// network is the members of a run, what lies between them, and the checkers.
type network struct {
	*world
	cfg         Config
	genesis     *chain.Genesis
	genesisHash chain.Hash
	members     []*member
	byName      map[string]int

	faucet  keys.PrivateKey
	nonce   uint64
	minted  uint64
	crashes int
	sent    uint64
	final   map[uint64]chain.Header // by height: the block all must agree on
	slots   map[slot]chain.Hash     // what each validator signed
	result  Result
}

// slot is where a validator may sign one thing only.
type slot struct {
	validator     chain.Address
	kind          byte
	height, round uint64
}

// Run simulates a network until every node has decided cfg.Heights blocks. The
// error is of the simulation itself; violations are in the result.
func Run(cfg Config) (Result, error) {
	n := &network{
		world: newWorld(cfg.Seed), cfg: cfg, byName: map[string]int{},
		final: map[uint64]chain.Header{}, slots: map[slot]chain.Hash{}, result: Result{Seed: cfg.Seed},
	}
	if err := n.build(); err != nil {
		return n.result, err
	}
	for _, m := range n.members {
		if err := m.start(); err != nil {
			return n.result, err
		}
	}
	n.planCrash()
	n.planTx()
	for n.lowest() < cfg.Heights && len(n.result.Violations) == 0 {
		if n.now-epoch > cfg.Limit {
			n.violate("liveness: after %d simulated seconds the slowest node is at height %d of %d", (n.now-epoch)/1000, n.lowest(), cfg.Heights)
			break
		}
		if !n.step() {
			return n.result, fmt.Errorf("nothing left to happen at height %d", n.lowest())
		}
	}
	for _, m := range n.members {
		if m.up {
			_ = m.replica.Close()
			_ = m.signer.Close()
			_ = m.store.Close()
		}
	}
	n.result.Heights, n.result.Crashes, n.result.Messages = n.lowest(), n.crashes, n.sent
	n.result.SimSeconds = float64(n.now-epoch) / 1000
	n.result.TraceHash = fmt.Sprintf("%x", n.trace.Sum(nil))
	return n.result, nil
}

// build makes the members and their genesis.
func (n *network) build() error {
	params := chain.DefaultParams()
	params.MinFee = 0
	if n.cfg.Params != nil {
		params = *n.cfg.Params
	}
	n.faucet = keys.FromSeed(chain.Sum([]byte("faucet"), chain.Uint64(n.cfg.Seed)))
	g := &chain.Genesis{
		ChainID: "sim", Time: epoch - 1000, Params: params,
		Accounts: []chain.GenesisAccount{{Address: n.faucet.Public(), Balance: 1 << 50}},
	}
	for i := range n.cfg.Nodes {
		m, err := newMember(n, i)
		if err != nil {
			return err
		}
		n.members = append(n.members, m)
		n.byName[m.name()] = i
		g.Validators = append(g.Validators, m.public)
	}
	slices.SortFunc(g.Validators, func(a, b chain.GenesisValidator) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	for _, v := range g.Validators {
		// Unequal, but none with a third: the loss of any one must not stop the chain.
		g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: n.faucet.Public(), Validator: v.Address, Amount: n.between(900_000, 1_100_000)})
	}
	n.genesis, n.genesisHash = g, g.Hash()
	for _, b := range g.Bonds {
		n.minted += b.Amount
	}
	n.minted += g.Accounts[0].Balance
	return nil
}

// send takes a frame from one member to another, or loses it.
func (n *network) send(from, to *member, kind byte, payload []byte) {
	n.sent++
	n.checkSigned(from, kind, payload)
	f := &n.cfg.Faults
	times := 1
	if n.chance(f.Loss) {
		times = 0
	} else if n.chance(f.Duplicate) {
		times = 2
	}
	for range times {
		delay := n.between(f.MinDelay, f.MaxDelay)
		if n.chance(f.SlowChance) {
			delay += n.between(0, f.SlowBy)
		}
		n.after(delay, func() { to.receive(from, kind, payload) })
	}
}

// checkSigned sees that no validator ever signs two things for one slot.
func (n *network) checkSigned(from *member, kind byte, payload []byte) {
	var s slot
	var what chain.Hash
	switch kind {
	case replica.FrameVote:
		var v chain.SignedVote
		if err := chain.Decode(payload, &v, 1024); err != nil {
			n.violate("node %d sends a vote nobody can read: %v", from.index, err)
			return
		}
		s = slot{v.Validator, byte(v.Vote.Kind), v.Vote.Height, v.Vote.Round}
		what = v.Vote.BlockHash
	case replica.FrameProposal:
		var p chain.SignedProposal
		if err := chain.Decode(payload, &p, chain.MaxProposalBytes); err != nil {
			n.violate("node %d sends a proposal nobody can read: %v", from.index, err)
			return
		}
		s = slot{kind: 'p', height: p.Height, round: p.Round}
		what = chain.Sum(p.BlockHash[:], chain.Uint64(uint64(p.ValidRound)))
	default:
		return
	}
	if before, ok := n.slots[s]; ok && before != what {
		n.violate("equivocation: two different messages for height %d round %d kind %d of %s", s.height, s.round, s.kind, s.validator)
	}
	n.slots[s] = what
}

// decided checks a block that became final on a member.
func (n *network) decided(m *member, d replica.Decision) {
	h := &d.Block.Header
	n.note('d', m.index, d.Hash[:])
	m.durable = max(m.durable, h.Height)
	if first, ok := n.final[h.Height]; ok {
		if first.Hash() != d.Hash {
			n.violate("agreement: height %d is %s on node %d and %s elsewhere", h.Height, d.Hash.Short(), m.index, first.Hash().Short())
		}
	} else {
		n.final[h.Height] = *h
		n.result.Transfers += uint64(len(d.Block.Txs))
		if d.Certificate.Round > 0 {
			n.result.Rounds++
		}
		n.say("height %d: block %s of round %d, decided in round %d, %d transactions", h.Height, d.Hash.Short(), h.Round, d.Certificate.Round, len(d.Block.Txs))
	}
	if d.Outcome.System.Supply != n.minted {
		n.violate("supply: %d at height %d, it began with %d", d.Outcome.System.Supply, h.Height, n.minted)
	}
	if h.Height%1000 == 0 {
		n.checkSupply(m)
	}
	delete(n.final, h.Height-min(h.Height, 5000)) // memory; nobody is that far behind
	if len(n.slots) > 1<<17 {
		low := n.lowest()
		for s := range n.slots {
			if s.height+100 < low {
				delete(n.slots, s)
			}
		}
	}
}

// checkSupply adds up every balance and bond of a member's state.
func (n *network) checkSupply(m *member) {
	n.after(0, func() {
		if !m.up {
			return
		}
		sum := uint64(0)
		read := func(b []byte, v any) {
			if err := chain.Decode(b, v, 1<<20); err != nil {
				n.violate("state of node %d: %v", m.index, err)
			}
		}
		err := m.store.ScanState([]byte{'a'}, nil, func(_, value []byte) bool {
			var a ledger.Account
			read(value, &a)
			sum += a.Balance
			return true
		})
		if err == nil {
			err = m.store.ScanState([]byte{'v'}, nil, func(_, value []byte) bool {
				var v ledger.Validator
				read(value, &v)
				sum += v.Bonded
				return true
			})
		}
		if err != nil || sum != n.minted {
			n.violate("supply: balances and bonds of node %d add up to %d, not %d (%v)", m.index, sum, n.minted, err)
		}
	})
}

// lowest is the height that every member has decided.
func (n *network) lowest() uint64 {
	low := ^uint64(0)
	for _, m := range n.members {
		low = min(low, m.durable)
	}
	return low
}

func (n *network) planCrash() {
	if n.cfg.Faults.CrashEvery == 0 {
		return
	}
	n.after(n.between(1, 2*n.cfg.Faults.CrashEvery), func() {
		if m := n.members[n.random.IntN(len(n.members))]; m.up {
			m.crash()
		}
		n.planCrash()
	})
}

// planTx sends transfers of the faucet to ever new accounts, to every member,
// as gossip would.
func (n *network) planTx() {
	if n.cfg.TxEvery == 0 {
		return
	}
	n.after(n.between(0, 2*n.cfg.TxEvery), func() {
		n.nonce++
		to := keys.FromSeed(chain.Sum([]byte("account"), chain.Uint64(n.nonce%5000)))
		tx := chain.Tx{Kind: chain.TxTransfer, From: n.faucet.Public(), Nonce: n.nonce, To: to.Public(), Amount: n.between(1, 1000), Fee: n.genesis.Params.MinFee}
		raw := chain.Encode(&chain.SignedTx{Tx: tx, Signature: n.faucet.Sign(chain.TxMessage(n.genesisHash, &tx))})
		for _, m := range n.members {
			n.after(n.between(n.cfg.Faults.MinDelay, n.cfg.Faults.MaxDelay), func() { m.submit(raw) })
		}
		n.planTx()
	})
}

// submit offers a transaction; one that is late is refused, and that is fine.
func (m *member) submit(raw []byte) {
	if !m.up {
		return
	}
	if _, err := m.replica.Pool().Add(raw); err == nil {
		m.replica.PoolChanged()
		m.check()
	}
}

func (n *network) violate(format string, args ...any) {
	v := fmt.Sprintf(format, args...)
	n.result.Violations = append(n.result.Violations, v)
	n.say("VIOLATION %s", v)
}

func (n *network) say(format string, args ...any) {
	if n.cfg.Log != nil {
		n.cfg.Log(fmt.Sprintf("%10.3fs  ", float64(n.now-epoch)/1000) + fmt.Sprintf(format, args...))
	}
}
