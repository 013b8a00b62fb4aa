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

// cacheKey is one of eight keys: some as long as an account's, some not.
func cacheKey(i int) string {
	if i%3 == 0 {
		return string([]byte{'k', byte(i)})
	}
	return string(append(make([]byte, smallKeySize-1), byte(i)))
}

func TestTheCacheOfStateGivesTheLatestValueOrNone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := newStateCache(2 * rapid.Int64Range(0, 5).Draw(t, "entries in a generation") * (largeOverhead + 30) * 8)
		type versions []map[string][]byte // by height; nil values: nothing is there
		tips := versions{{}}
		key := rapid.Map(rapid.IntRange(0, 7), cacheKey)
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
						size := rapid.SampledFrom([]int{0, 1, smallValueSize, smallValueSize + 1, 30}).Draw(t, "size")
						kv.Value = bytes.Repeat([]byte{byte(len(tips))}, size)
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
				want := tips[len(tips)-1][k]
				if v, known := c.get([]byte(k)); known && (string(v) != string(want) || (v == nil) != (want == nil)) {
					t.Fatalf("the cache gives %q for %q, the tip has %q", v, k, want)
				}
			},
			"": func(t *rapid.T) {
				checkGeneration(t, c.small)
				checkGeneration(t, c.large)
			},
		})
	})
}

// checkGeneration compares what a generation counts with what is in it, and with its bound.
func checkGeneration[K comparable, V any](t *rapid.T, g *generations[K, V]) {
	var size, most int64
	for k, v := range g.young {
		if _, twice := g.old[k]; twice {
			t.Fatalf("key %v is in both generations", k)
		}
		size += g.cost(k, v)
		most = max(most, g.cost(k, v))
	}
	// Values that grow in their place may pass the bound until the next entry comes.
	if size != g.size || size > g.half+8*most {
		t.Fatalf("a generation counts %d bytes and has %d, with a bound of %d", g.size, size, g.half)
	}
}

func TestTheCacheOfStateForgetsAnOldValueWhereverItStood(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]func(i int) []byte{
		"of an account":       func(i int) []byte { return append(make([]byte, smallKeySize-1), byte(i)) },
		"of a key of its own": func(i int) []byte { return []byte{'k', byte(i)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newStateCache(0)
			c.small.half, c.large.half = 4*smallCost, 4*(largeOverhead+4) // four entries in each generation
			set := func(i int, value string, height uint64) {
				c.apply([]KV{{Key: key(i), Value: []byte(value)}}, height)
			}
			set(0, "v1", 1)
			for i := 1; i < 5; i++ { // moves key 0 to the old generation
				set(i, "xx", 1)
			}
			set(0, "v2", 2)
			if v, known := c.get(key(0)); known && string(v) != "v2" {
				t.Errorf("the cache gives %q, the tip has v2", v)
			}
			c.add(key(9), []byte("old"), 1)
			if v, known := c.get(key(9)); known {
				t.Errorf("the cache took %q, which was read at height 1, at height 2", v)
			}
		})
	}
}

// A value may grow over the size of small ones, and shrink again.
func TestTheCacheOfStateFollowsAValueThatGrows(t *testing.T) {
	t.Parallel()
	c := newStateCache(1 << 20)
	key := make([]byte, smallKeySize)
	for i, size := range []int{1, smallValueSize, smallValueSize + 1, 100, 2, 50} {
		value := bytes.Repeat([]byte{byte(i)}, size)
		c.apply([]KV{{Key: key, Value: value}}, uint64(i))
		if v, known := c.get(key); !known || !bytes.Equal(v, value) {
			t.Errorf("of %d bytes the value is %x, %v, want %x", size, v, known, value)
		}
	}
}

// What was used lately stays, also when much else comes.
func TestTheCacheOfStateKeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	c := newStateCache(16 * smallCost * 16 / 7)
	key := func(i int) []byte { return append(make([]byte, smallKeySize-2), byte(i>>8), byte(i)) }
	c.apply([]KV{{Key: key(0), Value: []byte("v")}}, 1)
	for i := 1; i < 300; i++ {
		c.add(key(i), []byte("x"), 1)
		if v, known := c.get(key(0)); !known || string(v) != "v" {
			t.Fatalf("after %d others a value that is used all the time is %q, %v", i, v, known)
		}
	}
	if _, known := c.get(key(1)); known {
		t.Error("300 values are known, there is room for 32")
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

func TestTheSharesOfTheCachesAreThoseOfTheDefaults(t *testing.T) {
	t.Parallel()
	got, want := Options{}.WithCaches(64<<20), Options{}.withDefaults()
	if got.CacheBytes != want.CacheBytes || got.TreeCacheBytes != want.TreeCacheBytes || got.StateCacheBytes != want.StateCacheBytes {
		t.Errorf("%d, %d and %d bytes; the defaults are %d, %d and %d", got.CacheBytes, got.TreeCacheBytes, got.StateCacheBytes,
			want.CacheBytes, want.TreeCacheBytes, want.StateCacheBytes)
	}
}
