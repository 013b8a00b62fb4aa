package wal_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/wal"
)

// BenchmarkAppendSync is the price of one durable record of 256 bytes on the disk of the temporary directory.
func BenchmarkAppendSync(b *testing.B) {
	l, _, err := wal.Open(vfs.Default, b.TempDir())
	must(b, err)
	r := wal.Record{Type: 1, Data: make([]byte, 256)}
	for b.Loop() {
		must(b, l.Append(r))
		must(b, l.Sync())
		if l.Size() > 512<<10 {
			must(b, l.Truncate())
		}
	}
	must(b, l.Close())
}

// BenchmarkTruncateSync is the price of forgetting a decided height durably.
func BenchmarkTruncateSync(b *testing.B) {
	l, _, err := wal.Open(vfs.Default, b.TempDir())
	must(b, err)
	for b.Loop() {
		must(b, l.Truncate())
		must(b, l.Sync())
	}
	must(b, l.Close())
}

// BenchmarkRotate is the price of a new file of 1 MiB.
func BenchmarkRotate(b *testing.B) {
	l, _, err := wal.Open(vfs.Default, b.TempDir())
	must(b, err)
	for b.Loop() {
		must(b, l.Rotate())
	}
	must(b, l.Close())
}
