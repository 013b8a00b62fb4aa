package main

import (
	"context"
	"fmt"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/httpapi/client"
)

// follower reads one block of a node after the other.
type follower struct {
	c      *client.Client
	height uint64 // of the next block

	patience time.Duration // how long to wait for a block while transactions wait
	seen     time.Time     // when the last block was
}

func newFollower(ctx context.Context, c *client.Client, patience time.Duration) (*follower, error) {
	status, err := c.Status(ctx)
	if err != nil {
		return nil, err
	}
	return &follower{c: c, height: status.Height + 1, patience: patience, seen: time.Now()}, nil
}

// next reads the next block if it comes in time, and shows it.
func (f *follower) next(ctx context.Context, within time.Duration, show func(height uint64, txs [][]byte)) (bool, error) {
	raw, err := f.c.RawBlock(ctx, f.height, within)
	switch {
	case client.Code(err) == api.CodeBlockNotFound:
		return false, nil
	case client.Code(err) == api.CodeTooManyWaiters:
		sleep(ctx, within)
		return false, nil
	case err != nil:
		return false, err
	}
	block, err := chain.DecodeBlock(raw, chain.MaxBlockBytes)
	if err != nil {
		return false, fmt.Errorf("block %d: %w", f.height, err)
	}
	if show != nil {
		show(f.height, block.Txs)
	}
	f.seen = time.Now()
	f.height++
	return true, nil
}

// How long to wait for a block before looking at other things: blockWait where there are none, atOnce where there are.
const (
	blockWait = 100 * time.Millisecond
	atOnce    = 2 * time.Millisecond
)

// wait reads the next block if it comes in time.
func (f *follower) wait(ctx context.Context, within time.Duration, show func(height uint64, txs [][]byte)) error {
	more, err := f.next(ctx, within, show)
	if err != nil || more {
		return err
	}
	if time.Since(f.seen) > f.patience {
		return fmt.Errorf("no block %d within --timeout %s: does the chain stand still? look at `posnet query status`", f.height, f.patience)
	}
	return context.Cause(ctx)
}
