package stake

import (
	"fmt"
	"strings"
)

// String draws the ring of a lottery as text, one line an arc, for people and
// golden files. The mark * stands where the reference fell.
func (d Draw) String() string {
	const width = 40
	var b strings.Builder
	fmt.Fprintf(&b, "height %d round %d: reference %d of %d lots\n", d.Height, d.Round, d.Reference, d.Total)
	for _, a := range d.Arcs {
		from, to := scale(a.Start, d.Total, width), scale(a.End, d.Total, width)
		bar := strings.Repeat(" ", from) + strings.Repeat("#", max(1, to-from))
		if a.Offset == 0 {
			at := min(scale(d.Reference, d.Total, width), len(bar)-1)
			bar = bar[:at] + "*" + bar[at+1:]
		}
		fmt.Fprintf(&b, "  v%-3d |%-*s| lots %d to %d, offset %d\n", a.Validator, width+1, bar, a.Start, a.End-1, a.Offset)
	}
	if len(d.Excluded) > 0 {
		fmt.Fprintf(&b, "  sit out (won an earlier round): %v\n", d.Excluded)
	}
	fmt.Fprintf(&b, "  winner: v%d\n", d.Winner)
	return b.String()
}

// scale maps v of total onto n columns. 2^60 * 40 would overflow, so it divides
// first where it must.
func scale(v, total uint64, n int) int {
	for total > 1<<50 {
		v, total = v>>1, total>>1
	}
	return int(v * uint64(n) / max(total, 1))
}
