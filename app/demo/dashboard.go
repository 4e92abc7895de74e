package demo

import "encoding/json"

// Dashboard is a saved dashboard of the sample company.
type Dashboard struct {
	Name, Description, Folder string
	// Body is the dashboard's, as package dashboard keeps it, with the names of
	// questions in place of their ids and no connection where values come from.
	Body json.RawMessage
}

// Dashboards returns the saved dashboards.
func Dashboards() []Dashboard {
	return []Dashboard{{
		Name:        "Trading overview",
		Description: "How the company trades: revenue, what sells and where, and how customers are served. Three years from October 2023 to September 2026.",
		Folder:      "Sales",
		Body: json.RawMessage(`{
  "start": true,
  "tabs": [{"id": "sales", "name": "Sales"}, {"id": "service", "name": "Service"}],
  "filters": [
    {"id": "period", "label": "Period", "kind": "date", "targets": [
      {"card": "revenue", "column": "orders.ordered_at"}, {"card": "orders", "column": "orders.ordered_at"}, {"card": "months", "column": "orders.ordered_at"},
      {"card": "categories", "column": "orders.ordered_at"}, {"card": "products", "column": "orders.ordered_at"}, {"card": "countries", "column": "orders.ordered_at"}]},
    {"id": "category", "label": "Category", "kind": "list", "many": true, "from": {"table": "products", "column": "category"}, "targets": [
      {"card": "revenue", "column": "products.category"}, {"card": "months", "column": "products.category"}, {"card": "categories", "column": "products.category"},
      {"card": "products", "column": "products.category"}, {"card": "countries", "column": "products.category"}]},
    {"id": "country", "label": "Country", "kind": "list", "many": true, "from": {"table": "customers", "column": "country"}, "targets": [
      {"card": "revenue", "column": "customers.country"}, {"card": "orders", "column": "customers.country"}, {"card": "months", "column": "customers.country"},
      {"card": "categories", "column": "customers.country"}, {"card": "products", "column": "customers.country"}, {"card": "countries", "column": "customers.country"}]}
  ],
  "cards": [
    {"id": "revenue", "kind": "question", "tab": "sales", "x": 0, "y": 0, "w": 3, "h": 2, "title": "Revenue", "question": "Revenue by month", "chart": {"kind": "number", "unit": {"revenue": "EUR"}}},
    {"id": "orders", "kind": "question", "tab": "sales", "x": 3, "y": 0, "w": 3, "h": 2, "title": "Orders", "question": "Orders by month", "chart": {"kind": "number"}},
    {"id": "basket", "kind": "question", "tab": "sales", "x": 6, "y": 0, "w": 3, "h": 2, "title": "Average order value", "question": "Average order value"},
    {"id": "refunds", "kind": "question", "tab": "sales", "x": 9, "y": 0, "w": 3, "h": 2, "title": "Refund rate", "question": "Refund rate", "chart": {"kind": "number", "y": ["refund rate"], "compare": "year before", "unit": {"refund rate": "%", "year before": "%"}}},
    {"id": "months", "kind": "question", "tab": "sales", "x": 0, "y": 2, "w": 8, "h": 5, "question": "Revenue by month"},
    {"id": "story", "kind": "finding", "tab": "sales", "x": 8, "y": 2, "w": 4, "h": 5, "text": "**The last quarter of the year carries the company.** The best month so far was {{value question=\"Best months\" row=1 column=month format=month}} with {{value question=\"Best months\" row=1 column=revenue format=whole}}, before {{value question=\"Best months\" row=2 column=month format=month}} with {{value question=\"Best months\" row=2 column=revenue format=whole}}.\n\nThe latest month, {{value question=\"Revenue by month\" row=last column=month format=month}}, brought {{value question=\"Revenue by month\" row=last column=revenue format=whole}}."},
    {"id": "categories", "kind": "question", "tab": "sales", "x": 0, "y": 7, "w": 6, "h": 5, "question": "Revenue by category and quarter"},
    {"id": "products", "kind": "question", "tab": "sales", "x": 6, "y": 7, "w": 6, "h": 5, "question": "Top products"},
    {"id": "countries", "kind": "question", "tab": "sales", "x": 0, "y": 12, "w": 5, "h": 5, "question": "Revenue by country"},
    {"id": "hours", "kind": "question", "tab": "sales", "x": 5, "y": 12, "w": 7, "h": 5, "question": "Orders by weekday and hour"},
    {"id": "rate", "kind": "question", "tab": "service", "x": 0, "y": 0, "w": 6, "h": 5, "question": "Refund rate by month"},
    {"id": "tickets", "kind": "question", "tab": "service", "x": 6, "y": 0, "w": 6, "h": 5, "question": "Support tickets by topic"},
    {"id": "kept", "kind": "question", "tab": "service", "x": 0, "y": 5, "w": 6, "h": 5, "question": "From order to kept delivery"},
    {"id": "returning", "kind": "question", "tab": "service", "x": 6, "y": 5, "w": 6, "h": 5, "question": "New and returning customers"}
  ]
}`),
	}}
}
