package ledger

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/posnet/posnet/node/chain"
)

func sortGenesis(g *chain.Genesis) {
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	slices.SortFunc(g.Validators, func(a, b chain.GenesisValidator) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	slices.SortFunc(g.Bonds, func(a, b chain.GenesisBond) int {
		if c := bytes.Compare(a.Validator[:], b.Validator[:]); c != 0 {
			return c
		}
		return bytes.Compare(a.Staker[:], b.Staker[:])
	})
}

func TestGenesisIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(g *chain.Genesis)
		why    string
	}{
		"with an account whose key signs everything":      {func(g *chain.Genesis) { g.Accounts[0].Address = smallOrder; sortGenesis(g) }, "small order"},
		"with an account that is no key":                  {func(g *chain.Genesis) { g.Accounts[0].Address = chain.Address{2}; sortGenesis(g) }, "not a point"},
		"with a validator whose address signs everything": {func(g *chain.Genesis) { g.Validators[3].Address = smallOrder; sortGenesis(g) }, "small order"},
		"with a VRF key of small order":                   {func(g *chain.Genesis) { g.Validators[0].Keys.VRF = chain.PublicKey(smallOrder) }, "small order"},
		"with a consensus key of small order":             {func(g *chain.Genesis) { g.Validators[0].Keys.Consensus = chain.PublicKey(smallOrder) }, "small order"},
		"with a node key that is no key":                  {func(g *chain.Genesis) { g.Validators[0].Keys.Peer = chain.PublicKey{2} }, "not a point"},
		"with a staker whose key signs everything":        {func(g *chain.Genesis) { g.Bonds[0].Staker = smallOrder }, "small order"},
		"with more than the largest supply":               {func(g *chain.Genesis) { g.Accounts[0].Balance = chain.MaxSupply - 100*pos }, "largest supply"},
		"with a sum beyond 64 bits":                       {func(g *chain.Genesis) { g.Accounts[0].Balance = 1<<64 - 1 }, "largest supply"},
		"with bonds beyond the largest supply":            {func(g *chain.Genesis) { g.Bonds[2].Amount = chain.MaxSupply }, "largest supply"},
		"with an account twice":                           {func(g *chain.Genesis) { g.Accounts[1] = g.Accounts[0] }, "twice"},
		"with accounts out of order":                      {func(g *chain.Genesis) { g.Accounts[0], g.Accounts[1] = g.Accounts[1], g.Accounts[0] }, "out of order"},
		"with a validator twice":                          {func(g *chain.Genesis) { g.Validators[1] = g.Validators[0] }, "twice"},
		"with a bond twice":                               {func(g *chain.Genesis) { g.Bonds[1] = g.Bonds[0] }, "twice"},
		"with a key of two validators":                    {func(g *chain.Genesis) { g.Validators[1].Keys.VRF = g.Validators[0].Keys.Peer }, "also used"},
		"with a key in two roles":                         {func(g *chain.Genesis) { g.Validators[1].Keys.VRF = g.Validators[1].Keys.Peer }, "two roles"},
		"with a bond to nobody":                           {func(g *chain.Genesis) { g.Bonds[2].Validator = people[7].address(); sortGenesis(g) }, "not a validator"},
		"with a bond of nothing":                          {func(g *chain.Genesis) { g.Bonds[0].Amount = 0 }, "amount is 0"},
		"without stake":                                   {func(g *chain.Genesis) { g.Bonds = nil }, "no validator has stake"},
		"without a time":                                  {func(g *chain.Genesis) { g.Time = 0 }, "time"},
		"with a name no label can hold":                   {func(g *chain.Genesis) { g.ChainID = "A network" }, "chainID"},
		"with a setDelay below two":                       {func(g *chain.Genesis) { g.Params.SetDelay = 1 }, "setDelay"},
		"with blocks above the transport's cap":           {func(g *chain.Genesis) { g.Params.MaxBytes = chain.MaxBlockBytes + 1 }, "maxBytes"},
		"with more members than the sets to come can hold": {func(g *chain.Genesis) {
			g.Params.SetDelay = 1000
			for i := range 60 {
				p := newPerson(byte(100 + i))
				g.Validators = append(g.Validators, chain.GenesisValidator{Address: p.address(), Keys: p.keys()})
				g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: p.address(), Validator: p.address(), Amount: 5})
			}
			sortGenesis(g)
		}, "at most 52 may"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := testGenesis()
			c.change(g)
			_, err := FromGenesis(g)
			wantError(t, err, c.why)
		})
	}
}

func TestGenesisMakesTheStateItSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(g *chain.Genesis) {
		g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: people[6].address(), Validator: people[1].address(), Amount: 11})
		sortGenesis(g)
	})
	if w.root != w.naiveRoot() {
		t.Errorf("state root %s, by definition %s", w.root, w.naiveRoot())
	}
	if want := uint64(8*1000*pos + 300*pos + 11); w.system.Supply != want || w.total(t) != want {
		t.Errorf("supply %d, in the state %d, want %d", w.system.Supply, w.total(t), want)
	}
	want := []uint64{100 * pos, 100*pos + 11, 100 * pos, 0, 0, 0, 0, 0}
	if got := w.stakes(t, 1); !slices.Equal(got, want) {
		t.Errorf("stakes %v, want %v", got, want)
	}
	if w.system.Height != 0 || w.system.Time != w.genesis.Time {
		t.Errorf("system %+v", w.system)
	}
	if v := w.validator(people[3].address()); v.Keys != people[3].keys() || v.Bonded != 0 {
		t.Errorf("a validator without stake must be registered: %+v", v)
	}
}

func TestGenesisAtTheLargestSupplyWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(g *chain.Genesis) {
		g.Accounts[0].Balance += chain.MaxSupply - uint64(8*1000*pos+300*pos)
	})
	if w.system.Supply != chain.MaxSupply {
		t.Fatal(fmt.Sprint("supply ", w.system.Supply))
	}
	// Nothing can be minted: the reward is what is left below the largest supply.
	w.block(t)
	if w.system.Supply != chain.MaxSupply || w.total(t) != chain.MaxSupply {
		t.Fatalf("supply %d", w.system.Supply)
	}
}
