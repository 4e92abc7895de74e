package main

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/netutil"
)

// bounds are how much a listener takes on at once.
type bounds struct {
	// all is how many connections there may be; more wait to be accepted.
	all int
	// network is how many of them one public network may hold; more are closed.
	// Addresses of private networks are left out: a proxy that everybody comes
	// through has one of these.
	network int
	// stall is how long a client may leave an answer unread before its connection is closed.
	stall time.Duration
}

var usual = bounds{all: 4096, network: 512, stall: 25 * time.Second}

// bound returns the listener with bounds.
func bound(l net.Listener, b bounds) net.Listener {
	return &boundListener{Listener: netutil.LimitListener(l, b.all), bounds: b, held: map[netip.Prefix]int{}}
}

type boundListener struct {
	net.Listener
	bounds

	mu   sync.Mutex
	held map[netip.Prefix]int
}

func (l *boundListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		network := networkOf(c.RemoteAddr())
		if l.take(network) {
			return &boundConn{Conn: c, stall: l.stall, give: sync.OnceFunc(func() { l.give(network) })}, nil
		}
		c.Close()
	}
}

func (l *boundListener) take(network netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if network.IsValid() && l.held[network] >= l.network {
		return false
	}
	l.held[network]++
	return true
}

func (l *boundListener) give(network netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[network]--; l.held[network] == 0 {
		delete(l.held, network)
	}
}

// networkOf returns what one customer of a provider usually has, and the zero
// prefix for addresses that are not counted.
func networkOf(from net.Addr) netip.Prefix {
	at, ok := from.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := at.AddrPort().Addr().WithZone("").Unmap()
	if ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() {
		return netip.Prefix{}
	}
	bits := 24
	if ip.Is6() {
		bits = 56
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// boundConn gives each piece of an answer its time. A deadline for the whole
// answer would end long downloads, none at all would let a client that stops
// reading keep its question running in the database.
type boundConn struct {
	net.Conn
	stall time.Duration
	give  func()
}

func (c *boundConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.stall)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *boundConn) Close() error {
	c.give()
	return c.Conn.Close()
}

// rest is how long what is left of a body may take to arrive after its answer.
const rest = time.Second

// front stands before the pages and the API.
//
// HEAD on a page is answered as GET, without the body: the router knows only
// GET, and what the server has of the request still says HEAD, so that it keeps
// the body back. Calls of the API have methods of their own.
//
// The rest of a body that nobody wanted is read by the server, so that the
// connection can be used again; without a deadline somebody who lets it drip
// would hold the connection for good.
func front(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r
		if r.Method == http.MethodHead && !strings.HasPrefix(r.URL.Path, "/api/v") {
			copied := *r
			copied.Method = http.MethodGet
			asked = &copied
		}
		h.ServeHTTP(w, asked)
		if r.ContentLength != 0 {
			// A writer that takes no deadline has no connection to hold.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(rest))
		}
	})
}
