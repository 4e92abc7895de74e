package sourcetest

import "syscall"

// attributes ties a server to the test process: it goes down at once with it,
// running statements too, which PostgreSQL does on SIGQUIT.
func attributes(o *owner) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	if o != nil {
		a.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
	return a
}
