//go:build !linux

package drills

import "testing"

// smallDisk has no small file system to offer.
func smallDisk(t *testing.T, _ string) string {
	t.Helper()
	t.Skip("skipped: a small file system is mounted on Linux only")
	return ""
}
