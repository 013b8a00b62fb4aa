package sim

import (
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/replica"
)

// World is a run: the nodes, what lies between them, what goes wrong, and who
// watches. Faults work on it through its exported methods.
type World struct {
	*timeline
	cfg         Config
	genesis     *chain.Genesis
	genesisHash chain.Hash
	nodes       []*Node // validators, then followers, then twins
	byName      map[string]*Node
	known       *keys.Known

	faulty               bool
	filters              []filter
	fetches              []func(*Fetch)
	heals                []func()
	load                 *load
	checks               []Checker
	broken               int    // a run ends at the first broken promise
	fault                uint64 // stake that was made Byzantine
	calmFrom, roundLimit uint64
	result               Result
	story                story
}

// filter looks at messages on their way; lasting ones also after the faults ended.
type filter struct {
	lasting bool
	see     func(*Message)
}

// Run simulates a network: first with faults, until every honest node has
// decided cfg.Heights blocks, then without, for cfg.CalmHeights more. The error
// is of the simulation itself; broken promises are in the result.
func Run(cfg Config) (result Result, err error) {
	w := &World{
		timeline: newTimeline(cfg.Seed), cfg: cfg, byName: map[string]*Node{}, known: keys.NewKnown(1 << 14), faulty: true,
		result: Result{Seed: cfg.Seed, Profile: cfg.Profile, Nodes: cfg.Nodes, Fired: map[string]int{}, Faults: []string{}, Violations: []string{}},
	}
	began := time.Now()
	defer w.close()
	defer func() {
		if fault := recover(); fault != nil {
			w.Violate("panic: %v\n%s", fault, debug.Stack())
			result = w.result
			w.nodes = nil // who knows what they hold locked
		}
	}()
	w.checks = append(standardCheckers(w), cfg.Checkers...)
	if err := w.build(); err != nil {
		return w.result, err
	}
	for _, f := range cfg.Faults {
		w.result.Faults = append(w.result.Faults, f.Name())
		f.Plan(w, stream(cfg.Seed, f.Name()))
	}
	w.load = newLoad(w)
	for _, n := range slices.Clone(w.nodes) {
		n.start()
	}
	if err := w.faultyPart(); err != nil {
		return w.result, err
	}
	if err := w.calmPart(); err != nil {
		return w.result, err
	}
	for _, c := range w.checks {
		c.End(w)
	}
	r := &w.result
	r.Heights, r.Events = w.lowest(), w.count
	r.SimSeconds, r.WallSeconds = float64(w.now-epoch)/1000, time.Since(began).Seconds()
	r.TraceHash = fmt.Sprintf("%x", w.trace.Sum(nil))
	return *r, nil
}

func (w *World) faultyPart() error {
	for (w.lowest() < w.cfg.Heights || w.now-epoch < w.cfg.FaultLeast) && w.broken == 0 {
		if w.cfg.FaultTime > 0 && w.now-epoch > w.cfg.FaultTime {
			break
		}
		if err := w.next1(); err != nil {
			return err
		}
	}
	w.heal()
	return nil
}

// next1 lets one event happen, and the checkers look.
func (w *World) next1() error {
	if !w.step() {
		return fmt.Errorf("nothing is left to happen at height %d", w.lowest())
	}
	if w.cfg.Stopped != nil && w.count%1024 == 0 && w.cfg.Stopped() {
		return fmt.Errorf("%w at height %d, after %d simulated seconds and %d events", ErrStopped, w.lowest(), (w.now-epoch)/1000, w.count)
	}
	limit := w.cfg.MaxEvents
	if limit == 0 {
		limit = DefaultMaxEvents
	}
	if w.count > limit {
		w.Violate("liveness: after %d events and %d simulated seconds the slowest node is at height %d", w.count, (w.now-epoch)/1000, w.lowest())
	}
	return nil
}

// heal ends the faults: everything works from now on, except who is Byzantine.
func (w *World) heal() {
	if !w.faulty {
		return
	}
	w.say("the faults end")
	w.faulty = false
	w.filters = slices.DeleteFunc(w.filters, func(f filter) bool { return !f.lasting })
	for _, h := range w.heals {
		h()
	}
	for _, n := range w.nodes {
		n.heal()
	}
}

func (w *World) close() {
	for _, n := range w.nodes {
		n.close()
	}
}

// Faulty reports whether things still go wrong.
func (w *World) Faulty() bool { return w.faulty }

// Now is the true time in milliseconds; nodes see their own.
func (w *World) Now() uint64 { return w.now }

// Nodes are all nodes: validators in front.
func (w *World) Nodes() []*Node { return w.nodes }

// Validators are the nodes with stake from the beginning, without their twins.
func (w *World) Validators() []*Node { return w.nodes[:w.cfg.Nodes] }

// Genesis is that of the network.
func (w *World) Genesis() (*chain.Genesis, chain.Hash) { return w.genesis, w.genesisHash }

// Fired counts a stroke of a fault.
func (w *World) Fired(f Fault) {
	w.result.Fired[f.Name()]++
	if w.cfg.Log != nil {
		w.story.stroke(w, f)
	}
}

// OnSend has see look at every message on its way, until the faults end. It may
// change it; see [Message].
func (w *World) OnSend(see func(*Message)) { w.filters = append(w.filters, filter{false, see}) }

// OnSendAlways is OnSend for Byzantine nodes, who do not heal.
func (w *World) OnSendAlways(see func(*Message)) { w.filters = append(w.filters, filter{true, see}) }

// OnFetch has see look at every answer to a node that catches up.
func (w *World) OnFetch(see func(*Fetch)) { w.fetches = append(w.fetches, see) }

// OnHeal is called when the faults end.
func (w *World) OnHeal(fn func()) { w.heals = append(w.heals, fn) }

// While calls fn again and again while the faults last, after a pause that it
// returns; the first pause is given.
func (w *World) While(pause uint64, fn func() uint64) {
	w.After(pause, func() {
		if w.faulty {
			w.While(max(1, fn()), fn)
		}
	})
}

// Always is [World.While] to the end of the run.
func (w *World) Always(pause uint64, fn func() uint64) {
	w.After(pause, func() { w.Always(max(1, fn()), fn) })
}

// lowest is the height that every honest node has decided.
func (w *World) lowest() uint64 {
	low := ^uint64(0)
	for _, n := range w.nodes {
		if n.counts() {
			low = min(low, n.durable)
		}
	}
	return low
}

// highest is what some node has decided.
func (w *World) highest() (high uint64) {
	for _, n := range w.nodes {
		high = max(high, n.durable)
	}
	return high
}

// decided takes what became final on a node.
func (w *World) decided(n *Node, d replica.Decision) {
	w.note('d', n.Index, d.Hash[:])
	n.durable = max(n.durable, d.Block.Header.Height)
	for _, c := range w.checks {
		c.Decided(n, d)
	}
}

// Violate records a broken promise; the run ends.
func (w *World) Violate(format string, args ...any) {
	v := fmt.Sprintf(format, args...)
	if !w.cfg.OutOfBounds { // where what follows is what the run is for
		w.broken++
	}
	if len(w.result.Violations) < 20 {
		w.result.Violations = append(w.result.Violations, v)
	}
	if w.cfg.Log != nil {
		w.story.tell(w)
	}
	w.say("VIOLATION %s", v)
}

// Say tells a line of the story.
func (w *World) Say(format string, args ...any) { w.say(format, args...) }

func (w *World) say(format string, args ...any) {
	if w.cfg.Log != nil {
		w.cfg.Log(fmt.Sprintf("%10.3fs  ", float64(w.now-epoch)/1000) + fmt.Sprintf(format, args...))
	}
}
