// Command posnet is a node of a proof-of-stake network and the tools around
// it: keys, transactions, queries, and whole networks on this machine.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newRoot().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "posnet: "+err.Error())
		stop()
		os.Exit(1) //nolint:gocritic // stop was called above
	}
}
