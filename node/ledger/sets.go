package ledger

import (
	"fmt"
	"math/bits"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/stake"
)

// moveSets schedules the set that the changes of this block lead to, and drops
// the sets of earlier heights. That of this height stays: the next block brings
// its certificate.
func (x *execution) moveSets() error {
	changed := false
	if len(x.weights) > 0 {
		set, err := x.reweigh()
		if err != nil {
			return err
		}
		if set.Hash() != x.latest.Hash() {
			x.sets = append(x.sets, SetEntry{From: x.in.Height + x.params.SetDelay, Set: set.Encode()})
			changed = true
		}
	}
	for len(x.sets) > 1 && x.sets[1].From <= x.in.Height {
		x.sets = x.sets[1:]
		changed = true
	}
	if changed {
		x.state.put(SetsKey(), x.sets)
	}
	return nil
}

const (
	signerBytes = 80  // at least what one signer adds to a certificate
	memberBytes = 160 // at least what one member adds to an encoded set
)

// setRoom is how many members a set may have: as many as leave half of a block
// beside their certificate, and as the sets to come fit one state value.
func setRoom(p *chain.Params) int {
	return int(min(stake.MaxValidators, p.MaxBytes/2/signerBytes, maxValueBytes/(p.SetDelay+2)/memberBytes))
}

// reweigh is the latest set with the weights this block changed.
func (x *execution) reweigh() (*stake.Set, error) {
	var out []stake.Validator
	for i := range x.latest.Len() {
		v := x.latest.At(i)
		if w, ok := x.weights[v.Address]; ok {
			v.Stake = *w
		}
		if v.Stake > 0 {
			out = append(out, v)
		}
	}
	for _, a := range sortedAddresses(x.weights) {
		w := *x.weights[a]
		if _, ok := x.latest.Index(a); ok || w == 0 {
			continue
		}
		var v Validator
		if _, err := Load(x.state, ValidatorKey(a), &v); err != nil {
			return nil, err
		}
		out = append(out, stake.Validator{Address: a, Keys: v.Keys, Stake: w})
	}
	return stake.NewSet(out)
}

// evidence punishes a validator that contradicted itself: part of its stake is
// burnt and it leaves the set.
func (x *execution) evidence(raw []byte) error {
	e, err := chain.DecodeEvidence(raw)
	if err != nil {
		return err
	}
	v, err := CheckEvidence(x.state, x.in.Genesis, x.params, x.in.Height, e)
	if err != nil {
		return err
	}
	hi, lo := bits.Mul64(v.Bonded, x.params.SlashPermille)
	burnt, _ := bits.Div64(hi, lo, 1000) // hi < 1000: at most 2^60 * 1000
	v.Bonded -= burnt
	x.system.Supply -= burnt
	v.JailedAt = x.in.Height
	x.state.put(ValidatorKey(e.Validator), v)
	zero := uint64(0)
	x.weights[e.Validator] = &zero
	for i := range x.latest.Len() {
		a := x.latest.At(i).Address
		if w, ok := x.weights[a]; !ok || *w > 0 {
			return nil
		}
	}
	return fmt.Errorf("evidence against %s: without it no validator would be left", e.Validator)
}

// CheckEvidence checks that a piece of evidence holds and can still be used at
// a height. It returns the guilty validator's record.
func CheckEvidence(r Reader, genesis chain.Hash, p chain.Params, height uint64, e *chain.Evidence) (*Validator, error) {
	a, b, err := e.Claims(genesis)
	if err != nil {
		return nil, err
	}
	if a.Height > height || height-a.Height > p.EvidenceMaxAge {
		return nil, fmt.Errorf("evidence of height %d at height %d: it is too old or of the future", a.Height, height)
	}
	var v Validator
	known, err := Load(r, ValidatorKey(e.Validator), &v)
	if err != nil {
		return nil, err
	}
	switch {
	case !known:
		return nil, fmt.Errorf("evidence against %s, which is not a validator", e.Validator)
	case v.JailedAt != 0:
		return nil, fmt.Errorf("evidence against %s, which is jailed already", e.Validator)
	case !keys.Verify(v.Keys.Consensus, a.Message, a.Signature) || !keys.Verify(v.Keys.Consensus, b.Message, b.Signature):
		return nil, fmt.Errorf("evidence against %s: a signature is wrong", e.Validator)
	}
	return &v, nil
}
