package demo

// The planted events, as the generator meets them. Events tells the same story to a reader.
const (
	matchaLine   = "Matcha"
	matchaPlace  = "Germany"
	lostMatcha   = 300 // what is left of the wish for it there, in thousandths
	calmMatcha   = 960 // and elsewhere
	matchaFrom   = "2026-02-02"
	lyonShop     = "Lyon Quai des Arts"
	lyonOpening  = "2024-10-04"
	tastingName  = "Spring tasting weeks 2025"
	tastingFrom  = "2025-05-05"
	tastingTo    = "2025-05-18"
	closedShop   = "Munich Gartentor"
	outageFirm   = "Montevero Roasters"
	batchFirm    = "Ferrum Vale"
	batchLine    = "Kettles"
	doubledShare = 420 // of web orders paid by card while the payment provider fails, in thousandths
	badShare     = 620 // of faulty kettles that come back as a ticket

	tastingEffect = 2600
	officeLeavers = 760 // of a thousand office customers
)

var (
	matchaRise  = dayOf(matchaFrom)
	outage      = span("2025-03-10", "2025-03-16")
	refit       = span("2025-06-02", "2025-07-27")
	afterRefit  = span("2025-07-28", "2025-09-21")
	lyonStart   = span(lyonOpening, "2024-10-20")
	doubled     = span("2026-04-13", "2026-04-18")
	batchSold   = span("2025-10-06", "2025-11-09")
	officeFrom  = dayOf("2025-10-01")
	fridaySales = []days{span("2023-11-24", "2023-11-27"), span("2024-11-29", "2024-12-02"), span("2025-11-28", "2025-12-01")}
)

// campaignDays holds when each of campaigns runs.
var campaignDays = func() []days {
	all := make([]days, len(campaigns))
	for i, c := range campaigns {
		all[i] = span(c.from, c.to)
	}
	return all
}()

// days is a run of days, both ends included.
type days struct{ from, to day }

func span(from, to string) days { return days{dayOf(from), dayOf(to)} }

func (s days) has(d day) bool { return s.from <= d && d <= s.to }

// rush returns how many orders a shop gets on a day beside what is usual.
func rush(s *shop, d day) mille {
	for _, sale := range fridaySales {
		if sale.has(d) {
			if s.channel == "online" {
				return 2700
			}
			return 1350
		}
	}
	switch {
	case s.name == closedShop && refit.has(d):
		return 0
	case s.name == closedShop && afterRefit.has(d):
		return 1220
	case s.name == lyonShop && lyonStart.has(d):
		return 1900
	}
	return 1000
}

// wish returns how much a product is wanted in a country and channel on a day
// beside what is usual: 0 where it cannot be had.
func wish(p *product, country, channel string, d day) mille {
	factor := mille(1000)
	if p.line.supplier == outageFirm && outage.has(d) {
		return 0
	}
	if p.line.subcategory == matchaLine && d >= matchaRise {
		if country == matchaPlace {
			return lostMatcha
		}
		factor = calmMatcha
	}
	for i := range campaigns {
		c := &campaigns[i]
		if c.category == p.line.category && (!c.onlineOnly || channel == "online") && campaignDays[i].has(d) {
			factor = times(factor, c.effect)
		}
	}
	return factor
}

// usual returns the weights of the products on a day without any event: 0
// before a launch and after an end.
func usual(all []*product, d day) []int64 {
	season := map[string]mille{}
	for name, curve := range wishes {
		season[name] = along(curve, timeOf(d))
	}
	weights := make([]int64, len(all))
	for i, p := range all {
		if d >= p.launched && (p.retired < 0 || d <= p.retired) {
			weights[i] = times(p.weight, season[p.line.season])
		}
	}
	return weights
}
