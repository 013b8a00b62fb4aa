package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/httpapi/client"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/stake"
)

// verifiedDraw is a lottery that was computed here, not read.
type verifiedDraw struct {
	*api.Draw
	Seed    string `json:"seedCheck"`   // how the seed was checked
	Chance  string `json:"winnerShare"` // percent of the ring
	Checked bool   `json:"recomputed"`
	// Decided is false for a round that was not needed, or not yet.
	Decided bool `json:"decided"`

	draw stake.Draw
	set  *stake.Set
}

func queryDraw(r *remote) *cobra.Command {
	var round int64
	cmd := &cobra.Command{
		Use:   "draw HEIGHT",
		Short: "Who won the lottery of a block, and why",
		Long: `Compute the lottery of a height again from public data, and say who won and why.

What is checked here, without believing the node's answer: the validators have the hash that the block's header commits to;
the seed follows from the block before (its forger's VRF proof), or from the genesis; the reference follows from seed, height
and round; and the validator whose lot is nearest is the one that forged the block.`,
		Example: `  posnet query draw 7
  posnet query draw 7 --round 1     # who would have been next`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			height, err := strconv.ParseUint(args[0], 10, 64)
			if err != nil || height == 0 {
				return fmt.Errorf("%q is not a height: heights begin at 1", args[0])
			}
			var want *uint64
			if round >= 0 {
				r := uint64(round)
				want = &r
			}
			return ask(r, cmd, func(ctx context.Context, c *client.Client) (*verifiedDraw, error) {
				return computeDraw(ctx, c, height, want)
			}, showDraw)
		},
	}
	cmd.Flags().Int64Var(&round, "round", -1, "another `round` of that height")
	return cmd
}

func computeDraw(ctx context.Context, c *client.Client, height uint64, round *uint64) (*verifiedDraw, error) {
	id := strconv.FormatUint(height, 10)
	said, err := c.Draw(ctx, id, round)
	if err != nil {
		return nil, err
	}
	v, err := c.Validators(ctx, height)
	if err != nil {
		return nil, err
	}
	set, err := client.SetOf(v)
	if err != nil {
		return nil, err
	}
	out := &verifiedDraw{Draw: said, set: set, Checked: true}
	block, err := c.Block(ctx, id)
	if client.Code(err) == api.CodeBlockNotFound {
		block, err = nil, nil // the height that is being decided has a draw already
	}
	if err != nil {
		return nil, err
	}
	if block != nil && block.Header.Set != set.Hash() {
		return nil, fmt.Errorf("block %d commits to other validators than the node lists: do not trust it", height)
	}
	if out.Seed, err = checkSeed(ctx, c, height, said.Seed); err != nil {
		return nil, err
	}
	out.draw = set.Draw(said.Seed, height, said.Round)
	d := &out.draw
	winner := set.At(d.Winner)
	if d.Reference != uint64(said.Reference) || d.Total != uint64(said.Total) || winner.Address != said.Winner {
		return nil, fmt.Errorf("the node's draw of height %d round %d is wrong: computed here, the reference is %d and the winner %s", height, said.Round, d.Reference, winner.Address)
	}
	out.Decided = block != nil && block.Round == said.Round
	if out.Decided && block.Forger != winner.Address {
		return nil, fmt.Errorf("block %d was forged by %s, who did not win: %s did", height, block.Forger, winner.Address)
	}
	for _, a := range d.Arcs {
		if a.Validator == d.Winner {
			out.Chance = fmt.Sprintf("%.4f", 100*float64(a.End-a.Start)/float64(d.Total))
		}
	}
	return out, nil
}

// checkSeed shows that the seed a height was drawn with follows from the block
// before it.
func checkSeed(ctx context.Context, c *client.Client, height uint64, seed chain.Hash) (string, error) {
	if height == 1 {
		g, _, err := c.Genesis(ctx)
		if err != nil {
			return "", err
		}
		if stake.GenesisSeed(g.Hash()) != seed {
			return "", fmt.Errorf("the seed of height 1 is not that of genesis %s", g.Hash())
		}
		return "it is the hash of the genesis", nil
	}
	id := strconv.FormatUint(height-1, 10)
	before, err := c.Block(ctx, id)
	if err != nil {
		return "", fmt.Errorf("check the seed against block %s: %w", id, err)
	}
	drawn, err := c.Draw(ctx, id, nil)
	if err != nil {
		return "", fmt.Errorf("check the seed against block %s: %w", id, err)
	}
	if len(before.Header.VRFProof) != chain.VRFProofBytes {
		if stake.NextSeed(drawn.Seed, nil) != seed {
			return "", fmt.Errorf("the seed does not follow from block %s, which skips", id)
		}
		return fmt.Sprintf("block %s was forged in round %d, so its seed was hashed on without a proof", id, before.Round), nil
	}
	v, err := c.Validators(ctx, height-1)
	if err != nil {
		return "", err
	}
	set, err := client.SetOf(v)
	if err != nil {
		return "", err
	}
	i, ok := set.Index(before.Forger)
	if !ok || set.Hash() != before.Header.Set {
		return "", fmt.Errorf("the forger of block %s is not in the set it commits to", id)
	}
	beta, err := keys.VRFVerify(set.At(i).Keys.VRF, stake.VRFInput(before.Header.Genesis, drawn.Seed, height-1), [keys.ProofSize]byte(before.Header.VRFProof))
	if err != nil {
		return "", fmt.Errorf("block %s: %w", id, err)
	}
	if stake.NextSeed(drawn.Seed, beta[:]) != seed {
		return "", fmt.Errorf("the seed does not follow from the VRF proof of block %s", id)
	}
	return fmt.Sprintf("it follows from the VRF proof in block %s, which only its forger %s could make, and in one way only", id, short(before.Forger)), nil
}

func showDraw(w io.Writer, v *verifiedDraw) {
	d := &v.draw
	winner := v.set.At(d.Winner)
	verb := "would win"
	if v.Decided {
		verb = "won"
	}
	_, _ = fmt.Fprintf(w, "%s %s the lottery of height %d, round %d.\n\n", winner.Address, verb, d.Height, d.Round)
	for _, a := range d.Arcs {
		if a.Validator == d.Winner {
			_, _ = fmt.Fprintf(w, "The reference fell on lot %s of %s. Lots %s to %s are the winner's: %s POS, %s %% of the ring.\n",
				group(d.Reference), group(d.Total), group(a.Start), group(a.End-1), chain.FormatPOS(a.End-a.Start), v.Chance)
		}
	}
	_, _ = fmt.Fprintf(w, "The seed is %s: %s.\n", v.Draw.Seed.Short(), v.Seed)
	if len(d.Excluded) > 0 {
		var who []string
		for _, i := range d.Excluded {
			who = append(who, short(v.set.At(i).Address))
		}
		_, _ = fmt.Fprintf(w, "Out of this round, which is drawn only if they, the winners before, are not heard in time: %s.\n", strings.Join(who, ", "))
	}
	_, _ = fmt.Fprintln(w, "Computed here from the chain's public data; the node's answer agrees.")
	_, _ = fmt.Fprintln(w)
	_, _ = io.WriteString(w, d.String())
	for _, a := range d.Arcs {
		_, _ = fmt.Fprintf(w, "  v%-3d is %s\n", a.Validator, v.set.At(a.Validator).Address)
	}
}
