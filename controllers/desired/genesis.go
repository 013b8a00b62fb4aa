package desired

import (
	"bytes"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/posnet/posnet/api/v1alpha1"
	"github.com/posnet/posnet/node/chain"
)

// ChainID is the chain's name: the declared one, else "<name>.<namespace>", cut to what a chain may be called.
func ChainID(n *v1alpha1.PoSNetwork) string {
	if n.Spec.ChainID != "" {
		return n.Spec.ChainID
	}
	id := n.Name + "." + n.Namespace
	if len(id) <= 63 {
		return id
	}
	// Two long namespaces that differ only at their end must not make one chain.
	return id[:54] + "-" + chain.Sum([]byte(id)).Short()
}

// Params are the chain's parameters; what the spec leaves out has the chain's own default.
func Params(n *v1alpha1.PoSNetwork) (chain.Params, error) {
	s, p := n.Spec.Params, chain.DefaultParams()
	for _, f := range []struct {
		to   *uint64
		from int64
	}{
		{&p.MinTxs, s.MinTxs}, {&p.MaxTxs, s.MaxTxs}, {&p.MaxBytes, s.MaxBytes},
		{&p.SetDelay, s.SetDelay}, {&p.EvidenceMaxAge, s.EvidenceMaxAge},
	} {
		if f.from != 0 {
			*f.to = uint64(f.from)
		}
	}
	for _, f := range []struct {
		to   *uint64
		from *metav1.Duration
	}{
		{&p.MaxIdle, s.MaxIdle}, {&p.ClockDrift, s.ClockDrift},
		{&p.ProposeTimeout, s.Timeouts.Propose}, {&p.ProposeTimeoutStep, s.Timeouts.ProposeStep},
		{&p.PrevoteTimeout, s.Timeouts.Prevote}, {&p.PrevoteTimeoutStep, s.Timeouts.PrevoteStep},
		{&p.PrecommitTimeout, s.Timeouts.Precommit}, {&p.PrecommitTimeoutStep, s.Timeouts.PrecommitStep},
	} {
		if f.from != nil {
			*f.to = uint64(f.from.Milliseconds())
		}
	}
	for _, f := range []struct {
		name string
		to   *uint64
		from v1alpha1.POS
	}{{"minFee", &p.MinFee, s.MinFee}, {"blockReward", &p.BlockReward, s.BlockReward}} {
		if f.from == "" {
			continue
		}
		v, err := chain.ParsePOS(string(f.from))
		if err != nil {
			return p, fmt.Errorf("spec.params.%s: %w", f.name, err)
		}
		*f.to = v
	}
	if s.SlashPermille != nil {
		p.SlashPermille = uint64(*s.SlashPermille)
	}
	if s.Authority != "" {
		a, err := chain.ParseAddress(string(s.Authority))
		if err != nil {
			return p, fmt.Errorf("spec.params.authority: %w", err)
		}
		p.Authority = a
	}
	if err := p.Check(); err != nil {
		return p, fmt.Errorf("spec.params: %w", err)
	}
	return p, nil
}

// Replicas is how many validator pods are wished for.
func Replicas(n *v1alpha1.PoSNetwork) int32 {
	if n.Spec.Validators.Replicas == nil {
		return 4
	}
	return *n.Spec.Validators.Replicas
}

// Stake is what the validator of an ordinal is declared to hold, in base units.
func Stake(n *v1alpha1.PoSNetwork, ordinal int32) (uint64, error) {
	stake := n.Spec.Validators.Stake
	for _, o := range n.Spec.Validators.Overrides {
		if o.Ordinal == ordinal {
			stake = o.Stake
		}
	}
	if stake == "" {
		stake = "1000"
	}
	v, err := chain.ParsePOS(string(stake))
	if err != nil {
		return 0, fmt.Errorf("spec.validators: stake of ordinal %d: %w", ordinal, err)
	}
	return v, nil
}

// Accounts are the addresses of the accounts the operator made keys for.
type Accounts struct {
	Treasury chain.Address
	Faucet   chain.Address // zero without a faucet
}

// Genesis is how the network's chain begins, given the identity of every validator, by ordinal. It depends on nothing
// else, not even on the clock: the genesis time is the creation of the PoSNetwork. So two operators, or one that lost its
// memory, can only ever make the same genesis of the same identities.
func Genesis(n *v1alpha1.PoSNetwork, accounts Accounts, identities []chain.Identity) (*chain.Genesis, error) {
	params, err := Params(n)
	if err != nil {
		return nil, err
	}
	g := &chain.Genesis{ChainID: ChainID(n), Time: uint64(n.CreationTimestamp.UnixMilli()), Params: params}
	if g.Accounts, err = genesisAccounts(n, accounts); err != nil {
		return nil, err
	}
	for ordinal, id := range identities {
		g.Validators = append(g.Validators, chain.GenesisValidator{Address: id.Address, Keys: id.Keys})
		stake, err := Stake(n, int32(ordinal))
		if err != nil {
			return nil, err
		}
		if stake > 0 {
			g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: accounts.Treasury, Validator: id.Address, Amount: stake})
		}
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	slices.SortFunc(g.Validators, func(a, b chain.GenesisValidator) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	slices.SortFunc(g.Bonds, func(a, b chain.GenesisBond) int { return bytes.Compare(a.Validator[:], b.Validator[:]) })
	if err := g.Check(); err != nil {
		return nil, fmt.Errorf("genesis of this spec: %w", err)
	}
	return g, nil
}

func genesisAccounts(n *v1alpha1.PoSNetwork, accounts Accounts) ([]chain.GenesisAccount, error) {
	var list []chain.GenesisAccount
	add := func(what string, address chain.Address, balance v1alpha1.POS, otherwise v1alpha1.POS) error {
		if balance == "" {
			balance = otherwise
		}
		units, err := chain.ParsePOS(string(balance))
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		list = append(list, chain.GenesisAccount{Address: address, Balance: units})
		return nil
	}
	if err := add("spec.treasury.balance", accounts.Treasury, n.Spec.Treasury.Balance, "1000000"); err != nil {
		return nil, err
	}
	if n.Spec.Faucet.Enabled {
		if err := add("spec.faucet.balance", accounts.Faucet, n.Spec.Faucet.Balance, "1000000"); err != nil {
			return nil, err
		}
	}
	for i, a := range n.Spec.Allocations {
		address, err := chain.ParseAddress(string(a.Address))
		if err != nil {
			return nil, fmt.Errorf("spec.allocations[%d]: %w", i, err)
		}
		if err := add(fmt.Sprintf("spec.allocations[%d]", i), address, a.Balance, "0"); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Declares says in what a genesis differs from what the spec declares, or "" when it does not. It compares what the owner
// chose, not keys and accounts, which no spec knows.
func Declares(n *v1alpha1.PoSNetwork, g *chain.Genesis) (string, error) {
	params, err := Params(n)
	if err != nil {
		return "", err
	}
	if g.ChainID != ChainID(n) {
		return fmt.Sprintf("chainID is %q in the genesis and %q in the spec", g.ChainID, ChainID(n)), nil
	}
	if g.Params != params {
		return "params differ between the genesis and the spec", nil
	}
	return "", nil
}
