package chain

import "fmt"

// Registration is the payload of a register transaction: the keys of a new
// validator, each with a proof that the registrant holds it (a signature over
// [RegistrationMessage]), so that nobody can register the key of another.
type Registration struct {
	_              struct{} `cbor:",toarray"`
	Keys           ValidatorKeys
	ConsensusProof Signature
	VRFProof       Signature
	PeerProof      Signature
}

// ValidatorKeys are the public keys a validator speaks with: three different
// Ed25519 keys, none of them the account's.
type ValidatorKeys struct {
	_         struct{}  `cbor:",toarray"`
	Consensus PublicKey `json:"consensusKey"` // signs headers, proposals and votes
	VRF       PublicKey `json:"vrfKey"`       // proves the seed (RFC 9381)
	Peer      PublicKey `json:"peerKey"`      // node identity; the libp2p peer id is made of it
}

// RegistrationMessage is what each of the three keys signs.
func RegistrationMessage(genesis Hash, account Address, keys *ValidatorKeys) []byte {
	b := append(message("posnet/register/v1", genesis), account[:]...)
	return append(b, Encode(keys)...)
}

// DecodeRegistration reads the payload of a register transaction.
func DecodeRegistration(b []byte) (*Registration, error) {
	var r Registration
	if err := Decode(b, &r, MaxTxBytes); err != nil {
		return nil, fmt.Errorf("read registration: %w", err)
	}
	return &r, nil
}

// Distinct refuses keys that are shared between roles.
func (k *ValidatorKeys) Distinct(account Address) error {
	all := []PublicKey{k.Consensus, k.VRF, k.Peer, PublicKey(account)}
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a == b {
				return fmt.Errorf("key %s is used in two roles: account, consensus, VRF and node keys must all differ", a)
			}
		}
	}
	return nil
}
