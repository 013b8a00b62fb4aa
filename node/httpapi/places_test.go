package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/httpapi/api"
)

// sender is a connection on which a batch was announced.
type sender struct {
	net.Conn
	answers *bufio.Reader
}

// announce sends the head of a batch and waits for what the server says to it: 100 when it has begun to read the body.
func announce(t *testing.T, addr string, size int) (sender, int) {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	fmt.Fprintf(c, "POST %s/transaction/batch/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/cbor-seq\r\nContent-Length: %d\r\n\r\n",
		httpapi.BasePath, size)
	s := sender{c, bufio.NewReader(c)}
	line, err := s.answers.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var code int
	if _, err := fmt.Sscanf(line, "HTTP/1.1 %d", &code); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	for code == 100 {
		if line, err := s.answers.ReadString('\n'); err != nil || strings.TrimSpace(line) == "" {
			break
		}
	}
	return s, code
}

// answer reads the final answer to an announced batch.
func (s sender) answer(t *testing.T) answer {
	t.Helper()
	res, err := http.ReadResponse(s.answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{t: t, code: res.StatusCode, header: res.Header, body: b}
}

// listen serves on the loopback interface until the test ends.
func (w *world) listen(t *testing.T) (addr string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- w.server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // whoever holds a body back is cut off
		_ = w.server.Shutdown(ctx)
		<-served
	})
	return l.Addr().String()
}

func TestBatchesThatAreHeldBackAreFew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{Limits: httpapi.Limits{BatchTime: time.Hour}})
	addr := w.listen(t)
	raw := sequence(w.Transfer(1, 5))
	held := make([]sender, 8)
	for i := range held {
		s, code := announce(t, addr, len(raw))
		if code != 100 {
			t.Fatalf("batch %d is answered with %d before its body was sent", i, code)
		}
		held[i] = s
	}
	if _, code := announce(t, addr, 4<<20); code != 503 {
		t.Fatalf("a ninth batch is answered with %d, want 503 before its body is read", code)
	}
	a := w.batch("application/cbor-seq", raw)
	a.fails(api.CodeTooManyWaiters)
	if wait := a.header.Get("Retry-After"); wait != "1" {
		t.Errorf("it says to come back after %q s, want 1", wait)
	}
	if _, err := io.WriteString(held[0], raw); err != nil {
		t.Fatal(err)
	}
	held[0].answer(t).is(200, nil)
	w.batch("application/cbor-seq", raw).is(200, nil)
}

func TestABatchThatDoesNotArriveGivesItsPlaceUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{Limits: httpapi.Limits{Batches: 1, BatchTime: 20 * time.Millisecond}})
	addr := w.listen(t)
	s, code := announce(t, addr, 4<<20)
	if code == 100 {
		s.answer(t).fails(api.CodeTimeout)
	} else if code != api.StatusOf(api.CodeTimeout) {
		t.Fatalf("status %d", code)
	}
	w.batch("application/cbor-seq", sequence(w.Transfer(1, 5))).is(200, nil)
}

// unread is a body that nobody may read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body of a batch is read that the client may not send")
	return 0, io.EOF
}

func TestABatchIsCountedBeforeItsBodyIsRead(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int64{"of a size that it says": 64 << 10, "of a size that it does not say": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, httpapi.Options{Limits: httpapi.Limits{Rate: 0.001, Burst: 8}})
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, httpapi.BasePath+"/transaction/batch", unread{t})
			r.ContentLength = size // 1 for the request and 8 for the body
			rec := httptest.NewRecorder()
			w.server.Handler().ServeHTTP(rec, r)
			answer{t: t, code: rec.Code, body: rec.Body.Bytes()}.fails(api.CodeRateLimited)
		})
	}
}

func TestWrongSignaturesInABatchAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{Limits: httpapi.Limits{Rate: 0.001, Burst: 12}})
	var forged [][]byte
	for n := range uint64(10) {
		raw := w.Transfer(n+1, 5)
		raw[len(raw)-1] ^= 1
		forged = append(forged, raw)
	}
	var got api.BatchResult
	w.batch("application/cbor-seq", sequence(forged...)).is(200, &got) // 1 for the request, 10 for what is in it
	if len(got.Refused) != 10 || got.Refused[9].Code != "wrong_signature" {
		t.Fatalf("%+v", got)
	}
	w.get("/status/").is(200, nil)
	w.get("/status/").fails(api.CodeRateLimited)
}

// stuck is a client that takes nothing of its answer until it is told to.
type stuck struct {
	*httptest.ResponseRecorder
	begun, going chan struct{}
}

func (s stuck) Write(b []byte) (int, error) {
	close(s.begun)
	<-s.going
	return s.ResponseRecorder.Write(b)
}

func TestWholeBlocksOnTheirWayAreFew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{Limits: httpapi.Limits{RawBlocks: 1}})
	if _, err := w.Submit(t.Context(), w.Transfer(1, 5)); err != nil {
		t.Fatal(err)
	}
	w.Forge()
	slow := stuck{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.server.Handler().ServeHTTP(slow, httptest.NewRequest(http.MethodGet, httpapi.BasePath+"/blocks/1/raw", nil))
	}()
	<-slow.begun
	w.get("/blocks/1/raw").fails(api.CodeTooManyWaiters)
	close(slow.going)
	<-done
	if rec := w.plain(http.MethodGet, httpapi.BasePath+"/blocks/1/raw"); rec.Code != 200 || rec.Body.Len() != slow.Body.Len() {
		t.Errorf("status %d, %d bytes, want the %d that the slow one got", rec.Code, rec.Body.Len(), slow.Body.Len())
	}
}

func TestOfAFloodOneBatchAtATimeIsLookedThrough(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{Limits: httpapi.Limits{BatchTime: time.Hour}})
	w.Full = true
	addr := w.listen(t)
	raw := sequence(w.Transfer(1, 5))
	first, code := announce(t, addr, len(raw))
	if code != 100 {
		t.Fatalf("the first batch is answered with %d before its body was sent", code)
	}
	if _, code := announce(t, addr, 4<<20); code != 503 {
		t.Fatalf("a second one is answered with %d, want 503 before its body is read", code)
	}
	a := w.batch("application/cbor-seq", raw)
	a.fails("pool_full")
	if wait := a.header.Get("Retry-After"); wait != "1" {
		t.Errorf("it says to come back after %q s, want 1", wait)
	}
	if _, err := io.WriteString(first, raw); err != nil {
		t.Fatal(err)
	}
	first.answer(t).is(200, nil)
	w.batch("application/cbor-seq", raw).is(200, nil)
}
