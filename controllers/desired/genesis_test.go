package desired_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/controllers/desired"
	"github.com/posnet/posnet/node/chain"
)

// digest is a value that looks random and is the same every time.
func digest(what string, i int) [32]byte {
	return chain.Sum([]byte(what), binary.BigEndian.AppendUint64(nil, uint64(i)))
}

func identities(n int) []chain.Identity {
	list := make([]chain.Identity, n)
	for i := range list {
		list[i] = chain.Identity{Ordinal: uint64(i), Address: digest("account", i), Keys: chain.ValidatorKeys{
			Consensus: digest("consensus", i), VRF: digest("vrf", i), Peer: digest("peer", i),
		}}
	}
	return list
}

func accounts() desired.Accounts {
	return desired.Accounts{Treasury: digest("treasury", 0), Faucet: digest("faucet", 0)}
}

func TestGenesisOfTheDefaultsHasTheDefaultsOfTheChain(t *testing.T) {
	t.Parallel()
	g, err := desired.Genesis(network(t, "demo", `{}`), accounts(), identities(4))
	if err != nil {
		t.Fatal(err)
	}
	if g.Params != chain.DefaultParams() {
		t.Errorf("params are %+v, want the chain's defaults", g.Params)
	}
	if g.ChainID != "demo.default" || g.Time != 1_700_000_000_000 {
		t.Errorf("chain %q at %d", g.ChainID, g.Time)
	}
	if len(g.Accounts) != 1 || g.Accounts[0].Address != accounts().Treasury || g.Accounts[0].Balance != 1_000_000*chain.UnitsPerPOS {
		t.Errorf("accounts are %+v, want the treasury alone", g.Accounts)
	}
	if len(g.Bonds) != 4 {
		t.Fatalf("%d bonds, want 4", len(g.Bonds))
	}
	for _, b := range g.Bonds {
		if b.Staker != accounts().Treasury || b.Amount != 1000*chain.UnitsPerPOS {
			t.Errorf("bond %+v, want 1000 POS of the treasury", b)
		}
	}
}

func TestGenesisTakesWhatTheSpecSays(t *testing.T) {
	t.Parallel()
	someone := chain.Address(digest("someone", 0))
	g, err := desired.Genesis(network(t, "demo", fmt.Sprintf(`
chainID: mine
validators: {stake: "10", overrides: [{ordinal: 1, stake: "0"}, {ordinal: 2, stake: "0.5"}]}
params: {minTxs: 2, maxTxs: 2, maxIdle: 0s, minFee: "0", setDelay: 2, slashPermille: 0, timeouts: {propose: 1s}}
allocations: [{address: %s, balance: "7"}]
faucet: {enabled: true, balance: "3"}
`, someone)), accounts(), identities(3))
	if err != nil {
		t.Fatal(err)
	}
	want := chain.DefaultParams()
	want.MinTxs, want.MaxTxs, want.MaxIdle, want.MinFee, want.SetDelay, want.SlashPermille, want.ProposeTimeout = 2, 2, 0, 0, 2, 0, 1000
	if g.Params != want {
		t.Errorf("params are %+v\nwant %+v", g.Params, want)
	}
	balances := map[chain.Address]uint64{}
	for _, a := range g.Accounts {
		balances[a.Address] = a.Balance
	}
	if balances[someone] != 7_000_000 || balances[accounts().Faucet] != 3_000_000 || len(balances) != 3 {
		t.Errorf("balances are %v", balances)
	}
	stakes := map[chain.Address]uint64{}
	for _, b := range g.Bonds {
		stakes[b.Validator] = b.Amount
	}
	ids := identities(3)
	if len(stakes) != 2 || stakes[ids[0].Address] != 10_000_000 || stakes[ids[2].Address] != 500_000 || len(g.Validators) != 3 {
		t.Errorf("stakes are %v of %d validators", stakes, len(g.Validators))
	}
}

func TestGenesisOfTheSameInputsIsTheSame(t *testing.T) {
	t.Parallel()
	n := network(t, "demo", `{}`)
	a, err := desired.Genesis(n, accounts(), identities(4))
	if err != nil {
		t.Fatal(err)
	}
	b, err := desired.Genesis(n, accounts(), identities(4))
	if err != nil {
		t.Fatal(err)
	}
	if a.Hash() != b.Hash() {
		t.Error("two geneses of one network differ")
	}
	file, err := a.MarshalFile()
	if err != nil {
		t.Fatal(err)
	}
	back, err := chain.ParseGenesis(file)
	if err != nil {
		t.Fatal(err)
	}
	if back.Hash() != a.Hash() {
		t.Error("the file has another hash than the genesis it was written from")
	}
}

func TestTheLargestSpecFitsAGenesis(t *testing.T) {
	t.Parallel()
	n := network(t, "demo", `{validators: {replicas: 200, stake: "1234567.123456"}, faucet: {enabled: true}}`)
	for i := range 1000 {
		n.Spec.Allocations = append(n.Spec.Allocations, v1alpha1.Allocation{
			Address: v1alpha1.AccountAddress(chain.Address(digest("rich", i)).String()), Balance: "1234567.123456",
		})
	}
	g, err := desired.Genesis(n, accounts(), identities(200))
	if err != nil {
		t.Fatal(err)
	}
	file, err := g.MarshalFile()
	if err != nil {
		t.Fatal(err)
	}
	if len(file) > chain.MaxGenesisBytes {
		t.Errorf("the largest genesis has %d bytes, more than %d", len(file), chain.MaxGenesisBytes)
	}
}

func TestAGenesisNoChainCouldStartFromIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spec, want string
	}{
		"more than the largest supply": {`{treasury: {balance: "1152921504606"}, faucet: {enabled: true, balance: "1000000000"}}`, "largest supply"},
		"nobody has stake":             {`{validators: {stake: "0"}}`, "no validator has stake"},
		"an address with a typing error": {
			`{allocations: [{address: pos1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq, balance: "1"}]}`, "allocations[0]"},
		"a duration below a millisecond": {`{params: {timeouts: {proposeStep: 0.5ms}}}`, "proposeTimeoutStepMs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := desired.Genesis(network(t, "demo", c.spec), accounts(), identities(4))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestChainIDIsAlwaysAValidOne(t *testing.T) {
	t.Parallel()
	n := network(t, strings.Repeat("n", 40), `{}`)
	n.Namespace = strings.Repeat("s", 60) + "a"
	one := desired.ChainID(n)
	n.Namespace = strings.Repeat("s", 60) + "b"
	if two := desired.ChainID(n); one == two || len(one) > 63 {
		t.Errorf("chain ids %q and %q: they must differ and have at most 63 characters", one, two)
	}
	if got := desired.ChainID(network(t, "demo", `{chainID: mine}`)); got != "mine" {
		t.Errorf("chain id %q, want the declared one", got)
	}
}

func TestDeclaresTellsAGenesisOfAnotherSpec(t *testing.T) {
	t.Parallel()
	n := network(t, "demo", `{}`)
	g, err := desired.Genesis(n, accounts(), identities(4))
	if err != nil {
		t.Fatal(err)
	}
	for spec, differs := range map[string]bool{`{}`: false, `{logLevel: debug}`: false, `{chainID: x}`: true, `{params: {minTxs: 3}}`: true} {
		got, err := desired.Declares(network(t, "demo", spec), g)
		if err != nil || (got != "") != differs {
			t.Errorf("spec %s: difference %q, error %v; want a difference: %t", spec, got, err, differs)
		}
	}
}
