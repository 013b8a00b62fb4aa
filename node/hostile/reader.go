package hostile

import (
	"bytes"
	"testing"
)

// Factor is how many times its own size an input may make a reader allocate.
const Factor = 4

// Fixed is what a reader may allocate besides, unless it says otherwise.
const Fixed = 4 << 10

// Reader is a decoder under test.
type Reader struct {
	Name string
	// Read is the decoder. It must not keep what it was given.
	Read func([]byte) (any, error)
	// Write encodes what Read returned; nil if there is more than one encoding of
	// a value, as in files for people.
	Write func(any) []byte
	// Samples are encodings of honest values.
	Samples [][]byte
	// Spoil makes lies of a sample: [SpoilCBOR] unless set.
	Spoil func([]byte) []Case
	// Lies are inputs besides those.
	Lies []Case
	// Factor is [Factor] unless set, Fixed likewise: set them with the reason.
	// Accepted is the factor of what is read without an error; Factor unless set.
	Factor, Fixed, Accepted int
	// Use does with a value what its receiver does first; nil: nothing.
	Use func(any)
}

func (r *Reader) bound(n int, accepted bool) uint64 {
	factor, fixed := r.Factor, r.Fixed
	if factor == 0 {
		factor = Factor
	}
	if accepted && r.Accepted != 0 {
		factor = r.Accepted
	}
	if fixed == 0 {
		fixed = Fixed
	}
	return uint64(factor*n + fixed)
}

// All are the inputs that [Reader.Hold] tries: the samples, everything that
// comes of spoiling them, and the lies.
func (r *Reader) All() []Case {
	cases := append([]Case{{"nothing", nil}}, r.Lies...)
	spoil := r.Spoil
	if spoil == nil {
		spoil = SpoilCBOR
	}
	for _, s := range r.Samples {
		cases = append(append(cases, Case{"honest", s}), spoil(s)...)
	}
	return cases
}

// Hold gives the reader every input of [Reader.All]. The test must not be parallel.
func (r *Reader) Hold(t *testing.T) {
	t.Helper()
	for _, s := range r.Samples {
		if _, err := r.Read(s); err != nil {
			t.Errorf("%s: an honest value is refused: %v", r.Name, err)
		}
	}
	for _, c := range r.All() {
		if measured {
			r.measure(t, c.Name, c.Bytes)
		}
		r.judge(t, c.Name, c.Bytes)
	}
}

// Fuzz gives the reader one input and reports whether it was read.
func (r *Reader) Fuzz(t *testing.T, in []byte) bool {
	t.Helper()
	// Near the bound the rough count is not enough.
	if measured && roughly(func() { _, _ = r.Read(in) }) > r.bound(len(in), false)/2 {
		r.measure(t, "fuzzing", in)
	}
	return r.judge(t, "fuzzing", in)
}

func (r *Reader) measure(t *testing.T, name string, in []byte) {
	t.Helper()
	_, err := r.Read(in)
	most := r.bound(len(in), err == nil)
	if got := Allocated(func() { _, _ = r.Read(in) }, most); got > most {
		t.Errorf("%s, %s: reading %d bytes allocates %d, at most %d are allowed (%v): %.40x", r.Name, name, len(in), got, most, err, in)
	}
}

func (r *Reader) judge(t *testing.T, name string, in []byte) bool {
	t.Helper()
	given := bytes.Clone(in)
	v, err := r.Read(in)
	if !bytes.Equal(given, in) {
		t.Fatalf("%s, %s: reading changes what was given", r.Name, name)
	}
	if err != nil {
		return false
	}
	if r.Write != nil {
		if again := r.Write(v); !bytes.Equal(again, in) {
			t.Fatalf("%s, %s: %x is read, and written as %x", r.Name, name, in, again)
		}
	}
	if r.Use != nil {
		r.Use(v)
	}
	return true
}

// Seed gives a fuzz target the samples and the smaller ones of the lies.
func (r *Reader) Seed(f *testing.F) {
	f.Helper()
	for _, c := range r.All() {
		if len(c.Bytes) <= 1<<10 {
			f.Add(c.Bytes)
		}
	}
}

// FuzzAll gives every one of some readers the same input.
func FuzzAll(f *testing.F, readers []Reader) {
	f.Helper()
	for i := range readers {
		for _, s := range readers[i].Samples {
			f.Add(s)
		}
	}
	for _, c := range append(Items(), Structures()...) {
		if len(c.Bytes) <= 1<<10 {
			f.Add(c.Bytes)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		for i := range readers {
			readers[i].Fuzz(t, in)
		}
	})
}
