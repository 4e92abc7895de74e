package demo

import "encoding/json"

// Question is a saved question of the sample company.
type Question struct {
	Name, Description, Folder string
	// SQL is one SELECT in SQLite's dialect; it is always given.
	SQL string
	// Spec, where clicking suffices to ask the same, is the builder's question
	// in the shape of the public contract, else nil. It gives the rows of SQL.
	Spec json.RawMessage
	// Chart is the kind of chart that suits the answer.
	Chart string
	// Unit names the units of the answer's columns, as chart.Settings has them.
	Unit map[string]string
}

// Questions returns the saved questions, the first page's in its order.
func Questions() []Question {
	return []Question{
		{
			Name:        "Revenue by month",
			Description: "Value of all lines of orders that were neither refunded nor cancelled, in euro.",
			Folder:      "Sales", Chart: "area", Unit: map[string]string{"revenue": "EUR"},
			SQL: `SELECT substr(orders.ordered_at, 1, 7) || '-01' AS month, sum(order_lines.line_total) AS revenue
FROM order_lines
JOIN orders ON order_lines.order_id = orders.id
WHERE orders.status NOT IN ('refunded', 'cancelled')
GROUP BY 1
ORDER BY 1`,
			Spec: json.RawMessage(`{
  "table": "order_lines",
  "joins": [
    {"table": "orders", "on": [["order_lines.order_id", "orders.id"]]},
    {"table": "products", "on": [["order_lines.product_id", "products.id"]]},
    {"table": "customers", "on": [["orders.customer_id", "customers.id"]]}
  ],
  "measures": [{"fn": "sum", "column": "order_lines.line_total", "as": "revenue"}],
  "dimensions": [{"column": "orders.ordered_at", "grain": "month", "as": "month"}],
  "filters": {"and": [{"column": "orders.status", "op": "not_in", "value": ["refunded", "cancelled"]}]},
  "order": [{"by": "month", "desc": false}]
}`),
		},
		{
			Name:        "Average order value",
			Description: "Mean value of an order of the last twelve months without shipping, in euro, refunded and cancelled orders left out.",
			Folder:      "Sales", Chart: "number", Unit: map[string]string{"average_order_value": "EUR"},
			SQL: `SELECT round(sum(l.line_total) / count(DISTINCT o.id), 2) AS average_order_value
FROM orders o
JOIN order_lines l ON l.order_id = o.id
WHERE o.status NOT IN ('refunded', 'cancelled') AND o.ordered_at >= '2025-10-01' AND o.ordered_at < '2026-10-01'`,
		},
		{
			Name:        "Revenue by category and quarter",
			Description: "Which categories carry the revenue, and how the last quarter of a year differs; in euro.",
			Folder:      "Sales", Chart: "stacked", Unit: map[string]string{"revenue": "EUR"},
			SQL: `SELECT substr(orders.ordered_at, 1, 4) || CASE
         WHEN substr(orders.ordered_at, 6, 2) < '04' THEN '-01-01' WHEN substr(orders.ordered_at, 6, 2) < '07' THEN '-04-01'
         WHEN substr(orders.ordered_at, 6, 2) < '10' THEN '-07-01' ELSE '-10-01' END AS quarter,
       products.category AS category, sum(order_lines.line_total) AS revenue
FROM order_lines
JOIN orders ON order_lines.order_id = orders.id
JOIN products ON order_lines.product_id = products.id
WHERE orders.status NOT IN ('refunded', 'cancelled')
GROUP BY 1, 2
ORDER BY 1, 2`,
			Spec: json.RawMessage(`{
  "table": "order_lines",
  "joins": [
    {"table": "orders", "on": [["order_lines.order_id", "orders.id"]]},
    {"table": "products", "on": [["order_lines.product_id", "products.id"]]},
    {"table": "customers", "on": [["orders.customer_id", "customers.id"]]}
  ],
  "measures": [{"fn": "sum", "column": "order_lines.line_total", "as": "revenue"}],
  "dimensions": [
    {"column": "orders.ordered_at", "grain": "quarter", "as": "quarter"},
    {"column": "products.category", "as": "category"}
  ],
  "filters": {"and": [{"column": "orders.status", "op": "not_in", "value": ["refunded", "cancelled"]}]},
  "order": [{"by": "quarter", "desc": false}, {"by": "category", "desc": false}]
}`),
		},
		{
			Name:        "Orders by weekday and hour",
			Description: "When people order: stores by day and on Saturdays, web shops in the evening. Hours are UTC.",
			Folder:      "Sales", Chart: "heatmap",
			SQL: `SELECT CASE strftime('%w', ordered_at)
         WHEN '1' THEN 'Monday' WHEN '2' THEN 'Tuesday' WHEN '3' THEN 'Wednesday' WHEN '4' THEN 'Thursday'
         WHEN '5' THEN 'Friday' WHEN '6' THEN 'Saturday' ELSE 'Sunday' END AS weekday,
       CAST(strftime('%H', ordered_at) AS INTEGER) AS hour,
       count(*) AS orders
FROM orders
GROUP BY 1, 2
ORDER BY (strftime('%w', min(ordered_at)) + 6) % 7, 2`,
		},
		{
			Name:        "Margin by category",
			Description: "What is left of each euro of revenue after the cost of the goods, in per cent.",
			Folder:      "Products", Chart: "hbar", Unit: map[string]string{"margin_percent": "%"},
			SQL: `SELECT p.category AS category,
       round(100 * (1 - sum(l.quantity * p.unit_cost) / sum(l.line_total)), 1) AS margin_percent
FROM order_lines l
JOIN orders o ON o.id = l.order_id
JOIN products p ON p.id = l.product_id
WHERE o.status NOT IN ('refunded', 'cancelled')
GROUP BY 1
ORDER BY 2 DESC`,
		},
		{
			Name:        "Top products",
			Description: "The fifteen products with the most revenue over all three years, in euro.",
			Folder:      "Products", Chart: "hbar", Unit: map[string]string{"revenue": "EUR"},
			SQL: `SELECT products.name AS product, sum(order_lines.line_total) AS revenue
FROM order_lines
JOIN orders ON order_lines.order_id = orders.id
JOIN products ON order_lines.product_id = products.id
WHERE orders.status NOT IN ('refunded', 'cancelled')
GROUP BY 1
ORDER BY 2 DESC
LIMIT 15`,
			Spec: json.RawMessage(`{
  "table": "order_lines",
  "joins": [
    {"table": "orders", "on": [["order_lines.order_id", "orders.id"]]},
    {"table": "products", "on": [["order_lines.product_id", "products.id"]]},
    {"table": "customers", "on": [["orders.customer_id", "customers.id"]]}
  ],
  "measures": [
    {"fn": "sum", "column": "order_lines.line_total", "as": "revenue"}
  ],
  "dimensions": [{"column": "products.name", "as": "product"}],
  "filters": {"and": [{"column": "orders.status", "op": "not_in", "value": ["refunded", "cancelled"]}]},
  "order": [{"by": "revenue", "desc": true}],
  "limit": 15
}`),
		},
		{
			Name:        "Revenue by country",
			Description: "Where the customers live who bring the revenue, in euro.",
			Folder:      "Sales", Chart: "treemap", Unit: map[string]string{"revenue": "EUR"},
			SQL: `SELECT customers.country AS country, sum(order_lines.line_total) AS revenue
FROM order_lines
JOIN orders ON order_lines.order_id = orders.id
JOIN customers ON orders.customer_id = customers.id
WHERE orders.status NOT IN ('refunded', 'cancelled')
GROUP BY 1
ORDER BY 2 DESC`,
			Spec: json.RawMessage(`{
  "table": "order_lines",
  "joins": [
    {"table": "orders", "on": [["order_lines.order_id", "orders.id"]]},
    {"table": "products", "on": [["order_lines.product_id", "products.id"]]},
    {"table": "customers", "on": [["orders.customer_id", "customers.id"]]}
  ],
  "measures": [{"fn": "sum", "column": "order_lines.line_total", "as": "revenue"}],
  "dimensions": [{"column": "customers.country", "as": "country"}],
  "filters": {"and": [{"column": "orders.status", "op": "not_in", "value": ["refunded", "cancelled"]}]},
  "order": [{"by": "revenue", "desc": true}]
}`),
		},
		{
			Name:        "Refund rate by month",
			Description: "Refunded orders among all that were not cancelled, in per cent, by channel.",
			Folder:      "Service", Chart: "line", Unit: map[string]string{"refund_percent": "%"},
			SQL: `SELECT substr(o.ordered_at, 1, 7) || '-01' AS month, s.channel AS channel,
       round(100.0 * sum(o.status = 'refunded') / count(*), 2) AS refund_percent
FROM orders o
JOIN shops s ON s.id = o.shop_id
WHERE o.status <> 'cancelled'
GROUP BY 1, 2
ORDER BY 1, 2`,
		},
		{
			Name:        "Support tickets by topic",
			Description: "What people write about, month by month; a bad batch and a payment failure stand out.",
			Folder:      "Service", Chart: "stacked",
			SQL: `SELECT substr(support_tickets.opened_at, 1, 7) || '-01' AS month, support_tickets.topic AS topic, count(*) AS tickets
FROM support_tickets
GROUP BY 1, 2
ORDER BY 1, 2`,
			Spec: json.RawMessage(`{
  "table": "support_tickets",
  "measures": [{"fn": "count", "as": "tickets"}],
  "dimensions": [
    {"column": "opened_at", "grain": "month", "as": "month"},
    {"column": "topic", "as": "topic"}
  ],
  "order": [{"by": "month", "desc": false}, {"by": "topic", "desc": false}]
}`),
		},
		{
			Name:        "Customers by signup quarter",
			Description: "How many customers each quarter won, by segment.",
			Folder:      "Customers", Chart: "bar",
			SQL: `SELECT substr(customers.signup_date, 1, 4) || CASE
         WHEN substr(customers.signup_date, 6, 2) < '04' THEN '-01-01' WHEN substr(customers.signup_date, 6, 2) < '07' THEN '-04-01'
         WHEN substr(customers.signup_date, 6, 2) < '10' THEN '-07-01' ELSE '-10-01' END AS quarter,
       customers.segment AS segment, count(*) AS customers
FROM customers
WHERE customers.signup_date >= '2023-10-01'
GROUP BY 1, 2
ORDER BY 1, 2`,
			Spec: json.RawMessage(`{
  "table": "customers",
  "measures": [{"fn": "count", "as": "customers"}],
  "dimensions": [
    {"column": "signup_date", "grain": "quarter", "as": "quarter"},
    {"column": "segment", "as": "segment"}
  ],
  "filters": {"and": [{"column": "signup_date", "op": "gte", "value": "2023-10-01"}]},
  "order": [{"by": "quarter", "desc": false}, {"by": "segment", "desc": false}]
}`),
		},
		{
			Name:        "New and returning customers",
			Description: "Orders by month, split into the first order of those who signed up since October 2023 and all others.",
			Folder:      "Customers", Chart: "stacked",
			SQL: `SELECT substr(ordered_at, 1, 7) || '-01' AS month,
       CASE WHEN id IN (
         SELECT min(o.id)
         FROM orders o JOIN customers c ON c.id = o.customer_id
         WHERE c.signup_date >= '2023-10-01'
         GROUP BY o.customer_id
       ) THEN 'new' ELSE 'returning' END AS customer,
       count(*) AS orders
FROM orders
GROUP BY 1, 2
ORDER BY 1, 2`,
		},
		{
			Name:        "From order to kept delivery",
			Description: "Web orders of the last quarter: how many were placed, went on, were sent, arrived and stayed.",
			Folder:      "Service", Chart: "funnel", Unit: map[string]string{"orders": "orders"},
			SQL: `WITH o AS (
  SELECT orders.status AS status
  FROM orders JOIN shops ON shops.id = orders.shop_id
  WHERE shops.channel = 'online' AND orders.ordered_at >= '2026-07-01' AND orders.ordered_at < '2026-10-01'
)
SELECT 'Placed' AS stage, count(*) AS orders FROM o
UNION ALL SELECT 'Not cancelled', count(*) FROM o WHERE status <> 'cancelled'
UNION ALL SELECT 'Shipped', count(*) FROM o WHERE status IN ('shipped', 'delivered', 'refunded')
UNION ALL SELECT 'Delivered', count(*) FROM o WHERE status IN ('delivered', 'refunded')
UNION ALL SELECT 'Kept', count(*) FROM o WHERE status = 'delivered'`,
		},
		{
			Name:        "Orders by month",
			Description: "Orders that were neither refunded nor cancelled.",
			Folder:      "Sales", Chart: "bar",
			SQL: `SELECT substr(orders.ordered_at, 1, 7) || '-01' AS month, count(*) AS orders
FROM orders
JOIN customers ON orders.customer_id = customers.id
WHERE orders.status NOT IN ('refunded', 'cancelled')
GROUP BY 1
ORDER BY 1`,
			Spec: json.RawMessage(`{
  "table": "orders",
  "joins": [{"table": "customers", "on": [["orders.customer_id", "customers.id"]]}],
  "measures": [{"fn": "count", "as": "orders"}],
  "dimensions": [{"column": "orders.ordered_at", "grain": "month", "as": "month"}],
  "filters": {"and": [{"column": "orders.status", "op": "not_in", "value": ["refunded", "cancelled"]}]},
  "order": [{"by": "month", "desc": false}]
}`),
		},
		{
			Name:        "Best months",
			Description: "The twelve months with the most revenue, in euro.",
			Folder:      "Sales", Chart: "table", Unit: map[string]string{"revenue": "EUR"},
			SQL: `SELECT substr(o.ordered_at, 1, 7) || '-01' AS month, sum(l.line_total) AS revenue
FROM order_lines l
JOIN orders o ON o.id = l.order_id
WHERE o.status NOT IN ('refunded', 'cancelled')
GROUP BY 1
ORDER BY 2 DESC
LIMIT 12`,
			Spec: json.RawMessage(`{
  "table": "order_lines",
  "joins": [{"table": "orders", "on": [["order_lines.order_id", "orders.id"]]}],
  "measures": [{"fn": "sum", "column": "order_lines.line_total", "as": "revenue"}],
  "dimensions": [{"column": "orders.ordered_at", "grain": "month", "as": "month"}],
  "filters": {"and": [{"column": "orders.status", "op": "not_in", "value": ["refunded", "cancelled"]}]},
  "order": [{"by": "revenue", "desc": true}],
  "limit": 12
}`),
		},
		{
			Name:        "Refund rate",
			Description: "Refunded orders of the last twelve months among all that were not cancelled, in per cent, and of the twelve months before.",
			Folder:      "Service", Chart: "number", Unit: map[string]string{"refund rate": "%", "year before": "%"},
			SQL: `SELECT round(100.0 * sum(status = 'refunded' AND ordered_at >= '2025-10-01') / sum(ordered_at >= '2025-10-01'), 2) AS "refund rate",
       round(100.0 * sum(status = 'refunded' AND ordered_at < '2025-10-01') / sum(ordered_at < '2025-10-01'), 2) AS "year before"
FROM orders
WHERE status <> 'cancelled' AND ordered_at >= '2024-10-01' AND ordered_at < '2026-10-01'`,
		},
	}
}
