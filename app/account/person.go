// Package account knows people: who they are, how they sign in, and what they
// may do to what, and why.
package account

import (
	"context"
	"net/mail"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// Role is what a person may do in general.
type Role string

// The roles out of the box.
const (
	Admin   Role = "admin"
	Analyst Role = "analyst"
	Viewer  Role = "viewer"
)

// Roles lists the roles, the mightiest first.
var Roles = []Role{Admin, Analyst, Viewer}

// Person is somebody who can sign in.
type Person struct {
	bun.BaseModel `bun:"table:people,alias:person"`

	ID           string    `bun:"id,pk"`
	Email        string    `bun:"email"` // lower case
	Name         string    `bun:"name"`
	Role         Role      `bun:"role"`
	PasswordHash string    `bun:"password_hash"` // argon2id in PHC form; empty where the person has no password
	Disabled     bool      `bun:"disabled"`
	CreatedAt    time.Time `bun:"created_at"`
	UpdatedAt    time.Time `bun:"updated_at"`

	Kind Kind `bun:"kind"`
	// Attributes are what row rules compare with, such as a region; each has one or more values.
	Attributes map[string][]string `bun:"attributes,type:text"`
	// ValidFrom, where set, is when access tokens issued before stopped counting.
	ValidFrom *time.Time `bun:"valid_from"`
	// ExternalID is what the company's directory calls the person.
	ExternalID string `bun:"external_id"`
	// ManagedBy names who keeps the person up to date: "scim", an identity provider's id, or "" for people here.
	ManagedBy string `bun:"managed_by"`
	// UserName is the directory's own name for the person as they sign in there, which need not be an address.
	UserName string `bun:"user_name"`
	// GivenName, FamilyName and FullName are the person's name as the directory spells it, empty for people here.
	GivenName  string `bun:"given_name"`
	FamilyName string `bun:"family_name"`
	FullName   string `bun:"full_name"`

	TOTP     []byte `bun:"totp" json:"-"`      // the second factor's secret, sealed; none where there is no second factor
	TOTPUsed int64  `bun:"totp_used" json:"-"` // the period of the last code that was used
	Recovery string `bun:"recovery" json:"-"`  // hashes of the recovery codes left, apart by spaces

	// rights are filled in by the store.
	rights *Rights
	// through is the API token by which a program speaks for the person.
	through *Token
	// thawed is set where this is the person as they were frozen.
	thawed *thawed
	// loan is set where the person's rights show something to others.
	loan *loan
}

// Kind says whether somebody is a person or a program.
type Kind string

// The kinds of people: a Service signs in nowhere and acts by tokens alone.
const (
	Human   Kind = "person"
	Service Kind = "service"
)

// HasFactor reports whether the person signs in with a second factor.
func (p *Person) HasFactor() bool { return len(p.TOTP) > 0 }

func (p *Person) object() audit.Object { return audit.Object{Kind: "person", ID: p.ID, Name: p.Email} }

// Store keeps people, their sessions, links and tokens.
type Store struct {
	db     *store.Store
	vault  *vault.Vault
	log    *audit.Log
	hasher *hasher
	now    func() time.Time

	signing sync.Mutex
	signs   map[string]*signer
	proven  proven
	grants  atomic.Int64 // store.Grants when proven was filled
}

// NewStore returns the people of a store; what changes about them is recorded in the log.
func NewStore(s *store.Store, v *vault.Vault, log *audit.Log) *Store {
	return &Store{db: s, vault: v, log: log, hasher: newHasher(), now: func() time.Time { return time.Now().UTC() }}
}

// NewPerson is what a person is made from.
type NewPerson struct {
	Email    string
	Name     string // empty: taken from the address
	Role     Role
	Password string // empty: the person signs in by a link first
	Kind     Kind   // empty: Human; a Service has no address and no password
	// Attributes, ExternalID and ManagedBy are as in Person.
	Attributes map[string][]string
	ExternalID string
	ManagedBy  string
	Groups     []string // ids of the groups the person is put into
}

// serviceDomain is the domain of the addresses that stand for services; no mail reaches it.
const serviceDomain = "@service.invalid"

func (s *Store) check(ctx context.Context, n *NewPerson) error {
	var problems fault.Fields
	if n.Kind == "" {
		n.Kind = Human
	}
	if n.Kind == Service && n.Email == "" {
		if n.Email = serviceName(n.Name) + serviceDomain; n.Email == serviceDomain {
			problems.Add("name", "Give the service a name")
		}
	}
	n.Email = strings.ToLower(strings.TrimSpace(n.Email))
	if a, err := mail.ParseAddress(n.Email); err != nil || a.Address != n.Email || len(n.Email) > 254 {
		problems.Add("email", "This is not an e-mail address")
	}
	if n.Name = strings.TrimSpace(n.Name); n.Name == "" {
		n.Name, _, _ = strings.Cut(n.Email, "@")
	}
	if utf8.RuneCountInString(n.Name) > 200 {
		problems.Add("name", "A name has at most 200 characters")
	}
	if known, err := s.knownRole(ctx, n.Role); err != nil {
		return err
	} else if !known {
		problems.Add("role", "A role is admin, analyst, viewer or one that was made here")
	}
	if n.Kind != Human && n.Kind != Service {
		problems.Add("kind", "A kind is person or service")
	}
	if n.Kind == Service && n.Password != "" {
		problems.Add("password", "A service has no password; it acts by tokens")
	}
	checkAttributes(n.Attributes, &problems)
	if n.Password != "" {
		if problem := passwordProblem(n.Password, n.Email); problem != "" {
			problems.Add("password", "%s", problem)
		}
	}
	return problems.Err()
}

// serviceName returns a name spelled as the first part of an address is.
func serviceName(name string) string {
	spelled := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r == ' ', r == '-', r == '_', r == '.':
			return '-'
		}
		return -1
	}, strings.ToLower(strings.TrimSpace(name)))
	return strings.Trim(spelled, "-")
}

// Bounds of attributes.
const (
	mostAttributes = 50
	mostValues     = 200
)

func checkAttributes(attributes map[string][]string, problems *fault.Fields) {
	if len(attributes) > mostAttributes {
		problems.Add("attributes", "A person has at most %d attributes", mostAttributes)
	}
	for name, values := range attributes {
		if !attributeName.MatchString(name) {
			problems.Add("attributes", "An attribute's name is small letters, digits and underscores, such as region, not %q", name)
		}
		if len(values) > mostValues || slices.ContainsFunc(values, func(v string) bool { return len(v) > 1000 }) {
			problems.Add("attributes", "The attribute %s has too many or too long values", name)
		}
	}
}

var attributeName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,59}$`)

// Create makes a person; a known address is a Conflict.
func (s *Store) Create(ctx context.Context, n NewPerson) (p *Person, err error) {
	defer fault.Wrap(&err, "account.Create")
	defer s.touched()
	if err := s.check(ctx, &n); err != nil {
		return nil, err
	}
	p = n.person(s.now())
	if n.Password != "" {
		if p.PasswordHash, err = s.hasher.hash(ctx, n.Password); err != nil {
			return nil, err
		}
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.insert(ctx, tx, p); err != nil {
			return err
		}
		return s.joinGroups(ctx, tx, p.ID, n.Groups)
	})
	if err != nil {
		return nil, err
	}
	s.touched() // who asked meanwhile may have remembered the groups as they were
	return p, s.withRights(ctx, p)
}

func (n *NewPerson) person(now time.Time) *Person {
	return &Person{ID: store.NewID(), Email: n.Email, Name: n.Name, Role: n.Role, Kind: n.Kind, Attributes: n.Attributes,
		ExternalID: n.ExternalID, ManagedBy: n.ManagedBy, CreatedAt: now, UpdatedAt: now}
}

func (s *Store) insert(ctx context.Context, tx bun.Tx, p *Person) error {
	if p.Attributes == nil {
		p.Attributes = map[string][]string{}
	}
	if _, err := tx.NewInsert().Model(p).Exec(ctx); err != nil {
		return store.Duplicate(err, "There is already a person with the address %s", p.Email)
	}
	return s.log.Append(ctx, tx, audit.Event{Action: "person.create", Object: p.object(),
		Detail: map[string]any{"role": string(p.Role), "kind": string(p.Kind), "managed_by": p.ManagedBy}})
}

// Get returns a person by id.
func (s *Store) Get(ctx context.Context, id string) (p *Person, err error) {
	defer fault.Wrap(&err, "account.Get(%s)", id)
	p = new(Person)
	if err := s.db.Read().NewSelect().Model(p).Where("id = ?", id).Scan(ctx); err != nil {
		return nil, store.Missing(err, "person")
	}
	return p, s.withRights(ctx, p)
}

// ByEmail returns a person by address.
func (s *Store) ByEmail(ctx context.Context, email string) (p *Person, err error) {
	defer fault.Wrap(&err, "account.ByEmail")
	p = new(Person)
	err = s.db.Read().NewSelect().Model(p).Where("email = ?", strings.ToLower(strings.TrimSpace(email))).Scan(ctx)
	if err != nil {
		return nil, store.Missing(err, "person")
	}
	return p, s.withRights(ctx, p)
}

// List returns all people by name.
func (s *Store) List(ctx context.Context) (list []Person, err error) {
	defer fault.Wrap(&err, "account.List")
	if err := s.db.Read().NewSelect().Model(&list).Order("name", "id").Scan(ctx); err != nil {
		return nil, err
	}
	people := make([]*Person, len(list))
	for i := range list {
		people[i] = &list[i]
	}
	return list, s.withRights(ctx, people...)
}

// Update changes a person's name, address, role, attributes, external id and
// whether they are disabled. Where that takes rights away, their sessions and
// tokens end at once. The last administrator stays one.
func (s *Store) Update(ctx context.Context, p *Person) (err error) {
	defer fault.Wrap(&err, "account.Update(%s)", p.ID)
	defer s.touched()
	n := NewPerson{Email: p.Email, Name: p.Name, Role: p.Role, Kind: p.Kind, Attributes: p.Attributes}
	if err := s.check(ctx, &n); err != nil {
		return err
	}
	p.Name, p.Email = n.Name, n.Email
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return s.update(ctx, tx, p) })
}

// update writes a person that was checked.
func (s *Store) update(ctx context.Context, tx bun.Tx, p *Person) error {
	p.UpdatedAt = s.now()
	if p.Attributes == nil {
		p.Attributes = map[string][]string{}
	}
	old := new(Person)
	if err := tx.NewSelect().Model(old).Where("id = ?", p.ID).Scan(ctx); err != nil {
		return store.Missing(err, "person")
	}
	if p.Role != Admin || p.Disabled {
		if err := lastAdmin(ctx, tx, p.ID); err != nil {
			return err
		}
	}
	res, err := tx.NewUpdate().Model(p).Column("name", "email", "role", "disabled", "attributes", "external_id", "managed_by",
		"user_name", "given_name", "family_name", "full_name", "updated_at").WherePK().Exec(ctx)
	if err != nil {
		return store.Duplicate(err, "There is already a person with the address %s", p.Email)
	}
	if err := store.Changed(res, nil, "person"); err != nil {
		return err
	}
	if detail := changes(old, p); len(detail) > 0 {
		if err := s.log.Append(ctx, tx, audit.Event{Action: "person.update", Object: p.object(), Detail: detail}); err != nil {
			return err
		}
	}
	before, err := s.roleIn(ctx, tx, old.Role)
	if err != nil {
		return err
	}
	role, err := s.roleIn(ctx, tx, p.Role)
	if err != nil {
		return err
	}
	if p.Disabled || len(missingActions(before, role)) > 0 {
		return s.endEverything(ctx, tx, p.ID)
	}
	return nil
}

// lastAdmin returns a Conflict where there is no other administrator who can sign in.
func lastAdmin(ctx context.Context, tx bun.Tx, id string) error {
	others, err := tx.NewSelect().Model((*Person)(nil)).Where("role = ? AND NOT disabled AND kind = ? AND id <> ?", Admin, Human, id).Count(ctx)
	if err == nil && others == 0 {
		var role Role
		if err := tx.NewRaw("SELECT role FROM people WHERE id = ?", id).Scan(ctx, &role); err != nil {
			return store.Missing(err, "person")
		}
		if role == Admin {
			return fault.New(fault.Conflict, "The last administrator must stay one")
		}
	}
	return err
}

func (s *Store) roleIn(ctx context.Context, tx bun.Tx, id Role) (r RoleDef, err error) {
	if r, ok := builtIn[id]; ok {
		return r, nil
	}
	if err := tx.NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil && store.Missing(err, "role") == err {
		return r, err
	}
	return r, nil
}

// missingActions returns what a role includes and another does not.
func missingActions(before, after RoleDef) (lost []Action) {
	for _, a := range before.Actions {
		if !slices.Contains(after.Actions, a) {
			lost = append(lost, a)
		}
	}
	return lost
}

// changes tells what differs between two states of a person.
func changes(old, p *Person) map[string]any {
	detail := map[string]any{}
	note := func(name string, before, after any) {
		if !reflect.DeepEqual(before, after) {
			detail[name] = map[string]any{"from": before, "to": after}
		}
	}
	note("name", old.Name, p.Name)
	note("email", old.Email, p.Email)
	note("role", string(old.Role), string(p.Role))
	note("disabled", old.Disabled, p.Disabled)
	note("external_id", old.ExternalID, p.ExternalID)
	note("user_name", old.UserName, p.UserName)
	note("given_name", old.GivenName, p.GivenName)
	note("family_name", old.FamilyName, p.FamilyName)
	note("full_name", old.FullName, p.FullName)
	note("managed_by", old.ManagedBy, p.ManagedBy)
	if len(old.Attributes)+len(p.Attributes) > 0 {
		note("attributes", old.Attributes, p.Attributes)
	}
	return detail
}

// Delete removes a person with their sessions, tokens, memberships and what was
// granted to them alone; what they saved stays. The last administrator stays.
func (s *Store) Delete(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "account.Delete(%s)", id)
	defer s.touched()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		p := new(Person)
		if err := tx.NewSelect().Model(p).Where("id = ?", id).Scan(ctx); err != nil {
			return store.Missing(err, "person")
		}
		if err := lastAdmin(ctx, tx, id); err != nil {
			return err
		}
		var rules int
		if err := tx.NewRaw("SELECT count(*) FROM rules WHERE subject_kind = ? AND subject_id = ?", ToPerson, id).Scan(ctx, &rules); err != nil {
			return err
		}
		if rules > 0 {
			return fault.New(fault.Conflict, "%d row rules are for this person; change them first", rules)
		}
		if err := s.endEverything(ctx, tx, id); err != nil {
			return err
		}
		for _, statement := range []string{
			"DELETE FROM grants WHERE subject_kind = 'person' AND subject_id = ?",
			"DELETE FROM members WHERE person_id = ?",
			"DELETE FROM identities WHERE person_id = ?",
			"DELETE FROM history WHERE person_id = ?",
			"DELETE FROM people WHERE id = ?",
		} {
			if _, err := tx.NewRaw(statement, id).Exec(ctx); err != nil {
				return err
			}
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "person.delete", Object: p.object()})
	})
}

// SetPassword gives a person a new password and ends their sessions and tokens.
func (s *Store) SetPassword(ctx context.Context, id, password string) (err error) {
	defer fault.Wrap(&err, "account.SetPassword(%s)", id)
	defer s.touched()
	p, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	if p.Kind == Service {
		return fault.Field("password", "A service has no password; it acts by tokens")
	}
	if problem := passwordProblem(password, p.Email); problem != "" {
		return fault.Field("password", "%s", problem)
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*Person)(nil)).Set("password_hash = ?, updated_at = ?", hash, s.now()).Where("id = ?", id).Exec(ctx)
		if err := store.Changed(res, err, "person"); err != nil {
			return err
		}
		if err := s.endEverything(ctx, tx, id); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "person.password", Object: p.object()})
	})
}

// End ends a person's sessions and tokens, wherever they are.
func (s *Store) End(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "account.End(%s)", id)
	defer s.touched()
	p, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.endEverything(ctx, tx, id); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "person.end", Object: p.object()})
	})
}

func (s *Store) endEverything(ctx context.Context, tx bun.Tx, personID string) error {
	for _, table := range []string{"sessions", "tokens", "links"} {
		if _, err := tx.NewRaw("DELETE FROM ? WHERE person_id = ?", bun.Ident(table), personID).Exec(ctx); err != nil {
			return err
		}
	}
	_, err := tx.NewRaw("UPDATE people SET valid_from = ? WHERE id = ?", s.now(), personID).Exec(ctx)
	return err
}

// Any reports whether there is anybody yet.
func (s *Store) Any(ctx context.Context) (_ bool, err error) {
	defer fault.Wrap(&err, "account.Any")
	return s.db.Read().NewSelect().Model((*Person)(nil)).Exists(ctx)
}
