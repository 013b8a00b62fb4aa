package chain

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
)

// Identity is what a node that waits for its genesis shows of itself: the keys
// it made on its own volume, each with a proof of possession over
// [IdentityMessage]. The ceremony collects one from every validator pod.
type Identity struct {
	_              struct{}      `cbor:",toarray"`
	NetworkUID     string        `json:"networkUID"` // UID of the PoSNetwork; empty outside Kubernetes
	Ordinal        uint64        `json:"ordinal"`    // of the pod in its StatefulSet
	Address        Address       `json:"address"`    // the validator's account
	Keys           ValidatorKeys `json:"keys"`
	AccountProof   Signature     `json:"accountProof"`
	ConsensusProof Signature     `json:"consensusProof"`
	VRFProof       Signature     `json:"vrfProof"`
	PeerProof      Signature     `json:"peerProof"`
}

// Attestation is an identity bound to a challenge: MAC is the HMAC-SHA256,
// under the network's ceremony secret, of nonce ‖ encoding of the identity.
type Attestation struct {
	Identity Identity `json:"identity"`
	MAC      Hash     `json:"mac"`
}

// NonceBytes is the length of a ceremony challenge.
const NonceBytes = 32

// IdentityMessage is what each of the four keys signs. There is no genesis yet
// to bind it to; the network's UID takes its place.
func IdentityMessage(id *Identity) []byte {
	b := []byte("posnet/identity/v1")
	b = append(b, Uint64(uint64(len(id.NetworkUID)))...)
	b = append(b, id.NetworkUID...)
	b = append(b, Uint64(id.Ordinal)...)
	b = append(b, id.Address[:]...)
	return append(b, Encode(&id.Keys)...)
}

// Attest answers a challenge.
func Attest(secret, nonce []byte, id *Identity) Attestation {
	return Attestation{Identity: *id, MAC: attestationMAC(secret, nonce, id)}
}

// Check verifies that the holder of secret answered nonce with this identity.
// It checks no proof of possession.
func (a *Attestation) Check(secret, nonce []byte) error {
	want := attestationMAC(secret, nonce, &a.Identity)
	if !hmac.Equal(want[:], a.MAC[:]) {
		return fmt.Errorf("attestation of ordinal %d: it was not made with this network's ceremony secret and nonce", a.Identity.Ordinal)
	}
	return nil
}

func attestationMAC(secret, nonce []byte, id *Identity) Hash {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("posnet/ceremony/v1"))
	m.Write(Uint64(uint64(len(nonce))))
	m.Write(nonce)
	m.Write(Encode(id))
	return Hash(m.Sum(nil))
}
