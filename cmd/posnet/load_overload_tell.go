package main

import (
	"fmt"
	"io"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
)

// shortMeasure is below what a peak can be told from: pools fill for seconds before blocks are full.
const shortMeasure = 10 * time.Second

func showEndured(w io.Writer, r *endured) {
	source := "as given"
	if r.PeakMeasured {
		source = fmt.Sprintf("measured for %.1f s", r.PeakSeconds)
		if r.PeakSeconds < shortMeasure.Seconds() {
			source += ": too short to call it the network's peak (--measure 20s)"
		}
	}
	row(w, "peak", fmt.Sprintf("%.0f transfers a second, %s", r.Peak, source))
	row(w)
	row(w, "", "ASKED/s", "OFFERED/s", "TAKEN/s", "FINAL/s", "p50 ms", "p99 ms", "MAX ms", "REFUSED")
	for _, p := range r.parts() {
		row(w, p.name, fmt.Sprintf("%.0f", p.Asked), fmt.Sprintf("%.0f", p.OfferedPerSecond), fmt.Sprintf("%.0f", p.TakenPerSecond),
			fmt.Sprintf("%.0f", p.FinalPerSecond), fmt.Sprintf("%.0f", p.Finality.P50), fmt.Sprintf("%.0f", p.Finality.P99),
			fmt.Sprintf("%.0f", p.Finality.Max), fmt.Sprintf("%d%s", p.Refused, byCode(p.RefusedCodes)))
	}
	row(w)
	row(w, "memory of all nodes", fmt.Sprintf("before %s, most %s, at the end of the overload %s, after %s", mebibytes(r.Memory.Before),
		mebibytes(r.Memory.Most), mebibytes(r.Memory.End), mebibytes(r.Memory.After)))
	back := "not before the load ended"
	if r.RecoverySeconds != nil {
		back = fmt.Sprintf("%.2f s after the overload", *r.RecoverySeconds)
	}
	row(w, "as quick as before", back)
	showInterrupted(w, r.Interrupted)
	showWaiting(w, r.Waiting)
	for _, note := range r.notes() {
		row(w)
		_, _ = fmt.Fprintln(w, note)
	}
}

// namedStretch is a line of the table.
type namedStretch struct {
	name string
	stretch
}

func (r *endured) parts() []namedStretch {
	return []namedStretch{{"before", r.Before}, {"overload", r.Overload}, {"after", r.After}}
}

// notes tell what the table cannot say by itself, where it has such a thing.
func (r *endured) notes() (all []string) {
	codes, lost, more := map[string]bool{}, uint64(0), false
	for _, p := range r.parts() {
		more = more || p.FinalPerSecond > p.OfferedPerSecond
		lost += p.Lost
		for code := range p.RefusedCodes {
			codes[code] = true
		}
	}
	if r.PeakMeasured && r.Overload.FinalPerSecond > 1.1*r.Peak { // a tenth is noise
		all = append(all, fmt.Sprintf("In the overload %.0f a second became final, more than the peak that was measured: less was offered than --times says. Measure it\n"+
			"for longer (--measure 60s), or give what the network takes (--peak %.0f).", r.Overload.FinalPerSecond, r.Overload.FinalPerSecond))
	}
	if more {
		all = append(all, "FINAL/s is what came into blocks during a part, with what was taken in the part before and still waited: so it may be\n"+
			"more than OFFERED/s. The times are those of what was taken in the part itself.")
	}
	if codes[string(chain.RefusedPoolFull)] || codes[string(chain.RefusedNonceGap)] || codes[api.CodeTooManyWaiters] || codes[api.CodeRateLimited] {
		all = append(all, "REFUSED counts every offering: what was refused for the moment (pool_full, nonce_gap, rate_limited, too_many_waiters) was\n"+
			"offered again.")
	}
	if codes[string(chain.RefusedNonceUsed)] {
		all = append(all, "bad_nonce: the transfer is in a block already. The answer to its first offering did not come before its part ended or its\n"+
			"connection broke, so it was offered again. None of these is lost.")
	}
	if lost > 0 {
		all = append(all, fmt.Sprintf("%s refused for good.", plural(int(lost), "transfer")))
	}
	return all
}

func mebibytes(b *float64) string {
	if b == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f MiB", *b/(1<<20))
}
