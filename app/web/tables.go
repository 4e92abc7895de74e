package web

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// tables is the pages of single tables: what their catalog says, and rows when asked.
type tables struct {
	connections *source.Store
	charts      *chart.Drawer
	rules       *query.Rules
	queries     *queries
}

func (x *tables) routes(g *echo.Group) {
	g.GET("/connections/:id/tables/:name", mayConnection(account.SeeConnections, x.show))
}

func tableURL(connection, name string) string {
	return "/connections/" + url.PathEscape(connection) + "/tables/" + url.PathEscape(name)
}

// sampleRows is how many rows a table's page shows when asked.
const sampleRows = 50

func (x *tables) show(c echo.Context) error {
	con, err := x.connections.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	catalog, err := x.rules.Catalog(c.Request().Context(), person(c), con.ID)
	if err != nil {
		return err
	}
	name, err := url.PathUnescape(c.Param("name"))
	if err != nil {
		name = c.Param("name")
	}
	t, ok := catalog.Find(name)
	if !ok {
		return fault.New(fault.NotFound, "There is no table %s in %s. If it is new, read the connection's tables again.", name, con.Name)
	}
	name = tableName(catalog, t)
	page := views.TableDetail{Chrome: chrome(c, name, "connections"), Name: name, Kind: t.Kind, Comment: t.Comment, Connection: con.Name, ConnectionURL: "/connections/" + con.ID,
		ExploreURL: exploreURL(con.ID, name), RowsURL: tableURL(con.ID, name) + "?rows=1"}
	if t.RowEstimate != nil {
		page.Rows = "about " + frame.Formatter{}.Compact(float64(*t.RowEstimate)) + " rows"
	}
	for _, col := range t.Columns {
		item := views.ColumnItem{Name: col.Name, Type: col.Type, Kind: col.Kind.String(), Nullable: col.Nullable, Key: col.PrimaryKey, Comment: col.Comment}
		if r := col.References; r != nil {
			if other, ok := catalog.Find(join(r.Schema, r.Table)); ok {
				item.References, item.ReferencesURL = tableName(catalog, other)+"."+r.Column, tableURL(con.ID, tableName(catalog, other))
			}
		}
		page.Columns = append(page.Columns, item)
	}
	for i := range catalog.Tables {
		other := &catalog.Tables[i]
		for _, fk := range other.ForeignKeys {
			if fk.Table == t.Name && (fk.Schema == t.Schema || fk.Schema == "") {
				page.ReferencedBy = append(page.ReferencedBy, views.Link{Label: tableName(catalog, other), URL: tableURL(con.ID, tableName(catalog, other))})
				break
			}
		}
	}
	if c.QueryParam("rows") != "" && !held(c.QueryParams()) {
		spec := &query.Spec{Table: name, Limit: sampleRows}
		p := newPresenter(x.charts, locale(c), con)
		p.settings = tableOnly
		r, err := x.queries.answer(c, query.Request{Person: person(c), Connection: con.ID, Spec: spec}, p.pane(c))
		if err != nil {
			return err
		}
		page.Result = &r
	}
	return respond(c, http.StatusOK, views.TablePage(page))
}

// join writes a table's name with its schema where it has one.
func join(schema, name string) string {
	if schema == "" {
		return name
	}
	return schema + "." + name
}
