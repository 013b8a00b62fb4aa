package keys_test

import (
	"testing"

	"github.com/posnet/posnet/node/hostile"
	"github.com/posnet/posnet/node/keys"
)

// keyFileReaders read key files. A PEM file is for people: more than one text is
// the same key, so nothing is written back here; the fuzz targets do that.
func keyFileReaders() []hostile.Reader {
	key := keyOf(4)
	return []hostile.Reader{
		{
			Name: "private key file", Spoil: hostile.SpoilBytes, Samples: [][]byte{keys.MarshalPrivatePEM(key), []byte(rfc8410Private), []byte(rfc8410WithPublic)},
			Read: func(b []byte) (any, error) { return keys.ParsePrivatePEM(b) },
		},
		{
			Name: "public key file", Spoil: hostile.SpoilBytes, Samples: [][]byte{keys.MarshalPublicPEM(key.Public()), []byte(rfc8410Public)},
			Read: func(b []byte) (any, error) { return keys.ParsePublicPEM(b) },
		},
	}
}

func TestKeyFilesHoldAgainstHostileInput(t *testing.T) { // measures memory: not in parallel
	for _, r := range keyFileReaders() {
		r.Hold(t)
	}
}

// FuzzKeyFiles gives both readers of key files the same bytes.
func FuzzKeyFiles(f *testing.F) {
	readers := keyFileReaders()
	hostile.FuzzAll(f, readers)
}

func FuzzParsePublicPEM(f *testing.F) {
	f.Add(keys.MarshalPublicPEM(keyOf(4).Public()))
	f.Add([]byte(rfc8410Public))
	f.Add(keys.MarshalPublicPEM([32]byte{1})) // the identity
	f.Fuzz(func(t *testing.T, data []byte) {
		pub, err := keys.ParsePublicPEM(data)
		if err != nil {
			if pub != [32]byte{} {
				t.Fatal("a key came with an error")
			}
			return
		}
		if err := keys.CheckPublicKey(pub); err != nil {
			t.Fatalf("%x is read as a key: %v", pub, err)
		}
		if again, err := keys.ParsePublicPEM(keys.MarshalPublicPEM(pub)); err != nil || again != pub {
			t.Fatalf("key %x does not survive being written: %v", pub, err)
		}
	})
}
