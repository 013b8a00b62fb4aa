package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"

	"github.com/labstack/echo/v4"

	"github.com/posnet/posnet/node/chain"
	"github.com/posnet/posnet/node/httpapi/api"
	"github.com/posnet/posnet/node/telemetry"
)

// apiError is an error that knows how it is served.
type apiError struct{ body api.ErrorBody }

func (e *apiError) Error() string { return e.body.Message }

func fail(code, message string) *apiError {
	return &apiError{api.ErrorBody{Code: code, Message: message}}
}

// with adds a detail for programs.
func (e *apiError) with(key string, value any) *apiError {
	if e.body.Details == nil {
		e.body.Details = map[string]any{}
	}
	e.body.Details[key] = value
	return e
}

// asAPIError gives any error its place in the one shape.
func asAPIError(err error) *apiError {
	var (
		known   *apiError
		refusal *chain.Refusal
		fromWeb *echo.HTTPError
		before  BeforeHistory
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &refusal):
		return fail(string(refusal.Code), refusal.Message)
	case errors.As(err, &before):
		return fail(api.CodePruned, before.Error()).with("firstHeight", before.First)
	case errors.Is(err, ErrPruned):
		return fail(api.CodePruned, "this node keeps only recent blocks; ask one that keeps more")
	case errors.Is(err, ErrBadCursor):
		return fail(api.CodeBadParameter, "cursor: pass the `next` of a page of this same list, or nothing")
	case errors.Is(err, ErrUnavailable):
		return fail(api.CodeUnavailable, err.Error())
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fail(api.CodeTimeout, "the node could not answer in time; ask again")
	case errors.As(err, &fromWeb):
		return webError(fromWeb)
	}
	return fail(api.CodeInternal, "the node failed to answer; its log says why under this request's X-Request-Id")
}

// boundName finds the parameter in what the generated routes say when they
// cannot read one; the rest of it speaks of Go.
var boundName = regexp.MustCompile(`^Invalid format for parameter ([A-Za-z_-]+):`)

func badParameter(text string) string {
	if m := boundName.FindStringSubmatch(text); m != nil {
		return m[1] + ": it cannot be read; the form it must have is at " + BasePath + "/docs/"
	}
	return text
}

// webError translates what Echo and the generated routes say.
func webError(e *echo.HTTPError) *apiError {
	text, _ := e.Message.(string)
	switch e.Code {
	case http.StatusBadRequest:
		return fail(api.CodeBadParameter, badParameter(text))
	case http.StatusNotFound:
		return fail(api.CodeNotFound, "there is no such path; the API is described at "+BasePath+"/docs/")
	case http.StatusMethodNotAllowed:
		return fail(api.CodeMethodNotAllowed, "this path does not take that method; the header Allow lists those it takes")
	case http.StatusRequestEntityTooLarge:
		return fail(api.CodeBodyTooLarge, "the request body is too large")
	}
	return fail(api.CodeInternal, text)
}

// stopping says that this node ends.
func stopping() *apiError {
	return fail(api.CodeShuttingDown, "this node is stopping; ask another, or this one again later")
}

// retryAfter is how many seconds a caller should wait, by code.
var retryAfter = map[string]string{
	api.CodeAwaitingGenesis: "1", api.CodeTooManyWaiters: "1", api.CodeRateLimited: "1",
	api.CodeUnavailable: "5", api.CodeShuttingDown: "5", string(chain.RefusedPoolFull): "1",
}

// writeError is the only place that answers with an error.
func (s *Server) writeError(err error, c echo.Context) {
	e := asAPIError(err)
	ctx := c.Request().Context()
	if e.body.Code == api.CodeInternal && s.closing.Err() != nil {
		e = stopping() // what the request needed is closed already
	}
	if e.body.Code == api.CodeInternal {
		s.opts.Logger.LogAttrs(ctx, slog.LevelError, "request failed", telemetry.Err(err))
	}
	if c.Response().Committed {
		return
	}
	if wait := retryAfter[e.body.Code]; wait != "" {
		c.Response().Header().Set("Retry-After", wait)
	}
	if err := c.JSON(api.StatusOf(e.body.Code), api.Error{Error: e.body}); err != nil {
		s.opts.Logger.LogAttrs(ctx, slog.LevelDebug, "error answer not written", telemetry.Err(err))
	}
}
