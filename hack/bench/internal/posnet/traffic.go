package posnet

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/posnet/posnet/hack/bench/internal/figure"
)

// counters are what a node has sent since it started, by kind of message.
type counters struct{ messages, bytes map[string]float64 }

// tally is what all nodes have sent so far, and how high the chain is.
type tally struct {
	counters
	height uint64
}

// count asks every node.
func (n *network) count(ctx context.Context) (t tally, err error) {
	t.counters = counters{map[string]float64{}, map[string]float64{}}
	for i := range n.apis {
		c, err := scrape(ctx, n.apis[i].http, fmt.Sprintf("http://127.0.0.1:%d/metrics", privatePort+i))
		if err != nil {
			return t, err
		}
		for kind, m := range c.messages {
			t.messages[kind] += m
			t.bytes[kind] += c.bytes[kind]
		}
	}
	s, err := n.apis[0].status(ctx)
	t.height = s.Height
	return t, err
}

// since is what a node sent for a block from a tally to a later one.
func (t tally) since(before tally, nodes int) (out figure.Traffic, err error) {
	if t.height <= before.height {
		return out, fmt.Errorf("no block was made after block %d", before.height)
	}
	out = figure.Traffic{Blocks: int(t.height - before.height), Messages: map[string]float64{}, Bytes: map[string]float64{}}
	each := 1 / float64(out.Blocks) / float64(nodes)
	for kind := range t.messages {
		out.Messages[kind] = (t.messages[kind] - before.messages[kind]) * each
		out.Bytes[kind] = (t.bytes[kind] - before.bytes[kind]) * each
	}
	return out, nil
}

func scrape(ctx context.Context, client *http.Client, url string) (counters, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return counters{}, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return counters{}, err
	}
	defer resp.Body.Close()
	c, err := parseMetrics(io.LimitReader(resp.Body, 4<<20))
	if err != nil {
		return c, fmt.Errorf("GET %s: %w", url, err)
	}
	return c, nil
}

// parseMetrics reads the messages and bytes that a node has sent from its metrics.
func parseMetrics(r io.Reader) (counters, error) {
	c := counters{map[string]float64{}, map[string]float64{}}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, rest, ok := strings.Cut(lines.Text(), "{")
		into := map[string]map[string]float64{"posnet_peer_messages_total": c.messages, "posnet_peer_bytes_total": c.bytes}[name]
		if !ok || into == nil {
			continue
		}
		labels, value, ok := strings.Cut(rest, "} ")
		if !ok {
			return c, fmt.Errorf("%q is no metric", lines.Text())
		}
		_, kind, ok := strings.Cut(labels, `kind="`)
		if !ok {
			return c, fmt.Errorf("%q has no kind", lines.Text())
		}
		if !strings.Contains(labels, `direction="out"`) {
			continue
		}
		kind, _, _ = strings.Cut(kind, `"`)
		x, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return c, fmt.Errorf("%q: %w", lines.Text(), err)
		}
		into[kind] = x
	}
	return c, lines.Err()
}
