package figure

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Traffic is what a node sends to its peers, a mean over the nodes.
type Traffic struct {
	Blocks int // in which it was counted
	// Messages and Bytes are sent for one block, by kind of message; transactions are counted where they are published,
	// not once for each peer.
	Messages map[string]float64
	Bytes    map[string]float64
}

// KindTransaction is the kind of message that is no part of consensus.
const KindTransaction = "transaction"

// Consensus sums up what nodes say for a block, the gossip of transactions left out.
func (t Traffic) Consensus() (messages, bytes float64) {
	for kind, n := range t.Messages {
		if kind != KindTransaction {
			messages, bytes = messages+n, bytes+t.Bytes[kind]
		}
	}
	return messages, bytes
}

// Point is a network of one size.
type Point struct {
	Validators       int
	Ready            float64 // seconds from its start until all nodes were connected
	IdleP50, IdleP99 float64 // milliseconds, one transfer at a time
	Peak             Load
	Quiet, Busy      Traffic // one transfer at a time, and from the first to the last block of the peak
}

// notMeasured stands where the time did not last.
const notMeasured = "-"

// Curve is how one system's figures move with the number of its validators.
type Curve struct {
	Machine Machine
	Version string
	Points  []Point
}

// Table writes a row for each size.
func (c *Curve) Table(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "posnet %s on %s (%s), %s; all validators on loopback\n\n", c.Version, count(c.Machine.Cores, "core"), c.Machine.CPU, c.Machine.Filesystem)
	t := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "VALIDATORS\tREADY s\tIDLE p50 ms\tp99 ms\tPEAK tx/s\tp50 ms\tp99 ms\tMEMORY MiB\tA NODE\tIDLE MESSAGES\tEACH PEER\tBYTES\tEACH PEER\tPEAK MESSAGES\tBYTES")
	for _, p := range c.Points {
		peers := float64(max(p.Validators-1, 1))
		messages, bytes := p.Quiet.Consensus()
		busy, busyBytes := p.Busy.Consensus()
		cells := []string{
			fmt.Sprint(p.Validators), number(p.Ready, 1), number(p.IdleP50, 1), number(p.IdleP99, 1),
			number(p.Peak.TxPerSecond(), 0), number(p.Peak.P50, 0), number(p.Peak.P99, 0),
			number(p.Peak.MemoryMax/mebibyte, 0), number(p.Peak.MemoryMax/mebibyte/float64(p.Validators), 0),
			number(messages, 1), number(messages/peers, 2), number(bytes, 0), number(bytes/peers, 0),
			number(busy, 1), number(busyBytes, 0),
		}
		if p.Peak.Final == 0 {
			for _, of := range [][]string{cells[4:9], cells[13:]} {
				for i := range of {
					of[i] = notMeasured
				}
			}
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	b.WriteString("\nmessages and bytes are what one node sends for one block, transactions left out: idle with one transfer in a block, and at the peak\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// JSON writes the curve as one line.
func (c *Curve) JSON(w io.Writer) error {
	type traffic struct {
		Blocks         int                `json:"blocks"`
		Messages       float64            `json:"messagesPerBlock"`
		Bytes          float64            `json:"bytesPerBlock"`
		MessagesByKind map[string]float64 `json:"messagesByKind"`
		BytesByKind    map[string]float64 `json:"bytesByKind"`
	}
	type point struct {
		Validators  int     `json:"validators"`
		Ready       float64 `json:"readySeconds"`
		IdleP50     float64 `json:"idleP50Ms"`
		IdleP99     float64 `json:"idleP99Ms"`
		TxPerSecond float64 `json:"txPerSecond"`
		PeakP50     float64 `json:"peakP50Ms"`
		PeakP99     float64 `json:"peakP99Ms"`
		MemoryMiB   float64 `json:"memoryMaxMiB"`
		NodeCPU     float64 `json:"cpuSecondsPer1000Tx"`
		Generator   float64 `json:"generatorCPUPercent"`
		Idle        traffic `json:"idle"`
		Peak        traffic `json:"peak"`
	}
	told := func(t Traffic) traffic {
		out := traffic{Blocks: t.Blocks, MessagesByKind: map[string]float64{}, BytesByKind: map[string]float64{}}
		out.Messages, out.Bytes = t.Consensus()
		out.Messages, out.Bytes = round(out.Messages, 2), round(out.Bytes, 0)
		for kind := range t.Messages {
			out.MessagesByKind[kind], out.BytesByKind[kind] = round(t.Messages[kind], 2), round(t.Bytes[kind], 0)
		}
		return out
	}
	line := struct {
		Machine Machine `json:"machine"`
		Version string  `json:"version"`
		Curve   []point `json:"curve"`
	}{c.Machine, c.Version, nil}
	for _, p := range c.Points {
		line.Curve = append(line.Curve, point{
			p.Validators, round(p.Ready, 2), round(p.IdleP50, 2), round(p.IdleP99, 2), round(float64(p.Peak.Final)/max(p.Peak.Seconds, 1e-9), 1), round(p.Peak.P50, 1), round(p.Peak.P99, 1),
			round(p.Peak.MemoryMax/mebibyte, 1), round(1000*p.Peak.NodeCPU/float64(max(p.Peak.Final, 1)), 4),
			round(100*p.Peak.GeneratorCPU/max(p.Peak.Seconds, 1e-9)/float64(c.Machine.Cores), 1), told(p.Quiet), told(p.Busy),
		})
	}
	return json.NewEncoder(w).Encode(line)
}
