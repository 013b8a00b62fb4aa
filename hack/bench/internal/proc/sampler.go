package proc

import (
	"context"
	"os"
	"sync"
	"time"
)

// every is how often a sampler looks. Memory moves slowly, and processor time
// is a sum that is interpolated.
const every = 200 * time.Millisecond

// Sampler records what a set of processes takes while it runs.
type Sampler struct {
	pids   []int
	mu     sync.Mutex
	series Series
	stop   context.CancelFunc
	done   chan struct{}
}

// Sample starts to look at the processes, once at once and then regularly.
func Sample(ctx context.Context, pids ...int) *Sampler {
	ctx, cancel := context.WithCancel(ctx)
	s := &Sampler{pids: pids, stop: cancel, done: make(chan struct{})}
	s.look()
	go func() {
		defer close(s.done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				s.look()
			}
		}
	}()
	return s
}

// look takes one sample of all. A process that has ended makes the sample
// incomplete, and an incomplete one is none: the sum must not fall.
func (s *Sampler) look() {
	p := Point{At: time.Now()}
	for _, pid := range s.pids {
		st, err := readStat(pid)
		if err != nil {
			return
		}
		p.CPU += st.cpu
		p.Memory += float64(st.rss) * float64(os.Getpagesize())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.series = append(s.series, p)
}

// Stop ends it, with a last look, and returns all it has seen.
func (s *Sampler) Stop() Series {
	s.stop()
	<-s.done
	s.look()
	return s.series
}
