package sim_test

import (
	"errors"
	"testing"

	"github.com/posnet/posnet/node/sim"
)

func TestABlockIsFinalWithinThreeDelaysAndATransferWithinFour(t *testing.T) {
	t.Parallel()
	for _, n := range []int{4, 7} {
		m, err := sim.Measure(sim.Scale{Seed: 1, Validators: n, Link: 50, Heights: 10, Transfers: 10})
		if err != nil {
			t.Fatal(err)
		}
		if m.Block.P50 != 150 || m.Transfer.Max > 200 || m.Transfer.P50 < 150 || m.LateRounds != 0 || m.Heights < 9 {
			t.Errorf("%d validators: %+v", n, m)
		}
		others := float64(n - 1)
		if v := m.Messages.Votes; v < 1.8*others || v > 2.5*others {
			t.Errorf("%d validators: each sends %.1f votes a block, want two to each of the others", n, v)
		}
		if m.Bytes.All <= m.Bytes.Votes || m.Bytes.Proposals <= 0 || m.Transactions < 1 {
			t.Errorf("%d validators: %+v", n, m)
		}
	}
}

func TestWhatCannotBeMeasuredIsRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []sim.Scale{{}, {Validators: 4, Link: 50, Heights: 10}, {Validators: 4, Link: 0, Heights: 10, Transfers: 1}, {Validators: 201, Link: 1, Heights: 2, Transfers: 1}} {
		if m, err := sim.Measure(s); err == nil {
			t.Errorf("%+v was measured: %+v", s, m)
		}
	}
	stopped := sim.Scale{Validators: 4, Link: 50, Heights: 1000, Transfers: 1, Stopped: func() bool { return true }}
	if _, err := sim.Measure(stopped); !errors.Is(err, sim.ErrStopped) {
		t.Errorf("a run that was stopped: %v", err)
	}
}

// On links slower than a vote rests what a peer lacks is on its way to it. Nodes find out, and send less of it again.
func TestSlowLinksDoNotMultiplyWhatIsSent(t *testing.T) {
	t.Parallel()
	const n = 25
	m, err := sim.Measure(sim.Scale{Seed: 1, Validators: n, Link: 150, Heights: 20, Transfers: 15})
	if err != nil {
		t.Fatal(err)
	}
	if m.Messages.Proposals > 3 || m.Messages.Votes > 2*5*(n-1) || m.Block.P50 != 450 {
		t.Errorf("%.1f proposals and %.1f votes of each node for a block, final after %v ms", m.Messages.Proposals, m.Messages.Votes, m.Block.P50)
	}
}
