package demo

// Report is a saved report of the sample company.
type Report struct {
	Name, Description, Folder string
	// Subtitle and Text are the report's, as package report keeps them; questions
	// are named by their names. Month is the value of its parameter.
	Subtitle, Text, Month string
}

// Reports returns the saved reports.
func Reports() []Report {
	return []Report{{
		Name:        "Monthly review",
		Description: "What a month brought, what sold and where, and how customers were served; for the first Monday's meeting.",
		Folder:      "Monthly review",
		Subtitle:    Company + ", retail of tea, coffee and kitchenware",
		Month:       "2026-09-01",
		Text:        monthlyReview,
	}}
}

const monthlyReview = `## The month at a glance

` + "`" + `` + "`" + `` + "`" + `finding
Revenue of **{{value question="Month at a glance" column=revenue}}** from {{value question="Month at a glance" column=orders}} orders by {{value question="Month at a glance" column=customers}} customers; an order was worth {{value question="Month at a glance" column=average_order}} on average. Against the month before, revenue changed by {{value question="Month at a glance" column=against_month_before}}, against the same month of the year before by {{value question="Month at a glance" column=against_year_before}}.
` + "`" + `` + "`" + `` + "`" + `

` + "`" + `` + "`" + `` + "`" + `chart
question: Days of a month
parameters:
  month: {{month}}
` + "`" + `` + "`" + `` + "`" + `

A day with a tall column is a Saturday more often than not: stores sell most then, web shops in the evenings. Three years of months, for comparison:

` + "`" + `` + "`" + `` + "`" + `chart
question: Revenue by month
` + "`" + `` + "`" + `` + "`" + `

## What sold

{{value question="Categories of a month" row=1 column=category}} came first with {{value question="Categories of a month" row=1 column=revenue}}, {{value question="Categories of a month" row=2 column=category}} second with {{value question="Categories of a month" row=2 column=revenue}}. The change is against the same month of the year before.

` + "`" + `` + "`" + `` + "`" + `table
question: Categories of a month
parameters:
  month: {{month}}
` + "`" + `` + "`" + `` + "`" + `

The best seller was {{value question="Best sellers of a month" row=1 column=product}}, with {{value question="Best sellers of a month" row=1 column=pieces}} pieces and {{value question="Best sellers of a month" row=1 column=revenue}}.

` + "`" + `` + "`" + `` + "`" + `table
question: Best sellers of a month
parameters:
  month: {{month}}
` + "`" + `` + "`" + `` + "`" + `

## Where

The largest shop was {{value question="Shops of a month" row=1 column=shop}} with {{value question="Shops of a month" row=1 column=revenue}}.

` + "`" + `` + "`" + `` + "`" + `chart
question: Shops of a month
parameters:
  month: {{month}}
` + "`" + `` + "`" + `` + "`" + `

## Service

Most tickets, {{value question="Service of a month" row=1 column=tickets}}, were about {{value question="Service of a month" row=1 column=topic}}; it took {{value question="Service of a month" row=1 column=hours_until_closed}} hours on average until one of them was closed.

` + "`" + `` + "`" + `` + "`" + `table
question: Service of a month
parameters:
  month: {{month}}
` + "`" + `` + "`" + `` + "`" + `

` + "`" + `` + "`" + `` + "`" + `chart
question: Refund rate by month
` + "`" + `` + "`" + `` + "`" + `

## How to read this

Refunded and cancelled orders are left out of revenue and of counts of orders; shipping is not part of it. All amounts are in euro, all times in UTC. Each figure in the text is a cell of an answer: follow it to see the question and its row.
`
