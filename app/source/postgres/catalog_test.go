package postgres

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

func TestCatalog(t *testing.T) {
	admin, reader := sourcetest.Postgres(t).NewDatabase(t, `
CREATE SCHEMA sales; CREATE SCHEMA hidden;
CREATE TYPE sales.mood AS ENUM ('a');
CREATE DOMAIN sales.email AS varchar(80);
CREATE TABLE sales.region (country char(2), code int, name sales.email, PRIMARY KEY (country, code));
CREATE TABLE sales.shop (id bigint PRIMARY KEY, country char(2), code int, boss bigint REFERENCES sales.shop, m sales.mood, tags text[], at timestamptz(3),
  FOREIGN KEY (country, code) REFERENCES sales.region (country, code));
CREATE TABLE sales.sale (id int, at date NOT NULL, amount numeric(12,3)) PARTITION BY RANGE (at);
CREATE TABLE sales.sale_2023 PARTITION OF sales.sale FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE sales.sale_2024 PARTITION OF sales.sale FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO sales.sale SELECT i, '2023-06-01'::date + i, i FROM generate_series(1, 300) i;
CREATE MATERIALIZED VIEW sales.monthly AS SELECT count(*) AS n FROM sales.sale;
CREATE VIEW public.shops AS SELECT * FROM sales.shop;
CREATE TABLE sales.fresh (id int);
CREATE TABLE public.secret (id int, open_part text);
CREATE TABLE public.closed (id int);
CREATE TABLE hidden.thing (id int);
CREATE EXTENSION pg_stat_statements;
CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE public.remote (line text) SERVER files OPTIONS (filename '/dev/null');
ANALYZE sales.sale_2023; ANALYZE sales.sale_2024; ANALYZE sales.region; ANALYZE sales.shop; ANALYZE sales.monthly;`)
	sourcetest.Postgres(t).Exec(t, admin.Database, `
REVOKE ALL ON SCHEMA hidden FROM "`+reader.User+`"; REVOKE ALL ON public.secret, public.closed FROM "`+reader.User+`";
GRANT SELECT (open_part) ON public.secret TO "`+reader.User+`";`)
	got, err := open(t, reader).Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	col := func(name, typ string, kind frame.Kind) source.Column {
		return source.Column{Name: name, Type: typ, Kind: kind, Nullable: true}
	}
	key := func(c source.Column) source.Column {
		c.PrimaryKey, c.Nullable = true, false
		return c
	}
	boss := col("boss", "bigint", frame.Number)
	boss.References = &source.Reference{Schema: "sales", Table: "shop", Column: "id"}
	day := col("at", "date", frame.Date)
	day.Nullable = false
	shop := []source.Column{
		key(col("id", "bigint", frame.Number)), col("country", "char(2)", frame.Text), col("code", "integer", frame.Number), boss,
		col("m", "sales.mood", frame.Text), col("tags", "text[]", frame.Other), col("at", "timestamptz(3)", frame.Time),
	}
	view := make([]source.Column, len(shop))
	for i, c := range shop {
		view[i] = source.Column{Name: c.Name, Type: c.Type, Kind: c.Kind, Nullable: true}
	}
	want := []source.Table{
		{Schema: "public", Name: "remote", Kind: "foreign table", Columns: []source.Column{col("line", "text", frame.Text)}},
		{Schema: "public", Name: "secret", Kind: "table", Columns: []source.Column{col("open_part", "text", frame.Text)}},
		{Schema: "public", Name: "shops", Kind: "view", Columns: view},
		{Schema: "sales", Name: "fresh", Kind: "table", Columns: []source.Column{col("id", "integer", frame.Number)}},
		{Schema: "sales", Name: "monthly", Kind: "materialized view", RowEstimate: new(int64(1)), Columns: []source.Column{col("n", "bigint", frame.Number)}},
		{Schema: "sales", Name: "region", Kind: "table", RowEstimate: new(int64(0)), Columns: []source.Column{
			key(col("country", "char(2)", frame.Text)), key(col("code", "integer", frame.Number)), col("name", "sales.email", frame.Text)}},
		{Schema: "sales", Name: "sale", Kind: "partitioned table", RowEstimate: new(int64(300)), Columns: []source.Column{
			col("id", "integer", frame.Number), day, col("amount", "numeric(12,3)", frame.Number)}},
		{Schema: "sales", Name: "shop", Kind: "table", RowEstimate: new(int64(0)), Columns: shop, ForeignKeys: []source.ForeignKey{
			{Columns: []string{"boss"}, Schema: "sales", Table: "shop", References: []string{"id"}},
			{Columns: []string{"country", "code"}, Schema: "sales", Table: "region", References: []string{"country", "code"}}}},
	}
	if diff := cmp.Diff(want, got.Tables, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("tables (-want +got)\n%s", diff)
	}
	if got.DefaultSchema != "public" {
		t.Errorf("default schema %q", got.DefaultSchema)
	}
}

// Parents are named from the nearest on, whether or not the login may read
// them; partitions are left out, and so have none.
func TestCatalogParents(t *testing.T) {
	admin, reader := sourcetest.Postgres(t).NewDatabase(t, `
CREATE SCHEMA old;
CREATE TABLE a (id int); CREATE TABLE old.b () INHERITS (a); CREATE TABLE "C" () INHERITS (old.b); CREATE TABLE x (y int);
CREATE TABLE d () INHERITS ("C", x); CREATE TABLE e () INHERITS (a, old.b);
CREATE TABLE parts (id int) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF parts FOR VALUES IN (1);
CREATE VIEW v AS SELECT * FROM a;`)
	sourcetest.Postgres(t).Exec(t, admin.Database, `REVOKE ALL ON old.b FROM "`+reader.User+`"`)
	catalog, err := open(t, reader).Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]source.Name{}
	for _, table := range catalog.Tables {
		got[table.Schema+"."+table.Name] = table.Parents
	}
	a, b, c := source.Name{Schema: "public", Name: "a"}, source.Name{Schema: "old", Name: "b"}, source.Name{Schema: "public", Name: "C"}
	want := map[string][]source.Name{
		"public.a": nil, "public.x": nil, "public.v": nil, "public.parts": nil,
		"public.C": {b, a}, "public.d": {c, {Schema: "public", Name: "x"}, b, a}, "public.e": {b, a},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Routines are what could be called without its being seen: in field notation,
// or by the name of one of PostgreSQL's own functions.
func TestCatalogRoutines(t *testing.T) {
	_, reader := sourcetest.Postgres(t).NewDatabase(t, `
CREATE SCHEMA my; CREATE TABLE t (id int);
CREATE FUNCTION one(t) RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
CREATE FUNCTION my."Odd.One"(text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION my.late(int, int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION my.many(VARIADIC int[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION zero() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION two(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION round(float8, int) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT 1::float8';
CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION computes(int) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'int4abs';
CREATE AGGREGATE gathers(int) (SFUNC = two, STYPE = int);
CREATE PROCEDURE acts(int) LANGUAGE sql AS 'SELECT 1';
CREATE EXTENSION citext SCHEMA my; CREATE EXTENSION dblink SCHEMA my;`)
	catalog, err := open(t, reader).Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"public.one", "my.Odd.One", "my.late", "my.many", "public.round", "public.gathers", "public.acts", "my.dblink", "my.dblink_connect"} {
		if !slices.Contains(catalog.Routines, name) {
			t.Errorf("%s is missing", name)
		}
	}
	for _, name := range []string{"public.zero", "public.two", "public.fires", "public.computes", "my.citext", "my.max", "my.replace"} {
		if slices.Contains(catalog.Routines, name) {
			t.Errorf("%s is there", name)
		}
	}
}

// The plain catalog, for servers that only resemble PostgreSQL, gives the same tables.
func TestPlainCatalog(t *testing.T) {
	_, reader := sourcetest.Postgres(t).NewDatabase(t, `CREATE TABLE a (id int NOT NULL, n numeric(5,2), at timestamptz, t varchar(5)); CREATE VIEW b AS SELECT * FROM a;`)
	f, err := open(t, reader).all(t.Context(), plainRelationsSQL)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for r := range f.Rows() {
		row := texts{f, r}
		c := row.column()
		got = append(got, row.table(false).Kind+" "+row.text(1)+"."+c.Name+" "+c.Type+" "+c.Kind.String())
	}
	want := []string{
		"table a.id integer number", "table a.n numeric number", "table a.at timestamp with time zone time", "table a.t character varying text",
		"view b.id integer number", "view b.n numeric number", "view b.at timestamp with time zone time", "view b.t character varying text",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestProbe(t *testing.T) {
	admin, reader := sourcetest.Postgres(t).NewDatabase(t, `CREATE SCHEMA sales; CREATE TABLE sales.t (id int); CREATE TABLE u (id int);`)
	tests := []struct {
		name, grant string
		can         bool
		warnings    int
	}{
		{"reads only", "", false, 0},
		{"inserts somewhere", `GRANT INSERT ON sales.t TO "` + reader.User + `"`, true, 2},
		{"creates tables", `REVOKE INSERT ON sales.t FROM "` + reader.User + `"; GRANT CREATE ON SCHEMA sales TO "` + reader.User + `"`, true, 2},
		{"reads files", `REVOKE CREATE ON SCHEMA sales FROM "` + reader.User + `"; GRANT pg_read_server_files TO "` + reader.User + `"`, false, 2},
	}
	for _, tt := range tests {
		if tt.grant != "" {
			sourcetest.Postgres(t).Exec(t, admin.Database, tt.grant)
		}
		p, err := open(t, reader).Probe(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if p.CanWrite == nil || *p.CanWrite != tt.can || len(p.Warnings) != tt.warnings || (p.Remedy == "") != (tt.warnings == 0) {
			t.Errorf("%s: %+v", tt.name, p)
		}
	}
	p, err := open(t, admin).Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p.Server != "PostgreSQL" || p.Version == "" || p.TimeZone != "UTC" || p.LatencyMS <= 0 {
		t.Errorf("%+v", p)
	}
	// The remedy must run as it is.
	sourcetest.Postgres(t).Exec(t, admin.Database, "BEGIN;"+p.Remedy+"ROLLBACK;")
}

func TestProduct(t *testing.T) {
	for banner, want := range map[string][2]string{
		"PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64":              {"PostgreSQL", "15.18"},
		"CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023)":       {"CockroachDB", "23.1.11"},
		"PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled, Redshift 1.0.54": {"Amazon Redshift", "1.0.54"},
		"PostgreSQL 11.2-YB-2.18.0.0-b0 on x86_64":                         {"YugabyteDB", "15.18"},
	} {
		name, version := product(banner, "15.18 (Debian)")
		if got := [2]string{name, version}; got != want {
			t.Errorf("%s: %v, want %v", banner, got, want)
		}
	}
}
