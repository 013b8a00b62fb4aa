package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/httpapi/client"
)

func newQueryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "query",
		Aliases: []string{"q"},
		Short:   "Ask a node about the chain",
		Example: `  posnet query status
  posnet query draw 7
  posnet query account pos1… --verify
  posnet query blocks --node http://127.0.0.1:8051 -o json`,
	}
	r := addRemoteFlags(cmd)
	cmd.AddCommand(
		queryStatus(r), queryNode(r), queryBlocks(r), queryBlock(r), queryDraw(r), queryAccount(r),
		queryValidators(r), queryPeers(r), queryTx(r), queryPool(r),
	)
	return cmd
}

func queryStatus(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "How the chain is doing", Args: cobra.NoArgs,
		Example: "  posnet query status",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(r, cmd, func(ctx context.Context, c *client.Client) (*api.Status, error) { return c.Status(ctx) }, showStatus)
		},
	}
}

func showStatus(w io.Writer, s *api.Status) {
	row(w, "chain", s.ChainID)
	row(w, "genesis", s.GenesisHash)
	row(w, "height", s.Height)
	if s.Height > 0 {
		row(w, "last block", fmt.Sprintf("%s, %s ago", s.BlockHash.Short(), time.Since(s.BlockTime.Time).Round(time.Millisecond)))
	}
	doing := fmt.Sprintf("deciding height %d, round %d, %s", s.Height+1, s.Round, s.Step)
	if s.Idle {
		doing = "idle: waits for work"
	}
	if s.CatchingUp {
		doing = fmt.Sprintf("catching up to height %d", s.SyncTarget)
	}
	row(w, "doing", doing)
	row(w, "validators", s.Validators)
	row(w, "stake online", fmt.Sprintf("%s of %s", pos(s.OnlineStake), pos(s.TotalStake)))
	row(w, "fault tolerant", yes(s.FaultTolerant))
	row(w, "peers", s.Peers)
	row(w, "waiting", plural(s.Mempool.Transactions, "transaction"))
}

func queryNode(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "node", Short: "Who the node is and what it is doing", Args: cobra.NoArgs,
		Example: "  posnet query node --node http://127.0.0.1:8051",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(r, cmd, func(ctx context.Context, c *client.Client) (*api.Node, error) { return c.Node(ctx) }, func(w io.Writer, n *api.Node) {
				row(w, "version", n.Version)
				state := n.State
				if n.Reason != "" {
					state += ": " + n.Reason
				}
				if n.Message != "" {
					state += " (" + n.Message + ")"
				}
				row(w, "state", state)
				row(w, "chain", n.ChainID)
				row(w, "genesis", n.GenesisHash)
				row(w, "height", n.Height)
				row(w, "blocks from", n.FirstHeight)
				row(w, "address", n.Address)
				row(w, "validator", yes(n.Validator))
				row(w, "stake", pos(n.Stake))
				row(w, "consensus key", n.ConsensusKey)
				row(w, "vrf key", n.VrfKey)
				row(w, "peer id", n.PeerID)
				row(w, "peer port", n.P2pPort)
			})
		},
	}
}

func queryBlocks(r *remote) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "blocks", Short: "The newest blocks", Args: cobra.NoArgs,
		Example: "  posnet query blocks --limit 50",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(r, cmd, func(ctx context.Context, c *client.Client) ([]api.BlockSummary, error) {
				return lastBlocks(ctx, c, limit)
			}, showBlocks)
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 10, "how many at most")
	return cmd
}

// lastBlocks collects pages until it has n blocks or the chain's first.
func lastBlocks(ctx context.Context, c *client.Client, n int) ([]api.BlockSummary, error) {
	out, cursor := []api.BlockSummary{}, ""
	for len(out) < n {
		page, err := c.Blocks(ctx, cursor, min(n-len(out), 100))
		if err != nil {
			return nil, err
		}
		out = append(out, page.Blocks...)
		if page.Next == nil {
			break
		}
		cursor = *page.Next
	}
	return out, nil
}

func showBlocks(w io.Writer, blocks []api.BlockSummary) {
	row(w, "HEIGHT", "HASH", "FORGER", "ROUND", "TXS", "TIME", "FINAL AFTER")
	for _, b := range blocks {
		row(w, b.Height, b.Hash.Short(), short(b.Forger), b.Round, b.TxCount, clock(b.Time), finality(b.FinalityMs))
	}
}

func queryBlock(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "block [HEIGHT|HASH|latest]", Short: "One block with its transactions", Args: cobra.MaximumNArgs(1),
		Example: "  posnet query block 3\n  posnet query block latest",
		RunE: func(cmd *cobra.Command, args []string) error {
			id := "latest"
			if len(args) > 0 {
				id = args[0]
			}
			return ask(r, cmd, func(ctx context.Context, c *client.Client) (*api.Block, error) { return c.Block(ctx, id) }, showBlock)
		},
	}
}

func showBlock(w io.Writer, b *api.Block) {
	row(w, "height", b.Height)
	row(w, "hash", b.Hash)
	row(w, "forger", b.Forger)
	row(w, "round", b.Round)
	row(w, "time", b.Time)
	row(w, "final", fmt.Sprintf("by %s in round %d, after %s", plural(len(b.Certificate.Signatures), "precommit"), b.Certificate.Round, finality(b.FinalityMs)))
	row(w, "size", plural(b.Size, "byte"))
	row(w, "parent", b.Header.Parent)
	row(w, "state root", b.Header.State)
	row(w, "transactions", b.TxCount)
	showTxs(w, b.Txs)
}

func showTxs(w io.Writer, txs []api.Tx) {
	if len(txs) == 0 {
		return
	}
	_, _ = fmt.Fprintln(w)
	row(w, "ID", "KIND", "FROM", "NONCE", "TO", "AMOUNT", "FEE", "MEMO")
	for _, t := range txs {
		row(w, t.Id, t.Kind, short(t.From), t.Nonce, short(t.To), pos(t.Amount), pos(t.Fee), strconv.Quote(t.Memo))
	}
}

func queryValidators(r *remote) *cobra.Command {
	var height uint64
	cmd := &cobra.Command{
		Use: "validators", Short: "The validators and their stake", Args: cobra.NoArgs,
		Example: "  posnet query validators --height 3",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(r, cmd, func(ctx context.Context, c *client.Client) (*api.Validators, error) { return c.Validators(ctx, height) }, func(w io.Writer, v *api.Validators) {
				row(w, fmt.Sprintf("height %d, %s at stake", v.Height, pos(v.TotalStake)))
				row(w, "VALIDATOR", "STAKE", "SHARE", "BONDED", "FORGED", "ONLINE", "JAILED")
				for _, x := range v.Validators {
					row(w, x.Address, pos(x.Stake), x.Share+" %", pos(x.Bonded), x.Forged, yes(x.Online), yes(x.Jailed))
				}
			})
		},
	}
	cmd.Flags().Uint64Var(&height, "height", 0, "the set of this `height` (default: the one being decided)")
	return cmd
}

func queryPeers(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "peers", Short: "The nodes a node is connected to", Args: cobra.NoArgs,
		Example: "  posnet query peers",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(r, cmd, func(ctx context.Context, c *client.Client) (*api.Peers, error) { return c.Peers(ctx) }, func(w io.Writer, p *api.Peers) {
				row(w, "PEER", "ADDRESS", "DIRECTION", "HEIGHT", "CONNECTED", "LATENCY", "VALIDATOR")
				for _, x := range p.Peers {
					validator := "-"
					if a, err := chain.ParseAddress(x.Validator); err == nil {
						validator = short(a)
					}
					row(w, x.PeerID, x.Address, x.Direction, x.Height, since(x.ConnectedSince), fmt.Sprintf("%.1f ms", x.LatencyMs), validator)
				}
			})
		},
	}
}

func queryTx(r *remote) *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use: "tx ID", Short: "What became of a transaction", Args: cobra.ExactArgs(1),
		Example: "  posnet query tx 7d5e… --wait",
		RunE: func(cmd *cobra.Command, args []string) error {
			var id chain.Hash
			if err := id.UnmarshalText([]byte(args[0])); err != nil {
				return fmt.Errorf("a transaction's id: %w", err)
			}
			return ask(r, cmd, func(ctx context.Context, c *client.Client) (*api.Transaction, error) {
				if wait {
					return c.WaitFinal(ctx, id)
				}
				return c.Transaction(ctx, id)
			}, func(w io.Writer, t *api.Transaction) {
				row(w, "status", t.Status)
				if t.Status == api.Final {
					row(w, "block", t.Height)
				}
				showTxs(w, []api.Tx{t.Tx})
			})
		},
	}
	cmd.Flags().BoolVarP(&wait, "wait", "w", false, "wait until it is final")
	return cmd
}

func queryPool(r *remote) *cobra.Command {
	return &cobra.Command{
		Use: "pool", Short: "The transactions that wait for a block", Args: cobra.NoArgs,
		Example: "  posnet query pool",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(r, cmd, func(ctx context.Context, c *client.Client) (*api.PoolPage, error) { return c.Pool(ctx, "", 100) }, func(w io.Writer, p *api.PoolPage) {
				row(w, plural(p.Total, "transaction")+" waiting, "+plural(p.Bytes, "byte"))
				showTxs(w, p.Transactions)
			})
		},
	}
}
