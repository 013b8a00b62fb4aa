package gossip

import (
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// PeerID names a peer: it holds the peer's Ed25519 public key, which the handshake of a connection proves.
type PeerID = peer.ID

// ErrNotEd25519 marks a peer id of another kind of key. This network has none.
var ErrNotEd25519 = errors.New("peer id is not of an Ed25519 key")

// KeyOf returns the node key in a peer id, the one a validator registers.
func KeyOf(id PeerID) (chain.PublicKey, error) {
	pub, err := id.ExtractPublicKey()
	if err != nil || pub.Type() != crypto.Ed25519 {
		return chain.PublicKey{}, ErrNotEd25519
	}
	raw, err := pub.Raw()
	if err != nil || len(raw) != len(chain.PublicKey{}) {
		return chain.PublicKey{}, ErrNotEd25519
	}
	return chain.PublicKey(raw), nil
}

// IDOf returns the peer id of a node key.
func IDOf(key chain.PublicKey) (PeerID, error) {
	pub, err := crypto.UnmarshalEd25519PublicKey(key[:])
	if err != nil {
		return "", fmt.Errorf("make peer id: %w", err)
	}
	id, err := peer.IDFromPublicKey(pub)
	if err != nil {
		return "", fmt.Errorf("make peer id: %w", err)
	}
	return id, nil
}

// secretOf is the key in the form libp2p wants.
func secretOf(k keys.PrivateKey) (crypto.PrivKey, error) {
	seed, pub := k.Seed(), k.Public()
	secret, err := crypto.UnmarshalEd25519PrivateKey(append(seed[:], pub[:]...))
	if err != nil {
		return nil, fmt.Errorf("load node key: %w", err)
	}
	return secret, nil
}

// protocols are the names under which nodes of one network speak. Each holds half of the genesis hash, so that nodes of
// two networks have nothing to say to each other.
type protocols struct {
	consensus, pool, blocks, peers, mesh protocol.ID
	snapshot, headers, base              protocol.ID
	topic                                string
}

func protocolsOf(genesis chain.Hash) protocols {
	base := "/posnet/" + genesis.String()[:32]
	return protocols{
		consensus: protocol.ID(base + "/consensus/1"),
		pool:      protocol.ID(base + "/pool/1"),
		blocks:    protocol.ID(base + "/blocks/1"),
		peers:     protocol.ID(base + "/peers/1"),
		mesh:      protocol.ID(base + "/mesh/1"),
		snapshot:  protocol.ID(base + "/snapshot/1"),
		headers:   protocol.ID(base + "/headers/1"),
		base:      protocol.ID(base + "/base/1"),
		topic:     base + "/tx/1",
	}
}
