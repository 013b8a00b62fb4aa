package chain

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

func TestASequenceOfByteStringsIsCutAsItWasJoined(t *testing.T) {
	t.Parallel()
	var joined []byte
	sizes := []int{0, 1, 23, 24, 255, 256, 1000, 65535, 65536, 70000}
	for i, n := range sizes {
		joined = append(joined, Encode(bytes.Repeat([]byte{byte(i)}, n))...)
	}
	rest := joined
	for i, n := range sizes {
		item, after, err := CutBytes(rest, 1<<20)
		if err != nil || len(item) != n || !bytes.Equal(item, bytes.Repeat([]byte{byte(i)}, n)) {
			t.Fatalf("item %d: %d bytes, %v", i, len(item), err)
		}
		rest = after
	}
	if len(rest) != 0 {
		t.Errorf("%d bytes are left", len(rest))
	}
}

func TestWhatIsNoCanonicalByteStringIsNotCut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"nothing":                       {nil, ErrEncoding},
		"a text string":                 {[]byte{0x61, 'a'}, ErrEncoding},
		"a length in two bytes for one": {append([]byte{0x58, 5}, make([]byte, 5)...), ErrEncoding},
		"a length in three for two":     {append([]byte{0x59, 0, 200}, make([]byte, 200)...), ErrEncoding},
		"a length in five for three":    {append([]byte{0x5a, 0, 0, 1, 0}, make([]byte, 256)...), ErrEncoding},
		"a length in nine for five":     {append([]byte{0x5b, 0, 0, 0, 0, 0, 0, 1, 0}, make([]byte, 256)...), ErrEncoding},
		"an endless one":                {[]byte{0x5f, 0x41, 0, 0xff}, ErrEncoding},
		"reserved lengths":              {[]byte{0x5c, 0, 0, 0, 0}, ErrEncoding},
		"half a head":                   {[]byte{0x59, 1}, ErrEncoding},
		"less than it says":             {[]byte{0x43, 1, 2}, ErrEncoding},
		"above the cap":                 {append([]byte{0x59, 4, 0}, make([]byte, 1024)...), ErrTooLarge},
		"far above it":                  {[]byte{0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, ErrTooLarge},
	} {
		if _, _, err := CutBytes(c.in, 1000); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzCutBytes holds the cut against the strict decoder of everything else.
func FuzzCutBytes(f *testing.F) {
	for _, n := range []int{0, 1, 23, 24, 255, 256, 65536} {
		f.Add(append(Encode(make([]byte, n)), 0x41, 7))
	}
	f.Add([]byte{0x5f, 0x41, 0, 0xff})
	f.Add([]byte{0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		item, rest, err := CutBytes(b, 1<<20)
		if err != nil {
			return
		}
		head := b[:len(b)-len(rest)]
		var again []byte
		if err := Decode(head, &again, len(head)); err != nil || !bytes.Equal(again, item) {
			t.Fatalf("%x was cut as %x, but reads %x: %v", head, item, again, err)
		}
	})
}

// Every number at the edges of a head, and every length: what is written by hand is what the library writes.
func TestPlainFormsAreThoseOfTheLibrary(t *testing.T) {
	t.Parallel()
	numbers := []uint64{0, 1, 23, 24, 255, 256, 65535, 65536, 1<<32 - 1, 1 << 32, 1<<64 - 1}
	for _, v := range numbers {
		if got, want := AppendUint(nil, v), Encode(v); !bytes.Equal(got, want) {
			t.Errorf("%d is %x, not %x", v, got, want)
		}
		if got, rest, err := CutUint(append(Encode(v), 7)); err != nil || got != v || len(rest) != 1 {
			t.Errorf("%d is read as %d: %v", v, got, err)
		}
	}
	for _, n := range []int{0, 1, 23, 24, 128} {
		for _, v := range numbers {
			tx := Tx{Kind: TxKind(v), From: Address{1}, Nonce: v, To: Address{2}, Amount: v, Fee: v, ValidUntil: v, Memo: make([]byte, n), Payload: make([]byte, 128-n)}
			if got, want := tx.append(nil), Encode(&tx); !bytes.Equal(got, want) {
				t.Fatalf("%+v is %x, not %x", tx, got, want)
			}
			signed := &SignedTx{Tx: tx, Signature: Signature{3}}
			raw := Encode(signed)
			if !bytes.Equal(BodyOf(raw), Encode(&tx)) || !bytes.Equal(AppendTxMessage(nil, Hash{9}, raw), TxMessage(Hash{9}, &tx)) {
				t.Fatalf("%+v has the body %x", tx, BodyOf(raw))
			}
			var read, want SignedTx
			if !read.cut(Encode(signed)) {
				t.Fatalf("%+v is not read", tx)
			}
			if err := Decode(Encode(signed), &want, MaxTxBytes); err != nil || !reflect.DeepEqual(read, want) {
				t.Fatalf("%+v is read, not %+v: %v", read, want, err)
			}
		}
	}
}

// FuzzTxByHand holds the reader that is written by hand against the library's: both take the same bytes for the same
// transaction, and refuse the same.
func FuzzTxByHand(f *testing.F) {
	for _, n := range []int{0, 30} {
		f.Add(Encode(&SignedTx{Tx: Tx{Kind: 1, From: Address{1}, Nonce: 300, To: Address{2}, Amount: 1 << 40, Fee: 24, Memo: make([]byte, n)}}))
	}
	f.Add([]byte{0x82, 0x89, 0x18, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > MaxTxBytes {
			return
		}
		var byHand, byLibrary SignedTx
		ok := byHand.cut(b)
		err := Decode(b, &byLibrary, MaxTxBytes)
		if ok != (err == nil) {
			t.Fatalf("by hand %v, by the library %v", ok, err)
		}
		if ok && !reflect.DeepEqual(byHand, byLibrary) {
			t.Fatalf("by hand %+v, by the library %+v", byHand, byLibrary)
		}
	})
}
