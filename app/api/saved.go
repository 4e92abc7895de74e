package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/saved"
)

// keeping is a kind of saved things, as they are kept. Dashboards, reports,
// schedules and alerts have the same calls, which are registered by saving.
type keeping[B any, P bodyOf[B]] struct {
	api          *api
	noun, plural string
	store        *saved.Store[B, P]
	// refers, where set, checks what a body names and the one before did not.
	refers func(ctx context.Context, before, now *B) error
	// write, where set, saves in place of the store, new where there is no version yet.
	write func(ctx context.Context, i *saved.Item[B], by *account.Person) error
}

// bodyOf is a pointer to the body of a saved thing.
type bodyOf[B any] interface {
	*B
	saved.Body
}

// thingFind narrows a list of saved things.
type thingFind struct {
	Paging
	Folder string `query:"folder" maxLength:"100" doc:"Only what lies in the folder with this id"`
	Text   string `query:"q" maxLength:"200" doc:"Only what has this text in the name or description"`
}

type create[B any] struct{ Body creation[B] }

type replace[B any] struct {
	ByID
	Body replacement[B]
}

type change[B any] struct {
	ByID
	Body changes[B]
}

// saving registers the calls that every kind of saved things has.
func saving[B any, P bodyOf[B]](k *keeping[B, P]) {
	a, n, all, one, path := k.api, capital(k.noun), capital(k.plural), article(k.noun), "/"+k.plural
	look, save := account.Look, account.Save
	add(a, operation{id: "list" + all, method: http.MethodGet, path: path, tag: k.plural, action: look, summary: "List " + k.plural + " by name"}, k.list)
	add(a, operation{id: "create" + n, method: http.MethodPost, path: path, tag: k.plural, action: save, status: http.StatusCreated, summary: "Save a new " + k.noun}, k.add)
	add(a, operation{id: "get" + n, method: http.MethodGet, path: path + "/{id}", tag: k.plural, action: look, summary: "Get " + one}, k.get)
	add(a, operation{id: "replace" + n, method: http.MethodPut, path: path + "/{id}", tag: k.plural, action: save, summary: "Replace " + one}, k.replace)
	add(a, operation{id: "update" + n, method: http.MethodPatch, path: path + "/{id}", tag: k.plural, action: save, summary: "Change " + one}, k.change)
	add(a, operation{id: "delete" + n, method: http.MethodDelete, path: path + "/{id}", tag: k.plural, action: save, summary: "Remove " + one + " and its versions"}, k.remove)
	add(a, operation{id: "list" + n + "Versions", method: http.MethodGet, path: path + "/{id}/versions", tag: k.plural, action: look, summary: "List how " + one + " was saved, the newest first"}, k.versions)
	add(a, operation{id: "get" + n + "Version", method: http.MethodGet, path: path + "/{id}/versions/{version}", tag: k.plural, action: look, summary: "Get " + one + " as it was saved once"}, k.version)
	add(a, operation{id: "restore" + n + "Version", method: http.MethodPost, path: path + "/{id}/versions/{version}/restore", tag: k.plural, action: save, summary: "Save an earlier version of " + one + " as the newest"}, k.restore)
}

func (k *keeping[B, P]) list(ctx context.Context, in *thingFind) (*body[page[thing[B]]], error) {
	list, err := k.store.List(ctx, saved.Find{Folder: in.Folder, Text: in.Text, After: in.Cursor, Limit: in.Limit + 1, For: from(ctx).person})
	if err != nil {
		return nil, err
	}
	return pageOf(each(list, thingOf[B]), in.Paging, func(t thing[B]) string { return t.head.ID }), nil
}

// item returns a saved thing to which the caller may do the action. One that
// they may not know of answers as one that is not there.
func (k *keeping[B, P]) item(ctx context.Context, action account.Action, id string) (*saved.Item[B], error) {
	i, err := k.store.Get(ctx, id)
	if err == nil {
		err = i.Check(from(ctx).person, action)
	}
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Because(fault.NotFound, err, "There is no such %s, or nobody granted you a right to it", k.noun)
	}
	return i, err
}

// placed decides whether the caller may save something in its folder.
func (k *keeping[B, P]) placed(ctx context.Context, i *saved.Item[B]) error {
	err := i.Check(from(ctx).person, account.Save)
	if fault.Is(err, fault.NotFound) {
		return fault.Field("folder", "%s", fault.MessageOf(err))
	}
	return err
}

func (k *keeping[B, P]) add(ctx context.Context, in *create[B]) (*created[thing[B]], error) {
	i := &saved.Item[B]{}
	if err := in.Body.apply(i, true); err != nil {
		return nil, err
	}
	if err := k.placed(ctx, i); err != nil {
		return nil, err
	}
	if err := k.checkRefers(ctx, new(B), &i.Body); err != nil {
		return nil, err
	}
	if err := k.written(ctx, i); err != nil {
		return nil, renamed(err, guiseOf[B]().fields())
	}
	return &created[thing[B]]{Location: prefix + "/" + k.plural + "/" + i.ID, Body: thingOf(i)}, nil
}

func (k *keeping[B, P]) get(ctx context.Context, in *ByID) (*body[thing[B]], error) {
	i, err := k.item(ctx, account.Look, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[thing[B]]{thingOf(i)}, nil
}

func (k *keeping[B, P]) replace(ctx context.Context, in *replace[B]) (*body[thing[B]], error) {
	return k.save(ctx, in.ID, in.Body.given, true)
}

func (k *keeping[B, P]) change(ctx context.Context, in *change[B]) (*body[thing[B]], error) {
	return k.save(ctx, in.ID, in.Body.given, false)
}

// save changes a saved thing to what is given; fresh leaves nothing of what was.
func (k *keeping[B, P]) save(ctx context.Context, id string, given given[B], fresh bool) (*body[thing[B]], error) {
	i, err := k.item(ctx, account.Save, id)
	if err != nil {
		return nil, err
	}
	before := i.Body
	if err := given.apply(i, fresh); err != nil {
		return nil, err
	}
	if err := k.placed(ctx, i); err != nil {
		return nil, err
	}
	if err := k.checkRefers(ctx, &before, &i.Body); err != nil {
		return nil, err
	}
	if err := k.written(ctx, i); err != nil {
		return nil, k.conflict(ctx, id, renamed(err, guiseOf[B]().fields()))
	}
	return &body[thing[B]]{thingOf(i)}, nil
}

// written saves a thing by the caller.
func (k *keeping[B, P]) written(ctx context.Context, i *saved.Item[B]) error {
	write := k.write
	switch {
	case write != nil:
	case i.Version == 0:
		write = k.store.Create
	default:
		write = k.store.Update
	}
	return write(ctx, i, from(ctx).person)
}

func (k *keeping[B, P]) checkRefers(ctx context.Context, before, now *B) error {
	if k.refers == nil {
		return nil
	}
	return k.refers(ctx, before, now)
}

// conflict adds the present version to the problem of somebody who changed another one.
func (k *keeping[B, P]) conflict(ctx context.Context, id string, err error) error {
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	if now, missing := k.store.Get(ctx, id); missing == nil {
		return since(err, now.Version)
	}
	return err
}

// since is a conflict's problem that names the present version.
func since(err error, version int) error {
	p := newProblem("conflict", fault.MessageOf(err))
	p.Version = version
	return p
}

func (k *keeping[B, P]) remove(ctx context.Context, in *ByID) (*nothing, error) {
	if _, err := k.item(ctx, account.Save, in.ID); err != nil {
		return nil, err
	}
	return nil, k.store.Delete(ctx, in.ID, from(ctx).person)
}

func (k *keeping[B, P]) versions(ctx context.Context, in *versionsInput) (*body[page[thingVersion[B]]], error) {
	if _, err := k.item(ctx, account.Look, in.ID); err != nil {
		return nil, err
	}
	list, err := k.store.Versions(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return cut(each(list, thingVersionOf[B]), in.Paging, func(v thingVersion[B]) string { return strconv.Itoa(v.head.Version) })
}

func (k *keeping[B, P]) version(ctx context.Context, in *restoreInput) (*body[thingVersion[B]], error) {
	if _, err := k.item(ctx, account.Look, in.ID); err != nil {
		return nil, err
	}
	v, err := k.store.GetVersion(ctx, in.ID, in.Version)
	if err != nil {
		return nil, err
	}
	return &body[thingVersion[B]]{thingVersionOf(v)}, nil
}

func (k *keeping[B, P]) restore(ctx context.Context, in *restoreInput) (*body[thing[B]], error) {
	i, err := k.item(ctx, account.Save, in.ID)
	if err != nil {
		return nil, err
	}
	v, err := k.store.GetVersion(ctx, in.ID, in.Version)
	if err != nil {
		return nil, err
	}
	i.Name, i.Description, i.Body = v.Name, v.Description, v.Body
	if err := k.written(ctx, i); err != nil {
		return nil, k.conflict(ctx, in.ID, renamed(err, guiseOf[B]().fields()))
	}
	return &body[thing[B]]{thingOf(i)}, nil
}

// thingHead is what all saved things have.
type thingHead struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Folder      string    `json:"folder" doc:"The folder's id; empty for none"`
	Version     int       `json:"version" doc:"Counts the saves"`
	CreatedBy   string    `json:"created_by" doc:"A person's id"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// thing is a saved thing: its head and the members of its body side by side.
type thing[B any] struct {
	head thingHead
	body B
}

func thingOf[B any](i *saved.Item[B]) thing[B] {
	return thing[B]{thingHead{ID: i.ID, Name: i.Name, Description: i.Description, Folder: i.FolderID, Version: i.Version,
		CreatedBy: i.CreatedBy, CreatedAt: utc(i.CreatedAt), UpdatedAt: utc(i.UpdatedAt)}, i.Body}
}

// MarshalJSON writes the head and the body side by side.
func (t thing[B]) MarshalJSON() ([]byte, error) { return flat(t.head, t.body) }

// versionHead is what all versions have.
type versionHead struct {
	Version     int       `json:"version"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	SavedBy     string    `json:"saved_by" doc:"A person's id"`
	SavedAt     time.Time `json:"saved_at"`
}

// thingVersion is how a saved thing was saved once.
type thingVersion[B any] struct {
	head versionHead
	body B
}

func thingVersionOf[B any](v *saved.Version[B]) thingVersion[B] {
	return thingVersion[B]{versionHead{v.Version, v.Name, v.Description, v.SavedBy, utc(v.SavedAt)}, v.Body}
}

// MarshalJSON writes the head and the body side by side.
func (v thingVersion[B]) MarshalJSON() ([]byte, error) { return flat(v.head, v.body) }

// flat writes two objects as one; those of the body have the names that programs know.
func flat[B any](head any, b B) ([]byte, error) {
	out, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	members, err := partsOf(b)
	if err != nil {
		return nil, err
	}
	for old, name := range guiseOf[B]().renamed {
		if v, ok := members[old]; ok {
			delete(members, old)
			members[name] = v
		}
	}
	rest, err := json.Marshal(members)
	if err != nil || len(members) == 0 {
		return out, err
	}
	return append(append(out[:len(out)-1], ','), rest[1:]...), nil
}

func partsOf(v any) (members map[string]json.RawMessage, err error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return members, json.Unmarshal(text, &members)
}
