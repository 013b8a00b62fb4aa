package store

import (
	"bytes"
	"errors"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"pgregory.net/rapid"
)

func TestTheCacheOfStateGivesTheLatestValueOrNone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := newStateCache(2 * rapid.Int64Range(0, 5).Draw(t, "entries in a generation") * (stateOverhead + 4))
		type versions []map[string][]byte // by height; nil values: nothing is there
		tips := versions{{}}
		key := rapid.Map(rapid.IntRange(0, 7), func(i int) string { return string([]byte{'k', byte(i)}) })
		t.Repeat(map[string]func(*rapid.T){
			"a block is committed": func(t *rapid.T) {
				next := map[string][]byte{}
				for k, v := range tips[len(tips)-1] {
					next[k] = v
				}
				var changes []KV
				for _, k := range rapid.SliceOfNDistinct(key, 0, 4, rapid.ID[string]).Draw(t, "keys") {
					kv := KV{Key: []byte(k)}
					if rapid.IntRange(0, 4).Draw(t, "deleted") > 0 {
						kv.Value = []byte{'v', byte(len(tips))}
					}
					next[k] = kv.Value
					changes = append(changes, kv)
				}
				tips = append(tips, next)
				c.apply(changes, uint64(len(tips)-1))
			},
			"a reader brings what it read, maybe before the last commits": func(t *rapid.T) {
				height := max(0, len(tips)-1-rapid.IntRange(0, 2).Draw(t, "commits since"))
				k := key.Draw(t, "key")
				c.add([]byte(k), tips[height][k], uint64(height))
			},
			"a key is asked for": func(t *rapid.T) {
				k := key.Draw(t, "key")
				if v, known := c.get([]byte(k)); known && string(v) != string(tips[len(tips)-1][k]) {
					t.Fatalf("the cache gives %q for %q, the tip has %q", v, k, tips[len(tips)-1][k])
				}
			},
			"": func(t *rapid.T) {
				if most := c.half + stateOverhead + 4; c.size > most {
					t.Fatalf("a generation has %d bytes, want at most %d", c.size, most)
				}
			},
		})
	})
}

func TestTheCacheOfStateForgetsAnOldValueWhereverItStood(t *testing.T) {
	t.Parallel()
	c := newStateCache(2 * 4 * (stateOverhead + 4)) // four entries in each generation
	set := func(i int, value string, height uint64) {
		c.apply([]KV{{Key: []byte{'k', byte(i)}, Value: []byte(value)}}, height)
	}
	set(0, "v1", 1)
	for i := 1; i < 5; i++ { // moves key 0 to the old generation
		set(i, "xx", 1)
	}
	set(0, "v2", 2)
	if v, known := c.get([]byte{'k', 0}); known && string(v) != "v2" {
		t.Errorf("the cache gives %q, the tip has v2", v)
	}
	c.add([]byte{'k', 9}, []byte("old"), 1)
	if v, known := c.get([]byte{'k', 9}); known {
		t.Errorf("the cache took %q, which was read at height 1, at height 2", v)
	}
}

func TestAStateThatCannotBeReadIsNotTakenForNone(t *testing.T) {
	t.Parallel()
	var failing atomic.Bool
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if failing.Load() && op.Kind.ReadOrWrite() == errorfs.OpIsRead && strings.HasSuffix(op.Path, ".sst") &&
			bytes.Contains(debug.Stack(), []byte("(*Store).State(")) {
			return errDisk
		}
		return nil
	}))
	s := mustRun(t, fs, Options{CacheBytes: 1, StateCacheBytes: 1}, 5)
	defer mustClose(t, s)
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	// Pebble reads its files in the background too, to count what is in them, and when that fails the store ends. So only reads
	// of State fail, and of files that are open already, because whoever opens one does so for both.
	if _, err := s.db.SSTables(pebble.WithProperties()); err != nil {
		t.Fatal(err)
	}
	state, _ := content(5)
	failed := 0
	for i := range accounts {
		for again := range 2 {
			failing.Store(again == 0)
			want, there := state[string(account(i))]
			got, err := s.State(account(i))
			switch {
			case again == 0 && errors.Is(err, errDisk):
				failed++
			case !there && errors.Is(err, ErrNotFound):
			case err != nil || string(got) != want:
				t.Errorf("account %d is %q, %v; want %q", i, got, err, want)
			}
		}
	}
	if failed == 0 {
		t.Error("no read has failed: the test shows nothing")
	}
}
