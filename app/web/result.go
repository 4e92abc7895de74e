package web

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// isContent reports whether an error belongs into the result pane: the
// database's words, a refusal, a deadline, a wrong field.
func isContent(err error) bool {
	return source.AsFailure(err) != nil || fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooMany) || fault.Is(err, fault.Unavailable)
}

// presenter turns an answer into what a page shows.
type presenter struct {
	charts *chart.Drawer
	locale frame.Locale
	asked  string // the text that positions are counted in
	source string // the connection's name
	on     string // its id
	from   string // the saved question that is asked in place of a table
	zone   string
	title  string
	// settings are the drawing's; the zero value leaves it to the result.
	settings chart.Settings
	// link makes an address for another kind of drawing, download one for a file; nil for none.
	link      func(chart.Kind) string
	download  func(extension string) string
	optionURL string
	// rowsOf makes an address for the rows behind marks; nil for none.
	rowsOf func(marks []document.Mark) string
	// spec, where the question was built by clicking, tells which numbers may be
	// summed up and what is filtered; given are a written question's values.
	spec  *query.Spec
	given map[string]string
	// narrow holds conditions beside the question's own.
	narrow []query.Filter
	card   bool // a card rather than a page
	table  bool // list the rows too
}

// newPresenter returns a presenter of a connection's answers, for a page that
// lists the rows too.
func newPresenter(charts *chart.Drawer, l frame.Locale, con *source.Connection) *presenter {
	return &presenter{charts: charts, locale: l, source: con.Name, on: con.ID, zone: con.Config.TimeZone, table: true}
}

// at gives the answer the addresses below path that its question has in other forms.
func (p *presenter) at(path string, v url.Values) {
	p.link = func(k chart.Kind) string { return with(path, v, "chart", kindOnly(p.settings, k)) }
	p.download = func(extension string) string { return with(path+"."+extension, v) }
	p.optionURL = with(path+".option", v)
	p.rowsOf = func(marks []document.Mark) string {
		return with(path+"/rows", v, append(markPairs(marks), "chart", "")...)
	}
}

func (p *presenter) formatter() frame.Formatter {
	return frame.Formatter{Locale: p.locale, MaxRunes: figure.ShownRunes}
}

func (p *presenter) failure(err error) *views.Failure {
	return failureView(figure.Failure(err, p.asked))
}

// pane returns the result pane of an answer.
func (p *presenter) pane(c echo.Context) func(*query.Result, error) views.Result {
	// The answer may be fetched by a later request than the one that asked.
	ctx := context.WithoutCancel(c.Request().Context())
	if !account.May(person(c), account.Ask, account.OnConnection(p.on)).Allowed {
		p.rowsOf = nil
	}
	return func(r *query.Result, err error) views.Result {
		if err != nil {
			return views.Result{Failure: p.failure(err)}
		}
		// What was cut is told once, below; drawing and table need not say it again.
		whole := *r.Frame
		whole.Truncated = false
		f := &whole
		v := views.Result{SQL: r.SQL, Caption: p.caption(r)}
		if f.Rows() == 0 {
			v.Empty = true
			v.Downloads = p.downloads(false)
			return v
		}
		drawn, err := p.draw(ctx, f)
		if err != nil {
			drawn = &views.Chart{Problem: fault.MessageOf(err)}
		}
		v.Chart = drawn
		if v.Chart != nil && v.Chart.Subtitle == "" && v.Chart.Data == nil && v.Chart.Wide == "" && v.Chart.Narrow == "" && v.Chart.Number == nil && v.Chart.Pivot == nil && v.Chart.Problem == "" {
			v.Chart = nil
		}
		alone := v.Chart != nil && v.Chart.Number != nil && f.Rows() == 1 && len(f.Columns) == 1
		if (p.table || v.Chart == nil) && !alone {
			v.Table = p.rows(f)
		}
		if v.Chart != nil {
			if v.Chart.Title == p.title {
				v.Chart.Title = "" // the page's own title says it
			}
			if v.Table != nil && len(v.Table.Rows) == f.Rows() && p.rowsOf == nil {
				v.Chart.Data = nil // the rows are listed below
			}
			v.Marks = v.Chart.Data != nil && p.rowsOf != nil
		}
		if r.Frame.Truncated {
			v.Notes = append(v.Notes, p.cut(f.Rows(), v.Table))
		}
		v.Kinds = p.kinds(f)
		v.Downloads = p.downloads(v.Chart != nil && v.Chart.Wide != "")
		return v
	}
}

func (p *presenter) count(n int) string { return p.formatter().Number(float64(n), 0) }

// cut says that there are more rows than were read, and how many of those a table lists.
func (p *presenter) cut(rows int, t *views.Table) string {
	text := fmt.Sprintf("There are more rows than the %s that were read", p.count(rows))
	if t != nil && len(t.Rows) < rows {
		text += fmt.Sprintf(", of which %s are listed", p.count(len(t.Rows)))
		t.More = ""
	}
	if p.download != nil {
		text += "; a download has all of them"
	}
	return text + "."
}

func (p *presenter) caption(r *query.Result) string {
	rows := "1 row"
	if n := r.Frame.Rows(); n != 1 {
		rows = p.count(n) + " rows"
	}
	parts := []string{p.source}
	if p.from != "" {
		parts = append(parts, fromQuestion(p.from))
	}
	parts = append(parts, p.narrowed()...)
	parts = append(parts, rows, elapsed(r.Elapsed))
	if p.zone != "" {
		parts = append(parts, "times in "+p.zone)
	}
	return strings.Join(append(parts, "asked "+time.Now().UTC().Format("2006-01-02 15:04 UTC")), " · ")
}

func elapsed(d time.Duration) string {
	if d < time.Millisecond {
		return "under 1 ms"
	}
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// shape is how the answer is shown.
func (p *presenter) shape() figure.Shape {
	s := figure.Shape{Title: p.title, Settings: p.settings, Spec: p.spec, Locale: p.locale}
	if p.card {
		s.Size = figure.Card
	}
	return s
}

// effective returns the settings with a kind that is decided.
func (p *presenter) effective(f *frame.Frame) chart.Settings { return p.shape().Effective(f) }

// narrowed says in words which rows an answer is of.
func (p *presenter) narrowed() []string { return figure.Narrowed(p.spec, p.given, p.narrow) }

func (p *presenter) kinds(f *frame.Frame) []views.Link {
	if p.link == nil {
		return nil
	}
	now := p.effective(f).Kind
	var list []views.Link
	for _, k := range chart.Kinds() {
		if k.Kind != now && (chart.Fit(f, chart.Settings{Kind: k.Kind}) != nil || k.Kind == chart.Pivot && len(f.Columns) < 3) {
			continue
		}
		list = append(list, views.Link{Label: k.Label, URL: p.link(k.Kind), Current: k.Kind == now})
	}
	return list
}

func (p *presenter) downloads(drawn bool) []views.Link {
	if p.download == nil {
		return nil
	}
	list := []views.Link{{Label: "CSV", URL: p.download("csv")}, {Label: "Excel", URL: p.download("xlsx")}, {Label: "JSON", URL: p.download("json")}}
	if drawn {
		list = append(list, views.Link{Label: "Drawing (SVG)", URL: p.download("svg")})
	}
	return list
}

// rows lists the first rows of a frame.
func (p *presenter) rows(f *frame.Frame) *views.Table {
	return tableView(p.linked(p.shape().Rows(f, 0)))
}

func position(err error) string {
	if f := source.AsFailure(err); f != nil && f.Position > 0 {
		return fmt.Sprint(f.Position)
	}
	return ""
}

// with returns the address with parameters set, or taken away where empty.
func with(path string, values url.Values, pairs ...string) string {
	out := url.Values{}
	for k, v := range values {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			out.Del(pairs[i])
		} else {
			out.Set(pairs[i], pairs[i+1])
		}
	}
	if len(out) == 0 {
		return path
	}
	return path + "?" + out.Encode()
}

func byteSize(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
