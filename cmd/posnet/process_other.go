//go:build !linux

package main

import "syscall"

// childAttributes keeps Ctrl-C from reaching the nodes behind the devnet's
// back. If the devnet is killed they live on: end them by hand.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
