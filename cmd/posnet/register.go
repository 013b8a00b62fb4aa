package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
)

// validatorKeys are the private keys of a node, as its data directory holds them.
type validatorKeys struct{ account, consensus, vrf, peer keys.PrivateKey }

// readValidatorKeys reads the keys of a data directory, also of a node that
// runs: reading takes nothing from it, and nothing here votes.
func readValidatorKeys(cmd *cobra.Command, dataDir, accountFile string) (*validatorKeys, error) {
	if accountFile == "" {
		accountFile = filepath.Join(dataDir, "account.pem")
	}
	k := &validatorKeys{}
	for _, f := range []struct {
		path string
		into *keys.PrivateKey
	}{
		{accountFile, &k.account},
		{filepath.Join(dataDir, "validator", "consensus.pem"), &k.consensus},
		{filepath.Join(dataDir, "validator", "vrf.pem"), &k.vrf},
		{filepath.Join(dataDir, "node.pem"), &k.peer},
	} {
		var err error
		if *f.into, err = loadKey(cmd, f.path); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func (k *validatorKeys) public() chain.ValidatorKeys {
	return chain.ValidatorKeys{Consensus: k.consensus.Public(), VRF: k.vrf.Public(), Peer: k.peer.Public()}
}

func (s *sending) register() *cobra.Command {
	var dataDir string
	cmd := &cobra.Command{
		Use:   "register",
		Short: "Register a node's account as a validator",
		Long: `Register a node's account as a validator: consensus key, VRF key and node key go on the chain, each with a proof that
it is held. The keys are read from the node's data directory and stay there. Stake comes after, with 'posnet tx stake'.`,
		Example: `  posnet tx register --data-dir n3 --wait
  posnet tx stake n3/account.pem 25 --key-file n3/account.pem --wait`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			k, err := readValidatorKeys(cmd, dataDir, s.keyFile)
			if err != nil {
				return err
			}
			tx := chain.Tx{Kind: chain.TxRegister, To: k.account.Public()}
			return s.send(cmd, k.account, tx, func(genesis chain.Hash, tx *chain.Tx) {
				r := &chain.Registration{Keys: k.public()}
				msg := chain.RegistrationMessage(genesis, tx.From, &r.Keys)
				r.ConsensusProof, r.VRFProof, r.PeerProof = k.consensus.Sign(msg), k.vrf.Sign(msg), k.peer.Sign(msg)
				tx.Payload = chain.Encode(r)
			})
		},
	}
	cmd.Flags().StringVar(&dataDir, "data-dir", "posnet-data", "data `directory` of the node")
	return cmd
}
