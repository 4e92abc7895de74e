package account

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/store"
)

// Known is by what a company's directory looks a person up; what is empty does not matter.
type Known struct {
	ID         string
	UserName   string // in any case; people without one are known by their address
	ExternalID string
	Email      string // in any case
}

// Humans returns a page of the people a directory may see, services left out,
// oldest first, and how many there are in all. A limit of 0 returns all.
func (s *Store) Humans(ctx context.Context, k Known, offset, limit int) (list []Person, total int, err error) {
	defer fault.Wrap(&err, "account.Humans")
	q := s.db.Read().NewSelect().Model(&list).Where("kind = ?", Human).Order("created_at", "id")
	if k.ID != "" {
		q.Where("id = ?", k.ID)
	}
	if k.UserName != "" {
		name := strings.ToLower(strings.TrimSpace(k.UserName))
		q.Where("(user_name <> '' AND lower(user_name) = ?) OR (user_name = '' AND email = ?)", name, name)
	}
	if k.ExternalID != "" {
		q.Where("external_id = ?", k.ExternalID)
	}
	if k.Email != "" {
		q.Where("email = ?", strings.ToLower(strings.TrimSpace(k.Email)))
	}
	if limit == 0 {
		err = q.Scan(ctx)
		total = len(list)
	} else {
		var n int64
		n, err = q.Offset(int64(offset)).Limit(int64(limit)).ScanAndCount(ctx)
		total = int(n)
	}
	if err != nil {
		return nil, 0, err
	}
	people := make([]*Person, len(list))
	for i := range list {
		people[i] = &list[i]
	}
	return list, total, s.withRights(ctx, people...)
}

// Provision makes a person (one without an id) or changes one, as Create and
// Update do, with a new password in the same step where one is given.
func (s *Store) Provision(ctx context.Context, p *Person, password string) (err error) {
	defer fault.Wrap(&err, "account.Provision(%s)", p.ID)
	defer s.touched()
	n := NewPerson{Email: p.Email, Name: p.Name, Role: p.Role, Kind: Human, Password: password, Attributes: p.Attributes}
	if err := s.check(ctx, &n); err != nil {
		return err
	}
	p.Email, p.Name, p.Kind = n.Email, n.Name, n.Kind
	hash := ""
	if password != "" {
		if hash, err = s.hasher.hash(ctx, password); err != nil {
			return err
		}
	}
	fresh := p.ID == ""
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if fresh {
			p.ID, p.PasswordHash, p.CreatedAt, p.UpdatedAt = store.NewID(), hash, s.now(), s.now()
			return s.insert(ctx, tx, p)
		}
		if err := s.update(ctx, tx, p); err != nil || hash == "" {
			return err
		}
		if _, err := tx.NewRaw("UPDATE people SET password_hash = ? WHERE id = ?", hash, p.ID).Exec(ctx); err != nil {
			return err
		}
		if err := s.endEverything(ctx, tx, p.ID); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, audit.Event{Action: "person.password", Object: p.object()})
	})
	if err != nil {
		if fresh {
			p.ID = ""
		}
		return err
	}
	return s.withRights(ctx, p)
}

// Member is a person of a group.
type Member struct {
	GroupID string `bun:"group_id"`
	ID      string `bun:"id"`
	Name    string `bun:"name"`
}

// AllMembers returns the members of the groups with the ids, services left out, by group and name.
func (s *Store) AllMembers(ctx context.Context, groups []string) (list []Member, err error) {
	defer fault.Wrap(&err, "account.AllMembers")
	for some := range slices.Chunk(groups, 500) {
		var part []Member
		err := s.db.Read().NewRaw("SELECT m.group_id, p.id, p.name FROM members m JOIN people p ON p.id = m.person_id WHERE m.group_id IN (?) AND p.kind = ? ORDER BY m.group_id, p.name, p.id",
			bun.List(some), Human).Scan(ctx, &part)
		if err != nil {
			return nil, err
		}
		list = append(list, part...)
	}
	return list, nil
}

// SaveGroup makes a group (one without an id) or changes one, and in the same
// step adds people to it and takes others out. An unknown person to be added is
// Invalid; one to be taken out is gone already.
func (s *Store) SaveGroup(ctx context.Context, g *Group, add, remove []string) (err error) {
	defer fault.Wrap(&err, "account.SaveGroup(%s)", g.ID)
	defer s.touched()
	if err := g.check(); err != nil {
		return err
	}
	fresh := g.ID == ""
	err = s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		old := Group{}
		g.UpdatedAt = s.now()
		if fresh {
			g.ID, g.CreatedAt = store.NewID(), g.UpdatedAt
			if _, err := tx.NewInsert().Model(g).Exec(ctx); err != nil {
				return store.Duplicate(err, "There is already a group named %s", g.Name)
			}
		} else {
			if err := tx.NewSelect().Model(&old).Where("id = ?", g.ID).Scan(ctx); err != nil {
				return store.Missing(err, "group")
			}
			if _, err := tx.NewUpdate().Model(g).Column("name", "external_id", "updated_at").WherePK().Exec(ctx); err != nil {
				return store.Duplicate(err, "There is already a group named %s", g.Name)
			}
		}
		joined, left, err := s.exchange(ctx, tx, g.ID, add, remove)
		if err != nil {
			return err
		}
		if fresh {
			err = s.log.Append(ctx, tx, audit.Event{Action: "group.create", Object: g.object()})
		} else if old.Name != g.Name || old.ExternalID != g.ExternalID {
			err = s.log.Append(ctx, tx, audit.Event{Action: "group.update", Object: g.object()})
		}
		if err != nil {
			return err
		}
		if err := s.recordMembers(ctx, tx, g, "group.add", joined); err != nil {
			return err
		}
		return s.recordMembers(ctx, tx, g, "group.remove", left)
	})
	if err != nil && fresh {
		g.ID = ""
	}
	return err
}

// somebody is who joins or leaves a group.
type somebody struct {
	ID    string `bun:"id"`
	Email string `bun:"email"`
}

// exchange changes who is in a group and returns those who were not in it before and those who were.
func (s *Store) exchange(ctx context.Context, tx bun.Tx, group string, add, remove []string) (joined, left []somebody, err error) {
	if len(add)+len(remove) == 0 {
		return nil, nil, nil
	}
	var now []string
	if err := tx.NewRaw("SELECT person_id FROM members WHERE group_id = ?", group).Scan(ctx, &now); err != nil {
		return nil, nil, err
	}
	in := set(now)
	for some := range slices.Chunk(add, 500) {
		var found []somebody
		if err := tx.NewRaw("SELECT id, email FROM people WHERE kind = ? AND id IN (?)", Human, bun.List(some)).Scan(ctx, &found); err != nil {
			return nil, nil, err
		}
		known := map[string]bool{}
		for _, p := range found {
			if known[p.ID] = true; !in[p.ID] {
				in[p.ID] = true
				joined = append(joined, p)
			}
		}
		for _, id := range some {
			if !known[id] {
				return nil, nil, fault.Field("members", "There is no person %s", id)
			}
		}
	}
	for some := range slices.Chunk(joined, 500) {
		rows := make([]membership, len(some))
		for i, p := range some {
			rows[i] = membership{GroupID: group, PersonID: p.ID}
		}
		if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
			return nil, nil, err
		}
	}
	remove = slices.DeleteFunc(slices.Clone(remove), func(id string) bool { return !in[id] })
	for some := range slices.Chunk(remove, 500) {
		var gone []somebody
		if err := tx.NewRaw("SELECT id, email FROM people WHERE id IN (?)", bun.List(some)).Scan(ctx, &gone); err != nil {
			return nil, nil, err
		}
		if _, err := tx.NewRaw("DELETE FROM members WHERE group_id = ? AND person_id IN (?)", group, bun.List(some)).Exec(ctx); err != nil {
			return nil, nil, err
		}
		left = append(left, gone...)
	}
	return joined, left, nil
}

type membership struct {
	bun.BaseModel `bun:"table:members,alias:membership"`
	GroupID       string `bun:"group_id"`
	PersonID      string `bun:"person_id"`
}

func set(list []string) map[string]bool {
	in := make(map[string]bool, len(list))
	for _, one := range list {
		in[one] = true
	}
	return in
}

// Up to fewMembers, each who joins or leaves has a record of their own; of more,
// manyMembers share one.
const (
	fewMembers  = 20
	manyMembers = 100
)

func (s *Store) recordMembers(ctx context.Context, tx bun.Tx, g *Group, action string, people []somebody) error {
	if len(people) <= fewMembers {
		for _, p := range people {
			if err := s.log.Append(ctx, tx, audit.Event{Action: action, Object: g.object(), Detail: map[string]any{"person": p.ID, "email": p.Email}}); err != nil {
				return err
			}
		}
		return nil
	}
	for some := range slices.Chunk(people, manyMembers) {
		var ids, emails []string
		for _, p := range some {
			ids, emails = append(ids, p.ID), append(emails, p.Email)
		}
		if err := s.log.Append(ctx, tx, audit.Event{Action: action, Object: g.object(), Detail: map[string]any{"people": ids, "emails": emails}}); err != nil {
			return err
		}
	}
	return nil
}
