package statedir

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Record is what a running stack tells about itself: `stack status` prints it.
type Record struct {
	PID       int       `json:"pid"`
	Command   string    `json:"command"` // demo, smoke or up
	Started   time.Time `json:"started"`
	Phase     string    `json:"phase"`
	State     string    `json:"state"` // the state directory
	Addresses []Address `json:"addresses"`
	Processes []Process `json:"processes"`
	Verdict   *int      `json:"verdict,omitempty"` // the verdict's exit code, once there is one
}

// Address is one thing to open.
type Address struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Process is one child.
type Process struct {
	Name string `json:"name"`
	PID  int    `json:"pid"`
	Log  string `json:"log"`
}

// Write replaces the record, at once or not at all.
func (d Dir) Write(r Record) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write record: %w", err)
	}
	next := d.Run("state.json.next")
	if err := os.WriteFile(next, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write record: %w", err)
	}
	if err := os.Rename(next, d.Run("state.json")); err != nil {
		return fmt.Errorf("write record: %w", err)
	}
	return nil
}

// Read returns the record of the latest run.
func (d Dir) Read() (Record, error) {
	var r Record
	data, err := os.ReadFile(d.Run("state.json"))
	if err != nil {
		return r, fmt.Errorf("read record: %w", err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("read record %s: %w", d.Run("state.json"), err)
	}
	return r, nil
}
