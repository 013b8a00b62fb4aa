package httpapi

import (
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
)

// Ping answers the original's GET /ping/.
func (s *Server) Ping(c echo.Context) error {
	return c.JSON(http.StatusOK, api.Pong{Success: "pong!"})
}

// GetNode tells who this node is.
func (s *Server) GetNode(c echo.Context) error {
	n := s.backend.Node()
	genesis := ""
	if !n.GenesisHash.IsZero() {
		genesis = n.GenesisHash.String()
	}
	return c.JSON(http.StatusOK, api.Node{
		Version: n.Version, ChainID: n.ChainID, GenesisHash: genesis,
		State: string(n.State), Reason: n.Reason, Message: n.Message,
		NetworkUID: n.NetworkUID, Ordinal: n.Ordinal, Address: n.Address,
		ConsensusKey: n.Keys.Consensus, VrfKey: n.Keys.VRF, PeerKey: n.Keys.Peer,
		PeerID: n.PeerID, P2pPort: n.P2PPort, Height: n.Height, FirstHeight: n.FirstHeight, Validator: n.Validator, Stake: api.Units(n.Stake),
	})
}

// Attest answers the ceremony.
func (s *Server) Attest(c echo.Context) error {
	var req api.AttestRequest
	if err := s.readJSON(c, &req); err != nil {
		return err
	}
	nonce, err := hex.DecodeString(req.Nonce)
	if err != nil || len(nonce) != chain.NonceBytes {
		return fail(api.CodeBadRequest, "nonce: send 32 fresh random bytes as 64 hexadecimal digits")
	}
	a, err := s.backend.Attest(nonce)
	if errors.Is(err, ErrNoCeremony) {
		return fail(api.CodeNoCeremony, "this node has no ceremony secret: it was not started for a ceremony")
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

// GetGenesis serves the genesis file.
func (s *Server) GetGenesis(c echo.Context) error {
	g := s.backend.Genesis()
	if g == nil {
		return fail(api.CodeNoGenesis, "this node has no genesis yet")
	}
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, g)
}

// GetStatus tells how the chain is doing.
func (s *Server) GetStatus(c echo.Context) error {
	st := s.backend.Status()
	return c.JSON(http.StatusOK, api.Status{
		ChainID: st.ChainID, GenesisHash: st.GenesisHash, Height: st.Height, BlockHash: st.BlockHash,
		BlockTime: api.TimeOfMillis(st.BlockTime), Round: st.Round, Step: st.Step,
		CatchingUp: st.CatchingUp, SyncTarget: st.SyncTarget, Validators: st.Validators,
		TotalStake: api.Units(st.TotalStake), OnlineStake: api.Units(st.OnlineStake), FaultTolerant: st.FaultTolerant,
		Peers: st.Peers, Mempool: api.MempoolSize{Transactions: st.PoolTxs, Bytes: st.PoolBytes}, Idle: st.Idle,
	})
}

// ListPeers lists the connected nodes.
func (s *Server) ListPeers(c echo.Context) error {
	peers := s.backend.Peers()
	out := api.Peers{Peers: make([]api.Peer, 0, len(peers))}
	for _, p := range peers {
		row := api.Peer{
			PeerID: p.PeerID, Address: p.Address, Direction: "outbound", Height: p.Height,
			ConnectedSince: api.TimeOf(p.ConnectedSince), LatencyMs: float64(p.Latency.Microseconds()) / 1000,
		}
		if p.Inbound {
			row.Direction = "inbound"
		}
		if p.Validator != nil {
			row.Validator = p.Validator.String()
		}
		out.Peers = append(out.Peers, row)
	}
	return c.JSON(http.StatusOK, out)
}
