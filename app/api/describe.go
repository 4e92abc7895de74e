package api

import (
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"assay/app/chart"
)

// meanings says what members of saved things are: their types belong to rooms
// that know nothing of this API.
var meanings = map[string]string{
	"Dashboard.tabs":            "The pages of the dashboard; without any there is one without a name",
	"Dashboard.cards":           "What stands where. A card without a place gets one",
	"Dashboard.filters":         "The controls at its head",
	"Dashboard.refresh":         "After how many seconds an open page asks anew; 0 for never",
	"Dashboard.max_age":         "How many seconds old an answer may be that a card shows; 0 for the usual ten minutes",
	"Dashboard.wide":            "Whether the page uses the whole width of a screen",
	"Dashboard.start":           "Whether it is the first page of everyone who may see it",
	"DashboardCard.kind":        "question where there is a question, else text",
	"DashboardCard.tab":         "The id of the tab on which it stands",
	"DashboardCard.x":           "Twelfths of the width from the left",
	"DashboardCard.y":           "Rows of the grid from the top",
	"DashboardCard.w":           "How many twelfths wide",
	"DashboardCard.h":           "How many rows high",
	"DashboardCard.title":       "What stands above the card in place of the question's name",
	"DashboardCard.question":    "The question's id",
	"DashboardCard.parameters":  "Values that the question is asked with whatever the filters say",
	"DashboardCard.chart":       "How the answer is drawn, in place of the question's own settings",
	"DashboardCard.text":        "Markdown of a text or finding; the words of a heading",
	"DashboardFilter.label":     "What stands beside the control",
	"DashboardFilter.default":   "Its value unless another is given",
	"DashboardFilter.many":      "Whether a list takes several values",
	"DashboardFilter.values":    "The values of a list",
	"DashboardFilter.from":      "The column whose values a list shows",
	"DashboardFilter.targets":   "The cards that it filters, and by what",
	"DashboardTarget.card":      "The card's id",
	"DashboardTarget.column":    "The column of the card's question that it sets",
	"DashboardTarget.parameter": "The parameter of the card's question that it sets",
	"Report.body":               "Markdown with live blocks and figures",
	"Report.subtitle":           "What stands below the name",
	"Report.contents":           "Whether there is a table of contents",
	"Report.theme":              "The look on paper",
	"Report.parameters":         "Values that readers may set",
	"Report.max_age":            "How many seconds old an answer may be that is shown; 0 for ten minutes",
	"ReportParameter.label":     "What stands beside the control",
	"ReportParameter.default":   "Its value unless another is given",
	"ReportParameter.values":    "The values of a list",
	"Schedule.when":             "When it runs",
	"Schedule.do":               "What it does",
	"Schedule.dashboard":        "The dashboard's id; exactly one of dashboard, report and question is given",
	"Schedule.report":           "The report's id",
	"Schedule.question":         "The question's id",
	"Schedule.values":           "Values of filters or parameters",
	"Schedule.to":               "Who gets a delivery",
	"Schedule.attach":           "Files that go with a mail",
	"Schedule.subject":          "The subject of a mail; the name of what is delivered without it",
	"Schedule.note":             "What a mail says at its beginning",
	"Schedule.skip_empty":       "Whether nothing is delivered where every answer is empty",
	"Schedule.owner":            "The id of the person as whom it runs: whoever saved it last",
	"ScheduleWhen.every":        "How often",
	"ScheduleWhen.cron":         "Five fields, where every is cron",
	"ScheduleWhen.at":           "The time of day such as 07:30; of an hour its minutes count",
	"ScheduleWhen.weekdays":     "The days of a week",
	"ScheduleWhen.day":          "The day of a month, -1 for the last",
	"ScheduleWhen.zone":         "An IANA time zone such as Europe/Berlin; UTC without it",
	"ScheduleTarget.id":         "Of the person, or of the channel",
	"ScheduleTarget.address":    "Of a mail",
	"Alert.when":                "When it looks",
	"Alert.question":            "The question's id",
	"Alert.values":              "Values of the question's parameters",
	"Alert.column":              "The column of numbers that is watched; the only one without it",
	"Alert.rows":                "Which row counts",
	"Alert.condition":           "What raises it; change compares with the row so many before, in percent",
	"Alert.value":               "What the figure is compared with",
	"Alert.upper":               "The upper end, of outside",
	"Alert.back":                "How many rows before, of change",
	"Alert.clear":               "The value beyond which a raised alert ends; value without it",
	"Alert.for":                 "How many runs in a row the condition has to hold; 0 for one",
	"Alert.again":               "After how many hours it reminds while it lasts; 0 for never",
	"Alert.to":                  "Who is told",
	"Alert.note":                "What the message says beside the figure",
	"Alert.owner":               "The id of the person as whom it asks: whoever saved it last",
}

// choices are the values that members take.
var choices = map[string][]string{
	"DashboardCard.kind":   {"question", "text", "heading", "finding"},
	"DashboardFilter.kind": {"date", "list", "search", "number", "bool"},
	"ReportParameter.kind": {"text", "number", "date", "list"},
	"Schedule.do":          {"refresh", "deliver"},
	"ScheduleWhen.every":   {"hour", "day", "week", "month", "cron"},
	"ScheduleTarget.kind":  {"person", "mail", "slack", "webhook"},
	"Alert.condition":      {"above", "below", "outside", "change", "anomaly", "rows"},
	"Alert.rows":           {"last", "first", "any", "all"},
}

// describe adds meanings and choices to the document.
func describe(r huma.Registry) {
	all := r.Map()
	for name, s := range all {
		base := name
		for _, suffix := range []string{"Version", "Input", "Replace", "Patch"} {
			base = strings.TrimSuffix(base, suffix)
		}
		for member, p := range s.Properties {
			if p.Type == huma.TypeArray && (base == "Dashboard" || base == "Alert") && slices.Contains(s.Required, member) {
				p.Nullable = false // there is always a list
			}
			of := base + "." + member
			text, told := meanings[of]
			values := choices[of]
			if !told && values == nil {
				continue
			}
			if of == "DashboardCard.chart" {
				s.Properties[member] = r.Schema(reflect.TypeFor[chart.Settings](), true, "")
				continue
			}
			if p.Ref != "" {
				continue
			}
			if told {
				p.Description = text
			}
			if values != nil {
				choose(p, values)
			}
		}
		s.PrecomputeMessages()
	}
}
