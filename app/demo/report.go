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
		Description: "What a month brought, what to watch, what sold and where, and how customers were served; for the first Monday's meeting.",
		Folder:      "Monthly review",
		Subtitle:    Company + ", retail of tea, coffee and kitchenware",
		Month:       "2026-09-01",
		Text:        monthlyReview,
	}}
}

const monthlyReview = `## The month at a glance

` + "```" + `finding
**{{value question="Month at a glance" column=month format=month}} brought {{value question="Month at a glance" column=revenue format=whole}} from {{value question="Month at a glance" column=orders}} orders by {{value question="Month at a glance" column=customers}} customers.** Against the month before, that is {{value question="Month at a glance" column=on_month_before}}; against the same month of the year before, {{value question="Month at a glance" column=on_year_before}}. An order was worth {{value question="Month at a glance" column=average_order}} on average.
` + "```" + `

` + "```" + `chart
question: Days of a month
title: Revenue by day
parameters:
  month: {{month}}
` + "```" + `

The tallest columns are Saturdays, when the stores are busiest. On Sundays they are closed, and the web shops sell alone.

Every year peaks before Christmas. The best month so far was {{value question="Best months" row=1 column=month format=month}} with {{value question="Best months" row=1 column=revenue format=whole}}; {{value question="Best months" row=2 column=month format=month}} and {{value question="Best months" row=3 column=month format=month}} come next.

` + "```" + `chart
question: Revenue by month
title: Revenue by month, three years
` + "```" + `

## What to watch

Three developments reach beyond a single month.

**Matcha loses Germany.** All matcha became dearer on 2 February 2026. Since then Germany has bought {{value question="Matcha before and after its price rise" where market=Germany column="packs since the rise"}} packs, where it bought {{value question="Matcha before and after its price rise" where market=Germany column="packs a year before"}} in the same months a year before. Elsewhere {{value question="Matcha before and after its price rise" where market=Elsewhere column="packs since the rise"}} packs were sold after {{value question="Matcha before and after its price rise" where market=Elsewhere column="packs a year before"}}, a far smaller loss.

` + "```" + `table
question: Matcha before and after its price rise
title: Matcha, February to September
` + "```" + `

**Offices stop ordering.** In the third quarter of 2026 {{value question="Business customers by quarter" where quarter=2026-07-01 column=office}} offices ordered, a year before {{value question="Business customers by quarter" where quarter=2025-07-01 column=office}}. It is not the season: gastronomy went from {{value question="Business customers by quarter" where quarter=2025-07-01 column=gastronomy}} customers to {{value question="Business customers by quarter" where quarter=2026-07-01 column=gastronomy}}.

` + "```" + `chart
question: Business customers by quarter
title: Customers who ordered, by quarter
` + "```" + `

**Baskets grow, yet the average order shrinks.** It fell from {{value question="Average order by channel" where channel=All column="first year"}} in the first year to {{value question="Average order by channel" where channel=All column="third year"}} in the third, although it rose in the stores and on the web alike. The web's smaller orders went from {{value question="Average order by channel" where channel="Web shops" column="share of orders then"}} to {{value question="Average order by channel" where channel="Web shops" column="share of orders now"}} of all orders.

` + "```" + `table
question: Average order by channel
title: Average order by channel
` + "```" + `

## What sold

{{value question="Categories of a month" row=1 column=category}} led with {{value question="Categories of a month" row=1 column=revenue format=whole}}, followed by {{value question="Categories of a month" row=2 column=category}} with {{value question="Categories of a month" row=2 column=revenue format=whole}}. Changes are against the same month of the year before.

` + "```" + `table
question: Categories of a month
title: Revenue by category
parameters:
  month: {{month}}
` + "```" + `

The best seller was {{value question="Best sellers of a month" row=1 column=product}}: {{value question="Best sellers of a month" row=1 column=pieces}} pieces for {{value question="Best sellers of a month" row=1 column=revenue format=whole}}.

` + "```" + `table
question: Best sellers of a month
title: The ten best sellers
parameters:
  month: {{month}}
` + "```" + `

## Where it sold

{{value question="Shops of a month" row=1 column=shop}} sold most, for {{value question="Shops of a month" row=1 column=revenue format=whole}}; {{value question="Shops of a month" row=2 column=shop}} came second with {{value question="Shops of a month" row=2 column=revenue format=whole}}.

` + "```" + `chart
question: Shops of a month
title: Revenue by shop
parameters:
  month: {{month}}
` + "```" + `

## Service

Customers wrote most about {{value question="Service of a month" row=1 column=topic}}: {{value question="Service of a month" row=1 column=tickets}} tickets, closed after {{value question="Service of a month" row=1 column="hours to close"}} hours on average. Satisfaction is marked from 1 to 5.

` + "```" + `table
question: Service of a month
title: Support tickets by topic
parameters:
  month: {{month}}
` + "```" + `

Two incidents explain the peaks of the refund rate in the past year. In autumn 2025 a batch of kettles was faulty: {{value question="Refunds of two incidents" row=1 column=refunded}} of the orders with one were refunded, of all others {{value question="Refunds of two incidents" row=1 column="others refunded"}}. In April 2026 cards were charged twice for six days: {{value question="Refunds of two incidents" row=2 column=refunded}} of the web orders paid by card were refunded, of those paid otherwise {{value question="Refunds of two incidents" row=2 column="others refunded"}}.

` + "```" + `chart
question: Refund rate by month
title: Refund rate by channel
` + "```" + `

` + "```" + `table
question: Refunds of two incidents
title: The two incidents
` + "```" + `

## How to read this

Revenue, and orders where they are counted for it, leave out what was refunded or cancelled; shipping is not part of it. Amounts are in euro, times in UTC. Every figure in the text is a cell of an answer: follow it to its question and its row.
`
