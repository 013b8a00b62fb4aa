package disk

// inode is a file or a directory, whatever its names.
type inode struct {
	dir     *directory // nil: a file
	data    content
	pending []write // since the last sync, in order
	// durable is what the disk has where that is not data without pending: after a sync that failed for good. nil: it is.
	durable *content
}

// entries are the names in a directory.
type entries map[string]*inode

// directory is a directory: what it holds, what it would hold after a crash that takes all, and the changes in between.
type directory struct {
	now, synced entries
	journal     []change
}

// change is what happens to names in one go: each is given to an inode, or taken away if that is nil.
type change []struct {
	name string
	node *inode
}

func (c change) apply(to entries) {
	for _, e := range c {
		if e.node == nil {
			delete(to, e.name)
		} else {
			to[e.name] = e.node
		}
	}
}

func newDir() *inode { return &inode{dir: &directory{now: entries{}, synced: entries{}}} }

// change changes names, now and in the journal.
func (d *directory) change(c change) {
	c.apply(d.now)
	d.journal = append(d.journal, c)
}

// settle makes all changes durable.
func (d *directory) settle() {
	for _, c := range d.journal {
		c.apply(d.synced)
	}
	d.journal = nil
}
