package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/posnet/posnet/node/sim"
)

func TestSimMeasureTellsHowANetworkGrows(t *testing.T) {
	t.Parallel()
	var got []sim.Scaled
	text := must(t, "sim", "measure", "--validators", "1,4", "--link", "20ms", "--heights", "3", "--transfers", "2", "-o", "json")
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got) != 2 {
		t.Fatalf("%d networks (%v): %s", len(got), err, text)
	}
	if alone := got[0]; alone.Validators != 1 || alone.Messages.All != 0 || alone.Block.Max != 0 {
		t.Errorf("one validator talks to nobody and waits for nobody: %+v", alone)
	}
	if four := got[1]; four.Block.P50 != 60 || four.Messages.Votes < 5 || four.Bytes.All == 0 {
		t.Errorf("four validators 20 ms from each other: %+v", four)
	}
	shows(t, must(t, "sim", "measure", "--validators", "4", "--heights", "2", "--transfers", "1"), "VALIDATORS", "150 ms", "EACH PEER")
}

func TestSimMeasureRefusesWhatItCannotMeasure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ says, args string }{
		{"numbers from 1 to 200", "--validators 4,201"},
		{"whole milliseconds", "--link 1500us"},
		{"whole milliseconds", "--link 0"},
		{"--heights", "--heights 1"},
		{"--output", "--output yaml"},
	} {
		cmd := newSimCommand()
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		cmd.SetArgs(append([]string{"measure"}, strings.Fields(c.args)...))
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("sim measure %s: %v, which does not mention %q", c.args, err, c.says)
		}
	}
}
