package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Files that are synced to disk: values of the label "file".
const (
	FileWAL    = "wal"
	FileSigner = "signer"
	FileStore  = "store"
)

var syncedFiles = []string{FileWAL, FileSigner, FileStore}

// StorageMetrics is about the disk and the work of a block.
type StorageMetrics struct {
	fsync *prometheus.HistogramVec
	// Commit and Execute are observed once per block, in seconds.
	Commit   prometheus.Histogram
	Execute  prometheus.Histogram
	DiskUsed prometheus.Gauge // bytes
	DiskFree prometheus.Gauge // bytes
}

func newStorageMetrics(f factory) StorageMetrics {
	return StorageMetrics{
		fsync: f.histogramVec("posnet_fsync_seconds",
			"Seconds that a sync to disk took, by what was synced (wal, signer, store).", fastSeconds,
			[]string{"file"}, syncedFiles...),
		Commit: f.histogram("posnet_block_commit_seconds",
			"Seconds to make a decided block, its state and its certificate durable.", fastSeconds),
		Execute: f.histogram("posnet_block_execute_seconds",
			"Seconds to apply the transactions of a block to the state and compute its root.", fastSeconds),
		DiskUsed: f.gauge("posnet_disk_used_bytes",
			"Bytes that the files of the data directory take."),
		DiskFree: f.gauge("posnet_disk_free_bytes",
			"Bytes left for this process on the file system of the data directory."),
	}
}

// Fsync observes one sync; file is one of the File constants.
func (m StorageMetrics) Fsync(file string, took time.Duration) {
	for _, known := range syncedFiles {
		if file == known {
			m.fsync.WithLabelValues(file).Observe(took.Seconds())
			return
		}
	}
	m.fsync.WithLabelValues(ReasonOther).Observe(took.Seconds())
}
