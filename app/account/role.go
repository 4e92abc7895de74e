package account

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
)

// RoleDef is a role: a name for a set of actions.
type RoleDef struct {
	bun.BaseModel `bun:"table:roles,alias:role"`

	ID          Role      `bun:"id,pk"`
	Name        string    `bun:"name"`
	Description string    `bun:"description"`
	Actions     []Action  `bun:"actions,type:text"`
	CreatedAt   time.Time `bun:"created_at"`
	UpdatedAt   time.Time `bun:"updated_at"`
	// BuiltIn roles are there from the start and stay as they are.
	BuiltIn bool `bun:"-"`
}

var builtIn = map[Role]RoleDef{
	Viewer:  {ID: Viewer, Name: "viewer", Description: "Sees what was saved and asks by clicking", Actions: []Action{Look, Ask, SeeConnections}, BuiltIn: true},
	Analyst: {ID: Analyst, Name: "analyst", Description: "Asks in SQL, saves questions and shares them", Actions: []Action{Look, Ask, SeeConnections, AskSQL, Save, Share}, BuiltIn: true},
	Admin: {ID: Admin, Name: "admin", Description: "Does everything, and reaches every connection and folder", BuiltIn: true,
		Actions: []Action{Look, Ask, SeeConnections, AskSQL, Save, Share, EditConnections, EditRights, EditPeople, EditSettings, SeeAudit}},
}

// RoleDefs returns the roles: those from the start, the mightiest first, then those made here by name.
func (s *Store) RoleDefs(ctx context.Context) (list []RoleDef, err error) {
	defer fault.Wrap(&err, "account.RoleDefs")
	for _, r := range Roles {
		list = append(list, builtIn[r])
	}
	custom, err := s.customRoles(ctx)
	return append(list, custom...), err
}

func (s *Store) customRoles(ctx context.Context) (list []RoleDef, err error) {
	err = s.db.Read().NewSelect().Model(&list).Order("name", "id").Scan(ctx)
	return list, err
}

// RoleDef returns a role by id.
func (s *Store) RoleDef(ctx context.Context, id Role) (r RoleDef, err error) {
	defer fault.Wrap(&err, "account.RoleDef(%s)", id)
	if r, ok := builtIn[id]; ok {
		return r, nil
	}
	err = s.db.Read().NewSelect().Model(&r).Where("id = ?", id).Scan(ctx)
	return r, store.Missing(err, "role")
}

func (r *RoleDef) check() error {
	var problems fault.Fields
	r.Name = strings.TrimSpace(r.Name)
	_, taken := builtIn[Role(strings.ToLower(r.Name))]
	switch n := utf8.RuneCountInString(r.Name); {
	case n == 0 || n > 100:
		problems.Add("name", "A role's name has 1 to 100 characters")
	case taken:
		problems.Add("name", "There is a role of this name from the start")
	}
	if utf8.RuneCountInString(r.Description) > 1000 {
		problems.Add("description", "A description has at most 1,000 characters")
	}
	slices.Sort(r.Actions)
	r.Actions = slices.Compact(r.Actions)
	if len(r.Actions) == 0 {
		problems.Add("actions", "Choose at least one right")
	}
	for _, a := range r.Actions {
		if !a.Known() {
			problems.Add("actions", "There is no right named %s", a)
		}
	}
	return problems.Err()
}

// CreateRole saves a new role and gives it an id.
func (s *Store) CreateRole(ctx context.Context, r *RoleDef) (err error) {
	defer fault.Wrap(&err, "account.CreateRole")
	defer s.touched()
	if err := r.check(); err != nil {
		return err
	}
	r.ID, r.CreatedAt, r.UpdatedAt = Role(store.NewID()), s.now(), s.now()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(r).Exec(ctx); err != nil {
			return store.Duplicate(err, "There is already a role named %s", r.Name)
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "role.create", Object: audit.Object{Kind: "role", ID: string(r.ID), Name: r.Name}, Detail: map[string]any{"actions": r.Actions}})
	})
}

// UpdateRole changes a role that was made here; whoever has it has its new rights at once.
func (s *Store) UpdateRole(ctx context.Context, r *RoleDef) (err error) {
	defer fault.Wrap(&err, "account.UpdateRole(%s)", r.ID)
	defer s.touched()
	if _, ok := builtIn[r.ID]; ok {
		return fault.New(fault.Conflict, "The roles from the start stay as they are; make one of your own")
	}
	if err := r.check(); err != nil {
		return err
	}
	r.UpdatedAt = s.now()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model(r).Column("name", "description", "actions", "updated_at").WherePK().Exec(ctx)
		if err != nil {
			return store.Duplicate(err, "There is already a role named %s", r.Name)
		}
		if err := store.Changed(res, nil, "role"); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "role.update", Object: audit.Object{Kind: "role", ID: string(r.ID), Name: r.Name}, Detail: map[string]any{"actions": r.Actions}})
	})
}

// DeleteRole removes a role that nobody has.
func (s *Store) DeleteRole(ctx context.Context, id Role) (err error) {
	defer fault.Wrap(&err, "account.DeleteRole(%s)", id)
	defer s.touched()
	if _, ok := builtIn[id]; ok {
		return fault.New(fault.Conflict, "The roles from the start stay as they are")
	}
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*Person)(nil)).Where("role = ?", id).Count(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			return fault.New(fault.Conflict, "%d people have this role; give them another one first", n)
		}
		res, err := tx.NewDelete().Model((*RoleDef)(nil)).Where("id = ?", id).Exec(ctx)
		if err := store.Changed(res, err, "role"); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "role.delete", Object: audit.Object{Kind: "role", ID: string(id)}})
	})
}

// RoleName returns the name of the person's role as people know it.
func (p *Person) RoleName() string {
	if p.rights == nil {
		return (&Rights{role: builtIn[p.Role]}).roleName(p)
	}
	return p.rights.roleName(p)
}
