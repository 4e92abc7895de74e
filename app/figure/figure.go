// Package figure turns questions into figures of a document: asked, drawn, with
// their caption, or with the reason why there is nothing to show. Cards, blocks
// of reports, mails and shared pages are made of them.
package figure

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/source"
)

// Maker makes figures.
type Maker struct {
	Runner      *query.Runner
	Connections *source.Store
	Charts      *chart.Drawer
}

// Ask is a saved question as a figure wants it.
type Ask struct {
	// Person is whose rights and rules hold.
	Person   *account.Person
	Question *query.Question
	// Parameters are values in place of the question's own.
	Parameters map[string]string
	Narrow     []query.Filter
	// Title takes the place of the question's name, Settings of its drawing's.
	Title    string
	Settings *chart.Settings
	Locale   frame.Locale
	Size     Size
	// Rows is the most rows a table lists, 0 for the usual.
	Rows int
	// Zone is where the caption tells the time, nil for UTC.
	Zone *time.Location
	// MaxAge and Timeout are those of query.Request; a MaxAge below 0 asks anew.
	MaxAge  time.Duration
	Timeout time.Duration
	// Anonymous leaves out what a reader without an account must not learn: the
	// connection's name and the question's address.
	Anonymous bool
	// Frame, where set, asks in place of the runner.
	Frame func(context.Context, query.Request) (*query.Result, error)
}

// Answer is a figure with what it was made of.
type Answer struct {
	document.Figure
	// Result is what the database answered, nil where it did not.
	Result *query.Result
	// Err is why it did not, nil where it did; Figure.Failure says it in words.
	Err error
	// Settings are those the figure was drawn with.
	Settings chart.Settings
}

// Make asks the question and makes its figure. What goes wrong is in the figure;
// there is always one.
func (m *Maker) Make(ctx context.Context, a Ask) *Answer {
	q := a.Question
	out := &Answer{Figure: document.Figure{ID: "q-" + q.ID, Title: q.Name, URL: "/questions/" + q.ID}}
	if a.Title != "" {
		out.Title = a.Title
	}
	if a.Anonymous {
		out.URL = ""
	}
	values := maps.Clone(q.Body.Parameters)
	if values == nil {
		values = map[string]string{}
	}
	maps.Copy(values, a.Parameters)
	missing, err := unfilled(q.Body.SQL, values)
	switch {
	case err != nil:
		return out.fail(err, q.Body.SQL)
	case len(missing) > 0:
		out.Note = "This question asks for values first: " + strings.Join(missing, ", ") + "."
		return out
	}
	con, err := m.Connections.Get(ctx, q.ConnectionID)
	if err != nil {
		return out.fail(err, "")
	}
	ask := a.Frame
	if ask == nil {
		ask = m.Runner.Frame
	}
	out.Result, err = ask(ctx, query.Request{Person: a.Person, Saved: q, Parameters: values, Narrow: a.Narrow, Timeout: a.Timeout, MaxAge: max(a.MaxAge, 0), Fresh: a.MaxAge < 0})
	if err != nil {
		return out.fail(err, q.Body.SQL)
	}
	out.At = out.Result.At
	if !a.Anonymous {
		out.Source = con.Name
	}
	out.Caption = caption(con, out.Result, Narrowed(q.Body.Spec, values, a.Narrow), a)
	f := out.Result.Frame
	if f.Rows() == 0 {
		out.Note = "No rows."
		return out
	}
	shape := Shape{Title: out.Title, Settings: Settings(q.Body.Chart), Spec: q.Body.Spec, Locale: a.Locale, Size: a.Size}
	if a.Settings != nil {
		shape.Settings = *a.Settings
	}
	if f.Truncated {
		out.Notes = append(out.Notes, fmt.Sprintf("There are more rows than the %s that were read.", shape.formatter().Number(float64(f.Rows()), 0)))
	}
	out.Settings = shape.Effective(f)
	whole := *f
	whole.Truncated = false
	if err := shape.Draw(ctx, m.Charts, &whole, &out.Figure); err != nil {
		out.Note = fault.MessageOf(err)
		return out
	}
	if out.Drawing == nil && out.Number == nil && out.Table == nil {
		out.Table = shape.Rows(&whole, a.Rows)
	}
	return out
}

func (a *Answer) fail(err error, asked string) *Answer {
	a.Err, a.Failure = err, Failure(err, asked)
	return a
}

// caption says where a figure comes from.
func caption(con *source.Connection, r *query.Result, narrowed []string, a Ask) string {
	var parts []string
	if !a.Anonymous {
		parts = append(parts, con.Name)
	}
	parts = append(parts, narrowed...)
	if zone := con.Config.TimeZone; zone != "" {
		parts = append(parts, "times in "+zone)
	}
	if r.At.IsZero() {
		return strings.Join(parts, " · ")
	}
	at := r.At.UTC()
	if a.Zone != nil {
		at = at.In(a.Zone)
	}
	return strings.Join(append(parts, "as of "+at.Format("2006-01-02 15:04 MST")), " · ")
}

// unfilled names the parameters of a written question that have no value.
func unfilled(sql string, values map[string]string) (names []string, err error) {
	list, err := query.Parameters(sql)
	for _, p := range list {
		value, ok := values[p.Name]
		if !ok && p.HasDefault {
			value, ok = p.Default, true
		}
		if !ok || value == "" && p.Kind != frame.Text {
			names = append(names, Spoken(p.Name))
		}
	}
	return names, err
}

// View is how and for whom a dashboard or a report is made.
type View struct {
	Person *account.Person
	// Values are those of filters and parameters, by their ids and names.
	Values map[string]string
	Locale frame.Locale
	// Zone is where times are told, nil for UTC.
	Zone *time.Location
	// MaxAge is how old an answer may be; 0 leaves it to the dashboard or report, less than 0 asks anew.
	MaxAge time.Duration
	// Anonymous leaves out what a reader without an account must not learn.
	Anonymous bool
	// Base begins the addresses of what can be read online, such as
	// https://assay.example.com; "" leaves them relative.
	Base string
}
