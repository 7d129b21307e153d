package drills

import (
	"os"
	"syscall"
	"testing"
)

// smallDisk mounts a file system of 1 MiB until the end of the test.
func smallDisk(t *testing.T, dir string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("skipped: only root may mount a small file system")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, "size=1m,mode=700"); err != nil {
		t.Fatalf("mount %s: %v", dir, err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil { // Filebeat may have the log open for a moment yet
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return dir
}
