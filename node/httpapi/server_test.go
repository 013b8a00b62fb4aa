package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/httpapi/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plain asks without looking at the specification.
func (w *world) plain(method, url string, header ...string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	req := httptest.NewRequest(method, url, http.NoBody)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w.server.Handler().ServeHTTP(rec, req)
	return rec
}

func (w *world) read(rec *httptest.ResponseRecorder) answer {
	return answer{t: w.t, code: rec.Code, header: rec.Header(), body: rec.Body.Bytes()}
}

func TestUnknownPathsAndMethodsHaveTheErrorShape(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	for _, path := range []string{"/nothing", "/api/v1/nothing", "/api/v1", "/api/v2/ping", "/api/v1/blocks/1/draw/more", "/api/v1//ping"} {
		w.read(w.plain(http.MethodGet, path)).fails(api.CodeNotFound)
	}
	rec := w.plain(http.MethodDelete, "/api/v1/blockchain/")
	w.read(rec).fails(api.CodeMethodNotAllowed)
	if !strings.Contains(rec.Header().Get("Allow"), "GET") {
		t.Errorf("Allow: %q", rec.Header().Get("Allow"))
	}
	w.read(w.plain(http.MethodGet, "/api/v1/transaction/create/")).fails(api.CodeMethodNotAllowed)
}

func TestDocumentsAreServedFromTheBinary(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	if rec := w.plain(http.MethodGet, "/"); rec.Code != 302 || rec.Header().Get("Location") != "/api/v1/docs/" {
		t.Errorf("GET /: %d to %q", rec.Code, rec.Header().Get("Location"))
	}
	for _, path := range []string{"/api/v1/docs", "/api/v1/docs/"} {
		rec := w.plain(http.MethodGet, path)
		page := rec.Body.String()
		if rec.Code != 200 || !strings.Contains(page, "/api/v1/openapi.json") {
			t.Errorf("%s: %d without the specification", path, rec.Code)
		}
		for _, far := range []string{"https://", "http://", "src=\"//"} {
			if strings.Contains(page, "src=\""+far) || strings.Contains(page, "href=\""+far) {
				t.Errorf("%s loads something from another host", path)
			}
		}
	}
	if rec := w.plain(http.MethodGet, "/api/v1/docs/swagger-ui-bundle.js"); rec.Code != 200 || rec.Body.Len() < 100_000 {
		t.Errorf("the page's script: %d, %d bytes", rec.Code, rec.Body.Len())
	}
	w.read(w.plain(http.MethodGet, "/api/v1/docs/no-such-file.js")).fails(api.CodeNotFound)
	var doc struct{ OpenAPI string }
	if err := json.Unmarshal(w.plain(http.MethodGet, "/api/v1/openapi.json").Body.Bytes(), &doc); err != nil || doc.OpenAPI != "3.0.3" {
		t.Errorf("openapi.json: %q, %v", doc.OpenAPI, err)
	}
}

func TestWhatCannotBeReadIsNamedInPlainWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	rec := w.plain(http.MethodGet, "/api/v1/blockchain/?limit=many")
	w.read(rec).fails(api.CodeBadParameter)
	if body := rec.Body.String(); !strings.Contains(body, "limit") || strings.Contains(body, "strconv") {
		t.Errorf("it says %s", body)
	}
}

func TestHeadAnswersLikeGetWithoutABody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	for path, code := range map[string]int{"/api/v1/status": 200, "/ping/": 200, "/api/v1/blocks/9": 404} {
		if rec := w.plain(http.MethodHead, path); rec.Code != code || rec.Body.Len() != 0 {
			t.Errorf("HEAD %s: %d with %d bytes", path, rec.Code, rec.Body.Len())
		}
	}
}

func TestOtherOriginsMayReadOnlyIfAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	const allow = "Access-Control-Allow-Origin"
	if got := w.plain(http.MethodGet, "/ping", "Origin", "https://a.example").Header().Get(allow); got != "" {
		t.Errorf("by default %s: %q", allow, got)
	}
	w.serve(httpapi.Options{CORSOrigins: []string{"https://a.example"}})
	if got := w.plain(http.MethodGet, "/ping", "Origin", "https://a.example").Header().Get(allow); got != "https://a.example" {
		t.Errorf("allowed origin: %q", got)
	}
	if got := w.plain(http.MethodGet, "/ping", "Origin", "https://b.example").Header().Get(allow); got != "" {
		t.Errorf("another origin: %q", got)
	}
}

func TestClientsThatAskTooOftenAreSlowedDownOneByOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{Limits: httpapi.Limits{Rate: 0.001, Burst: 3}})
	ask := func(from string) answer {
		rec := httptest.NewRecorder()
		req := httptest.NewRequest(http.MethodGet, "/ping", http.NoBody)
		req.RemoteAddr = from
		w.server.Handler().ServeHTTP(rec, req)
		return w.read(rec)
	}
	for range 3 {
		ask("192.0.2.1:1000").is(200, nil)
	}
	a := ask("192.0.2.1:2000")
	a.fails(api.CodeRateLimited)
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	ask("192.0.2.2:1000").is(200, nil)
	for range 3 {
		ask("[2001:db8::1]:1").is(200, nil)
	}
	ask("[2001:db8::ffff]:1").fails(api.CodeRateLimited) // the same /64
}

// panicking has a bug.
type panicking struct{ httpapi.Backend }

func (panicking) Status() httpapi.Status { panic("boom") }

func TestAPanicIsAnInternalErrorAndInTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	var log bytes.Buffer
	s, err := httpapi.New(panicking{w.Solo}, httpapi.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	w.server = s
	w.get("/status").fails(api.CodeInternal)
	if !strings.Contains(log.String(), "boom") || !strings.Contains(log.String(), "server_test.go") {
		t.Errorf("the log does not show the panic and its place: %s", log.String())
	}
}

func TestAccessLogHasTheOriginalsFieldsAndPingsAreQuiet(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	type seen struct {
		route string
		code  int
	}
	var routes []seen
	w := newWorld(t, httpapi.Options{
		Logger:  slog.New(slog.NewJSONHandler(&log, nil)),
		Observe: func(_, route string, code int, _ time.Duration) { routes = append(routes, seen{route, code}) },
	})
	w.plain(http.MethodGet, "/ping/")
	w.plain(http.MethodGet, "/api/v1/blocks/7?limit=3", "X-Request-Id", "mine-1")
	w.plain(http.MethodGet, "/wp-admin", "X-Request-Id", "bad id\n")
	var lines []map[string]any
	for d := json.NewDecoder(&log); ; {
		var m map[string]any
		if err := d.Decode(&m); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, m)
	}
	if len(lines) != 2 {
		t.Fatalf("%d lines, want 2 (a ping is at debug level): %v", len(lines), lines)
	}
	want := map[string]any{"method": "GET", "url": "/api/v1/blocks/7?limit=3", "status_code": float64(404)}
	if got := lines[0]["http"]; fmt.Sprint(got) != fmt.Sprint(want) || lines[0]["duration"] == nil {
		t.Errorf("http %v, duration %v", got, lines[0]["duration"])
	}
	if fmt.Sprint(routes) != "[{/ping 200} {/api/v1/blocks/:id 404} { 404}]" {
		t.Errorf("observed %v", routes)
	}
}

func TestRequestIDsAreKeptIfHarmless(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	if got := w.plain(http.MethodGet, "/ping", "X-Request-Id", "a.B_c-1").Header().Get("X-Request-Id"); got != "a.B_c-1" {
		t.Errorf("kept %q", got)
	}
	for _, bad := range []string{"", "a b", "ä", strings.Repeat("a", 65), "<script>"} {
		if got := w.plain(http.MethodGet, "/ping", "X-Request-Id", bad).Header().Get("X-Request-Id"); got == bad || len(got) != 16 {
			t.Errorf("%q became %q", bad, got)
		}
	}
}

func TestWaitingEndsWhenFinalOrWhenTheTimeIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	body := fmt.Sprintf(`{"transaction":"%x"}`, w.Transfer(1, 5))
	e := w.post("/transaction/create/?wait=final&timeout=20ms", body).fails(api.CodeWaitTimeout)
	id, _ := e.Details["id"].(string)
	w.get("/transactions/" + id + "?wait=final&timeout=20ms").fails(api.CodeWaitTimeout)
	done := make(chan answer)
	go func() { done <- w.get("/transactions/" + id + "?wait=final") }()
	go w.Forge()
	a := <-done
	a.is(200, nil)
	next := fmt.Sprintf(`{"transaction":"%x"}`, w.Transfer(2, 5))
	go func() { done <- w.post("/transaction/create/?wait=final", next) }()
	for w.Pool(0, 1).Total == 0 {
		runtime.Gosched() // until it has arrived
	}
	w.Forge()
	var tx api.Transaction
	a = <-done
	a.is(200, &tx)
	if tx.Status != api.Final || tx.Height != 2 {
		t.Errorf("%+v", tx)
	}
}

// arriving tells when a request waits.
type arriving struct {
	httpapi.Backend
	waits chan struct{}
}

func (a arriving) WaitFinal(ctx context.Context, id chain.Hash) error {
	a.waits <- struct{}{}
	return a.Backend.WaitFinal(ctx, id)
}

func TestWaitersAreBoundedAndEndWithTheServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	back := arriving{w.Solo, make(chan struct{})}
	s, err := httpapi.New(back, httpapi.Options{Limits: httpapi.Limits{Waiters: 2}})
	if err != nil {
		t.Fatal(err)
	}
	w.server = s
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	id, err := w.Submit(t.Context(), w.Transfer(1, 5))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	url := "http://" + l.Addr().String() + httpapi.BasePath + "/transactions/" + id.String() + "?wait=final"
	ask := func() answer {
		res, err := client.Get(url)
		if err != nil {
			t.Error(err)
			return answer{t: t}
		}
		defer func() { _ = res.Body.Close() }()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Error(err)
		}
		return answer{t: t, code: res.StatusCode, header: res.Header, body: b}
	}
	var wg sync.WaitGroup
	answers := make([]answer, 2)
	for i := range answers {
		wg.Go(func() { answers[i] = ask() })
		<-back.waits
	}
	third := ask()
	third.fails(api.CodeTooManyWaiters)
	if third.header.Get("Retry-After") == "" {
		t.Error("too_many_waiters does not say when to come back")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	for _, a := range answers {
		a.fails(api.CodeShuttingDown)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestATooManyWaitersAnswerSentNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	back := arriving{w.Solo, make(chan struct{})}
	s, err := httpapi.New(back, httpapi.Options{Limits: httpapi.Limits{Waiters: 1}})
	if err != nil {
		t.Fatal(err)
	}
	w.server = s
	done := make(chan answer)
	go func() {
		done <- w.post("/transaction/create/?wait=final", fmt.Sprintf(`{"transaction":"%x"}`, w.Transfer(1, 5)))
	}()
	select {
	case <-back.waits:
	case a := <-done:
		t.Fatalf("did not wait: %d %s", a.code, a.body)
	}
	w.post("/transaction/create/?wait=final", fmt.Sprintf(`{"transaction":"%x"}`, w.Transfer(2, 5))).fails(api.CodeTooManyWaiters)
	if n := w.Pool(0, 10).Total; n != 1 {
		t.Errorf("%d transactions wait, want only the first", n)
	}
	w.Forge()
	a := <-done
	a.is(200, nil)
}

// slow reads blocks from a disk that does not answer.
type slow struct{ httpapi.Backend }

func (slow) BlockAt(ctx context.Context, _ uint64) (*httpapi.Block, error) {
	<-ctx.Done()
	return nil, fmt.Errorf("read block: %w", ctx.Err())
}

func TestARequestThatTakesTooLongEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	s, err := httpapi.New(slow{w.Solo}, httpapi.Options{Limits: httpapi.Limits{Request: 10 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	w.server = s
	w.get("/blocks/1").fails(api.CodeTimeout)
}

func TestServerCutsOffWhoeverNeverFinishesTheHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{Limits: httpapi.Limits{Connections: 1}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- w.server.Serve(l) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "GET /ping HTTP/1.1\r\nHost: x\r\nX-A: "+strings.Repeat("a", 64<<10)); err != nil {
		t.Logf("write: %v", err) // cut off while it still wrote
	}
	answer, _ := io.ReadAll(conn) // until the server closes; a reset is as good
	if len(answer) > 0 && !strings.Contains(string(answer), "431") {
		t.Errorf("headers without end are answered %q", answer)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := w.server.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func (a arriving) WaitBlock(ctx context.Context, height uint64) error {
	a.waits <- struct{}{}
	return a.Backend.WaitBlock(ctx, height)
}

func TestABlockOfTheNextHeightCanBeWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, httpapi.Options{})
	back := arriving{w.Solo, make(chan struct{})}
	s, err := httpapi.New(back, httpapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.server = s
	done := make(chan answer, 1)
	go func() { done <- w.get("/blocks/1/raw?wait=final&timeout=60s") }()
	<-back.waits
	w.Forge()
	a := <-done
	a.is(200, nil)
	if got := a.header.Get("X-Block-Height"); got != "1" {
		t.Errorf("block %s", got)
	}
	w.get("/blocks/1/raw?wait=final").is(200, nil) // it is there, and nobody waits
	go func() { <-back.waits }()
	w.get("/blocks/2/raw?wait=final&timeout=1ms").fails(api.CodeBlockNotFound)
	for _, wrong := range []string{"/blocks/2/raw?wait=yes", "/blocks/2/raw?timeout=1s", "/blocks/latest/raw?wait=final"} {
		w.ask(http.MethodGet, httpapi.BasePath+wrong, "", false).fails(api.CodeBadParameter)
	}
}
