package demo

import (
	"context"
	"sort"
)

// company is everything that goes into the database.
type company struct {
	products  []*product
	customers []*customer
	orders    []order
	lines     []orderLine
	tickets   []ticket
}

// order is a row of orders; its lines are company.lines[from:to].
type order struct {
	at               int64 // seconds since the first day's midnight
	customer         *customer
	shop             *shop
	status, payment  string
	shipping         int64
	code             string
	from, to         int
	doubled, spoiled bool
}

// orderLine is a row of order_lines; discount is in per cent, amounts in cents.
type orderLine struct {
	product                  *product
	quantity, price, percent int64
	total                    int64
}

// cell is a shop and the country of those who buy there.
type cell struct {
	shop    *shop
	country string
	busy    int64 // orders on an ordinary day, in thousandths
	people  []*customer
	sums    []int64
	known   int // how many of people have signed up so far
	waiting []*customer
}

// cells lists every shop with each country it serves.
func cells() []cell {
	var all []cell
	for i := range shops {
		s := &shops[i]
		if s.channel == "store" {
			all = append(all, cell{shop: s, country: s.country, busy: s.busy})
			continue
		}
		for _, p := range places {
			if p.web == s.id {
				all = append(all, cell{shop: s, country: p.country, busy: times(webBusy, p.share)})
			}
		}
	}
	return all
}

// open reports whether the cell's shop exists on a day, whatever its hours.
func (c *cell) open(d day) bool {
	return d >= dayOf(c.shop.opened) && (c.shop.closed == "" || d <= dayOf(c.shop.closed))
}

// firstCell draws where a new customer orders first: in the own city's store or on the web.
func firstCell(d *dice, cells []cell, c *customer) int {
	web := 0
	for i := range cells {
		at := &cells[i]
		if at.country != c.country {
			continue
		}
		if at.shop.channel == "online" {
			web = i
		} else if at.shop.city == c.city && at.open(c.signup) && d.chance(480) {
			return i
		}
	}
	return web
}

// settleIn gives every cell its people, nearby ones with more weight in a store.
func settleIn(cells []cell, people []*customer) {
	for i := range cells {
		c := &cells[i]
		var sum int64
		for _, p := range people {
			if p.country != c.country {
				continue
			}
			weight := p.weight
			if c.shop.channel == "store" && p.city != c.shop.city {
				weight /= 12
			}
			sum += weight + 1
			c.people = append(c.people, p)
			c.sums = append(c.sums, sum)
		}
	}
}

// trade lives through the three years and returns what happened.
func trade(ctx context.Context) (*company, error) {
	all := cells()
	c := &company{products: products(), customers: customers(all)}
	settleIn(all, c.customers)
	d := newDice(3)
	next := oldCustomers
	for at := day(0); at <= lastDay; at++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for ; next < len(c.customers) && c.customers[next].signup <= at; next++ {
			first := &all[c.customers[next].first]
			first.waiting = append(first.waiting, c.customers[next])
		}
		start := len(c.orders)
		weights := usual(c.products, at)
		for i := range all {
			c.sell(d, &all[i], at, weights)
		}
		today := c.orders[start:]
		sort.SliceStable(today, func(i, j int) bool { return today[i].at < today[j].at })
	}
	c.inOrder()
	c.complain(newDice(4))
	return c, nil
}

// inOrder lays the lines in the order of their orders.
func (c *company) inOrder() {
	lines := make([]orderLine, 0, len(c.lines))
	for i := range c.orders {
		o := &c.orders[i]
		from := len(lines)
		lines = append(lines, c.lines[o.from:o.to]...)
		o.from, o.to = from, len(lines)
	}
	c.lines = lines
}

// sell writes one cell's orders of one day, given what people usually want on it.
func (c *company) sell(d *dice, at *cell, today day, weights []int64) {
	t := timeOf(today)
	channel := at.shop.channel
	if !at.open(today) || channel == "store" && closedEverywhere(t) {
		return
	}
	for at.known < len(at.people) && at.people[at.known].signup <= today {
		at.known++
	}
	// An event changes what is wanted of some products; the number of orders
	// follows, so that all other products sell as they would have without it.
	sums := make([]int64, len(c.products))
	var plain, wanted int64
	for i, p := range c.products {
		plain += weights[i]
		wanted += times(weights[i], wish(p, at.country, channel, today))
		sums[i] = wanted
	}
	rate := times(at.busy, growth(channel, today), along(trading, t), weekdays[channel][t.Weekday()], rush(at.shop, today))
	for range d.arrivals(rate * wanted / plain) {
		who := at.buyer(d, today)
		if who == nil {
			continue
		}
		o := order{
			at:       today*86400 + int64(d.pick(hours[channel]))*3600 + d.below(3600),
			customer: who, shop: at.shop, from: len(c.lines),
		}
		percent := o.reduce(d, today)
		c.basket(d, &o, sums, percent, today)
		o.finish(d, c.lines[o.from:], today)
		o.to = len(c.lines)
		who.ordered = true
		c.orders = append(c.orders, o)
	}
}

// buyer draws who orders, or nil where the one drawn has left for good.
func (c *cell) buyer(d *dice, today day) *customer {
	if len(c.waiting) > 0 {
		who := c.waiting[0]
		c.waiting = c.waiting[1:]
		return who
	}
	if c.known == 0 {
		return nil
	}
	for {
		who := c.people[d.pickCumulated(c.sums[:c.known])]
		if who.leaves <= today {
			return nil
		}
		// Interest fades with the years, most in the first.
		if who.first >= 0 && !who.ordered {
			continue
		}
		if d.chance(max(330, 1000-(today-who.signup)*420/yearDays)) {
			return who
		}
	}
}

// reduce draws the discount code and returns what it takes off, in per cent.
func (o *order) reduce(d *dice, today day) int64 {
	for i := range campaigns {
		k := &campaigns[i]
		if k.code == "" || !campaignDays[i].has(today) || k.onlineOnly && o.shop.channel != "online" {
			continue
		}
		if d.chance(either(k.planted, mille(720), 160)) {
			o.code = k.code
			return k.discount
		}
	}
	if !o.customer.ordered && o.customer.first >= 0 && d.chance(380) {
		o.code = "WELCOME10"
		return 10
	}
	if (o.customer.segment == "gastronomy" || o.customer.segment == "office") && d.chance(450) {
		return 5
	}
	return 0
}

var basketSizes = map[string][]int64{
	"online": {500, 290, 130, 55, 20, 5},
	"store":  {150, 220, 235, 190, 125, 80},
}

// basket adds the lines of an order.
func (c *company) basket(d *dice, o *order, sums []int64, percent int64, today day) {
	size := 1 + d.pick(basketSizes[o.shop.channel])
	business := o.customer.segment == "office" || o.customer.segment == "gastronomy"
	if business {
		size++
	}
	for range size {
		p := c.products[d.pickCumulated(sums)]
		if has(c.lines[o.from:], p) {
			continue
		}
		l := orderLine{product: p, price: p.price(today), quantity: 1, percent: percent}
		switch p.line.several {
		case 1:
			l.quantity = 1 + int64(d.pick([]int64{640, 250, 80, 30}))
			if business {
				l.quantity += d.between(0, 3)
			}
		case 2:
			l.quantity = []int64{1, 2, 4, 6}[d.pick([]int64{420, 330, 150, 100})]
			if business {
				l.quantity += 2 * d.between(0, 4)
			}
		}
		if p.retired >= 0 && today > p.retired-45 {
			l.percent = 30
		}
		l.total = (l.quantity*l.price*(100-l.percent) + 50) / 100
		c.lines = append(c.lines, l)
	}
}

func has(lines []orderLine, p *product) bool {
	for i := range lines {
		if lines[i].product == p {
			return true
		}
	}
	return false
}

var payments = map[string]struct {
	names  []string
	shares []int64
}{
	"online": {[]string{"card", "wallet", "invoice", "bank transfer"}, []int64{470, 280, 170, 80}},
	"store":  {[]string{"card", "cash", "gift card"}, []int64{690, 260, 50}},
}

// finish draws how an order is paid and sent and what becomes of it.
func (o *order) finish(d *dice, lines []orderLine, today day) {
	ways := payments[o.shop.channel]
	o.payment = ways.names[d.pick(ways.shares)]
	online := o.shop.channel == "online"
	var sum int64
	for i := range lines {
		l := &lines[i]
		sum += l.total
		if l.product.line.supplier == batchFirm && l.product.line.subcategory == batchLine && batchSold.has(today) && d.chance(badShare) {
			o.spoiled = true
		}
	}
	if online && sum < 4900 {
		o.shipping = 495
	}
	o.doubled = online && o.payment == "card" && doubled.has(today) && d.chance(doubledShare)
	age := lastDay - today
	switch {
	case online && d.chance(17):
		o.status, o.doubled, o.spoiled = "cancelled", false, false
	case o.doubled, o.spoiled && d.chance(550), d.chance(either(online, mille(38), 14)):
		o.status = "refunded"
	case online && age < 2:
		o.status = "paid"
	case online && (age < 6 || d.chance(6)):
		o.status = "shipped"
	default:
		o.status = "delivered"
	}
}
