package replica

import (
	"bytes"
	"errors"
	"slices"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger"
)

// maxEvidence bounds the evidence that waits for a block.
const maxEvidence = 64

// encodedLength is the room that the length of a byte string takes at most.
const encodedLength = 5

// evidencePool keeps proofs of contradiction until they are in a block: one a
// validator, since the first is enough to jail it.
type evidencePool struct{ pieces []*chain.Evidence }

func (p *evidencePool) len() int { return len(p.pieces) }

func (p *evidencePool) has(a chain.Address) bool {
	return slices.ContainsFunc(p.pieces, func(e *chain.Evidence) bool { return e.Validator == a })
}

// drop forgets one piece.
func (p *evidencePool) drop(raw []byte) {
	p.pieces = slices.DeleteFunc(p.pieces, func(e *chain.Evidence) bool { return bytes.Equal(chain.Encode(e), raw) })
}

// usable drops what the state no longer takes, and encodes what a block may
// carry in room bytes.
func (p *evidencePool) usable(r *Replica, room int) [][]byte {
	p.pieces = slices.DeleteFunc(p.pieces, func(e *chain.Evidence) bool {
		return r.checkEvidence(e) != nil
	})
	var out [][]byte
	for _, e := range p.pieces[:min(len(p.pieces), chain.MaxBlockEvidence)] {
		raw := chain.Encode(e)
		if room -= len(raw) + encodedLength; room < 0 {
			break
		}
		out = append(out, raw)
	}
	return out
}

func (r *Replica) checkEvidence(e *chain.Evidence) error {
	if r.tip.set.Len() == 1 {
		return errors.New("without the only validator nobody could go on")
	}
	_, err := ledger.CheckEvidence(stateReader{r.cfg.Store}, r.genesis, r.tip.params, r.core.Height(), e)
	return err
}

// report takes evidence this node found.
func (r *Replica) report(e *chain.Evidence) {
	if r.evidence.has(e.Validator) || r.evidence.len() >= maxEvidence || r.checkEvidence(e) != nil {
		return
	}
	r.evidence.pieces = append(r.evidence.pieces, e)
	r.log.Warn("validator contradicted itself", "validator", e.Validator.String(), "kind", uint64(e.Kind))
	r.cfg.Observer.contradicted(e)
	r.cfg.Ports.Broadcast(FrameEvidence, chain.Encode(e))
}

// peerEvidence takes evidence of a peer. What cannot be used now is ignored:
// peers may be at another height.
func (r *Replica) peerEvidence(payload []byte) error {
	e, err := chain.DecodeEvidence(payload)
	if err != nil {
		return errors.Join(ErrHostile, err)
	}
	r.report(e)
	return nil
}
