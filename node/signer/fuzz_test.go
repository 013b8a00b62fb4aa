package signer

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/posnet/posnet/node/hostile"
	"github.com/posnet/posnet/node/wal"
)

func recordReader() hostile.Reader {
	var samples [][]byte
	for _, s := range []signed{
		{slot: Slot{Height: 1, Kind: Proposal}},
		{slot: Slot{Height: 1 << 40, Round: 9, Kind: Precommit}, digest: [32]byte{1}, signature: [64]byte{2}},
	} {
		samples = append(samples, s.record().Data)
	}
	return hostile.Reader{
		Name: "signature record", Spoil: hostile.SpoilBytes, Samples: samples,
		Read:  func(b []byte) (any, error) { return parseSigned(b) },
		Write: func(v any) []byte { s := v.(signed); return s.record().Data },
	}
}

func TestSignatureRecordsHoldAgainstHostileInput(t *testing.T) { // measures memory: not in parallel
	r := recordReader()
	r.Hold(t)
}

// FuzzReplay reads a sign-state out of records whose checksums were right. What
// is accepted knows its records in ascending order and no slot twice, and is
// written again as what gives the same state.
func FuzzReplay(f *testing.F) {
	r := recordReader()
	identity := bytes.Repeat([]byte{7}, identitySize)
	var log []byte
	for _, s := range r.Samples {
		f.Add(s)
		log = append(log, s...)
	}
	f.Add(log)
	f.Add(append(bytes.Clone(log), log...))
	f.Fuzz(func(t *testing.T, in []byte) {
		r.Fuzz(t, in)
		recs := []wal.Record{{Type: recordIdentity, Data: identity}}
		for ; len(in) >= signedSize; in = in[signedSize:] {
			recs = append(recs, wal.Record{Type: recordSigned, Data: in[:signedSize]})
		}
		if len(in) > 0 {
			recs = append(recs, wal.Record{Type: in[0], Data: in[1:]})
		}
		const limit = 4
		st, err := replay(recs, identity, limit)
		if err != nil {
			return
		}
		if len(st.recent) > limit {
			t.Fatalf("%d signatures are kept, at most %d should be", len(st.recent), limit)
		}
		for i, s := range st.recent {
			if i > 0 && s.slot.Compare(st.recent[i-1].slot) <= 0 || s.slot.Compare(st.highest) > 0 || s.slot.Height != st.highest.Height {
				t.Fatalf("%v is among the recent ones, the highest is %v", s.slot, st.highest)
			}
		}
		if newest := recs[len(recs)-1]; newest.Type == recordSigned {
			last := newest.Data
			if st.highest.Height != binary.BigEndian.Uint64(last[1:]) || st.highest.Kind != Kind(last[0]) {
				t.Fatalf("the highest is %v, the last record is %x", st.highest, last[:17])
			}
		}
		again, err := replay(st.records(identity), identity, limit)
		if err != nil || again.highest != st.highest || len(again.recent) != len(st.recent) {
			t.Fatalf("written and read again: %v, %v, want %v", again.highest, err, st.highest)
		}
	})
}
