package faults_test

import (
	"testing"

	"github.com/posnet/posnet/node/sim"
	"github.com/posnet/posnet/node/sim/faults"
)

// TestSeedsThatFoundMistakesBelowTheFilesStayGreen runs what once broke a promise.
func TestSeedsThatFoundMistakesBelowTheFilesStayGreen(t *testing.T) {
	t.Parallel()
	// A fsync failed, the process ended, and the next one read from the kernel's memory what the disk did not have. Its own
	// fsync reported no failure, so it took a signature, or a lock, for durable that the next power loss took away: the log
	// was then damaged in its middle, or the slot free for a second signature. The log now writes again what it recovers.
	// wal.TestWhatWasRecoveredAfterAFailedSyncOutlivesAPowerLoss is the smallest case.
	for name, cfg := range map[string]sim.Config{
		"a sign-state damaged in its middle":                     {Seed: 2, Nodes: 6, TxEvery: 260},
		"a consensus log damaged in its middle":                  {Seed: 3, Nodes: 7, TxEvery: 60},
		"a sign-state damaged in its middle, with followers":     {Seed: 4, Nodes: 4, Followers: 1, TxEvery: 160},
		"a database whose sync failed while it was being opened": {Seed: 7, Nodes: 7, Followers: 1, TxEvery: 160},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := faults.Find("fsync-error")
			if err != nil {
				t.Fatal(err)
			}
			cfg.Profile, cfg.Faults = f.Name(), []sim.Fault{f}
			cfg.Heights, cfg.FaultTime, cfg.CalmHeights = 60, 150_000, 5
			res, err := sim.Run(cfg)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range res.Violations {
				t.Errorf("seed %d: %s", res.Seed, v)
			}
			if res.Fired[f.Name()] == 0 {
				t.Error("no sync failed: the run proves nothing any more")
			}
		})
	}
}
