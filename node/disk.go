package node

import (
	"context"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"
)

// diskEvery is how often the space of the data directory is measured.
const diskEvery = 30 * time.Second

// watchDisk keeps the metrics of disk space.
func (m *member) watchDisk(ctx context.Context) {
	tick := time.NewTicker(diskEvery)
	defer tick.Stop()
	for {
		used, free := diskSpace(m.cfg.DataDir)
		m.metrics.Storage.DiskUsed.Set(float64(used))
		m.metrics.Storage.DiskFree.Set(float64(free))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// diskSpace is what the files below dir take and what is left for more. Files
// that come and go meanwhile are passed over.
func diskSpace(dir string) (used, free uint64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil //nolint:nilerr // it is gone already
		}
		if info, err := e.Info(); err == nil {
			used += uint64(info.Size())
		}
		return nil
	})
	var s syscall.Statfs_t
	if syscall.Statfs(dir, &s) == nil {
		free = s.Bavail * uint64(s.Bsize)
	}
	return used, free
}
