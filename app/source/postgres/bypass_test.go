package postgres

import (
	_ "embed"
	"errors"
	"testing"

	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

var (
	//go:embed testdata/schema.sql
	bypassSchema string
	//go:embed testdata/visible.sql
	bypassVisible string
	//go:embed testdata/bypass.sql
	bypassCorpus string
)

// readings is how the person of the exercise reads each table; a table that is
// not here may not be read.
func readings() map[source.Name]source.Reading {
	d := dialect{}
	eu := ` WHERE ("region" = ` + d.Literal("EU", frame.Text) + `)`
	m := map[source.Name]source.Reading{}
	add := func(schema, name, list, where string) {
		r := source.Reading{Table: source.Name{Schema: schema, Name: name}}
		if list != "" {
			r.Select = d.Fence(list, "FROM "+d.Quote(schema)+"."+d.Quote(name)+where)
		}
		m[r.Table] = r
	}
	add("public", "customers", `"id", "name", "region", NULL::text AS "email", "credit"`, ` WHERE ("region" = 'EU' AND "credit" >= `+d.Literal("20", frame.Number)+`)`)
	add("public", "orders", `"id", "region", "customer_id", "total", NULL::text AS "email", `+d.Literal("masked", frame.Text)+` AS "note", "placed", "payload", "tags", "size"`, eu)
	add("public", "Orders", `"id", "region", `+d.Literal(`*'\`, frame.Text)+` AS "note"`, eu)
	add("public", "odd table", `"Total Sum", "select", NULL::text AS "a""b", "region"`, eu)
	add("public", "order", `"group", "region", "user"`, eu)
	add("public", "events", `"id", "day", "region", NULL::text AS "note"`, eu)
	add("public", "letters", `"id", "region", NULL::text AS "note"`, eu)
	add("shop", "orders", `"id", "region", NULL::text AS "note"`, eu)
	add("public", "products", "", "")
	add("public", "items", "", "")
	add("shop", "prices", "", "")
	return m
}

// readingOf is a policy's Tables over readings.
func readingOf(m map[source.Name]source.Reading) func(source.Name) (source.Reading, error) {
	return func(n source.Name) (source.Reading, error) {
		if n.Schema == "" {
			n.Schema = "public"
		}
		r, ok := m[n]
		switch {
		case ok:
			return r, nil
		case n.Name == "orders_view":
			return r, source.Refuse(0, "You may not read the view %s", n.Name)
		}
		return r, errors.New("no such table: " + n.Name)
	}
}

func TestBypass(t *testing.T) {
	server := sourcetest.Postgres(t)
	fullAdmin, full := server.NewDatabase(t, bypassSchema)
	visibleAdmin, visible := server.NewDatabase(t, bypassSchema+bypassVisible)
	// Statistics make the planner look at values.
	server.Exec(t, fullAdmin.Database, "REFRESH MATERIALIZED VIEW orders_saved; ANALYZE;")
	server.Exec(t, visibleAdmin.Database, "REFRESH MATERIALIZED VIEW orders_saved; ANALYZE;")
	db := open(t, full)
	catalog, err := db.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sourcetest.Bypass{
		Driver: New(), Full: db, Visible: open(t, visible),
		Policy: source.Policy{Tables: readingOf(readings()), Routines: catalog.Routines, Code: catalog.Code, Functions: []string{"all_orders"}},
		Corpus: bypassCorpus, Least: 300,
	}.Run(t)
}
