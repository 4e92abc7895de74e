package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// The form of a rule has a line for each condition (f.0.column, f.0.op, f.0.from,
// f.0.value) and one for each column (m.0.column, m.0.on, m.0.how). Buttons named
// "do" save, try, add and remove lines.

// ruleDraft is a rule as its form has it.
type ruleDraft struct {
	rule  *query.Rule
	lines []draftLine
	any   bool
	text  string // the condition as JSON, where the lines cannot say it
	// places and masks say on which line each condition and mask of the rule
	// stands: what is wrong with one is told there.
	places   []int
	problems map[string]string // by the line's path or the control's name
	as       string            // the person whom it is tried as
	try      bool
}

type draftLine struct {
	column, value string
	op            query.Op
	attribute     bool
}

// newRuleDraft spells a rule as lines, or where they cannot say it as text.
func newRuleDraft(r *query.Rule) *ruleDraft {
	d := &ruleDraft{rule: r}
	f := r.Body.Filter
	list := []query.Filter{}
	switch {
	case f == nil:
	case f.Or != nil:
		d.any, list = true, f.Or
	case f.And != nil:
		list = f.And
	case f.Column != "":
		list = []query.Filter{*f}
	}
	for _, one := range list {
		if one.Column == "" {
			text, _ := json.MarshalIndent(f, "", "  ")
			d.text, d.lines = string(text), nil
			return d
		}
		line := draftLine{column: one.Column, op: one.Op, value: figure.ValueText(&one)}
		if name, ok := attributeOf(&one); ok {
			line.attribute, line.value = true, name
		}
		d.lines = append(d.lines, line)
	}
	if len(d.lines) == 0 {
		d.lines = []draftLine{{op: query.Eq}}
	}
	return d
}

// attributeOf returns the person's attribute that a condition compares with.
func attributeOf(f *query.Filter) (string, bool) {
	var ref struct {
		Attribute string `json:"attribute"`
	}
	err := json.Unmarshal(f.Value, &ref)
	return ref.Attribute, err == nil && ref.Attribute != "" && f.Op != query.Last
}

// readRule takes what the form says into the rule and does what the pressed button says.
func readRule(r *query.Rule, v url.Values, do string) *ruleDraft {
	d := &ruleDraft{rule: r, any: v.Get("joint") == "any", problems: map[string]string{}, as: v.Get("as"), try: do == "try"}
	to := readSubject(v.Get("subject"))
	r.SubjectKind, r.SubjectID = to.Kind, to.ID
	r.Body = query.RuleBody{Note: strings.TrimSpace(v.Get("note"))}
	if text := strings.TrimSpace(v.Get("filter")); text != "" {
		d.text = text
		f := new(query.Filter)
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(f); err != nil {
			d.problems["filter"] = "The condition cannot be read: " + strings.TrimPrefix(err.Error(), "json: ")
		}
		r.Body.Filter = f
	} else {
		d.readLines(v, do)
	}
	for _, i := range indexes(v, "m.") {
		if v.Get("m."+i+".on") != "" {
			r.Body.Masks = append(r.Body.Masks, query.Mask{Column: v.Get("m." + i + ".column"), How: query.How(v.Get("m." + i + ".how"))})
		}
	}
	return d
}

func (d *ruleDraft) readLines(v url.Values, do string) {
	var list []query.Filter
	for _, i := range indexes(v, "f.") {
		at := "f." + i
		if do == "remove-"+at {
			continue
		}
		line := draftLine{column: v.Get(at + ".column"), op: query.Op(v.Get(at + ".op")), attribute: v.Get(at+".from") == "attribute", value: v.Get(at + ".value")}
		d.lines = append(d.lines, line)
		path := "f." + strconv.Itoa(len(d.lines)-1)
		if line.column == "" {
			if strings.TrimSpace(line.value) != "" {
				d.problems[path] = "Choose the column that this value is compared with"
			}
			continue
		}
		one := query.Filter{Column: line.column, Op: line.op}
		switch {
		case line.op == query.IsNull || line.op == query.NotNull:
		case line.attribute && strings.TrimSpace(line.value) == "":
			d.problems[path] = "Name the attribute"
		case line.attribute:
			one.Value, _ = json.Marshal(map[string]string{"attribute": strings.TrimSpace(line.value)})
		default:
			one.Value = readValue(line.op, line.value)
		}
		list, d.places = append(list, one), append(d.places, len(d.lines)-1)
	}
	if do == "add" || len(d.lines) == 0 {
		d.lines = append(d.lines, draftLine{op: query.Eq})
	}
	switch {
	case len(list) == 0:
	case d.any:
		d.rule.Body.Filter = &query.Filter{Or: list}
	default:
		d.rule.Body.Filter = &query.Filter{And: list}
	}
}

var conditionField = regexp.MustCompile(`^filter\.(?:and|or)\[(\d+)\]`)

// blame puts what a store said about the rule to the lines that it is about; the
// rest is for the top of the form.
func (d *ruleDraft) blame(err error) (top string) {
	if d.problems == nil {
		d.problems = map[string]string{}
	}
	fields := fault.FieldsOf(err)
	if len(fields) == 0 {
		if f := source.AsFailure(err); f != nil {
			return "The rule cannot be checked, since the database does not answer as it should: " + failureText(err)
		}
		return fault.MessageOf(err)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		problem := fields[name]
		if m := conditionField.FindStringSubmatch(name); m != nil && d.text == "" {
			if n, _ := strconv.Atoi(m[1]); n < len(d.places) {
				d.problems["f."+strconv.Itoa(d.places[n])] = problem
				continue
			}
		}
		if strings.HasPrefix(name, "filter") {
			d.problems["filter"] = problem
			continue
		}
		var n int
		if _, err := fmt.Sscanf(name, "masks[%d]", &n); err == nil && n < len(d.rule.Body.Masks) {
			d.problems["mask "+d.rule.Body.Masks[n].Column] = problem
			continue
		}
		if name == "subject" || name == "note" {
			d.problems[name] = problem
			continue
		}
		top = problem
	}
	return top
}

// form shows a rule's form; wrong is what kept it from being saved.
func (x *adminRules) form(c echo.Context, status int, d *ruleDraft, wrong error) error {
	ctx, r := c.Request().Context(), d.rule
	con, err := x.connections.Get(ctx, r.ConnectionID)
	if err != nil {
		return err
	}
	who, err := newSubjects(ctx, x.people)
	if err != nil {
		return err
	}
	name := join(r.Schema, r.Table)
	page := views.RuleForm{Chrome: adminChrome(c, "Write a rule", "rules"), Action: "/admin/rules", ListURL: rulesURL(con.ID), Connection: con.ID, Place: "For the table " + name + " of " + con.Name + ".",
		Schema: r.Schema, Table: r.Table, Subjects: who.choices(r.Subject()), Any: d.any, JSON: d.text, Note: r.Body.Note, Attributes: attributeNames(who.people)}
	if r.ID != "" {
		page.Chrome.Title, page.Action, page.DeleteURL = "Change a rule", "/admin/rules/"+r.ID, "/admin/rules/"+r.ID+"/delete"
	} else {
		page.OtherURL = "/admin/rules/new?connection=" + con.ID
	}
	var t *source.Table
	catalog, err := x.pools.Catalog(ctx, con.ID)
	switch {
	case err != nil:
		page.Problem = "The columns of the table cannot be told now: " + failureText(err)
	default:
		if found, ok := tableOf(catalog, r); ok {
			t = found
		} else {
			page.Problem = "There is no table " + name + " in " + con.Name + " any more. The rule can be deleted; if the table is new, read the connection's tables again."
		}
	}
	people, last := slices.Clone(who.people), map[bool]int{true: 1}
	slices.SortStableFunc(people, func(a, b account.Person) int { return last[a.Role == account.Admin] - last[b.Role == account.Admin] })
	page.As = options(people, d.as, personOption)
	if d.try && len(d.problems) == 0 && wrong == nil {
		if wrong, err = x.try(c, d, who, &page); err != nil {
			return err
		}
		if wrong != nil {
			status, _ = tellable(wrong)
		}
	}
	if wrong != nil {
		page.Problem = cmp.Or(d.blame(wrong), page.Problem)
	}
	page.Errors = d.problems
	page.Lines, page.Masks = d.lineViews(t), d.maskViews(t)
	return respond(c, status, views.RuleFormPage(page))
}

// try shows what the chosen person would see; wrong is what is wrong with the rule.
func (x *adminRules) try(c echo.Context, d *ruleDraft, who subjects, page *views.RuleForm) (wrong, err error) {
	i := slices.IndexFunc(who.people, func(p account.Person) bool { return p.ID == d.as })
	if i < 0 {
		d.problems["as"] = "Choose somebody"
		return nil, nil
	}
	p := &who.people[i]
	draft := *d.rule
	sight, err := x.rules.Try(c.Request().Context(), p, draft.ConnectionID, source.Name{Schema: draft.Schema, Name: draft.Table}, &draft)
	if err != nil {
		if _, ok := tellable(err); ok {
			return err, nil
		}
		return nil, err
	}
	s := sightOf(who, p, source.Name{Schema: draft.Schema, Name: draft.Table}, sight)
	page.Sight = &s
	return nil, nil
}

// attributeNames lists the attributes that anybody has.
func attributeNames(people []account.Person) string {
	names := map[string]bool{}
	for i := range people {
		for name := range people[i].Attributes {
			names[name] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), ", ")
}

func (d *ruleDraft) lineViews(t *source.Table) (list []views.RuleLine) {
	for i, l := range d.lines {
		line := views.RuleLine{Path: "f." + strconv.Itoa(i), Value: l.value, Problem: d.problems["f."+strconv.Itoa(i)]}
		line.Columns = []views.Choice{{Label: "Column"}}
		known := l.column == ""
		if t != nil {
			for _, col := range t.Columns {
				same := strings.EqualFold(col.Name, l.column)
				known = known || same
				line.Columns = append(line.Columns, views.Choice{Value: col.Name, Label: col.Name + " (" + col.Kind.String() + ")", Selected: same})
			}
		}
		if !known {
			line.Columns = append(line.Columns, views.Choice{Value: l.column, Label: l.column + " (no longer there)", Selected: true})
		}
		for _, op := range query.Ops {
			line.Ops = append(line.Ops, views.Choice{Value: string(op), Label: figure.OpWords[op], Selected: op == l.op})
		}
		line.From = []views.Choice{{Value: "value", Label: "the value"}, {Value: "attribute", Label: "the person's attribute", Selected: l.attribute}}
		list = append(list, line)
	}
	return list
}

func (d *ruleDraft) maskViews(t *source.Table) (list []views.MaskLine) {
	hidden := map[string]query.Mask{}
	for _, m := range d.rule.Body.Masks {
		hidden[strings.ToLower(m.Column)] = m
	}
	add := func(column, typ string, text, gone bool) {
		m, on := hidden[strings.ToLower(column)]
		delete(hidden, strings.ToLower(column))
		line := views.MaskLine{Path: "m." + strconv.Itoa(len(list)), Column: column, Type: typ, Gone: gone, Hidden: on, Problem: d.problems["mask "+column],
			Hows: []views.Choice{{Value: string(query.Empty), Label: "empty", Selected: m.How == query.Empty}}}
		if text || m.How == query.Redact {
			line.Hows = append(line.Hows, views.Choice{Value: string(query.Redact), Label: "dots", Selected: m.How == query.Redact})
		}
		list = append(list, line)
	}
	if t != nil {
		for _, c := range t.Columns {
			add(c.Name, c.Type, c.Kind == frame.Text, false)
		}
	}
	for _, m := range d.rule.Body.Masks {
		if _, left := hidden[strings.ToLower(m.Column)]; left {
			add(m.Column, "", false, true)
		}
	}
	return list
}
