package snapshot

import (
	"errors"
	"fmt"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/keys"
)

// group is the peers that gave the same manifest.
type group struct {
	name     chain.Hash // of the manifest's encoding
	manifest *Manifest
	peers    map[string]bool
	stake    uint64 // of the validators among them
}

// list asks for manifests and for the block, and chooses a manifest.
func (e *Engine) list() {
	e.askOffers()
	e.askManifests()
	if e.result.Block == nil {
		e.askBlock()
		return
	}
	var best *group
	for _, g := range e.manifests {
		if e.condemned[g.name] {
			continue
		}
		if best == nil || g.better(best) {
			best = g
		}
	}
	if best == nil {
		if e.now-e.listed > hurry && !e.listing() {
			e.drop("nobody gives a manifest of it that the chain bears out")
		}
		return
	}
	if !e.result.Set.Blocking(best.stake) && e.now-e.listed < manifestTime && e.listing() {
		e.trouble = "waiting until validators with a third of the stake give the same manifest"
		return
	}
	if err := e.checkSeed(best.manifest); err != nil {
		e.condemn(best, err)
		return
	}
	e.chosen, e.result.Seed = best, best.manifest.Seed
	e.enter(Loading)
}

func (g *group) better(than *group) bool {
	if g.stake != than.stake {
		return g.stake > than.stake
	}
	if len(g.peers) != len(than.peers) {
		return len(g.peers) > len(than.peers)
	}
	return string(g.name[:]) < string(than.name[:])
}

// listing reports whether somebody who offers the height has yet to give its manifest.
func (e *Engine) listing() bool {
	for _, p := range e.peers {
		if n := e.note(p.ID); n.offering || e.offers(n) && !n.listed {
			return true
		}
	}
	return false
}

// askManifests asks those who offer the height and have not given its manifest.
func (e *Engine) askManifests() {
	under := map[string]bool{}
	for _, q := range e.under(AskManifest, -1) {
		under[q.Peer] = true
	}
	for _, p := range e.peers {
		n := e.note(p.ID)
		if !under[p.ID] && e.offers(n) && !n.listed && n.again <= e.now && n.until <= e.now && n.busy < PerPeer && e.now >= n.asked+pace {
			e.ask(Request{Peer: p.ID, Kind: AskManifest, Height: e.height})
		}
	}
}

// manifest takes a manifest, or word of when to ask again.
func (e *Engine) manifest(q *request, raw []byte) error {
	if q.Height != e.height || e.phase < Listing {
		return nil
	}
	a, err := decodeAnswer(raw)
	if err != nil {
		return err
	}
	n := e.note(q.Peer)
	if a.Wait > 0 {
		n.again = e.now + time.Duration(a.Wait)*time.Millisecond
		return nil
	}
	m, err := DecodeManifest(a.Manifest)
	if err != nil {
		return err
	}
	name := chain.Sum(a.Manifest)
	if m.Block != e.result.Hash || e.condemned[name] {
		return fmt.Errorf("%w: %s, of block %s and not %s", ErrFalse, name.Short(), m.Block.Short(), e.result.Hash.Short())
	}
	g := e.manifests[name]
	if g == nil {
		g = &group{name: name, manifest: m, peers: map[string]bool{}}
		e.manifests[name] = g
	}
	n.listed = true
	if !g.peers[q.Peer] {
		g.peers[q.Peer] = true
		for _, p := range e.peers {
			if i, ok := e.result.Set.ByPeer(p.Key); ok && p.ID == q.Peer {
				g.stake += e.result.Set.At(i).Stake
			}
		}
	}
	return nil
}

// askBlock asks for the block of the height.
func (e *Engine) askBlock() {
	under := e.under(AskBlock, -1)
	if len(under) > 1 || len(under) == 1 && e.now-under[0].asked < hurry {
		return
	}
	peer, ok := e.pickQuick(func(p Peer, n *note) bool {
		if len(under) == 1 && under[0].Peer == p.ID || n.offer == nil {
			return false
		}
		return n.offer.Base <= e.height && n.offer.Height >= e.height
	})
	if ok {
		e.ask(Request{Peer: peer, Kind: AskBlock, Height: e.height})
	}
}

// block takes the block of the height: its header is known, and with it the body.
func (e *Engine) block(raw []byte) error {
	if e.phase != Listing || e.result.Block != nil {
		return nil
	}
	b, err := chain.DecodeBlock(raw, chain.MaxBlockBytes)
	if err != nil {
		return err
	}
	if hash := b.Header.Hash(); hash != e.result.Hash {
		return fmt.Errorf("it brought block %s, not %s", hash.Short(), e.result.Hash.Short())
	}
	i, ok := e.result.Set.Index(b.Header.Forger)
	if !ok || !keys.Verify(e.result.Set.At(i).Keys.Consensus, chain.HeaderMessage(e.cfg.Genesis, e.result.Hash), b.Signature) {
		return errors.New("the forger's signature is wrong")
	}
	ids := make([]chain.Hash, len(b.Txs))
	for i, tx := range b.Txs {
		t, err := chain.DecodeTx(tx)
		if err != nil {
			return err
		}
		ids[i] = t.Tx.ID()
	}
	e.result.Block, e.result.TxIDs, e.progress = raw, ids, e.now
	return nil
}

// checkSeed checks the seed that a manifest says the block's lottery was drawn with: the forger must have won under it, and
// its proof hold.
func (e *Engine) checkSeed(m *Manifest) error {
	r := &e.result
	rules := consensus.Rules{Genesis: e.cfg.Genesis, Height: r.Height, Set: r.Set, Seed: m.Seed}
	b, err := chain.DecodeBlock(r.Block, chain.MaxBlockBytes)
	if err != nil {
		return err
	}
	return rules.VerifyHeader(b)
}

// condemn has done with a manifest and blames all who gave it.
func (e *Engine) condemn(g *group, err error) {
	e.condemned[g.name] = true
	delete(e.manifests, g.name)
	for _, p := range e.peers {
		if g.peers[p.ID] {
			e.blame(p.ID, fmt.Errorf("%w: %s of height %d: %w", ErrFalse, g.name.Short(), e.height, err))
		}
	}
}
