package account

import (
	"fmt"
	"slices"

	"assay/app/fault"
)

// Action is something a person wants to do.
type Action string

// The actions: a role is a set of them.
const (
	Look            Action = "look"             // see saved questions and their results
	Ask             Action = "ask"              // ask by clicking
	AskSQL          Action = "ask_sql"          // ask in SQL
	Save            Action = "save"             // save, change and remove questions
	Share           Action = "share_links"      // give links to people without an account
	SeeConnections  Action = "see_connections"  // see that connections exist and what is in them
	EditConnections Action = "edit_connections" // add, change, remove connections
	EditRights      Action = "edit_rights"      // grant rights, write row rules, make roles
	EditPeople      Action = "edit_people"      // add, change, remove people, groups and identity providers
	EditSettings    Action = "edit_settings"    // change how this installation works
	SeeAudit        Action = "see_audit"        // read the record of who did what
)

// Actions lists all actions with what each lets a person do, the least first.
var Actions = []struct {
	Action Action
	Means  string
}{
	{Look, "see saved questions and their results"},
	{Ask, "ask questions by clicking"},
	{SeeConnections, "see connections and what is in them"},
	{AskSQL, "ask questions in SQL"},
	{Save, "save, change and remove questions"},
	{Share, "share what was saved by links that need no account"},
	{EditConnections, "add, change and remove connections"},
	{EditRights, "grant rights, write row rules and make roles"},
	{EditPeople, "add, change and remove people, groups and identity providers"},
	{EditSettings, "change how this installation works"},
	{SeeAudit, "read the record of who did what"},
}

// Known reports whether there is such an action.
func (a Action) Known() bool { return a.means() != "" }

func (a Action) means() string {
	for _, one := range Actions {
		if one.Action == a {
			return one.Means
		}
	}
	return ""
}

// Object is what an action is done to. Rights to a connection, a schema or a
// folder are granted; whatever lies in one of these has its rights.
type Object struct {
	Kind   string // "connection", "schema" or "folder"
	ID     string // of the connection or folder; the folder "" holds what lies in none
	Schema string // of a schema, its name
}

// The kinds of objects.
const (
	KindConnection = "connection"
	KindSchema     = "schema"
	KindFolder     = "folder"
)

// OnConnection is the connection with the id.
func OnConnection(id string) Object { return Object{Kind: KindConnection, ID: id} }

// OnSchema is a schema of the connection with the id.
func OnSchema(connection, schema string) Object {
	return Object{Kind: KindSchema, ID: connection, Schema: schema}
}

// InFolder is the folder with the id, "" for what lies in none.
func InFolder(id string) Object { return Object{Kind: KindFolder, ID: id} }

// Level is how far a grant goes.
type Level string

// The levels: Results, AskLevel and SQLLevel of connections, each including the
// one before; Read of schemas; View and Edit of folders.
const (
	Results  Level = "results" // see the results of saved questions
	AskLevel Level = "ask"     // and ask by clicking, and see what is in the connection
	SQLLevel Level = "sql"     // and ask in SQL
	Read     Level = "read"
	View     Level = "view"
	Edit     Level = "edit"
)

// Levels lists the levels of each kind of object, the least first.
var Levels = map[string][]Level{
	KindConnection: {Results, AskLevel, SQLLevel},
	KindSchema:     {Read},
	KindFolder:     {View, Edit},
}

// needs says which level of a kind of object an action takes; "" for one that
// the role alone decides.
func needs(kind string, a Action) Level {
	switch kind {
	case KindConnection:
		switch a {
		case Look:
			return Results
		case Ask, SeeConnections, Save:
			return AskLevel
		case AskSQL:
			return SQLLevel
		}
	case KindSchema:
		return Read
	case KindFolder:
		if a == Save {
			return Edit
		}
		return View
	}
	return ""
}

// enough reports whether a level of the kind includes the one that is needed.
func enough(kind string, have, need Level) bool {
	levels := Levels[kind]
	at := slices.Index(levels, have)
	return at >= 0 && at >= slices.Index(levels, need)
}

// Decision is the answer to whether a person may do something, and why.
type Decision struct {
	Allowed bool
	// Why is what decided, in a sentence.
	Why string
	// Steps are all sentences of the way to it, in order.
	Steps []string
	// hidden says that the person may not even know that the object exists.
	hidden string
}

func (d *Decision) step(format string, args ...any) {
	d.Why = fmt.Sprintf(format, args...)
	d.Steps = append(d.Steps, d.Why)
}

// May answers whether this person may do this to all of these objects, and why;
// it is the one place where rights are decided, whoever asks. Without objects it
// answers for the product as a whole: whether there may be something they may do this to.
func May(p *Person, action Action, objects ...Object) (d Decision) {
	switch {
	case p == nil:
		d.step("Nobody is signed in")
		return d
	case p.Disabled:
		d.step("This account is disabled")
		return d
	case !action.Known():
		d.step("Nobody may %s", action)
		return d
	}
	r := p.rights
	if r == nil {
		r = &Rights{role: builtIn[p.Role]}
	}
	if !slices.Contains(r.role.Actions, action) {
		d.step("This needs the right to %s, and the role %s does not include it", action.means(), r.roleName(p))
		return d
	}
	d.step("The role %s includes the right to %s", r.roleName(p), action.means())
	if r.scopes != nil {
		if !slices.Contains(r.scopes, action) {
			d.step("The token that was used is not for this: it lacks the scope %s", action)
			return d
		}
		d.step("The token that was used has the scope %s", action)
	}
	for _, o := range objects {
		if !r.allows(&d, p, action, o) {
			return d
		}
	}
	d.Allowed = true
	return d
}

// allows adds what decides about one object.
func (r *Rights) allows(d *Decision, p *Person, action Action, o Object) bool {
	need := needs(o.Kind, action)
	switch {
	case need == "":
		return true
	case p.Role == Admin:
		d.step("Administrators reach every %s", o.Kind)
		return true
	case o.Kind == KindSchema && !r.limited[o.ID]:
		d.step("No right to single schemas was granted on this connection, so all of them count as granted with it")
		return true
	}
	found := r.grants[o]
	best := -1
	for i, g := range found {
		if enough(o.Kind, g.Level, need) {
			best = i
			break
		}
	}
	if best < 0 {
		if d.hidden == "" && len(found) == 0 && o.Kind != KindSchema {
			d.hidden = o.Kind
		}
		switch {
		case len(found) > 0:
			d.step("This needs the level %s on the %s, and what was granted goes up to %s", need, o.Kind, found[0].Level)
		case o.Kind == KindSchema:
			d.step("Nobody granted a right to the schema %s", o.Schema)
		default:
			d.step("Nobody granted a right to this %s", o.Kind)
		}
		return false
	}
	d.step("%s the level %s on this %s, which includes it", found[best].has(), found[best].Level, o.Kind)
	return true
}

// Check returns nil where the person may, and otherwise a SignIn, Denied or
// (where they may not know of the object) NotFound fault that says why.
func Check(p *Person, action Action, objects ...Object) error {
	d := May(p, action, objects...)
	switch {
	case d.Allowed:
		return nil
	case p == nil:
		return fault.New(fault.SignIn, "Sign in first")
	case d.hidden != "":
		return fault.New(fault.NotFound, "There is no such %s, or nobody granted you a right to it", d.hidden)
	default:
		return fault.New(fault.Denied, "%s", d.Why)
	}
}
