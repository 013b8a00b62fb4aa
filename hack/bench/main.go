package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b := &bench{options: o, tell: newProgress(os.Stderr)}
	report, err := b.run(ctx)
	b.tell.clear()
	if len(report.Runs) > 0 { // what was measured until then is still true
		err = errors.Join(err, report.Table(os.Stdout), report.JSON(os.Stdout))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		stop()
		os.Exit(1) //nolint:gocritic // stop was called above
	}
}
