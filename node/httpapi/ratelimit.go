package httpapi

import (
	"net/netip"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"github.com/posnet/posnet/node/httpapi/api"
)

// maxClients bounds the memory of the rate limit. Above it those idle longest
// are forgotten, which can only be to a client's advantage.
const maxClients = 8192

// clients holds a token bucket for each client address.
type clients struct {
	rate  rate.Limit
	burst int

	mu   sync.Mutex
	seen map[netip.Prefix]*client
}

type client struct {
	bucket *rate.Limiter
	last   time.Time
}

// allow takes n tokens of the client's bucket.
func (l *clients) allow(who netip.Prefix, now time.Time, n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.seen[who]
	if c == nil {
		if len(l.seen) >= maxClients {
			l.forget(now)
		}
		c = &client{bucket: rate.NewLimiter(l.rate, l.burst)}
		l.seen[who] = c
	}
	c.last = now
	return c.bucket.AllowN(now, n)
}

// charge takes n tokens, or all there can be, even if they are not there: whoever owes waits.
func (l *clients) charge(who netip.Prefix, now time.Time, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.seen[who]; c != nil {
		c.bucket.ReserveN(now, min(n, l.burst))
	}
}

// forget drops clients whose bucket is full again, and if all are busy, all.
func (l *clients) forget(now time.Time) {
	for who, c := range l.seen {
		if c.bucket.TokensAt(now) >= float64(l.burst) {
			delete(l.seen, who)
		}
	}
	if len(l.seen) >= maxClients {
		clear(l.seen)
	}
}

// limitRate refuses clients that ask too often.
func (s *Server) limitRate() echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if err := s.take(c, 1); err != nil {
				return err
			}
			return next(c)
		}
	}
}

// take counts n requests of whoever asks.
func (s *Server) take(c echo.Context, n int) error {
	if n > 0 && s.clients.rate > 0 && !s.clients.allow(clientOf(c.RealIP()), time.Now(), n) {
		return fail(api.CodeRateLimited, "too many requests from this address: slow down")
	}
	return nil
}

// charge counts n requests of whoever asked, after the fact.
func (s *Server) charge(c echo.Context, n int) {
	if n > 0 && s.clients.rate > 0 {
		s.clients.charge(clientOf(c.RealIP()), time.Now(), n)
	}
}

// clientOf is the address, or for IPv6 the /64 that one customer holds.
func clientOf(ip string) netip.Prefix {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return netip.Prefix{} // unix sockets and the like share one bucket
	}
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // bits fits both families
	return p
}
