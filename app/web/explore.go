package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// explore is the builder. Its whole state is in the address: connection, spec and chart.
type explore struct {
	connections *source.Store
	pools       *source.Pools
	runner      *query.Runner
	questions   *query.Store
	charts      *chart.Drawer
	queries     *queries
}

func (x *explore) routes(g *echo.Group) {
	g.GET("/explore", may(account.Ask, x.show))
	g.GET("/explore/edit", may(account.Ask, x.edit))
	for _, extension := range extensions {
		g.GET("/explore."+extension, may(account.Ask, x.file(extension)))
	}
}

func exploreURL(connection, table string) string {
	spec, _ := json.Marshal(query.Spec{Table: table, Measures: []query.Measure{{Fn: query.Count}}})
	return "/explore?" + url.Values{"connection": {connection}, "spec": {string(spec)}}.Encode()
}

var tableOnly = chart.Settings{Kind: chart.Table}

// ask reads the request's question from the address.
func (x *explore) ask(c echo.Context) (con *source.Connection, spec *query.Spec, settings chart.Settings, err error) {
	id := c.QueryParam("connection")
	if id == "" {
		return nil, nil, settings, nil
	}
	if con, err = x.connections.Get(c.Request().Context(), id); err != nil {
		return nil, nil, settings, err
	}
	if text := c.QueryParam("spec"); text != "" {
		if spec, err = query.ParseSpec([]byte(text)); err != nil && spec == nil {
			return nil, nil, settings, err
		}
		if spec.Table == "" {
			spec = nil
		}
	} else if table := c.QueryParam("table"); table != "" {
		spec = &query.Spec{Table: table, Measures: []query.Measure{{Fn: query.Count}}}
	}
	return con, spec, readSettings(c.QueryParam("chart")), nil
}

// readSettings reads a drawing's settings from an address; what it cannot read counts as none.
func readSettings(text string) (s chart.Settings) {
	if text != "" && json.Unmarshal([]byte(text), &s) != nil {
		return chart.Settings{Kind: chart.Kind(text)}
	}
	return s
}

func writeSettings(s chart.Settings) string {
	body, err := json.Marshal(s)
	if err != nil || string(body) == "{}" {
		return ""
	}
	return string(body)
}

// edit takes the form's state to the address that stands for it.
func (x *explore) edit(c echo.Context) error {
	v := c.QueryParams()
	values := url.Values{"connection": {v.Get("connection")}}
	if table := v.Get("table"); table != "" && v.Get("was_connection") == v.Get("connection") {
		spec := readForm(v, v.Get("do"))
		if v.Get("was") != table {
			spec.Measures = []query.Measure{{Fn: query.Count}}
		}
		dropStale(spec)
		body, err := json.Marshal(spec)
		if err != nil {
			return err
		}
		values.Set("spec", string(body))
	}
	if s := v.Get("chart"); s != "" && v.Get("was") == v.Get("table") {
		values.Set("chart", s)
	}
	return redirect(c, "/explore?"+values.Encode())
}

func (x *explore) show(c echo.Context) error {
	con, spec, settings, err := x.ask(c)
	if err != nil {
		return err
	}
	page := views.Explore{Chrome: chrome(c, "Explore", "explore"), ChartJSON: writeSettings(settings)}
	page.Chrome.Wide = true
	list, err := x.connections.List(c.Request().Context())
	if err != nil {
		return err
	}
	for _, one := range list {
		page.Connections = append(page.Connections, views.Choice{Value: one.ID, Label: one.Name, Selected: con != nil && con.ID == one.ID})
	}
	if con == nil {
		if len(list) == 1 {
			return redirect(c, "/explore?connection="+list[0].ID)
		}
		return respond(c, http.StatusOK, views.ExplorePage(page))
	}
	catalog, err := x.pools.Catalog(c.Request().Context(), con.ID)
	if err != nil {
		if !isContent(err) {
			return err
		}
		page.Result = &views.Result{Failure: (&presenter{}).failure(err)}
		return respond(c, http.StatusOK, views.ExplorePage(page))
	}
	page.Connection = con.ID
	x.form(&page, catalog, spec)
	if spec == nil {
		return respond(c, http.StatusOK, views.ExplorePage(page))
	}
	asked := prune(spec)
	values := c.QueryParams()
	p := &presenter{charts: x.charts, locale: locale(c), source: con.Name, zone: con.Config.TimeZone, title: title(asked), settings: settings, spec: asked, table: true,
		link:      func(k chart.Kind) string { return with("/explore", values, "chart", kindOnly(settings, k)) },
		download:  func(extension string) string { return with("/explore."+extension, values) },
		optionURL: with("/explore.option", values)}
	result, err := x.queries.answer(c, query.Request{Person: person(c), Connection: con.ID, Spec: asked}, p.pane(c))
	if err != nil {
		return err
	}
	page.Result = &result
	x.saving(c, &page, con, asked, settings)
	return respond(c, http.StatusOK, views.ExplorePage(page))
}

// kindOnly returns the settings with another kind, as they stand in an address.
func kindOnly(s chart.Settings, k chart.Kind) string {
	return writeSettings(chart.Settings{Kind: k, Title: s.Title, Subtitle: s.Subtitle, Unit: s.Unit, Goal: s.Goal})
}

// saving fills in what the page needs to save the question or go on in SQL.
func (x *explore) saving(c echo.Context, page *views.Explore, con *source.Connection, spec *query.Spec, settings chart.Settings) {
	body, err := json.Marshal(spec)
	if err != nil {
		return
	}
	page.Title = title(spec)
	if compiled, err := x.runner.Compile(c.Request().Context(), con.ID, spec); err == nil {
		page.SQL = compiled.SQL
		if page.Chrome.CanAskSQL {
			page.SQLURL = x.continueURL(c, con.ID, compiled)
		}
	}
	if account.May(person(c), account.Save, con.ID).Allowed {
		page.Save = &views.SaveForm{Connection: con.ID, Spec: string(body), Chart: writeSettings(settings), Name: page.Title, Folders: folders(c, x.questions)}
	}
}

// continueURL is the address at which somebody goes on in SQL.
func (x *explore) continueURL(c echo.Context, connection string, compiled *query.Compiled) string {
	opened, err := x.pools.Open(c.Request().Context(), connection)
	if err != nil {
		return ""
	}
	text, values := compiled.Written(opened.Driver.Dialect())
	address := url.Values{"connection": {connection}, "sql": {text}}
	for name, value := range values {
		address.Set("p."+name, value)
	}
	return "/sql?" + address.Encode()
}

// folders returns the names of folders, for a list to pick from.
func folders(c echo.Context, s *query.Store) []string {
	list, err := s.Folders(c.Request().Context())
	if err != nil {
		return nil
	}
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = f.Name
	}
	return names
}

// title says in words what a spec asks.
func title(s *query.Spec) string {
	words := func(name string) string {
		return strings.ReplaceAll(name[strings.LastIndexByte(name, '.')+1:], "_", " ")
	}
	var what []string
	for _, m := range s.Measures {
		switch {
		case m.As != "":
			what = append(what, words(m.As))
		case m.Fn == query.Count && m.Column == "":
			what = append(what, "count of "+words(s.Table))
		default:
			what = append(what, map[query.Fn]string{query.Count: "count of", query.CountDistinct: "distinct", query.Sum: "total", query.Avg: "average",
				query.Min: "least", query.Max: "greatest", query.Median: "median"}[m.Fn]+" "+words(m.Column))
		}
	}
	if len(what) == 0 {
		what = []string{words(s.Table)}
	}
	text := strings.Join(what, ", ")
	var by []string
	for _, d := range s.Dimensions {
		if d.Grain != "" {
			by = append(by, string(d.Grain))
		} else {
			by = append(by, words(d.Column))
		}
	}
	if len(by) > 0 {
		text += " by " + strings.Join(by, " and ")
	}
	if first, size := utf8.DecodeRuneInString(text); first != utf8.RuneError {
		text = string(unicode.ToUpper(first)) + text[size:]
	}
	return text
}

// form fills in the builder from the catalog and the question.
func (x *explore) form(page *views.Explore, catalog *source.Catalog, spec *query.Spec) {
	for i := range catalog.Tables {
		name := tableName(catalog, &catalog.Tables[i])
		page.Tables = append(page.Tables, views.Choice{Value: name, Label: name, Selected: spec != nil && sameTable(catalog, spec.Table, &catalog.Tables[i])})
	}
	if spec == nil {
		return
	}
	b := &builderForm{catalog: catalog, spec: spec}
	page.Table = spec.Table
	b.fill(page)
}

func sameTable(catalog *source.Catalog, name string, t *source.Table) bool {
	found, ok := catalog.Find(name)
	return ok && found == t
}

// builderForm turns a spec into the fields of the form.
type builderForm struct {
	catalog *source.Catalog
	spec    *query.Spec
	columns []formColumn
}

type formColumn struct {
	name  string
	label string
	kind  frame.Kind
}

func (b *builderForm) fill(page *views.Explore) {
	tables := []*source.Table{}
	add := func(name string) {
		if t, ok := b.catalog.Find(name); ok {
			tables = append(tables, t)
		}
	}
	add(b.spec.Table)
	for _, j := range b.spec.Joins {
		add(j.Table)
	}
	for i, t := range tables {
		for _, c := range t.Columns {
			name, label := c.Name, c.Name
			if len(tables) > 1 {
				name = t.Name + "." + c.Name
			}
			if i > 0 {
				label = name // only joined tables are named: the lists are narrow
			}
			b.columns = append(b.columns, formColumn{name, label, c.Kind})
		}
	}
	for i, j := range b.spec.Joins {
		on, _ := json.Marshal(j.On)
		if len(j.On) == 0 {
			on = nil
		}
		kind := j.Kind
		if kind == "" {
			kind = "left"
		}
		page.Joins = append(page.Joins, views.JoinLine{Index: strconv.Itoa(i), Table: j.Table, On: string(on), Kinds: []views.Choice{
			{Value: "left", Label: "all rows", Selected: kind == "left"}, {Value: "inner", Label: "matching rows", Selected: kind == "inner"}}})
	}
	page.Joinable = b.joinable(tables)
	for i, m := range b.spec.Measures {
		page.Measures = append(page.Measures, views.MeasureLine{Index: strconv.Itoa(i), Fns: fnChoices(m.Fn), Columns: b.choices(m.Column, m.Fn == query.Count, numericOnly(m.Fn)), As: m.As})
	}
	for i, d := range b.spec.Dimensions {
		page.Dimensions = append(page.Dimensions, views.DimensionLine{Index: strconv.Itoa(i), Columns: b.choices(d.Column, false, false), Steps: b.steps(d), As: d.As})
	}
	page.Columns = b.choices("", true, false)
	page.Filters = b.filters(b.spec.Filters, "f", b.columns)
	var outputs []formColumn
	for _, name := range outputNames(b.spec) {
		outputs = append(outputs, formColumn{name: name, label: name})
	}
	if len(b.spec.Measures) > 0 {
		measured := outputs[len(b.spec.Dimensions):]
		page.Having = b.filters(b.spec.Having, "h", measured)
		page.HavingColumns = plainChoices(measured, "")
	}
	for i, o := range b.spec.Order {
		page.Order = append(page.Order, views.OrderLine{Index: strconv.Itoa(i), By: plainChoices(outputs, o.By), Desc: o.Desc})
	}
	page.OrderColumns = plainChoices(outputs, "")
	if b.spec.Limit > 0 {
		page.Limit = strconv.Itoa(b.spec.Limit)
	}
}

// outputNames returns the names of a question's result as the compiler gives them.
func outputNames(s *query.Spec) []string {
	var names []string
	seen := map[string]bool{}
	add := func(as, otherwise string) {
		if as == "" {
			as = otherwise
		}
		name := as
		for i := 2; seen[strings.ToLower(name)]; i++ {
			name = fmt.Sprintf("%s_%d", as, i)
		}
		seen[strings.ToLower(name)] = true
		names = append(names, name)
	}
	bare := func(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
	for _, d := range s.Dimensions {
		name := bare(d.Column)
		if d.Grain != "" {
			name += "_" + string(d.Grain)
		} else if d.Bin != "" {
			name += "_bin"
		}
		add(d.As, name)
	}
	for _, m := range s.Measures {
		if m.Column == "" {
			add(m.As, "count")
		} else {
			add(m.As, string(m.Fn)+"_"+bare(m.Column))
		}
	}
	return names
}

func numericOnly(fn query.Fn) bool { return fn == query.Sum || fn == query.Avg || fn == query.Median }

var fnLabels = map[query.Fn]string{query.Count: "Count", query.CountDistinct: "Distinct values of", query.Sum: "Sum of", query.Avg: "Average of",
	query.Min: "Least", query.Max: "Greatest", query.Median: "Median of"}

func fnChoices(now query.Fn) []views.Choice {
	var list []views.Choice
	for _, fn := range query.Fns {
		list = append(list, views.Choice{Value: string(fn), Label: fnLabels[fn], Selected: fn == now})
	}
	return list
}

func plainChoices(columns []formColumn, now string) []views.Choice {
	var list []views.Choice
	for _, c := range columns {
		list = append(list, views.Choice{Value: c.name, Label: c.label, Selected: strings.EqualFold(c.name, now)})
	}
	return list
}

func (b *builderForm) choices(now string, none, numeric bool) []views.Choice {
	var list []views.Choice
	if none {
		list = append(list, views.Choice{Value: "", Label: "rows", Selected: now == ""})
	}
	found := now == ""
	for _, c := range b.columns {
		selected := strings.EqualFold(c.name, now) || strings.EqualFold(c.name[strings.LastIndexByte(c.name, '.')+1:], now)
		if selected && found {
			selected = false
		}
		found = found || selected
		if numeric && c.kind != frame.Number && !selected {
			continue
		}
		list = append(list, views.Choice{Value: c.name, Label: c.label, Selected: selected})
	}
	if !found {
		list = append(list, views.Choice{Value: now, Label: now, Selected: true})
	}
	return list
}

func (b *builderForm) kind(name string) frame.Kind {
	for _, c := range b.columns {
		if strings.EqualFold(c.name, name) || strings.HasSuffix(strings.ToLower(c.name), "."+strings.ToLower(name)) {
			return c.kind
		}
	}
	return frame.Other
}

func (b *builderForm) steps(d query.Dimension) []views.Choice {
	list := []views.Choice{{Value: "", Label: "each value", Selected: d.Grain == "" && d.Bin == ""}}
	switch b.kind(d.Column) {
	case frame.Time, frame.Date:
		for _, g := range source.Grains {
			if b.kind(d.Column) == frame.Date && (g == source.Minute || g == source.Hour) {
				continue
			}
			list = append(list, views.Choice{Value: string(g), Label: "by " + string(g), Selected: g == d.Grain})
		}
	case frame.Number:
		found := d.Bin == ""
		for _, w := range []string{"1", "5", "10", "25", "50", "100", "500", "1000", "10000"} {
			list = append(list, views.Choice{Value: "bin:" + w, Label: "in steps of " + w, Selected: string(d.Bin) == w})
			found = found || string(d.Bin) == w
		}
		if !found {
			list = append(list, views.Choice{Value: "bin:" + string(d.Bin), Label: "in steps of " + string(d.Bin), Selected: true})
		}
	default:
		if d.Grain == "" && d.Bin == "" {
			return nil
		}
	}
	return list
}

// joinable returns the tables that a foreign key connects with those of the question.
func (b *builderForm) joinable(tables []*source.Table) []views.Choice {
	var list []views.Choice
	for i := range b.catalog.Tables {
		t := &b.catalog.Tables[i]
		linked := false
		for _, have := range tables {
			if have == t {
				linked = false
				break
			}
			linked = linked || leads(have, t) || leads(t, have)
		}
		if linked {
			name := tableName(b.catalog, t)
			list = append(list, views.Choice{Value: name, Label: name})
		}
	}
	return list
}

func leads(from, to *source.Table) bool {
	for _, fk := range from.ForeignKeys {
		if fk.Table == to.Name && (fk.Schema == "" || fk.Schema == to.Schema) {
			return true
		}
	}
	return false
}

var opLabels = map[query.Op]string{query.Eq: "is", query.Ne: "is not", query.Lt: "<", query.Lte: "≤", query.Gt: ">", query.Gte: "≥", query.In: "is one of",
	query.NotIn: "is none of", query.Contains: "contains", query.StartsWith: "starts with", query.IsNull: "is empty", query.NotNull: "is not empty",
	query.Between: "between", query.Last: "in the last"}

func (b *builderForm) filters(f *query.Filter, path string, columns []formColumn) []views.FilterLine {
	if f == nil {
		return nil
	}
	list := f.And
	if f.And == nil {
		list = []query.Filter{*f}
	}
	return b.filterLines(list, path, columns)
}

func (b *builderForm) filterLines(list []query.Filter, path string, columns []formColumn) []views.FilterLine {
	var lines []views.FilterLine
	for i := range list {
		f := &list[i]
		line := views.FilterLine{Path: path + "." + strconv.Itoa(i)}
		switch {
		case f.Or != nil:
			line.Group, line.Members = "or", b.filterLines(f.Or, line.Path, columns)
		case f.And != nil:
			line.Group, line.Members = "and", b.filterLines(f.And, line.Path, columns)
		default:
			kind := b.kind(f.Column)
			line.Value, line.Hint = valueText(f), hint(kind, f.Op)
			for _, c := range columns {
				line.Columns = append(line.Columns, views.Choice{Value: c.name, Label: c.label, Selected: strings.EqualFold(c.name, f.Column) || strings.HasSuffix(strings.ToLower(c.name), "."+strings.ToLower(f.Column))})
			}
			line.NoValue = f.Op == query.IsNull || f.Op == query.NotNull
			for _, op := range query.Ops {
				if fits(kind, op) || op == f.Op {
					line.Ops = append(line.Ops, views.Choice{Value: string(op), Label: opLabels[op], Selected: op == f.Op})
				}
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// fits reports whether an operator makes sense for a kind; a column of unknown kind takes all.
func fits(kind frame.Kind, op query.Op) bool {
	switch op {
	case query.Contains, query.StartsWith:
		return kind == frame.Text || kind == frame.Other
	case query.Last:
		return kind == frame.Date || kind == frame.Time
	case query.Lt, query.Lte, query.Gt, query.Gte, query.Between:
		return kind != frame.Bool && kind != frame.JSON && kind != frame.Binary
	case query.IsNull, query.NotNull:
		return true
	}
	return kind != frame.JSON && kind != frame.Binary
}

func hint(kind frame.Kind, op query.Op) string {
	switch {
	case op == query.Last:
		return "30 days"
	case op == query.In || op == query.NotIn:
		return "a, b, c"
	case op == query.Between && kind == frame.Number:
		return "10 to 20"
	case op == query.Between:
		return "2024-01-01 to 2024-12-31"
	case kind == frame.Date || kind == frame.Time:
		return "2024-01-31"
	}
	return ""
}

// file answers with the question's rows or drawing as a file.
func (x *explore) file(extension string) echo.HandlerFunc {
	return func(c echo.Context) error {
		con, spec, settings, err := x.ask(c)
		if err != nil {
			return err
		}
		if con == nil || spec == nil {
			return fault.New(fault.Invalid, "The address names no question")
		}
		spec = prune(spec)
		name := title(spec)
		p := &presenter{charts: x.charts, locale: locale(c), source: con.Name, zone: con.Config.TimeZone, title: name, settings: settings, spec: spec}
		return sendFile(c, x.runner, p, query.Request{Person: person(c), Connection: con.ID, Spec: spec}, extension, name)
	}
}
