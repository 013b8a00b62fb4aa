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

// all measures, and tells what was measured even if not all was.
func (b *bench) all(ctx context.Context) error {
	if len(b.curve) > 0 {
		curve, err := b.runCurve(ctx)
		b.tell.clear()
		if len(curve.Points) > 0 {
			err = errors.Join(err, curve.Table(os.Stdout), curve.JSON(os.Stdout))
		}
		return err
	}
	report, err := b.run(ctx)
	b.tell.clear()
	if len(report.Runs) > 0 {
		err = errors.Join(err, report.Table(os.Stdout), report.JSON(os.Stdout))
	}
	return err
}

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
	err = b.all(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		stop()
		os.Exit(1) //nolint:gocritic // stop was called above
	}
}
