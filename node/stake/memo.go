package stake

import "bytes"

// Memo remembers the sets that were decoded last: a chain reads the same few at every block. The nil *Memo remembers
// nothing. Not for concurrent use.
type Memo struct {
	raw  [4][]byte
	sets [4]*Set
	next int
}

// Decode is [DecodeSet], once for the same bytes. It keeps raw, which must not change.
func (m *Memo) Decode(raw []byte) (*Set, error) {
	if m == nil {
		return DecodeSet(raw)
	}
	for i, known := range m.raw {
		if m.sets[i] != nil && bytes.Equal(known, raw) {
			return m.sets[i], nil
		}
	}
	s, err := DecodeSet(raw)
	if err == nil {
		m.raw[m.next], m.sets[m.next] = raw, s
		m.next = (m.next + 1) % len(m.raw)
	}
	return s, err
}
