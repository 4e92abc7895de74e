package query

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
	"assay/app/store"
)

// Rule says what some people see of one table. As soon as a table has a rule,
// whoever no rule of it covers sees nothing of it. Rules for everyone always
// hold; of several for a person's groups and for the person it is enough that
// one lets a row through. Administrators see everything.
type Rule struct {
	bun.BaseModel `bun:"table:rules,alias:rule"`

	ID           string              `bun:"id,pk"`
	ConnectionID string              `bun:"connection_id"`
	SubjectKind  account.SubjectKind `bun:"subject_kind"`
	SubjectID    string              `bun:"subject_id"`
	Schema       string              `bun:"schema_name"`
	Table        string              `bun:"table_name"`
	CreatedBy    string              `bun:"created_by"`
	CreatedAt    time.Time           `bun:"created_at"`
	UpdatedAt    time.Time           `bun:"updated_at"`

	BodyJSON string   `bun:"body"`
	Body     RuleBody `bun:"-"`
}

// RuleBody is what a rule says.
type RuleBody struct {
	// Filter says which rows are seen; nil means all. A value may be
	// {"attribute": name}, which stands for the values that the person has.
	Filter *Filter `json:"filter,omitempty"`
	Masks  []Mask  `json:"masks,omitempty"`
	// Note says why the rule is there.
	Note string `json:"note,omitempty"`
}

// Mask hides the values of a column.
type Mask struct {
	Column string `json:"column"`
	How    How    `json:"how"`
}

// How says what stands in the place of a hidden value.
type How string

// The ways to hide: Empty puts null in a value's place, Redact a text of dots.
const (
	Empty  How = "empty"
	Redact How = "redact"
)

// redacted stands in the place of a text that is hidden.
const redacted = "•••"

// Subject returns for whom the rule is.
func (r *Rule) Subject() account.Subject {
	return account.Subject{Kind: r.SubjectKind, ID: r.SubjectID}
}

func (r *Rule) event(action string) audit.Event {
	name := r.Table
	if r.Schema != "" {
		name = r.Schema + "." + r.Table
	}
	return audit.Event{Action: action, Connection: r.ConnectionID, Object: audit.Object{Kind: "rule", ID: r.ID, Name: name},
		Detail: map[string]any{"subject": string(r.SubjectKind), "subject_id": r.SubjectID, "body": r.BodyJSON}}
}

// Rules keeps the rules of all connections and works out what each person sees.
type Rules struct {
	db          *store.Store
	pools       *source.Pools
	connections *source.Store
	log         *audit.Log
	now         func() time.Time
	digests     digests

	mu      sync.Mutex
	changes int
	known   map[string]knownRules // by connection
}

type knownRules struct {
	list  []Rule
	until time.Time
}

// NewRules returns the rules of a store.
func NewRules(s *store.Store, p *source.Pools, log *audit.Log) *Rules {
	return &Rules{db: s, pools: p, connections: p.Store(), log: log, now: func() time.Time { return time.Now().UTC() }, known: map[string]knownRules{}}
}

// List returns the rules of a connection by table.
func (s *Rules) List(ctx context.Context, connection string) (list []Rule, err error) {
	defer fault.Wrap(&err, "query.Rules.List(%s)", connection)
	if err := s.db.Read().NewSelect().Model(&list).Where("connection_id = ?", connection).Order("schema_name", "table_name", "id").Scan(ctx); err != nil {
		return nil, err
	}
	for i := range list {
		if err := json.Unmarshal([]byte(list[i].BodyJSON), &list[i].Body); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Get returns a rule.
func (s *Rules) Get(ctx context.Context, id string) (r *Rule, err error) {
	defer fault.Wrap(&err, "query.Rules.Get(%s)", id)
	r = new(Rule)
	if err := s.db.Read().NewSelect().Model(r).Where("id = ?", id).Scan(ctx); err != nil {
		return nil, store.Missing(err, "rule")
	}
	return r, json.Unmarshal([]byte(r.BodyJSON), &r.Body)
}

// rulesTrust is how long rules are used before the store is asked again whether
// another process changed them; our own changes count at once.
const rulesTrust = time.Second

// of returns a connection's rules, as they are now or were a moment ago.
func (s *Rules) of(ctx context.Context, connection string) ([]Rule, error) {
	s.mu.Lock()
	known, ok := s.known[connection]
	changes := s.changes
	s.mu.Unlock()
	if ok && s.now().Before(known.until) {
		return known.list, nil
	}
	list, err := s.List(ctx, connection)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes == changes {
		s.known[connection] = knownRules{list, s.now().Add(rulesTrust)}
	}
	return list, nil
}

func (s *Rules) changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	s.known = map[string]knownRules{}
}

// check tells everything that is wrong with a rule: it must name a table and
// columns that are there, and its filter must be one for every person.
func (s *Rules) check(ctx context.Context, r *Rule) error {
	var problems fault.Fields
	if r.SubjectKind == account.Everyone {
		r.SubjectID = ""
	}
	if utf8.RuneCountInString(r.Body.Note) > 1000 {
		problems.Add("note", "A note has at most 1,000 characters")
	}
	opened, err := s.pools.Open(ctx, r.ConnectionID)
	if err != nil {
		return err
	}
	catalog, err := s.pools.Catalog(ctx, r.ConnectionID)
	if err != nil {
		return err
	}
	t, ok := findTable(catalog, source.Name{Schema: strings.TrimSpace(r.Schema), Name: strings.TrimSpace(r.Table)})
	if !ok {
		problems.Add("table", "There is no table %s in this connection; if it is new, read the schema again", r.Table)
		return problems.Err()
	}
	r.Schema, r.Table = t.Schema, t.Name
	others, err := s.List(ctx, r.ConnectionID)
	if err != nil {
		return err
	}
	if other, shared := ruledRelative(catalog, t, (&view{rules: others}).ruled); shared {
		problems.Add("table", "%s shares rows with the table %s, which has rules; put the rule there", t.Name, other.Name)
	}
	seen := map[string]bool{}
	for i, m := range r.Body.Masks {
		field := fmt.Sprintf("masks[%d]", i)
		col, ok := t.Column(m.Column)
		switch {
		case !ok:
			problems.Add(field, "The table %s has no column %s", t.Name, m.Column)
			continue
		case seen[col.Name]:
			problems.Add(field, "The column %s is hidden already", col.Name)
		case m.How != Empty && m.How != Redact:
			problems.Add(field, "A column is hidden as empty or redact")
		case m.How == Redact && col.Kind != frame.Text:
			problems.Add(field, "%s holds %s, in which dots cannot stand; hide it as empty", col.Name, col.Kind)
		}
		r.Body.Masks[i].Column, seen[col.Name] = col.Name, true
	}
	if err := problems.Err(); err != nil {
		return err
	}
	if _, err := ruleFilter(&r.Body, t, opened.Driver.Dialect(), s.now(), anybody(t)); err != nil {
		return err
	}
	body, err := json.Marshal(r.Body)
	r.BodyJSON = string(body)
	return err
}

// Create saves a new rule and gives it an id, unless it has one that is free; by
// is a person's id.
func (s *Rules) Create(ctx context.Context, r *Rule, by string) (err error) {
	defer fault.Wrap(&err, "query.Rules.Create")
	defer s.changed()
	if err := s.check(ctx, r); err != nil {
		return err
	}
	if r.ID == "" {
		r.ID = store.NewID()
	}
	r.CreatedBy, r.CreatedAt, r.UpdatedAt = by, s.now(), s.now()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := subjectKnown(ctx, tx, r.Subject()); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(r).Exec(ctx); err != nil {
			return store.Duplicate(err, "There is a rule with this id already")
		}
		return s.log.Append(ctx, tx, r.event("rule.create"))
	})
}

// Update saves a changed rule.
func (s *Rules) Update(ctx context.Context, r *Rule) (err error) {
	defer fault.Wrap(&err, "query.Rules.Update(%s)", r.ID)
	defer s.changed()
	if err := s.check(ctx, r); err != nil {
		return err
	}
	r.UpdatedAt = s.now()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := subjectKnown(ctx, tx, r.Subject()); err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model(r).Column("subject_kind", "subject_id", "schema_name", "table_name", "body", "updated_at").WherePK().Exec(ctx)
		if err := store.Changed(res, err, "rule"); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, r.event("rule.update"))
	})
}

// Delete removes a rule. Where it was the last one of its table, everybody with
// a right to the connection sees the whole table again.
func (s *Rules) Delete(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "query.Rules.Delete(%s)", id)
	defer s.changed()
	r, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewDelete().Model(r).WherePK().Exec(ctx)
		if err := store.Changed(res, err, "rule"); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, r.event("rule.delete"))
	})
}

func subjectKnown(ctx context.Context, tx bun.Tx, to account.Subject) error {
	switch to.Kind {
	case account.Everyone:
		return nil
	case account.ToGroup:
		return known(ctx, tx, "groups", to.ID, "group")
	case account.ToPerson:
		return known(ctx, tx, "people", to.ID, "person")
	}
	return fault.Field("subject", "A rule is for everyone, a group or a person")
}
