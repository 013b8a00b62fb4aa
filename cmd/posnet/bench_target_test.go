package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
)

// Whatever is wrong with a node, a metrics address or a process id is told before anything is signed or paid.
func TestBenchLooksAtEverythingBeforeItPays(t *testing.T) {
	t.Parallel()
	solo, good, faucet := eager(t, 100)
	var posts atomic.Int64
	counted := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posts.Add(1)
		}
		http.Redirect(w, r, good+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(counted.Close)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><title>hello</title>"))
	}))
	t.Cleanup(page.Close)
	nothing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(nothing.Close)
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"hello":"world"}`))
	}))
	t.Cleanup(foreign.Close)
	peer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = peer.Close() })
	go func() {
		for {
			c, err := peer.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("\x13/multistream/1.0.0\n"))
			_ = c.Close()
		}
	}()
	host := strings.TrimPrefix(counted.URL, "http://")
	for _, c := range []struct {
		name, target string
		says         []string
	}{
		{"nobody there", "http://127.0.0.1:1", []string{"--target http://127.0.0.1:1", "connection refused"}},
		{"a page for people", page.URL, []string{page.URL + " is not a posnet node's API: it answered text/html"}},
		{"a server without such a path", nothing.URL, []string{"is not a posnet node's API: it answered text/plain (404 Not Found)"}},
		{"another program's JSON", foreign.URL, []string{"is not a posnet node's API"}},
		{"the port for peers", peer.Addr().String(), []string{"it answered something that is not HTTP"}},
		{"the same twice", counted.URL, []string{"--target names one node twice"}},
		{"the same with a slash", counted.URL + "/", []string{"--target names one node twice"}},
		{"the same without its scheme", host, []string{"--target names one node twice"}},
		{"the same by its name", "localhost:" + host[strings.LastIndex(host, ":")+1:], []string{"--target names one node twice"}},
		{"no address", "ftp://x", []string{"--target", "not the address of a node"}},
	} {
		for _, command := range [][]string{{"--key-file", faucet}, {"load", "--key-file", faucet}, {"overload", "--key-file", faucet}, {"reads"}} {
			_, err := runBench(t, append(command, "--target", counted.URL+","+c.target)...)
			for _, says := range c.says {
				if err == nil || !strings.Contains(err.Error(), says) {
					t.Errorf("%s: bench %s: %v, which does not mention %q", c.name, command[0], err, says)
				}
			}
		}
	}
	for _, c := range []struct {
		says string
		args []string
	}{
		{"--metrics http://127.0.0.1:1/metrics", []string{"--metrics", "127.0.0.1:1"}},
		{"is it a node's private port?", []string{"--metrics", good}},
		{"--pid 1073741824", []string{"--pid", fmt.Sprintf("%d,%d", os.Getpid(), 1<<30)}},
	} {
		_, err := runBench(t, append([]string{"overload", "--key-file", faucet, "--target", counted.URL}, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("bench overload %v: %v, which does not mention %q", c.args, err, c.says)
		}
	}
	if posts.Load() != 0 || solo.Tip() != 0 {
		t.Errorf("%d transactions were sent before the error, and %d blocks made", posts.Load(), solo.Tip())
	}
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"chainID":"elsewhere","genesisHash":"%064d"}`, 7)
	}))
	t.Cleanup(stranger.Close)
	if _, err := runBench(t, "load", "--key-file", faucet, "--target", good+","+stranger.URL); err == nil || !strings.Contains(err.Error(), "name nodes of one network") {
		t.Errorf("two networks: %v", err)
	}
}
