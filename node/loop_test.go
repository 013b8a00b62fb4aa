package node

import (
	"testing"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/consensus"
	"github.com/posnet/posnet/node/replica"
)

// fill offers a frame until there is no room for it, and returns the bytes taken.
func (l *loop) fill(f inbound) (n int) {
	for l.offer(f) {
		n += len(f.payload)
	}
	return n
}

// While the loop is busy with a commit, peers fill its inbox.
func TestTheInboxIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	l := newLoop()
	l.replica = new(replica.Replica) // has no state: it knows no kind of frame but refuses it
	largest := make([]byte, chain.MaxProposalBytes)
	strangers := l.fill(inbound{peer: "stranger", kind: 99, payload: largest})
	if strangers == 0 || strangers > inboxBytes/2 {
		t.Errorf("strangers fill %d MiB of the inbox, at most half of its %d is theirs", strangers>>20, inboxBytes>>20)
	}
	ours := l.fill(inbound{peer: "friend", validator: true, kind: 99, payload: largest})
	if ours == 0 || strangers+ours > inboxBytes {
		t.Errorf("%d MiB of validators beside %d of strangers, want some and %d in all", ours>>20, strangers>>20, inboxBytes>>20)
	}
	if l.offer(inbound{peer: "friend", validator: true, payload: largest}) {
		t.Error("a frame finds room where there is none")
	}
	for len(l.frames) > 0 {
		l.take(<-l.frames)
	}
	if again := l.fill(inbound{peer: "stranger", kind: 99, payload: largest}); again != strangers {
		t.Errorf("%d bytes of strangers find room after all was taken, %d before", again, strangers)
	}
}

func TestAnInboxFullOfSmallFramesHoldsNoBytesForThoseItDropped(t *testing.T) {
	t.Parallel()
	l := newLoop()
	if n := l.fill(inbound{payload: []byte{1}}); n != inboxFrames {
		t.Fatalf("%d frames are in the inbox, want %d", n, inboxFrames)
	}
	if held := l.held.Load(); held != inboxFrames {
		t.Errorf("it holds %d bytes of %d frames of one", held, inboxFrames)
	}
}

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
