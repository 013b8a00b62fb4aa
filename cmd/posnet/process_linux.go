package main

import "syscall"

// childAttributes keeps Ctrl-C from reaching the nodes behind the devnet's
// back, and ends them if the devnet is killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
