package wal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

const (
	magic   = "posnetwl"
	version = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Offsets within the header block; its last four bytes are the CRC-32C of what is before them.
const (
	atVersion = 8
	atSlot    = 12
	atLabel   = 16 // one byte of length, then the label
	atCRC     = headerSize - 4
)

// encodeHeader returns the header block of a log with options o.
func encodeHeader(o *Options) []byte {
	b := make([]byte, headerSize)
	copy(b, magic)
	binary.BigEndian.PutUint32(b[atVersion:], version)
	binary.BigEndian.PutUint32(b[atSlot:], uint32(o.Slot))
	b[atLabel] = byte(len(o.Label))
	copy(b[atLabel+1:], o.Label)
	binary.BigEndian.PutUint32(b[atCRC:], crc32.Checksum(b[:atCRC], castagnoli))
	return b
}

// checkHeader refuses a file whose header block is not the one o would write.
func checkHeader(data []byte, o *Options) error {
	if len(data) < headerSize {
		return fmt.Errorf("%w: it has %d bytes, its header alone has %d", ErrCorrupt, len(data), headerSize)
	}
	if string(data[:len(magic)]) != magic {
		return fmt.Errorf("%w: it does not begin like a log", ErrVersion)
	}
	if v := binary.BigEndian.Uint32(data[atVersion:]); v != version {
		return fmt.Errorf("%w: version %d, this program knows version %d", ErrVersion, v, version)
	}
	if binary.BigEndian.Uint32(data[atCRC:]) != crc32.Checksum(data[:atCRC], castagnoli) {
		return fmt.Errorf("%w: wrong checksum of the header", ErrCorrupt)
	}
	if !bytes.Equal(data[:headerSize], encodeHeader(o)) {
		label := data[atLabel+1 : atLabel+1+min(int(data[atLabel]), 64)]
		return fmt.Errorf("%w: it is for %q with slots of %d bytes, wanted %q with %d", ErrVersion,
			label, binary.BigEndian.Uint32(data[atSlot:]), o.Label, o.Slot)
	}
	return nil
}
