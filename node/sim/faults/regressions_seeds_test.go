package faults_test

import (
	"fmt"
	"testing"

	"github.com/posnet/posnet/node/sim/faults"
)

// TestSeedsThatOnceFailedStayGreen runs the worlds of profiles that once broke a promise, whoever was to blame.
func TestSeedsThatOnceFailedStayGreen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		profile string
		seed    uint64
		was     string
	}{
		{"chaos", 30002409, "the simulator's own: a disk was full that the fault did not watch, as its node had joined later"},
		{"chaos", 30007089, "the same"},
		{"chaos", 30008599, "the same"},
		{"chaos", 30012609, "the same"},
		{"chaos", 466, "the simulator's own: a disk took a part of a write, and was of a node that had joined later"},
		{"disks", 1795445864, "the process ended in the midst of a lock of the database: the disk failed as a file of the tree was taken in that overlapped with the log"},
	} {
		t.Run(fmt.Sprint(c.seed), func(t *testing.T) {
			t.Parallel()
			p, err := faults.FindProfile(c.profile)
			if err != nil {
				t.Fatal(err)
			}
			if must(t, p.Scenario(c.seed)); t.Failed() {
				t.Logf("before: %s", c.was)
			}
		})
	}
}
