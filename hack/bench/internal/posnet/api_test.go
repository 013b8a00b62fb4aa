package posnet

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// blocks serves heights 1 to 5, each with ten times its height transactions,
// two on a page.
func blocks(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/api/v1/blockchain/" {
		http.Error(w, `{"code":"not_found"}`, http.StatusNotFound)
		return
	}
	top := 5
	if c := r.URL.Query().Get("cursor"); c != "" {
		fmt.Sscan(c, &top)
	}
	var list []string
	for h := top; h > max(0, top-2); h-- {
		list = append(list, fmt.Sprintf(`{"height":%d,"txCount":%d}`, h, 10*h))
	}
	next := ""
	if top > 2 {
		next = fmt.Sprintf(`,"next":"%d"`, top-2)
	}
	fmt.Fprintf(w, `{"height":5,"blocks":[%s]%s}`, strings.Join(list, ","), next)
}

func TestTransactionsAreCountedOverAllPages(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(blocks))
	t.Cleanup(server.Close)
	a := newAPI(server.URL)
	for above, want := range map[uint64]int{0: 150, 1: 140, 3: 90, 4: 50, 5: 0, 9: 0} {
		if got, err := a.transactions(t.Context(), above); err != nil || got != want {
			t.Errorf("above %d there are %d (%v), want %d", above, got, err, want)
		}
	}
	if _, err := a.status(t.Context()); err == nil || !strings.Contains(err.Error(), "not_found") {
		t.Errorf("a refusal is %v, want what the node says", err)
	}
}

func TestReadyTellsWhatIsMissing(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`{"chainID":"devnet","peers":3,"height":1}`:                   "",
		`{"chainID":"devnet","peers":2}`:                              "2 of 3 peers",
		`{"chainID":"other","peers":3}`:                               "another network, other",
		`{"chainID":"devnet","peers":3,"catchingUp":true,"height":7}`: "at height 7",
		`[]`: "cannot unmarshal",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }))
		t.Cleanup(server.Close)
		err := newAPI(server.URL).ready(t.Context(), "devnet", 3)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", answer, err, want)
		}
	}
}
