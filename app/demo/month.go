package demo

// MonthQuestions returns the saved questions of the monthly review. They are
// asked for a month, the last one of the data unless another is given.
func MonthQuestions() []Question {
	return []Question{
		{
			Name:        "Month at a glance",
			Description: "Revenue, orders and customers of a month, and how its revenue stands against the month before and the same month a year before, in per cent and in words.",
			Folder:      "Monthly review", Chart: "table",
			Unit: map[string]string{"revenue": "EUR", "average_order": "EUR", "against_month_before": "%", "against_year_before": "%"},
			SQL: `WITH months AS (
  SELECT substr(o.ordered_at, 1, 7) AS name, sum(l.line_total) AS revenue,
         count(DISTINCT o.id) AS orders, count(DISTINCT o.customer_id) AS customers
  FROM orders o
  JOIN order_lines l ON l.order_id = o.id
  WHERE o.status NOT IN ('refunded', 'cancelled')
  GROUP BY 1
)
SELECT this.name || '-01' AS month, this.revenue AS revenue,
       round(100.0 * (this.revenue / before.revenue - 1), 1) AS against_month_before,
       round(100.0 * (this.revenue / year.revenue - 1), 1) AS against_year_before,
       this.orders AS orders, this.customers AS customers, round(this.revenue / this.orders, 2) AS average_order,
       coalesce(printf('%.1f%% %s', abs(100.0 * (this.revenue / before.revenue - 1)), CASE WHEN this.revenue < before.revenue THEN 'less' ELSE 'more' END), 'unknown') AS on_month_before,
       coalesce(printf('%.1f%% %s', abs(100.0 * (this.revenue / year.revenue - 1)), CASE WHEN this.revenue < year.revenue THEN 'less' ELSE 'more' END), 'unknown') AS on_year_before
FROM months this
LEFT JOIN months before ON before.name = substr(date({{month:date=2026-09-01}}, '-1 month'), 1, 7)
LEFT JOIN months year ON year.name = substr(date({{month:date=2026-09-01}}, '-1 year'), 1, 7)
WHERE this.name = substr({{month:date=2026-09-01}}, 1, 7)`,
		},
		{
			Name:        "Categories of a month",
			Description: "Revenue by category, with the same month a year before and the change in per cent.",
			Folder:      "Monthly review", Chart: "table",
			Unit: map[string]string{"revenue": "EUR", "year before": "EUR", "change": "%"},
			SQL: `SELECT p.category AS category,
       sum(CASE WHEN substr(o.ordered_at, 1, 7) = substr({{month:date=2026-09-01}}, 1, 7) THEN l.line_total ELSE 0 END) AS revenue,
       sum(CASE WHEN substr(o.ordered_at, 1, 7) = substr({{month:date=2026-09-01}}, 1, 7) THEN 0 ELSE l.line_total END) AS "year before",
       round(100.0 * (sum(CASE WHEN substr(o.ordered_at, 1, 7) = substr({{month:date=2026-09-01}}, 1, 7) THEN l.line_total ELSE 0 END) /
         nullif(sum(CASE WHEN substr(o.ordered_at, 1, 7) = substr({{month:date=2026-09-01}}, 1, 7) THEN 0 ELSE l.line_total END), 0) - 1), 1) AS change
FROM order_lines l
JOIN orders o ON o.id = l.order_id
JOIN products p ON p.id = l.product_id
WHERE o.status NOT IN ('refunded', 'cancelled')
  AND substr(o.ordered_at, 1, 7) IN (substr({{month:date=2026-09-01}}, 1, 7), substr(date({{month:date=2026-09-01}}, '-1 year'), 1, 7))
GROUP BY 1
ORDER BY 2 DESC`,
		},
		{
			Name:        "Days of a month",
			Description: "Revenue by day of one month.",
			Folder:      "Monthly review", Chart: "bar", Unit: map[string]string{"revenue": "EUR"},
			SQL: `SELECT substr(o.ordered_at, 1, 10) AS day, sum(l.line_total) AS revenue
FROM order_lines l
JOIN orders o ON o.id = l.order_id
WHERE o.status NOT IN ('refunded', 'cancelled')
  AND substr(o.ordered_at, 1, 7) = substr({{month:date=2026-09-01}}, 1, 7)
GROUP BY 1
ORDER BY 1`,
		},
		{
			Name:        "Shops of a month",
			Description: "What each shop sold in a month, the largest first.",
			Folder:      "Monthly review", Chart: "hbar", Unit: map[string]string{"revenue": "EUR"},
			SQL: `SELECT s.name AS shop, sum(l.line_total) AS revenue
FROM order_lines l
JOIN orders o ON o.id = l.order_id
JOIN shops s ON s.id = o.shop_id
WHERE o.status NOT IN ('refunded', 'cancelled')
  AND substr(o.ordered_at, 1, 7) = substr({{month:date=2026-09-01}}, 1, 7)
GROUP BY 1
ORDER BY 2 DESC`,
		},
		{
			Name:        "Best sellers of a month",
			Description: "The ten products with the most revenue in a month.",
			Folder:      "Monthly review", Chart: "table", Unit: map[string]string{"revenue": "EUR"},
			SQL: `SELECT p.name AS product, p.category AS category, sum(l.quantity) AS pieces, sum(l.line_total) AS revenue
FROM order_lines l
JOIN orders o ON o.id = l.order_id
JOIN products p ON p.id = l.product_id
WHERE o.status NOT IN ('refunded', 'cancelled')
  AND substr(o.ordered_at, 1, 7) = substr({{month:date=2026-09-01}}, 1, 7)
GROUP BY 1, 2
ORDER BY 4 DESC, 1
LIMIT 10`,
		},
		{
			Name:        "Service of a month",
			Description: "Tickets opened in a month, the mean hours until they were closed, and the mean satisfaction from 1 to 5.",
			Folder:      "Monthly review", Chart: "table",
			SQL: `SELECT topic, count(*) AS tickets,
       round(avg((julianday(closed_at) - julianday(opened_at)) * 24), 1) AS "hours to close",
       round(avg(satisfaction), 2) AS satisfaction
FROM support_tickets
WHERE substr(opened_at, 1, 7) = substr({{month:date=2026-09-01}}, 1, 7)
GROUP BY 1
ORDER BY 2 DESC`,
		},
		{
			Name:        "Matcha before and after its price rise",
			Description: "Packs of matcha sold from 2 February to 30 September 2026, since all of it is dearer, and in the same months a year before.",
			Folder:      "Monthly review", Chart: "table", Unit: map[string]string{"change": "%"},
			SQL: `SELECT CASE c.country WHEN 'Germany' THEN 'Germany' ELSE 'Elsewhere' END AS market,
       sum(CASE WHEN o.ordered_at < '2026-01-01' THEN l.quantity ELSE 0 END) AS "packs a year before",
       sum(CASE WHEN o.ordered_at < '2026-01-01' THEN 0 ELSE l.quantity END) AS "packs since the rise",
       round(100.0 * (sum(CASE WHEN o.ordered_at < '2026-01-01' THEN 0.0 ELSE l.quantity END) /
         sum(CASE WHEN o.ordered_at < '2026-01-01' THEN l.quantity ELSE 0 END) - 1), 1) AS change
FROM order_lines l
JOIN orders o ON o.id = l.order_id
JOIN products p ON p.id = l.product_id
JOIN customers c ON c.id = o.customer_id
WHERE p.subcategory = 'Matcha' AND o.status NOT IN ('refunded', 'cancelled')
  AND (o.ordered_at >= '2025-02-02' AND o.ordered_at < '2025-10-01' OR o.ordered_at >= '2026-02-02' AND o.ordered_at < '2026-10-01')
GROUP BY 1
ORDER BY 1 DESC`,
		},
		{
			Name:        "Business customers by quarter",
			Description: "How many offices and how many customers in gastronomy ordered in each quarter.",
			Folder:      "Monthly review", Chart: "line",
			SQL: `SELECT substr(o.ordered_at, 1, 4) || CASE
         WHEN substr(o.ordered_at, 6, 2) < '04' THEN '-01-01' WHEN substr(o.ordered_at, 6, 2) < '07' THEN '-04-01'
         WHEN substr(o.ordered_at, 6, 2) < '10' THEN '-07-01' ELSE '-10-01' END AS quarter,
       count(DISTINCT CASE WHEN c.segment = 'office' THEN c.id END) AS office,
       count(DISTINCT CASE WHEN c.segment = 'gastronomy' THEN c.id END) AS gastronomy
FROM orders o
JOIN customers c ON c.id = o.customer_id
GROUP BY 1
ORDER BY 1`,
		},
		{
			Name:        "Average order by channel",
			Description: "Mean value of an order without shipping in the first year, to September 2024, and in the third, to September 2026, in euro; and each channel's share of all orders.",
			Folder:      "Monthly review", Chart: "table",
			Unit: map[string]string{"first year": "EUR", "third year": "EUR", "change": "%", "share of orders then": "%", "share of orders now": "%"},
			SQL: `WITH o AS (
  SELECT o.id AS id, CASE s.channel WHEN 'online' THEN 'Web shops' ELSE 'Stores' END AS channel,
         o.ordered_at >= '2025-10-01' AS late, sum(l.line_total) AS value
  FROM orders o
  JOIN order_lines l ON l.order_id = o.id
  JOIN shops s ON s.id = o.shop_id
  WHERE o.status NOT IN ('refunded', 'cancelled') AND (o.ordered_at < '2024-10-01' OR o.ordered_at >= '2025-10-01')
  GROUP BY 1, 2, 3
), v AS (
  SELECT channel, late, value FROM o
  UNION ALL SELECT 'All', late, value FROM o
)
SELECT channel, round(avg(CASE WHEN NOT late THEN value END), 2) AS "first year", round(avg(CASE WHEN late THEN value END), 2) AS "third year",
       round(100.0 * (avg(CASE WHEN late THEN value END) / avg(CASE WHEN NOT late THEN value END) - 1), 1) AS change,
       round(100.0 * sum(NOT late) / (SELECT sum(NOT late) FROM o), 1) AS "share of orders then",
       round(100.0 * sum(late) / (SELECT sum(late) FROM o), 1) AS "share of orders now"
FROM v
GROUP BY 1
ORDER BY channel = 'All', 1`,
		},
		{
			Name:        "Refunds of two incidents",
			Description: "What share of the orders that were hit was refunded, in per cent, and of the other orders of the same days.",
			Folder:      "Monthly review", Chart: "table", Unit: map[string]string{"refunded": "%", "others refunded": "%"},
			SQL: `WITH o AS (
  SELECT orders.ordered_at AS at, orders.status = 'refunded' AS back, shops.channel = 'online' AS web, orders.payment_method = 'card' AS card,
         orders.id IN (SELECT l.order_id FROM order_lines l JOIN products p ON p.id = l.product_id
                       WHERE p.subcategory = 'Kettles' AND p.supplier = 'Ferrum Vale') AS kettle
  FROM orders
  JOIN shops ON shops.id = orders.shop_id
  WHERE orders.status <> 'cancelled' AND orders.ordered_at >= '2025-10-01'
)
SELECT 'Faulty batch of kettles' AS incident, '6 October to 9 November 2025' AS period, 'Orders with a kettle' AS "orders hit",
       sum(kettle) AS orders, round(100.0 * sum(back AND kettle) / sum(kettle), 1) AS refunded,
       round(100.0 * sum(back AND NOT kettle) / sum(NOT kettle), 1) AS "others refunded"
FROM o WHERE at >= '2025-10-06' AND at < '2025-11-10'
UNION ALL
SELECT 'Cards charged twice', '13 to 18 April 2026', 'Web orders paid by card',
       sum(web AND card), round(100.0 * sum(back AND web AND card) / sum(web AND card), 1),
       round(100.0 * sum(back AND web AND NOT card) / sum(web AND NOT card), 1)
FROM o WHERE at >= '2026-04-13' AND at < '2026-04-19'`,
		},
	}
}
