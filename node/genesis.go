package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/posnet/posnet/node/chain"
)

// genesisPoll is how often a node that waits for its genesis looks for it.
const genesisPoll = 250 * time.Millisecond

// showGenesis has the node's own copy of the genesis, if there is one, in its
// first answer: whoever hears that the nodes of a network have none may make
// another.
func (s *service) showGenesis() error {
	g, err := readGenesis(filepath.Join(s.cfg.DataDir, genesisFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	s.genesis.Store(g)
	return err
}

// loadGenesis gives the genesis of a data directory: its own copy, which must
// agree with the configured file if there is one. At the first start it takes
// the file, waiting for it if asked to.
func loadGenesis(ctx context.Context, c *Config, log *slog.Logger) (*chain.Genesis, error) {
	own := filepath.Join(c.DataDir, genesisFile)
	g, err := readGenesis(own)
	if err == nil {
		return g, sameGenesis(c, g)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if c.Genesis == "" {
		return nil, fmt.Errorf("%s has no genesis: give one with --genesis FILE", c.DataDir)
	}
	if g, err = awaitGenesis(ctx, c, log); err != nil {
		return nil, err
	}
	file, err := g.MarshalFile()
	if err != nil {
		return nil, err
	}
	if err := writeDurably(own, file); err != nil {
		return nil, fmt.Errorf("keep a copy of the genesis: %w", err)
	}
	log.Info("genesis taken", "chain_id", g.ChainID, "genesis", g.Hash().String())
	return g, nil
}

func sameGenesis(c *Config, own *chain.Genesis) error {
	if c.Genesis == "" {
		return nil
	}
	given, err := readGenesis(c.Genesis)
	if errors.Is(err, os.ErrNotExist) && c.AwaitGenesis {
		return nil // the copy is what counts
	}
	if err != nil {
		return err
	}
	if given.Hash() != own.Hash() {
		return fmt.Errorf("%s belongs to genesis %s and %s is %s: one of them is of another network; start with the right file or another --data-dir",
			c.DataDir, own.Hash(), c.Genesis, given.Hash())
	}
	return nil
}

func awaitGenesis(ctx context.Context, c *Config, log *slog.Logger) (*chain.Genesis, error) {
	g, err := readGenesis(c.Genesis)
	if err == nil || !c.AwaitGenesis || !errors.Is(err, os.ErrNotExist) {
		return g, err
	}
	log.Info("waiting for the genesis", "path", c.Genesis)
	tick := time.NewTicker(genesisPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
		if g, err = readGenesis(c.Genesis); !errors.Is(err, os.ErrNotExist) {
			return g, err
		}
	}
}

func readGenesis(path string) (*chain.Genesis, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the genesis: %w", err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, chain.MaxGenesisBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the genesis %s: %w", path, err)
	}
	g, err := chain.ParseGenesis(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return g, nil
}

// writeDurably makes a file appear whole or not at all: a crash leaves the old
// state, with at most a stray temporary file that the next call overwrites.
func writeDurably(path string, b []byte) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
