package httpapi

import "time"

// Limits bounds what strangers may ask for. A zero field takes its default;
// the defaults suit one node behind no proxy.
type Limits struct {
	// Body is the most bytes of a request body. Default 64 KiB, far above the
	// largest transaction.
	Body int64
	// Batch is the most bytes of a batch of transactions. Default 4 MiB, some 20 000 transfers.
	Batch int64
	// Batches is how many batches may be in work at once, from before their bodies are read until they are answered; the
	// next is told to come back. Each takes up to four times Batch in memory. Default 8.
	Batches int
	// BatchTime is how long the body of a batch may take to arrive. Default 10 s.
	BatchTime time.Duration
	// RawBlocks is how many whole blocks may be on their way to clients at once, up to 8 MiB in memory each;
	// the next is told to come back. Default 16.
	RawBlocks int
	// Wait is the longest `wait=final`. Default and maximum 60 s.
	Wait time.Duration
	// Waiters is how many requests may wait at once; the next is told to come
	// back. Each costs a goroutine and a connection. Default 1024.
	Waiters int
	// Request is how long a request that does not wait may take. Default 15 s.
	Request time.Duration
	// Rate is how many requests a second one client address may make in the
	// long run, Burst how many at once. Behind a proxy all clients share its
	// address. A batch counts for one more for each 8 KiB of its body or each 32
	// transactions, whichever is more, and for each wrong signature in it.
	// Default 2000 and 4000; a negative Rate turns the limit off.
	Rate  float64
	Burst int
	// Connections is how many may be open at once; the next waits in the
	// kernel's queue. Default 4096.
	Connections int
}

// Page sizes. They are part of the specification.
const (
	defaultPage    = 20
	maxPage        = 100
	defaultTxsPage = 100
	maxTxsPage     = 1000
)

const (
	maxWait     = 60 * time.Second
	defaultWait = 30 * time.Second
)

func (l Limits) withDefaults() Limits {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	if l.Body <= 0 {
		l.Body = 64 << 10
	}
	if l.Batch <= 0 {
		l.Batch = 4 << 20
	}
	if l.Wait <= 0 || l.Wait > maxWait {
		l.Wait = maxWait
	}
	if l.Request <= 0 {
		l.Request = 15 * time.Second
	}
	if l.Rate == 0 {
		l.Rate = 2000
	}
	if l.BatchTime <= 0 {
		l.BatchTime = 10 * time.Second
	}
	def(&l.Batches, 8)
	def(&l.RawBlocks, 16)
	def(&l.Waiters, 1024)
	def(&l.Burst, 4000)
	def(&l.Connections, 4096)
	return l
}
