package signer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/wal"
)

// The names in a validator directory.
const (
	consensusFile = "consensus.pem"
	vrfFile       = "vrf.pem"
	stateFile     = "sign-state"
	lockFile      = "LOCK"
)

// slotSize is the room of one record: a signature's 113 bytes and the log's 32, rounded up to a size that divides a sector.
const slotSize = 256

// layout is how much a sign-state holds.
type layout struct {
	file  int64 // bytes of a file before a new one is begun
	limit int   // signatures of the highest height that are kept
}

// standard is room for about four thousand signatures: a new file every thousand heights or more.
var standard = layout{file: 1 << 20, limit: 1024}

func (l layout) options() wal.Options {
	return wal.Options{Label: "posnet/sign-state/v1", Slot: slotSize, Chunk: l.file, MaxSize: 16 << 20}
}

// Exists reports whether there is a validator directory at dir, whole or not. It makes the choice between Create and Open.
func Exists(fsys vfs.FS, dir string) (bool, error) {
	if _, err := fsys.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("look for validator directory: %w", err)
	}
	return true, nil
}

// Create makes the validator directory dir with the two keys and an empty sign-state. Its parent must exist. The keys must
// differ, and must not have signed anything yet: keys that have come with their sign-state, as a whole directory.
//
// One process at a time may call it for a directory (the node holds its data lock). A crash before the rename leaves
// nothing but dir.tmp, which the next Create removes; a crash between the rename and the sync of the parent leaves that or
// the whole directory; after Create returned nil the directory is durable.
func Create(fsys vfs.FS, dir string, consensus, vrf keys.PrivateKey) error {
	return create(fsys, dir, consensus, vrf, standard)
}

func create(fsys vfs.FS, dir string, consensus, vrf keys.PrivateKey, l layout) error {
	if there, err := Exists(fsys, dir); err != nil {
		return err
	} else if there {
		return fmt.Errorf("%w: %s; open it, or move it away if its keys are given up for ever", ErrExists, dir)
	}
	if consensus.Public() == vrf.Public() {
		return errors.New("create validator directory: consensus key and VRF key are the same key; give each use its own")
	}
	temporary := dir + ".tmp"
	if err := fill(fsys, temporary, consensus, vrf, l); err != nil {
		return fmt.Errorf("create validator directory: %w", err)
	}
	if err := fsys.Rename(temporary, dir); err != nil {
		return fmt.Errorf("create validator directory: rename %s: %w", temporary, err)
	}
	if err := syncDir(fsys, fsys.PathDir(dir)); err != nil {
		return fmt.Errorf("create validator directory: sync its parent: %w", err)
	}
	return nil
}

// fill makes dir afresh with everything in it durable.
func fill(fsys vfs.FS, dir string, consensus, vrf keys.PrivateKey, l layout) error {
	if err := fsys.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove what an earlier attempt left: %w", err)
	}
	if err := fsys.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	st := state{limit: l.limit}
	if err := wal.Create(fsys, fsys.PathJoin(dir, stateFile), l.options(), st.records(identity(consensus, vrf))...); err != nil {
		return err
	}
	if err := writeKey(fsys, fsys.PathJoin(dir, consensusFile), consensus); err != nil {
		return fmt.Errorf("write %s: %w", consensusFile, err)
	}
	if err := writeKey(fsys, fsys.PathJoin(dir, vrfFile), vrf); err != nil {
		return fmt.Errorf("write %s: %w", vrfFile, err)
	}
	return syncDir(fsys, dir)
}

func writeKey(fsys vfs.FS, path string, key keys.PrivateKey) error {
	f, err := fsys.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if vfs.Root(fsys) == vfs.Default { // the port has no modes; a memory file system has no other users
		err = os.Chmod(path, 0o600)
	}
	if err == nil {
		_, err = f.Write(keys.MarshalPrivatePEM(key))
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// identity is the content of the first record: whose sign-state it is.
func identity(consensus, vrf keys.PrivateKey) []byte {
	c, v := consensus.Public(), vrf.Public()
	return append(c[:], v[:]...)
}

// syncDir makes the names in dir durable.
func syncDir(fsys vfs.FS, dir string) error {
	d, err := fsys.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
