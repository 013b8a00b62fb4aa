// Command pause is the first process of every pod: it holds the pod's namespaces open and reaps orphans.
//
// A pod's containers come and go while its network namespace must stay, so the runtime starts this one first, shares its
// namespaces with the others, and ends it last.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for s := range signals {
		if s != syscall.SIGCHLD {
			return
		}
		// With a shared process namespace this process is the parent of every orphan; one signal may stand for many children.
		for {
			pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if pid <= 0 || err != nil {
				break
			}
		}
	}
}
