package web

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// connections is the stored ways to databases.
type connections struct {
	connections *source.Store
	pools       *source.Pools
	rules       *query.Rules
	questions   *query.Store
	kept        keptSecrets
}

func (x *connections) routes(g *echo.Group) {
	g.GET("/connections", may(account.SeeConnections, x.list))
	g.GET("/connections/new", may(account.EditConnections, x.new))
	g.POST("/connections", may(account.EditConnections, x.create))
	g.GET("/connections/:id", mayConnection(account.SeeConnections, x.show))
	g.GET("/connections/:id/edit", mayConnection(account.EditConnections, x.edit))
	g.POST("/connections/:id", mayConnection(account.EditConnections, x.update))
	g.POST("/connections/:id/delete", mayConnection(account.EditConnections, x.remove))
	g.POST("/connections/:id/test", mayConnection(account.SeeConnections, x.test))
	g.POST("/connections/:id/refresh", mayConnection(account.SeeConnections, x.refresh))
	g.GET("/connections/:id/schema", mayConnection(account.AskSQL, x.schema))
}

var kindNames = map[string]string{"postgres": "PostgreSQL", "mysql": "MySQL or MariaDB", "sqlserver": "SQL Server", "sqlite": "SQLite"}

// testTimeout bounds the test of a connection.
const testTimeout = 15 * time.Second

// where says where a connection leads, to those who look after connections.
func where(ch views.Chrome, c source.Config) string {
	if !ch.CanConnect {
		return ""
	}
	if c.Kind == "sqlite" {
		return c.Path
	}
	host := c.Host
	if c.Port != 0 {
		host += ":" + strconv.Itoa(c.Port)
	}
	return host + "/" + c.Database
}

func (x *connections) list(c echo.Context) error {
	list, err := x.connections.List(c.Request().Context())
	if err != nil {
		return err
	}
	page := views.Connections{Chrome: chrome(c, "Connections", "connections")}
	for _, one := range query.Reachable(person(c), account.SeeConnections, list) {
		page.Items = append(page.Items, views.ConnectionItem{Name: one.Name, URL: "/connections/" + one.ID, Kind: kindNames[one.Kind], Where: where(page.Chrome, one.Config), Sample: one.Sample})
	}
	return respond(c, http.StatusOK, views.ConnectionsPage(page))
}

func (x *connections) form(c echo.Context, title, action string, con source.Connection) views.ConnectionForm {
	cfg := con.Config
	f := views.ConnectionForm{Chrome: chrome(c, title, "connections"), Action: action, Name: con.Name, Host: cfg.Host, Database: cfg.Database, User: cfg.User,
		Path: cfg.Path, TimeZone: cfg.TimeZone, CA: cfg.TLS.CA, Cert: cfg.TLS.Cert, Stored: con.ID != "", Reference: con.Reference, Kind: cfg.Kind}
	if cfg.Port != 0 {
		f.Port = strconv.Itoa(cfg.Port)
	}
	for _, k := range []string{"postgres", "mysql", "sqlserver", "sqlite"} {
		f.Kinds = append(f.Kinds, views.Choice{Value: k, Label: kindNames[k], Selected: k == cfg.Kind})
	}
	for _, m := range []struct{ value, label string }{
		{"", "Verified for remote hosts, if offered on this machine"}, {"verify-full", "Encrypted, certificate and name verified"}, {"verify-ca", "Encrypted, certificate verified"},
		{"require", "Encrypted, not verified"}, {"prefer", "Encrypted if offered"}, {"disable", "Not encrypted"},
	} {
		f.TLSModes = append(f.TLSModes, views.Choice{Value: m.value, Label: m.label, Selected: m.value == string(cfg.TLS.Mode)})
	}
	for _, p := range source.Presets() {
		f.Presets = append(f.Presets, views.PresetItem{Name: p.Name, Note: p.Note, URL: p.DocumentationURL})
	}
	return f
}

func (x *connections) new(c echo.Context) error {
	return respond(c, http.StatusOK, views.ConnectionFormPage(x.form(c, "Add a connection", "/connections", source.Connection{Config: source.Config{Kind: "postgres"}})))
}

// typed is a connection as a form has it, and what is wrong with it.
type typed struct {
	title, action string
	connection    source.Connection
	notes         []string
	err           error
}

// read takes a connection from the form: the URL box, where it is filled in, or the fields.
func (x *connections) read(c echo.Context, title, action string) (f typed) {
	f.title, f.action = title, action
	con := &f.connection
	con.Name = strings.TrimSpace(c.FormValue("name"))
	con.Config = source.Config{Kind: c.FormValue("kind"), Host: strings.TrimSpace(c.FormValue("host")), Database: strings.TrimSpace(c.FormValue("database")),
		User: c.FormValue("user"), Password: c.FormValue("password"), PasswordRef: strings.TrimSpace(c.FormValue("password_ref")),
		Path: strings.TrimSpace(c.FormValue("path")), TimeZone: strings.TrimSpace(c.FormValue("time_zone")),
		TLS: source.TLS{Mode: source.TLSMode(c.FormValue("tls")), CA: c.FormValue("ca"), Cert: c.FormValue("cert"), Key: c.FormValue("key")}}
	if text := strings.TrimSpace(c.FormValue("url")); text != "" {
		cfg, notes, err := source.ParseURL(text)
		if err != nil {
			f.err = err
			return f
		}
		f.notes = notes
		cfg.TimeZone = cmp.Or(con.Config.TimeZone, cfg.TimeZone)
		con.Config = cfg
	} else if port := strings.TrimSpace(c.FormValue("port")); port != "" {
		if con.Config.Port, f.err = strconv.Atoi(port); f.err != nil {
			f.err = fault.Field("port", "A port is a number up to 65535")
		}
	}
	if err := x.kept.fill(person(c).ID, c.FormValue("kept"), &con.Config); err != nil && f.err == nil && c.FormValue("url") == "" {
		f.err = err
	}
	if con.Name == "" {
		con.Name = cmp.Or(con.Config.Database, con.Config.Host)
		if con.Config.Kind == "sqlite" {
			con.Name = con.Config.Path[strings.LastIndexByte(con.Config.Path, '/')+1:]
		}
	}
	return f
}

func probe(p source.Probe) *views.Probe {
	v := &views.Probe{OK: p.OK, Problem: p.Problem, Server: strings.TrimSpace(p.Server + " " + p.Version), TLS: p.TLS, TimeZone: p.TimeZone,
		Latency: fmt.Sprintf("%.1f ms", p.LatencyMS), Warnings: p.Warnings, Remedy: p.Remedy}
	if v.TLS == "" {
		v.TLS = "none"
	}
	switch {
	case p.CanWrite == nil:
		v.Write = "could not be told"
	case *p.CanWrite:
		v.Write, v.CanWrite = "yes", true
	default:
		v.Write = "no"
	}
	return v
}

func (x *connections) create(c echo.Context) error {
	f := x.read(c, "Add a connection", "/connections")
	f.connection.CreatedBy = person(c).ID
	if c.FormValue("do") == "test" {
		return x.try(c, f, func(ctx context.Context) (source.Probe, error) { return x.pools.Test(ctx, f.connection.Config), nil })
	}
	return x.save(c, f, x.connections.Create)
}

// try tests what the form says and shows it again, with everything that was typed.
func (x *connections) try(c echo.Context, f typed, test func(context.Context) (source.Probe, error)) error {
	if f.err != nil {
		return x.again(c, f)
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), testTimeout)
	defer cancel()
	found, err := test(ctx)
	if err != nil {
		f.err = err
		return x.again(c, f)
	}
	page := x.filled(c, f)
	page.Probe = probe(found)
	return respond(c, http.StatusOK, views.ConnectionFormPage(page))
}

// save stores what the form says, or shows it again where something is wrong.
func (x *connections) save(c echo.Context, f typed, store func(context.Context, *source.Connection) error) error {
	if f.err == nil {
		f.err = x.rules.MayConnect(c.Request().Context(), person(c), &f.connection)
	}
	if f.err == nil {
		f.err = store(c.Request().Context(), &f.connection)
	}
	if f.err != nil {
		return x.again(c, f)
	}
	// Read in the background: the page shows what is there as soon as it is known.
	go x.pools.Refresh(context.WithoutCancel(c.Request().Context()), f.connection.ID)
	return done(c, "/connections/"+f.connection.ID, "The connection "+f.connection.Name+" is saved.")
}

// filled is the form as it was sent, but for the secrets, which it only names.
func (x *connections) filled(c echo.Context, f typed) views.ConnectionForm {
	page := x.form(c, f.title, f.action, f.connection)
	page.Notes, page.URL, page.Name = f.notes, c.FormValue("url"), c.FormValue("name")
	page.PasswordRef = c.FormValue("password_ref")
	if strings.TrimSpace(page.URL) == "" {
		page.Port = c.FormValue("port")
		page.Kept = x.kept.keep(person(c).ID, f.connection.Config)
	}
	return page
}

// again shows the form with what is wrong with it.
func (x *connections) again(c echo.Context, f typed) error {
	status, problem, fields, ok := told(f.err)
	if !ok || fault.Is(f.err, fault.Denied) {
		return f.err
	}
	page := x.filled(c, f)
	page.Problem, page.Errors = problem, maps.Clone(fields)
	if page.Name == "" && len(fields) > 1 {
		delete(page.Errors, "name") // it is taken from what else is missing
	}
	return respond(c, status, views.ConnectionFormPage(page))
}

func (x *connections) show(c echo.Context) error { return x.page(c, http.StatusOK, nil) }

// catalogPatience is how long a page waits for a catalog that is being read.
const catalogPatience = 4 * time.Second

// page shows a connection; change, where given, adds what was just done to it.
func (x *connections) page(c echo.Context, status int, change func(*views.Connection)) error {
	con, err := x.connections.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	page := views.Connection{Chrome: chrome(c, con.Name, "connections"), ID: con.ID, Name: con.Name, Kind: kindNames[con.Kind],
		TimeZone: con.Config.TimeZone, Sample: con.Sample, Filter: c.QueryParam("q")}
	page.Where = where(page.Chrome, con.Config)
	ctx, cancel := context.WithTimeout(c.Request().Context(), catalogPatience)
	defer cancel()
	catalog, err := x.rules.Catalog(ctx, person(c), con.ID)
	if err != nil {
		page.Problem = (&presenter{}).failure(err)
	}
	if catalog != nil {
		page.ReadAt = catalog.ReadAt.UTC().Format("2006-01-02 15:04 UTC")
		for _, t := range catalog.Tables {
			if page.Filter != "" && !strings.Contains(strings.ToLower(t.Schema+"."+t.Name), strings.ToLower(page.Filter)) {
				continue
			}
			page.Tables = append(page.Tables, tableItem(con.ID, catalog, &t))
		}
	}
	if change != nil {
		change(&page)
	}
	return respond(c, status, views.ConnectionPage(page))
}

func tableItem(connection string, catalog *source.Catalog, t *source.Table) views.TableItem {
	name := tableName(catalog, t)
	item := views.TableItem{Name: name, Kind: t.Kind, Comment: t.Comment, Columns: len(t.Columns), URL: tableURL(connection, name), ExploreURL: exploreURL(connection, name)}
	if t.RowEstimate != nil {
		item.Rows = "about " + frame.Formatter{}.Compact(float64(*t.RowEstimate))
	}
	return item
}

// tableName returns a table's name as questions write it: with its schema where that is not the default one.
func tableName(catalog *source.Catalog, t *source.Table) string {
	if t.Schema == "" || t.Schema == catalog.DefaultSchema {
		return t.Name
	}
	return t.Schema + "." + t.Name
}

func (x *connections) edit(c echo.Context) error {
	con, err := x.connections.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.ConnectionFormPage(x.form(c, "Change "+con.Name, "/connections/"+con.ID, *con)))
}

func (x *connections) update(c echo.Context) error {
	old, err := x.connections.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	f := x.read(c, "Change "+old.Name, "/connections/"+old.ID)
	f.connection.ID, f.connection.Reference = old.ID, old.Reference
	if cfg := &f.connection.Config; cfg.Options == nil && cfg.Kind == old.Config.Kind {
		cfg.Options = old.Config.Options
	}
	if c.FormValue("do") == "test" {
		return x.try(c, f, func(ctx context.Context) (source.Probe, error) {
			return x.pools.TestChanged(ctx, old.ID, f.connection.Config)
		})
	}
	return x.save(c, f, x.connections.Update)
}

func (x *connections) remove(c echo.Context) error {
	id := c.Param("id")
	err := x.connections.Delete(c.Request().Context(), id)
	if fault.Is(err, fault.Conflict) {
		return x.used(c, err)
	}
	if err != nil {
		return err
	}
	x.pools.Forget(id)
	return done(c, "/connections", "The connection is removed.")
}

// used shows a connection that cannot be removed, with the questions that use it.
func (x *connections) used(c echo.Context, why error) error {
	list, err := x.questions.List(c.Request().Context(), query.Find{Connection: c.Param("id"), For: person(c)})
	if err != nil {
		return err
	}
	return x.page(c, http.StatusConflict, func(page *views.Connection) {
		page.Refusal = fault.MessageOf(why)
		for _, q := range list {
			page.UsedBy = append(page.UsedBy, views.Link{Label: q.Name, URL: "/questions/" + q.ID})
		}
	})
}

func (x *connections) test(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), testTimeout)
	defer cancel()
	p, err := x.pools.TestStored(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	return x.page(c, http.StatusOK, func(page *views.Connection) { page.Probe = probe(p) })
}

func (x *connections) refresh(c echo.Context) error {
	if _, err := x.pools.Refresh(c.Request().Context(), c.Param("id")); err != nil {
		return x.page(c, http.StatusOK, func(page *views.Connection) { page.Problem = (&presenter{}).failure(err) })
	}
	return redirect(c, "/connections/"+c.Param("id"))
}

// schema is what the SQL editor completes from.
func (x *connections) schema(c echo.Context) error {
	catalog, err := x.rules.Catalog(c.Request().Context(), person(c), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, catalog)
}
