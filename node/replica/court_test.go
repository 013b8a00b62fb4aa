package replica_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/stake"
	"github.com/posnet/posnet/node/store"
)

// court is three validators beside the one under test, played by hand: they
// say what a test has them say, remember all that was said in the undecided
// height, and know each block that was made final, whoever lost it since. Its
// methods that begin with a lower-case verb of speech are for the main
// goroutine; record and fork run under the witness's lock.
type court struct {
	w       *witness
	genesis *chain.Genesis
	hash    chain.Hash
	others  []chain.Address
	chain   []certified // [0] is block 1

	height    uint64 // undecided
	set       *stake.Set
	seed      chain.Hash
	frames    []spoken
	votes     map[ballot]chain.SignedVote
	proposals map[uint64]chain.Hash // by round
	blocks    map[chain.Hash][]byte
	top       uint64 // highest round anybody spoke in

	trap bool // see tempt
}

// spoken is a frame and whose it is.
type spoken struct {
	key     chain.PublicKey
	kind    byte
	payload []byte
}

type ballot struct {
	slot
	who chain.Address
}

const judges = 3

func judge(i int, use byte) keys.PrivateKey { return seeded(byte(40+i), use) }

func newCourt(g *chain.Genesis) *court {
	c := &court{genesis: g, hash: g.Hash()}
	for i := range judges {
		c.others = append(c.others, judge(i, 0).Public())
	}
	c.open(1)
	return c
}

func (c *court) open(height uint64) {
	c.height, c.set, c.seed, c.frames, c.top = height, nil, chain.Hash{}, nil, 0
	c.votes, c.proposals, c.blocks = map[ballot]chain.SignedVote{}, map[uint64]chain.Hash{}, map[chain.Hash][]byte{}
}

func (c *court) fork(w *witness) *court {
	f := *c
	f.w = w
	f.chain, f.frames = slices.Clone(c.chain), slices.Clone(c.frames)
	f.votes, f.proposals, f.blocks = maps.Clone(c.votes), maps.Clone(c.proposals), maps.Clone(c.blocks)
	return &f
}

func (c *court) recordVote(key chain.PublicKey, v chain.SignedVote) {
	b := ballot{slot{byte(v.Vote.Kind), v.Vote.Height, v.Vote.Round}, v.Validator}
	if _, known := c.votes[b]; known || v.Vote.Height != c.height {
		return
	}
	c.votes[b] = v
	c.top = max(c.top, v.Vote.Round)
	c.frames = append(c.frames, spoken{key, replica.FrameVote, chain.Encode(&v)})
	c.settle()
}

// recordProposal reports whether a proposal is new, or again what the validator
// under test proposed before.
func (c *court) recordProposal(key chain.PublicKey, p chain.SignedProposal) bool {
	if p.Height != c.height {
		return false
	}
	if before, known := c.proposals[p.Round]; known {
		return before != p.BlockHash // the witness will know what that means
	}
	c.proposals[p.Round], c.blocks[p.BlockHash] = p.BlockHash, p.Block
	c.top = max(c.top, p.Round)
	c.frames = append(c.frames, spoken{key, replica.FrameProposal, chain.Encode(&p)})
	c.settle()
	return true
}

// quorum finds a block for which more than two thirds voted in a round, the
// latest such round.
func (c *court) quorum(kind chain.VoteKind) (hash chain.Hash, round int64) {
	sums := map[slot]map[chain.Hash]uint64{}
	for b, v := range c.votes {
		if i, ok := c.set.Index(b.who); ok && v.Vote.Kind == kind && !v.Vote.BlockHash.IsZero() {
			if sums[b.slot] == nil {
				sums[b.slot] = map[chain.Hash]uint64{}
			}
			sums[b.slot][v.Vote.BlockHash] += c.set.At(i).Stake
		}
	}
	round = -1
	for s, by := range sums {
		for h, sum := range by { // no two have more than two thirds
			if int64(s.round) > round && c.set.Quorum(sum) && c.blocks[h] != nil {
				hash, round = h, int64(s.round)
			}
		}
	}
	return hash, round
}

// settle notes what has become final.
func (c *court) settle() {
	if c.set == nil {
		return
	}
	hash, round := c.quorum(chain.Precommit)
	if round < 0 {
		return
	}
	cert := chain.Certificate{Height: c.height, Round: uint64(round), BlockHash: hash, Signers: make([]byte, (c.set.Len()+7)/8)}
	for i := range c.set.Len() {
		v, ok := c.votes[ballot{slot{byte(chain.Precommit), c.height, uint64(round)}, c.set.At(i).Address}]
		if ok && v.Vote.BlockHash == hash {
			cert.Signers[i/8] |= 1 << (i % 8)
			cert.Signatures = append(cert.Signatures, v.Signature)
		}
	}
	block, err := chain.DecodeBlock(c.blocks[hash], chain.MaxBlockBytes)
	if err != nil {
		c.w.lie("a final block that nobody can read: %v", err)
		return
	}
	c.chain = append(c.chain, certified{*block, cert})
	c.w.final(c.height, hash)
	c.open(c.height + 1)
}

// enter learns the set and the seed of the height from a machine that is there.
func (c *court) enter(m *machine) {
	v := m.replica.View()
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	if c.set == nil && v.Height+1 == c.height {
		c.set, c.seed = v.Set, v.Seed
		c.settle()
	}
}

// say has somebody tell the validator something, as its frame.
func (c *court) say(m *machine, s spoken) {
	if err := m.replica.Frame("peer", s.key, s.kind, s.payload); errors.Is(err, replica.ErrHostile) {
		c.w.lie("it calls an honest frame of kind %d hostile: %v", s.kind, err)
	}
}

// greet has everybody tell the validator their vote states, and all that was
// said in this height, by itself too.
func (c *court) greet(m *machine) {
	state := chain.Encode(&chain.VoteState{Height: c.height, Round: c.top})
	for i := range judges {
		c.say(m, spoken{judge(i, 3).Public(), replica.FrameState, state})
	}
	c.w.mu.Lock()
	frames, height := slices.Clone(c.frames), c.height
	c.w.mu.Unlock()
	for _, f := range frames {
		if m.height()+1 == height {
			c.say(m, f)
		}
	}
}

// vote has some of the others vote. With m nil the validator is not told.
func (c *court) vote(m *machine, kind chain.VoteKind, round uint64, hash chain.Hash, who ...int) {
	height := c.height
	for _, i := range who {
		v := chain.Vote{Kind: kind, Height: height, Round: round, BlockHash: hash}
		s := chain.SignedVote{Vote: v, Validator: c.others[i], Signature: judge(i, 1).Sign(chain.VoteMessage(c.hash, &v))}
		c.w.mu.Lock()
		c.recordVote(judge(i, 3).Public(), s)
		c.w.mu.Unlock()
		if m != nil {
			c.say(m, spoken{judge(i, 3).Public(), replica.FrameVote, chain.Encode(&s)})
		}
	}
}

// winner is who proposes in a round: one of the others, or -1.
func (c *court) winner(round uint64) int {
	return slices.Index(c.others, c.set.At(c.set.Winner(c.seed, c.height, round)).Address)
}

// propose has the winner of a round propose: a new block, or one that was valid
// in an earlier round.
func (c *court) propose(m *machine, deaf bool, round uint64, valid chain.Hash, validRound int64) (chain.Hash, error) {
	i := c.winner(round)
	p := chain.SignedProposal{Height: c.height, Round: round, ValidRound: validRound, BlockHash: valid, Block: c.blocks[valid]}
	if validRound >= 0 {
		p.Signature = judge(i, 1).Sign(chain.ProposalMessage(c.hash, &p))
	} else {
		block, err := c.forge(m, i, round)
		if err != nil {
			return chain.Hash{}, err
		}
		p.BlockHash, p.Block = block.Header.Hash(), chain.Encode(block)
	}
	c.w.mu.Lock()
	c.recordProposal(judge(i, 3).Public(), p)
	c.w.mu.Unlock()
	if !deaf {
		c.say(m, spoken{judge(i, 3).Public(), replica.FrameProposal, chain.Encode(&p)})
	}
	return p.BlockHash, nil
}

// state reads what a store has for the ledger.
type state struct{ *store.Store }

func (s state) Get(key []byte) ([]byte, error) {
	b, err := s.State(key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return b, err
}

// forge makes the next block in the name of another, on the state that the
// validator under test has.
func (c *court) forge(m *machine, i int, round uint64) (*chain.Block, error) {
	v := m.replica.View()
	h := chain.Header{
		Version: chain.HeaderVersion, Genesis: c.hash, Height: c.height, Round: round, Forger: c.others[i],
		Time: max(c.w.clock(), v.Time+1), Parent: v.Hash, Set: c.set.Hash(),
	}
	b := &chain.Block{}
	if c.height > 1 {
		parent := c.chain[c.height-2]
		b.Certificate, h.Certificate = &parent.cert, parent.cert.Hash()
	}
	seed := stake.NextSeed(c.seed, nil)
	if round == 0 {
		proof := keys.VRFProve(judge(i, 2), stake.VRFInput(c.hash, c.seed, c.height))
		beta, err := keys.VRFHash(proof)
		if err != nil {
			return nil, err
		}
		h.VRFProof, seed = bytes.Clone(proof[:]), stake.NextSeed(c.seed, beta[:])
	}
	for _, tx := range m.replica.Pool().Select(100, 1<<16) {
		b.Txs = append(b.Txs, tx.Raw)
	}
	out, err := ledger.Apply(state{m.store}, m.store.TreeReader(), ledger.Input{
		Genesis: c.hash, Height: h.Height, Time: h.Time, Forger: h.Forger, Seed: seed, Txs: b.Txs,
	})
	if err != nil {
		return nil, fmt.Errorf("another forges block %d: %w", c.height, err)
	}
	h.TxRoot, h.Evidence = chain.MerkleRoot(b.Txs), chain.MerkleRoot(nil)
	h.State, h.Results, h.NextSet = out.State, out.Results, out.Next.Hash()
	b.Header, b.Signature = h, judge(i, 1).Sign(chain.HeaderMessage(c.hash, h.Hash()))
	return b, nil
}

// finish plays on, honestly and as the rules say, until the validator has
// decided a height.
func (c *court) finish(m *machine, target uint64) error {
	for range 60 {
		if err := m.replica.Err(); err != nil {
			return err
		}
		at := m.height()
		switch {
		case at >= target:
			return nil
		case at >= c.height:
			return fmt.Errorf("it is at height %d, and nobody else knows a block above %d", at, c.height-1)
		case at+1 < c.height:
			if err := m.replica.Certified(c.chain[at].raw(), c.chain[at].rawCert()); err != nil && !errors.Is(err, store.ErrNoSpace) {
				return fmt.Errorf("block %d is brought to it: %w", at+1, err)
			}
			if m.height() == at { // it waits for room
				m.pass(100)
			}
		default:
			if err := c.round(m); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("it stays at height %d round %d step %v, want %d", m.height(), m.replica.View().Round, m.replica.View().Step, target)
}

// round has everybody go through one round: the first, or one above all that
// anybody spoke in.
func (c *court) round(m *machine) error {
	height := c.height
	c.enter(m)
	c.greet(m)
	if c.height != height || m.height()+1 != height {
		return nil
	}
	if m.replica.Pool().Executable() == 0 {
		if err := m.pay(); err != nil {
			return err
		}
	}
	m.pass(100)
	if c.height != height || m.replica.View().DiskFull {
		return nil
	}
	if c.trap && c.precommitted() {
		c.trap = false
		return c.tempt(m)
	}
	round := c.top
	if c.spokeIn(round) {
		round++
	}
	valid, validRound := c.quorum(chain.Prevote)
	unfit := func(p chain.Hash) bool { // nobody has proposed or can, or something else is known to be valid
		return p.IsZero() && c.winner(round) < 0 || !p.IsZero() && validRound >= 0 && p != valid
	}
	for unfit(c.proposals[round]) {
		round++
	}
	hash := c.proposals[round]
	if hash.IsZero() {
		var err error
		if hash, err = c.propose(m, false, round, valid, validRound); err != nil {
			return err
		}
	}
	for _, kind := range []chain.VoteKind{chain.Prevote, chain.Precommit} {
		if c.height == height {
			c.vote(m, kind, round, hash, 0, 1, 2)
		}
	}
	m.pass(50)
	return nil
}

// precommitted reports whether the validator precommitted a block in this height.
func (c *court) precommitted() bool {
	for s, hash := range c.w.slots {
		if s.kind == byte(chain.Precommit) && s.height == c.height && !hash.IsZero() {
			return true
		}
	}
	return false
}

// tempt offers a validator that is locked a new block, which nobody has voted
// for. One that has forgotten its lock votes for it, and amnesia calls that a
// lie: two such could undo what is final.
func (c *court) tempt(m *machine) error {
	round := c.top + 1
	for c.winner(round) < 0 {
		round++
	}
	m.pass(50) // another time makes another block
	if _, err := c.propose(m, false, round, chain.Hash{}, -1); err != nil {
		return err
	}
	c.vote(m, chain.Prevote, round, chain.Hash{}, 0, 1) // who speaks there takes it there
	m.pass(50)
	return nil
}

// amnesia complains of a prevote of the validator for a block other than one it
// precommitted before, unless more than two thirds prevoted that block since.
func (c *court) amnesia(v *chain.Vote) {
	if c.set == nil || v.Height != c.height || v.Kind != chain.Prevote || v.BlockHash.IsZero() {
		return
	}
	for s, locked := range c.w.slots {
		if s.kind != byte(chain.Precommit) || s.height != v.Height || s.round >= v.Round || locked.IsZero() || locked == v.BlockHash {
			continue
		}
		free := false
		for round := s.round; round < v.Round; round++ {
			sum := uint64(0)
			for i := range c.set.Len() {
				b, ok := c.votes[ballot{slot{byte(chain.Prevote), v.Height, round}, c.set.At(i).Address}]
				if ok && b.Vote.BlockHash == v.BlockHash {
					sum += c.set.At(i).Stake
				}
			}
			free = free || c.set.Quorum(sum)
		}
		if !free {
			c.w.lie("height %d: it precommitted %s in round %d and prevotes %s in round %d", v.Height, locked.Short(), s.round, v.BlockHash.Short(), v.Round)
		}
	}
}

// spokeIn reports whether one of the others voted in a round or above.
func (c *court) spokeIn(round uint64) bool {
	for b := range c.votes {
		if b.who != account.Public() && b.round >= round {
			return true
		}
	}
	return false
}

// votedLast complains unless the validator itself precommitted the last block.
func (w *witness) votedLast(height uint64) error {
	for s, hash := range w.slots {
		if s.kind == byte(chain.Precommit) && s.height == height && hash == w.blocks[height] {
			return nil
		}
	}
	return fmt.Errorf("it did not precommit block %d", height)
}
