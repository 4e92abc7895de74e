package api

import (
	"assay/app/account"
)

// class says who may do an operation to what; a new operation belongs in here.
type class struct {
	action account.Action // "" for everybody who is signed in
	kind   string         // of the object in the path or, in runQuery, the body
	// granted objects are as if they were not there for those to whom nothing was granted of them.
	granted bool
	// manages says that the operation touches a person, which nobody does who may do less.
	manages bool
	// tokens says that neither a token with scopes nor a service does it without the right to edit people.
	tokens bool
	gives  account.Action // an action that the caller must have to give it
	and    account.Action // and another one
	public bool
	body   any
}

func classes(h *house) map[string]class {
	word := "edit_people" // the one action of the role that fixtures of people have
	all := map[string]class{
		"createAccessToken":  {public: true, body: object{"email": "nobody@example.com", "password": "not this one"}},
		"refreshAccessToken": {public: true, body: object{"refresh_token": "none"}},
		"revokeToken":        {public: true, body: object{"token": "none"}},

		"getMe":             {},
		"listTokens":        {},
		"createToken":       {tokens: true, body: object{"name": "more"}},
		"getToken":          {kind: "token"},
		"updateToken":       {kind: "token", tokens: true, body: object{"name": "other"}},
		"deleteToken":       {kind: "token", tokens: true},
		"listUsers":         {action: account.EditPeople},
		"createUser":        {action: account.EditPeople, body: object{"kind": "service", "name": "made NEW", "role": h.peopleRole}},
		"getUser":           {action: account.EditPeople, kind: "user"},
		"replaceUser":       {action: account.EditPeople, kind: "user", manages: true, body: object{"email": "NEW@example.com", "role": h.peopleRole}},
		"updateUser":        {action: account.EditPeople, kind: "user", manages: true, body: object{"name": "Other"}},
		"deleteUser":        {action: account.EditPeople, kind: "user", manages: true},
		"inviteUser":        {action: account.EditPeople, kind: "user", manages: true},
		"resetUser":         {action: account.EditPeople, kind: "user", manages: true},
		"endUser":           {action: account.EditPeople, kind: "user", manages: true},
		"listUserSessions":  {action: account.EditPeople, kind: "user"},
		"deleteUserSession": {action: account.EditPeople, kind: "user", manages: true},
		"listUserTokens":    {action: account.EditPeople, kind: "service"},
		"createUserToken":   {action: account.EditPeople, kind: "service", manages: true, body: object{"name": "nightly"}},
		"getUserToken":      {action: account.EditPeople, kind: "service"},
		"deleteUserToken":   {action: account.EditPeople, kind: "service", manages: true},
		"listGroups":        {action: account.EditPeople},
		"createGroup":       {action: account.EditPeople, body: object{"name": "group NEW"}},
		"getGroup":          {action: account.EditPeople, kind: "group"},
		"replaceGroup":      {action: account.EditPeople, kind: "group", body: object{"name": "group NEW"}},
		"updateGroup":       {action: account.EditPeople, kind: "group", body: object{"description": "other"}},
		"deleteGroup":       {action: account.EditPeople, kind: "group"},
		"listMembers":       {action: account.EditPeople, kind: "group"},
		"setMembers":        {action: account.EditPeople, kind: "group", body: object{"people": []string{}}},
		"addMembers":        {action: account.EditPeople, kind: "group", body: object{"people": []string{}}},
		"removeMember":      {action: account.EditPeople, kind: "group"},

		"listRoles":   {action: account.EditRights},
		"createRole":  {action: account.EditRights, body: object{"name": "role NEW", "actions": []string{"edit_rights"}}},
		"getRole":     {action: account.EditRights, kind: "role"},
		"replaceRole": {action: account.EditRights, kind: "role", body: object{"name": "role NEW", "actions": []string{"edit_rights"}}},
		"updateRole":  {action: account.EditRights, kind: "role", body: object{"description": "other"}},
		"deleteRole":  {action: account.EditRights, kind: "role"},
		"listGrants":  {action: account.EditRights},
		"setGrant":    {action: account.EditRights, gives: account.Look, body: object{"subject": object{"kind": "person", "id": h.people[account.Viewer].ID}, "object": object{"kind": "connection", "id": h.orders}, "level": "results"}},
		"getGrant":    {action: account.EditRights, kind: "grant"},
		"deleteGrant": {action: account.EditRights, kind: "grant", gives: account.Look},
		"listRules":   {action: account.EditRights},
		"createRule":  {action: account.EditRights, body: object{"connection": h.orders, "subject": object{"kind": "everyone"}, "table": "regions"}},
		"getRule":     {action: account.EditRights, kind: "rule"},
		"replaceRule": {action: account.EditRights, kind: "rule", body: object{"connection": h.orders, "subject": object{"kind": "everyone"}, "table": "regions"}},
		"updateRule":  {action: account.EditRights, kind: "rule", body: object{"note": "why"}},
		"deleteRule":  {action: account.EditRights, kind: "rule"},
		"explain":     {action: account.EditRights, body: object{"person": h.people[account.Viewer].ID, "action": word}},

		"listAudit":   {action: account.SeeAudit},
		"getAudit":    {action: account.SeeAudit, kind: "record"},
		"verifyAudit": {action: account.SeeAudit},

		"listConnections":     {action: account.SeeConnections},
		"createConnection":    {action: account.EditConnections, body: object{"name": "connection NEW", "kind": "sqlite", "path": h.beside}},
		"getConnection":       {action: account.SeeConnections, kind: "connection", granted: true},
		"replaceConnection":   {action: account.EditConnections, kind: "connection", body: object{"name": "connection NEW", "kind": "sqlite", "path": h.beside}},
		"updateConnection":    {action: account.EditConnections, kind: "connection", body: object{"name": "connection NEW"}},
		"deleteConnection":    {action: account.EditConnections, kind: "connection"},
		"testConnection":      {action: account.SeeConnections, kind: "connection", granted: true},
		"getConnectionSchema": {action: account.SeeConnections, kind: "connection", granted: true},

		"runQuery":    {action: account.Ask, kind: "connection", granted: true, body: object{"connection": "ID", "spec": object{"table": "regions"}}},
		"listQueries": {action: account.Look},
		"getQuery":    {action: account.Look, kind: "query", granted: true},
		"cancelQuery": {action: account.Look, kind: "query", granted: true},

		"listFolders":            {action: account.Look},
		"createFolder":           {action: account.Save, body: object{"name": "folder NEW"}},
		"listQuestions":          {action: account.Look},
		"createQuestion":         {action: account.Save, gives: account.Ask, body: object{"name": "question NEW", "connection": h.orders, "spec": object{"table": "regions"}}},
		"getQuestion":            {action: account.Look, kind: "question", granted: true},
		"replaceQuestion":        {action: account.Save, gives: account.Ask, kind: "question", granted: true, body: object{"name": "question NEW", "connection": h.orders, "spec": object{"table": "regions"}}},
		"updateQuestion":         {action: account.Save, kind: "question", granted: true, body: object{"description": "other"}},
		"deleteQuestion":         {action: account.Save, kind: "question", granted: true},
		"listQuestionVersions":   {action: account.Look, kind: "question", granted: true},
		"restoreQuestionVersion": {action: account.Save, kind: "question", granted: true},
		"runQuestion":            {action: account.Look, kind: "question", granted: true, body: object{}},
		"getQuestionData":        {action: account.Look, kind: "question", granted: true},
		"getQuestionChart":       {action: account.Look, kind: "question", granted: true},

		"getQuestionVersion":    {action: account.Look, kind: "question", granted: true},
		"markConnectionChanged": {action: account.AskSQL, kind: "connection", granted: true},

		"runDashboard":         {action: account.Look, kind: "dashboard", granted: true, body: object{}},
		"getDashboardDocument": {action: account.Look, kind: "dashboard", granted: true},
		"runReport":            {action: account.Look, kind: "report", granted: true, body: object{}},
		"getReportDocument":    {action: account.Look, kind: "report", granted: true},

		"listShares":      {action: account.Share},
		"createShare":     {action: account.Share, gives: account.Look, and: account.Save, body: object{"question": h.shared}},
		"getShare":        {action: account.Share, kind: "share", granted: true},
		"revokeShare":     {action: account.Share, kind: "share", granted: true},
		"listShareVisits": {action: account.Share, kind: "share", granted: true},
	}
	all["silenceAlert"] = class{action: account.Save, kind: "alert", granted: true, body: object{}}
	for kind, least := range leastBodies(h) {
		upper := capital(kind)
		all["list"+upper+"s"] = class{action: account.Look}
		create := class{action: account.Save, body: least}
		if kind == "schedule" || kind == "alert" {
			create.gives = account.Look // at the question
		}
		all["create"+upper] = create
		all["get"+upper] = class{action: account.Look, kind: kind, granted: true}
		all["replace"+upper] = class{action: account.Save, kind: kind, granted: true, body: least}
		all["update"+upper] = class{action: account.Save, kind: kind, granted: true, body: object{"description": "other"}}
		all["delete"+upper] = class{action: account.Save, kind: kind, granted: true}
		all["list"+upper+"Versions"] = class{action: account.Look, kind: kind, granted: true}
		all["get"+upper+"Version"] = class{action: account.Look, kind: kind, granted: true}
		if kind == "schedule" || kind == "alert" {
			all["run"+upper] = class{action: account.Save, kind: kind, granted: true}
			all["list"+upper+"Runs"] = class{action: account.Save, kind: kind, granted: true}
			all["get"+upper+"State"] = class{action: account.Look, kind: kind, granted: true}
			all["pause"+upper] = class{action: account.Save, kind: kind, granted: true}
			all["resume"+upper] = class{action: account.Save, kind: kind, granted: true}
		}
		all["restore"+upper+"Version"] = class{action: account.Save, kind: kind, granted: true}
	}
	return all
}

// leastBodies are bodies that each kind of saved things can be made from, with
// nothing that it does not need.
func leastBodies(h *house) map[string]object {
	return map[string]object{
		"dashboard": {"name": "dashboard NEW", "cards": []object{{"kind": "text", "text": "Hello"}}},
		"report":    {"name": "report NEW", "body": "# Hello"},
		"schedule":  {"name": "schedule NEW", "when": object{"every": "day", "at": "07:30"}, "do": "refresh", "question": h.shared},
		"alert":     {"name": "alert NEW", "when": object{"every": "day", "at": "07:30"}, "question": h.shared, "condition": "above", "value": 1, "to": []object{{"kind": "person", "id": h.people[account.Viewer].ID}}},
	}
}
