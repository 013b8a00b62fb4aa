package comet

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// committed is what a node tells of a block when it is committed.
type committed struct {
	height int64
	txs    int
	at     time.Time // when it was heard here
}

// subscribe calls hear for every block that the node commits from now on, until
// stop is called, which waits for the last call to end. failed hears why the subscription ended by itself.
func (c *client) subscribe(ctx context.Context, hear func(committed), failed func(error)) (stop func(), err error) {
	ws, resp, err := websocket.DefaultDialer.DialContext(ctx, "ws://"+c.address+"/websocket", nil)
	if err != nil {
		return nil, fmt.Errorf("subscribe to %s: %w", c.address, err)
	}
	resp.Body.Close()
	request := []byte(`{"jsonrpc":"2.0","id":0,"method":"subscribe","params":{"query":"tm.event='NewBlockEvents'"}}`)
	if err := ws.WriteMessage(websocket.TextMessage, request); err != nil {
		_ = ws.Close()
		return nil, fmt.Errorf("subscribe to %s: %w", c.address, err)
	}
	if _, first, err := ws.ReadMessage(); err != nil { // the subscription's own answer
		_ = ws.Close()
		return nil, fmt.Errorf("subscribe to %s: %w in %.200q", c.address, err, first)
	}
	stopping, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			_, message, err := ws.ReadMessage()
			at := time.Now()
			var b committed
			if err == nil {
				b, err = parseEvent(message)
			}
			if err != nil {
				select {
				case <-stopping:
				default:
					failed(fmt.Errorf("the events of %s: %w", c.address, err))
				}
				return
			}
			b.at = at
			hear(b)
		}
	}()
	return sync.OnceFunc(func() {
		close(stopping)
		_ = ws.Close()
		<-done
	}), nil
}

func parseEvent(message []byte) (committed, error) {
	var m struct {
		Result struct {
			Data struct {
				Value struct {
					Height int64 `json:"height,string"`
					NumTxs int   `json:"num_txs,string"`
				} `json:"value"`
			} `json:"data"`
		} `json:"result"`
		Error *rpcError `json:"error"`
	}
	if err := json.Unmarshal(message, &m); err != nil {
		return committed{}, fmt.Errorf("%w in %.200q", err, message)
	}
	if m.Error != nil {
		return committed{}, m.Error
	}
	v := m.Result.Data.Value
	if v.Height < 1 {
		return committed{}, fmt.Errorf("no height in %.200q", message)
	}
	return committed{height: v.Height, txs: v.NumTxs}, nil
}
