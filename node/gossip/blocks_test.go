package gossip

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

// chainOf is a store of blocks: heights 1 to tip, each of size bytes.
type chainOf struct {
	tip    uint64
	size   int
	broken uint64 // reading this height fails
}

func (c chainOf) BlockAndCertificate(h uint64) (block, cert []byte, err error) {
	switch {
	case h == 0 || h > c.tip:
		return nil, nil, nil
	case h == c.broken:
		return nil, nil, errors.New("bad sector")
	}
	return append(fmt.Appendf(nil, "block %d ", h), make([]byte, c.size)...), fmt.Appendf(nil, "certificate %d", h), nil
}

func pair(t *testing.T, store BlockSource) (server, client *node) {
	t.Helper()
	server = start(t, func(c *Config) { c.Blocks = store })
	client = connect(t, server)
	together(t, server, client)
	return server, client
}

func TestBlocksAreFetchedUpToTheTip(t *testing.T) {
	t.Parallel()
	server, client := pair(t, chainOf{tip: 10, size: 100_000})
	got, err := client.FetchBlocks(t.Context(), server.ID(), 4, 50)
	if err != nil || len(got) != 7 {
		t.Fatalf("want blocks 4 to 10, got %d, %v", len(got), err)
	}
	for i, f := range got {
		if !bytes.HasPrefix(f.Block, fmt.Appendf(nil, "block %d ", i+4)) || string(f.Certificate) != fmt.Sprintf("certificate %d", i+4) {
			t.Fatalf("number %d is %.20q with %q", i, f.Block, f.Certificate)
		}
	}
	if got, err := client.FetchBlocks(t.Context(), server.ID(), 11, 5); err != nil || len(got) != 0 {
		t.Fatalf("above the tip there is nothing, got %d, %v", len(got), err)
	}
	if got, err := client.FetchBlocks(t.Context(), server.ID(), 3, 2); err != nil || len(got) != 2 {
		t.Fatalf("want the two asked for, got %d, %v", len(got), err)
	}
}

func TestAnAnswerWithBlocksIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	server, client := pair(t, chainOf{tip: 100, size: 1 << 20})
	got, err := client.FetchBlocks(t.Context(), server.ID(), 1, 100)
	if err != nil || len(got) != 3 {
		t.Fatalf("want as many as fit 4 MiB, got %d, %v", len(got), err)
	}
}

func TestAStoreThatFailsBreaksTheAnswerOff(t *testing.T) {
	t.Parallel()
	server, client := pair(t, chainOf{tip: 10, size: 10_000, broken: 6})
	got, err := client.FetchBlocks(t.Context(), server.ID(), 4, 50)
	if err == nil || len(got) > 2 {
		t.Fatalf("want an error after at most blocks 4 and 5, got %d, %v", len(got), err)
	}
	if client.jail.banned(server.ID()) {
		t.Fatal("a failing disk is no offence")
	}
}

func TestWhoIsNotConnectedIsNotAsked(t *testing.T) {
	t.Parallel()
	a, b := start(t, nil), start(t, nil)
	if _, err := a.FetchBlocks(t.Context(), b.ID(), 1, 1); err == nil {
		t.Fatal("want an error")
	}
	if a.Send(b.ID(), FrameVote, nil) {
		t.Fatal("there is nobody to send to")
	}
}
