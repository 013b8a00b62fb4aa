package store

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/ledger/tree"
)

var (
	// ErrNotFound means that what was asked for is not stored.
	ErrNotFound = errors.New("not found in the store")
	// ErrNoGenesis means that the store is new: call Initialize first.
	ErrNoGenesis = errors.New("the store has no genesis yet")
	// ErrOtherGenesis means that the directory belongs to another network.
	ErrOtherGenesis = errors.New("the data directory belongs to another genesis")
	// ErrFormat means that a newer program wrote the directory.
	ErrFormat = errors.New("the data directory was written by a newer version of posnet: run that version")
	// ErrHeight means that a commit does not follow the tip. Nothing was written.
	ErrHeight = errors.New("the block does not follow the tip")
	// ErrLocked means that another process has the directory open.
	ErrLocked = errors.New("the data directory is in use by another process: stop that process first")
	// ErrNoSpace means that the disk is nearly full. Nothing was written; make
	// room and repeat the call.
	ErrNoSpace = errors.New("no space left on the disk of the data directory")
	// ErrCorrupt means that stored bytes are damaged.
	ErrCorrupt = errors.New("the data directory is damaged: move it away (keep the keys and the sign-state) and let the node catch up from its peers")
	// ErrFatal means that the disk failed in a way after which nothing written
	// can be trusted. End the process; the next start recovers what is durable.
	ErrFatal = errors.New("the disk failed: the process must end and start again")
	// ErrClosed means that the store was closed.
	ErrClosed = errors.New("the store is closed")
)

// wrap says what was being done, and puts one of the errors above in the chain
// where it applies.
func wrap(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pebble.ErrNotFound):
		return fmt.Errorf("%s: %w", doing, ErrNotFound)
	case pebble.IsCorruptionError(err):
		detail, _, _ := strings.Cut(err.Error(), "\n") // Pebble adds lines meant for its own tools
		return fmt.Errorf("%s: %w (%s)", doing, ErrCorrupt, detail)
	case vfs.IsNoSpaceError(err):
		return fmt.Errorf("%s: %w (%w)", doing, ErrNoSpace, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// damaged is wrap for what must be there, whole: that it is not means that the directory is damaged. A disk that cannot be read
// for the moment says nothing about it.
func damaged(doing string, err error) error {
	if errors.Is(err, pebble.ErrNotFound) || errors.Is(err, tree.ErrMissing) || errors.Is(err, tree.ErrCorrupt) {
		return fmt.Errorf("%s: %w (%w)", doing, ErrCorrupt, err)
	}
	return wrap(doing, err)
}
