package comet

import (
	"encoding/json"
	"strings"
	"testing"
)

const configText = `# comment with timeout = "1s"
proxy_app = "x"

[rpc]
size = 1

[mempool]
# size = 3
size = 5000
recheck = true

[p2p]
size = 2
`

func TestSettingsAreChangedInTheirSectionOnly(t *testing.T) {
	t.Parallel()
	got, err := edit(configText, []setting{{"mempool", "size", "7"}, {"", "proxy_app", `"kvstore"`}})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(strings.Replace(configText, "\nsize = 5000", "\nsize = 7", 1), `"x"`, `"kvstore"`, 1)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestASettingThatIsGoneIsAnError(t *testing.T) {
	t.Parallel()
	for _, s := range []setting{{"mempool", "gone", "1"}, {"rpc", "recheck", "1"}, {"none", "size", "1"}} {
		if _, err := edit(configText, []setting{s}); err == nil || !strings.Contains(err.Error(), s.key) {
			t.Errorf("[%s] %s: %v, want an error that names it", s.section, s.key, err)
		}
	}
}

func TestBlockSizeGoesIntoTheGenesis(t *testing.T) {
	t.Parallel()
	b, err := withBlockBytes([]byte(`{"chain_id":"c","consensus_params":{"block":{"max_bytes":"1","max_gas":"-1"}}}`), Tuned.blockBytes)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		ChainID string `json:"chain_id"`
		Params  struct {
			Block struct {
				Bytes int    `json:"max_bytes,string"`
				Gas   string `json:"max_gas"`
			} `json:"block"`
		} `json:"consensus_params"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.ChainID != "c" || doc.Params.Block.Bytes != 22020096 || doc.Params.Block.Gas != "-1" {
		t.Errorf("the genesis is %s", b)
	}
	for _, broken := range []string{`{}`, `{"consensus_params":{}}`, `[`} {
		if _, err := withBlockBytes([]byte(broken), 1); err == nil {
			t.Errorf("%s is taken for a genesis", broken)
		}
	}
}
