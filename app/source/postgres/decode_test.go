package postgres

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

func TestDecode(t *testing.T) {
	_, reader := sourcetest.Postgres(t).NewDatabase(t, `
CREATE TYPE mood AS ENUM ('sad', 'Happy');
CREATE DOMAIN cents AS integer CHECK (VALUE >= 0);
CREATE TYPE pair AS (a int, b text);
CREATE TABLE t (d cents, m mood, p pair);
INSERT INTO t VALUES (5, 'Happy', (1, 'x y'));
CREATE EXTENSION hstore; CREATE EXTENSION citext;`)
	reader.TimeZone = "Europe/Berlin"
	db := open(t, reader)
	tests := []struct {
		sql, typ string
		kind     frame.Kind
		want     string
	}{
		{"true", "boolean", frame.Bool, "true"},
		{"NULL::boolean", "boolean", frame.Bool, "null"},
		{"1::smallint", "smallint", frame.Number, "1"},
		{"9223372036854775807", "bigint", frame.Number, "9223372036854775807"},
		{"12.50::numeric(10,2)", "numeric(10,2)", frame.Number, "12.50"},
		{"1234::numeric(3,-2)", "numeric(3,-2)", frame.Number, "1200"},
		{"'NaN'::numeric", "numeric", frame.Number, "NaN"},
		{"'-Infinity'::numeric", "numeric", frame.Number, "-Infinity"},
		{"0.1::float8 + 0.2::float8", "double precision", frame.Number, "0.30000000000000004"},
		{"1e-10::real", "real", frame.Number, "1e-10"},
		{"'a'::varchar(20)", "varchar(20)", frame.Text, "a"},
		{"'a'::char(3)", "char(3)", frame.Text, "a  "},
		{"'ż🎈'::text", "text", frame.Text, "ż🎈"},
		{"''", "text", frame.Text, ""},
		{"date '2024-02-29'", "date", frame.Date, "2024-02-29"},
		{"date '0044-03-15 BC'", "date", frame.Date, "0044-03-15 BC"},
		{"date 'infinity'", "date", frame.Date, "infinity"},
		{"timestamp '2024-01-31 23:59:59.123456'", "timestamp", frame.Time, "2024-01-31T23:59:59.123456"},
		{"timestamp(3) '2024-01-31 23:59:59.123456'", "timestamp(3)", frame.Time, "2024-01-31T23:59:59.123"},
		{"timestamp '0044-03-15 12:00 BC'", "timestamp", frame.Time, "0044-03-15 12:00:00 BC"},
		{"timestamp '-infinity'", "timestamp", frame.Time, "-infinity"},
		{"timestamp '12024-01-01'", "timestamp", frame.Time, "12024-01-01T00:00:00"},
		{"timestamptz '2024-07-01 10:00:00Z'", "timestamptz", frame.Time, "2024-07-01T12:00:00+02:00"},
		{"timestamptz '2024-01-01 10:00:00.5Z'", "timestamptz", frame.Time, "2024-01-01T11:00:00.5+01:00"},
		{"timestamptz '1880-01-01 00:00:00Z'", "timestamptz", frame.Time, "1880-01-01T00:53:28+00:53"},
		{"time '23:59:59.5'", "time", frame.Other, "23:59:59.5"},
		{"interval '1 year 2 months 3 days 04:05:06'", "interval", frame.Other, "P1Y2M3DT4H5M6S"},
		{"'\\x00ff10'::bytea", "bytea", frame.Binary, "\x00\xff\x10"},
		{"''::bytea", "bytea", frame.Binary, ""},
		{"'{\"a\": 1}'::json", "json", frame.JSON, `{"a": 1}`},
		{"'{\"b\":1,\"a\":2}'::jsonb", "jsonb", frame.JSON, `{"a": 2, "b": 1}`},
		{"ARRAY[1,NULL,3]", "integer[]", frame.Other, "{1,NULL,3}"},
		{"ARRAY['a b','c']::varchar(5)[]", "varchar(5)[]", frame.Other, `{"a b",c}`},
		{"'[1,5)'::int4range", "int4range", frame.Other, "[1,5)"},
		{"'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "uuid", frame.Text, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{"'10.0.0.1/8'::inet", "inet", frame.Text, "10.0.0.1/8"},
		{"12.5::money", "money", frame.Text, "$12.50"},
		{"B'101'::bit(3)", "bit(3)", frame.Text, "101"},
		{"ROW(1,'a')", "record", frame.Other, "(1,a)"},
		{"point '(1,2)'", "point", frame.Other, "(1,2)"},
		{"'a=>1'::hstore", "hstore", frame.Other, `"a"=>"1"`},
		{"'AbC'::citext", "citext", frame.Text, "AbC"},
		{"(SELECT d FROM t)", "integer", frame.Number, "5"},
		{"(SELECT m FROM t)", "mood", frame.Text, "Happy"},
		{"(SELECT p FROM t)", "pair", frame.Other, `(1,"x y")`},
		{"ARRAY(SELECT m FROM t)", "mood[]", frame.Other, "{Happy}"},
		{"'t'::regclass", "regclass", frame.Text, "t"},
		{"'a b'::tsvector", "tsvector", frame.Other, "'a' 'b'"},
	}
	for _, tt := range tests {
		rows, err := db.Query(t.Context(), source.Statement{SQL: "SELECT " + tt.sql + " AS v"})
		if err != nil {
			t.Errorf("%s: %v", tt.sql, err)
			continue
		}
		f, err := frame.Read(t.Context(), rows, 10, 1<<20)
		rows.Close()
		if err != nil || f.Rows() != 1 {
			t.Errorf("%s: %d rows, %v", tt.sql, f.Rows(), err)
			continue
		}
		if diff := cmp.Diff(frame.Column{Name: "v", Type: tt.typ, Kind: tt.kind}, f.Columns[0]); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.sql, diff)
		}
		if got := cells(f)[0][0]; got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.sql, got, tt.want)
		}
	}
}

func TestAppendTimeAndBytea(t *testing.T) {
	for in, want := range map[string]string{
		"2024-01-31 23:59:59.5+02":     "2024-01-31T23:59:59.5+02:00",
		"2024-01-31 23:59:59+00":       "2024-01-31T23:59:59Z",
		"2024-01-31 23:59:59-03:30":    "2024-01-31T23:59:59-03:30",
		"1880-01-01 00:53:28+00:53:28": "1880-01-01T00:53:28+00:53",
		"infinity":                     "infinity",
	} {
		if got := string(appendTime(nil, []byte(in))); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{`\x00FF`: "\x00\xff", `\x`: "", `a\\b\001`: "a\\b\x01", "plain": "plain"} {
		if got := string(appendBytea(nil, []byte(in))); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestArguments(t *testing.T) {
	db := open(t, sourcetest.Postgres(t).Config("postgres"))
	arg := func(kind frame.Kind, text string) source.Arg { return source.Arg{Kind: kind, Text: text} }
	tests := []struct {
		sql  string
		args []source.Arg
		want []string
	}{
		{"SELECT pg_typeof($1), $1", []source.Arg{arg(frame.Number, "5")}, []string{"integer", "5"}},
		{"SELECT pg_typeof($1), $1", []source.Arg{arg(frame.Number, "5000000000")}, []string{"bigint", "5000000000"}},
		{"SELECT pg_typeof($1), $1", []source.Arg{arg(frame.Number, "0.10")}, []string{"numeric", "0.10"}},
		{"SELECT pg_typeof($1), $1", []source.Arg{arg(frame.Number, "99999999999999999999")}, []string{"numeric", "99999999999999999999"}},
		{"SELECT date '2024-01-31' + $1", []source.Arg{arg(frame.Number, "1")}, []string{"2024-02-01"}},
		{"SELECT pg_typeof($1), $1", []source.Arg{arg(frame.Time, "2024-01-31T10:00:00")}, []string{"timestamp without time zone", "2024-01-31T10:00:00"}},
		{"SELECT pg_typeof($1), $1", []source.Arg{arg(frame.Time, "2024-01-31T10:00:00+02:00")}, []string{"timestamp with time zone", "2024-01-31T08:00:00Z"}},
		{"SELECT pg_typeof($1), $1 + 1", []source.Arg{arg(frame.Date, "2024-02-28")}, []string{"date", "2024-02-29"}},
		{"SELECT $1, NOT $1", []source.Arg{arg(frame.Bool, "true")}, []string{"true", "false"}},
		{"SELECT $1 -> 'a'", []source.Arg{arg(frame.JSON, `{"a": [1]}`)}, []string{"[1]"}},
		{"SELECT length($1), $1", []source.Arg{arg(frame.Binary, "\x00'\\")}, []string{"3", "\x00'\\"}},
		// A text takes the type its place asks for, and is text where no place tells.
		{"SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid = $1", []source.Arg{arg(frame.Text, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11")}, []string{"true"}},
		{"SELECT date '2024-01-01' < $1", []source.Arg{arg(frame.Text, "2024-06-01")}, []string{"true"}},
		{"SELECT $1 IS NULL, $2 || '!'", []source.Arg{{Kind: frame.Text, Null: true}, arg(frame.Text, "it's")}, []string{"true", "it's!"}},
		{"SELECT jsonb_build_object('k', $1)", []source.Arg{arg(frame.Text, "v")}, []string{`{"k": "v"}`}},
	}
	for _, tt := range tests {
		rows, err := db.Query(t.Context(), source.Statement{SQL: tt.sql, Args: tt.args})
		if err != nil {
			t.Errorf("%s: %v", tt.sql, err)
			continue
		}
		f, err := frame.Read(t.Context(), rows, 10, 1<<20)
		rows.Close()
		if err != nil {
			t.Errorf("%s: %v", tt.sql, err)
			continue
		}
		if diff := cmp.Diff([][]string{tt.want}, cells(f)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.sql, diff)
		}
	}
	_, err := db.Query(t.Context(), source.Statement{SQL: "SELECT $1", Args: []source.Arg{arg(frame.Text, "a\x00b")}})
	if f := source.AsFailure(err); f == nil || f.Code != source.DatabaseError {
		t.Errorf("a zero byte: %v", err)
	}
}
