package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/posnet/posnet/node/httpapi/client"
)

// TestProcessKilledWhileItJoinsBySnapshotBeginsAgain starts a node that joins by snapshot, ends it with SIGKILL at random
// instants of that, and lets it be at last. Whenever it was killed, the next start has no state or a whole one.
// POSNET_KILL_SEED replays the choice of instants.
func TestProcessKilledWhileItJoinsBySnapshotBeginsAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("ends real processes for about half a minute: run make process-test")
	}
	seed := rand.Uint64N(1 << 32)
	if s := os.Getenv("POSNET_KILL_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	rng := rand.New(rand.NewPCG(seed, 10))
	n := newProcessNet(t, filepath.Join(t.TempDir(), "net"), 4)
	n.above(n.nodes[0], 8, patience)
	trusted, err := n.nodes[0].client.Block(t.Context(), "3")
	if err != nil {
		t.Fatal(err)
	}
	port := freePorts(t, 3)
	dir := filepath.Join(t.TempDir(), "joins")
	flags := []string{
		"--data-dir", dir, "--genesis", n.devnet.genesis(), "--ip", "127.0.0.1", "--log-format", "json",
		"--api-port", strconv.Itoa(port), "--node-port", strconv.Itoa(port + 1), "--private-port", strconv.Itoa(port + 2),
		"--peers", strings.TrimPrefix(n.devnet.url(0), "http://") + "," + strings.TrimPrefix(n.devnet.url(1), "http://"),
		"--trust-height", "3", "--trust-hash", trusted.Hash.String(),
	}
	c, err := client.New(fmt.Sprintf("http://127.0.0.1:%d", port), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &nodeProcess{net: n, index: len(n.nodes), client: c, log: &lockedBuffer{}, flags: flags}
	n.nodes = append(n.nodes, p)
	kills, joined := 0, 0
	for ; kills < 12; kills++ {
		p.start()
		n.until(patience, "the node joins", func(ctx context.Context) error { // the later instants are those that count
			if info, err := c.Node(ctx); err == nil && (info.Reason == "JoiningBySnapshot" || info.FirstHeight > 0) {
				return nil
			}
			return fmt.Errorf("it says %d bytes", len(p.log.String()))
		})
		pause(t.Context(), time.Duration(rng.IntN(2500))*time.Millisecond)
		n.crashed()
		p.kill()
		if _, err := os.Stat(filepath.Join(dir, "db")); err == nil {
			joined++
			if err := os.RemoveAll(filepath.Join(dir, "db")); err != nil { // once more
				t.Fatal(err)
			}
		}
	}
	p.start()
	n.until(patience, "the node has joined and follows", func(ctx context.Context) error {
		info, err := c.Node(ctx)
		if err == nil && (info.FirstHeight < 4 || info.Height < info.FirstHeight+2) {
			err = fmt.Errorf("it is %s, from %d to %d: %s", info.State, info.FirstHeight, info.Height, info.Message)
		}
		return err
	})
	info, err := c.Node(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for h := info.FirstHeight; h <= info.Height; h++ {
		mine, err1 := c.Block(t.Context(), strconv.FormatUint(h, 10))
		theirs, err2 := n.nodes[0].client.Block(t.Context(), strconv.FormatUint(h, 10))
		if err1 != nil || err2 != nil || mine.Hash != theirs.Hash {
			t.Errorf("block %d is not as others have it: %v %v", h, err1, err2)
		}
	}
	names, err := os.ReadDir(dir)
	for _, name := range names {
		if strings.Contains(name.Name(), "import") {
			t.Errorf("%s is left of an interrupted import", name.Name())
		}
	}
	if err != nil {
		t.Error(err)
	}
	n.innocent()
	t.Logf("seed %d: %d kills, after %d of them the state was there; history from %d", seed, kills, joined, info.FirstHeight)
}
