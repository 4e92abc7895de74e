package api

import (
	"container/list"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"assay/app/fault"
)

// Rate is how many calls there may be in a time; as many may come at once.
type Rate struct {
	Calls int
	Per   time.Duration
}

// Rates are the bounds of calls; a zero one is the usual.
type Rates struct {
	Person  Rate // of a person by whatever token: 600 a minute
	Network Rate // of those of one network without a valid token: 60 a minute
}

var usualRates = Rates{Person: Rate{600, time.Minute}, Network: Rate{60, time.Minute}}

// mostBuckets bounds how many people or networks are counted at once; beyond it
// those that called the longest ago are forgotten.
const mostBuckets = 10_000

// meter counts calls by key: each has a bucket of tokens that fills by and by.
type meter struct {
	name string
	rate Rate
	most int
	now  func() time.Time

	mu      sync.Mutex
	buckets map[string]*list.Element
	order   *list.List // of *bucket, the last used first
}

type bucket struct {
	key string
	*rate.Limiter
}

func newMeter(name string, given, usual Rate) *meter {
	if given.Calls <= 0 || given.Per <= 0 {
		given = usual
	}
	return &meter{name: name, rate: given, most: mostBuckets, now: time.Now, buckets: map[string]*list.Element{}, order: list.New()}
}

// quota is how a key stands after a call.
type quota struct {
	meter *meter
	left  int
	full  time.Duration // until all calls are there again
	wait  time.Duration // until the next call; 0 where this one was within the rate
}

// spend counts calls of the key: one, or none where only what is left is to be told.
func (m *meter) spend(key string, calls int) quota {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	at, ok := m.buckets[key]
	if ok {
		m.order.MoveToFront(at)
	} else {
		if m.order.Len() >= m.most {
			oldest := m.order.Back()
			delete(m.buckets, oldest.Value.(*bucket).key)
			m.order.Remove(oldest)
		}
		at = m.order.PushFront(&bucket{key, rate.NewLimiter(rate.Limit(float64(m.rate.Calls)/m.rate.Per.Seconds()), m.rate.Calls)})
		m.buckets[key] = at
	}
	b := at.Value.(*bucket)
	q := quota{meter: m}
	within := b.AllowN(now, calls)
	tokens := max(b.TokensAt(now), 0)
	each := m.rate.Per.Seconds() / float64(m.rate.Calls)
	q.left = int(tokens)
	q.full = seconds((float64(m.rate.Calls) - tokens) * each)
	if !within {
		q.wait = max(seconds((1-tokens)*each), time.Millisecond)
	}
	return q
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// whole returns a time in whole seconds, upwards.
func whole(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// tell puts how the caller stands into the headers of the IETF's draft on rate limits.
func (q quota) tell(h http.Header) {
	name := strconv.Quote(q.meter.name)
	h.Set("RateLimit-Policy", name+";q="+strconv.Itoa(q.meter.rate.Calls)+";w="+strconv.Itoa(max(whole(q.meter.rate.Per), 1)))
	h.Set("RateLimit", name+";r="+strconv.Itoa(q.left)+";t="+strconv.Itoa(whole(q.full)))
}

// err returns the refusal of a call beyond the rate, and nil for one within it.
func (q quota) err() error {
	if q.wait == 0 {
		return nil
	}
	return &slow{fault.New(fault.TooMany, "More than %d calls in %s; wait as long as Retry-After says", q.meter.rate.Calls, q.meter.rate.Per), q.wait}
}

// network returns the network that an address belongs to: what one customer of a
// provider usually has.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	bits := 24
	if ip.Is6() {
		bits = 56
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return address
	}
	return p.String()
}
