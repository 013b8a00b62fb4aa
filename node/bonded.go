package node

import (
	"context"
	"errors"
	"hash/maphash"
	"log/slog"
	"sync/atomic"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/store"
)

// bonded answers what an account bonded. The state orders bonds by validator, so that to find those of one staker means to
// look with each validator. Nearly all accounts have none, which a filter of fixed size knows; and of those that have, it
// knows with whom. Whatever it does not rule out is looked up, in the same view as the rest of the answer: the filter saves
// work and decides nothing.
type bonded struct {
	filter     bondFilter
	validators atomic.Pointer[registered]
}

// registered is who was registered at a height, in the order of the state.
type registered struct {
	height uint64
	addrs  []chain.Address
}

func newBonded() *bonded { return &bonded{filter: bondFilter{seed: maphash.MakeSeed()}} }

// by sums what one account bonded in the state of a view, whose tip is of the given height.
func (b *bonded) by(v *store.View, height uint64, staker chain.Address) (uint64, error) {
	filtered := b.filter.covers(height)
	if filtered && !b.filter.has(staker[:]) {
		return 0, nil
	}
	validators, err := b.registered(v, height)
	if err != nil {
		return 0, err
	}
	sum := uint64(0)
	for _, w := range validators {
		key := ledger.BondKey(w, staker)
		if filtered && !b.filter.has(key) {
			continue
		}
		value, err := v.State(key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return 0, err
		}
		bond, err := openBond(v, key, value)
		if err != nil {
			return 0, err
		}
		sum += bond.Amount
	}
	return sum, nil
}

// registered lists the validators of a view, once for each height.
func (b *bonded) registered(v *store.View, height uint64) ([]chain.Address, error) {
	last := b.validators.Load()
	if last != nil && last.height == height {
		return last.addrs, nil
	}
	r := &registered{height: height}
	err := v.ScanState([]byte{'v'}, nil, func(key, _ []byte) bool {
		r.addrs = append(r.addrs, chain.Address(key[1:]))
		return true // however many: a sum that leaves some out would be wrong
	})
	if err != nil {
		return nil, err
	}
	b.validators.CompareAndSwap(last, r) // whoever was faster has read a tip as new as this
	return r.addrs, nil
}

// decided takes in the changes of a block. It is told of every block, in their order.
func (b *bonded) decided(height uint64, changes []ledger.KV) {
	for i := range changes {
		if changes[i].Key[0] == 'b' {
			b.filter.add(changes[i].Key)
		}
	}
	b.filter.decided.Store(height)
}

// fill takes in the bonds there are. Until it is done, and if it fails, accounts are answered without the filter.
func (b *bonded) fill(ctx context.Context, s *store.Store, log *slog.Logger) {
	err := b.scan(ctx, s)
	if err != nil && ctx.Err() == nil {
		log.Warn("bonds not read: accounts are answered more slowly until the next start", "error", err)
	}
}

func (b *bonded) scan(ctx context.Context, s *store.Store) error {
	v, err := s.View()
	if err != nil {
		return err
	}
	defer v.Close()
	tip, err := v.Tip()
	if err != nil {
		return err
	}
	err = v.ScanState([]byte{'b'}, nil, func(key, _ []byte) bool {
		b.filter.add(key)
		return ctx.Err() == nil
	})
	if err == nil && ctx.Err() == nil {
		b.filter.scanned.Store(tip.Height + 1)
	}
	return err
}
