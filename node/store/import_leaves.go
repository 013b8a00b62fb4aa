package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/ledger/tree"
)

// leaf is a leaf of the state tree.
type leaf struct{ key, value tree.Hash }

const (
	leafSize   = 64
	leafParcel = 1024 * leafSize // what a part has in memory; a full one goes to the disk
)

// leafParts holds leaves in 256 parts, by the first byte of their keys. Of each part at most one parcel is in memory, so 16 MiB
// of all; the full ones lie in one file, in the order in which they were filled.
type leafParts struct {
	fs      vfs.FS
	name    string
	file    vfs.File // nil until the first parcel is full
	parcels int
	full    [256][]int // numbers of the parcels of a part
	open    [256][]byte
}

func newLeafParts(fs vfs.FS, name string) *leafParts { return &leafParts{fs: fs, name: name} }

func (p *leafParts) add(l leaf) error {
	part := l.key[0]
	b := append(append(p.open[part], l.key[:]...), l.value[:]...)
	p.open[part] = b
	if len(b) < leafParcel {
		return nil
	}
	if p.file == nil {
		f, err := p.fs.Create(p.name, vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		p.file = f
	}
	if _, err := p.file.Write(b); err != nil {
		return err
	}
	p.full[part] = append(p.full[part], p.parcels)
	p.parcels++
	p.open[part] = b[:0]
	return nil
}

// each calls fn with each part, sorted; all of them together ascend. The next part is sorted while fn is busy with one.
func (p *leafParts) each(fn func([]leaf) error) error {
	if err := p.reopen(); err != nil {
		return err
	}
	defer p.close()
	type read struct {
		part []leaf
		err  error
	}
	ready, quit := make(chan read), make(chan struct{})
	defer func() {
		close(quit)
		for range ready { // until the reader has ended
		}
	}()
	go func() {
		defer close(ready)
		for n := range p.full {
			part, err := p.sort(n)
			select {
			case ready <- read{part, err}:
			case <-quit:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	for r := range ready {
		if r.err == nil {
			r.err = fn(r.part)
		}
		if r.err != nil {
			return r.err
		}
	}
	return nil
}

// reopen has the file read what was written to it.
func (p *leafParts) reopen() error {
	if p.file == nil {
		return nil
	}
	err := p.file.Close()
	p.file = nil
	if err != nil {
		return err
	}
	p.file, err = p.fs.Open(p.name)
	return err
}

// sort reads one part.
func (p *leafParts) sort(n int) ([]leaf, error) {
	raw := make([]byte, len(p.full[n])*leafParcel, len(p.full[n])*leafParcel+len(p.open[n]))
	for i, parcel := range p.full[n] {
		if _, err := p.file.ReadAt(raw[i*leafParcel:(i+1)*leafParcel], int64(parcel)*leafParcel); err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read leaves: %w", err)
		}
	}
	raw = append(raw, p.open[n]...)
	p.open[n] = nil
	type ref struct {
		prefix uint64
		at     int
	}
	refs := make([]ref, len(raw)/leafSize)
	for i := range refs {
		refs[i] = ref{binary.BigEndian.Uint64(raw[i*leafSize:]), i * leafSize}
	}
	slices.SortFunc(refs, func(a, b ref) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return bytes.Compare(raw[a.at:a.at+32], raw[b.at:b.at+32])
	})
	part := make([]leaf, len(refs))
	for i, r := range refs {
		part[i] = leaf{tree.Hash(raw[r.at:]), tree.Hash(raw[r.at+32:])}
	}
	return part, nil
}

func (p *leafParts) close() {
	if p.file != nil {
		_ = p.file.Close() // it was only read, or is to be removed
		p.file = nil
	}
}
