package node

import (
	"bytes"
	"context"
	"errors"
	"math/bits"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/gossip"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/ledger"
	"github.com/posnet/posnet/node/replica"
	"github.com/posnet/posnet/node/store"
)

// maxListed caps how many registered validators one answer lists.
const maxListed = 4096

// Validators implements httpapi.Backend.
func (b backend) Validators(_ context.Context, height uint64) (*httpapi.Validators, error) {
	m := b.joined.Load()
	v := m.view.Load()
	set := v.Set
	if height == 0 {
		height = v.Height + 1
	}
	if height != v.Height+1 {
		var err error
		if _, set, err = replica.ReadPast(m.store, height); err != nil {
			return nil, m.older(height, notFound(err))
		}
	}
	view, err := m.store.View()
	if err != nil {
		return nil, err
	}
	defer view.Close()
	out := &httpapi.Validators{Height: height, SetHash: set.Hash(), TotalStake: set.Total()}
	var bad error
	err = view.ScanState([]byte{'v'}, nil, func(key, value []byte) bool {
		var r ledger.Validator
		if bad = chain.Decode(value, &r, 1024); bad != nil {
			return false
		}
		w := httpapi.Validator{
			Address: chain.Address(key[1:]), Keys: r.Keys, Bonded: r.Bonded, Forged: r.Forged, Jailed: r.JailedAt != 0,
		}
		if id, err := gossip.IDOf(r.Keys.Peer); err == nil {
			w.PeerID = id.String()
		}
		if i, ok := set.Index(w.Address); ok {
			w.Stake = set.At(i).Stake
		}
		w.Online = v.OnlineBy[w.Address]
		out.Validators = append(out.Validators, w)
		return len(out.Validators) < maxListed
	})
	return out, errors.Join(err, bad)
}

// Bonds implements httpapi.Backend.
func (b backend) Bonds(_ context.Context, cursor string, limit int) (*httpapi.BondPage, error) {
	view, err := b.joined.Load().store.View()
	if err != nil {
		return nil, err
	}
	defer view.Close()
	tip, err := view.Tip()
	if err != nil {
		return nil, err
	}
	after, err := fromCursor(cursor)
	if err != nil {
		return nil, err
	}
	page := &httpapi.BondPage{Height: tip.Height, Total: b.joined.Load().view.Load().Set.Total()}
	var bad error
	var last []byte
	err = view.ScanState([]byte{'b'}, after, func(key, value []byte) bool {
		if bytes.Equal(key[1:], after) {
			return true
		}
		if len(page.Bonds) == limit {
			page.Next = cursorOf(last)
			return false
		}
		var bond httpapi.Bond
		if bond, bad = openBond(view, key, value); bad != nil {
			return false
		}
		page.Bonds = append(page.Bonds, bond)
		last = bytes.Clone(key[1:])
		return true
	})
	return page, errors.Join(err, bad)
}

// openBond turns shares into what they are worth.
func openBond(v *store.View, key, value []byte) (httpapi.Bond, error) {
	var b ledger.Bond
	if err := chain.Decode(value, &b, 128); err != nil {
		return httpapi.Bond{}, err
	}
	out := httpapi.Bond{Validator: chain.Address(key[1:33]), Staker: chain.Address(key[33:65])}
	raw, err := v.State(ledger.ValidatorKey(out.Validator))
	if err != nil {
		return out, err
	}
	var w ledger.Validator
	if err := chain.Decode(raw, &w, 1024); err != nil {
		return out, err
	}
	if w.Shares > 0 {
		hi, lo := bits.Mul64(b.Shares, w.Bonded)
		out.Amount, _ = bits.Div64(hi, lo, w.Shares) // hi < Shares: b.Shares is at most w.Shares and Bonded below 2^60
	}
	return out, nil
}
