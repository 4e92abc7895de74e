package api

import (
	"context"
	"net/http"
	"time"

	"assay/app/account"
	"assay/app/query"
)

// Rule says what some people see of one table.
type Rule struct {
	ID         string  `json:"id"`
	Connection string  `json:"connection" doc:"The connection's id"`
	Subject    Subject `json:"subject" doc:"For whom the rule is"`
	Schema     string  `json:"schema"`
	Table      string  `json:"table"`
	RuleText
	CreatedBy string    `json:"created_by" doc:"A person's id"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// RuleText is what a rule says.
type RuleText struct {
	Filter *filter `json:"filter,omitempty" doc:"Which rows are seen; without it all. A value may be {\"attribute\": name}, which stands for the values that the person has of the attribute, and lets no row through where they have none"`
	Masks  []Mask  `json:"masks,omitempty" maxItems:"500" doc:"Columns whose values are hidden"`
	Note   string  `json:"note,omitempty" maxLength:"1000" doc:"Why the rule is there"`
}

// Mask hides the values of a column.
type Mask struct {
	Column string `json:"column" minLength:"1" maxLength:"500"`
	How    string `json:"how" enum:"empty,redact" doc:"empty puts null in a value's place, redact a text of dots"`
}

func (t RuleText) body() query.RuleBody {
	b := query.RuleBody{Filter: t.Filter.query(), Note: t.Note}
	for _, m := range t.Masks {
		b.Masks = append(b.Masks, query.Mask{Column: m.Column, How: query.How(m.How)})
	}
	return b
}

func ruleOf(r *query.Rule) Rule {
	text := RuleText{Note: r.Body.Note, Masks: each(r.Body.Masks, func(m *query.Mask) Mask { return Mask{m.Column, string(m.How)} })}
	if r.Body.Filter != nil {
		text.Filter = &filter{*r.Body.Filter}
	}
	return Rule{ID: r.ID, Connection: r.ConnectionID, Subject: subjectOf(r.Subject()), Schema: r.Schema, Table: r.Table, RuleText: text,
		CreatedBy: r.CreatedBy, CreatedAt: utc(r.CreatedAt), UpdatedAt: utc(r.UpdatedAt)}
}

// RuleInput is what a rule is made from.
type RuleInput struct {
	Connection string  `json:"connection" minLength:"1" maxLength:"100" doc:"The connection's id; it stays as it is made"`
	Subject    Subject `json:"subject" doc:"For whom the rule is"`
	Schema     string  `json:"schema,omitempty" maxLength:"500" doc:"The table's schema; may be left out where one table has the name"`
	Table      string  `json:"table" minLength:"1" maxLength:"500" doc:"The table's name"`
	RuleText
}

type ruleCreate struct{ Body RuleInput }

type ruleReplace struct {
	ByID
	Body RuleInput
}

type rulePatch struct {
	ByID
	Body struct {
		Subject *Subject `json:"subject,omitempty" doc:"For whom the rule is"`
		Schema  *string  `json:"schema,omitempty" maxLength:"500" doc:"The table's schema"`
		Table   *string  `json:"table,omitempty" minLength:"1" maxLength:"500" doc:"The table's name"`
		Filter  *filter  `json:"filter,omitempty" doc:"Which rows are seen; {} lets all through"`
		Masks   []Mask   `json:"masks,omitempty" maxItems:"500" doc:"Columns whose values are hidden, in place of all there were"`
		Note    *string  `json:"note,omitempty" maxLength:"1000" doc:"Why the rule is there"`
	} `nameHint:"RulePatch"`
}

type ruleFind struct {
	Paging
	Connection string `query:"connection" maxLength:"100" doc:"Only rules of the connection with this id"`
}

func (a *api) rules() {
	const tag, edit = "rights", account.EditRights
	covers := "As soon as a table has a rule, whoever no rule of it covers sees nothing of it. Rules for everyone always hold; of several for a person's groups and for the person it is enough that one lets a row through. Administrators see everything."
	add(a, operation{id: "listRules", method: http.MethodGet, path: "/rules", tag: tag, action: edit, summary: "List row rules by connection and table"}, a.listRules)
	add(a, operation{id: "createRule", method: http.MethodPost, path: "/rules", tag: tag, action: edit, status: http.StatusCreated, summary: "Make a row rule", detail: covers}, a.createRule)
	add(a, operation{id: "getRule", method: http.MethodGet, path: "/rules/{id}", tag: tag, action: edit, summary: "Get a row rule"}, a.getRule)
	add(a, operation{id: "replaceRule", method: http.MethodPut, path: "/rules/{id}", tag: tag, action: edit, summary: "Replace a row rule", detail: covers}, a.replaceRule)
	add(a, operation{id: "updateRule", method: http.MethodPatch, path: "/rules/{id}", tag: tag, action: edit, summary: "Change a row rule", detail: covers}, a.updateRule)
	add(a, operation{id: "deleteRule", method: http.MethodDelete, path: "/rules/{id}", tag: tag, action: edit, summary: "Remove a row rule",
		detail: "Where it was the last one of its table, everybody with a right to the connection sees the whole table again."}, a.deleteRule)
}

func (a *api) listRules(ctx context.Context, in *ruleFind) (*body[page[Rule]], error) {
	connections, err := a.Connections.List(ctx)
	if err != nil {
		return nil, err
	}
	var all []Rule
	for _, c := range connections {
		if in.Connection != "" && in.Connection != c.ID {
			continue
		}
		list, err := a.Rules.List(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, each(list, ruleOf)...)
	}
	return cut(all, in.Paging, func(r Rule) string { return r.ID })
}

func (a *api) createRule(ctx context.Context, in *ruleCreate) (*created[Rule], error) {
	b := in.Body
	if err := a.knownConnection(ctx, b.Connection); err != nil {
		return nil, err
	}
	r := &query.Rule{ConnectionID: b.Connection, SubjectKind: account.SubjectKind(b.Subject.Kind), SubjectID: b.Subject.ID, Schema: b.Schema, Table: b.Table, Body: b.body()}
	if err := a.Rules.Create(ctx, r, from(ctx).person.ID); err != nil {
		return nil, renamed(err, ruleFields)
	}
	return &created[Rule]{Location: prefix + "/rules/" + r.ID, Body: ruleOf(r)}, nil
}

// ruleFields names in the body what the rules' room calls otherwise.
var ruleFields = map[string]string{"group": "subject", "person": "subject"}

func (a *api) getRule(ctx context.Context, in *ByID) (*body[Rule], error) {
	r, err := a.Rules.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[Rule]{ruleOf(r)}, nil
}

func (a *api) replaceRule(ctx context.Context, in *ruleReplace) (*body[Rule], error) {
	r, err := a.Rules.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	if b.Connection != r.ConnectionID {
		return nil, moved()
	}
	r.SubjectKind, r.SubjectID, r.Schema, r.Table, r.Body = account.SubjectKind(b.Subject.Kind), b.Subject.ID, b.Schema, b.Table, b.body()
	return a.saveRule(ctx, r)
}

func (a *api) updateRule(ctx context.Context, in *rulePatch) (*body[Rule], error) {
	r, err := a.Rules.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	if b.Subject != nil {
		r.SubjectKind, r.SubjectID = account.SubjectKind(b.Subject.Kind), b.Subject.ID
	}
	set(&r.Schema, b.Schema)
	set(&r.Table, b.Table)
	given := RuleText{Filter: b.Filter, Masks: b.Masks}.body()
	if b.Filter != nil {
		r.Body.Filter = given.Filter
	}
	if b.Masks != nil {
		r.Body.Masks = given.Masks
	}
	set(&r.Body.Note, b.Note)
	return a.saveRule(ctx, r)
}

func (a *api) saveRule(ctx context.Context, r *query.Rule) (*body[Rule], error) {
	if err := a.Rules.Update(ctx, r); err != nil {
		return nil, renamed(err, ruleFields)
	}
	return &body[Rule]{ruleOf(r)}, nil
}

func (a *api) deleteRule(ctx context.Context, in *ByID) (*nothing, error) {
	return nil, a.Rules.Delete(ctx, in.ID)
}
