package disk

// inode is a file or a directory, whatever its names.
type inode struct {
	dir     *directory // nil: a file
	data    []byte
	pending []write // since the last sync, in order
}

// entries are the names in a directory.
type entries map[string]*inode

// directory is a directory: what it holds, what it would hold after a crash that takes all, and the changes in between.
type directory struct {
	now, synced entries
	journal     []func(entries)
}

func newDir() *inode { return &inode{dir: &directory{now: entries{}, synced: entries{}}} }

// change changes names, now and in the journal.
func (d *directory) change(apply func(entries)) {
	apply(d.now)
	d.journal = append(d.journal, apply)
}

// settle makes all changes durable.
func (d *directory) settle() {
	for _, apply := range d.journal {
		apply(d.synced)
	}
	d.journal = nil
}
