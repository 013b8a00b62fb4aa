package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger/tree"
)

// Import makes a new data directory from the state of one height, which somebody else has computed, without executing the
// blocks before it.
//
// It never holds the state in memory. The values go, in their order, into sorted files. The leaves of the state tree are spread over
// 256 parts by the first byte of their keys, on disk when they are many; each part is then sorted and the tree built in one pass
// ([tree.Builder]). Everything is written beside the directory of the store, and last of all takes its place by one rename:
// a crash before that leaves no store, only rubbish that the next Import and [ClearImport] take away, and a crash after it a
// whole one.
//
// An Import is used by one goroutine. It ends with Commit or Abort.
type Import struct {
	fs    vfs.FS
	dir   string // the store's, to be
	work  string // where everything is until then
	s     *Store // in work
	state *sorted
	parts *leafParts
	root  chain.Hash
	at    uint64 // the version of the tree
	built bool
	files []string // finished, to be taken in
	pairs uint64
}

// Base is the block that a store begins with.
type Base struct {
	Genesis     chain.Hash
	GenesisFile []byte // given back by View.Genesis
	Height      uint64 // from 1; the version of the tree
	BlockHash   chain.Hash
	Block       []byte       // its encoding
	Certificate []byte       // of it
	TxIDs       []chain.Hash // of its transactions
	Beside      []KV         // values beside the state, which are in no tree
}

func workDir(dir string) string { return dir + ".import" }

// ClearImport takes away what an Import into the directory dir left when it was interrupted.
func ClearImport(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(workDir(dir)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := fs.RemoveAll(workDir(dir)); err != nil {
		return fmt.Errorf("clear an interrupted import: %w", err)
	}
	return nil
}

// NewImport begins an import that will become the store in dir, whose parent directory must exist. The options are those
// that the store will be opened with.
func NewImport(fs vfs.FS, dir string, opts Options) (*Import, error) {
	if err := ClearImport(fs, dir); err != nil {
		return nil, err
	}
	i := &Import{fs: fs, dir: dir, work: workDir(dir)}
	if err := fs.MkdirAll(i.work, 0o700); err != nil {
		return nil, fmt.Errorf("begin an import: %w", err)
	}
	var err error
	if i.s, err = Open(fs, fs.PathJoin(i.work, "db"), opts); err != nil {
		return nil, errors.Join(fmt.Errorf("begin an import: %w", err), ClearImport(fs, dir))
	}
	i.state = i.sorted("state")
	i.parts = newLeafParts(fs, fs.PathJoin(i.work, "leaves"))
	return i, nil
}

func (i *Import) sorted(name string) *sorted {
	p := i.s.opts.pebble(i.s)
	p.EnsureDefaults()
	return &sorted{
		fs: i.fs, name: i.fs.PathJoin(i.work, name), opts: p.MakeWriterOptions(len(p.Levels)-1, i.s.db.TableFormat()),
		done: func(file string) { i.files = append(i.files, file) },
	}
}

// Add adds a value of the state. Keys ascend. It fails with ErrNoSpace when the disk is nearly full.
func (i *Import) Add(key, value []byte) error {
	if i.pairs++; i.pairs&0xffff == 0 {
		if err := i.s.room(i.s.opts.MinFreeBytes); err != nil {
			return err
		}
	}
	i.state.key = appendStateKey(i.state.key[:0], key)
	if err := i.state.set(i.state.key, value); err != nil {
		return wrap("import the state", err)
	}
	return wrap("import the state", i.parts.add(leafOf(key, value)))
}

func leafOf(key, value []byte) (l leaf) {
	l.key, l.value = sha256.Sum256(key), sha256.Sum256(value)
	return l
}

// Pairs is how many values were added.
func (i *Import) Pairs() uint64 { return i.pairs }

// Build makes the state tree of all that was added, as the version of a height, and returns its root. stop, which may be nil,
// is asked now and then whether to give up.
func (i *Import) Build(height uint64, stop func() error) (chain.Hash, error) {
	if err := i.state.close(); err != nil {
		return chain.Hash{}, wrap("import the state", err)
	}
	levels := newLevels(i)
	b := tree.NewBuilder(height, levels.put)
	err := i.parts.each(func(part []leaf) error {
		if stop != nil {
			if err := stop(); err != nil {
				return err
			}
		}
		if err := i.s.room(i.s.opts.MinFreeBytes); err != nil {
			return err
		}
		for j := range part {
			if err := b.Add(part[j].key, part[j].value); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		i.root, err = b.Finish()
	}
	if err = errors.Join(err, levels.close()); err != nil {
		return chain.Hash{}, wrap("build the state tree", err)
	}
	i.at, i.built = height, true
	return i.root, nil
}

// Commit makes what was imported the store in the directory, in which nothing but a store at height 0 may be: that one is
// removed. Afterwards open it with [Open].
func (i *Import) Commit(b Base) error {
	if !i.built || b.Height != i.at || b.Height == 0 {
		return fmt.Errorf("import height %d: the tree of that height was not built", b.Height)
	}
	if err := i.s.room(i.s.opts.MinFreeBytes); err != nil {
		return err
	}
	if len(i.files) > 0 {
		if err := i.s.ingest(i.files); err != nil {
			return wrap("take in the imported files", err)
		}
	}
	if err := i.s.begin(b); err != nil {
		return err
	}
	err := i.s.Close()
	i.s = nil
	if err != nil {
		return err
	}
	// Until here nothing has changed where the store will be. A store at height 0 has nothing that is not in the genesis.
	if err := i.makeRoom(); err != nil {
		return fmt.Errorf("make room for the imported store: %w", err)
	}
	if err := i.fs.Rename(i.fs.PathJoin(i.work, "db"), i.dir); err != nil {
		return fmt.Errorf("put the imported store in its place: %w", err)
	}
	if err := syncDir(i.fs, i.fs.PathDir(i.dir)); err != nil {
		return fmt.Errorf("put the imported store in its place: %w", err)
	}
	return ClearImport(i.fs, i.dir)
}

// makeRoom moves what is in the store's place to the work directory, whole: to remove it there, one file after the other, could be
// cut off in the middle, and leave a store that nobody can open.
func (i *Import) makeRoom() error {
	err := i.fs.Rename(i.dir, i.fs.PathJoin(i.work, "before"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return errors.Join(err, syncDir(i.fs, i.fs.PathDir(i.dir)))
}

// begin writes the records that make a store of imported values one that begins at a height, in one synced batch.
func (s *Store) begin(base Base) error {
	b := newBatch(s.db, 4096+len(base.GenesisFile)+len(base.Block)+len(base.Certificate))
	b.set(formatKey, []byte{format})
	b.set(genesisHashKey, base.Genesis[:])
	b.set(genesisKey, base.GenesisFile)
	b.set(baseKey, heightKey(0, base.Height)[1:])
	b.set(heightKey(blockSpace, base.Height), base.Block)
	b.set(heightKey(certificateSpace, base.Height), base.Certificate)
	b.set(hashKey(hashSpace, &base.BlockHash), heightKey(0, base.Height)[1:])
	b.txs(base.Height, base.TxIDs)
	b.state(base.Beside)
	b.set(writtenKey, heightKey(0, base.Height)[1:])
	b.set(tipKey, encodeTip(Tip{Height: base.Height, Hash: base.BlockHash}))
	if b.err != nil {
		return fmt.Errorf("gather a batch: %w", b.err)
	}
	if err := b.sync(); err != nil {
		return s.fail("make the imported state durable", err)
	}
	return wrap("release a batch", b.Close())
}

// Abort gives the import up and takes its files away. After Commit, and a second time, it does nothing.
func (i *Import) Abort() error {
	var err error
	i.state.abort()
	if i.s != nil {
		err = i.s.Close()
		i.s = nil
	}
	i.parts.close()
	return errors.Join(err, ClearImport(i.fs, i.dir))
}

func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
