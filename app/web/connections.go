package web

import (
	"context"
	"fmt"
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
		Path: cfg.Path, TimeZone: cfg.TimeZone, CA: cfg.TLS.CA, Cert: cfg.TLS.Cert, Stored: con.ID != "", Kind: cfg.Kind}
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

// read takes a connection from the form: the URL box, where it is filled in, or the fields.
func (x *connections) read(c echo.Context) (con source.Connection, notes []string, err error) {
	con.Name = c.FormValue("name")
	if text := strings.TrimSpace(c.FormValue("url")); text != "" {
		con.Config, notes, err = source.ParseURL(text)
		if err != nil {
			return con, nil, err
		}
		if z := c.FormValue("time_zone"); z != "" {
			con.Config.TimeZone = z
		}
	} else {
		con.Config = source.Config{Kind: c.FormValue("kind"), Host: strings.TrimSpace(c.FormValue("host")), Database: strings.TrimSpace(c.FormValue("database")),
			User: c.FormValue("user"), Password: c.FormValue("password"), Path: strings.TrimSpace(c.FormValue("path")), TimeZone: strings.TrimSpace(c.FormValue("time_zone")),
			TLS: source.TLS{Mode: source.TLSMode(c.FormValue("tls")), CA: c.FormValue("ca"), Cert: c.FormValue("cert"), Key: c.FormValue("key")}}
		if port := strings.TrimSpace(c.FormValue("port")); port != "" {
			if con.Config.Port, err = strconv.Atoi(port); err != nil {
				return con, nil, fault.Field("port", "A port is a number up to 65535")
			}
		}
	}
	if con.Name == "" && con.Config.Kind != "" {
		con.Name = con.Config.Database
		if con.Config.Kind == "sqlite" {
			con.Name = con.Config.Path[strings.LastIndexByte(con.Config.Path, '/')+1:]
		}
	}
	return con, notes, nil
}

func (x *connections) try(c echo.Context, cfg source.Config) *views.Probe {
	ctx, cancel := context.WithTimeout(c.Request().Context(), testTimeout)
	defer cancel()
	return probe(x.pools.Test(ctx, cfg))
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
	con, notes, err := x.read(c)
	con.CreatedBy = person(c).ID
	return x.save(c, "Add a connection", "/connections", con, notes, err, x.connections.Create)
}

// save tests or stores what the form says, and shows the form again where something is wrong.
func (x *connections) save(c echo.Context, title, action string, con source.Connection, notes []string, err error, store func(context.Context, *source.Connection) error) error {
	ctx := c.Request().Context()
	page := x.form(c, title, action, con)
	page.Notes, page.URL = notes, ""
	if err == nil {
		if c.FormValue("do") == "test" {
			page.URL = c.FormValue("url")
			page.Probe = x.try(c, con.Config)
			return respond(c, http.StatusOK, views.ConnectionFormPage(page))
		}
		if err = store(ctx, &con); err == nil {
			// Read in the background: the page shows what is there as soon as it is known.
			go x.pools.Refresh(context.WithoutCancel(ctx), con.ID)
			if err := flash(c, "The connection "+con.Name+" is saved."); err != nil {
				return err
			}
			return redirect(c, "/connections/"+con.ID)
		}
	}
	if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Conflict) {
		return err
	}
	page.Errors = fault.FieldsOf(err)
	if len(page.Errors) == 0 {
		page.Errors = map[string]string{"name": fault.MessageOf(err)}
	}
	if page.Errors["url"] != "" {
		page.URL = c.FormValue("url")
	}
	return respond(c, http.StatusUnprocessableEntity, views.ConnectionFormPage(page))
}

func (x *connections) show(c echo.Context) error {
	return x.page(c, nil, nil)
}

// catalogPatience is how long a page waits for a catalog that is being read.
const catalogPatience = 4 * time.Second

func (x *connections) page(c echo.Context, tested *views.Probe, failed error) error {
	con, err := x.connections.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	page := views.Connection{Chrome: chrome(c, con.Name, "connections"), ID: con.ID, Name: con.Name, Kind: kindNames[con.Kind],
		TimeZone: con.Config.TimeZone, Sample: con.Sample, Probe: tested, Filter: c.QueryParam("q")}
	page.Where = where(page.Chrome, con.Config)
	ctx, cancel := context.WithTimeout(c.Request().Context(), catalogPatience)
	defer cancel()
	catalog, err := x.rules.Catalog(ctx, person(c), con.ID)
	if failed != nil {
		err = failed
	}
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
		page.Total = len(catalog.Tables)
	}
	return respond(c, http.StatusOK, views.ConnectionPage(page))
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
	con, notes, err := x.read(c)
	con.ID = old.ID
	if con.Config.Options == nil && con.Config.Kind == old.Config.Kind {
		con.Config.Options = old.Config.Options
	}
	return x.save(c, "Change "+old.Name, "/connections/"+old.ID, con, notes, err, x.connections.Update)
}

func (x *connections) remove(c echo.Context) error {
	if err := x.connections.Delete(c.Request().Context(), c.Param("id")); err != nil {
		return err
	}
	x.pools.Forget(c.Param("id"))
	if err := flash(c, "The connection is removed."); err != nil {
		return err
	}
	return redirect(c, "/connections")
}

func (x *connections) test(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), testTimeout)
	defer cancel()
	p, err := x.pools.TestStored(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	return x.page(c, probe(p), nil)
}

func (x *connections) refresh(c echo.Context) error {
	if _, err := x.pools.Refresh(c.Request().Context(), c.Param("id")); err != nil {
		return x.page(c, nil, err)
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
