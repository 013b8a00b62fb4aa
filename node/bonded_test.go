package node

import (
	"bytes"
	"hash/maphash"
	"testing"

	"pgregory.net/rapid"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/ledger"
)

func TestTheFilterOfBondsHasEveryBondAndItsStaker(t *testing.T) {
	t.Parallel()
	b := newBonded() // grows over all checks: it forgets nothing
	rapid.Check(t, func(t *rapid.T) {
		address := rapid.Map(rapid.SliceOfN(rapid.Byte(), 32, 32), func(b []byte) chain.Address { return chain.Address(b) })
		type bond struct{ validator, staker chain.Address }
		bonds := rapid.SliceOf(rapid.Custom(func(t *rapid.T) bond {
			return bond{address.Draw(t, "validator"), address.Draw(t, "staker")}
		})).Draw(t, "bonds")
		changes := []ledger.KV{{Key: ledger.AccountKey(address.Draw(t, "account")), Value: []byte{1}}}
		for _, d := range bonds {
			changes = append(changes, ledger.KV{Key: ledger.BondKey(d.validator, d.staker), Value: []byte{1}})
		}
		changes = append(changes, ledger.KV{Key: ledger.SystemKey(), Value: []byte{1}})
		b.decided(1, changes)
		for _, d := range bonds {
			if !b.filter.has(d.staker[:]) || !b.filter.has(ledger.BondKey(d.validator, d.staker)) {
				t.Fatalf("the bond of %s with %s is not in the filter", d.staker, d.validator)
			}
		}
	})
}

func TestTheFilterOfBondsRulesOutNearlyAllOthers(t *testing.T) {
	t.Parallel()
	f := &bondFilter{seed: maphash.MakeSeed()}
	address := func(i int) chain.Address {
		return chain.Address(chain.Sum([]byte{byte(i >> 16), byte(i >> 8), byte(i)}))
	}
	const bonds, asked = 100_000, 50_000
	for i := range bonds {
		f.add(ledger.BondKey(address(i%100), address(i)))
	}
	wrong := 0
	for i := range asked {
		a := address(bonds + i)
		if f.has(a[:]) {
			wrong++
		}
	}
	if wrong > asked/1000 { // 3.5 are to be expected, and 50 to be had by chance never
		t.Errorf("%d of %d addresses without a bond are not ruled out", wrong, asked)
	}
}

func TestTheFilterOfBondsCoversOnlyWhatItWasToldOf(t *testing.T) {
	t.Parallel()
	b := newBonded()
	step := func(what string, do func(), upTo int) {
		t.Helper()
		do()
		for h := range uint64(20) {
			if want := int(h) <= upTo; b.filter.covers(h) != want {
				t.Errorf("%s: covers height %d: %t, want %t", what, h, !want, want)
			}
		}
	}
	step("nothing is read yet", func() {}, -1)
	step("a block is decided while the state is being read", func() { b.decided(11, nil) }, -1)
	step("the state of height 10 was read", func() { b.filter.scanned.Store(10 + 1) }, 11)
	step("the next block", func() { b.decided(12, nil) }, 12)

	young := newBonded()
	young.filter.scanned.Store(0 + 1)
	if !young.filter.covers(0) || young.filter.covers(1) {
		t.Error("the filter of the genesis must cover height 0 alone")
	}
}

func TestWhatAnAccountBondedIsTheSameWithAndWithoutTheFilter(t *testing.T) {
	t.Parallel()
	s, addrs := aMember(t)
	m := s.joined.Load()
	stakers := append([]chain.Address{addrs[0]}, registeredOf(t, m)...)
	for _, filled := range []bool{false, true} {
		if filled {
			m.bonded.fill(t.Context(), m.store, m.log)
		}
		if got := m.bonded.filter.covers(0); got != filled {
			t.Fatalf("the filter covers the genesis: %t, want %t", got, filled)
		}
		for i, a := range stakers {
			got, err := backend{s}.Account(t.Context(), a, false)
			want := uint64(25 * chain.UnitsPerPOS)
			if i == 0 {
				want = 0
			}
			if err != nil || got.Bonded != want || got.Address != a {
				t.Errorf("filter %t: account %d bonded %+v, %v; want %d", filled, i, got, err, want)
			}
		}
	}
}

func registeredOf(t *testing.T, m *member) []chain.Address {
	t.Helper()
	v, err := m.store.View()
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	all, err := m.bonded.registered(v, 0)
	if err != nil || len(all) != benchValidators || bytes.Compare(all[0][:], all[1][:]) >= 0 {
		t.Fatalf("%d validators, %v; want %d in order", len(all), err, benchValidators)
	}
	return all
}
