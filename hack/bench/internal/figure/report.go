package figure

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Report gathers the rounds of every system.
type Report struct {
	// Machine and Setting are told above the table and in the JSON line.
	Machine Machine
	Setting Setting
	// Systems are in the order of the columns.
	Systems []string
	// Versions says what was measured, by system.
	Versions map[string]string
	Runs     []Run
}

// Machine is where it was measured.
type Machine struct {
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"`
	Filesystem string `json:"filesystem"`
}

// Setting is what was asked for.
type Setting struct {
	Validators int     `json:"validators"`
	Rounds     int     `json:"rounds"`
	Seconds    float64 `json:"seconds"`
	Rate       int     `json:"rate"` // 0: as much as is taken
}

// spread of one figure of one system; false where no round measured it.
func (r *Report) spread(f Figure, system string) (Spread, bool) {
	var values []float64
	for _, run := range r.Runs {
		if run.System != system {
			continue
		}
		if x := f.Of(run); !math.IsNaN(x) {
			values = append(values, x)
		}
	}
	if len(values) == 0 {
		return Spread{}, false
	}
	return SpreadOf(values), true
}

// Table writes the one table: a row a figure, a column a system, and with two
// systems the first one's median over the second one's.
func (r *Report) Table(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s (%s), %s; medians and ranges\n\n", count(r.Setting.Validators, "validator"), count(r.Machine.Cores, "core"),
		r.Machine.CPU, r.Machine.Filesystem)
	t := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	head := []string{"FIGURE", "UNIT"}
	for _, s := range r.Systems {
		head = append(head, strings.ToUpper(s))
	}
	if len(r.Systems) == 2 {
		head = append(head, "RATIO")
	}
	fmt.Fprintln(t, strings.Join(head, "\t"))
	for _, f := range All() {
		row := []string{f.Title, f.Unit}
		var medians []float64
		for _, s := range r.Systems {
			v, ok := r.spread(f, s)
			if !ok {
				row = append(row, "-")
				continue
			}
			medians = append(medians, v.Median)
			row = append(row, f.text(v))
		}
		if len(r.Systems) == 2 {
			row = append(row, times(medians))
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	b.WriteByte('\n')
	for _, run := range r.Runs {
		if half := run.Peak.TxPerSecond() / 2; run.Paced.Final > 0 && run.Paced.TxPerSecond() < keptUp*half {
			fmt.Fprintf(&b, "%s did not keep up with half of a peak once: %s of %s tx/s, and its times there are those of a queue\n",
				run.System, number(run.Paced.TxPerSecond(), 0), number(half, 0))
		}
	}
	for _, s := range r.Systems {
		fmt.Fprintf(&b, "%s: %s\n", s, r.Versions[s])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// keptUp is the part of what was offered that a system has to make final to be said to bear it.
const keptUp = 0.9

// text is "median [min-max]", or the value alone if the rounds agree.
func (f Figure) text(v Spread) string {
	median, low, high := number(v.Median, f.Decimals), number(v.Min, f.Decimals), number(v.Max, f.Decimals)
	if low == high {
		return median
	}
	return fmt.Sprintf("%s [%s-%s]", median, low, high)
}

func times(medians []float64) string {
	if len(medians) != 2 || medians[1] == 0 {
		return "-"
	}
	x := medians[0] / medians[1]
	if x >= 10 {
		return number(x, 1) + "x"
	}
	return number(x, 2) + "x"
}

// number writes thousands apart, as 12,345.
func number(x float64, decimals int) string {
	s := strconv.FormatFloat(x, 'f', decimals, 64)
	whole, rest, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		return whole + "." + rest
	}
	return whole
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// JSON writes the medians as one line.
func (r *Report) JSON(w io.Writer) error {
	type line struct {
		Machine  Machine                       `json:"machine"`
		Setting  Setting                       `json:"setting"`
		Versions map[string]string             `json:"versions"`
		Medians  map[string]map[string]float64 `json:"medians"`
		Ratios   map[string]float64            `json:"ratios,omitempty"`
	}
	l := line{Machine: r.Machine, Setting: r.Setting, Versions: r.Versions, Medians: map[string]map[string]float64{}, Ratios: map[string]float64{}}
	for _, f := range All() {
		var medians []float64
		for _, s := range r.Systems {
			v, ok := r.spread(f, s)
			if !ok {
				continue
			}
			medians = append(medians, v.Median)
			if l.Medians[s] == nil {
				l.Medians[s] = map[string]float64{}
			}
			l.Medians[s][f.Key] = round(v.Median, f.Decimals+1)
		}
		if len(r.Systems) == 2 && len(medians) == 2 && medians[1] != 0 {
			l.Ratios[f.Key] = round(medians[0]/medians[1], 3)
		}
	}
	return json.NewEncoder(w).Encode(l)
}

func round(x float64, decimals int) float64 {
	p := math.Pow10(decimals)
	return math.Round(x*p) / p
}
