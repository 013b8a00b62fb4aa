package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2/sstable"
)

// spillName is how the files begin that are being written for the database to take in.
const spillName = "generation"

// spill writes the next part of a generation of the tree that is worth files of its own, and with the last part has the
// database take them in. Such nodes never pass through the log, a memtable and the upper levels: no other key lies between
// those of a generation, so that its files come to rest in the lowest level at once.
//
// A crash leaves files that nobody took in, which the next Open removes, or nodes that no commit says are whole, which the next
// commit deletes ([Store.unfinished]). It fails with ErrNoSpace, having done nothing.
func (s *Store) spill() error {
	nodes, last := s.buffer.toFile()
	if len(nodes) == 0 {
		return nil
	}
	if err := s.room(s.opts.MinFreeBytes); err != nil {
		return err
	}
	if s.spilling == nil {
		s.spilled = s.spilled[:0]
		s.spilling = s.newSpill()
	}
	w := s.spilling
	for _, n := range nodes {
		w.key, w.value = appendTreeKey(w.key[:0], n.Key()), n.AppendTo(w.value[:0])
		if err := w.set(w.key, w.value); err != nil {
			return s.fail("write nodes of the state tree", err)
		}
	}
	if last {
		if err := s.takeIn(); err != nil {
			return s.fail("take in nodes of the state tree", err)
		}
	}
	s.buffer.inFile(len(nodes), last)
	return nil
}

func (s *Store) newSpill() *sorted {
	p := s.opts.pebble(s)
	p.EnsureDefaults()
	opts := p.MakeWriterOptions(len(p.Levels)-1, s.db.TableFormat())
	opts.Compression = sstable.NoCompression // hashes
	opts.FilterPolicy = nil                  // only nodes are looked for that are there
	return &sorted{fs: s.fs, name: s.fs.PathJoin(s.dir, spillName), opts: opts, done: func(file string) { s.spilled = append(s.spilled, file) }}
}

// takeIn ends the files and gives them to the database, all or none.
func (s *Store) takeIn() error {
	w := s.spilling
	s.spilling = nil
	if err := w.close(); err != nil {
		return err
	}
	return s.ingest(s.spilled)
}

// ingest has the database take in files, all or none. Where they cannot be noted down Pebble calls pebbleLogger.Fatalf in the
// middle, and whoever writes at that moment waits forever: so nobody does. Commits do not anyway.
func (s *Store) ingest(files []string) (err error) {
	s.pruning.Lock()
	defer s.pruning.Unlock()
	defer func() { err = caught(recover(), err) }()
	return s.db.Ingest(context.Background(), files)
}

// dropSpill gives up what is being written.
func (s *Store) dropSpill() {
	if s.spilling != nil {
		s.spilling.abort()
		s.spilling = nil
	}
}

// clearSpill removes files that a crash left before the database took them in.
func (s *Store) clearSpill() error {
	names, err := s.fs.List(s.dir)
	if err != nil {
		return fmt.Errorf("list the data directory: %w", err)
	}
	for _, name := range names {
		if strings.HasPrefix(name, spillName+"-") {
			if err := s.fs.Remove(s.fs.PathJoin(s.dir, name)); err != nil {
				return fmt.Errorf("remove a file that an end left unfinished: %w", err)
			}
		}
	}
	return nil
}
