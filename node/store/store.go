package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
)

// Store is an open data directory. Its methods may be called from any goroutine.
type Store struct {
	opts  Options
	fs    vfs.FS
	dir   string
	log   *slog.Logger
	db    *pebble.DB
	state *stateCache

	buffer *treeBuffer
	// What the next commit makes good, guarded by write: the directory is of a format before; the version of the tree that is
	// written is not recorded; and nodes of these versions, from the first to below the second, were perhaps written before a
	// crash and lead nowhere.
	older      bool
	unmarked   bool
	unfinished [2]uint64
	base       uint64
	spilling   *sorted  // a generation of the tree on its way to files of its own, guarded by write
	spilled    []string // those of its files that are done

	write      sync.Mutex // held by Initialize, Commit and Close
	pruning    sync.Mutex // held by Prune, Close and ingest
	prunedUpTo uint64     // no stale record is of a version below this

	reads   sync.Mutex // guards the fields below
	current *sharedView
	open    sync.WaitGroup // views that are not closed yet

	closing atomic.Bool
	fatal   atomic.Pointer[error]
}

// Tip names the last committed block; at height 0 it is the genesis and Hash its
// hash.
type Tip struct {
	Height uint64
	Hash   chain.Hash
}

// Open opens the data directory dir of fs, making it if it is not there. A
// directory that is new has no genesis yet: [Store.Initialized] is false and
// Initialize is the only write it takes.
//
// It fails with ErrOtherGenesis, ErrFormat, ErrLocked or ErrCorrupt, and with
// ErrNoSpace when less than half of Options.MinFreeBytes is free: Pebble writes
// when it opens, and a full disk would end the process in the midst of it. A start
// after a crash replays at most a few of Options.MemTableBytes and takes well
// under a second for each.
func Open(fs vfs.FS, dir string, opts Options) (*Store, error) {
	opts = opts.withDefaults()
	s := &Store{opts: opts, fs: fs, dir: dir, log: opts.Logger, state: newStateCache(opts.StateCacheBytes), buffer: newTreeBuffer(&opts)}
	if err := s.room(s.opts.MinFreeBytes / 2); err != nil {
		return nil, fmt.Errorf("open the data directory: %w", err)
	}
	if err := s.openPebble(); err != nil {
		return nil, err
	}
	if err := s.clearSpill(); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	if err := s.checkMeta(); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	tip, err := s.readTip()
	if err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	if tip != nil {
		s.state.height = tip.Height
		if err := s.recoverTree(*tip); err != nil {
			return nil, errors.Join(err, s.db.Close())
		}
	}
	if s.base, err = s.readBase(); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	s.publish(tip)
	return s, nil
}

// caught turns a panic of pebbleLogger.Fatalf into its error; others go on.
func caught(recovered any, err error) error {
	if recovered == nil {
		return err
	}
	f, ok := recovered.(fatalPanic)
	if !ok {
		panic(recovered)
	}
	return f.err
}

// checkMeta refuses a directory that is not ours. A new one passes.
func (s *Store) checkMeta() error {
	stored, err := get(s.db, genesisHashKey)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return wrap("read the genesis hash", err)
	}
	version, err := get(s.db, formatKey)
	if err != nil {
		return wrap("read the format", err)
	}
	if len(version) != 1 || version[0] > format {
		return fmt.Errorf("%s has format %x, this program knows %d: %w", s.dir, version, format, ErrFormat)
	}
	if len(stored) != 32 {
		return fmt.Errorf("genesis hash of %d bytes: %w", len(stored), ErrCorrupt)
	}
	s.older = version[0] < format
	if want := s.opts.Genesis; !want.IsZero() && chain.Hash(stored) != want {
		return fmt.Errorf("%w: %s holds the chain of genesis %x, this node was started for %s; give the node an empty directory, or start it with its own genesis",
			ErrOtherGenesis, s.dir, stored, want)
	}
	return nil
}

// readTip returns nil for a new directory.
func (s *Store) readTip() (*Tip, error) {
	b, err := get(s.db, tipKey)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, wrap("read the tip", err)
	}
	tip, err := decodeTip(b)
	return &tip, err
}

// readBase returns the first height whose block the directory has.
func (s *Store) readBase() (uint64, error) {
	b, err := get(s.db, baseKey)
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		return 1, nil
	case err != nil:
		return 0, wrap("read where the history begins", err)
	case len(b) != 8:
		return 0, fmt.Errorf("record of %d bytes of where the history begins: %w", len(b), ErrCorrupt)
	}
	return binary.BigEndian.Uint64(b), nil
}

// Base is the first height whose block is here: 1, or the height of the state that was imported. It never changes.
func (s *Store) Base() uint64 { return s.base }

// Close waits for open views to be closed and closes the directory. After an
// ErrFatal it leaves the directory as it is.
func (s *Store) Close() error {
	s.write.Lock()
	defer s.write.Unlock()
	if s.closing.Load() {
		return ErrClosed
	}
	failure := s.writeTree() // which ingests
	s.dropSpill()
	s.pruning.Lock()
	defer s.pruning.Unlock()
	s.closing.Store(true)
	s.reads.Lock()
	last := s.current
	s.current = nil
	s.reads.Unlock()
	if last != nil {
		s.release(last)
	}
	s.open.Wait()
	if err := s.fatal.Load(); err != nil {
		return *err
	}
	return errors.Join(failure, wrap("close the data directory "+s.dir, s.db.Close()))
}

// DiskBytes is the room the database takes on the disk, logs and files that are
// about to be deleted included.
func (s *Store) DiskBytes() (uint64, error) {
	return read(s, func(*View) (uint64, error) { return s.db.Metrics().DiskSpaceUsage(), nil })
}

// usable is nil unless the store has failed or was closed.
func (s *Store) usable() error {
	if err := s.fatal.Load(); err != nil {
		return *err
	}
	if s.closing.Load() {
		return ErrClosed
	}
	return nil
}
