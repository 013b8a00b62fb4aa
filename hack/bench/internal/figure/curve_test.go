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

// A point for whose peak the time did not last is told as far as it goes.
func TestAPointWithoutAPeakHasDashes(t *testing.T) {
	t.Parallel()
	c := &Curve{Machine: Machine{Cores: 2}, Points: []Point{{Validators: 25, Ready: 3, IdleP50: 479, IdleP99: 658}}}
	var table, line bytes.Buffer
	if err := c.Table(&table); err != nil {
		t.Fatal(err)
	}
	row := ""
	for l := range strings.Lines(table.String()) {
		if strings.HasPrefix(l, "25 ") {
			row = l
		}
	}
	if got := strings.Fields(row); len(got) != 15 || got[2] != "479.0" || got[4] != "-" || got[8] != "-" || got[13] != "-" || got[14] != "-" {
		t.Errorf("the row is %q", row)
	}
	if err := c.JSON(&line); err != nil || !json.Valid(line.Bytes()) {
		t.Errorf("%v: %s", err, &line)
	}
}

func TestAReportSaysWhoDidNotKeepUp(t *testing.T) {
	t.Parallel()
	for final, want := range map[int]bool{400: true, 460: false, 0: false} {
		r := &Report{Systems: []string{"one"}, Runs: []Run{{System: "one", Peak: Load{Final: 1000, Seconds: 1}, Paced: Load{Final: final, Seconds: 1}}}}
		var table bytes.Buffer
		if err := r.Table(&table); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(table.String(), "did not keep up"); got != want {
			t.Errorf("with %d of 500: %v, want %v", final, got, want)
		}
	}
}
