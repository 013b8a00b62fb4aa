package keys

import (
	"encoding/binary"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// question is a signature whose verdict is known. If it is not good, a bit of R is wrong, which may leave no point, or one of
// s if n modulo 64 is 32 or more.
func question(n uint64, good bool) Signature {
	var seed [SeedSize]byte
	binary.BigEndian.PutUint64(seed[:], n%16)
	k := FromSeed(seed)
	msg := binary.BigEndian.AppendUint64(nil, n)
	s := Signature{Key: k.Public(), Message: msg, Value: k.Sign(msg)}
	if !good {
		s.Value[n%64] ^= 1 << (n % 8)
	}
	return s
}

func TestCallersThatComeTogetherGetTheirOwnAnswers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := NewVerifier(NewKnown(1))
		v.most = rapid.IntRange(1, 3).Draw(t, "batches at once")
		calls := rapid.SliceOfN(rapid.SliceOfN(rapid.Bool(), 0, 5), 1, 12).Draw(t, "calls")
		var wg sync.WaitGroup
		got := make([][]bool, len(calls))
		for i, want := range calls {
			wg.Go(func() {
				sigs := make([]Signature, len(want))
				for j, good := range want {
					sigs[j] = question(uint64(100*i+j), good)
				}
				got[i] = v.Verify(sigs)
			})
		}
		wg.Wait()
		for i, want := range calls {
			if len(got[i]) != len(want) {
				t.Fatalf("call %d of %d signatures has %d answers", i, len(want), len(got[i]))
			}
			for j := range want {
				if s := question(uint64(100*i+j), want[j]); got[i][j] != Verify(s.Key, s.Message, s.Value) {
					t.Fatalf("call %d, signature %d: %v", i, j, got[i][j])
				}
			}
		}
		if v.busy != 0 || len(v.queue) != 0 {
			t.Fatalf("at rest %d are in work and %d wait", v.busy, len(v.queue))
		}
	})
}

// A verifier in work keeps those who come; the test holds its turn.
func waiting(t *testing.T, v *Verifier, calls ...[]Signature) (finish func() [][]bool) {
	t.Helper()
	v.busy = v.most
	var wg sync.WaitGroup
	got := make([][]bool, len(calls))
	for i, sigs := range calls {
		wg.Go(func() { got[i] = v.Verify(sigs) })
		for queued := 0; queued <= i; {
			v.mu.Lock()
			queued = len(v.queue)
			v.mu.Unlock()
		}
	}
	return func() [][]bool {
		wg.Wait()
		return got
	}
}

func TestThoseWhoWaitAreOneBatchAndOneForgedSignatureIsOnlyItsOwn(t *testing.T) {
	t.Parallel()
	v := NewVerifier(NewKnown(1))
	v.most = 1
	finish := waiting(t, v, []Signature{question(1, true)}, []Signature{question(2, true), question(35, false)}, []Signature{question(4, true)})
	v.mu.Lock()
	first := v.queue[0]
	v.pass()
	together := len(first.batch)
	v.mu.Unlock()
	for i, want := range [][]bool{{true}, {true, false}, {true}} {
		if got := finish()[i]; !slices.Equal(got, want) {
			t.Errorf("call %d: %v, want %v", i, got, want)
		}
	}
	if together != 3 {
		t.Errorf("the first verifies for %d callers, want 3", together)
	}
}

func TestABatchHasItsBound(t *testing.T) {
	t.Parallel()
	v := NewVerifier(NewKnown(1))
	for range 3 {
		v.queue = append(v.queue, &asking{sigs: make([]Signature, mostTogether/2), turn: make(chan struct{})})
	}
	first := v.queue[0]
	v.pass()
	if len(first.batch) != 2 || len(v.queue) != 1 {
		t.Errorf("a batch of %d callers, %d wait", len(first.batch), len(v.queue))
	}
}

func TestAWrongSignatureKeepsCallersApartForAWhile(t *testing.T) {
	t.Parallel()
	v := NewVerifier(NewKnown(1))
	if got := v.Verify([]Signature{question(1, true), question(34, false)}); !got[0] || got[1] {
		t.Fatalf("got %v", got)
	}
	for range apartAfter {
		if v.apart == 0 {
			t.Fatal("callers come together too early")
		}
		v.queue = []*asking{{sigs: []Signature{question(3, true)}, turn: make(chan struct{})}, {sigs: []Signature{question(4, true)}, turn: make(chan struct{})}}
		first := v.queue[0]
		v.pass()
		if len(first.batch) != 1 {
			t.Fatal("callers share a batch right after a wrong signature")
		}
		v.note(v.check(first.batch))
	}
	if v.apart != 0 {
		t.Errorf("callers are kept apart for %d more", v.apart)
	}
}

// BenchmarkTogether is what one of as many signatures costs when they come at once.
func BenchmarkTogether(b *testing.B) {
	for _, c := range []struct {
		name    string
		callers int
		each    int
	}{{"1 caller of 250", 1, 250}, {"8 callers of 250", 8, 250}} {
		b.Run(c.name, func(b *testing.B) {
			some := make([]*asking, c.callers)
			for i := range some {
				some[i] = &asking{sigs: make([]Signature, c.each)}
				for j := range some[i].sigs {
					some[i].sigs[j] = question(uint64(1000*i+j), true)
				}
			}
			v := NewVerifier(NewKnown(1))
			for b.Loop() {
				if !v.check(some) {
					b.Fatal("refused")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*c.callers*c.each), "ns/signature")
		})
	}
}
