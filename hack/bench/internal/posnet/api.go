package posnet

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// api reads from one node.
type api struct {
	base string
	http *http.Client
}

func newAPI(base string) *api {
	return &api{base: base, http: &http.Client{Timeout: 10 * time.Second}}
}

// status is what is used of GET /api/v1/status.
type status struct {
	ChainID    string `json:"chainID"`
	Height     uint64 `json:"height"`
	Peers      int    `json:"peers"`
	CatchingUp bool   `json:"catchingUp"`
	Mempool    struct {
		Transactions int `json:"transactions"`
	} `json:"mempool"`
}

// page is what is used of GET /api/v1/blockchain/: newest block first.
type page struct {
	Blocks []struct {
		Height  uint64 `json:"height"`
		TxCount int    `json:"txCount"`
	} `json:"blocks"`
	Next string `json:"next"`
}

func (a *api) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+path, nil)
	if err != nil {
		return err
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return fmt.Errorf("GET %s%s: %w", a.base, path, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s%s: %s: %.200s", a.base, path, resp.Status, b)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("GET %s%s: %w in %.200q", a.base, path, err, b)
	}
	return nil
}

func (a *api) status(ctx context.Context) (s status, err error) {
	return s, a.get(ctx, "/api/v1/status", &s)
}

// ready tells what is missing for the node to be ready.
func (a *api) ready(ctx context.Context, chainID string, peers int) error {
	s, err := a.status(ctx)
	switch {
	case err != nil:
		return err
	case s.ChainID != chainID:
		return fmt.Errorf("a node of another network, %s, answers", s.ChainID)
	case s.Peers < peers:
		return fmt.Errorf("it has found %d of %d peers", s.Peers, peers)
	case s.CatchingUp:
		return fmt.Errorf("it catches up, at height %d", s.Height)
	}
	return nil
}

// transactions counts what is in the blocks above a height, up to the newest.
func (a *api) transactions(ctx context.Context, above uint64) (int, error) {
	sum, cursor := 0, ""
	for {
		var p page
		path := "/api/v1/blockchain/?limit=100"
		if cursor != "" {
			path += "&cursor=" + url.QueryEscape(cursor)
		}
		if err := a.get(ctx, path, &p); err != nil {
			return 0, err
		}
		for _, b := range p.Blocks {
			if b.Height <= above {
				return sum, nil
			}
			sum += b.TxCount
		}
		if p.Next == "" {
			return sum, nil
		}
		cursor = p.Next
	}
}
