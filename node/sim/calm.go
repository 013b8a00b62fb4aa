package sim

const (
	// calmTime is how long a healed network may take for its first block, at
	// least: restarts, discovery, catch-up, and the timeout of one round.
	calmTime = 60_000
	// calmRounds is how many rounds more than those that faulty forgers waste a
	// height may need once all works.
	calmRounds = 4
)

// calmPart sees the network come back: every honest node decides CalmHeights
// more, in few rounds.
func (w *World) calmPart() error {
	if w.broken > 0 || w.cfg.CalmHeights == 0 {
		return nil
	}
	if w.cfg.OutOfBounds {
		return nil
	}
	began, from := w.now, w.highest()
	round := uint64(0)
	idle := w.genesis.Params.MaxIdle
	for _, n := range w.nodes {
		if n.Up() {
			round = max(round, n.replica.View().Round)
		}
	}
	// A round in which the network was left has grown timeouts: it may end only then.
	p := &w.genesis.Params
	patience := calmTime + 2*(p.ProposeTimeout+p.PrevoteTimeout+p.PrecommitTimeout+(round+8)*(p.ProposeTimeoutStep+p.PrevoteTimeoutStep+p.PrecommitTimeoutStep))*calmRounds
	patience += w.cfg.CalmHeights * (idle + 10_000)
	wasted := uint64(0)
	for _, n := range w.Validators() {
		if n.byzantine || n.excused != "" || n.handicapped {
			wasted++
		}
	}
	w.calmFrom, w.roundLimit = from+2, round+wasted+calmRounds
	for w.lowest() < from+w.cfg.CalmHeights && w.broken == 0 {
		if w.now-began > patience {
			w.Violate("liveness: %d s after the faults ended the slowest node is at height %d, not at %d", (w.now-began)/1000, w.lowest(), from+w.cfg.CalmHeights)
			break
		}
		if err := w.next1(); err != nil {
			return err
		}
	}
	return nil
}
