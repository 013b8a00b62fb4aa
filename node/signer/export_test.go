package signer

import (
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/keys"
)

// tiny is a layout in which a file is full after five signatures and four of a height are kept, so that tests meet both
// limits early.
var tiny = layout{file: 2048, limit: 4}

// CreateTiny is Create with a tiny layout.
func CreateTiny(fsys vfs.FS, dir string, consensus, vrf keys.PrivateKey) error {
	return create(fsys, dir, consensus, vrf, tiny)
}

// OpenTiny is Open with a tiny layout.
func OpenTiny(fsys vfs.FS, dir string) (*Signer, error) { return open(fsys, dir, tiny) }
