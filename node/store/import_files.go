package store

import (
	"errors"
	"fmt"

	"github.com/posnet/posnet/node/ledger/tree"
)

// levels writes the nodes of one version: those of a depth come in the order of their keys, so each depth has files of its
// own. A tree of SHA-256 keys is about as deep as its leaves have hexadecimal digits, and four more.
type levels struct {
	i     *Import
	depth map[uint8]*sorted
}

func newLevels(i *Import) *levels { return &levels{i, map[uint8]*sorted{}} }

func (l *levels) put(n *tree.Node) error {
	key := n.Key()
	s := l.depth[key.Depth]
	if s == nil {
		s = l.i.sorted(fmt.Sprintf("tree-%02d", key.Depth))
		l.depth[key.Depth] = s
	}
	s.key = appendTreeKey(s.key[:0], key)
	s.value = n.AppendTo(s.value[:0])
	return s.set(s.key, s.value)
}

func (l *levels) close() error {
	var errs []error
	for depth := range uint8(64) {
		if s := l.depth[depth]; s != nil {
			errs = append(errs, s.close())
		}
	}
	return errors.Join(errs...)
}
