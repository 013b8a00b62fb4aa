package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/httpapi/client"
	"github.com/posnet/posnet/node/keys"
)

// sending are the flags of every command that sends a transaction.
type sending struct {
	*remote
	keyFile    string
	fee        string
	memo       string
	nonce      uint64
	validUntil uint64
	wait       bool
}

func newTxCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tx",
		Short: "Sign and send transactions",
		Long: `Build a transaction, sign it with a key on this machine, and send it to a node. The key never leaves this process.

The nonce and the fee are found out by asking the node. Amounts are in POS with at most six decimals. A key file
may stand for the address of its key.`,
		Example: `  posnet tx faucet alice.pem 100 --key-file faucet.pem --wait
  posnet tx transfer pos1… 1.5 --key-file alice.pem --wait`,
	}
	s := &sending{remote: addRemoteFlags(cmd)}
	f := cmd.PersistentFlags()
	f.StringVar(&s.keyFile, "key-file", os.Getenv("POSNET_KEY_FILE"), "account key `file` that pays and signs (PKCS#8 PEM)")
	f.StringVar(&s.fee, "fee", "", "fee in `POS` (default: the least the network takes)")
	f.StringVar(&s.memo, "memo", "", "a note on the chain, for everybody to read; at most 128 bytes")
	f.Uint64Var(&s.nonce, "nonce", 0, "nonce to use (default: the account's next)")
	f.Uint64Var(&s.validUntil, "valid-until", 0, "last `height` that may include it; 0 is no limit")
	f.BoolVarP(&s.wait, "wait", "w", false, "wait until it is final")
	cmd.AddCommand(s.transfer(), s.stake(), s.register(), s.faucet())
	return cmd
}

func (s *sending) transfer() *cobra.Command {
	return &cobra.Command{
		Use:     "transfer ADDRESS|KEYFILE POS",
		Short:   "Send POS to an address",
		Example: "  posnet tx transfer pos1… 1.5 --key-file alice.pem --wait",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.payment(cmd, chain.TxTransfer, args[0], args[1])
		},
	}
}

func (s *sending) stake() *cobra.Command {
	return &cobra.Command{
		Use:   "stake ADDRESS|KEYFILE POS",
		Short: "Bond POS to a registered validator",
		Long: `Bond POS to the registered validator with this address, your own or another's. It counts in the lottery some blocks
later (the network's setDelay); 'posnet query validators' shows when.`,
		Example: "  posnet tx stake pos1… 25 --key-file alice.pem --wait",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.payment(cmd, chain.TxStake, args[0], args[1])
		},
	}
}

func (s *sending) faucet() *cobra.Command {
	return &cobra.Command{
		Use:   "faucet ADDRESS|KEYFILE POS",
		Short: "Fund an address from a network's faucet",
		Long: `Fund an address from a network's faucet account: an ordinary transfer, signed with the faucet's key. A devnet prints
where its faucet key is; a PoSNetwork NAME with spec.faucet keeps it in the Secret NAME-faucet. Name the key file with
--key-file or POSNET_FAUCET_KEY.`,
		Example: `  posnet tx faucet alice.pem 100 --key-file devnet/faucet.pem --wait
  # the faucet of a network on Kubernetes
  (umask 077; kubectl get secret demo-faucet -o jsonpath='{.data.account\.pem}' | base64 -d > faucet.pem)
  posnet tx faucet alice.pem 100 --key-file faucet.pem --wait`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if v := os.Getenv("POSNET_FAUCET_KEY"); v != "" && !cmd.Flags().Changed("key-file") {
				s.keyFile = v
			}
			return s.payment(cmd, chain.TxTransfer, args[0], args[1])
		},
	}
}

func (s *sending) payment(cmd *cobra.Command, kind chain.TxKind, to, amount string) error {
	var err error
	tx := chain.Tx{Kind: kind}
	if tx.To, err = readAddress(cmd, to); err != nil {
		return err
	}
	if tx.Amount, err = chain.ParsePOS(amount); err != nil {
		return err
	}
	if s.keyFile == "" {
		return errors.New("no key to sign with: give --key-file FILE, or set POSNET_KEY_FILE (for a faucet, POSNET_FAUCET_KEY)")
	}
	key, err := loadKey(cmd, s.keyFile)
	if err != nil {
		return err
	}
	return s.send(cmd, key, tx, nil)
}

// sent is what the tx commands answer.
type sent struct {
	ID     chain.Hash    `json:"id"`
	Status string        `json:"status"`
	From   chain.Address `json:"from"`
	Nonce  uint64        `json:"nonce"`
	Fee    api.Units     `json:"fee"`
	Height uint64        `json:"height,omitempty"`
}

// send fills in what the flags left open, signs, submits, and waits if asked
// to. complete, when set, makes the parts that depend on the chain.
func (s *sending) send(cmd *cobra.Command, key keys.PrivateKey, tx chain.Tx, complete func(genesis chain.Hash, tx *chain.Tx)) error {
	c, ctx, cancel, err := s.connect(cmd)
	if err != nil {
		return err
	}
	defer cancel()
	defer c.Close()
	g, _, err := c.Genesis(ctx)
	if err != nil {
		return err
	}
	tx.From, tx.Memo, tx.ValidUntil, tx.Fee, tx.Nonce = key.Public(), []byte(s.memo), s.validUntil, g.Params.MinFee, s.nonce
	if s.fee != "" {
		if tx.Fee, err = chain.ParsePOS(s.fee); err != nil {
			return fmt.Errorf("--fee: %w", err)
		}
	}
	if tx.Nonce == 0 {
		a, err := c.Account(ctx, tx.From, false)
		if err != nil {
			return err
		}
		tx.Nonce = a.NextNonce
	}
	if complete != nil {
		complete(g.Hash(), &tx)
	}
	if err := tx.Check(); err != nil {
		return err
	}
	out, err := submit(ctx, c, g.Hash(), key, tx, s.wait)
	if err != nil {
		return err
	}
	return render(cmd.OutOrStdout(), s.output, out, func(w io.Writer, o *sent) {
		row(w, "transaction", o.ID)
		row(w, "status", o.Status)
		if o.Height > 0 {
			row(w, "block", o.Height)
		}
		row(w, "from", o.From)
		row(w, "nonce", o.Nonce)
		row(w, "fee", pos(o.Fee))
	})
}

// submit signs and sends a transaction, and with wait sees it final.
func submit(ctx context.Context, c *client.Client, genesis chain.Hash, key keys.PrivateKey, tx chain.Tx, wait bool) (*sent, error) {
	raw := chain.Encode(&chain.SignedTx{Tx: tx, Signature: key.Sign(chain.TxMessage(genesis, &tx))})
	out := &sent{Status: string(api.Pending), From: tx.From, Nonce: tx.Nonce, Fee: api.Units(tx.Fee)}
	var err error
	if out.ID, err = c.Submit(ctx, raw); err != nil {
		return nil, fmt.Errorf("the transaction was refused: %w", err)
	}
	if !wait {
		return out, nil
	}
	final, err := c.WaitFinal(ctx, out.ID)
	if err != nil {
		return nil, err
	}
	out.Status, out.Height = string(final.Status), final.Height
	return out, nil
}
