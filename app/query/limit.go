package query

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"assay/app/account"
	"assay/app/frame"
	"assay/app/source"
)

// limits is what a person sees of a connection's database.
type limits struct {
	policy source.Policy
	// print names the limits: two people with the same one see the same of this
	// connection. It is empty where nothing limits them.
	print string
	// sight names the rules and rights alone behind the limits, whatever the tables
	// are and the time is; like print it is empty where nothing limits them.
	sight string
}

// limits works out what a person sees of a connection. Anything that cannot be
// shown to respect the rules is refused by the policy, with the reason.
func (s *Rules) limits(ctx context.Context, p *account.Person, opened source.Opened) (limits, error) {
	id := opened.Connection.ID
	rules, err := s.of(ctx, id)
	if err != nil {
		return limits{}, err
	}
	bySchema := p.LimitedToSchemas(id)
	if p.Role == account.Admin || len(rules) == 0 && !bySchema {
		var l limits
		if catalog, ok := s.pools.Known(id); ok && len(catalog.Routines) > 0 {
			l.policy.Routines = catalog.Routines
		}
		return l, nil
	}
	catalog, err := s.pools.CatalogSince(ctx, id, s.now().Add(-freshness))
	if err != nil {
		return limits{}, err
	}
	v := &view{person: p, connection: opened, catalog: catalog, rules: rules, bySchema: bySchema, now: s.now(), readings: map[source.Name]reading{}, digest: s.digests.of(id, catalog)}
	return limits{policy: source.Policy{Tables: v.read, Routines: catalog.Routines, Code: catalog.Code}, print: v.print(), sight: v.sight()}, nil
}

// freshness is how old a catalog may be by which rules are applied: what the
// database's owner changed since is not known.
const freshness = time.Minute

// view is what a person sees of one database.
type view struct {
	person     *account.Person
	connection source.Opened
	catalog    *source.Catalog
	rules      []Rule
	bySchema   bool
	now        time.Time
	readings   map[source.Name]reading
	digest     string // of the catalog, see digests
}

type reading struct {
	source.Reading
	err error
}

// print names everything on which the view depends.
func (v *view) print() string {
	moment := ""
	for _, r := range v.rules {
		if strings.Contains(r.BodyJSON, `"last"`) { // a filter that asks about the present
			moment = v.now.Format("2006-01-02T15:04")
		}
	}
	body, _ := json.Marshal([]any{v.connection.Connection.ID, v.connection.Connection.Version, v.digest, moment, v.person.Fingerprint(), v.person.ID, v.rules})
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// sight names the rules and rights on which the view depends.
func (v *view) sight() string {
	body, _ := json.Marshal([]any{v.connection.Connection.ID, v.person.ID, v.person.Sight(v.connection.Connection.ID), v.bySchema, v.rules})
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Sight names what decides which rows of a connection the person sees: their
// rights and attributes and the rules, "" where nothing limits them. As long as it
// is the same, they may see again what they saw before.
func (r *Runner) Sight(ctx context.Context, p *account.Person, connection string) (string, error) {
	opened, err := r.pools.Open(ctx, connection)
	if err != nil {
		return "", err
	}
	l, err := r.rules.limits(ctx, p, opened)
	return l.sight, err
}

// read says how the person reads a table: whole, in part, or (an error) not at all.
func (v *view) read(name source.Name) (source.Reading, error) {
	t, err := v.find(name)
	if err != nil {
		return source.Reading{}, err
	}
	full := source.Name{Schema: t.Schema, Name: t.Name}
	r, ok := v.readings[full]
	if !ok {
		r.Reading, r.err = v.table(t)
		v.readings[full] = r
	}
	return r.Reading, r.err
}

// find returns the one table that a name in a statement means.
func (v *view) find(name source.Name) (*source.Table, error) {
	if t, ok := findTable(v.catalog, name); ok {
		return t, nil
	}
	for i := range v.catalog.Tables {
		if t := &v.catalog.Tables[i]; name.Schema == "" && strings.EqualFold(t.Name, name.Name) {
			return nil, source.Refuse(0, "There are several tables named %s; write its schema too", name.Name)
		}
	}
	return nil, source.Refuse(0, "%s is not a table whose rules are known, so it cannot be read", name.Name)
}

// findTable returns the table of the name, exactly as spelled where there is
// one; a name without a schema means the default schema's table or the only one.
func findTable(c *source.Catalog, name source.Name) (*source.Table, bool) {
	same := []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold}
	for _, is := range same {
		var found []*source.Table
		for i := range c.Tables {
			t := &c.Tables[i]
			if is(t.Name, name.Name) && (name.Schema == "" || is(t.Schema, name.Schema)) {
				found = append(found, t)
			}
		}
		if len(found) == 1 {
			return found[0], true
		}
		for _, t := range found {
			if name.Schema == "" && t.Schema == c.DefaultSchema {
				return t, true
			}
		}
		if len(found) > 0 {
			return nil, false
		}
	}
	return nil, false
}

// table works out how a table of the catalog is read.
func (v *view) table(t *source.Table) (source.Reading, error) {
	whole := source.Reading{Table: source.Name{Schema: t.Schema, Name: t.Name}}
	if d := account.May(v.person, account.Look, account.OnSchema(v.connection.Connection.ID, t.Schema)); !d.Allowed {
		return whole, source.Refuse(0, "The schema %s was not granted to you", t.Schema)
	}
	if len(v.rules) == 0 {
		return whole, nil
	}
	own := v.of(t)
	if len(own) == 0 {
		if lost, ok := v.lost(); ok {
			// It may stand under another name now.
			return whole, source.Refuse(0, "A rule is for the table %s, which is not there any more; until an administrator looks at it, tables without rules stay closed", lost)
		}
		return whole, v.beside(t)
	}
	if other, ok := ruledRelative(v.catalog, t, v.ruled); ok {
		// Each would be read under its own rules, which may let the other's rows through.
		return whole, source.Refuse(0, "The tables %s and %s share rows and both have rules; an administrator must keep one of them", t.Name, other.Name)
	}
	return v.limited(t, own)
}

// lost returns the table of a rule that is not in the catalog.
func (v *view) lost() (string, bool) {
	for _, r := range v.rules {
		if !slices.ContainsFunc(v.catalog.Tables, func(t source.Table) bool {
			return strings.EqualFold(r.Table, t.Name) && strings.EqualFold(r.Schema, t.Schema)
		}) {
			return r.Table, true
		}
	}
	return "", false
}

// of returns the rules of a table.
func (v *view) of(t *source.Table) []Rule {
	var list []Rule
	for _, r := range v.rules {
		if strings.EqualFold(r.Table, t.Name) && strings.EqualFold(r.Schema, t.Schema) {
			list = append(list, r)
		}
	}
	return list
}

// beside refuses a table without rules of its own whose rows may be another one's.
func (v *view) beside(t *source.Table) error {
	if t.Kind != "table" && t.Kind != "partitioned table" {
		return source.Refuse(0, "%s is a %s and may show rows that a rule hides; ask an administrator to give it a rule of its own", t.Name, cmp.Or(t.Kind, "view"))
	}
	if other, ok := ruledRelative(v.catalog, t, v.ruled); ok {
		return source.Refuse(0, "%s shares rows with the table %s, which has rules; ask about that table", t.Name, other.Name)
	}
	return nil
}

func (v *view) ruled(t *source.Table) bool { return len(v.of(t)) > 0 }

// ruledRelative returns another table with rules that has rows in common with t:
// one that t is a part of, or one that is a part of t.
func ruledRelative(c *source.Catalog, t *source.Table, ruled func(*source.Table) bool) (*source.Table, bool) {
	for _, up := range []bool{true, false} {
		seen := map[*source.Table]bool{t: true}
		for queue := []*source.Table{t}; len(queue) > 0; queue = queue[1:] {
			one := queue[0]
			if one != t && ruled(one) {
				return one, true
			}
			for i := range c.Tables {
				next := &c.Tables[i]
				part, whole := one, next
				if !up {
					part, whole = next, one
				}
				if !seen[next] && slices.Contains(part.Parents, source.Name{Schema: whole.Schema, Name: whole.Name}) {
					seen[next] = true
					queue = append(queue, next)
				}
			}
		}
	}
	return nil, false
}

// limited spells how a table with rules is read.
func (v *view) limited(t *source.Table, rules []Rule) (source.Reading, error) {
	reading := source.Reading{Table: source.Name{Schema: t.Schema, Name: t.Name}}
	d := v.connection.Driver.Dialect()
	var always, either []string // conditions
	masks := map[string]How{}
	var common map[string]How // what all of the person's own rules hide
	covered, open := false, false
	own := slices.ContainsFunc(rules, func(r Rule) bool { return r.SubjectKind != account.Everyone })
	for _, r := range rules {
		if !v.person.In(r.Subject()) {
			continue
		}
		for _, m := range r.Body.Masks {
			if _, ok := t.Column(m.Column); !ok {
				return reading, source.Refuse(0, "A rule of the table %s hides the column %s, which it has no more; an administrator must look at the rule", t.Name, m.Column)
			}
		}
		condition, err := ruleFilter(&r.Body, t, d, v.now, v.values)
		if err != nil {
			return reading, source.Refuse(0, "A rule of the table %s cannot be applied to you: %s", t.Name, plainReason(err))
		}
		// What only hides columns from everyone does not let anybody in whom the
		// rules of groups and people leave out.
		covered = covered || r.SubjectKind != account.Everyone || condition != "" || !own
		hidden := map[string]How{}
		for _, m := range r.Body.Masks {
			hidden[strings.ToLower(m.Column)] = m.How
		}
		if r.SubjectKind == account.Everyone {
			if condition != "" {
				always = append(always, condition)
			}
			for c, how := range hidden {
				masks[c] = stricter(masks[c], how)
			}
			continue
		}
		if condition == "" {
			open = true
		}
		either = append(either, condition)
		if common == nil {
			common = hidden
			continue
		}
		for c, how := range common {
			if other, ok := hidden[c]; ok {
				common[c] = laxer(how, other)
			} else {
				delete(common, c)
			}
		}
	}
	if !covered {
		return reading, source.Refuse(0, "The table %s has rules, and none of them covers you", t.Name)
	}
	for c, how := range common {
		masks[c] = stricter(masks[c], how)
	}
	if len(either) > 0 && !open {
		always = append(always, "("+strings.Join(either, " OR ")+")")
	}
	// What stands behind a view may have a history that can be asked for; behind a
	// derived table it cannot.
	if len(always) == 0 && len(masks) == 0 && t.Kind == "table" {
		return reading, nil
	}
	list := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		how, hidden := masks[strings.ToLower(c.Name)]
		switch {
		case hidden && how == Redact && c.Kind == frame.Text:
			list[i] = d.Literal(redacted, frame.Text) + " AS " + d.Quote(c.Name)
		case hidden:
			list[i] = d.Null(c.Type) + " AS " + d.Quote(c.Name)
		default:
			list[i] = columnOf(t, d, c.Name)
		}
	}
	from := "FROM " + tableOf(t, d)
	if len(always) > 0 {
		from += " WHERE (" + strings.Join(always, ") AND (") + ")"
	}
	reading.Select = d.Fence(strings.Join(list, ", "), from)
	return reading, nil
}

// values returns what the person has of an attribute that a condition compares with.
func (v *view) values(attribute, _ string, op Op) []string {
	if op == Ne || op == NotIn {
		return v.person.Excluded(attribute)
	}
	return v.person.Values(attribute)
}

// tableOf spells a table with its schema.
func tableOf(t *source.Table, d source.Dialect) string {
	if t.Schema == "" {
		return d.Quote(t.Name)
	}
	return d.Quote(t.Schema) + "." + d.Quote(t.Name)
}

// columnOf spells a column with its table: were it gone since the catalog was
// read, its bare name could mean a column of the query around.
func columnOf(t *source.Table, d source.Dialect, name string) string {
	return tableOf(t, d) + "." + d.Quote(name)
}

func stricter(a, b How) How {
	if a == Empty || b == "" {
		return a
	}
	return b
}

func laxer(a, b How) How {
	if a == Redact || b == Redact {
		return Redact
	}
	return Empty
}
