package parts

import "syscall"

// attributes make the child die with its parent, and keep the terminal's
// Ctrl-C away from it, so that whoever started it ends it in order.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
