package httpapi

import (
	"errors"
	"fmt"
	"math/bits"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
)

// GetAccount is what an address owns, with a proof on request.
func (s *Server) GetAccount(c echo.Context, address string, p api.GetAccountParams) error {
	addr, err := chain.ParseAddress(address)
	if err != nil {
		return fail(api.CodeBadParameter, err.Error())
	}
	proof := p.Proof != nil && *p.Proof
	a, err := s.backend.Account(c.Request().Context(), addr, proof)
	if errors.Is(err, ErrNotFound) { // only a proof can be missing: before the first block there is none
		return s.noBlock(1)
	}
	if err != nil {
		return err
	}
	if a.Proof == nil {
		return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, accountJSON(strings.ToLower(address), a))
	}
	out := api.Account{
		Address: a.Address, Balance: api.Units(a.Balance), Nonce: a.Nonce, NextNonce: a.NextNonce,
		Stake: api.AccountStake{Bonded: api.Units(a.Bonded)}, Height: a.Height,
	}
	out.Proof = &api.AccountProof{
		Height: a.Proof.Header.Height, StateRoot: a.Proof.Header.State, Header: a.Proof.Header,
		Certificate: *a.Proof.Certificate, Tree: a.Proof.Tree, Value: a.Proof.Value,
	}
	return c.JSON(http.StatusOK, out)
}

// accountJSON is an [api.Account] without a proof, byte for byte as encoding/json writes it, and by hand: nothing is asked
// for more often. address is its text, of which there is but one in lower case.
func accountJSON(address string, a *Account) []byte {
	b := append(make([]byte, 0, 256), `{"address":"`...)
	b = append(b, address...)
	b = strconv.AppendUint(append(b, `","balance":"`...), a.Balance, 10)
	b = strconv.AppendUint(append(b, `","height":`...), a.Height, 10)
	b = strconv.AppendUint(append(b, `,"nextNonce":`...), a.NextNonce, 10)
	b = strconv.AppendUint(append(b, `,"nonce":`...), a.Nonce, 10)
	b = strconv.AppendUint(append(b, `,"stake":{"bonded":"`...), a.Bonded, 10)
	return append(b, "\"}}\n"...)
}

// ListValidators is the set of a height and who is registered outside of it.
func (s *Server) ListValidators(c echo.Context, p api.ListValidatorsParams) error {
	height := uint64(0)
	if p.Height != nil {
		if *p.Height < 1 {
			return fail(api.CodeBadParameter, "height: heights begin at 1")
		}
		height = uint64(*p.Height)
	}
	v, err := s.backend.Validators(c.Request().Context(), height)
	if errors.Is(err, ErrNotFound) {
		return s.noBlock(height)
	}
	if err != nil {
		return err
	}
	out := api.Validators{
		Height: v.Height, SetHash: v.SetHash, TotalStake: api.Units(v.TotalStake),
		Validators: make([]api.Validator, 0, len(v.Validators)),
	}
	for _, x := range v.Validators {
		out.Validators = append(out.Validators, api.Validator{
			Address: x.Address, Stake: api.Units(x.Stake), Share: share(x.Stake, v.TotalStake), Bonded: api.Units(x.Bonded),
			ConsensusKey: x.Keys.Consensus, VrfKey: x.Keys.VRF, PeerKey: x.Keys.Peer, PeerID: x.PeerID,
			Online: x.Online, Forged: x.Forged, Jailed: x.Jailed,
		})
	}
	return c.JSON(http.StatusOK, out)
}

// share is part of total in percent, cut after four decimals.
func share(part, total uint64) string {
	if total == 0 || part > total {
		return "0.0000"
	}
	hi, lo := bits.Mul64(part, 1_000_000)
	millionths, _ := bits.Div64(hi, lo, total) // part <= total: the quotient is at most a million
	return fmt.Sprintf("%d.%04d", millionths/10_000, millionths%10_000)
}

// ListStake is a page of bonds.
func (s *Server) ListStake(c echo.Context, p api.ListStakeParams) error {
	limit, err := pageSize(p.Limit, defaultPage, maxPage)
	if err != nil {
		return err
	}
	cursor := ""
	if p.Cursor != nil {
		cursor = *p.Cursor
	}
	page, err := s.backend.Bonds(c.Request().Context(), cursor, limit)
	if err != nil {
		return err
	}
	out := api.StakePage{Height: page.Height, TotalBonded: api.Units(page.Total), Bonds: make([]api.Bond, 0, len(page.Bonds))}
	for _, b := range page.Bonds {
		out.Bonds = append(out.Bonds, api.Bond{Staker: b.Staker, Validator: b.Validator, Amount: api.Units(b.Amount)})
	}
	if page.Next != "" {
		out.Next = &page.Next
	}
	return c.JSON(http.StatusOK, out)
}
