package chainclient

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// ErrRefused means that what answered is not, or not provably, the pod that was asked. Asking again will not help while
// the same thing answers.
var ErrRefused = errors.New("identity refused")

// Attest asks the node at host to prove that it is the pod with this ordinal of the network, and returns its identity.
//
// The answer is an HMAC under the ceremony secret over a fresh nonce and the identity, so a spoofed address cannot answer
// and an old answer is worth nothing; and a signature by each of the four keys, so no pod can name the key of another. A
// failed check is ErrRefused; anything else means that the node did not answer yet.
func (c *Client) Attest(ctx context.Context, host string, secret []byte, networkUID string, ordinal int32) (chain.Identity, error) {
	nonce := make([]byte, chain.NonceBytes)
	if _, err := rand.Read(nonce); err != nil {
		return chain.Identity{}, fmt.Errorf("make a nonce: %w", err)
	}
	body, err := json.Marshal(map[string]string{"nonce": hex.EncodeToString(nonce)})
	if err != nil {
		return chain.Identity{}, fmt.Errorf("write a nonce: %w", err)
	}
	const path = "/node/attest"
	answer, err := c.do(ctx, http.MethodPost, host, path, body, maxSmall)
	if err != nil {
		return chain.Identity{}, err
	}
	var a chain.Attestation
	if err := decode(host, path, answer, &a); err != nil {
		return chain.Identity{}, err
	}
	if err := a.Check(secret, nonce); err != nil {
		return chain.Identity{}, fmt.Errorf("%w: %s: %w", ErrRefused, host, err)
	}
	if err := CheckIdentity(&a.Identity, networkUID, ordinal); err != nil {
		return chain.Identity{}, fmt.Errorf("%w: %s: %w", ErrRefused, host, err)
	}
	return a.Identity, nil
}

// CheckIdentity verifies that an identity is of this pod of this network, names keys fit for a genesis, and holds each.
func CheckIdentity(id *chain.Identity, networkUID string, ordinal int32) error {
	if id.NetworkUID != networkUID || id.Ordinal != uint64(ordinal) {
		return fmt.Errorf("it says it is ordinal %d of network %q, and was asked as ordinal %d of %q",
			id.Ordinal, id.NetworkUID, ordinal, networkUID)
	}
	if err := id.Keys.Distinct(id.Address); err != nil {
		return err
	}
	message := chain.IdentityMessage(id)
	for _, k := range []struct {
		name  string
		key   [32]byte
		proof chain.Signature
	}{
		{"account", id.Address, id.AccountProof},
		{"consensus", id.Keys.Consensus, id.ConsensusProof},
		{"vrf", id.Keys.VRF, id.VRFProof},
		{"node", id.Keys.Peer, id.PeerProof},
	} {
		if err := keys.CheckPublicKey(k.key); err != nil {
			return fmt.Errorf("%s key: %w", k.name, err)
		}
		if !keys.Verify(k.key, message, k.proof) {
			return fmt.Errorf("%s key: the proof of possession does not verify", k.name)
		}
	}
	return nil
}
