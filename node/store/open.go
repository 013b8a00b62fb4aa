package store

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func (s *Store) openPebble() (err error) {
	doing := "open the data directory " + s.dir
	defer func() { err = caught(recover(), err) }()
	p := s.opts.pebble(s)
	p.FS = orderedFS{s.fs}
	s.db, err = pebble.Open(s.dir, p)
	switch {
	case err != nil && isLocked(err):
		return fmt.Errorf("%s: %w", doing, ErrLocked)
	case err != nil && strings.Contains(err.Error(), "object size mismatch"): // Pebble does not mark it as damage
		return fmt.Errorf("%s: %w (%w)", doing, ErrCorrupt, err)
	case errors.Is(err, pebble.ErrDBNotPristine): // files of a database, and none that says of which format
		return fmt.Errorf("%s: %w (%w)", doing, ErrCorrupt, err)
	case errors.Is(err, os.ErrNotExist): // what is not there at all is made
		return fmt.Errorf("%s: %w (a file is missing: %w)", doing, ErrCorrupt, err)
	}
	return wrap(doing, err)
}

// isLocked tells a directory that is in use from one that cannot be opened. The
// file system has no error of its own for a lock held within this process.
func isLocked(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || strings.Contains(err.Error(), "lock held by current process")
}

// orderedFS makes the names of a new manifest and of a new marker durable at once.
// Pebble makes the manifest, makes the marker that names it, removes the marker
// of the one before, and only then syncs the directory. On a file system that may
// keep the later of two changes of names and lose the earlier, a crash in between
// leaves a marker that names nothing, and a database that cannot be opened; or no
// marker at all, which Pebble takes for a new database, and clears away what is
// there. There are a few manifests in the life of a process.
type orderedFS struct{ vfs.FS }

// Create implements [vfs.FS].
func (o orderedFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := o.FS.Create(name, category)
	base := o.PathBase(name)
	if err != nil || !strings.HasPrefix(base, "MANIFEST-") && !strings.HasPrefix(base, "marker.") {
		return f, err
	}
	dir, err := o.OpenDir(o.PathDir(name))
	if err == nil {
		err = errors.Join(dir.Sync(), dir.Close())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Unwrap gives the file system below, as Pebble looks for it.
func (o orderedFS) Unwrap() vfs.FS { return o.FS }
