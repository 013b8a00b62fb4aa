package disk_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/signer"
	"github.com/posnet/posnet/node/sim/disk"
	"github.com/posnet/posnet/node/wal"
)

// crashes are the ways a machine or a process ends.
func crashes(seed uint64) map[string]disk.Loss {
	return map[string]disk.Loss{
		"of the process": disk.None(), "of the machine": disk.All(),
		"of the machine, in the middle of writing": disk.Mixed(rand.New(rand.NewPCG(seed, 0))),
	}
}

func TestPebbleKeepsWhatItCommittedThroughAnyCrash(t *testing.T) {
	t.Parallel()
	opts := func(d *disk.Disk) *pebble.Options {
		return &pebble.Options{FS: d, MemTableSize: 16 << 10, Logger: quiet{}}
	}
	for name := range crashes(0) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := disk.New()
			value := make([]byte, 1024)
			for life := range 5 {
				db, err := pebble.Open("db", opts(d))
				must(t, err)
				for i := range life * 40 {
					v, closer, err := db.Get(fmt.Appendf(nil, "key%d", i))
					if err != nil || len(v) != len(value) {
						t.Fatalf("life %d: key %d: %d bytes, %v", life, i, len(v), err)
					}
					must(t, closer.Close())
				}
				for i := range 40 {
					must(t, db.Set(fmt.Appendf(nil, "key%d", life*40+i), value, pebble.Sync))
				}
				next := d.Crash(crashes(uint64(life))[name])
				must(t, db.Close())
				d = next
			}
		})
	}
}

type quiet struct{}

func (quiet) Infof(string, ...any)            {}
func (quiet) Errorf(string, ...any)           {}
func (quiet) Fatalf(format string, as ...any) { panic(fmt.Sprintf(format, as...)) }

func TestTheSignerAndTheLogKeepWhatTheySyncedThroughAnyCrash(t *testing.T) {
	t.Parallel()
	for name := range crashes(0) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := disk.New()
			key := func(s string) keys.PrivateKey { return keys.FromSeed([32]byte([]byte(fmt.Sprintf("%32s", s)))) }
			must(t, signer.Create(d, "validator", key("consensus"), key("vrf")))
			for life := range uint64(6) {
				s, err := signer.Open(d, "validator")
				must(t, err)
				l, recs, err := wal.Open(d, "wal")
				must(t, err)
				if life > 0 && (s.State().Height != life || len(recs) < 1 || recs[0].Type != byte(life)) {
					t.Fatalf("life %d: the signer is at %v, the log has %d records", life, s.State(), len(recs))
				}
				height := life + 1
				if _, err := s.Sign(signer.Request{Kind: signer.Prevote, Height: life, Message: []byte("another")}); life > 0 && !errors.Is(err, signer.ErrDoubleSign) {
					t.Errorf("life %d: a second vote: %v", life, err)
				}
				must(t, l.Truncate(wal.Record{Type: byte(height)}))
				must(t, l.Sync())
				must(t, l.Append(wal.Record{Type: 100, Data: make([]byte, 3000)})) // not synced
				_, err = s.Sign(signer.Request{Kind: signer.Prevote, Height: height, Message: []byte("vote")})
				must(t, err)
				d = d.Crash(crashes(life)[name])
			}
		})
	}
}
