package snapshot

// Stats is how far an engine is.
type Stats struct {
	Phase   Phase
	Trusted uint64 // the height that was given
	Walked  uint64 // the height the walk has reached
	Height  uint64 // of the state that is being fetched; 0: none yet
	Chunks  int    // of it; 0 until that is known
	Taken   int    // of these, how many were taken in
	Bytes   uint64 // of all chunks
	Trouble string // what stands in the way, for people; empty: nothing
}

// Stats says how far the engine is.
func (e *Engine) Stats() Stats {
	s := Stats{Phase: e.phase, Trusted: e.cfg.Trust.Height, Trouble: e.trouble}
	if e.start.header == nil && e.mistyped != "" {
		s.Trouble = e.mistyped // whatever else is said meanwhile follows from that, as it seems
	}
	if e.phase > Looking {
		s.Height = e.height
	}
	if e.walk.header != nil {
		s.Walked = e.walk.header.Height
	}
	if e.chosen != nil {
		s.Chunks, s.Bytes, s.Taken = e.chosen.manifest.Chunks(), e.chosen.manifest.Bytes, e.load.taken
	}
	return s
}
