package node

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/keys"
	"github.com/posnet/posnet/node/telemetry"
)

// benchAccounts and benchValidators are those of the genesis of [BenchmarkAccount].
const (
	benchAccounts   = 10_000
	benchValidators = 25
)

// BenchmarkAccount is one GET of an account: the whole of net/http, middlewares, handler and store, over a connection in
// memory. The node is one of 25 validators and has no peers.
//
//	go test -run '^$' -bench Account -benchmem ./node
func BenchmarkAccount(b *testing.B) {
	s, addrs := aMember(b)
	if err := s.joined.Load().bonded.scan(b.Context(), s.joined.Load().store); err != nil {
		b.Fatal(err)
	}
	serve := func(b *testing.B) *httpapi.Server {
		b.Helper()
		api, err := httpapi.New(backend{s}, httpapi.Options{Logger: s.log, Observe: s.metrics.HTTP.Request, Limits: httpapi.Limits{Rate: 1e9, Burst: 1e9}})
		if err != nil {
			b.Fatal(err)
		}
		return api
	}
	b.Run("backend", func(b *testing.B) {
		b.ReportAllocs()
		defer processorTime(b)()
		for i := 0; b.Loop(); i++ {
			if _, err := (backend{s}).Account(b.Context(), addrs[i%len(addrs)], false); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("handler", func(b *testing.B) {
		h, reqs := serve(b).Handler(), make([]*http.Request, len(addrs))
		for i := range addrs {
			var err error
			reqs[i], err = http.ReadRequest(bufio.NewReader(bytes.NewReader(askFor(addrs[i]))))
			if err != nil {
				b.Fatal(err)
			}
			reqs[i].RemoteAddr = "127.0.0.1:4711"
		}
		w := &discarded{header: http.Header{}}
		b.ReportAllocs()
		defer processorTime(b)()
		for i := 0; b.Loop(); i++ {
			clear(w.header)
			if h.ServeHTTP(w, reqs[i%len(reqs)]); w.code != http.StatusOK {
				b.Fatal(w.code)
			}
		}
	})
	b.Run("connection", func(b *testing.B) {
		api := serve(b)
		l := &memoryListener{conns: make(chan net.Conn), closed: make(chan struct{})}
		served := make(chan error, 1)
		go func() { served <- api.Serve(l) }()
		near, far := net.Pipe()
		l.conns <- far
		r := bufio.NewReader(near)
		reqs := make([][]byte, len(addrs))
		for i := range addrs {
			reqs[i] = askFor(addrs[i])
		}
		b.ReportAllocs()
		defer processorTime(b)()
		for i := 0; b.Loop(); i++ {
			if _, err := near.Write(reqs[i%len(reqs)]); err != nil {
				b.Fatal(err)
			}
			if err := skipAnswer(r); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		if err := errors.Join(near.Close(), api.Shutdown(b.Context()), <-served); err != nil {
			b.Fatal(err)
		}
	})
}

// processorTime reports what the process worked for each operation, which other processes of the machine do not change.
func processorTime(b *testing.B) (stop func()) {
	now := func() time.Duration {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			b.Fatal(err)
		}
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	began := now()
	return func() { b.ReportMetric(float64((now()-began).Nanoseconds())/float64(b.N), "cpu-ns/op") }
}

func askFor(a chain.Address) []byte {
	return fmt.Appendf(nil, "GET %s/accounts/%s HTTP/1.1\r\nHost: node\r\nUser-Agent: bench\r\nAccept-Encoding: gzip\r\n\r\n", httpapi.BasePath, a)
}

// skipAnswer reads one answer that tells its length, with as little work as can be: the server is what is measured.
func skipAnswer(r *bufio.Reader) error {
	length := -1
	for n := 0; ; n++ {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if n == 0 && !bytes.Contains(line, []byte(" 200 ")) {
			return fmt.Errorf("the answer is %q", line)
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			for length = 0; v[0] >= '0' && v[0] <= '9'; v = v[1:] {
				length = 10*length + int(v[0]-'0')
			}
		}
		if len(line) == 2 {
			if length < 0 {
				return errors.New("the answer has no length")
			}
			_, err = r.Discard(length)
			return err
		}
	}
}

// aMember is a node with a store and a network of its own, whose loop does not turn.
func aMember(t testing.TB) (*service, []chain.Address) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg := DefaultConfig()
	cfg.IP, cfg.PeerPort, cfg.DataDir, cfg.Log = "127.0.0.1", 0, t.TempDir(), telemetry.NewLogging(telemetry.LogOptions{Output: io.Discard})
	s := &service{cfg: cfg, log: cfg.Log.Logger, metrics: telemetry.NewMetrics()}
	var err error
	s.identity, err = OpenIdentity(&s.cfg, s.log)
	must(err)
	t.Cleanup(func() { must(s.identity.Close()) })

	key := func(n int) chain.PublicKey { return keys.FromSeed(chain.Sum(fmt.Appendf(nil, "key %d", n))).Public() }
	g := &chain.Genesis{ChainID: "bench", Time: uint64(time.Now().UnixMilli()), Params: chain.DefaultParams()}
	g.Validators = []chain.GenesisValidator{{Address: s.identity.Public.Address, Keys: s.identity.Public.Keys}}
	for n := range 4 * (benchValidators - 1) {
		if n%4 == 0 {
			g.Validators = append(g.Validators, chain.GenesisValidator{Address: chain.Address(key(-n - 1)),
				Keys: chain.ValidatorKeys{Consensus: key(-n - 2), VRF: key(-n - 3), Peer: key(-n - 4)}})
		}
	}
	for _, v := range g.Validators {
		g.Bonds = append(g.Bonds, chain.GenesisBond{Staker: v.Address, Validator: v.Address, Amount: 25 * chain.UnitsPerPOS})
	}
	addrs := make([]chain.Address, benchAccounts)
	for n := range addrs {
		addrs[n] = chain.Address(key(n))
		g.Accounts = append(g.Accounts, chain.GenesisAccount{Address: addrs[n], Balance: 1000 * chain.UnitsPerPOS})
	}
	slices.SortFunc(g.Accounts, func(a, b chain.GenesisAccount) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	slices.SortFunc(g.Validators, func(a, b chain.GenesisValidator) int { return bytes.Compare(a.Address[:], b.Address[:]) })
	slices.SortFunc(g.Bonds, func(a, b chain.GenesisBond) int { return bytes.Compare(a.Validator[:], b.Validator[:]) })
	must(os.MkdirAll(filepath.Join(cfg.DataDir, databaseDir), 0o700))
	must(os.MkdirAll(filepath.Join(cfg.DataDir, walDir), 0o700))
	m, err := s.openMember(g)
	must(err)
	t.Cleanup(func() { must(m.close()) })
	must(m.joinNetwork())
	t.Cleanup(func() { must(m.net.Close()) })
	return s, addrs
}

// memoryListener accepts the connections it is given.
type memoryListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *memoryListener) Close() error   { close(l.closed); return nil }
func (l *memoryListener) Addr() net.Addr { return &net.TCPAddr{} }

// discarded is an answer nobody reads.
type discarded struct {
	header http.Header
	code   int
}

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) Write(b []byte) (int, error) { return len(b), nil }
func (d *discarded) WriteHeader(code int)        { d.code = code }
