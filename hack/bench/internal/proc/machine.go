package proc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// CPUModel is what the kernel calls the processor.
func CPUModel() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	return cpuModel(string(b))
}

func cpuModel(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// Filesystem names what dir lies on. A file system in memory is refused: there
// a sync costs nothing, and the figures would not be of any real node.
func Filesystem(dir string) (string, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return "", fmt.Errorf("look at the file system of %s: %w", dir, err)
	}
	switch uint32(s.Type) { // see statfs(2)
	case 0x01021994, 0x858458f6:
		return "", fmt.Errorf("%s is in memory, where a sync costs nothing: choose a --dir on a disk", dir)
	case 0xef53:
		return "ext4", nil
	case 0x58465342:
		return "xfs", nil
	case 0x9123683e:
		return "btrfs", nil
	case 0x2fc12fc1:
		return "zfs", nil
	case 0x794c7630:
		return "overlayfs", nil
	default:
		return fmt.Sprintf("file system %#x", uint32(s.Type)), nil
	}
}

// DiskUsage is how many bytes of the disk the files below the directories
// occupy, as du counts them. Files that go while it counts are not counted.
func DiskUsage(dirs ...string) (int64, error) {
	var sum int64
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
			if err == nil {
				var info fs.FileInfo
				if info, err = d.Info(); err == nil {
					if s, ok := info.Sys().(*syscall.Stat_t); ok {
						sum += s.Blocks * 512
					}
				}
			}
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		})
		if err != nil {
			return 0, fmt.Errorf("count the bytes of %s: %w", dir, err)
		}
	}
	return sum, nil
}

// Lock holds dir for this process alone until it ends.
func Lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another benchmark runs in %s: %w", dir, err), f.Close())
	}
	return f, nil
}
