package disk

// Kind is what an operation does.
type Kind uint8

// The kinds of operation that change a disk, and [Read].
const (
	Read Kind = iota
	Write
	Sync
	SyncDir
	Create
	Remove
	Rename
	Link
	MakeDir
	Reuse
)

// String is the word used in reports.
func (k Kind) String() string {
	return [...]string{"read", "write", "sync", "sync-dir", "create", "remove", "rename", "link", "make-dir", "reuse"}[k]
}

// Op is an operation on a disk.
type Op struct {
	Kind Kind
	Path string // of the file or directory; the new name of a rename or link
	Size int    // bytes read or written
}

// Watcher sees every operation that changes a disk, and every read. It is called from whatever goroutine works on the disk;
// it may call [Disk.Crash].
type Watcher struct {
	// Before may fail an operation: nothing of it happens, and the caller gets the error. A write that fails may be torn: see
	// [Torn]; and a sync may fail for good: see [Forgotten].
	Before func(Op) error
	// After is told of an operation that was done.
	After func(Op)
	// Damage may change what a read returns, and says how many of the bytes come: with fewer than there are, the file seems
	// to end there.
	Damage func(op Op, data []byte) int
}

// Torn is an error of [Watcher].Before that lets at most the first Bytes of a write happen, in whole sectors, before it
// fails with Err.
type Torn struct {
	Bytes int
	Err   error
	// Then, if set, is called when they are written. It may call [Disk.Crash].
	Then func()
}

// Error is that of the failure.
func (t *Torn) Error() string { return t.Err.Error() }

// Unwrap gives the failure.
func (t *Torn) Unwrap() error { return t.Err }

// Forgotten is an error of [Watcher].Before that fails the sync of a file as Linux does ("fsyncgate", 2018): the kernel
// takes what was written for clean. Reads still see it, a later sync succeeds without it, and a crash loses it.
type Forgotten struct{ Err error }

// Error is that of the failure.
func (f *Forgotten) Error() string { return f.Err.Error() }

// Unwrap gives the failure.
func (f *Forgotten) Unwrap() error { return f.Err }
