package posnet

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/posnet/posnet/hack/bench/internal/figure"
)

// spread is how times lie, in milliseconds.
type spread struct {
	P50 *float64 `json:"p50"`
	P99 *float64 `json:"p99"`
}

// loaded is what is used of the output of 'posnet bench load'.
type loaded struct {
	Submitted  *int     `json:"submitted"`
	Refused    *int     `json:"refused"`
	Final      *int     `json:"final"`
	Seconds    *float64 `json:"seconds"`
	Blocks     *int     `json:"blocks"`
	Finality   spread   `json:"finalityMs"`
	CPUSeconds *float64 `json:"cpuSeconds"`
	// The window in which it counted.
	Began *time.Time `json:"began"`
	Ended *time.Time `json:"ended"`
}

// window is when the generator counted.
type window struct{ from, to time.Time }

// parseLoad reads what the generator measured, and when. A key that is missing
// is an error: a zero would look like a figure.
func parseLoad(b []byte) (figure.Load, window, error) {
	var l loaded
	if err := json.Unmarshal(b, &l); err != nil {
		return figure.Load{}, window{}, fmt.Errorf("read the output of posnet bench load: %w in %.200q", err, b)
	}
	if l.Submitted == nil || l.Refused == nil || l.Final == nil || l.Seconds == nil || l.Blocks == nil || l.Finality.P50 == nil || l.Finality.P99 == nil || l.CPUSeconds == nil ||
		l.Began == nil || l.Ended == nil {
		return figure.Load{}, window{}, fmt.Errorf("the output of posnet bench load lacks a key: %.500s", b)
	}
	if *l.Final < 1 || *l.Seconds <= 0 || !l.Began.Before(*l.Ended) {
		return figure.Load{}, window{}, fmt.Errorf("no transfer became final: %d submitted, %d refused", *l.Submitted, *l.Refused)
	}
	return figure.Load{
		Final: *l.Final, Seconds: *l.Seconds, P50: *l.Finality.P50, P99: *l.Finality.P99, GeneratorCPU: *l.CPUSeconds, Blocks: *l.Blocks,
	}, window{*l.Began, *l.Ended}, nil
}

// parseIdle reads the times of 'posnet bench'.
func parseIdle(b []byte) (p50, p99 float64, err error) {
	var out struct {
		Finality spread `json:"finalityMs"`
	}
	if err := json.Unmarshal(b, &out); err != nil {
		return 0, 0, fmt.Errorf("read the output of posnet bench: %w in %.200q", err, b)
	}
	if out.Finality.P50 == nil || out.Finality.P99 == nil {
		return 0, 0, errors.New("the output of posnet bench lacks finalityMs")
	}
	return *out.Finality.P50, *out.Finality.P99, nil
}
