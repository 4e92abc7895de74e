package share

import (
	"context"
	"slices"

	"assay/app/account"
	"assay/app/dashboard"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/report"
)

// Objects is where what can be shared is kept.
type Objects struct {
	Questions  *query.Store
	Dashboards *dashboard.Store
	Reports    *report.Store
}

// Object is what a link leads to.
type Object struct {
	Name   string
	Folder string
	// Connections are ids of those without which there is nothing to see.
	Connections []string
	Parameters  []Parameter
	// shaped returns the person in whose name the object is shown, see account.Person.Lend.
	shaped func(context.Context, *account.Person) (*account.Person, error)
}

// Parameter is a value that the object is shown with.
type Parameter struct {
	Name, Label string
	// Type is that of the control: "text", "date" or "number".
	Type string
	// Value is the usual one.
	Value string
	// Values, where there are any, are those to choose from.
	Values []string
}

// Find returns an object; one that is not there is NotFound.
func (o Objects) Find(ctx context.Context, kind Kind, id string) (*Object, error) {
	switch kind {
	case Question:
		return o.question(ctx, id)
	case Dashboard:
		return o.dashboard(ctx, id)
	case Report:
		return o.report(ctx, id)
	}
	return nil, fault.Field("kind", "A question, a dashboard or a report can be shared")
}

func (o Objects) question(ctx context.Context, id string) (*Object, error) {
	q, err := o.Questions.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &Object{Name: q.Name, Folder: q.FolderID, Connections: []string{q.ConnectionID}}
	out.shaped = func(_ context.Context, p *account.Person) (*account.Person, error) { return p, nil } // the runner looks at questions
	if q.Body.SQL == "" {
		return out, nil
	}
	list, err := query.Parameters(q.Body.SQL)
	for _, p := range list {
		value, ok := q.Body.Parameters[p.Name]
		if !ok {
			value = p.Default
		}
		out.Parameters = append(out.Parameters, Parameter{Name: p.Name, Label: p.Name, Type: typed(p.Kind.String()), Value: value})
	}
	return out, err
}

func (o Objects) dashboard(ctx context.Context, id string) (*Object, error) {
	d, err := o.Dashboards.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &Object{Name: d.Name, Folder: d.FolderID}
	out.shaped = func(ctx context.Context, p *account.Person) (*account.Person, error) {
		return o.Dashboards.Shaped(ctx, p, d)
	}
	for _, f := range d.Body.Filters {
		label := f.Label
		if label == "" {
			label = f.ID
		}
		out.Parameters = append(out.Parameters, Parameter{Name: f.ID, Label: label, Type: "text", Value: f.Default, Values: f.Values})
	}
	for _, c := range d.Body.Cards {
		if c.Question == "" {
			continue
		}
		q, err := o.Questions.Get(ctx, c.Question)
		if fault.Is(err, fault.NotFound) {
			continue // its card says so
		}
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out.Connections, q.ConnectionID) {
			out.Connections = append(out.Connections, q.ConnectionID)
		}
	}
	return out, nil
}

func (o Objects) report(ctx context.Context, id string) (*Object, error) {
	r, err := o.Reports.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &Object{Name: r.Name, Folder: r.FolderID}
	out.shaped = func(ctx context.Context, p *account.Person) (*account.Person, error) {
		return o.Reports.Shaped(ctx, p, r)
	}
	for _, p := range r.Body.Parameters {
		label := p.Label
		if label == "" {
			label = p.Name
		}
		out.Parameters = append(out.Parameters, Parameter{Name: p.Name, Label: label, Type: typed(p.Kind), Value: p.Default, Values: p.Values})
	}
	return out, nil
}

func typed(kind string) string {
	if kind == "date" {
		return kind
	}
	return "text"
}

// mayShare tells whether a person may share the object: they may share at all,
// they may change the object, and they see what is in it.
func (o *Object) mayShare(p *account.Person) error {
	if err := account.Check(p, account.Look, account.InFolder(o.Folder)); err != nil {
		return err
	}
	if err := account.Check(p, account.Share); err != nil {
		return err
	}
	if err := account.Check(p, account.Save, account.InFolder(o.Folder)); err != nil {
		return err
	}
	for _, id := range o.Connections {
		if err := account.Check(p, account.Look, account.OnConnection(id)); err != nil {
			return fault.Because(fault.Denied, err, "What is in it comes from a connection to which nobody granted you a right")
		}
	}
	return nil
}
