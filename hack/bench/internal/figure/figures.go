package figure

import "math"

// Figure is one row of the table and one key of the JSON line. Of is not a
// number where a run did not measure it.
type Figure struct {
	Key, Title, Unit string
	Decimals         int
	Of               func(Run) float64
}

const mebibyte = 1 << 20

// when is x where anything was counted.
func when(count int, x float64) float64 {
	if count == 0 {
		return math.NaN()
	}
	return x
}

// All lists the figures in the order they are told.
func All() []Figure {
	return []Figure{
		{"txPerSecond", "final transactions", "tx/s", 0, func(r Run) float64 { return r.Peak.TxPerSecond() }},
		{"peakP50Ms", "time to commit at peak, p50", "ms", 0, func(r Run) float64 { return when(r.Peak.Final, r.Peak.P50) }},
		{"peakP99Ms", "time to commit at peak, p99", "ms", 0, func(r Run) float64 { return when(r.Peak.Final, r.Peak.P99) }},
		{"pacedTxPerSecond", "at half of the peak", "tx/s", 0, func(r Run) float64 { return r.Paced.TxPerSecond() }},
		{"pacedP50Ms", "time to commit at half, p50", "ms", 0, func(r Run) float64 { return when(r.Paced.Final, r.Paced.P50) }},
		{"pacedP99Ms", "time to commit at half, p99", "ms", 0, func(r Run) float64 { return when(r.Paced.Final, r.Paced.P99) }},
		{"idleP50Ms", "one at a time, p50", "ms", 1, func(r Run) float64 { return when(r.IdleCount, r.IdleP50) }},
		{"idleP99Ms", "one at a time, p99", "ms", 1, func(r Run) float64 { return when(r.IdleCount, r.IdleP99) }},
		{"cpuSecondsPer1000Tx", "CPU per 1000 tx, all nodes", "s", 3, func(r Run) float64 {
			return ratio(r.Peak.NodeCPU*1000, float64(r.Peak.Final))
		}},
		{"pacedCPUSecondsPer1000Tx", "the same at half of the peak", "s", 3, func(r Run) float64 {
			return ratio(r.Paced.NodeCPU*1000, float64(r.Paced.Final))
		}},
		{"generatorCPUPercent", "the generator's share of the machine", "%", 1, func(r Run) float64 {
			return 100 * ratio(r.Peak.GeneratorCPU, r.Peak.Seconds*float64(r.Cores))
		}},
		{"memoryMaxMiB", "memory of all nodes, most", "MiB", 0, func(r Run) float64 { return r.Peak.MemoryMax / mebibyte }},
		{"memoryMeanMiB", "memory of all nodes, mean", "MiB", 0, func(r Run) float64 { return r.Peak.MemoryMean / mebibyte }},
		{"diskBytesPerTx", "disk per tx and node", "B", 0, func(r Run) float64 {
			return ratio(r.Peak.DiskBytes, float64(r.Peak.DiskTxs)*float64(r.Validators))
		}},
		{"blocks", "blocks in the window", "", 0, func(r Run) float64 { return float64(r.Peak.Blocks) }},
		{"blockIntervalMs", "mean time between blocks", "ms", 0, func(r Run) float64 {
			return ratio(r.Peak.Seconds*1000, float64(r.Peak.Blocks))
		}},
	}
}
