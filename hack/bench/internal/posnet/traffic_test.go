package posnet

import (
	"strings"
	"testing"
)

const metricsText = `# HELP posnet_peer_messages_total Messages.
posnet_peer_bytes_total{direction="in",kind="vote"} 900
posnet_peer_bytes_total{direction="out",kind="proposal"} 5000
posnet_peer_bytes_total{direction="out",kind="vote"} 1000
posnet_peer_messages_total{direction="in",kind="vote"} 9
posnet_peer_messages_total{direction="out",kind="proposal"} 1
posnet_peer_messages_total{direction="out",kind="vote"} 10
posnet_chain_height 7
`

func TestWhatNodesSayIsReadFromTheirMetrics(t *testing.T) {
	t.Parallel()
	c, err := parseMetrics(strings.NewReader(metricsText))
	if err != nil || c.messages["vote"] != 10 || c.messages["proposal"] != 1 || c.bytes["vote"] != 1000 || c.bytes["proposal"] != 5000 {
		t.Fatalf("%+v (%v)", c, err)
	}
	later := counters{map[string]float64{"vote": 50, "proposal": 5}, map[string]float64{"vote": 5000, "proposal": 25000}}
	got, err := tally{later, 11}.since(tally{c, 1}, 4)
	if err != nil || got.Blocks != 10 || got.Messages["vote"] != 1 || got.Bytes["vote"] != 100 || got.Messages["proposal"] != 0.1 {
		t.Errorf("%+v (%v), want what one of 4 nodes says for one of 10 blocks", got, err)
	}
	if _, err := (tally{c, 1}).since(tally{c, 1}, 4); err == nil {
		t.Error("no block is taken for some")
	}
	for _, text := range []string{`posnet_peer_bytes_total{direction="out"`, `posnet_peer_bytes_total{direction="out"} 1`, `posnet_peer_bytes_total{direction="out",kind="vote"} many`} {
		if _, err := parseMetrics(strings.NewReader(text)); err == nil {
			t.Errorf("%q is taken for a metric", text)
		}
	}
}
