package account

import (
	"fmt"

	"assay/app/fault"
)

// Action is something a person wants to do.
type Action string

// The actions. Each is asked of an object: a connection's or question's id, or "".
const (
	Look            Action = "look"             // see saved questions and their results
	Ask             Action = "ask"              // ask by clicking
	AskSQL          Action = "ask_sql"          // ask in SQL
	Save            Action = "save"             // save, change and remove questions
	SeeConnections  Action = "see_connections"  // see that connections exist and what is in them
	EditConnections Action = "edit_connections" // add, change, remove connections
	EditPeople      Action = "edit_people"
	EditSettings    Action = "edit_settings"
)

// least is the role that an action needs at least.
var least = map[Action]Role{
	Look:            Viewer,
	Ask:             Viewer,
	SeeConnections:  Viewer,
	AskSQL:          Analyst,
	Save:            Analyst,
	EditConnections: Admin,
	EditPeople:      Admin,
	EditSettings:    Admin,
}

var rank = map[Role]int{Viewer: 1, Analyst: 2, Admin: 3}

// Decision is the answer to whether a person may do something, and why.
type Decision struct {
	Allowed bool
	Why     string
}

// May answers whether this person may do this to that, and why; it is the one
// place where rights are decided, whoever asks.
func May(p *Person, action Action, object string) Decision {
	need, known := least[action]
	switch {
	case p == nil:
		return Decision{false, "Nobody is signed in"}
	case p.Disabled:
		return Decision{false, "This account is disabled"}
	case !known:
		return Decision{false, fmt.Sprintf("Nobody may %s", action)}
	case rank[p.Role] < rank[need]:
		return Decision{false, fmt.Sprintf("This needs the role %s; yours is %s", need, p.Role)}
	}
	return Decision{true, fmt.Sprintf("The role %s includes it", p.Role)}
}

// Check returns nil where the person may, and otherwise a SignIn or Denied fault that says why.
func Check(p *Person, action Action, object string) error {
	d := May(p, action, object)
	switch {
	case d.Allowed:
		return nil
	case p == nil:
		return fault.New(fault.SignIn, "Sign in first")
	default:
		return fault.New(fault.Denied, "%s", d.Why)
	}
}
