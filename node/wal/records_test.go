package wal_test

import (
	"reflect"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/wal"
)

func TestAnOpenLogReadsBackWhatItWouldRecover(t *testing.T) {
	t.Parallel()
	fsys := vfs.NewMem()
	if err := wal.Create(fsys, "log", small, rec(1, "a")); err != nil {
		t.Fatal(err)
	}
	log, _, err := wal.OpenFile(fsys, "log", small)
	if err != nil {
		t.Fatal(err)
	}
	reads := func(want ...wal.Record) {
		t.Helper()
		if got, err := log.Records(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("it reads back %v, %v; want %v", got, err, want)
		}
	}
	reads(rec(1, "a"))
	if err := log.Append(rec(2, "b"), rec(3, "")); err != nil { // not synced
		t.Fatal(err)
	}
	reads(rec(1, "a"), rec(2, "b"), rec(3, ""))
	if err := log.Truncate(rec(4, "d")); err != nil {
		t.Fatal(err)
	}
	reads(rec(4, "d"))
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := log.Records(); err == nil {
		t.Error("a closed log is read back")
	}
}
