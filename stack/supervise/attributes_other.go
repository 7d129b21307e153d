//go:build !linux

package supervise

import "syscall"

// attributes puts a child into a process group of its own, so that a Ctrl-C in
// the terminal reaches the supervisor alone.
func attributes(uid int) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true}
	if uid != 0 {
		a.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
	}
	return a
}
