package consensus

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/stake"
)

// member is a validator with real keys.
type member struct {
	address        chain.Address
	consensus, vrf keys.PrivateKey
}

// fixture is a network of validators with real keys, each with one stake, at
// some height.
type fixture struct {
	Rules
	members []member // in the order of the set
}

func key(n byte, use byte) keys.PrivateKey { return keys.FromSeed([32]byte{n, use, 0x70}) }

func newFixture(t testing.TB, n int) *fixture {
	t.Helper()
	f := &fixture{Rules: Rules{Genesis: chain.Sum([]byte("test genesis")), Height: 1, Params: chain.DefaultParams()}}
	f.Seed = stake.GenesisSeed(f.Genesis)
	by := map[chain.Address]member{}
	var vs []stake.Validator
	for i := range n {
		m := member{address: key(byte(i), 1).Public(), consensus: key(byte(i), 2), vrf: key(byte(i), 3)}
		by[m.address] = m
		vs = append(vs, stake.Validator{Address: m.address, Stake: 10, Keys: chain.ValidatorKeys{
			Consensus: m.consensus.Public(), VRF: m.vrf.Public(), Peer: key(byte(i), 4).Public(),
		}})
	}
	set, err := stake.NewSet(vs)
	if err != nil {
		t.Fatal(err)
	}
	f.Set = set
	for i := range n {
		f.members = append(f.members, by[set.At(i).Address])
	}
	return f
}

func (r *Rules) winner(round uint64) int { return r.Set.Winner(r.Seed, r.Height, round) }

// forge makes an unsigned block of a round; tag makes it different from others.
func (f *fixture) forge(r *Rules, round, time uint64, parent *chain.Certificate, tag string) *chain.Block {
	m := f.members[r.winner(round)]
	b := &chain.Block{Certificate: parent, Header: chain.Header{
		Version: chain.HeaderVersion, Genesis: r.Genesis, Height: r.Height, Round: round, Forger: m.address, Time: time,
		TxRoot: chain.MerkleRoot(nil), Evidence: chain.MerkleRoot(nil), State: chain.Sum([]byte(tag)), Set: r.Set.Hash(), NextSet: r.Set.Hash(),
	}}
	if parent != nil {
		b.Header.Parent, b.Header.Certificate = parent.BlockHash, parent.Hash()
	}
	if round == 0 {
		proof := keys.VRFProve(m.vrf, stake.VRFInput(r.Genesis, r.Seed, r.Height))
		b.Header.VRFProof = proof[:]
	}
	return b
}

// sign gives the forger's signature.
func (f *fixture) sign(r *Rules, b *chain.Block) {
	i, _ := r.Set.Index(b.Header.Forger)
	b.Signature = f.members[i].consensus.Sign(chain.HeaderMessage(r.Genesis, b.Header.Hash()))
}

// fresh is a signed proposal of a new block.
func (f *fixture) fresh(r *Rules, round uint64, tag string) (*chain.SignedProposal, *chain.Block) {
	b := f.forge(r, round, 1_000_100, nil, tag)
	f.sign(r, b)
	return f.again(r, b, round, -1), b
}

// again proposes a block in a round, fresh or once more.
func (f *fixture) again(r *Rules, b *chain.Block, round uint64, validRound int64) *chain.SignedProposal {
	p := &chain.SignedProposal{Height: b.Header.Height, Round: round, ValidRound: validRound, BlockHash: b.Header.Hash(), Block: chain.Encode(b)}
	if validRound >= 0 {
		p.Signature = f.members[r.winner(round)].consensus.Sign(chain.ProposalMessage(r.Genesis, p))
	}
	return p
}

func (f *fixture) vote(i int, v chain.Vote) *chain.SignedVote {
	return &chain.SignedVote{Vote: v, Validator: f.members[i].address, Signature: f.members[i].consensus.Sign(chain.VoteMessage(f.Genesis, &v))}
}
