package demo

// Event is something that was planted in the sample company for a person, or
// an analysis, to find.
type Event struct {
	// Name identifies the event, in lower case with underscores; Title is for people.
	Name, Title string
	// Kind is one of price, outage, spike, opening, closure, incident, mix, churn, season, pattern.
	Kind string
	// From and To are its first and last day, as YYYY-MM-DD.
	From, To string
	// Tables lists the tables that must be read to see it.
	Tables []string
	// Where says what it happened to: the members, by column written table.column.
	Where map[string]string
	// Seen says what a person would see, and by how much.
	Seen string
	// SQL is a SELECT of one row with two numbers: effect is the ratio that shows
	// the event, control the same ratio where the event did not happen.
	SQL             string
	Effect, Control Range
}

// Range bounds a number on both sides, both included.
type Range struct{ Least, Most float64 }

// Has reports whether v lies in the range.
func (r Range) Has(v float64) bool { return r.Least <= v && v <= r.Most }

// Events returns the planted events in the order of their first day.
func Events() []Event {
	return []Event{
		{
			Name: "weekday_pattern", Title: "Stores live from Saturdays, web shops from Sundays and Mondays",
			Kind: "pattern", From: FirstDay, To: LastDay,
			Tables: []string{"orders", "shops"},
			Where:  map[string]string{"shops.channel": "store"},
			Seen:   "Stores take about 2.4 times as many orders on a Saturday as on a day from Tuesday to Thursday, and none on Sundays; web shops take about 0.85 times.",
			SQL: `
SELECT 3.0 * sum(s.channel = 'store' AND w = '6') / sum(s.channel = 'store' AND w IN ('2', '3', '4')) AS effect,
       3.0 * sum(s.channel = 'online' AND w = '6') / sum(s.channel = 'online' AND w IN ('2', '3', '4')) AS control
FROM (SELECT shop_id, strftime('%w', ordered_at) AS w FROM orders) o JOIN shops s ON s.id = o.shop_id`,
			Effect: Range{2.0, 2.6}, Control: Range{0.75, 0.95},
		},
		{
			Name: "channel_mix", Title: "Baskets grow in both channels, and the average order still shrinks",
			Kind: "mix", From: FirstDay, To: LastDay,
			Tables: []string{"orders", "order_lines", "shops"},
			Where:  map[string]string{"shops.channel": "online"},
			Seen:   "From the first to the third year the average order falls by about 5 %, although it rises by about 4 % in stores and on the web: the smaller web orders grow from 34 % to 53 % of all.",
			SQL: `
WITH o AS (
  SELECT o.id, s.channel, o.ordered_at >= '2025-10-01' AS late, sum(l.line_total) AS value
  FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN shops s ON s.id = o.shop_id
  WHERE o.ordered_at < '2024-10-01' OR o.ordered_at >= '2025-10-01'
  GROUP BY o.id
)
SELECT avg(value) FILTER (WHERE late) / avg(value) FILTER (WHERE NOT late) AS effect,
       min(avg(value) FILTER (WHERE late AND channel = 'online') / avg(value) FILTER (WHERE NOT late AND channel = 'online'),
           avg(value) FILTER (WHERE late AND channel = 'store') / avg(value) FILTER (WHERE NOT late AND channel = 'store')) AS control
FROM o`,
			Effect: Range{0.90, 0.97}, Control: Range{1.01, 1.10},
		},
		{
			Name: "december_peak", Title: "December is nearly two months in one",
			Kind: "season", From: "2023-12-01", To: "2025-12-31",
			Tables: []string{"orders"},
			Seen:   "December brings about 1.9 times the orders of an average other month, every year; March, an ordinary month, brings as many as the others.",
			SQL: `
WITH m AS (SELECT strftime('%m', ordered_at) AS month, count(*) / 3.0 AS n FROM orders GROUP BY 1)
SELECT (SELECT n FROM m WHERE month = '12') / avg(n) FILTER (WHERE month <> '12') AS effect,
       (SELECT n FROM m WHERE month = '03') / avg(n) FILTER (WHERE month NOT IN ('03', '12')) AS control
FROM m`,
			Effect: Range{1.7, 2.2}, Control: Range{0.85, 1.1},
		},
		{
			Name: "black_friday", Title: "Black Friday weekends triple web orders",
			Kind: "spike", From: "2023-11-24", To: "2025-12-01",
			Tables: []string{"orders", "shops", "campaigns"},
			Where:  map[string]string{"orders.discount_code": "FRIDAY20", "shops.channel": "online"},
			Seen:   "From Friday to Monday (24 to 27 November 2023, 29 November to 2 December 2024, 28 November to 1 December 2025) web shops take about 3 times the orders of the same days a week before, most of them with FRIDAY20; the stores gain about half as much again.",
			SQL: `
WITH o AS (
  SELECT s.channel, CASE
    WHEN date(o.ordered_at) BETWEEN '2023-11-24' AND '2023-11-27' OR date(o.ordered_at) BETWEEN '2024-11-29' AND '2024-12-02' OR date(o.ordered_at) BETWEEN '2025-11-28' AND '2025-12-01' THEN 'sale'
    WHEN date(o.ordered_at) BETWEEN '2023-11-17' AND '2023-11-20' OR date(o.ordered_at) BETWEEN '2024-11-22' AND '2024-11-25' OR date(o.ordered_at) BETWEEN '2025-11-21' AND '2025-11-24' THEN 'before'
  END AS period
  FROM orders o JOIN shops s ON s.id = o.shop_id
)
SELECT 1.0 * sum(channel = 'online' AND period = 'sale') / sum(channel = 'online' AND period = 'before') AS effect,
       1.0 * sum(channel = 'store' AND period = 'sale') / sum(channel = 'store' AND period = 'before') AS control
FROM o WHERE period IS NOT NULL`,
			Effect: Range{2.7, 3.8}, Control: Range{1.3, 1.9},
		},
		{
			Name: "lyon_opening", Title: "A store opens in Lyon",
			Kind: "opening", From: lyonOpening, To: LastDay,
			Tables: []string{"orders", "shops"},
			Where:  map[string]string{"shops.name": lyonShop},
			Seen:   "The first order of Lyon Quai des Arts is of 4 October 2024; until 20 October it is nearly twice as busy as in the five weeks after, and from then on it takes about two thirds of the orders of Paris.",
			SQL: `
SELECT (sum(s.name = 'Lyon Quai des Arts' AND o.ordered_at < '2024-10-21') / 15.0)
       / (sum(s.name = 'Lyon Quai des Arts' AND o.ordered_at >= '2024-10-21' AND o.ordered_at < '2024-11-25') / 30.0) AS effect,
       (sum(s.name = 'Paris Passage Verte' AND o.ordered_at < '2024-10-21') / 15.0)
       / (sum(s.name = 'Paris Passage Verte' AND o.ordered_at >= '2024-10-21' AND o.ordered_at < '2024-11-25') / 30.0) AS control
FROM orders o JOIN shops s ON s.id = o.shop_id WHERE o.ordered_at >= '2024-10-04' AND o.ordered_at < '2024-11-25'`,
			Effect: Range{1.4, 2.4}, Control: Range{0.75, 1.25},
		},
		{
			Name: "coffee_stockout", Title: "A week without the main coffee supplier",
			Kind: "outage", From: "2025-03-10", To: "2025-03-16",
			Tables: []string{"order_lines", "orders", "products"},
			Where:  map[string]string{"products.supplier": outageFirm, "products.category": "Coffee"},
			Seen:   "No line of Montevero Roasters is sold for a week, and coffee falls to about a quarter of the lines of the four weeks before; tea sells as ever.",
			SQL: `
SELECT sum(p.category = 'Coffee' AND o.ordered_at >= '2025-03-10') * 4.0 / sum(p.category = 'Coffee' AND o.ordered_at < '2025-03-10') AS effect,
       sum(p.category = 'Tea' AND o.ordered_at >= '2025-03-10') * 4.0 / sum(p.category = 'Tea' AND o.ordered_at < '2025-03-10') AS control
FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN products p ON p.id = l.product_id
WHERE o.ordered_at >= '2025-02-10' AND o.ordered_at < '2025-03-17'`,
			Effect: Range{0.18, 0.35}, Control: Range{0.85, 1.2},
		},
		{
			Name: "tasting_campaign", Title: "Spring tasting weeks lift tea on the web",
			Kind: "spike", From: tastingFrom, To: tastingTo,
			Tables: []string{"order_lines", "orders", "products", "shops", "campaigns"},
			Where:  map[string]string{"products.category": "Tea", "shops.channel": "online", "orders.discount_code": "TASTING15"},
			Seen:   "For two weeks web shops sell about 2.6 times the tea lines of the four weeks before, most at 15 % off; coffee beside it does not move.",
			SQL: `
SELECT sum(p.category = 'Tea' AND o.ordered_at >= '2025-05-05') * 2.0 / sum(p.category = 'Tea' AND o.ordered_at < '2025-05-05') AS effect,
       sum(p.category = 'Coffee' AND o.ordered_at >= '2025-05-05') * 2.0 / sum(p.category = 'Coffee' AND o.ordered_at < '2025-05-05') AS control
FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN products p ON p.id = l.product_id JOIN shops s ON s.id = o.shop_id
WHERE s.channel = 'online' AND o.ordered_at >= '2025-04-07' AND o.ordered_at < '2025-05-19'`,
			Effect: Range{2.2, 3.0}, Control: Range{0.85, 1.2},
		},
		{
			Name: "munich_refit", Title: "The Munich store closes for eight weeks",
			Kind: "closure", From: "2025-06-02", To: "2025-07-27",
			Tables: []string{"orders", "shops"},
			Where:  map[string]string{"shops.name": closedShop},
			Seen:   "Munich Gartentor takes no order from 2 June to 27 July 2025 and about a tenth more than a year earlier in the eight weeks after; Hamburg trades on.",
			SQL: `
SELECT 1.0 * sum(s.name = 'Munich Gartentor' AND o.ordered_at >= '2025-06-02') / sum(s.name = 'Munich Gartentor' AND o.ordered_at < '2025-06-02') AS effect,
       1.0 * sum(s.name = 'Hamburg Kornspeicher' AND o.ordered_at >= '2025-06-02') / sum(s.name = 'Hamburg Kornspeicher' AND o.ordered_at < '2025-06-02') AS control
FROM orders o JOIN shops s ON s.id = o.shop_id WHERE o.ordered_at >= '2025-04-07' AND o.ordered_at < '2025-07-28'`,
			Effect: Range{0, 0}, Control: Range{0.7, 1.2},
		},
		{
			Name: "office_churn", Title: "Office customers leave, a few every week",
			Kind: "churn", From: "2025-10-01", To: LastDay,
			Tables: []string{"orders", "customers"},
			Where:  map[string]string{"customers.segment": "office"},
			Seen:   "In the third quarter of 2026 only about 6 office customers order where 10 did a year before; the number in gastronomy grows.",
			SQL: `
WITH a AS (
  SELECT c.segment, o.ordered_at >= '2026-01-01' AS late, count(DISTINCT c.id) AS n
  FROM orders o JOIN customers c ON c.id = o.customer_id
  WHERE substr(o.ordered_at, 1, 7) IN ('2025-07', '2025-08', '2025-09', '2026-07', '2026-08', '2026-09')
  GROUP BY 1, 2
)
SELECT 1.0 * max(n) FILTER (WHERE segment = 'office' AND late) / max(n) FILTER (WHERE segment = 'office' AND NOT late) AS effect,
       1.0 * max(n) FILTER (WHERE segment = 'gastronomy' AND late) / max(n) FILTER (WHERE segment = 'gastronomy' AND NOT late) AS control
FROM a`,
			Effect: Range{0.5, 0.7}, Control: Range{0.9, 1.3},
		},
		{
			Name: "kettle_batch", Title: "A bad batch of kettles",
			Kind: "incident", From: "2025-10-06", To: "2025-11-23",
			Tables: []string{"support_tickets", "orders", "order_lines", "products"},
			Where:  map[string]string{"support_tickets.topic": "product quality", "products.subcategory": batchLine, "products.supplier": batchFirm},
			Seen:   "Kettles sold from 6 October to 9 November 2025 come back: tickets about product quality rise to more than 5 times the seven weeks before, the mean mark falls from 3.8 to 2.6, and more than a third of the orders with a kettle are refunded; tickets about delivery hardly move.",
			SQL: `
SELECT 1.0 * sum(topic = 'product quality' AND opened_at >= '2025-10-06') / sum(topic = 'product quality' AND opened_at < '2025-10-06') AS effect,
       1.0 * sum(topic = 'delivery' AND opened_at >= '2025-10-06') / sum(topic = 'delivery' AND opened_at < '2025-10-06') AS control
FROM support_tickets WHERE opened_at >= '2025-08-18' AND opened_at < '2025-11-24'`,
			Effect: Range{4, 8}, Control: Range{0.7, 1.5},
		},
		{
			Name: "matcha_price_rise", Title: "Matcha collapses in Germany after a price rise",
			Kind: "price", From: matchaFrom, To: LastDay,
			Tables: []string{"order_lines", "orders", "products", "customers"},
			Where:  map[string]string{"products.subcategory": matchaLine, "customers.country": matchaPlace},
			Seen:   "On 2 February 2026 all matcha becomes a good fifth dearer. In Germany the lines sold fall to little more than a third of the same months a year before, elsewhere they hold.",
			SQL: `
SELECT 1.0 * sum(c.country = 'Germany' AND o.ordered_at >= '2026-02-02') / sum(c.country = 'Germany' AND o.ordered_at < '2026-02-02') AS effect,
       1.0 * sum(c.country <> 'Germany' AND o.ordered_at >= '2026-02-02') / sum(c.country <> 'Germany' AND o.ordered_at < '2026-02-02') AS control
FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN products p ON p.id = l.product_id JOIN customers c ON c.id = o.customer_id
WHERE p.subcategory = 'Matcha' AND (o.ordered_at >= '2026-02-02' OR o.ordered_at >= '2025-02-02' AND o.ordered_at < '2025-10-01')`,
			Effect: Range{0.25, 0.42}, Control: Range{0.85, 1.15},
		},
		{
			Name: "double_charges", Title: "The card processor charges twice",
			Kind: "incident", From: "2026-04-13", To: "2026-04-18",
			Tables: []string{"orders", "shops", "support_tickets"},
			Where:  map[string]string{"orders.payment_method": "card", "shops.channel": "online"},
			Seen:   "Of the web orders paid by card in these six days about half are refunded, against 1 in 25 otherwise, and tickets about payment pile up; other ways to pay are not touched.",
			SQL: `
SELECT avg(o.status = 'refunded') FILTER (WHERE o.payment_method = 'card') AS effect,
       avg(o.status = 'refunded') FILTER (WHERE o.payment_method <> 'card') AS control
FROM orders o JOIN shops s ON s.id = o.shop_id
WHERE s.channel = 'online' AND o.ordered_at >= '2026-04-13' AND o.ordered_at < '2026-04-19'`,
			Effect: Range{0.4, 0.6}, Control: Range{0, 0.09},
		},
	}
}
