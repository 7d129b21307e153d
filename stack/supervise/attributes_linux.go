package supervise

import "syscall"

// attributes puts a child into a process group of its own, so that a Ctrl-C in
// the terminal reaches the supervisor alone, and has the kernel kill it when
// the supervisor dies without a chance to stop it.
func attributes(uid int) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if uid != 0 {
		a.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
	}
	return a
}
