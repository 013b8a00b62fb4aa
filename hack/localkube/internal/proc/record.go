package proc

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Entry is a process the supervisor has started.
type Entry struct {
	ID
	Name     string `json:"name"`
	Restarts int    `json:"restarts"` // how often it has ended and been started again
}

// Record is what runs: the supervisor and its servers.
type Record struct {
	Supervisor ID      `json:"supervisor"`
	Servers    []Entry `json:"servers"`
}

// Load reads a record; a missing file is an empty record.
func Load(path string) (Record, error) {
	var r Record
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("read the process record: %w", err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("the process record %s is damaged: %w", path, err)
	}
	return r, nil
}

// Save writes the record; a reader sees the old or the new one, never half of it.
func (r Record) Save(path string) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode the process record: %w", err)
	}
	if err := os.WriteFile(path+".new", data, 0o644); err != nil {
		return fmt.Errorf("write the process record: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("replace the process record: %w", err)
	}
	return nil
}
