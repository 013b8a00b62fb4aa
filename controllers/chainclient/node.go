package chainclient

import (
	"context"
	"fmt"
	"net/http"

	"github.com/posnet/posnet/node/chain"
)

// Node is what a node says of itself (GET /node).
type Node struct {
	Version     string        `json:"version"`
	ChainID     string        `json:"chainID"`
	GenesisHash string        `json:"genesisHash"` // "" before the genesis
	State       string        `json:"state"`       // AwaitingGenesis, CatchingUp, Running or Stopped
	Reason      string        `json:"reason"`
	Message     string        `json:"message"`
	NetworkUID  string        `json:"networkUID"`
	Ordinal     uint64        `json:"ordinal"`
	Address     chain.Address `json:"address"`
	Height      uint64        `json:"height"`
	Validator   bool          `json:"validator"` // in the current set
}

// Status is the chain as a node sees it (GET /status).
type Status struct {
	ChainID     string `json:"chainID"`
	GenesisHash string `json:"genesisHash"`
	Height      uint64 `json:"height"`
	CatchingUp  bool   `json:"catchingUp"`
	TotalStake  uint64 `json:"totalStake,string"`  // base units
	OnlineStake uint64 `json:"onlineStake,string"` // base units, of validators heard of lately
	Peers       int    `json:"peers"`
}

// Validator is one registered validator as a node sees it.
type Validator struct {
	Address chain.Address `json:"address"`
	Stake   uint64        `json:"stake,string"`  // base units that count at this height
	Bonded  uint64        `json:"bonded,string"` // base units bonded now, which count after params.setDelay blocks
	Online  bool          `json:"online"`
	Jailed  bool          `json:"jailed"`
}

// Validators are all registered validators as of a height (GET /validators), with stake and without.
type Validators struct {
	Height     uint64      `json:"height"`
	TotalStake uint64      `json:"totalStake,string"`
	Validators []Validator `json:"validators"`
}

// Node asks a node about itself.
func (c *Client) Node(ctx context.Context, host string) (Node, error) {
	var n Node
	if err := c.get(ctx, host, "/node", maxSmall, &n); err != nil {
		return Node{}, err
	}
	n.Version, n.Message, n.Reason = clip(n.Version, 64), clip(n.Message, 256), clip(n.Reason, 64)
	if n.GenesisHash != "" {
		var h chain.Hash
		if err := h.UnmarshalText([]byte(n.GenesisHash)); err != nil {
			return Node{}, fmt.Errorf("read genesis hash of %s: %w", host, err)
		}
	}
	return n, nil
}

// Status asks a node about its chain.
func (c *Client) Status(ctx context.Context, host string) (Status, error) {
	var s Status
	err := c.get(ctx, host, "/status", maxSmall, &s)
	return s, err
}

// Validators asks a node for the validators it knows. Stakes that sum to more than the chain can hold are refused, so
// that whoever adds them up cannot overflow.
func (c *Client) Validators(ctx context.Context, host string) (Validators, error) {
	var v Validators
	if err := c.get(ctx, host, "/validators", maxValidators, &v); err != nil {
		return Validators{}, err
	}
	var total uint64
	for _, one := range v.Validators {
		if total += one.Stake; one.Stake > chain.MaxSupply || total > chain.MaxSupply {
			return Validators{}, fmt.Errorf("read /validators of %s: stakes sum to more than the largest supply", host)
		}
	}
	v.TotalStake = total
	return v, nil
}

// Genesis fetches the genesis with this hash and no other, parsed and as the file's bytes.
func (c *Client) Genesis(ctx context.Context, host string, want chain.Hash) (*chain.Genesis, []byte, error) {
	const path = "/genesis"
	b, err := c.do(ctx, http.MethodGet, host, path, nil, maxGenesis)
	if err != nil {
		return nil, nil, err
	}
	g, err := chain.ParseGenesis(b)
	if err != nil {
		return nil, nil, fmt.Errorf("%s of %s: %w", path, host, err)
	}
	if got := g.Hash(); got != want {
		return nil, nil, fmt.Errorf("%s of %s: it has hash %s, asked for was %s", path, host, got, want)
	}
	return g, b, nil
}
