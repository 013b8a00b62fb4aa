package main

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
)

// TestProcessKilledAtAnyInstantLosesNothingAndContradictsNobody runs a network
// of four processes under transfers, ends one of them with SIGKILL about twenty
// times, at random instants, and then all four at once. Nothing that any node
// ever called final may be lost, no height have two blocks, nobody be accused.
// POSNET_KILL_SEED replays the choice of nodes and instants.
func TestProcessKilledAtAnyInstantLosesNothingAndContradictsNobody(t *testing.T) {
	if testing.Short() {
		t.Skip("ends real processes for about a minute: run make process-test")
	}
	seed := rand.Uint64N(1 << 32)
	if s := os.Getenv("POSNET_KILL_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 9))
	n := newProcessNet(t, filepath.Join(t.TempDir(), "net"), 4)
	for _, p := range n.nodes {
		n.above(p, 1, patience)
	}

	pay := &payments{net: n, final: map[chain.Hash]uint64{}}
	ctx, stop := context.WithCancel(t.Context())
	paid := make(chan error, 1)
	quit := make(chan struct{})
	go func() {
		for i := 0; ; i++ {
			select {
			case <-quit:
				paid <- nil
				return
			default:
			}
			one, cancel := context.WithTimeout(ctx, patience)
			err := pay.send(one, i)
			cancel()
			if err != nil {
				paid <- err
				return
			}
		}
	}()
	defer stop()

	until := time.Now().Add(35 * time.Second)
	kills := 0
	for ; kills < 20 && (kills < 10 || time.Now().Before(until)); kills++ {
		victim := n.nodes[rng.IntN(len(n.nodes))]
		pause(ctx, time.Duration(rng.IntN(700))*time.Millisecond)
		victim.height(ctx)
		n.crashed()
		victim.kill()
		pause(ctx, time.Duration(rng.IntN(100))*time.Millisecond)
		victim.start()
		n.above(victim, victim.seen, patience)
	}
	n.innocent()

	pause(ctx, time.Duration(rng.IntN(500))*time.Millisecond)
	for _, p := range n.nodes {
		p.height(ctx)
	}
	for _, p := range n.nodes {
		p.kill()
	}
	for _, p := range n.nodes {
		p.start()
	}
	top := uint64(0)
	for _, p := range n.nodes {
		top = max(top, p.seen)
	}
	for _, p := range n.nodes {
		n.above(p, top+2, patience)
	}
	close(quit)
	if err := <-paid; err != nil {
		t.Fatal(err)
	}
	last := uint64(0)
	for _, height := range pay.final {
		last = max(last, height)
	}
	for _, p := range n.nodes {
		n.above(p, last, patience)
	}
	height := n.sameChain()
	pay.kept()
	n.innocent()
	t.Logf("seed %d: %d kills and one of all, %d transfers final, %d heights", seed, kills, len(pay.final), height)
	if len(pay.final) < 10 {
		t.Errorf("only %d transfers became final", len(pay.final))
	}
}
