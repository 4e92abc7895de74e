package web

import (
	"encoding/json"
	"strconv"
	"strings"

	"assay/app/figure"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// builderForm turns a spec into the fields of the form.
type builderForm struct {
	catalog *source.Catalog
	spec    *query.Spec
	tables  []*source.Table
	columns []formColumn
}

type formColumn struct {
	name  string
	label string
	kind  frame.Kind
}

// newBuilderForm returns the form of a spec over the columns that it can ask.
func newBuilderForm(catalog *source.Catalog, spec *query.Spec, columns []formColumn) *builderForm {
	return &builderForm{catalog: catalog, spec: spec, tables: specTables(catalog, spec), columns: columns}
}

func specTables(catalog *source.Catalog, spec *query.Spec) (tables []*source.Table) {
	add := func(name string) {
		if t, ok := catalog.Find(name); ok {
			tables = append(tables, t)
		}
	}
	add(spec.Table)
	for _, j := range spec.Joins {
		add(j.Table)
	}
	return tables
}

// tableColumns lists the columns of a spec's tables.
func tableColumns(catalog *source.Catalog, spec *query.Spec) (columns []formColumn) {
	tables := specTables(catalog, spec)
	for i, t := range tables {
		for _, c := range t.Columns {
			name, label := c.Name, c.Name
			if len(tables) > 1 {
				name = t.Name + "." + c.Name
			}
			if i > 0 {
				label = name // only joined tables are named: the lists are narrow
			}
			columns = append(columns, formColumn{name, label, c.Kind})
		}
	}
	return columns
}

func (b *builderForm) fill(page *views.Explore) {
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
	page.Joinable = b.joinable()
	if len(b.spec.Measures)+len(b.spec.Dimensions) == 0 {
		for i, name := range b.spec.Columns {
			page.Plain = append(page.Plain, views.PlainLine{Index: strconv.Itoa(i), Columns: b.choices(name, false, false)})
		}
	}
	for i, m := range b.spec.Measures {
		page.Measures = append(page.Measures, views.MeasureLine{Index: strconv.Itoa(i), Fns: fnChoices(m.Fn), Columns: b.choices(m.Column, m.Fn == query.Count, numericOnly(m.Fn)), As: m.As})
	}
	for i, d := range b.spec.Dimensions {
		columns := b.choices(d.Column, false, false)
		page.Dimensions = append(page.Dimensions, views.DimensionLine{Index: strconv.Itoa(i), Column: selected(columns), Columns: columns, Steps: b.steps(d), As: d.As})
	}
	page.Columns = b.choices("", true, false)
	page.Filters = b.filters(b.spec.Filters, "f", b.columns)
	var outputs []formColumn
	for _, name := range b.spec.Names() {
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

// selected returns the value that a list stands at.
func selected(list []views.Choice) string {
	for _, c := range list {
		if c.Selected {
			return c.Value
		}
	}
	return ""
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
		list = append(list, views.Choice{Value: now, Label: b.gone(now), Selected: true})
	}
	return list
}

func (b *builderForm) kind(name string) frame.Kind { return kindIn(b.columns, name) }

// gone labels a column that is chosen but not there; where no columns are known
// nobody can say so.
func (b *builderForm) gone(name string) string {
	if len(b.columns) == 0 {
		return name
	}
	return name + " (not there)"
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
func (b *builderForm) joinable() []views.Choice {
	var list []views.Choice
	for i := range b.catalog.Tables {
		t := &b.catalog.Tables[i]
		linked := false
		for _, have := range b.tables {
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
			line.Value, line.Hint = figure.ValueText(f), hint(kind, f.Op)
			for _, c := range columns {
				line.Columns = append(line.Columns, views.Choice{Value: c.name, Label: c.label, Selected: strings.EqualFold(c.name, f.Column) || strings.HasSuffix(strings.ToLower(c.name), "."+strings.ToLower(f.Column))})
			}
			if f.Column != "" && selected(line.Columns) == "" {
				line.Columns = append(line.Columns, views.Choice{Value: f.Column, Label: b.gone(f.Column), Selected: true})
			}
			line.NoValue = f.Op == query.IsNull || f.Op == query.NotNull
			for _, op := range query.Ops {
				if fits(kind, op) || op == f.Op {
					line.Ops = append(line.Ops, views.Choice{Value: string(op), Label: figure.OpWords[op], Selected: op == f.Op})
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
