package signer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/wal"
)

// Open opens the validator directory dir for this process alone. What it knows to be signed is durable.
//
// Errors: ErrNoValidator, ErrInUse, ErrKeyWithoutSignState, ErrKeyMissing, ErrForeignSignState, ErrCorrupt, ErrVersion,
// the errors of package keys for the key files, and what the file system says. A crash in Open leaves the directory as it
// was.
func Open(fsys vfs.FS, dir string) (*Signer, error) { return open(fsys, dir, standard) }

func open(fsys vfs.FS, dir string, l layout) (*Signer, error) {
	if there, err := Exists(fsys, dir); err != nil {
		return nil, err
	} else if !there {
		return nil, fmt.Errorf("%w at %s: %w", ErrNoValidator, dir, fs.ErrNotExist)
	}
	lock, err := takeLock(fsys, dir)
	if err != nil {
		return nil, err
	}
	s, err := load(fsys, dir, l)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s.lock = lock
	return s, nil
}

// takeLock keeps other processes out. The kernel lets the lock go with the process, however that ends.
func takeLock(fsys vfs.FS, dir string) (io.Closer, error) {
	path := fsys.PathJoin(dir, lockFile)
	lock, err := fsys.Lock(path)
	if err == nil {
		return lock, nil
	}
	if pathErr := new(fs.PathError); errors.As(err, &pathErr) { // the file could not be made; the lock itself has no path
		return nil, fmt.Errorf("lock validator directory: %w", err)
	}
	return nil, fmt.Errorf("%w: %s is locked (%w); only one process may sign with these keys: stop the other one", ErrInUse, path, err)
}

func load(fsys vfs.FS, dir string, l layout) (*Signer, error) {
	// The rename that made the directory may not have been synced by a process that died right after it.
	if err := syncDir(fsys, fsys.PathDir(dir)); err != nil {
		return nil, fmt.Errorf("sync parent of validator directory: %w", err)
	}
	statePath := fsys.PathJoin(dir, stateFile)
	_, stateErr := fsys.Stat(statePath)
	consensus, err := readKey(fsys, fsys.PathJoin(dir, consensusFile))
	if err != nil {
		return nil, err
	}
	if errors.Is(stateErr, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing, so nobody knows what %x has signed, and a second vote is slashed; "+
			"bring the sign-state that belongs to the key, or let this validator make new keys", ErrKeyWithoutSignState, statePath, consensus.Public())
	}
	vrf, err := readKey(fsys, fsys.PathJoin(dir, vrfFile))
	if err != nil {
		return nil, err
	}
	log, recs, err := wal.OpenFile(fsys, statePath, l.options())
	if err != nil {
		return nil, explain(fmt.Errorf("open sign-state: %w", err))
	}
	s := &Signer{consensus: consensus, vrf: vrf, identity: identity(consensus, vrf), log: log}
	if s.state, err = replay(recs, s.identity, l.limit); err != nil {
		return nil, errors.Join(explain(fmt.Errorf("read sign-state %s: %w", statePath, err)), log.Close())
	}
	return s, nil
}

// explain adds what to do, and what not to do, about a damaged sign-state.
func explain(err error) error {
	if !errors.Is(err, ErrCorrupt) {
		return err
	}
	return fmt.Errorf("%w; what this key has signed cannot be known any more and an older copy would know less: do not restore one, "+
		"let this validator make new keys and move its stake to them", err)
}

func readKey(fsys vfs.FS, path string) (keys.PrivateKey, error) {
	f, err := fsys.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return keys.PrivateKey{}, fmt.Errorf("%w: %s; restore the directory as a whole, or let this validator make new keys", ErrKeyMissing, path)
	} else if err != nil {
		return keys.PrivateKey{}, fmt.Errorf("open key file: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, keys.MaxPEM+1))
	if err != nil {
		return keys.PrivateKey{}, fmt.Errorf("read key file %s: %w", path, err)
	}
	key, err := keys.ParsePrivatePEM(data)
	if err != nil {
		return keys.PrivateKey{}, fmt.Errorf("key file %s: %w", path, err)
	}
	return key, nil
}
