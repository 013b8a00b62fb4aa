package chain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
)

// MaxGenesisBytes caps a genesis file (JSON).
const MaxGenesisBytes = 512 << 10

// Genesis is how a chain begins. Its file is JSON for people; its hash is over
// the canonical encoding, so white space and field order do not matter.
type Genesis struct {
	_          struct{}           `cbor:",toarray"`
	ChainID    string             `json:"chainID"` // a name for people, part of the hash
	Time       uint64             `json:"time"`    // Unix milliseconds; the parent time of height 1
	Params     Params             `json:"params"`
	Accounts   []GenesisAccount   `json:"accounts"`   // ascending by address
	Validators []GenesisValidator `json:"validators"` // ascending by address
	Bonds      []GenesisBond      `json:"bonds"`      // ascending by validator, then staker
}

// GenesisAccount is an opening balance, in base units.
type GenesisAccount struct {
	_       struct{} `cbor:",toarray"`
	Address Address  `json:"address"`
	Balance uint64   `json:"balance"`
}

// GenesisValidator is registered from the start, with or without stake.
type GenesisValidator struct {
	_       struct{}      `cbor:",toarray"`
	Address Address       `json:"address"`
	Keys    ValidatorKeys `json:"keys"`
}

// GenesisBond is stake of Staker that counts for Validator, in base units.
type GenesisBond struct {
	_         struct{} `cbor:",toarray"`
	Staker    Address  `json:"staker"`
	Validator Address  `json:"validator"`
	Amount    uint64   `json:"amount"`
}

// Hash names the chain.
func (g *Genesis) Hash() Hash { return Sum(Encode(g)) }

// ParseGenesis reads and checks a genesis file.
func ParseGenesis(b []byte) (*Genesis, error) {
	if len(b) > MaxGenesisBytes {
		return nil, fmt.Errorf("read genesis: %w: %d bytes, at most %d are allowed", ErrTooLarge, len(b), MaxGenesisBytes)
	}
	var g Genesis
	if err := decodeGenesis(b, &g); err != nil {
		return nil, fmt.Errorf("read genesis: %w", err)
	}
	if err := g.Check(); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	return &g, nil
}

// MarshalFile writes the genesis file.
func (g *Genesis) MarshalFile() ([]byte, error) {
	b, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write genesis: %w", err)
	}
	return append(b, '\n'), nil
}

var chainIDPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`)

// Check refuses a genesis no chain could start from. It does not judge keys as
// curve points; the ledger does that when it loads the genesis.
func (g *Genesis) Check() error {
	if !chainIDPattern.MatchString(g.ChainID) {
		return fmt.Errorf("chainID %q: use 1 to 63 lower-case letters, digits, dots and dashes", g.ChainID)
	}
	if g.Time == 0 || g.Time > 1<<50 {
		return fmt.Errorf("time %d is not Unix milliseconds", g.Time)
	}
	if err := g.Params.Check(); err != nil {
		return err
	}
	supply := uint64(0)
	grow := func(v uint64) error {
		s, err := Add(supply, v)
		if err != nil || s > MaxSupply {
			return fmt.Errorf("balances and bonds sum to more than the largest supply, %d", MaxSupply)
		}
		supply = s
		return nil
	}
	for i, a := range g.Accounts {
		if i > 0 && bytes.Compare(g.Accounts[i-1].Address[:], a.Address[:]) >= 0 {
			return fmt.Errorf("accounts[%d]: %s is listed twice or out of order", i, a.Address)
		}
		if err := grow(a.Balance); err != nil {
			return err
		}
	}
	known := map[Address]bool{}
	used := map[PublicKey]Address{}
	for i, v := range g.Validators {
		if i > 0 && bytes.Compare(g.Validators[i-1].Address[:], v.Address[:]) >= 0 {
			return fmt.Errorf("validators[%d]: %s is listed twice or out of order", i, v.Address)
		}
		if err := v.Keys.Distinct(v.Address); err != nil {
			return fmt.Errorf("validators[%d]: %w", i, err)
		}
		for _, k := range []PublicKey{v.Keys.Consensus, v.Keys.VRF, v.Keys.Peer} {
			if other, ok := used[k]; ok {
				return fmt.Errorf("validators[%d]: key %s is also used by %s", i, k, other)
			}
			used[k] = v.Address
		}
		known[v.Address] = true
	}
	staked := false
	for i, b := range g.Bonds {
		if i > 0 && compareBonds(g.Bonds[i-1], b) >= 0 {
			return fmt.Errorf("bonds[%d]: listed twice or out of order", i)
		}
		if !known[b.Validator] {
			return fmt.Errorf("bonds[%d]: %s is not a validator of this genesis", i, b.Validator)
		}
		if b.Amount == 0 {
			return fmt.Errorf("bonds[%d]: amount is 0", i)
		}
		staked = true
		if err := grow(b.Amount); err != nil {
			return err
		}
	}
	if !staked {
		return fmt.Errorf("no validator has stake: nobody could forge the first block")
	}
	return nil
}

func compareBonds(a, b GenesisBond) int {
	if c := bytes.Compare(a.Validator[:], b.Validator[:]); c != 0 {
		return c
	}
	return bytes.Compare(a.Staker[:], b.Staker[:])
}
