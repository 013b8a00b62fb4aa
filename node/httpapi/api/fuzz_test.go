package api_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/posnet/posnet/node/hostile"
	"github.com/posnet/posnet/node/httpapi/api"
)

// valueReaders read the values of the API's JSON that have a form of their own.
func valueReaders() []hostile.Reader {
	reader := func(name string, fresh func() json.Unmarshaler, samples ...string) hostile.Reader {
		r := hostile.Reader{Name: name, Spoil: hostile.SpoilBytes, Read: func(b []byte) (any, error) {
			v := fresh()
			return v, v.UnmarshalJSON(b)
		}}
		for _, s := range samples {
			r.Samples = append(r.Samples, []byte(s))
		}
		return r
	}
	timestamp := reader("timestamp", func() json.Unmarshaler { return new(api.Timestamp) }, `"2026-01-02T03:04:05.678Z"`)
	timestamp.Factor = 16 // an error of package time quotes the text twice; only clients read times, within their cap
	return []hostile.Reader{
		timestamp,
		reader("units", func() json.Unmarshaler { return new(api.Units) }, `"1500000"`, `"0"`),
		{
			Name: "hexadecimal", Spoil: hostile.SpoilBytes, Samples: [][]byte{[]byte("00ff10")},
			Read: func(b []byte) (any, error) {
				v := new(api.Bytes)
				return v, v.UnmarshalText(b)
			},
		},
	}
}

func TestValuesHoldAgainstHostileInput(t *testing.T) { // measures memory: not in parallel
	for _, r := range valueReaders() {
		r.Hold(t)
	}
}

// FuzzValues reads a value of every kind; units are written again as they came.
func FuzzValues(f *testing.F) {
	readers := valueReaders()
	for i := range readers {
		readers[i].Seed(f)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		for i := range readers {
			readers[i].Fuzz(t, in)
		}
		var u api.Units
		if u.UnmarshalJSON(in) != nil || bytes.ContainsAny(in, "\\ \t\r\n") {
			return // a JSON string has more than one spelling
		}
		if again, err := u.MarshalJSON(); err != nil || !bytes.Equal(again, in) {
			t.Fatalf("%q is read, and written as %q (%v)", in, again, err)
		}
	})
}
