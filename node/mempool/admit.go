package mempool

import (
	"fmt"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// Add admits a signed transaction in its canonical encoding. The error is a [*chain.Refusal] that says what to change,
// or the failure of the store. A refused transaction leaves the pool as it was.
//
// Add keeps raw: do not change it afterwards.
func (p *Pool) Add(raw []byte) (*Tx, error) {
	r := p.AddAll([][]byte{raw})
	return r[0].Tx, r[0].Err
}

// Result is what became of one transaction of [Pool.AddAll]: one of the two is nil.
type Result struct {
	Tx  *Tx
	Err error
}

// AddAll is [Pool.Add] for several transactions of one sender, in their order. Their signatures are verified together,
// which costs about half.
func (p *Pool) AddAll(raws [][]byte) []Result { return p.addAll(raws, 0) }

// AddOwn is [Pool.AddAll] for transactions of this node's clients. They are refused while a quarter of the room is left,
// so that what peers have let in already finds room here, unless they pay more than what would make room for them.
func (p *Pool) AddOwn(raws [][]byte) []Result { return p.addAll(raws, 4) }

func (p *Pool) addAll(raws [][]byte, reserve int) []Result {
	results := make([]Result, len(raws))
	for i, raw := range raws {
		results[i].Tx, results[i].Err = open(raw)
	}
	p.glance(results, reserve)
	thin(results)
	var sigs []signature
	ends := make([]int, len(raws)) // where in sigs those of each transaction end
	for i := range results {
		r := &results[i]
		if r.Err == nil {
			if sigs, r.Err = p.gather(sigs, r.Tx); r.Err != nil {
				r.Tx = nil
			}
		}
		ends[i] = len(sigs)
	}
	valid := verify(p.cfg.Known, sigs)
	from := 0
	for i, end := range ends {
		if err := judge(valid[from:end]); err != nil {
			results[i] = Result{Err: err}
		}
		from = end
	}
	p.admit(results)
	return results
}

// open decodes raw and does all checks that need neither state nor curve arithmetic.
func open(raw []byte) (*Tx, error) {
	if len(raw) > chain.MaxTxBytes {
		return nil, chain.Refuse(chain.RefusedTooLarge,
			"the transaction has %d bytes, at most %d are allowed: shorten the memo", len(raw), chain.MaxTxBytes)
	}
	signed, err := chain.DecodeTx(raw)
	if err != nil {
		return nil, chain.Refuse(chain.RefusedMalformed, "%v", err)
	}
	return &Tx{
		ID: signed.Tx.ID(), Body: signed.Tx, Raw: raw,
		signed: signed, sum: chain.Sum(raw), due: -1,
	}, nil
}

// slot is what one call brought for a nonce of an account: at most one of it can stay.
type slot struct {
	first chain.Hash // id
	n     int        // whose signatures are to be verified
	fee   uint64     // the highest of them
}

// perSlot is how many of one call may have their signatures verified for one nonce of an account, whatever they pay: a
// forged one must not keep the true one out, and thousands of forged ones must not cost thousands of verifications.
const perSlot = 2

// thin refuses those of one call that come after perSlot others with their sender and nonce, unless they pay enough to
// replace all of them.
func thin(results []Result) {
	if len(results) <= perSlot {
		return
	}
	type key struct {
		from  chain.Address
		nonce uint64
	}
	slots := make(map[key]slot, len(results))
	for i := range results {
		if results[i].Err != nil {
			continue
		}
		tx := results[i].Tx
		at := key{tx.Body.From, tx.Body.Nonce}
		s, there := slots[at]
		switch {
		case !there:
			s.first = tx.ID
		case s.n < perSlot || tx.Body.Fee >= replacementFee(s.fee):
		case tx.ID == s.first:
			results[i] = Result{Err: chain.Refuse(chain.RefusedDuplicate, "transaction %s comes several times in one batch: no need to send it again", tx.ID)}
			continue
		default:
			results[i] = Result{Err: chain.Refuse(chain.RefusedFee, "%d others before it in the batch have the same sender and nonce %d: to replace them pay a fee of at least %s POS",
				s.n, tx.Body.Nonce, chain.FormatPOS(replacementFee(s.fee)))}
			continue
		}
		s.n++
		s.fee = max(s.fee, tx.Body.Fee)
		slots[at] = s
	}
}

// signature is one that a transaction needs.
type signature struct {
	key [keys.PublicSize]byte
	msg []byte
	sig [keys.SignatureSize]byte
}

// verify says which are valid.
func verify(known *keys.Known, sigs []signature) []bool {
	if len(sigs) == 1 { // a batch of one costs more than the plain check
		return []bool{known.Verify(sigs[0].key, sigs[0].msg, sigs[0].sig)}
	}
	batch := known.Batch(len(sigs))
	for _, s := range sigs {
		batch.Add(s.key, s.msg, s.sig)
	}
	_, each := batch.Verify()
	return each
}

// gather checks the keys in tx and appends the signatures it needs: the sender's, then any proofs of possession.
func (p *Pool) gather(sigs []signature, tx *Tx) ([]signature, error) {
	genesis, from := p.cfg.Genesis, tx.Body.From
	if err := p.cfg.Known.CheckPublicKey(from); err != nil {
		return sigs, chain.Refuse(chain.RefusedBadKey, "from: %v: no such account can exist", err)
	}
	own := signature{from, chain.TxMessage(genesis, &tx.Body), tx.signed.Signature}
	if tx.Body.Kind == chain.TxRegister {
		proofs, err := possession(genesis, from, tx.Body.Payload)
		if err != nil {
			return sigs, err
		}
		return append(append(sigs, own), proofs...), nil
	}
	if tx.Body.To != from {
		if err := p.cfg.Known.CheckPublicKey(tx.Body.To); err != nil {
			return sigs, chain.Refuse(chain.RefusedBadKey, "to: %v: what is sent there would be lost", err)
		}
	}
	return append(sigs, own), nil
}

// proven names the keys of a registration, in the order of their proofs.
var proven = [...]string{"consensus", "VRF", "node"}

// possession returns the proofs in a registration of account.
func possession(genesis chain.Hash, account chain.Address, payload []byte) ([]signature, error) {
	reg, err := chain.DecodeRegistration(payload)
	if err != nil {
		return nil, chain.Refuse(chain.RefusedMalformed, "%v", err)
	}
	if err := reg.Keys.Distinct(account); err != nil {
		return nil, chain.Refuse(chain.RefusedBadKey, "%v", err)
	}
	msg := chain.RegistrationMessage(genesis, account, &reg.Keys)
	proofs := []signature{
		{reg.Keys.Consensus, msg, reg.ConsensusProof},
		{reg.Keys.VRF, msg, reg.VRFProof},
		{reg.Keys.Peer, msg, reg.PeerProof},
	}
	for i, p := range proofs {
		if err := keys.CheckPublicKey(p.key); err != nil {
			return nil, chain.Refuse(chain.RefusedBadKey, "%s key: %v: make another", proven[i], err)
		}
	}
	return proofs, nil
}

// judge reads the verdicts on the signatures that gather added.
func judge(valid []bool) error {
	for i, ok := range valid {
		switch {
		case ok:
		case i == 0:
			return chain.Refuse(chain.RefusedSignature,
				"the signature is not one by the sender's key for this network: sign the transaction again with its genesis hash")
		default:
			return chain.Refuse(chain.RefusedBadProof,
				"the registration does not prove that its %s key is held by who registers it", proven[i-1])
		}
	}
	return nil
}

func stateError(addr chain.Address, err error) error {
	return fmt.Errorf("look up account %s for the transaction pool: %w", addr, err)
}
