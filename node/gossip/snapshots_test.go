package gossip

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/posnet/posnet/node/chain"
)

// states is a store of blocks that serves who joins by snapshot, too.
type states struct {
	chainOf
	base uint64
	part []byte
	read int // bytes for a header
}

func (s states) Base() uint64           { return s.base }
func (s states) Offer() ([]byte, error) { return []byte("offer"), nil }
func (s states) Manifest(height uint64) ([]byte, error) {
	if height != 8 {
		return nil, nil
	}
	return []byte("manifest"), nil
}

func (s states) Chunk(height, index uint64) ([]byte, error) {
	if index == 9 {
		return nil, errors.New("bad sector")
	}
	return append(fmt.Appendf(nil, "chunk %d of %d ", index, height), s.part...), nil
}

// The set changes at every fourth height.
func (s states) Header(height uint64, known chain.Hash) (*Headed, error) {
	if height < s.base || height > s.tip {
		return nil, nil
	}
	set := fmt.Appendf(nil, "set %d", height/4)
	h := &Headed{Header: fmt.Appendf(nil, "header %d", height), Certificate: make([]byte, s.size), SetHash: chain.Sum(set), Read: s.read}
	if h.SetHash != known {
		h.Set = set
	}
	return h, nil
}

func TestPartsOfASnapshotAreFetched(t *testing.T) {
	t.Parallel()
	large := make([]byte, 3<<20)
	server, client := pair(t, states{base: 5, part: large})
	for _, c := range []struct {
		part          Part
		height, index uint64
		want          string
	}{
		{PartOffer, 0, 0, "offer"},
		{PartManifest, 8, 0, "manifest"},
		{PartManifest, 9, 0, ""},
		{PartChunk, 8, 3, "chunk 3 of 8 " + string(large)},
		{Part(17), 8, 3, ""},
	} {
		got, err := client.FetchPart(t.Context(), server.ID(), c.part, c.height, c.index, 4<<20)
		if err != nil || string(got) != c.want || (got == nil) != (c.want == "") {
			t.Errorf("part %d is %.20q (%v), want %.20q", c.part, got, err, c.want)
		}
	}
	if _, err := client.FetchPart(t.Context(), server.ID(), PartChunk, 8, 9, 4<<20); err == nil || client.jail.banned(server.ID()) {
		t.Errorf("a failing disk gave %v; banned: %v", err, client.jail.banned(server.ID()))
	}
	if _, err := client.FetchPart(t.Context(), server.ID(), PartChunk, 8, 1, 1<<20); !errors.Is(err, errOversized) || !client.jail.banned(server.ID()) {
		t.Errorf("a part above its cap gave %v; banned: %v", err, client.jail.banned(server.ID()))
	}
}

func TestHeadersAreFetchedWithTheSetsThatChange(t *testing.T) {
	t.Parallel()
	server, client := pair(t, states{chainOf: chainOf{tip: 20, size: 10}, base: 5})
	got, err := client.FetchHeaders(t.Context(), server.ID(), 6, 50, chain.Sum([]byte("set 1")))
	if err != nil || len(got) != 15 {
		t.Fatalf("want headers 6 to 20, got %d, %v", len(got), err)
	}
	for i, h := range got {
		height, want := i+6, ""
		if height%4 == 0 {
			want = fmt.Sprintf("set %d", height/4)
		}
		if string(h.Header) != fmt.Sprintf("header %d", height) || len(h.Certificate) != 10 || string(h.Set) != want {
			t.Errorf("height %d has %q and set %q, want %q", height, h.Header, h.Set, want)
		}
	}
	if got, err := client.FetchHeaders(t.Context(), server.ID(), 6, 1, chain.Hash{}); err != nil || len(got) != 1 || string(got[0].Set) != "set 1" {
		t.Errorf("without a known set the first header brings %v (%v)", got, err)
	}
	if got, err := client.FetchHeaders(t.Context(), server.ID(), 4, 5, chain.Hash{}); err != nil || len(got) != 0 {
		t.Errorf("below the first height there is nothing, got %d, %v", len(got), err)
	}
	eventually(t, "the client knows where the server's history begins", func() bool {
		peers := client.Peers()
		return len(peers) == 1 && peers[0].Base == 5
	})
}

func TestAnAnswerWithHeadersIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	server, client := pair(t, states{chainOf: chainOf{tip: 200, size: 900_000}, base: 1})
	got, err := client.FetchHeaders(t.Context(), server.ID(), 1, 200, chain.Hash{})
	if err != nil || len(got) != 4 || !bytes.Equal(got[3].Header, []byte("header 4")) {
		t.Fatalf("want as many as fit 4 MiB, got %d, %v", len(got), err)
	}
	server, client = pair(t, states{chainOf: chainOf{tip: 200, size: 10}, base: 1, read: 1 << 20})
	if got, err = client.FetchHeaders(t.Context(), server.ID(), 1, 200, chain.Hash{}); err != nil || len(got) != 17 {
		t.Fatalf("want as many as 16 MiB of blocks are read for, got %d, %v", len(got), err)
	}
}

func TestWhoServesNoSnapshotsHasAllBlocks(t *testing.T) {
	t.Parallel()
	server, client := pair(t, chainOf{tip: 10, size: 10})
	if _, err := client.FetchPart(t.Context(), server.ID(), PartOffer, 0, 0, 100); err == nil {
		t.Error("a part came from who serves none")
	}
	if peers := client.Peers(); len(peers) != 1 || peers[0].Base != 1 {
		t.Errorf("the peer is %+v, want one with all blocks", peers)
	}
}
