package node

import (
	"testing"

	"github.com/posnet/posnet/node/consensus"
)

func TestTimersOfDecidedHeightsAreForgotten(t *testing.T) {
	t.Parallel()
	l := newLoop()
	const day = 24 * 60 * 60 * 1000 // the longest idle time a chain may have
	for height := uint64(1); height <= 1000; height++ {
		l.setTimer(consensus.Timer{Height: height, Step: consensus.StepPropose}, 500)
		l.setTimer(consensus.Timer{Height: height, Step: consensus.StepIdle}, day)
	}
	if n := l.timers.Len(); n != 2 {
		t.Errorf("%d timers wait, want the 2 of the last height", n)
	}
	for _, d := range l.timers {
		if d.timer.Height != 1000 {
			t.Errorf("a timer of height %d waits in height 1000", d.timer.Height)
		}
	}
}
