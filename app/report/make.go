package report

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"assay/app/document"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/query"
)

// Maker makes reports.
type Maker struct {
	Figures   *figure.Maker
	Questions *query.Store
}

// Made is a report as it reads now, and what it was made of.
type Made struct {
	Document *document.Document
	// Connections and Questions are those that were asked, by id.
	Connections, Questions []string
	// Failed counts the places that could not be filled in; Empty says that the
	// questions were answered and none of them has a row.
	Failed int
	Empty  bool
	// Values are those of the report's parameters with which it was made.
	Values map[string]string
}

// patience bounds the making of a whole report.
const patience = 2 * time.Minute

// Document makes the report as it reads now. A block or figure that fails says so
// in its place; the rest is there.
func (m *Maker) Document(ctx context.Context, r *Report, v figure.View) (*document.Document, error) {
	made, err := m.Make(ctx, r, v)
	if err != nil {
		return nil, err
	}
	return made.Document, nil
}

// Make makes the report as Document does and tells what it was made of.
func (m *Maker) Make(ctx context.Context, r *Report, v figure.View) (made *Made, err error) {
	defer fault.Wrap(&err, "report.Make(%s)", r.ID)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	src, err := document.Parse(r.Body.Text)
	if src == nil {
		return nil, err
	}
	given := r.Body.given(v.Values)
	texts := &figure.Texts{Figures: m.Figures, Questions: m.Questions}
	told, err := texts.Make(ctx, figure.Text{Source: src, View: v, Given: given, MaxAge: time.Duration(r.Body.MaxAge) * time.Second})
	if err != nil {
		return nil, err
	}
	zone := v.Zone
	if zone == nil {
		zone = time.UTC
	}
	d := &document.Document{Title: r.Name, Subtitle: document.Fill(r.Body.Subtitle, values(given)), Language: "en", At: time.Now().In(zone).Truncate(time.Second),
		Contents: r.Body.Contents, Theme: r.Body.Theme, Blocks: told.Blocks}
	if r.ID != "" && !v.Anonymous {
		d.URL = v.Base + "/reports/" + r.ID
	}
	d.Facts = facts(told, given, v, zone)
	return &Made{Document: d, Connections: told.Connections, Questions: told.Questions, Failed: told.Failed,
		Empty: told.Asked > 0 && told.Empty == told.Asked && told.Failed == 0, Values: values(given)}, nil
}

// given returns the parameters with the values that a reader gave, or their own.
func (b *Body) given(values map[string]string) (list []figure.Given) {
	for _, p := range b.Parameters {
		value, ok := values[p.Name]
		value = strings.TrimSpace(value)
		if !ok {
			value = p.Default
		}
		if len(p.Values) > 0 && value != "" && !slices.Contains(p.Values, value) {
			value = p.Default
		}
		list = append(list, figure.Given{Name: p.Name, Label: p.Label, Value: value})
	}
	return list
}

func values(list []figure.Given) map[string]string {
	out := map[string]string{}
	for _, g := range list {
		out[g.Name] = g.Value
	}
	return out
}

// facts say of the whole report where it comes from.
func facts(told *figure.Told, given []figure.Given, v figure.View, zone *time.Location) (list []document.Fact) {
	add := func(name, text string) {
		if text != "" {
			list = append(list, document.Fact{Name: name, Text: text})
		}
	}
	if !v.Anonymous {
		add("Source", strings.Join(told.Sources, ", "))
	}
	var set []string
	for _, g := range given {
		if g.Value != "" {
			label := g.Label
			if label == "" {
				label = figure.Spoken(g.Name)
			}
			set = append(set, label+" "+g.Value)
		}
	}
	add("Shown for", strings.Join(set, ", "))
	add("Times in", strings.Join(told.Zones, ", "))
	if !told.To.IsZero() {
		const form = "2006-01-02 15:04"
		from, to := told.From.In(zone), told.To.In(zone)
		text := to.Format(form + " MST")
		if from.Format(form) != to.Format(form) {
			text = from.Format(form) + " to " + text
		}
		add("As of", text)
	}
	return list
}

// Values returns the values that the report's parameters have where a reader gave these.
func Values(b *Body, given map[string]string) map[string]string {
	return maps.Clone(values(b.given(given)))
}
