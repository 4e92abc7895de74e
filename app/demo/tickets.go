package demo

import "sort"

// ticket is a row of support_tickets.
type ticket struct {
	opened, closed  int64 // seconds since the first day's midnight; closed is -1 while open
	customer        *customer
	order           int // index of the order, -1 for none
	topic, priority string
	satisfaction    int64 // 0 where nobody answered
}

var (
	topics      = []string{"delivery", "product quality", "returns", "payment", "advice"}
	topicShares = map[string][]int64{"online": {430, 200, 160, 90, 120}, "store": {0, 330, 330, 90, 250}}
	priorities  = []string{"low", "normal", "high", "urgent"}
)

// complain writes the support tickets.
func (c *company) complain(d *dice) {
	for i := range c.orders {
		o := &c.orders[i]
		online := o.shop.channel == "online"
		switch {
		case o.spoiled:
			c.open(d, o.customer, i, o.at+d.between(3, 16)*86400, "product quality", true)
		case o.doubled:
			if d.chance(620) {
				c.open(d, o.customer, i, o.at+d.between(0, 3)*86400, "payment", false)
			}
		case o.status == "refunded" && d.chance(300):
			c.open(d, o.customer, i, o.at+d.between(2, 14)*86400, "returns", false)
		case d.chance(either(online, mille(76), 18)):
			topic := topics[d.pick(topicShares[o.shop.channel])]
			c.open(d, o.customer, i, o.at+d.between(0, 11)*86400, topic, false)
		}
	}
	for at := day(0); at <= lastDay; at++ {
		for range d.arrivals(900) {
			who := c.customers[d.below(int64(len(c.customers)))]
			if who.signup <= at && who.leaves > at {
				topic := []string{"account", "advice", "delivery"}[d.pick([]int64{500, 380, 120})]
				c.open(d, who, -1, at*86400, topic, false)
			}
		}
	}
	sort.SliceStable(c.tickets, func(i, j int) bool { return c.tickets[i].opened < c.tickets[j].opened })
}

// open adds a ticket some time in the waking hours after a second of the calendar, unless the story ends before.
func (c *company) open(d *dice, who *customer, index int, after int64, topic string, spoiled bool) {
	opened := after/86400*86400 + d.between(6*3600, 20*3600-1)
	if opened <= after {
		opened = after + d.between(600, 7200)
	}
	end := (lastDay + 1) * 86400
	if opened >= end {
		return
	}
	t := ticket{opened: opened, closed: -1, customer: who, order: index, topic: topic}
	t.priority = priorities[d.pick(either(spoiled, []int64{20, 380, 430, 170}, []int64{190, 610, 160, 40}))]
	within := map[string][2]int64{"low": {12, 160}, "normal": {6, 90}, "high": {2, 48}, "urgent": {1, 20}}[t.priority]
	wait := d.between(within[0]*3600, within[1]*3600)
	if spoiled {
		wait *= 2
	}
	if opened+wait < end && !d.chance(4) {
		t.closed = opened + wait
		if d.chance(560) {
			t.satisfaction = 1 + int64(d.pick(mood(topic, spoiled)))
		}
	}
	c.tickets = append(c.tickets, t)
}

// mood returns the weights of the marks from 1 to 5.
func mood(topic string, spoiled bool) []int64 {
	switch {
	case spoiled:
		return []int64{360, 290, 200, 110, 40}
	case topic == "advice" || topic == "account":
		return []int64{20, 40, 120, 380, 440}
	case topic == "product quality":
		return []int64{90, 140, 240, 330, 200}
	}
	return []int64{60, 90, 190, 380, 280}
}
