package tree

import "errors"

var (
	// ErrMissing means that a node is not in the store. A [Reader] returns it
	// (wrapped or not) for a key it does not hold. From Prove and Root it means
	// that the version was never made or is already pruned; from Apply, on a base
	// that was stored, that the store has lost data.
	ErrMissing = errors.New("tree node is not stored")

	// ErrCorrupt means that stored bytes are not what this package writes.
	ErrCorrupt = errors.New("tree data is corrupt")

	// ErrVersion means that a batch does not come after the version it builds on.
	ErrVersion = errors.New("tree version is not after its base")

	// ErrProof means that a proof does not show what it is claimed to show.
	ErrProof = errors.New("tree proof does not hold")
)
