package chain

import "fmt"

const (
	// HeaderVersion is the version of the rules in this package.
	HeaderVersion = 1
	// MaxRound bounds rounds, far above any that is reached.
	MaxRound = 1 << 32
	// MaxBlockBytes caps an encoded block: the transport's cap, which no
	// genesis may exceed.
	MaxBlockBytes = 8 << 20
	// MaxBlockTxs caps the transactions of a block.
	MaxBlockTxs = 1 << 15
	// MaxBlockEvidence caps the pieces of evidence of a block.
	MaxBlockEvidence = 16
	// VRFProofBytes is the length of an ECVRF-EDWARDS25519-SHA512 proof.
	VRFProofBytes = 80
)

// Header is what a block's hash covers.
type Header struct {
	_           struct{} `cbor:",toarray"`
	Version     uint64   `json:"version"`
	Genesis     Hash     `json:"genesisHash"`
	Height      uint64   `json:"height"`
	Round       uint64   `json:"round"`       // the round it was forged in, whichever round decides it
	Forger      Address  `json:"forger"`      // winner of the lottery of (Height, Round)
	Time        uint64   `json:"time"`        // Unix milliseconds; strictly after the parent's
	Parent      Hash     `json:"parent"`      // zero at height 1
	Certificate Hash     `json:"certificate"` // of the parent; zero at height 1
	TxRoot      Hash     `json:"txRoot"`      // Merkle root over the signed transactions
	Evidence    Hash     `json:"evidenceRoot"`
	State       Hash     `json:"stateRoot"`   // after this block
	Results     Hash     `json:"resultsRoot"` // of this block
	Set         Hash     `json:"setHash"`     // of the validator set of this height
	NextSet     Hash     `json:"nextSetHash"` // of the next height
	VRFProof    []byte   `json:"vrfProof"`    // VRFProofBytes long when Round is 0, else empty
}

// Block is a header, the forger's signature on it, and the body it commits to.
type Block struct {
	_           struct{}     `cbor:",toarray"`
	Header      Header       `json:"header"`
	Signature   Signature    `json:"signature"` // by the forger's consensus key over HeaderMessage
	Txs         [][]byte     `json:"txs"`       // encodings of SignedTx, in the order they apply
	Evidence    [][]byte     `json:"evidence"`  // encodings of Evidence
	Certificate *Certificate `json:"certificate"`
}

// Hash is the block's name. It covers the body through the header's roots.
func (h *Header) Hash() Hash { return Sum(Encode(h)) }

// HeaderMessage is what a forger signs: the fresh proposal of a round.
func HeaderMessage(genesis, header Hash) []byte {
	return append(message("posnet/header/v1", genesis), header[:]...)
}

// DecodeBlock reads a block of at most limit bytes and checks that the body is
// the one its header commits to. It checks no signature and no state.
func DecodeBlock(b []byte, limit int) (*Block, error) {
	var blk Block
	if err := Decode(b, &blk, min(limit, MaxBlockBytes)); err != nil {
		return nil, fmt.Errorf("read block: %w", err)
	}
	if err := blk.Check(); err != nil {
		return nil, err
	}
	return &blk, nil
}

// Check refuses a block that contradicts itself.
func (b *Block) Check() error {
	h := &b.Header
	cert := Hash{}
	if b.Certificate != nil {
		cert = b.Certificate.Hash()
	}
	switch {
	case h.Version != HeaderVersion:
		return fmt.Errorf("block %d: version %d, this node knows only %d", h.Height, h.Version, HeaderVersion)
	case h.Height == 0 || h.Round > MaxRound:
		return fmt.Errorf("block %d: height or round %d is out of range", h.Height, h.Round)
	case len(b.Txs) > MaxBlockTxs || len(b.Evidence) > MaxBlockEvidence:
		return fmt.Errorf("block %d: too many transactions or pieces of evidence", h.Height)
	case (h.Height == 1) != (b.Certificate == nil):
		return fmt.Errorf("block %d: a block carries its parent's certificate, and only height 1 has none", h.Height)
	case (h.Height == 1) != h.Parent.IsZero():
		return fmt.Errorf("block %d: only height 1 has no parent", h.Height)
	case cert != h.Certificate:
		return fmt.Errorf("block %d: the certificate is not the one its header names", h.Height)
	case b.Certificate != nil && (b.Certificate.Height != h.Height-1 || b.Certificate.BlockHash != h.Parent):
		return fmt.Errorf("block %d: the certificate is not of its parent", h.Height)
	case MerkleRoot(b.Txs) != h.TxRoot:
		return fmt.Errorf("block %d: the transactions are not the ones its header names", h.Height)
	case MerkleRoot(b.Evidence) != h.Evidence:
		return fmt.Errorf("block %d: the evidence is not the one its header names", h.Height)
	case len(h.VRFProof) != 0 && len(h.VRFProof) != VRFProofBytes:
		return fmt.Errorf("block %d: a VRF proof of %d bytes", h.Height, len(h.VRFProof))
	case (h.Round == 0) != (len(h.VRFProof) == VRFProofBytes):
		return fmt.Errorf("block %d: a VRF proof belongs to round 0, and only there", h.Height)
	}
	return nil
}
