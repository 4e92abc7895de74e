package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/source"
	"assay/views"
)

// adminAudit is where the record of who did what is read.
type adminAudit struct {
	log         *audit.Log
	people      *account.Store
	connections *source.Store
}

func (x *adminAudit) routes(g *echo.Group) {
	g.GET("/admin/audit", may(account.SeeAudit, x.list))
	g.GET("/admin/audit.jsonl", may(account.SeeAudit, x.export))
	g.POST("/admin/audit/verify", may(account.SeeAudit, x.verify))
	g.GET("/admin/audit/:seq", may(account.SeeAudit, x.show))
}

// auditFilter reads a filter from an address; wrong says what cannot be read.
func auditFilter(v url.Values) (f audit.Filter, wrong map[string]string) {
	wrong = map[string]string{}
	f = audit.Filter{Text: strings.TrimSpace(v.Get("q")), ActorID: v.Get("person"), Action: strings.TrimSpace(v.Get("action")), Outcome: v.Get("outcome"),
		Connection: v.Get("connection"), ObjectKind: v.Get("kind"), ObjectID: v.Get("object")}
	f.Before, _ = strconv.ParseInt(v.Get("before"), 10, 64)
	for _, one := range []struct {
		name string
		to   *time.Time
		add  int
	}{{"since", &f.Since, 0}, {"until", &f.Until, 1}} {
		if text := strings.TrimSpace(v.Get(one.name)); text != "" {
			t, err := time.Parse(time.DateOnly, text)
			if err != nil {
				wrong[one.name] = "Write a day such as 2024-01-31"
				continue
			}
			*one.to = t.AddDate(0, 0, one.add)
		}
	}
	return f, wrong
}

// auditQuery is the part of an address that says which records are wanted, without the page.
func auditQuery(v url.Values) url.Values {
	out := url.Values{}
	for _, name := range []string{"q", "person", "action", "outcome", "connection", "since", "until", "kind", "object"} {
		if s := v.Get(name); s != "" {
			out.Set(name, s)
		}
	}
	return out
}

func withQuery(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// auditActions are beginnings of actions, offered to choose from.
var auditActions = []string{"access.", "audit.", "connection.", "folder.", "grant.", "group.", "keys.", "link.", "person.", "provider.", "query.", "question.", "role.", "rule.", "session.", "token."}

func (x *adminAudit) list(c echo.Context) error { return x.page(c, nil) }

func (x *adminAudit) page(c echo.Context, verdict *views.AuditVerdict) error {
	ctx, v := c.Request().Context(), c.QueryParams()
	f, wrong := auditFilter(v)
	wanted := auditQuery(v)
	page := views.Audit{Chrome: adminChrome(c, "Audit record", "audit"), Text: f.Text, Action: f.Action, Actions: auditActions, Since: v.Get("since"), Until: v.Get("until"),
		AboutKind: f.ObjectKind, AboutID: f.ObjectID, Filtered: len(wanted) > 0, ExportURL: withQuery("/admin/audit.jsonl", wanted), VerifyURL: withQuery("/admin/audit/verify", wanted),
		Verdict: verdict, Errors: wrong}
	if f.ObjectKind != "" || f.ObjectID != "" {
		page.About = strings.TrimSpace("the " + cmp.Or(f.ObjectKind, "object") + " " + f.ObjectID)
	}
	known, err := x.choices(c, f, &page)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if len(wrong) > 0 {
		return respond(c, http.StatusUnprocessableEntity, views.AuditPage(page))
	}
	records, next, err := x.log.List(ctx, f)
	if fault.Is(err, fault.Invalid) {
		status, page.Errors = http.StatusUnprocessableEntity, map[string]string{"q": fault.MessageOf(err)}
	} else if err != nil {
		return err
	}
	for i := range records {
		page.Items = append(page.Items, auditItem(&records[i], known))
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		page.Paper += name + " " + wanted.Get(name) + "; "
	}
	page.Paper += "printed " + time.Now().UTC().Format("2006-01-02 15:04") + " UTC"
	if f.Before > 0 {
		page.NewestURL = withQuery("/admin/audit", wanted)
	}
	if next > 0 {
		older := maps.Clone(wanted)
		older.Set("before", strconv.FormatInt(next, 10))
		page.OlderURL = withQuery("/admin/audit", older)
	}
	return respond(c, status, views.AuditPage(page))
}

// choices fills in what the filter offers, and returns the names of people and connections.
func (x *adminAudit) choices(c echo.Context, f audit.Filter, page *views.Audit) (names map[audit.Object]string, err error) {
	people, err := x.people.List(c.Request().Context())
	if err != nil {
		return nil, err
	}
	connections, err := x.connections.List(c.Request().Context())
	if err != nil {
		return nil, err
	}
	page.People = []views.Choice{{Label: "Anybody"}}
	names = map[audit.Object]string{}
	known := f.ActorID == ""
	for i := range people {
		same := people[i].ID == f.ActorID
		known = known || same
		names[audit.Object{Kind: "person", ID: people[i].ID}] = people[i].Email
		page.People = append(page.People, views.Choice{Value: people[i].ID, Label: called(&people[i]), Selected: same})
	}
	if !known {
		page.People = append(page.People, views.Choice{Value: f.ActorID, Label: "somebody who was removed", Selected: true})
	}
	for _, o := range [][2]string{{"", "Any"}, {audit.Done, "Done"}, {audit.Refused, "Refused"}, {audit.Failed, "Failed"}} {
		page.Outcomes = append(page.Outcomes, views.Choice{Value: o[0], Label: o[1], Selected: o[0] == f.Outcome})
	}
	page.Connections = []views.Choice{{Label: "Any"}}
	for _, con := range connections {
		names[audit.Object{Kind: "connection", ID: con.ID}] = con.Name
		page.Connections = append(page.Connections, views.Choice{Value: con.ID, Label: con.Name, Selected: con.ID == f.Connection})
	}
	return names, nil
}

func auditItem(r *audit.Record, names map[audit.Object]string) views.AuditItem {
	seq := strconv.FormatInt(r.Seq, 10)
	item := views.AuditItem{Seq: seq, URL: "/admin/audit/" + seq, At: r.At.Format("2006-01-02 15:04:05"), Actor: cmp.Or(r.Actor.Name, "nobody"), Action: r.Action,
		Object: objectWords(r.Object, names), Outcome: r.Outcome, Bad: r.Outcome != audit.Done}
	if r.Actor.Via != "" && r.Actor.Via != "session" && r.Actor.Via != r.Actor.Name {
		item.Via = r.Actor.Via
	}
	if r.Connection != "" {
		item.Place = cmp.Or(names[audit.Object{Kind: "connection", ID: r.Connection}], "removed")
	}
	if r.Object.Kind == "" && len(r.Detail) > 0 {
		var asked struct {
			SQL string `json:"sql"`
		}
		if json.Unmarshal(r.Detail, &asked) == nil {
			item.SQL = fault.Clip(strings.Join(strings.Fields(asked.SQL), " "), 80)
		}
	}
	return item
}

// objectWords says what a record is about; where it holds no name, names may.
func objectWords(o audit.Object, names map[audit.Object]string) string {
	if name := cmp.Or(o.Name, names[audit.Object{Kind: o.Kind, ID: o.ID}]); name != "" {
		return strings.TrimSpace(o.Kind + " " + name)
	}
	switch {
	case o.Kind == "folder" && o.ID == "":
		return "no folder"
	case o.Kind != "" && o.ID != "":
		return "a " + o.Kind
	}
	return o.Kind
}

func (x *adminAudit) show(c echo.Context) error {
	ctx := c.Request().Context()
	seq, err := strconv.ParseInt(c.Param("seq"), 10, 64)
	if err != nil {
		return echo.NewHTTPError(http.StatusNotFound)
	}
	r, err := x.log.Get(ctx, seq)
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "There is no record %d. Retention may have removed it and left a summary.", seq)
	}
	if err != nil {
		return err
	}
	connections, err := x.connections.List(ctx)
	if err != nil {
		return err
	}
	page := views.AuditRecord{Chrome: adminChrome(c, "Record "+strconv.FormatInt(r.Seq, 10), "audit"), Outcome: r.Outcome, Bad: r.Outcome != audit.Done}
	where := ""
	if i := slices.IndexFunc(connections, func(con source.Connection) bool { return con.ID == r.Connection }); i >= 0 {
		where = connections[i].Name
	} else if r.Connection != "" {
		where = r.Connection + " (removed)"
	}
	link := func(name, value string) string {
		if value == "" {
			return ""
		}
		return withQuery("/admin/audit", url.Values{name: {value}})
	}
	object := ""
	if r.Object.ID != "" {
		object = withQuery("/admin/audit", url.Values{"kind": {r.Object.Kind}, "object": {r.Object.ID}})
	}
	page.Fields = []views.AuditField{
		{Name: "Time", Value: r.At.Format("2006-01-02 15:04:05.000000") + " UTC"},
		{Name: "Who", Value: cmp.Or(r.Actor.Name, "nobody"), URL: link("person", r.Actor.ID)},
		{Name: "Acted by", Value: r.Actor.Via}, {Name: "From the address", Value: r.Actor.Address}, {Name: "Request", Value: r.Actor.Request, Mono: r.Actor.Request != ""},
		{Name: "Action", Value: r.Action, URL: link("action", r.Action)},
		{Name: "Done to", Value: strings.TrimSpace(r.Object.Kind + " " + cmp.Or(r.Object.Name, r.Object.ID)), URL: object},
		{Name: "Connection", Value: where, URL: link("connection", r.Connection)}, {Name: "Outcome", Value: r.Outcome},
	}
	page.SQL, page.Detail = detailFields(r.Detail)
	page.Chain = []views.AuditField{{Name: "Hash", Value: r.Hash, Mono: true}, {Name: "Hash of the one before", Value: r.Prev, Mono: r.Prev != ""},
		{Name: "Seal", Value: cmp.Or(r.Seal, "none: the vault was closed when it was written"), Mono: r.Seal != ""}}
	for _, one := range []struct {
		seq int64
		to  *string
	}{{seq - 1, &page.OlderURL}, {seq + 1, &page.NewerURL}} {
		if _, err := x.log.Get(ctx, one.seq); err == nil {
			*one.to = "/admin/audit/" + strconv.FormatInt(one.seq, 10)
		} else if !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return respond(c, http.StatusOK, views.AuditRecordPage(page))
}

// detailFields takes a record's detail apart: the statement, and the rest by name.
func detailFields(raw json.RawMessage) (sql string, list []views.AuditField) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	values := map[string]any{}
	if err := d.Decode(&values); err != nil {
		return "", []views.AuditField{{Name: "Text", Value: string(raw), Mono: true}}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		text, plain := values[name].(string)
		if name == "sql" && plain {
			sql = laidOut(text)
			continue
		}
		label := map[string]string{"ms": "Milliseconds"}[name]
		label = cmp.Or(label, sentence(strings.ReplaceAll(strings.TrimPrefix(name, "_"), "_", " ")))
		if plain && json.Valid([]byte(text)) && strings.HasPrefix(text, "{") {
			var b bytes.Buffer
			if json.Indent(&b, []byte(text), "", "  ") == nil {
				list = append(list, views.AuditField{Name: label, Value: b.String(), Mono: true})
				continue
			}
		}
		if !plain {
			body, _ := json.Marshal(values[name])
			text = string(body)
		}
		list = append(list, views.AuditField{Name: label, Value: text, Mono: !plain && strings.ContainsAny(text, "{[")})
	}
	return sql, list
}

// export sends the records as JSON, one a line, and is recorded itself before it begins.
func (x *adminAudit) export(c echo.Context) error {
	ctx, v := c.Request().Context(), c.QueryParams()
	f, wrong := auditFilter(v)
	for _, problem := range wrong {
		return fault.New(fault.Invalid, "%s", problem)
	}
	f.Before = 0
	said := map[string]any{}
	for name := range auditQuery(v) {
		said[name] = v.Get(name)
	}
	if _, _, err := x.log.List(ctx, audit.Filter{Text: f.Text, Limit: 1}); err != nil {
		return err // told while it can still be told
	}
	if err := x.log.Write(ctx, audit.Event{Action: "audit.export", Object: audit.Object{Kind: "audit"}, Detail: map[string]any{"filter": said}}); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "application/x-ndjson")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="assay-audit-`+time.Now().UTC().Format("20060102-150405")+`.jsonl"`)
	h.Set("Cache-Control", "no-store")
	c.Response().WriteHeader(http.StatusOK)
	if err := x.log.Export(ctx, f, c.Response()); err != nil && ctx.Err() == nil {
		panic(http.ErrAbortHandler) // half a file must not look like a whole one
	}
	return nil
}

// verify walks the chain and shows what it found over the list.
func (x *adminAudit) verify(c echo.Context) error {
	ctx := c.Request().Context()
	v, err := x.log.Verify(ctx)
	if err != nil {
		return err
	}
	e := audit.Event{Action: "audit.verify", Object: audit.Object{Kind: "audit"}, Detail: map[string]any{"ok": v.OK, "count": v.Count, "verdict": v.String()}}
	if !v.OK {
		e.Outcome = audit.Failed
	}
	if err := x.log.Write(ctx, e); err != nil {
		return err
	}
	return x.page(c, &views.AuditVerdict{OK: v.OK, Text: v.String(), At: "Looked at on " + time.Now().UTC().Format("2006-01-02 15:04:05") + " UTC."})
}
