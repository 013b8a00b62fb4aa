package store

import (
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"

	"github.com/posnet/posnet/node/chain"
)

// Options tune a store. The zero value of each field is a sound default.
type Options struct {
	// Genesis is the hash of the genesis the directory must belong to. Open
	// refuses another with ErrOtherGenesis. Zero accepts whatever is stored.
	Genesis chain.Hash

	// MemTableBytes is how much Pebble gathers in memory before it writes a
	// sorted file; 0 means 12 MiB. Up to three such tables exist at once under
	// load; an idle node uses a fraction of one. More means fewer and larger
	// writes. A block whose batch exceeds half of it is written at once.
	MemTableBytes uint64

	// CacheBytes bounds Pebble's cache of file blocks, beside its memtables; 0 means 8 MiB. It fills
	// only as reads happen.
	CacheBytes int64

	// TreeCacheBytes bounds the nodes of the state tree in memory, but for those that are not written yet; 0 means 24 MiB,
	// more than the whole tree of 100,000 accounts. It fills as blocks change the state; what did not change for longest makes
	// room, and may stay a while longer. A node that is not there costs a read of the database, ten times as much.
	TreeCacheBytes int64

	// TreeBufferBytes and TreeBufferHeights bound the nodes of the state tree that are in memory only: after so many bytes, or
	// heights, they begin to be written; meanwhile as many again gather. 0 means 24 MiB and 256 heights. More means fewer bytes
	// written, many fewer where the whole tree of the accounts in use fits, and a longer start after a crash. Close writes all.
	TreeBufferBytes   int64
	TreeBufferHeights uint64

	// TreeFileBytes is from what size on a generation of the tree is written as sorted files that the database takes in as they
	// are, past its log; 0 means 1 MiB. A smaller one goes with the batches of commits: thousands of tiny files help nobody.
	TreeFileBytes int64

	// StateCacheBytes bounds the cache of state values at the tip; 0 means 32 MiB, some 200,000 accounts.
	StateCacheBytes int64

	// MinFreeBytes is the free space of the disk below which Commit refuses with
	// ErrNoSpace, and below half of which Open does; 0 means 64 MiB. Pebble needs
	// room to flush and compact what is already acknowledged.
	MinFreeBytes uint64

	// Logger takes Pebble's messages and the store's own; nil discards them.
	Logger *slog.Logger

	// OnFatal, when set, is called once, from any goroutine, with the first error
	// that is ErrFatal. It must not call the store. A failure in one of Pebble's
	// own goroutines may end the process by itself right after.
	OnFatal func(error)

	// OnCommit, when set, is told what each commit took.
	OnCommit func(CommitStats)
}

// CommitStats is the cost of one commit.
type CommitStats struct {
	Height   uint64
	Duration time.Duration // from the call of Commit to durable
	Bytes    int           // size of the batch
}

// WithCaches bounds the caches by so many bytes together, in the shares that the defaults have of 64 MiB: half for state values,
// three eighths for the state tree, an eighth for blocks of files. As much of the tree as is kept may be written later, up to 256
// MiB: more would have a start after a crash take longer than it is worth.
func (o Options) WithCaches(bytes int64) Options {
	o.StateCacheBytes, o.TreeCacheBytes, o.CacheBytes = bytes/2, bytes/8*3, bytes/8
	o.TreeBufferBytes = min(o.TreeCacheBytes, mostTreeBuffer)
	return o
}

const mostTreeBuffer = 256 << 20

func (o Options) withDefaults() Options {
	if o.MemTableBytes == 0 {
		o.MemTableBytes = 12 << 20
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = 8 << 20
	}
	if o.TreeCacheBytes == 0 {
		o.TreeCacheBytes = 24 << 20
	}
	if o.TreeBufferBytes == 0 {
		o.TreeBufferBytes = 24 << 20
	}
	if o.TreeBufferHeights == 0 {
		o.TreeBufferHeights = 256
	}
	if o.TreeFileBytes == 0 {
		o.TreeFileBytes = 1 << 20
	}
	if o.StateCacheBytes == 0 {
		o.StateCacheBytes = 32 << 20
	}
	if o.MinFreeBytes == 0 {
		o.MinFreeBytes = 64 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// minSeparated is the size from which a value goes to a blob file that
// compactions do not rewrite. Only blocks are that large; a tree node is not.
const minSeparated = 4 << 10

// mostBlobDepth is of how many blob files the values of neighbouring blocks may be. Blocks are read one at a time, so it costs
// nothing, and with few of them compactions would bring values together by writing them again, which is what to avoid.
const mostBlobDepth = 1000

// Accounts and ids of transactions come in no order, so a compaction of the newest tables writes the whole level below them again:
// it gathers many of them first, and that level is small. With 8 tables and 64 MiB each byte was written six times there alone.
// A look-up passes more tables, most of them by their filters only.
const (
	newestTables    = 24
	levelBelowBytes = 16 << 20
)

// memTablesAtOnce is how many memtables there are most of the time: one that is written to, and one that is being flushed. Pebble
// takes their bytes out of its cache, and a cache smaller than they are holds nothing: each read then loads the filters and
// indexes of all tables on its way.
const memTablesAtOnce = 2

// pebble gives the database's options.
func (o Options) pebble(s *Store) *pebble.Options {
	p := &pebble.Options{
		FormatMajorVersion:          pebble.FormatValueSeparation,
		MemTableSize:                o.MemTableBytes,
		MemTableStopWritesThreshold: 3,
		CacheSize:                   o.CacheBytes + memTablesAtOnce*int64(o.MemTableBytes),
		L0CompactionThreshold:       newestTables,
		L0StopWritesThreshold:       2 * newestTables,
		LBaseMaxBytes:               levelBelowBytes,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 2 },
		Logger:                      pebbleLogger{s},
		EventListener:               s.listener(),
	}
	p.Experimental.ValueSeparationPolicy = func() pebble.ValueSeparationPolicy {
		return pebble.ValueSeparationPolicy{
			Enabled:               true,
			MinimumSize:           minSeparated,
			MaxBlobReferenceDepth: mostBlobDepth,
			RewriteMinimumAge:     15 * time.Minute,
			TargetGarbageRatio:    0.3,
		}
	}
	for i := range p.Levels {
		p.Levels[i].BlockSize = 8 << 10
		p.Levels[i].IndexBlockSize = 64 << 10
		p.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		// Hashes and signatures do not compress; what does is worth the time
		// only where it comes to rest.
		p.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
	}
	p.Levels[len(p.Levels)-1].Compression = func() *sstable.CompressionProfile { return sstable.SnappyCompression }
	return p
}
