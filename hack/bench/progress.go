package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// progress is one line of a terminal that is written over and over. Into a file
// it writes a line now and then.
type progress struct {
	out    io.Writer
	live   bool
	prefix string
	last   time.Time
}

// seldom is how often a line goes into a file.
const seldom = 10 * time.Second

func newProgress(f *os.File) *progress {
	info, err := f.Stat()
	return &progress{out: f, live: err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == ""}
}

// tell replaces the line.
func (p *progress) tell(text string) {
	if p.live {
		fmt.Fprint(p.out, "\r\x1b[K"+p.prefix+text)
		return
	}
	if now := time.Now(); now.Sub(p.last) >= seldom {
		p.last = now
		fmt.Fprintln(p.out, p.prefix+text)
	}
}

// note writes a line that stays.
func (p *progress) note(text string) {
	if p.live {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	fmt.Fprintln(p.out, p.prefix+text)
}

// clear removes the line.
func (p *progress) clear() {
	if p.live {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
