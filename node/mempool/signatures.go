package mempool

import (
	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// verify refuses the transactions of results that have a wrong signature, or a key that cannot be used.
func (p *Pool) verify(results []Result) {
	size, left := 0, 0
	for i := range results {
		if results[i].Err == nil {
			left++
			size += messageRoom + len(results[i].Tx.Raw)
		}
	}
	sigs := make([]keys.Signature, 0, left)
	ends := make([]int, len(results)) // where in sigs those of each transaction end
	messages := make([]byte, 0, size)
	for i := range results {
		if r := &results[i]; r.Err == nil {
			from := len(messages)
			messages = chain.AppendTxMessage(messages, p.cfg.Genesis, r.Tx.Raw)
			if sigs, r.Err = p.gather(sigs, r.Tx, messages[from:]); r.Err != nil {
				r.Tx = nil
			}
		}
		ends[i] = len(sigs)
	}
	valid := p.judgeAll(sigs)
	from := 0
	for i, end := range ends {
		if err := judge(valid[from:end]); err != nil {
			results[i].refuse(err)
		}
		from = end
	}
}

// messageRoom is what a signed message has beside the transaction: less than this.
const messageRoom = 64

// judgeAll says which signatures are valid.
func (p *Pool) judgeAll(sigs []keys.Signature) []bool {
	if p.cfg.Verified == nil {
		return p.verifier.Verify(sigs)
	}
	batch := p.cfg.Verified.Batch(len(sigs))
	for i := range sigs {
		batch.Add(sigs[i].Key, sigs[i].Message, sigs[i].Value)
	}
	_, each := batch.Verify()
	return each
}

// gather checks the keys in tx and appends the signatures it needs: the sender's, of message, then any proofs of possession.
func (p *Pool) gather(sigs []keys.Signature, tx *Tx, message []byte) ([]keys.Signature, error) {
	genesis, from := p.cfg.Genesis, tx.Body.From
	if err := p.cfg.Known.CheckPublicKey(from); err != nil {
		return sigs, chain.Refuse(chain.RefusedBadKey, "from: %v: no such account can exist", err)
	}
	own := keys.Signature{Key: from, Message: message, Value: tx.signed.Signature}
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
func possession(genesis chain.Hash, account chain.Address, payload []byte) ([]keys.Signature, error) {
	reg, err := chain.DecodeRegistration(payload)
	if err != nil {
		return nil, chain.Refuse(chain.RefusedMalformed, "%v", err)
	}
	if err := reg.Keys.Distinct(account); err != nil {
		return nil, chain.Refuse(chain.RefusedBadKey, "%v", err)
	}
	msg := chain.RegistrationMessage(genesis, account, &reg.Keys)
	proofs := []keys.Signature{
		{Key: reg.Keys.Consensus, Message: msg, Value: reg.ConsensusProof},
		{Key: reg.Keys.VRF, Message: msg, Value: reg.VRFProof},
		{Key: reg.Keys.Peer, Message: msg, Value: reg.PeerProof},
	}
	for i, p := range proofs {
		if err := keys.CheckPublicKey(p.Key); err != nil {
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
