package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
)

type testKey struct{}

func TestAnEndingContextEndsAsOneOfPackageContextDoes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		end  func(cancel, cancelParent func())
		want error
	}{
		"when its time is over":    {func(_, _ func()) { time.Sleep(time.Minute) }, context.DeadlineExceeded},
		"when its request is done": {func(cancel, _ func()) { cancel() }, context.Canceled},
		"when its parent ends":     {func(_, cancelParent func()) { cancelParent() }, context.Canceled},
	} {
		for looked, first := range map[string]bool{"somebody waited before": true, "nobody looked before": false} {
			t.Run(name+", and "+looked, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					parent, cancelParent := context.WithCancel(context.WithValue(t.Context(), testKey{}, "kept"))
					defer cancelParent()
					e := &ending{Context: parent, at: time.Now().Add(time.Minute)}
					defer e.cancel()
					if at, ok := e.Deadline(); !ok || time.Until(at) != time.Minute {
						t.Errorf("it ends at %v, %t; want in a minute", at, ok)
					}
					if first {
						child, cancelChild := context.WithCancel(e)
						defer cancelChild()
						if e.Err() != nil || child.Err() != nil {
							t.Errorf("ended before its time: %v, child %v", e.Err(), child.Err())
						}
						defer func() { <-child.Done() }() // or the test deadlocks, and says so
					}
					tc.end(e.cancel, cancelParent)
					<-e.Done()
					if err := e.Err(); !errors.Is(err, tc.want) {
						t.Errorf("the error is %v, want %v", err, tc.want)
					}
					if e.Value(testKey{}) != "kept" {
						t.Error("the parent's value is lost")
					}
				})
			})
		}
	}
}

func TestAnEndingContextEndsNoLaterThanItsParent(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(time.Second)
	parent, cancel := context.WithDeadline(t.Context(), soon)
	defer cancel()
	e := &ending{Context: parent, at: soon.Add(time.Second)}
	defer e.cancel()
	if at, ok := e.Deadline(); !ok || !at.Equal(soon) {
		t.Errorf("it ends at %v, %t; its parent at %v", at, ok, soon)
	}
}

func TestAnAccountIsWrittenAsEncodingJSONWritesIt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Uint64()
		a := &Account{
			Address: chain.Address(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "address")), Balance: number.Draw(t, "balance"),
			Nonce: number.Draw(t, "nonce"), NextNonce: number.Draw(t, "next nonce"), Bonded: number.Draw(t, "bonded"), Height: number.Draw(t, "height"),
		}
		want, err := json.Marshal(api.Account{
			Address: a.Address, Balance: api.Units(a.Balance), Nonce: a.Nonce, NextNonce: a.NextNonce,
			Stake: api.AccountStake{Bonded: api.Units(a.Bonded)}, Height: a.Height,
		})
		if err != nil {
			t.Fatal(err)
		}
		text := a.Address.String()
		if rapid.Bool().Draw(t, "asked for in capitals") {
			text = strings.ToUpper(text)
		}
		if parsed, err := chain.ParseAddress(text); err != nil || parsed != a.Address {
			t.Fatalf("%s is read as %s: %v", text, parsed, err)
		}
		if got := accountJSON(strings.ToLower(text), a); string(got) != string(want)+"\n" {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	})
}
