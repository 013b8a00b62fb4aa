package comet

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Variant is a way to configure CometBFT.
type Variant struct {
	Name string
	// settings are changed in every node's config.toml, by section.
	settings []setting
	// blockBytes is the most bytes of a block in the genesis; 0 leaves it.
	blockBytes int
	// batch is how many requests a node takes at once.
	batch int
}

type setting struct{ section, key, value string }

// loopback is what any four nodes on one machine need.
var loopback = []setting{
	{"p2p", "addr_book_strict", "false"},
	{"p2p", "allow_duplicate_ip", "true"},
	{"p2p", "pex", "false"}, // the nodes know each other: nothing to discover
}

// Tuned is CometBFT made fast. Nothing waits for a clock, nothing is checked
// again, nothing is indexed, and no queue or rate is in the way.
var Tuned = Variant{
	Name: "cometbft",
	settings: append([]setting{
		{"consensus", "timeout_commit", `"0s"`},
		{"consensus", "skip_timeout_commit", "true"},
		{"consensus", "peer_gossip_sleep_duration", `"5ms"`},
		{"mempool", "recheck", "false"},
		{"mempool", "size", "200000"},
		{"mempool", "cache_size", "400000"},
		{"mempool", "max_txs_bytes", "1073741824"},
		{"tx_index", "indexer", `"null"`},
		{"p2p", "send_rate", "524288000"},
		{"p2p", "recv_rate", "524288000"},
		{"p2p", "flush_throttle_timeout", `"10ms"`},
		{"rpc", "max_request_batch_size", "0"}, // any; also saves it a second look at each request
	}, loopback...),
	blockBytes: 21 << 20,
	batch:      100,
}

// Default is CometBFT as it comes.
var Default = Variant{Name: "cometbft-default", settings: loopback, batch: 10}

// edit changes values in the text of a TOML file. Each must be there already:
// a setting that a new version has renamed must not go unnoticed.
func edit(toml string, settings []setting) (string, error) {
	lines := strings.Split(toml, "\n")
	for _, s := range settings {
		section, found := "", false
		for i, line := range lines {
			if name, ok := strings.CutPrefix(strings.TrimSpace(line), "["); ok {
				section = strings.TrimSuffix(name, "]")
			}
			key, _, ok := strings.Cut(line, "=")
			if ok && section == s.section && strings.TrimSpace(key) == s.key {
				lines[i], found = s.key+" = "+s.value, true
			}
		}
		if !found {
			return "", fmt.Errorf("no %s in section [%s] of config.toml: this version of CometBFT has other settings", s.key, s.section)
		}
	}
	return strings.Join(lines, "\n"), nil
}

// withBlockBytes sets the size of blocks in a genesis document.
func withBlockBytes(genesis []byte, bytes int) ([]byte, error) {
	var doc map[string]any
	if err := json.Unmarshal(genesis, &doc); err != nil {
		return nil, fmt.Errorf("read the genesis: %w", err)
	}
	params, _ := doc["consensus_params"].(map[string]any)
	block, ok := params["block"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("no consensus_params.block in the genesis: this version of CometBFT has another form")
	}
	block["max_bytes"] = fmt.Sprint(bytes)
	return json.MarshalIndent(doc, "", "  ")
}
