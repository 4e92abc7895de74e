package postgres

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/source"
	"assay/app/source/sourcetest"
)

// What an owner's objects do unseen is shown to happen, and then refused.
func TestOwnCode(t *testing.T) {
	const base = `CREATE TABLE secret (note text); INSERT INTO secret VALUES ('HIDDEN');
CREATE FUNCTION leak(int, text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT string_agg(note, ',') FROM secret $$;
CREATE FUNCTION tells(int, text) RETURNS bool LANGUAGE sql STABLE AS $$ SELECT EXISTS (SELECT FROM secret WHERE note LIKE $2) $$;
CREATE FUNCTION same(int, int) RETURNS bool LANGUAGE sql STABLE AS $$ SELECT EXISTS (SELECT FROM secret) $$;
CREATE FUNCTION counts(text) RETURNS int LANGUAGE sql STABLE AS $$ SELECT count(*)::int FROM secret WHERE note LIKE $1 $$;
CREATE TYPE mood AS ENUM ('good');
CREATE FUNCTION shown(mood) RETURNS text LANGUAGE sql STABLE AS $$ SELECT string_agg(note, ',') FROM secret $$;
CREATE FUNCTION shown_json(mood) RETURNS json LANGUAGE sql STABLE AS $$ SELECT to_json(string_agg(note, ',')) FROM secret $$;
CREATE DOMAIN noted AS text CHECK (counts(VALUE) > 0); CREATE TYPE noting AS (n noted);
`
	tests := []struct {
		name, setup, sql, answer, message string
		others                            []string // refused too
	}{
		{"equality", `CREATE OPERATOR = (LEFTARG = int, RIGHTARG = text, FUNCTION = tells)`,
			"SELECT 3 = 'HID%'::text", "true", "This database has an operator = of its own, which could read past the rules that limit what is seen",
			[]string{"SELECT 3 IN ('HID%'::text)", "SELECT CASE 3 WHEN 'HID%'::text THEN 1 END", "SELECT 3 = ANY (ARRAY['a'::text])", "SELECT 3 IN (SELECT 'a'::text)",
				"SELECT 3 IS DISTINCT FROM 'a'::text", "SELECT NULLIF(3, 'a'::text)", "SELECT 1 FROM (SELECT 1 AS a) x JOIN (SELECT 'b'::text AS a) y USING (a)",
				"SELECT 1 FROM (SELECT 1 AS a) x NATURAL JOIN (SELECT 'b'::text AS a) y", "SELECT (3, 4) = ('a'::text, 4)", "SELECT (3, 1) = (SELECT 'a'::text, 1)"}},
		{"likeness", `CREATE OPERATOR ~~ (LEFTARG = int, RIGHTARG = text, FUNCTION = leak)`,
			"SELECT 3 LIKE 'x'::text", "HIDDEN", "This database has an operator ~~ of its own, which could read past the rules that limit what is seen", nil},
		{"order", `CREATE OPERATOR <= (LEFTARG = int, RIGHTARG = text, FUNCTION = tells); CREATE OPERATOR >= (LEFTARG = int, RIGHTARG = text, FUNCTION = tells)`,
			"SELECT 3 BETWEEN 'HID%'::text AND 'H%'::text", "true", "This database has an operator <= of its own, which could read past the rules that limit what is seen",
			[]string{"SELECT 3 NOT BETWEEN SYMMETRIC 'a'::text AND 'b'::text"}},
		{"implicit cast", `CREATE CAST (text AS int) WITH FUNCTION counts(text) AS IMPLICIT`,
			"SELECT abs('HID%'::text)", "1", "This database has the cast from text to integer, which runs code of its own without being written, so it cannot be shown that a statement keeps to the rules that limit what is seen",
			[]string{"SELECT 1", "EXPLAIN SELECT 1"}},
		{"cast for assignment in a subscript", `CREATE CAST (text AS int) WITH FUNCTION counts(text) AS ASSIGNMENT`,
			"SELECT (ARRAY['a', 'b', 'c'])['HID%'::text]", "a", "This database has the cast from text to integer, which runs code of its own without being written, so it cannot be shown that a statement keeps to the rules that limit what is seen", nil},
		{"cast to text when joined", `CREATE CAST (mood AS text) WITH FUNCTION shown(mood)`,
			"SELECT 'good'::mood || ''", "HIDDEN", "This database has the cast from mood to text, which runs code of its own without being written, so it cannot be shown that a statement keeps to the rules that limit what is seen", nil},
		{"cast to JSON", `CREATE CAST (mood AS json) WITH FUNCTION shown_json(mood)`,
			"SELECT to_json('good'::mood)", `"HIDDEN"`, "This database has the cast from mood to json, which runs code of its own without being written, so it cannot be shown that a statement keeps to the rules that limit what is seen", nil},
		{"implicit cast to a row with a domain", `CREATE CAST (text AS noting) WITH INOUT AS IMPLICIT`,
			"SELECT '(HID%)'::text::noting", "(HID%)", "This database has the cast from text to noting, which runs code of its own without being written, so it cannot be shown that a statement keeps to the rules that limit what is seen", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, reader := sourcetest.Postgres(t).NewDatabase(t, base+tt.setup)
			f := ask(t, reader, tt.sql)
			if got, _ := f.Cell(0, 0); string(got) != tt.answer {
				t.Fatalf("%s answers %q, want %q, so it proves nothing", tt.sql, got, tt.answer)
			}
			catalog, err := open(t, reader).Catalog(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			policy := source.Policy{Tables: few().Tables, Routines: catalog.Routines, Code: catalog.Code}
			for _, sql := range append(tt.others, tt.sql) {
				_, err := New().Guard(sql, policy)
				if refusal := source.AsFailure(err); refusal == nil || refusal.Code != source.Refused || sql == tt.sql && refusal.Message != tt.message || refusal.Hint == "" {
					t.Errorf("%s: %+v", sql, refusal)
				}
				policy := policy
				policy.Tables = nil
				if _, err := New().Guard(sql, policy); err != nil {
					t.Errorf("without rules, %s: %v", sql, err)
				}
			}
		})
	}
}

// An operator of the engine's own can be asked for by its schema.
func TestOwnCodeIsAvoided(t *testing.T) {
	policy := few()
	policy.Code = source.OwnCode{Operators: []string{"="}, Targets: []string{"int4"}, Types: []string{"s.mood"}, Rows: []string{"s.free"}}
	for sql, want := range map[string]string{
		"SELECT 1 OPERATOR(pg_catalog.=) 2":       "SELECT 1 OPERATOR(pg_catalog.=) 2",
		"SELECT 1 < 2":                            "SELECT 1 < 2",
		"SELECT int '3', NULL::int, '{3}'::int[]": "SELECT int '3', NULL::int, '{3}'::int[]",
		"SELECT 'x'::mood, 'x'::s.mood":           "SELECT 'x'::mood, 'x'::s.mood",
		"SELECT 'x'::free":                        "SELECT 'x'::free",
		"SELECT 3.5::int":                         "",
		"SELECT ARRAY[3.5]::_int4":                "",
		"SELECT 'x'::other.mood":                  "",
		"SELECT 'x'::ood":                         "",
		"SELECT 'x'::t":                           "",
		"SELECT (SELECT 'x')::int":                "",
	} {
		got, err := New().Guard(sql, policy)
		if (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", sql, got.SQL, err)
		} else if want != "" && !strings.EqualFold(printedAgain(t, want), got.SQL) {
			t.Errorf("%s: %q", sql, got.SQL)
		}
	}
}

func printedAgain(t *testing.T, sql string) string {
	t.Helper()
	c, err := New().Guard(sql, source.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	return c.SQL
}

// Extensions whose code only computes are no code of the database's own.
func TestCatalogCode(t *testing.T) {
	_, reader := sourcetest.Postgres(t).NewDatabase(t, `
CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin; CREATE EXTENSION ltree; CREATE EXTENSION isn;
CREATE SCHEMA my; CREATE TYPE "Mixed" AS ENUM ('A'); CREATE TABLE t (id int, m "Mixed", l "Mixed"[]); CREATE TABLE my.t (id int);`)
	catalog, err := open(t, reader).Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if code := catalog.Code; code.Operators != nil || code.Targets != nil || code.Unseen != nil {
		t.Errorf("%q %q %q", code.Operators, code.Targets, code.Unseen)
	}
	if diff := cmp.Diff([]string{"my.t", "public.t"}, catalog.Code.Rows); diff != "" {
		t.Error(diff)
	}
	types := strings.Join(catalog.Code.Types, " ")
	for _, name := range []string{"public.citext", "public.hstore", "public.ltree", "public.isbn", "public.Mixed"} {
		if !strings.Contains(types, name) {
			t.Errorf("%s is not in %s", name, types)
		}
	}
	table, _ := catalog.Find("public.t")
	for i, want := range []string{"integer", `"Mixed"`, `"Mixed"[]`} {
		if got := table.Columns[i].Type; got != want {
			t.Errorf("type %s, want %s", got, want)
		}
		ask(t, reader, "SELECT "+dialect{}.Null(table.Columns[i].Type))
	}
}
