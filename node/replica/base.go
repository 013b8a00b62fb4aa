package replica

import (
	"fmt"

	"github.com/posnet/posnet/node/chain"
)

// checkBase stops a validator whose key has signed the block that the store begins with, or its certificate, if its sign-state
// does not know that: as [Replica.Certified] does for every block that is fetched. Of a state that was taken over this is the
// only block there is.
func (r *Replica) checkBase() {
	if r.cfg.Signer == nil || r.err != nil || r.tip.height <= 1 || r.cfg.Store.Base() != r.tip.height {
		return
	}
	raw, err := r.cfg.Store.Block(r.tip.height)
	if err != nil {
		r.fail(fmt.Errorf("read the first block: %w", err))
		return
	}
	b, err := chain.DecodeBlock(raw, chain.MaxBlockBytes)
	if err != nil {
		r.fail(fmt.Errorf("read the first block: %w", err))
		return
	}
	r.checkOwn(r.prevSet, &b.Header, r.tip.cert)
}
