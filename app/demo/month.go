package demo

// MonthQuestions returns the saved questions of the monthly review. They are
// asked for a month, the last one of the data unless another is given.
func MonthQuestions() []Question {
	return []Question{
		{
			Name:        "Month at a glance",
			Description: "Revenue, orders and customers of a month, and how its revenue stands against the month before and the same month a year before, in per cent.",
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
       this.orders AS orders, this.customers AS customers, round(this.revenue / this.orders, 2) AS average_order
FROM months this
LEFT JOIN months before ON before.name = substr(date({{month:date=2026-09-01}}, '-1 month'), 1, 7)
LEFT JOIN months year ON year.name = substr(date({{month:date=2026-09-01}}, '-1 year'), 1, 7)
WHERE this.name = substr({{month:date=2026-09-01}}, 1, 7)`,
		},
		{
			Name:        "Categories of a month",
			Description: "Revenue by category, with the same month a year before and the change in per cent.",
			Folder:      "Monthly review", Chart: "table",
			Unit: map[string]string{"revenue": "EUR", "a_year_before": "EUR", "change": "%"},
			SQL: `SELECT p.category AS category,
       sum(CASE WHEN substr(o.ordered_at, 1, 7) = substr({{month:date=2026-09-01}}, 1, 7) THEN l.line_total ELSE 0 END) AS revenue,
       sum(CASE WHEN substr(o.ordered_at, 1, 7) = substr({{month:date=2026-09-01}}, 1, 7) THEN 0 ELSE l.line_total END) AS a_year_before,
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
       round(avg((julianday(closed_at) - julianday(opened_at)) * 24), 1) AS hours_until_closed,
       round(avg(satisfaction), 2) AS satisfaction
FROM support_tickets
WHERE substr(opened_at, 1, 7) = substr({{month:date=2026-09-01}}, 1, 7)
GROUP BY 1
ORDER BY 2 DESC`,
		},
	}
}
