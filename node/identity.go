package node

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/signer"
)

// The names within a data directory.
const (
	accountFile   = "account.pem"
	nodeKeyFile   = "node.pem"
	genesisFile   = "genesis.json"
	validatorDir  = "validator"
	walDir        = "wal"
	databaseDir   = "db"
	directoryMode = 0o700
)

// Identity is who a node is: its keys, and what it shows of them.
type Identity struct {
	Account keys.PrivateKey
	Peer    keys.PrivateKey
	Signer  *signer.Signer
	Public  chain.Identity
}

// Close gives the sign-state free for another process.
func (id *Identity) Close() error { return id.Signer.Close() }

// OpenIdentity opens the keys of a data directory, making those of a new one.
// The directory is locked until [Identity.Close]. It fails, rather than make
// new keys, when the directory has joined a network: the validator that the
// network knows would be gone without a word.
func OpenIdentity(c *Config, log *slog.Logger) (*Identity, error) {
	if err := os.MkdirAll(c.DataDir, directoryMode); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	dir := filepath.Join(c.DataDir, validatorDir)
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		if hasJoined(c.DataDir) {
			return nil, fmt.Errorf("%s belongs to a running network and its validator keys are gone: restore %s with its sign-state, or start with an empty data directory as a new validator", c.DataDir, dir)
		}
		if err := createSigner(dir); err != nil {
			return nil, err
		}
		log.Info("validator keys made", "dir", dir)
	}
	id := &Identity{}
	var err error
	if id.Account, err = accountKey(c, log); err != nil {
		return nil, err
	}
	if id.Peer, err = loadOrMake(c.DataDir, nodeKeyFile, log); err != nil {
		return nil, err
	}
	if id.Signer, err = signer.Open(vfs.Default, dir); err != nil {
		return nil, fmt.Errorf("open the validator keys in %s: %w", dir, err)
	}
	id.Public = id.show(c)
	return id, nil
}

func createSigner(dir string) error {
	consensus, err := keys.Generate(rand.Reader)
	if err != nil {
		return fmt.Errorf("make the consensus key: %w", err)
	}
	vrf, err := keys.Generate(rand.Reader)
	if err != nil {
		return fmt.Errorf("make the VRF key: %w", err)
	}
	if err := signer.Create(vfs.Default, dir, consensus, vrf); err != nil {
		return fmt.Errorf("make the validator keys: %w", err)
	}
	return nil
}

func accountKey(c *Config, log *slog.Logger) (keys.PrivateKey, error) {
	if c.KeyFile == "" {
		return loadOrMake(c.DataDir, accountFile, log)
	}
	return load(c.KeyFile, log)
}

func load(path string, log *slog.Logger) (keys.PrivateKey, error) {
	k, warning, err := keys.LoadPrivateFile(path)
	if warning != "" {
		log.Warn("key file", "path", path, "warning", warning)
	}
	return k, err
}

// hasJoined reports whether a data directory belongs to a network: keys that are
// not there were lost, and are not to be made.
func hasJoined(dir string) bool {
	for _, name := range []string{genesisFile, databaseDir} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

func loadOrMake(dir, name string, log *slog.Logger) (keys.PrivateKey, error) {
	path := filepath.Join(dir, name)
	_, err := os.Stat(path)
	switch {
	case err == nil:
		return load(path, log)
	case !errors.Is(err, os.ErrNotExist):
		return keys.PrivateKey{}, fmt.Errorf("look for key %s: %w", path, err)
	case hasJoined(dir):
		return keys.PrivateKey{}, fmt.Errorf("%s belongs to a running network and its key %s is gone: restore it, or start with an empty data directory as a new validator", dir, path)
	}
	k, err := keys.Generate(rand.Reader)
	if err != nil {
		return k, fmt.Errorf("make key %s: %w", path, err)
	}
	if err := keys.SavePrivateFile(path, k); err != nil {
		return k, err
	}
	return k, nil
}

// show makes the identity, each key proving that it is held.
func (id *Identity) show(c *Config) chain.Identity {
	out := chain.Identity{
		NetworkUID: c.NetworkUID, Ordinal: c.Ordinal,
		Address: id.Account.Public(),
		Keys: chain.ValidatorKeys{
			Consensus: id.Signer.ConsensusPublic(), VRF: id.Signer.VRFPublic(), Peer: id.Peer.Public(),
		},
	}
	msg := chain.IdentityMessage(&out)
	out.AccountProof = id.Account.Sign(msg)
	consensus, vrf := id.Signer.Prove(msg)
	out.ConsensusProof, out.VRFProof = consensus, vrf
	out.PeerProof = id.Peer.Sign(msg)
	return out
}

// Registration makes the payload of a register transaction of this node.
func (id *Identity) Registration(genesis chain.Hash) *chain.Registration {
	msg := chain.RegistrationMessage(genesis, id.Public.Address, &id.Public.Keys)
	r := &chain.Registration{Keys: id.Public.Keys, PeerProof: id.Peer.Sign(msg)}
	consensus, vrf := id.Signer.Prove(msg)
	r.ConsensusProof, r.VRFProof = consensus, vrf
	return r
}
