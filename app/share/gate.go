package share

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"assay/app/fault"
)

// Gate bounds what people without an account may ask of us: how often an address
// may be wrong about a link's address, how often a link and an address may look,
// and how many answers are made for them at once. It holds in this process.
type Gate struct {
	wrong, views, parts, links, linkParts *buckets

	mu    sync.Mutex
	known map[string]map[string]bool // wrong tokens by the network that tried them

	seats   chan struct{}
	byShare map[string]*seating
}

// seating is the seats that one link's visitors may take.
type seating struct {
	seats chan struct{}
	users int
}

// What the Gate lets through: so many at once, and one more after each pause.
const (
	wrongTokens, wrongPause = 20, 30 * time.Second
	viewsByOne, viewPause   = 300, 200 * time.Millisecond
	partsByOne, partPause   = 3000, 20 * time.Millisecond
	viewsOfLink, linkPause  = 1000, 50 * time.Millisecond
	partsOfLink, linkParts  = 10_000, 5 * time.Millisecond
	// allSeats is how many answers are made at once for all visitors, and
	// linkSeats for those of one link.
	allSeats, linkSeats = 12, 4
	// seatPatience is how long a visitor waits for a seat.
	seatPatience = 20 * time.Second
	// rememberedWrong is how many wrong tokens of one network are told apart.
	rememberedWrong = 64
)

// NewGate returns a gate that has seen nobody.
func NewGate() *Gate {
	return &Gate{wrong: newBuckets(wrongTokens, wrongPause), views: newBuckets(viewsByOne, viewPause), parts: newBuckets(partsByOne, partPause),
		links: newBuckets(viewsOfLink, linkPause), linkParts: newBuckets(partsOfLink, linkParts),
		known: map[string]map[string]bool{}, seats: make(chan struct{}, allSeats), byShare: map[string]*seating{}}
}

// network is what addresses are counted by: an IPv6 site has many of them.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap(); ip.Is6() {
		p, _ := ip.WithZone("").Prefix(64)
		return p.String()
	}
	return ip.String()
}

func errMany() error {
	return fault.New(fault.TooMany, "Too many tries from your network; wait a few minutes and try again")
}

// Admit returns a TooMany fault where an address was wrong too often of late. It
// is asked for a token that opens nothing: no number of wrong ones keeps a link
// from its readers, who behind a proxy all have one address.
func (g *Gate) Admit(address string) error {
	if !g.wrong.has(network(address)) {
		return errMany()
	}
	return nil
}

// Wrong notes that an address came with a token that opens nothing. The same
// wrong one again, as by a page that shows a link that has ended, is no guess.
func (g *Gate) Wrong(address, token string) {
	from := network(address)
	if len(token) > 2*tokenLength {
		token = token[:2*tokenLength]
	}
	g.mu.Lock()
	tried := g.known[from]
	again := tried[token]
	switch {
	case again:
	case tried == nil || len(tried) >= rememberedWrong:
		if len(g.known) >= mostBuckets {
			clear(g.known)
		}
		g.known[from] = map[string]bool{token: true}
	default:
		tried[token] = true
	}
	g.mu.Unlock()
	if !again {
		g.wrong.take(from)
	}
}

// Look returns a TooMany fault where an address, or everybody together, looked
// at a link too often of late. A part is a card or a drawing of a page.
func (g *Gate) Look(address, share string, part bool) error {
	one, all := g.views, g.links
	if part {
		one, all = g.parts, g.linkParts
	}
	if !one.take(network(address)) {
		return fault.New(fault.TooMany, "Too many pages were asked for from your network; wait a moment and try again")
	}
	if !all.take(share) {
		return fault.New(fault.TooMany, "This link is read by very many people now; wait a moment and try again")
	}
	return nil
}

// Seat waits for a place in which an answer is made for a link's visitor; leave
// gives it back. Visitors never have more places than a few, whatever their
// number, so that a database is left to those who work with it.
func (g *Gate) Seat(ctx context.Context, share string) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, seatPatience)
	defer cancel()
	g.mu.Lock()
	own := g.byShare[share]
	if own == nil {
		own = &seating{seats: make(chan struct{}, linkSeats)}
		g.byShare[share] = own
	}
	own.users++
	g.mu.Unlock()
	rise := func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if own.users--; own.users == 0 {
			delete(g.byShare, share)
		}
	}
	for _, seats := range []chan struct{}{own.seats, g.seats} {
		select {
		case seats <- struct{}{}:
			was := rise
			rise = func() { <-seats; was() }
		case <-ctx.Done():
			rise()
			return nil, fault.Because(fault.Unavailable, ctx.Err(), "Many people read shared pages now; try again in a moment")
		}
	}
	return sync.OnceFunc(rise), nil
}

// buckets count how often something happened by key: so many at once are let
// through, and one more after each pause.
type buckets struct {
	size  float64
	pause time.Duration
	now   func() time.Time

	mu     sync.Mutex
	levels map[string]level
}

type level struct {
	left float64
	at   time.Time
}

// mostBuckets bounds the keys that are remembered.
const mostBuckets = 50_000

func newBuckets(size float64, pause time.Duration) *buckets {
	return &buckets{size: size, pause: pause, now: time.Now, levels: map[string]level{}}
}

// left returns how many are left for a key.
func (b *buckets) left(key string, now time.Time) float64 {
	l, ok := b.levels[key]
	if !ok {
		return b.size
	}
	return min(b.size, l.left+float64(now.Sub(l.at))/float64(b.pause))
}

func (b *buckets) has(key string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.left(key, b.now()) >= 1
}

// take takes one for the key, false where none is left.
func (b *buckets) take(key string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	left := b.left(key, now)
	if left < 1 {
		return false
	}
	if _, known := b.levels[key]; !known && len(b.levels) >= mostBuckets {
		b.tidy(now)
	}
	b.levels[key] = level{left - 1, now}
	return true
}

// give gives one back.
func (b *buckets) give(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.levels[key] = level{min(b.size, b.left(key, now)+1), now}
}

// tidy forgets the keys that are as good as new, and all where none is: to let
// somebody try anew is better than to run out of memory.
func (b *buckets) tidy(now time.Time) {
	for key := range b.levels {
		if b.left(key, now) >= b.size {
			delete(b.levels, key)
		}
	}
	if len(b.levels) >= mostBuckets {
		clear(b.levels)
	}
}
