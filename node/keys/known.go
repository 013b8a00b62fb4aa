package keys

import (
	"crypto/sha256"
	"sync"

	"github.com/oasisprotocol/curve25519-voi/curve"
)

// Known remembers signatures and VRF proofs that were found good, so that none is checked twice: the precommit that came
// as a vote comes again in the next block's certificate. It holds digests of the whole question (key, message, answer), so
// what it knows holds for nothing else; what was found wrong is not kept.
//
// It also remembers public keys that [CheckPublicKey] found good, as points: to verify another signature by one of them in
// a batch is cheaper.
//
// The nil *Known remembers nothing and checks everything. Known is safe for concurrent use.
type Known struct {
	mu       sync.Mutex
	size     int
	new, old map[[sha256.Size]byte]struct{}
	betas    map[[sha256.Size]byte][BetaSize]byte
	points   *points
}

// NewKnown returns a memory of about size signatures, 100 bytes each, and of 131072 public keys, 230 bytes each once they
// came. Those that were not asked for lately make room.
func NewKnown(size int) *Known {
	k := &Known{size: max(size/2, 1), points: newPoints(maxPoints)}
	k.new, k.old, k.betas = map[[sha256.Size]byte]struct{}{}, map[[sha256.Size]byte]struct{}{}, map[[sha256.Size]byte][BetaSize]byte{}
	return k
}

// maxBetas bounds the VRF outputs that are kept: a few heights' are asked for.
const maxBetas = 64

func digest(kind byte, pub []byte, sig []byte, msg []byte) (d [sha256.Size]byte) {
	h := sha256.New()
	h.Write([]byte{kind})
	h.Write(pub) // of fixed length, as sig is for each kind
	h.Write(sig)
	h.Write(msg)
	h.Sum(d[:0])
	return d
}

func (k *Known) has(d [sha256.Size]byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.new[d]; ok {
		return true
	}
	if _, ok := k.old[d]; ok {
		k.add(d)
		return true
	}
	return false
}

func (k *Known) learn(d [sha256.Size]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.add(d)
}

func (k *Known) add(d [sha256.Size]byte) {
	if len(k.new) >= k.size {
		k.old, k.new = k.new, make(map[[sha256.Size]byte]struct{}, k.size)
	}
	k.new[d] = struct{}{}
}

// Learn remembers a signature that this process has just made itself with the key of pub.
func (k *Known) Learn(pub [PublicSize]byte, msg []byte, sig [SignatureSize]byte) {
	if k != nil {
		k.learn(digest('s', pub[:], sig[:], msg))
	}
}

// Verify is [Verify], at most once for a good signature.
func (k *Known) Verify(pub [PublicSize]byte, msg []byte, sig [SignatureSize]byte) bool {
	if k == nil {
		return Verify(pub, msg, sig)
	}
	d := digest('s', pub[:], sig[:], msg)
	if k.has(d) {
		return true
	}
	if !Verify(pub, msg, sig) {
		return false
	}
	k.learn(d)
	return true
}

// VRFVerify is [VRFVerify], at most once for a good proof.
func (k *Known) VRFVerify(pub [PublicSize]byte, alpha []byte, proof [ProofSize]byte) ([BetaSize]byte, error) {
	if k == nil {
		return VRFVerify(pub, alpha, proof)
	}
	d := digest('v', pub[:], proof[:], alpha)
	k.mu.Lock()
	beta, ok := k.betas[d]
	k.mu.Unlock()
	if ok {
		return beta, nil
	}
	beta, err := VRFVerify(pub, alpha, proof)
	if err == nil {
		k.mu.Lock()
		if len(k.betas) >= maxBetas {
			clear(k.betas)
		}
		k.betas[d] = beta
		k.mu.Unlock()
	}
	return beta, err
}

// CheckPublicKey is [CheckPublicKey], at most once for a good key.
func (k *Known) CheckPublicKey(pub [PublicSize]byte) error {
	known := k.keys()
	if known.has(&pub) {
		return nil
	}
	var point curve.EdwardsPoint
	if err := checkKey(&pub, &point); err != nil {
		return err
	}
	if known != nil {
		known.mu.Lock()
		defer known.mu.Unlock()
		known.put(&pub, &point)
	}
	return nil
}

// keys is the memory of public keys, nil if there is none.
func (k *Known) keys() *points {
	if k == nil {
		return nil
	}
	return k.points
}

// Batch is a batch that checks only what is not known, and remembers what it finds good.
func (k *Known) Batch(n int) *KnownBatch { return &KnownBatch{known: k, room: n} }

// KnownBatch is a [Batch] with a memory. Make it with [Known.Batch]; use one goroutine per KnownBatch.
type KnownBatch struct {
	known *Known
	room  int
	batch *Batch
	asked [][sha256.Size]byte // digests of what is in the batch
	at    []int               // and where it was added
	n     int
}

// Add puts a signature in the batch, as [Batch.Add] does.
func (b *KnownBatch) Add(pub [PublicSize]byte, msg []byte, sig [SignatureSize]byte) {
	defer func() { b.n++ }()
	if b.known != nil {
		d := digest('s', pub[:], sig[:], msg)
		if b.known.has(d) {
			return
		}
		b.asked = append(b.asked, d)
	}
	if b.batch == nil {
		b.batch = NewBatch(b.room)
		b.batch.known = b.known.keys()
	}
	b.batch.Add(pub, msg, sig)
	b.at = append(b.at, b.n)
}

// Verify is [Batch.Verify], over all that was added.
func (b *KnownBatch) Verify() (ok bool, each []bool) {
	each = make([]bool, b.n)
	for i := range each {
		each[i] = true
	}
	if b.batch == nil {
		return true, each
	}
	ok, some := b.batch.Verify()
	for i, at := range b.at {
		each[at] = some[i]
		if some[i] && b.known != nil {
			b.known.learn(b.asked[i])
		}
	}
	return ok, each
}
