package wal

import (
	"slices"
	"testing"

	"github.com/posnet/posnet/node/hostile"
)

func nestedReader() hostile.Reader {
	return hostile.Reader{
		Name: "records within a record", Spoil: hostile.SpoilBytes,
		Samples: [][]byte{encodeNested([]Record{{1, []byte("vote")}, {2, nil}, {255, make([]byte, 50)}}), nil},
		Read:    func(b []byte) (any, error) { return decodeNested(b) },
		Write:   func(v any) []byte { return encodeNested(v.([]Record)) },
		// A record of no bytes takes 5 here and 32 in memory, in a slice that grows. The
		// file is this node's own, and has passed a checksum.
		Factor: 40,
	}
}

// fileReader reads a whole log, without and with slots.
func fileReader(slot int) hostile.Reader {
	o, err := Options{Label: "test", Chunk: 1024, MaxRecord: 2000, MaxSize: 16 << 10, Slot: slot}.withDefaults()
	if err != nil {
		panic(err)
	}
	file := encodeHeader(&o)
	for _, r := range []Record{{1, []byte("vote")}, {typeTruncate, encodeNested([]Record{{2, []byte("kept")}})}, {3, []byte("more")}} {
		file = appendFrame(file, &o, r.Type, r.Data, int64(len(file)), int64(len(file)))
	}
	frames := file[headerSize:]
	r := hostile.Reader{
		Name: "log", Samples: [][]byte{file, append(slices.Clone(file), make([]byte, 1024)...)},
		Read: func(b []byte) (any, error) {
			recs, _, _, err := scan(b, &o)
			return recs, err
		},
		Spoil: func([]byte) []hostile.Case { return nil },
		// As above: a truncate record within may be nothing but empty records.
		Factor: 40,
	}
	for _, c := range append(hostile.SpoilBytes(frames), hostile.SpoilBytes(file[:20])...) {
		r.Lies = append(r.Lies, hostile.Case{Name: c.Name + " behind the header", Bytes: slices.Concat(file[:headerSize], c.Bytes)},
			hostile.Case{Name: c.Name + " at the beginning", Bytes: c.Bytes})
	}
	return r
}

func TestLogsHoldAgainstHostileInput(t *testing.T) { // measures memory: not in parallel
	for _, r := range []hostile.Reader{nestedReader(), fileReader(0), fileReader(64)} {
		r.Hold(t)
	}
}

// FuzzScan reads a log, and what is nested in its records.
func FuzzScan(f *testing.F) {
	hostile.FuzzAll(f, []hostile.Reader{nestedReader(), fileReader(0), fileReader(64)})
}
