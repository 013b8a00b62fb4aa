package comet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// client calls one node's JSON-RPC.
type client struct {
	address string // host:port
	http    *http.Client
}

func newClient(address string) *client {
	return &client{address: address, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8, DisableCompression: true}}}
}

// post sends a request, or a batch of them, and returns the body of the answer.
// JSON-RPC tells errors in the body and in HTTP's status too.
func (c *client) post(ctx context.Context, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", c.address, err)
	}
	return b, nil
}

// call calls a method; params is an object in JSON.
func (c *client) call(ctx context.Context, method, params string, result any) error {
	b, err := c.post(ctx, fmt.Appendf(nil, `{"jsonrpc":"2.0","id":0,"method":%q,"params":%s}`, method, params))
	if err != nil {
		return err
	}
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  *rpcError       `json:"error"`
	}
	if err := json.Unmarshal(b, &answer); err != nil {
		return fmt.Errorf("%s of %s: %w in %.200q", method, c.address, err, b)
	}
	if answer.Error != nil {
		return fmt.Errorf("%s of %s: %w", method, c.address, answer.Error)
	}
	if err := json.Unmarshal(answer.Result, result); err != nil {
		return fmt.Errorf("%s of %s: %w in %.200q", method, c.address, err, b)
	}
	return nil
}

type rpcError struct {
	Message string `json:"message"`
	Data    string `json:"data"`
}

func (e *rpcError) Error() string { return e.Message + ": " + e.Data }

// full tells whether the node wants to be left alone for a moment.
func (e *rpcError) full() bool { return strings.Contains(e.Data, "mempool is full") }

// known tells whether the node has the transaction already.
func (e *rpcError) known() bool { return strings.Contains(e.Data, "already exists in cache") }

// ready tells what is missing for a node of the network to be ready.
func (c *client) ready(ctx context.Context, chainID string, peers int) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var status struct {
		NodeInfo struct {
			Network string `json:"network"`
		} `json:"node_info"`
		SyncInfo struct {
			Height     int64 `json:"latest_block_height,string"`
			CatchingUp bool  `json:"catching_up"`
		} `json:"sync_info"`
	}
	var net struct {
		Peers int `json:"n_peers,string"`
	}
	if err := c.call(ctx, "status", "{}", &status); err != nil {
		return err
	}
	if err := c.call(ctx, "net_info", "{}", &net); err != nil {
		return err
	}
	switch {
	case status.NodeInfo.Network != chainID:
		return fmt.Errorf("a node of another network, %s, answers at %s", status.NodeInfo.Network, c.address)
	case net.Peers < peers:
		return fmt.Errorf("it has found %d of %d peers", net.Peers, peers)
	case status.SyncInfo.CatchingUp || status.SyncInfo.Height < 2:
		return fmt.Errorf("it is at height %d", status.SyncInfo.Height)
	}
	return nil
}

// block returns the numbers of the transactions in a block.
func (c *client) block(ctx context.Context, height int64) ([]uint64, error) {
	var b struct {
		Block struct {
			Data struct {
				Txs []string `json:"txs"`
			} `json:"data"`
		} `json:"block"`
	}
	if err := c.call(ctx, "block", `{"height":"`+strconv.FormatInt(height, 10)+`"}`, &b); err != nil {
		return nil, err
	}
	out := make([]uint64, len(b.Block.Data.Txs))
	for i, tx := range b.Block.Data.Txs {
		var err error
		if out[i], err = sequence(tx); err != nil {
			return nil, fmt.Errorf("block %d: %w", height, err)
		}
	}
	return out, nil
}

// appendBatch writes a batch of broadcast_tx_async.
func appendBatch(b []byte, t *transactions, seqs []uint64) []byte {
	b = append(b, '[')
	for i, seq := range seqs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"jsonrpc":"2.0","id":`...)
		b = strconv.AppendInt(b, int64(i), 10)
		b = append(b, `,"method":"broadcast_tx_async","params":{"tx":"`...)
		b = t.appendTx(b, seq)
		b = append(b, `"}}`...)
	}
	return append(b, ']')
}

// refused reads the answer to a batch of n: which requests (by index) have to
// be sent again because the mempool was full. Another error is the caller's.
func refused(answer []byte, n int) ([]int, error) {
	if !bytes.Contains(answer, []byte(`"error"`)) {
		if got := bytes.Count(answer, []byte(`"result"`)); got != n {
			return nil, fmt.Errorf("%d answers to %d requests: %.200q", got, n, answer)
		}
		return nil, nil
	}
	if answer = bytes.TrimSpace(answer); len(answer) > 0 && answer[0] == '{' { // to a batch of one, or about all
		answer = append(append([]byte{'['}, answer...), ']')
	}
	var all []struct {
		ID    *int      `json:"id"`
		Error *rpcError `json:"error"`
	}
	if err := json.Unmarshal(answer, &all); err != nil {
		return nil, fmt.Errorf("%w in %.200q", err, answer)
	}
	var again []int
	for _, a := range all {
		switch {
		case a.Error == nil || a.Error.known():
		case a.Error.full() && a.ID != nil && *a.ID >= 0 && *a.ID < n:
			again = append(again, *a.ID)
		default:
			return nil, a.Error
		}
	}
	if len(all) != n {
		return nil, fmt.Errorf("%d answers to %d requests", len(all), n)
	}
	return again, nil
}
