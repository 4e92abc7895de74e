package web

import (
	"maps"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// built is a question of the builder as an address tells it.
type built struct {
	connection *source.Connection
	spec       *query.Spec // nil where no source is chosen yet
	settings   chart.Settings
	// chain holds the saved questions that the spec stands on, as far as the person
	// may look at them; problem is why there are no more.
	chain   []*query.Question
	problem error
	// fields and values are those of the parameters of the written question at the
	// end of the chain; given holds what the address says of them.
	fields   []views.Parameter
	values   map[string]string
	given    map[string]string
	complete bool
}

// ask reads the request's question from the address.
func (x *explore) ask(c echo.Context) (*built, error) {
	b := &built{complete: true}
	id := c.QueryParam("connection")
	if id == "" {
		return b, nil
	}
	if err := account.Check(person(c), account.Ask, account.OnConnection(id)); err != nil {
		return nil, err
	}
	var err error
	if b.connection, err = x.connections.Get(c.Request().Context(), id); err != nil {
		return nil, err
	}
	if text := c.QueryParam("spec"); text != "" {
		if b.spec, err = query.ParseSpec([]byte(text)); err != nil && b.spec == nil {
			return nil, err
		}
		if b.spec.Table == "" && b.spec.Question == "" {
			b.spec = nil
		}
	} else if table := c.QueryParam("table"); table != "" {
		b.spec = &query.Spec{Table: table, Measures: []query.Measure{{Fn: query.Count}}}
	}
	b.settings = figure.Settings([]byte(c.QueryParam("chart")))
	return b, x.stand(c, b)
}

// stand finds what the question stands on.
func (x *explore) stand(c echo.Context, b *built) error {
	if b.spec == nil || b.spec.Question == "" {
		return nil
	}
	b.chain, b.problem = x.runner.Chain(c.Request().Context(), person(c), b.connection.ID, b.spec)
	if b.problem != nil {
		if !isContent(b.problem) {
			return b.problem
		}
		return nil
	}
	b.given = parameters(c.QueryParams())
	b.fields, b.values, b.complete = innerParameters(b.chain, b.given, nil)
	for name := range b.given {
		if _, ok := b.values[name]; !ok {
			delete(b.given, name)
		}
	}
	return nil
}

// innerParameters lists the fields of the parameters of the written question at the
// end of a chain, as parameterFields does of a text's.
func innerParameters(chain []*query.Question, given map[string]string, problems map[string]string) (fields []views.Parameter, values map[string]string, complete bool) {
	written, all := query.Asks(chain, given)
	if written == nil {
		return nil, nil, true
	}
	fields, values, complete = parameterFields(written.Body.SQL, all, problems)
	return fields, values, complete || len(fields) == 0
}

// from is the saved question that is asked, "" for a table.
func (b *built) from() string {
	if len(b.chain) == 0 {
		return ""
	}
	return b.chain[0].Name
}

// title says in words what is asked.
func (b *built) title() string { return title(prune(b.spec), b.from()) }

// request asks the question.
func (b *built) request(p *account.Person) query.Request {
	return query.Request{Person: p, Connection: b.connection.ID, Spec: prune(b.spec), Parameters: b.values}
}

// presenter shows its answer.
func (x *explore) presenter(c echo.Context, b *built) *presenter {
	p := newPresenter(x.charts, locale(c), b.connection)
	p.title, p.settings, p.spec, p.given, p.from = b.title(), b.settings, prune(b.spec), b.values, b.from()
	return p
}

// columns returns the columns that the builder offers; what is wrong with the
// question that is asked is told by the answer.
func (x *explore) columns(c echo.Context, b *built, catalog *source.Catalog) []formColumn {
	if b.spec.Question == "" {
		return tableColumns(catalog, b.spec)
	}
	if b.problem != nil || !b.complete {
		return nil
	}
	q := b.chain[0]
	list, err := x.runner.Describe(c.Request().Context(), query.Request{Person: person(c), Saved: q, Parameters: merged(q.Body.Parameters, b.values)})
	if err != nil {
		if b.problem == nil && isContent(err) {
			b.problem = err
		}
		return nil
	}
	out := make([]formColumn, len(list))
	for i, col := range list {
		out[i] = formColumn{name: col.Name, label: col.Name, kind: col.Kind}
	}
	return out
}

const (
	questionSource = "question:"
	tableSource    = "table:"
)

// sourceValue is how the list of sources names a table or, where there is one, a question.
func sourceValue(table, question string) string {
	switch {
	case question != "":
		return questionSource + question
	case strings.HasPrefix(table, questionSource), strings.HasPrefix(table, tableSource):
		return tableSource + table // a table may have any name
	}
	return table
}

// readSource is sourceValue the other way round.
func readSource(value string) *query.Spec {
	if id, ok := strings.CutPrefix(value, questionSource); ok {
		return &query.Spec{Question: id}
	}
	return &query.Spec{Table: strings.TrimPrefix(value, tableSource)}
}

// mostSources bounds the saved questions that the list of sources has.
const mostSources = 500

// sources lists what can be asked: tables, and saved questions that the person
// may look at, without those that the opened question could not stand on.
func (x *explore) sources(c echo.Context, page *views.Explore, catalog *source.Catalog, b *built) error {
	for i := range catalog.Tables {
		name := tableName(catalog, &catalog.Tables[i])
		page.Tables = append(page.Tables, views.Choice{Value: sourceValue(name, ""), Label: name,
			Selected: b.spec != nil && b.spec.Question == "" && sameTable(catalog, b.spec.Table, &catalog.Tables[i])})
	}
	list, err := x.questions.List(c.Request().Context(), query.Find{Connection: b.connection.ID, For: person(c)})
	if err != nil {
		return err
	}
	below := map[string]string{}
	for _, q := range list {
		if q.Body.Spec != nil {
			below[q.ID] = q.Body.Spec.Question
		}
	}
	onOpened := func(id string) bool {
		for range len(below) + 1 {
			if id == "" || id == page.OpenedID() {
				break
			}
			id = below[id]
		}
		return id != "" && id == page.OpenedID()
	}
	found := false
	for _, q := range list {
		now := b.spec != nil && b.spec.Question == q.ID
		if found = found || now; now || len(page.Questions) < mostSources && !onOpened(q.ID) {
			page.Questions = append(page.Questions, views.Choice{Value: sourceValue("", q.ID), Label: q.Name, Selected: now})
		}
	}
	if b.spec != nil && b.spec.Question != "" {
		page.SourceURL = "/questions/" + b.spec.Question
		if !found {
			page.SourceURL = ""
			page.Questions = append(page.Questions, views.Choice{Value: sourceValue("", b.spec.Question), Label: "A question that is not there", Selected: true})
		}
	}
	return nil
}

// kept returns the values of parameters that an address needs to have: those that
// are others than the questions below are saved with.
func (x *explore) kept(c echo.Context, connection string, spec *query.Spec, given map[string]string) map[string]string {
	chain, err := x.runner.Chain(c.Request().Context(), person(c), connection, spec)
	if err != nil {
		return given // the page that follows says why
	}
	_, usual, _ := innerParameters(chain, nil, nil)
	out := map[string]string{}
	for name, value := range given {
		if now, ok := usual[name]; !ok || now != value {
			out[name] = value
		}
	}
	return out
}

// unasked says why a question is not asked yet, "" where nothing is missing.
func (b *built) unasked() string {
	if b.complete || b.problem != nil {
		return ""
	}
	return "Fill in " + missing(b.fields, b.values) + ", then press Ask."
}

// failure is what is wrong with the question that is asked, told beside the
// parameters that it is about.
func (b *built) failure(err error) *views.Result {
	for i := range b.fields {
		b.fields[i].Error = fault.FieldsOf(err)["parameters."+b.fields[i].Name]
	}
	return &views.Result{Failure: (&presenter{}).failure(err)}
}

// kindIn returns the kind of one of the columns.
func kindIn(columns []formColumn, name string) frame.Kind {
	for _, c := range columns {
		if strings.EqualFold(c.name, name) || strings.HasSuffix(strings.ToLower(c.name), "."+strings.ToLower(name)) {
			return c.kind
		}
	}
	return frame.Other
}

// givenFields are values as a form takes them along.
func givenFields(given map[string]string) (list []views.Parameter) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		list = append(list, views.Parameter{Name: name, Value: given[name]})
	}
	return list
}
