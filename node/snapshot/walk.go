package snapshot

import (
	"errors"
	"fmt"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/stake"
)

// walk goes from the trusted block to that of the state.
type walk struct {
	target uint64
	header *chain.Header // the last one verified; nil: not even the trusted one
	hash   chain.Hash
	set    *stake.Set // of its height, once that is known
	cert   []byte     // of it, verified; only where the walk goes up, or has arrived
	down   bool       // it goes down
}

// MaxHeaderBytes and MaxCertificateBytes cap what travels beside a set, which [stake.DecodeSet] caps.
const (
	MaxHeaderBytes      = 1 << 10
	MaxCertificateBytes = 1 << 20
	MaxSetBytes         = stake.MaxValidators * 256
)

var errNoSet = errors.New("the validator set of the header is missing")

// setOf gives the set that a header names: the one known, or the one that came with it.
func setOf(known *stake.Set, name chain.Hash, raw []byte) (*stake.Set, error) {
	if known != nil && known.Hash() == name {
		return known, nil
	}
	if len(raw) == 0 {
		return nil, errNoSet
	}
	set, err := stake.DecodeSet(raw)
	if err != nil {
		return nil, err
	}
	if set.Hash() != name {
		return nil, fmt.Errorf("a validator set %s came, the header names %s", set.Hash().Short(), name.Short())
	}
	return set, nil
}

// start takes the trusted header.
func (w *walk) start(genesis chain.Hash, h *chain.Header, with Headed) error {
	return w.certified(genesis, h, with)
}

// certified moves the walk to a header that its own set certifies.
func (w *walk) certified(genesis chain.Hash, h *chain.Header, with Headed) error {
	set, err := setOf(w.set, h.Set, with.Set)
	if err != nil {
		return err
	}
	var c chain.Certificate
	if err := chain.Decode(with.Certificate, &c, MaxCertificateBytes); err != nil {
		return err
	}
	hash := h.Hash()
	if err := set.VerifyCertificate(genesis, h.Height, hash, &c, nil); err != nil {
		return err
	}
	w.header, w.hash, w.set, w.cert = h, hash, set, with.Certificate
	return nil
}

// up takes the header after the last one.
func (w *walk) up(genesis chain.Hash, h *chain.Header, with Headed) error {
	switch {
	case h.Height != w.header.Height+1 || h.Parent != w.hash:
		return fmt.Errorf("header %d does not follow %s", h.Height, w.hash.Short())
	case h.Set != w.header.NextSet:
		return fmt.Errorf("header %d names set %s, the one before commits to %s", h.Height, h.Set.Short(), w.header.NextSet.Short())
	}
	return w.certified(genesis, h, with)
}

// descend takes the header before the last one, which the last one names as its parent.
func (w *walk) descend(genesis chain.Hash, h *chain.Header, with Headed) error {
	hash := h.Hash()
	if h.Height+1 != w.header.Height || hash != w.header.Parent {
		return fmt.Errorf("header %d is not the parent of %s", h.Height, w.hash.Short())
	}
	if h.Height == w.target {
		return w.certified(genesis, h, with)
	}
	w.header, w.hash, w.cert = h, hash, nil
	return nil
}
