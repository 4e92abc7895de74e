package dashboard

import (
	"cmp"
	"context"
	"maps"

	"assay/app/document"
	"assay/app/figure"
	"assay/app/query"
)

// Rows returns the rows behind the dashboard's cards, in reading order, asked as
// the cards ask.
func (m *Maker) Rows(ctx context.Context, d *Dashboard, v figure.View) (list []figure.Rows, err error) {
	for _, c := range d.Body.Reading() {
		switch c.Kind {
		case Heading:
			continue
		case Text, Finding:
			src, _ := document.Parse(c.Text)
			if src == nil {
				continue
			}
			texts, own := &figure.Texts{Figures: m.Figures, Questions: m.Questions}, v
			own.Values = nil
			rows, err := texts.Rows(ctx, figure.Text{Source: src, View: own, MaxAge: d.Body.age()})
			if err != nil {
				return nil, err
			}
			list = append(list, rows...)
		default:
			list = append(list, m.rows(ctx, d, c, v))
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (m *Maker) rows(ctx context.Context, d *Dashboard, c *Card, v figure.View) figure.Rows {
	made, _ := m.Asked(ctx, d, c, v)
	if made.Answer != nil {
		return figure.Rows{Title: made.Answer.Title, Err: made.Answer.Err}
	}
	q := made.Question
	out := figure.Rows{Title: cmp.Or(c.Title, q.Name)}
	values := maps.Clone(q.Body.Parameters)
	if values == nil {
		values = map[string]string{}
	}
	maps.Copy(values, made.Parameters)
	age := v.MaxAge
	if age == 0 {
		age = d.Body.age()
	}
	r, err := m.Figures.Runner.Frame(ctx, query.Request{Person: v.Person, Saved: q, Parameters: values, Narrow: made.Narrow, MaxAge: max(age, 0), Fresh: age < 0})
	if err != nil {
		out.Err = err
		return out
	}
	out.Frame, out.At = r.Frame, r.At
	return out
}
