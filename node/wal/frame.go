package wal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// Record is one entry of a log. Type 0 is reserved; the meaning of the others is the caller's.
type Record struct {
	Type byte
	Data []byte
}

// typeTruncate is the log's own record: forget all before, and have these instead.
const typeTruncate = 0

// appendFrame appends the frame of a record that will lie at offset to dst.
func appendFrame(dst []byte, o *Options, typ byte, data []byte, offset, durable int64) []byte {
	var h [frameHeader]byte
	binary.BigEndian.PutUint32(h[4:], crc32.Checksum(data, castagnoli))
	binary.BigEndian.PutUint32(h[8:], uint32(len(data)))
	h[12] = typ
	binary.BigEndian.PutUint64(h[16:], uint64(offset))
	binary.BigEndian.PutUint64(h[24:], uint64(durable))
	binary.BigEndian.PutUint32(h[:], crc32.Checksum(h[4:], castagnoli))
	dst = append(append(dst, h[:]...), data...)
	return append(dst, make([]byte, o.frameSize(len(data))-frameHeader-int64(len(data)))...)
}

// parsed is a frame found in a file.
type parsed struct {
	typ     byte
	data    []byte // nil unless whole
	size    int64  // with padding
	durable int64
	whole   bool // the record's bytes are all there and right
}

// parseFrame looks for a frame at offset. It reports false if there is none with a right header; a right header whose
// record is cut off or wrong is reported with whole = false.
func parseFrame(file []byte, offset int64, o *Options) (parsed, bool) {
	rest := file[offset:]
	if len(rest) < frameHeader || binary.BigEndian.Uint64(rest[16:]) != uint64(offset) ||
		binary.BigEndian.Uint32(rest) != crc32.Checksum(rest[4:frameHeader], castagnoli) {
		return parsed{}, false
	}
	n := binary.BigEndian.Uint32(rest[8:])
	if uint64(n) > uint64(o.MaxRecord) || rest[13]|rest[14]|rest[15] != 0 {
		return parsed{}, false
	}
	p := parsed{typ: rest[12], size: o.frameSize(int(n)), durable: int64(binary.BigEndian.Uint64(rest[24:]))}
	if p.size > int64(len(rest)) {
		return p, true
	}
	data := rest[frameHeader : frameHeader+int(n)]
	if crc32.Checksum(data, castagnoli) == binary.BigEndian.Uint32(rest[4:]) && isZero(rest[frameHeader+int(n):p.size]) {
		p.data, p.whole = data, true
	}
	return p, true
}

// encodeNested writes records as the data of a truncate record: for each its type, its length and its bytes.
func encodeNested(recs []Record) []byte {
	var b []byte
	for _, r := range recs {
		b = append(b, r.Type)
		b = binary.BigEndian.AppendUint32(b, uint32(len(r.Data)))
		b = append(b, r.Data...)
	}
	return b
}

// decodeNested is the inverse of encodeNested. Its input has passed a checksum, so an error means a mistake of the writer.
func decodeNested(b []byte) ([]Record, error) {
	var recs []Record
	for len(b) > 0 {
		if len(b) < 5 {
			return nil, fmt.Errorf("%w: a truncate record ends early", ErrCorrupt)
		}
		typ, n := b[0], binary.BigEndian.Uint32(b[1:])
		b = b[5:]
		if typ == typeTruncate || uint64(n) > uint64(len(b)) {
			return nil, fmt.Errorf("%w: a truncate record holds a wrong record", ErrCorrupt)
		}
		recs = append(recs, Record{Type: typ, Data: b[:n:n]})
		b = b[n:]
	}
	return recs, nil
}

var zeros [4096]byte

// isZero reports whether b holds zeros only. Mostly it looks at the room of a file ahead of use, so it looks in blocks.
func isZero(b []byte) bool {
	for len(b) > len(zeros) {
		if !bytes.Equal(b[:len(zeros)], zeros[:]) {
			return false
		}
		b = b[len(zeros):]
	}
	return bytes.Equal(b, zeros[:len(b)])
}
