package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/posnet/posnet/node/httpapi"
	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/httpapi/httpapitest"
)

// spec is the specification as kin-openapi sees it.
var spec = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.Spec())
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

// world is a chain and its API, every answer of which is held against the
// specification.
type world struct {
	*httpapitest.Solo
	t      testing.TB
	server *httpapi.Server
	router routers.Router
}

func newWorld(t testing.TB, opts httpapi.Options) *world {
	t.Helper()
	w := &world{Solo: httpapitest.New(t), t: t}
	w.serve(opts)
	return w
}

func (w *world) serve(opts httpapi.Options) {
	w.t.Helper()
	var err error
	if w.server, err = httpapi.New(w.Solo, opts); err != nil {
		w.t.Fatal(err)
	}
	doc, err := spec()
	if err != nil {
		w.t.Fatalf("openapi.yaml: %v", err)
	}
	if w.router, err = legacy.NewRouter(doc); err != nil {
		w.t.Fatal(err)
	}
}

type answer struct {
	t      testing.TB
	code   int
	header http.Header
	body   []byte
}

// ask sends a request and checks the answer, and with valid also the request,
// against the specification.
func (w *world) ask(method, url, body string, valid bool) answer {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.server.Handler().ServeHTTP(rec, httptest.NewRequest(method, url, strings.NewReader(body)))
	res := rec.Result()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a := answer{t: w.t, code: res.StatusCode, header: res.Header, body: b}
	if method != http.MethodHead {
		w.check(method, url, body, valid, a)
	}
	return a
}

func (w *world) check(method, url, body string, valid bool, a answer) {
	w.t.Helper()
	req := httptest.NewRequest(method, url, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	route, params, err := w.find(req)
	if err != nil {
		w.t.Fatalf("%s %s is not in openapi.yaml: %v", method, url, err)
	}
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route}
	if valid {
		if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
			w.t.Errorf("%s %s: the request does not fit openapi.yaml: %v", method, url, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: a.code, Header: a.header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	out.SetBodyBytes(a.body)
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		w.t.Errorf("%s %s: the answer does not fit openapi.yaml: %v\n%s", method, url, err, a.body)
	}
}

// find looks the route up under both spellings of the slash.
func (w *world) find(req *http.Request) (*routers.Route, map[string]string, error) {
	route, params, err := w.router.FindRoute(req)
	if err == nil {
		return route, params, nil
	}
	again := req.Clone(req.Context())
	if p := strings.TrimSuffix(req.URL.Path, "/"); p != req.URL.Path {
		again.URL.Path = p
	} else {
		again.URL.Path += "/"
	}
	return w.router.FindRoute(again)
}

func (w *world) get(path string) answer {
	w.t.Helper()
	return w.ask(http.MethodGet, httpapi.BasePath+path, "", true)
}

func (w *world) post(path, body string) answer {
	w.t.Helper()
	return w.ask(http.MethodPost, httpapi.BasePath+path, body, false)
}

// is checks the status and reads the body into v.
func (a answer) is(code int, v any) {
	a.t.Helper()
	if a.code != code {
		a.t.Fatalf("status %d, want %d: %s", a.code, code, a.body)
	}
	if v == nil {
		return
	}
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		a.t.Fatalf("read %T: %v\n%s", v, err, a.body)
	}
}

// fails checks the error and returns it.
func (a answer) fails(code string) api.ErrorBody {
	a.t.Helper()
	var e api.Error
	if err := json.Unmarshal(a.body, &e); err != nil {
		a.t.Fatalf("not the error shape: %v: %s", err, a.body)
	}
	if e.Error.Code != code || a.code != api.StatusOf(code) {
		a.t.Fatalf("status %d code %q, want %d %q: %s", a.code, e.Error.Code, api.StatusOf(code), code, e.Error.Message)
	}
	if e.Error.Message == "" {
		a.t.Fatalf("code %s comes without a message", code)
	}
	return e.Error
}
