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

// Group is people to whom rights are granted together.
type Group struct {
	bun.BaseModel `bun:"table:groups,alias:team"` // "group" is a word of SQL

	ID          string `bun:"id,pk"`
	Name        string `bun:"name"`
	Description string `bun:"description"`
	// ExternalID is what the company's directory calls the group.
	ExternalID string `bun:"external_id"`
	// ManagedBy names who keeps the group up to date: "scim", or "" for people here.
	ManagedBy string    `bun:"managed_by"`
	CreatedAt time.Time `bun:"created_at"`
	UpdatedAt time.Time `bun:"updated_at"`
}

func (g *Group) check() error {
	var problems fault.Fields
	g.Name = strings.TrimSpace(g.Name)
	if n := utf8.RuneCountInString(g.Name); n == 0 || n > 200 {
		problems.Add("name", "A group's name has 1 to 200 characters")
	}
	if utf8.RuneCountInString(g.Description) > 1000 {
		problems.Add("description", "A description has at most 1,000 characters")
	}
	return problems.Err()
}

func (g *Group) object() audit.Object { return audit.Object{Kind: "group", ID: g.ID, Name: g.Name} }

// Groups returns all groups by name.
func (s *Store) Groups(ctx context.Context) (list []Group, err error) {
	defer fault.Wrap(&err, "account.Groups")
	err = s.db.Read().NewSelect().Model(&list).Order("name", "id").Scan(ctx)
	return list, err
}

// Group returns a group by id.
func (s *Store) Group(ctx context.Context, id string) (g *Group, err error) {
	defer fault.Wrap(&err, "account.Group(%s)", id)
	g = new(Group)
	err = s.db.Read().NewSelect().Model(g).Where("id = ?", id).Scan(ctx)
	return g, store.Missing(err, "group")
}

// CreateGroup saves a new group and gives it an id.
func (s *Store) CreateGroup(ctx context.Context, g *Group) (err error) {
	defer fault.Wrap(&err, "account.CreateGroup")
	defer s.touched()
	if err := g.check(); err != nil {
		return err
	}
	g.ID, g.CreatedAt, g.UpdatedAt = store.NewID(), s.now(), s.now()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(g).Exec(ctx); err != nil {
			return store.Duplicate(err, "There is already a group named %s", g.Name)
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "group.create", Object: g.object()})
	})
}

// UpdateGroup changes a group's name, description and external id.
func (s *Store) UpdateGroup(ctx context.Context, g *Group) (err error) {
	defer fault.Wrap(&err, "account.UpdateGroup(%s)", g.ID)
	defer s.touched()
	if err := g.check(); err != nil {
		return err
	}
	g.UpdatedAt = s.now()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model(g).Column("name", "description", "external_id", "updated_at").WherePK().Exec(ctx)
		if err != nil {
			return store.Duplicate(err, "There is already a group named %s", g.Name)
		}
		if err := store.Changed(res, nil, "group"); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "group.update", Object: g.object()})
	})
}

// DeleteGroup removes a group with what was granted to it. A group that a row
// rule names stays, since without it the rule would cover others.
func (s *Store) DeleteGroup(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "account.DeleteGroup(%s)", id)
	defer s.touched()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		var rules int
		if err := tx.NewRaw("SELECT count(*) FROM rules WHERE subject_kind = ? AND subject_id = ?", ToGroup, id).Scan(ctx, &rules); err != nil {
			return err
		}
		if rules > 0 {
			return fault.New(fault.Conflict, "%d row rules are for this group; change them first", rules)
		}
		if _, err := tx.NewRaw("DELETE FROM grants WHERE subject_kind = ? AND subject_id = ?", ToGroup, id).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewRaw("DELETE FROM members WHERE group_id = ?", id).Exec(ctx); err != nil {
			return err
		}
		g := Group{ID: id}
		if err := tx.NewRaw("DELETE FROM groups WHERE id = ? RETURNING name", id).Scan(ctx, &g.Name); err != nil {
			return store.Missing(err, "group")
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "group.delete", Object: g.object()})
	})
}

// Members returns the people of a group by name.
func (s *Store) Members(ctx context.Context, group string) (list []Person, err error) {
	defer fault.Wrap(&err, "account.Members(%s)", group)
	err = s.db.Read().NewSelect().Model(&list).Where("id IN (SELECT person_id FROM members WHERE group_id = ?)", group).Order("name", "id").Scan(ctx)
	return list, err
}

// GroupsOf returns the groups of a person by name.
func (s *Store) GroupsOf(ctx context.Context, person string) (list []Group, err error) {
	defer fault.Wrap(&err, "account.GroupsOf(%s)", person)
	err = s.db.Read().NewSelect().Model(&list).Where("id IN (SELECT group_id FROM members WHERE person_id = ?)", person).Order("name", "id").Scan(ctx)
	return list, err
}

// SetMembers makes the people with the ids the group's members.
func (s *Store) SetMembers(ctx context.Context, group string, people []string) (err error) {
	defer fault.Wrap(&err, "account.SetMembers(%s)", group)
	defer s.touched()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		var now []string
		if err := tx.NewRaw("SELECT person_id FROM members WHERE group_id = ?", group).Scan(ctx, &now); err != nil {
			return err
		}
		return s.changeMembers(ctx, tx, group, without(people, now), without(now, people))
	})
}

// ChangeMembers adds people to a group and takes others out of it; who is in it
// already, or is not, stays so.
func (s *Store) ChangeMembers(ctx context.Context, group string, add, remove []string) (err error) {
	defer fault.Wrap(&err, "account.ChangeMembers(%s)", group)
	defer s.touched()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return s.changeMembers(ctx, tx, group, add, remove) })
}

// SetGroups makes a person a member of exactly the groups with the ids.
func (s *Store) SetGroups(ctx context.Context, person string, groups []string) (err error) {
	defer fault.Wrap(&err, "account.SetGroups(%s)", person)
	defer s.touched()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		var now []string
		if err := tx.NewRaw("SELECT group_id FROM members WHERE person_id = ?", person).Scan(ctx, &now); err != nil {
			return err
		}
		for _, id := range without(now, groups) {
			if err := s.changeMembers(ctx, tx, id, nil, []string{person}); err != nil {
				return err
			}
		}
		return s.joinGroups(ctx, tx, person, without(groups, now))
	})
}

func (s *Store) joinGroups(ctx context.Context, tx bun.Tx, person string, groups []string) error {
	for _, id := range groups {
		err := s.changeMembers(ctx, tx, id, []string{person}, nil)
		if fault.Is(err, fault.NotFound) {
			return fault.Field("groups", "There is no group %s", id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func without(list, gone []string) []string {
	var rest []string
	for _, one := range list {
		if !slices.Contains(gone, one) {
			rest = append(rest, one)
		}
	}
	return rest
}

func (s *Store) changeMembers(ctx context.Context, tx bun.Tx, group string, add, remove []string) error {
	g := Group{ID: group}
	if err := tx.NewRaw("SELECT name FROM groups WHERE id = ?", group).Scan(ctx, &g.Name); err != nil {
		return store.Missing(err, "group")
	}
	touched := false
	change := func(action, person, statement string, args ...any) error {
		var email string
		if err := tx.NewRaw("SELECT email FROM people WHERE id = ?", person).Scan(ctx, &email); err != nil {
			if store.Missing(err, "person") != err {
				return fault.Field("members", "There is no person %s", person)
			}
			return err
		}
		res, err := tx.NewRaw(statement, args...).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return nil
		}
		if !touched {
			touched = true
			if _, err := tx.NewRaw("UPDATE groups SET updated_at = ? WHERE id = ?", s.now(), group).Exec(ctx); err != nil {
				return err
			}
		}
		return s.log.Append(ctx, tx, audit.Event{Action: action, Object: g.object(), Detail: map[string]any{"person": person, "email": email}})
	}
	for _, p := range add {
		if err := change("group.add", p, "INSERT INTO members (group_id, person_id) VALUES (?, ?) ON CONFLICT DO NOTHING", group, p); err != nil {
			return err
		}
	}
	for _, p := range remove {
		if err := change("group.remove", p, "DELETE FROM members WHERE group_id = ? AND person_id = ?", group, p); err != nil {
			return err
		}
	}
	return nil
}

// JoinManaged makes a person a member of exactly the groups with the names, as
// far as the manager (an identity provider) put them into groups; missing groups
// are made. Memberships that others gave stay.
func (s *Store) JoinManaged(ctx context.Context, manager, person string, names []string) (err error) {
	defer fault.Wrap(&err, "account.JoinManaged(%s)", person)
	defer s.touched()
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		var wanted []string
		for _, name := range names {
			g := Group{Name: name}
			if err := g.check(); err != nil {
				continue // a claim that cannot be a group's name
			}
			err := tx.NewRaw("SELECT id FROM groups WHERE name = ?", g.Name).Scan(ctx, &g.ID)
			if missing := store.Missing(err, "group"); err != nil && missing == err {
				return err
			} else if err != nil {
				g.ID, g.ManagedBy, g.CreatedAt, g.UpdatedAt = store.NewID(), manager, s.now(), s.now()
				if _, err := tx.NewInsert().Model(&g).Exec(ctx); err != nil {
					return err
				}
				if err := s.log.Append(ctx, tx, audit.Event{Action: "group.create", Object: g.object()}); err != nil {
					return err
				}
			}
			wanted = append(wanted, g.ID)
		}
		var now []string
		if err := tx.NewRaw("SELECT group_id FROM members WHERE person_id = ? AND managed_by = ?", person, manager).Scan(ctx, &now); err != nil {
			return err
		}
		var others []string
		if err := tx.NewRaw("SELECT group_id FROM members WHERE person_id = ? AND managed_by <> ?", person, manager).Scan(ctx, &others); err != nil {
			return err
		}
		for _, id := range without(without(wanted, now), others) {
			if err := s.changeMembers(ctx, tx, id, []string{person}, nil); err != nil {
				return err
			}
			if _, err := tx.NewRaw("UPDATE members SET managed_by = ? WHERE group_id = ? AND person_id = ?", manager, id, person).Exec(ctx); err != nil {
				return err
			}
		}
		for _, id := range without(now, wanted) {
			if err := s.changeMembers(ctx, tx, id, nil, []string{person}); err != nil {
				return err
			}
		}
		return nil
	})
}
