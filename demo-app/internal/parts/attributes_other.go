//go:build !linux

package parts

import "syscall"

// attributes keep the terminal's Ctrl-C away from the child. Only Linux can
// also end it with a parent that was killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
