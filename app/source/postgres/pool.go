package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// idleLimit is how long an unused connection is kept.
	idleLimit = 5 * time.Minute
	// doubtAfter is how long a connection may lie idle before it is checked on reuse.
	doubtAfter = 10 * time.Second
	// cancelAgain is how long a cancelled statement is given to end before it is cancelled once more.
	cancelAgain = 150 * time.Millisecond
)

// pool keeps at most a number of connections, those unused among them for reuse.
type pool struct {
	slots chan struct{}

	mu      sync.Mutex
	idle    []idleConn // the most recently used last
	closed  bool
	reaping *time.Timer
}

type idleConn struct {
	conn  *pgconn.PgConn
	since time.Time
}

func newPool(size int) *pool { return &pool{slots: make(chan struct{}, size)} }

// enter waits for the right to hold one more connection.
func (p *pool) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave gives that right back.
func (p *pool) leave() { <-p.slots }

// take returns an idle connection that seems alive, or nil.
func (p *pool) take() *pgconn.PgConn {
	for {
		p.mu.Lock()
		if len(p.idle) == 0 {
			p.mu.Unlock()
			return nil
		}
		last := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		p.mu.Unlock()
		if last.conn.IsClosed() {
			continue
		}
		//lint:ignore SA1019 Ping would cost a round trip before every question; a connection that broke unseen fails on use and is replaced
		if time.Since(last.since) > doubtAfter && last.conn.CheckConn() != nil {
			closeSoon(last.conn)
			continue
		}
		return last.conn
	}
}

// put keeps a connection for reuse and gives up the right to hold it.
func (p *pool) put(c *pgconn.PgConn) {
	defer p.leave()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		closeSoon(c)
		return
	}
	p.idle = append(p.idle, idleConn{c, time.Now()})
	if p.reaping == nil {
		p.reaping = time.AfterFunc(idleLimit, p.reap)
	}
}

// drop ends a connection and gives up the right to hold it once it is gone.
func (p *pool) drop(c *pgconn.PgConn) {
	go func() {
		defer p.leave()
		if c.IsClosed() {
			cancelUntilGone(c)
			return
		}
		closeNow(c)
	}()
}

// cancelUntilGone repeats the request to cancel until the server has ended a
// broken-off connection: one that arrives while the server compiles the
// statement (its JIT handles the signal itself) is lost.
func cancelUntilGone(c *pgconn.PgConn) {
	again := time.NewTicker(cancelAgain)
	defer again.Stop()
	for {
		select {
		case <-c.CleanupDone():
			return
		case <-again.C:
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			c.CancelRequest(ctx) // nothing to be done about an error but trying again
			cancel()
		}
	}
}

// reap closes what has been idle for long.
func (p *pool) reap() {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := 0
	for old < len(p.idle) && time.Since(p.idle[old].since) >= idleLimit {
		closeSoon(p.idle[old].conn)
		old++
	}
	p.idle = append(p.idle[:0], p.idle[old:]...)
	p.reaping = nil
	if len(p.idle) > 0 && !p.closed {
		p.reaping = time.AfterFunc(idleLimit/2, p.reap)
	}
}

// close ends the idle connections, and waits a moment for those in use.
func (p *pool) close(wait time.Duration) {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	if p.reaping != nil {
		p.reaping.Stop()
		p.reaping = nil
	}
	p.mu.Unlock()
	for _, c := range idle {
		closeNow(c.conn)
	}
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	for range cap(p.slots) {
		select {
		case p.slots <- struct{}{}:
		case <-timeout.C:
			return
		}
	}
}

func closeSoon(c *pgconn.PgConn) { go closeNow(c) }

func closeNow(c *pgconn.PgConn) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	c.Close(ctx)
}
