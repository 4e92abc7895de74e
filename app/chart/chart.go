// Package chart turns a result and a few settings into an ECharts option and
// draws it as SVG on the server, so that page, print, mail and file show the
// same picture before any script runs in a browser.
package chart

// Kind names a way to show a result.
type Kind string

// The kinds. Auto lets the shape of the result decide; Table and Pivot have no drawing.
const (
	Auto       Kind = ""
	Line       Kind = "line"
	Area       Kind = "area"
	Bar        Kind = "bar"
	HBar       Kind = "hbar"
	Stacked    Kind = "stacked"
	Stacked100 Kind = "stacked100"
	Pie        Kind = "pie"
	Scatter    Kind = "scatter"
	Heatmap    Kind = "heatmap"
	Histogram  Kind = "histogram"
	Number     Kind = "number"
	Pivot      Kind = "pivot"
	Table      Kind = "table"
	Funnel     Kind = "funnel"
	Waterfall  Kind = "waterfall"
	BoxPlot    Kind = "boxplot"
	Gauge      Kind = "gauge"
	Treemap    Kind = "treemap"
	Sankey     Kind = "sankey"
)

// KindInfo describes a kind for a list to pick from.
type KindInfo struct {
	Kind  Kind   `json:"kind"`
	Label string `json:"label"`
	// Needs says in a few words what a result must have, such as "one category and one number".
	Needs string `json:"needs"`
	// article and noun make sentences: "A pie".
	article, noun string
}

var kinds = []KindInfo{
	{Line, "Line", "a time or category and one or more numbers", "A", "line chart"},
	{Area, "Area", "a time or category and one or more numbers", "An", "area chart"},
	{Bar, "Columns", "a category or time and one or more numbers", "A", "column chart"},
	{HBar, "Bars", "a category and one or more numbers", "A", "bar chart"},
	{Stacked, "Stacked columns", "a category or time, and a second category or several numbers", "A", "stacked column chart"},
	{Stacked100, "Stacked to 100%", "a category or time, and a second category or several numbers", "A", "stacked chart"},
	{Pie, "Pie", "one category and one number", "A", "pie"},
	{Scatter, "Scatter", "two numbers", "A", "scatter chart"},
	{Heatmap, "Heat map", "two categories and one number", "A", "heat map"},
	{Histogram, "Histogram", "one number and several rows", "A", "histogram"},
	{BoxPlot, "Box plot", "one number and several rows, by category or not", "A", "box plot"},
	{Number, "Number", "one number, in one row or over time", "A", "single number"},
	{Gauge, "Gauge", "one number in one row", "A", "gauge"},
	{Funnel, "Funnel", "one category and one number, or one row of numbers", "A", "funnel"},
	{Waterfall, "Waterfall", "one category or time and one number", "A", "waterfall"},
	{Treemap, "Treemap", "one or two categories and one number", "A", "treemap"},
	{Sankey, "Flow", "a source, a target and one number", "A", "flow chart"},
	{Pivot, "Pivot table", "two categories and one number", "A", "pivot table"},
	{Table, "Table", "nothing", "A", "table"},
}

// Kinds returns every kind except Auto, in the order of a menu.
func Kinds() []KindInfo { return append([]KindInfo(nil), kinds...) }

func info(k Kind) (KindInfo, bool) {
	for _, i := range kinds {
		if i.Kind == k {
			return i, true
		}
	}
	return KindInfo{}, false
}

func label(k Kind) string {
	if i, ok := info(k); ok {
		return i.noun
	}
	return string(k)
}

// Settings is how a question wants its result shown. It is stored with the
// question; the zero value leaves everything to the shape of the result.
type Settings struct {
	Kind Kind `json:"kind,omitempty"`
	// X names the column along the first axis: the categories, or the source of a flow.
	X string `json:"x,omitempty"`
	// Y names the columns of numbers.
	Y []string `json:"y,omitempty"`
	// Series names a column whose values become a series each: the second
	// category of a heat map, the target of a flow, the inner level of a treemap.
	Series string `json:"series,omitempty"`
	// Size names a column of numbers that sets the size of a scatter chart's points.
	Size     string `json:"size,omitempty"`
	Title    string `json:"title,omitempty"`
	Subtitle string `json:"subtitle,omitempty"`
	// Stack puts the series of an area chart on top of each other.
	Stack bool `json:"stack,omitempty"`
	// Goal draws a line, and ends the scale of a gauge.
	Goal *float64 `json:"goal,omitempty"`
	// GoalLabel names the goal; empty means "Goal".
	GoalLabel string `json:"goal_label,omitempty"`
	// Compare names the column that holds a single number's earlier value;
	// empty means the row before it, or no comparison where there is none.
	Compare string `json:"compare,omitempty"`
	// SortBy orders categories: "" as the rows come, "value", or "name".
	SortBy string `json:"sort_by,omitempty"`
	// SortAscending turns the order of SortBy value round; it begins with the largest otherwise.
	SortAscending bool `json:"sort_ascending,omitempty"`
	// Limit bounds the categories shown; 0 means a number fit for the kind.
	Limit int `json:"limit,omitempty"`
	// Labels writes the values beside the marks: "" where there is room, "on", or "off".
	Labels string `json:"labels,omitempty"`
	// Locale sets the spelling of numbers and months: en (also where empty), de, fr, es.
	Locale string `json:"locale,omitempty"`
	// Unit gives a column's unit by its name: a currency (€, USD), "%", "ratio"
	// (0.5 is shown as 50%), "bytes", "seconds", or any text that follows the number.
	Unit map[string]string `json:"unit,omitempty"`
	// Label gives a column the name that people read.
	Label map[string]string `json:"label,omitempty"`
	// Additive says, where the name of a column cannot tell, whether its values may be summed up.
	Additive map[string]bool `json:"additive,omitempty"`
}
