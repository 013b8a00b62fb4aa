package figure

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestACurveIsTold(t *testing.T) {
	t.Parallel()
	said := func(votes float64) Traffic {
		return Traffic{
			Blocks:   10,
			Messages: map[string]float64{"vote": votes, "proposal": 1, KindTransaction: 100},
			Bytes:    map[string]float64{"vote": votes * 100, "proposal": 1000, KindTransaction: 1e6},
		}
	}
	c := &Curve{Machine: Machine{CPU: "cpu", Cores: 2, Filesystem: "ext4"}, Version: "v1", Points: []Point{{
		Validators: 4, Ready: 1.25, IdleP50: 10, IdleP99: 20, Quiet: said(6), Busy: said(12),
		Peak: Load{Final: 1000, Seconds: 10, P50: 100, P99: 200, NodeCPU: 2, GeneratorCPU: 1, MemoryMax: 8 * mebibyte},
	}}}
	var table, line bytes.Buffer
	if err := c.Table(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2 cores (cpu), ext4", "VALIDATORS", "7.0", "2.33", "1,600", "13.0", "2,200"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, table.String())
		}
	}
	if err := c.JSON(&line); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Curve []struct {
			Validators int     `json:"validators"`
			PerSecond  float64 `json:"txPerSecond"`
			CPU        float64 `json:"cpuSecondsPer1000Tx"`
			Generator  float64 `json:"generatorCPUPercent"`
			Idle       struct {
				Messages float64            `json:"messagesPerBlock"`
				ByKind   map[string]float64 `json:"messagesByKind"`
			} `json:"idle"`
		} `json:"curve"`
	}
	if err := json.Unmarshal(line.Bytes(), &got); err != nil || strings.Count(line.String(), "\n") != 1 || len(got.Curve) != 1 {
		t.Fatalf("%v: %s", err, line.String())
	}
	if p := got.Curve[0]; p.Validators != 4 || p.PerSecond != 100 || p.CPU != 2 || p.Generator != 5 || p.Idle.Messages != 7 || p.Idle.ByKind[KindTransaction] != 100 {
		t.Errorf("%+v", p)
	}
}
