package ledger

import (
	"math/bits"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// openTxs decodes the transactions of a block and checks every signature that
// was not checked before, in one batch.
func openTxs(in Input) ([]openTx, error) {
	txs := make([]openTx, len(in.Txs))
	batch := in.Known.Batch(len(in.Txs))
	var checked []int
	for i, raw := range in.Txs {
		if in.Opened != nil {
			if tx, id, ok := in.Opened(raw); ok {
				txs[i] = openTx{tx, id}
				continue
			}
		}
		tx, err := chain.DecodeTx(raw)
		if err != nil {
			return nil, &TxError{Index: i, Err: err}
		}
		txs[i] = openTx{tx, tx.Tx.ID()}
		batch.Add(tx.Tx.From, chain.TxMessage(in.Genesis, &tx.Tx), tx.Signature)
		checked = append(checked, i)
	}
	if ok, each := batch.Verify(); !ok {
		for n, good := range each {
			if !good {
				return nil, &TxError{
					Index: checked[n],
					Err:   chain.Refuse(chain.RefusedSignature, "the signature is not of %s", txs[checked[n]].signed.Tx.From),
				}
			}
		}
	}
	return txs, nil
}

// openTx is a transaction of a block, with its id.
type openTx struct {
	signed *chain.SignedTx
	id     chain.Hash
}

// tx applies one transaction whose signature is good.
func (x *execution) tx(o openTx) error {
	t := &o.signed.Tx
	from, known, err := x.state.getAccount(t.From)
	if err != nil {
		return err
	}
	if !known { // without a fee to pay, the first that is heard of an account
		if err := keys.CheckPublicKey(t.From); err != nil {
			return chain.Refuse(chain.RefusedBadKey, "%s is no usable address: %v", t.From, err)
		}
	}
	cost, err := chain.Add(t.Amount, t.Fee)
	if err != nil {
		return chain.Refuse(chain.RefusedSupply, "amount and fee together pass the largest supply")
	}
	switch {
	case t.Nonce > from.Nonce+1:
		return chain.Refuse(chain.RefusedNonceGap, "nonce %d is ahead: the next of %s is %d", t.Nonce, t.From, from.Nonce+1)
	case t.Nonce != from.Nonce+1:
		return chain.Refuse(chain.RefusedNonceUsed, "nonce %d: the next of %s is %d", t.Nonce, t.From, from.Nonce+1)
	case t.Fee < x.params.MinFee:
		return chain.Refuse(chain.RefusedFee, "fee %d is below the least, %d", t.Fee, x.params.MinFee)
	case t.ValidUntil != 0 && t.ValidUntil < x.in.Height:
		return chain.Refuse(chain.RefusedExpired, "valid until height %d, this is %d", t.ValidUntil, x.in.Height)
	case from.Balance < cost:
		return chain.Refuse(chain.RefusedBalance, "%s has %s POS and needs %s", t.From, chain.FormatPOS(from.Balance), chain.FormatPOS(cost))
	}
	from.Balance -= cost
	from.Nonce = t.Nonce
	x.state.putAccount(t.From, from)
	x.fees += t.Fee // bounded by the supply, which the fees came from
	switch t.Kind {
	case chain.TxTransfer:
		err = x.transfer(t)
	case chain.TxRegister:
		err = x.register(t)
	case chain.TxStake:
		err = x.bond(t.From, t.To, t.Amount)
	default:
		err = chain.Refuse(chain.RefusedUnknownKind, "unknown kind of transaction %d", uint64(t.Kind))
	}
	if err != nil {
		return err
	}
	x.ids = append(x.ids, o.id)
	result := Result{ID: o.id, Kind: t.Kind, Fee: t.Fee}
	x.results = append(x.results, result.encode())
	return nil
}

func (x *execution) transfer(t *chain.Tx) error {
	to, known, err := x.state.getAccount(t.To)
	if err != nil {
		return err
	}
	if !known {
		if err := keys.CheckPublicKey(t.To); err != nil {
			return chain.Refuse(chain.RefusedBadKey, "%s is no usable address: %v", t.To, err)
		}
	}
	if to.Balance, err = chain.Add(to.Balance, t.Amount); err != nil {
		return err
	}
	x.state.putAccount(t.To, to)
	return nil
}

// register makes the sender a validator, without stake.
func (x *execution) register(t *chain.Tx) error {
	r, err := chain.DecodeRegistration(t.Payload)
	if err != nil {
		return chain.Refuse(chain.RefusedMalformed, "%v", err)
	}
	if err := CheckRegistration(x.in.Genesis, t.From, r); err != nil {
		return err
	}
	return x.enrol(t.From, &r.Keys, x.in.Height)
}

// CheckRegistration checks keys and proofs of possession; it needs no state.
func CheckRegistration(genesis chain.Hash, account chain.Address, r *chain.Registration) error {
	msg := chain.RegistrationMessage(genesis, account, &r.Keys)
	for _, k := range []struct {
		name  string
		key   chain.PublicKey
		proof chain.Signature
	}{
		{"consensus", r.Keys.Consensus, r.ConsensusProof},
		{"VRF", r.Keys.VRF, r.VRFProof},
		{"node", r.Keys.Peer, r.PeerProof},
	} {
		if err := keys.CheckPublicKey(k.key); err != nil {
			return chain.Refuse(chain.RefusedBadKey, "the %s key is not usable: %v", k.name, err)
		}
		if !keys.Verify(k.key, msg, k.proof) {
			return chain.Refuse(chain.RefusedBadProof, "the registrant has not shown that it holds the %s key", k.name)
		}
	}
	if err := r.Keys.Distinct(account); err != nil {
		return chain.Refuse(chain.RefusedBadKey, "%v", err)
	}
	return nil
}

// enrol writes a new validator. No key may be in use by another.
func (x *execution) enrol(a chain.Address, k *chain.ValidatorKeys, height uint64) error {
	return enrol(x.state, a, k, height)
}

func enrol(state *overlay, a chain.Address, k *chain.ValidatorKeys, height uint64) error {
	if b, err := state.Get(ValidatorKey(a)); err != nil {
		return err
	} else if b != nil {
		return chain.Refuse(chain.RefusedRegistered, "%s is a registered validator already", a)
	}
	for _, key := range []chain.PublicKey{k.Consensus, k.VRF, k.Peer} {
		if b, err := state.Get(OwnerKey(key)); err != nil {
			return err
		} else if b != nil {
			return chain.Refuse(chain.RefusedKeyInUse, "key %s is registered by another validator", key)
		}
		state.put(OwnerKey(key), a)
	}
	state.put(ValidatorKey(a), Validator{Keys: *k, Registered: height})
	return nil
}

// bond adds stake of a staker to a registered validator.
func (x *execution) bond(staker, validator chain.Address, amount uint64) error {
	v, err := bond(x.state, staker, validator, amount)
	if err != nil {
		return err
	}
	if v.JailedAt != 0 {
		return nil
	}
	if _, member := x.latest.Index(validator); !member && x.weights[validator] == nil {
		if x.joining >= setRoom(&x.params)-x.latest.Len() {
			return chain.Refuse(chain.RefusedNotValidator,
				"the validator set has its %d members and %s is none of them: stake can be bonded only to members", setRoom(&x.params), validator)
		}
		x.joining++
	}
	x.weights[validator] = &v.Bonded
	return nil
}

func bond(state *overlay, staker, validator chain.Address, amount uint64) (*Validator, error) {
	var v Validator
	known, err := Load(state, ValidatorKey(validator), &v)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, chain.Refuse(chain.RefusedNotValidator, "%s is not a registered validator: stake can be bonded only to one", validator)
	}
	shares := amount
	if v.Shares > 0 {
		if v.Bonded == 0 {
			return nil, chain.Refuse(chain.RefusedNotValidator, "%s has lost all its stake and takes no more", validator)
		}
		hi, lo := bits.Mul64(amount, v.Shares)
		if hi >= v.Bonded {
			return nil, chain.Refuse(chain.RefusedSupply, "stake of %s passes the largest supply", validator)
		}
		shares, _ = bits.Div64(hi, lo, v.Bonded)
	}
	if shares == 0 {
		return nil, chain.Refuse(chain.RefusedSupply, "the amount is too small to be a share of the stake of %s", validator)
	}
	var b Bond
	if _, err := Load(state, BondKey(validator, staker), &b); err != nil {
		return nil, err
	}
	if v.Bonded, err = chain.Add(v.Bonded, amount); err != nil {
		return nil, err
	}
	if v.Shares, err = chain.Add(v.Shares, shares); err != nil {
		return nil, err
	}
	b.Shares += shares // at most v.Shares
	state.put(BondKey(validator, staker), b)
	state.put(ValidatorKey(validator), v)
	return &v, nil
}

// CheckFree refuses an account that is registered already and keys that
// another validator uses.
func CheckFree(r Reader, a chain.Address, k *chain.ValidatorKeys) error {
	return enrol(newOverlay(r, 0), a, k, 0)
}
