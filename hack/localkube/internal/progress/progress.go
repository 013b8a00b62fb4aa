// Package progress shows what a long command is doing, so that it never looks hung.
//
// On a terminal the running step is one line that is written over every second; elsewhere (a file, CI) a line is added every
// ten. Every step ends in a line of its own with the time it took.
package progress

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const width = 44 // of a step's name, in columns

// Reporter writes steps to one place, one at a time.
type Reporter struct {
	out   io.Writer
	live  bool          // the line may be written over
	every time.Duration // between two lines about a running step
}

// New returns a Reporter on f.
func New(f *os.File) *Reporter {
	if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err == nil {
		return &Reporter{out: f, live: true, every: time.Second}
	}
	return &Reporter{out: f, every: 10 * time.Second}
}

// Step is the one running; its function may say how far it is.
type Step struct {
	mu     sync.Mutex
	detail string
}

// Detail replaces what is shown beside the elapsed time.
func (s *Step) Detail(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.detail = fmt.Sprintf(format, args...)
}

func (s *Step) get() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.detail
}

// Step runs f and shows name, the time that passes, and what f says, until f returns.
func (r *Reporter) Step(ctx context.Context, name string, f func(context.Context, *Step) error) error {
	step, began := &Step{}, time.Now()
	done := make(chan struct{})
	var ticking sync.WaitGroup
	ticking.Go(func() {
		ticker := time.NewTicker(r.every)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				r.running(name, step.get(), time.Since(began))
			}
		}
	})
	if r.live {
		r.running(name, "", 0)
	}
	err := f(ctx, step)
	close(done)
	ticking.Wait()
	if r.live {
		fmt.Fprint(r.out, "\r\033[K")
	}
	took := time.Since(began)
	if err != nil {
		fmt.Fprintf(r.out, "  %-*s failed after %s\n", width, name, short(took))
		return err
	}
	fmt.Fprintf(r.out, "  %-*s %7s  %s\n", width, name, short(took), step.get())
	return nil
}

func (r *Reporter) running(name, detail string, elapsed time.Duration) {
	if !r.live {
		fmt.Fprintf(r.out, "  %-*s %7s  %s ...\n", width, name, short(elapsed), detail)
		return
	}
	line := fmt.Sprintf("  %-*s %7s  %s", width, name, short(elapsed), detail)
	fmt.Fprintf(r.out, "\r\033[K%.110s", line)
}

// Say writes a line between steps.
func (r *Reporter) Say(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }

func short(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
