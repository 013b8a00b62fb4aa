package gossip

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	ma "github.com/multiformats/go-multiaddr"

	"github.com/posnet/posnet/node/chain"
)

func FuzzFrames(f *testing.F) {
	f.Add(append(appendHead(nil, FrameVote, 3), "abc"...))
	f.Add([]byte{0xff, 0xff, 0xff, 0x7f, 1})
	f.Add([]byte{0x80, 0x00, 2})
	limits, stream := frameCaps(1<<12), frameReader()
	f.Fuzz(func(t *testing.T, b []byte) {
		stream.Fuzz(t, b)
		r := bufio.NewReader(bytes.NewReader(b))
		kind, size, err := readHead(r, limits)
		if err != nil {
			return
		}
		body, err := readBody(r, size)
		if err != nil {
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("a frame that ends early: %v", err)
			}
			return
		}
		if len(body) > limits[kind] {
			t.Fatalf("%d bytes of a %s", len(body), kind)
		}
		if again := append(appendHead(nil, kind, len(body)), body...); !bytes.HasPrefix(b, again) {
			t.Fatalf("%x was read as %x: two encodings of one frame", b, again)
		}
	})
}

func TestAnOutboxKeepsToItsBounds(t *testing.T) {
	t.Parallel()
	vote := func(s string) frame { return frame{FrameVote, []byte(s)} }
	state := func(s string) frame { return frame{FrameVoteState, []byte(s)} }
	for _, c := range []struct {
		name    string
		put     []frame
		dropped []FrameKind
		want    string
	}{
		{"in order", []frame{vote("a"), vote("b")}, nil, "ab"},
		{"only the newest vote state waits", []frame{state("1"), vote("a"), state("2"), state("33")}, nil, "33a"},
		{"too many items", []frame{vote("a"), vote("b"), vote("c"), vote("d"), vote("e")}, []FrameKind{FrameVote}, "abcd"},
		{"too many bytes", []frame{vote("aaaa"), vote("bbbb"), vote("cccc"), vote("d")}, []FrameKind{FrameVote}, "aaaabbbbd"},
		{"a vote state makes room", []frame{vote("a"), state("s"), vote("b"), vote("c"), vote("d")}, []FrameKind{FrameVoteState}, "abcd"},
		{"a vote state that makes too little room", []frame{vote("aaaaaaaaa"), state("s"), vote("bb")}, []FrameKind{FrameVoteState, FrameVote}, "aaaaaaaaa"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOutbox(4, 10)
			var dropped []FrameKind
			for _, f := range c.put {
				dropped = append(dropped, o.put(f)...)
				if sum := 0; true {
					for _, x := range o.items {
						sum += len(x.payload)
					}
					if sum != o.bytes || len(o.items) > 4 || sum > 10 {
						t.Fatalf("%d items of %d bytes, counted as %d", len(o.items), sum, o.bytes)
					}
				}
			}
			got := ""
			for _, f := range o.takeAll() {
				got += string(f.payload)
			}
			if got != c.want || fmt.Sprint(dropped) != fmt.Sprint(c.dropped) {
				t.Fatalf("want %q and %v dropped, got %q and %v", c.want, c.dropped, got, dropped)
			}
			if len(o.takeAll()) != 0 || o.bytes != 0 {
				t.Fatal("an emptied outbox is empty")
			}
		})
	}
}

func TestAJailBansForgivesAndForgets(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	j := newJail(func() time.Time { return now }, 3)
	if j.charge("a", OffenceMalformed) || !j.charge("a", OffenceMalformed) || !j.banned("a") {
		t.Fatal("the second malformed message bans")
	}
	if j.charge("a", OffenceOversized) {
		t.Fatal("who is banned is not banned again")
	}
	now = now.Add(banTime - time.Second)
	if !j.banned("a") {
		t.Fatal("too early")
	}
	now = now.Add(time.Second)
	if j.banned("a") {
		t.Fatal("the ban is over")
	}
	for range 20 { // one strike every three minutes is forgiven
		if j.charge("b", OffenceMalformed) {
			t.Fatal("old strikes must fade")
		}
		now = now.Add(3 * forgiveness)
	}
	if !j.charge("c", OffenceWrongGenesis) || !j.charge("d", OffenceOversized) || !j.charge("e", OffenceOversized) {
		t.Fatal("these ban at once")
	}
	j.charge("f", OffenceFlood)
	if len(j.records) > 3 {
		t.Fatalf("%d peers are remembered, at most 3 may be", len(j.records))
	}
	if !j.banned("d") || !j.banned("e") {
		t.Fatal("the heaviest cases must be kept")
	}
}

func TestAddressesFromPeersAreTakenWithCare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		addr          string
		remote, local bool
	}{
		{"/ip4/10.0.0.7/tcp/8010", true, true},
		{"/ip4/10.0.0.7/udp/8010/quic-v1", true, true},
		{"/ip6/fd00::7/tcp/8010", true, true},
		{"/ip4/127.0.0.1/tcp/8010", false, true},
		{"/ip4/0.0.0.0/tcp/8010", false, false},
		{"/ip4/169.254.169.254/tcp/80", false, false},
		{"/ip4/224.0.0.1/udp/1/quic-v1", false, false},
		{"/ip4/10.0.0.7/tcp/80/ws", false, false},
		{"/ip4/10.0.0.7/udp/8010", false, false},
		{"/dns4/metadata.internal/tcp/80", false, false},
	} {
		a := ma.StringCast(c.addr)
		if usable(a, false) != c.remote || usable(a, true) != c.local {
			t.Errorf("%s: want %t from afar and %t from here", c.addr, c.remote, c.local)
		}
	}
	id := mustID(t)
	if _, ok := (known{ID: []byte("nonsense")}).info(true); ok {
		t.Error("a peer id that is none was taken")
	}
	if _, ok := (known{ID: []byte(id), Addrs: [][]byte{{1, 2, 3}}}).info(true); ok {
		t.Error("a peer without any address was taken")
	}
}

func TestKeysAndPeerIDsAreTwoWritingsOfOneThing(t *testing.T) {
	t.Parallel()
	key := chain.PublicKey(newKey(t).Public())
	id, err := IDOf(key)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := KeyOf(id); err != nil || back != key {
		t.Fatalf("want %s back, got %s, %v", key, back, err)
	}
	if _, err := KeyOf("QmSomethingElse"); !errors.Is(err, ErrNotEd25519) {
		t.Fatalf("want ErrNotEd25519, got %v", err)
	}
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config){
		"no key":                   func(c *Config) { c.Key = Config{}.Key },
		"no genesis":               func(c *Config) { c.Genesis = chain.Hash{} },
		"no driver":                func(c *Config) { c.OnFrame = nil },
		"a listen name, not an IP": func(c *Config) { c.ListenIP = "localhost" },
		"a seed without port":      func(c *Config) { c.Seeds = []string{"host"} },
		"a port out of range":      func(c *Config) { c.Port = 70_000 },
		"proposals above the transport's cap": func(c *Config) {
			c.MaxProposalBytes = chain.MaxProposalBytes + 1
		},
	} {
		cfg := Config{
			Key: newKey(t), Genesis: testGenesis, ListenIP: "127.0.0.1",
			OnFrame: func(PeerID, FrameKind, []byte) bool { return true }, OnPeer: func(PeerID, bool) {},
			Admit: func(PeerID, [][]byte) []error { return nil }, Pending: func(bool) []Pending { return nil },
		}
		change(&cfg)
		if n, err := New(cfg); err == nil {
			_ = n.Close()
			t.Errorf("%s: want an error", name)
		}
	}
}
