package sqlite

import (
	"strings"
	"testing"

	"assay/app/frame"
	"assay/app/source"

	"github.com/google/go-cmp/cmp"
)

const null = "∅"

func texts(f *frame.Frame) []string {
	var all []string
	for r := range f.Rows() {
		for c := range f.Columns {
			if v, ok := f.Cell(r, c); ok {
				all = append(all, string(v))
			} else {
				all = append(all, null)
			}
		}
	}
	return all
}

func TestDecode(t *testing.T) {
	for _, tt := range []struct {
		declared, values string // values in parentheses, one a row
		kind             frame.Kind
		want             string // joined by |
	}{
		{"INTEGER", "(1),(-9223372036854775808),('abc'),(2.5),(NULL)", frame.Number, "1|-9223372036854775808|abc|2.5|" + null},
		{"UNSIGNED BIG INT", "(1)", frame.Number, "1"},
		{"DECIMAL(10,2)", "(9.95),(0.1),(5),(0.1+0.2),(1234567.89*3),('12,5')", frame.Number, "9.95|0.1|5|0.3|3703703.67|12,5"},
		{"REAL", "(1e300),(-1e-300),(1e999),(-1e999),(0.1),(123456789.123456789),(3)", frame.Number, "1e+300|-1e-300|Infinity|-Infinity|0.1|123456789.123457|3"},
		{"BOOLEAN", "(0),(1),(2),('TRUE'),('f'),('maybe'),(NULL)", frame.Bool, "false|true|true|true|false|maybe|" + null},
		{"DATE", "('2024-01-31'),('2024-02-29 00:00:00'),('2024-03-01T00:00:00.000Z'),('soon'),('')", frame.Date, "2024-01-31|2024-02-29|2024-03-01|soon|"},
		{"DATE", "('2024-01-31 10:00:00'),('2024-02-29')", frame.Time, "2024-01-31T10:00:00|2024-02-29T00:00:00"},
		{"DATE", "(1706659200),(NULL)", frame.Number, "1706659200|" + null},
		{"DATE", "('31/01/2024')", frame.Text, "31/01/2024"},
		{"DATETIME", "('2024-01-31 10:00'),('2024-01-31T10:00:00.120'),('2024-01-31'),('2024-01-31 10:00:00.000'),('2024-01-31 10:00:00+02:00'),('2024-01-31 10:00:00.5Z'),('n/a'),('2024-13-01 10:00'),('2024-01-31 10:00:00.1234567891')", frame.Time,
			"2024-01-31T10:00:00|2024-01-31T10:00:00.12|2024-01-31T00:00:00|2024-01-31T10:00:00|2024-01-31T10:00:00+02:00|2024-01-31T10:00:00.5Z|n/a|2024-13-01 10:00|2024-01-31T10:00:00.123456789"},
		{"TIMESTAMP WITH TIME ZONE", "('2024-01-31 10:00:00+02:00')", frame.Time, "2024-01-31T10:00:00+02:00"},
		{"TIMESTAMP", "(1706659200)", frame.Number, "1706659200"},
		{"TIMESTAMP", "('x'),('y')", frame.Text, "x|y"},
		{"TIME", "('10:00')", frame.Text, "10:00"},
		{"TEXT", "('2024-01-31'),(1),(2.0),(x'61')", frame.Text, "2024-01-31|1|2.0|a"},
		{"VARCHAR(20)", "('żółw 🐢'),(CAST(x'ff61' AS TEXT)),('a' || char(0) || 'b')", frame.Text, "żółw 🐢|\uFFFDa|a\x00b"},
		{"JSON", `('{"a": 1}'),('[]')`, frame.JSON, `{"a": 1}|[]`},
		{"BLOB", "(x'00ff'),(x''),('text'),(7)", frame.Binary, "\x00\xff||text|7"},
		{"", "(1),(2)", frame.Number, "1|2"},
		{"", "(1),(2.5)", frame.Number, "1|2.5"},
		{"", "('2024-01-31'),('2024-02-01'),(NULL)", frame.Date, "2024-01-31|2024-02-01|" + null},
		{"", "('2024-01-31'),('2024-02-01 00:00:00')", frame.Time, "2024-01-31T00:00:00|2024-02-01T00:00:00"},
		{"", "('2024-01-31'),('later')", frame.Text, "2024-01-31|later"},
		{"", "(1),('a')", frame.Text, "1|a"},
		{"", "(x'00')", frame.Binary, "\x00"},
		{"GEOMETRY", "(x'ff'),('a')", frame.Text, "0xff|a"},
	} {
		t.Run(tt.declared+" "+tt.values, func(t *testing.T) {
			db := openFile(t, write(t, "CREATE TABLE t (v "+tt.declared+"); INSERT INTO t VALUES "+tt.values))
			f, err := run(t.Context(), db, source.Statement{SQL: "SELECT v FROM t ORDER BY rowid"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, strings.Join(texts(f), "|")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if f.Columns[0].Kind != tt.kind {
				t.Errorf("kind %s, want %s", f.Columns[0].Kind, tt.kind)
			}
		})
	}
}

func TestKindsWithoutValues(t *testing.T) {
	db := openFile(t, write(t, "CREATE TABLE t (n INTEGER, d DATE, s TEXT)"))
	f, err := run(t.Context(), db, source.Statement{SQL: `SELECT n, d, s, sum(n) AS a, date(d, 'start of month') AS b, strftime('%Y-%m-%d %H:00:00', d) AS c, upper(s) AS e, s || 'x' AS g, n + 1 AS h, CAST(n AS REAL) AS i, max(date(d)) AS j, CASE WHEN n THEN 1.5 END AS k, json_extract(s, '$') AS l FROM t WHERE 0 GROUP BY n`})
	if err != nil {
		t.Fatal(err)
	}
	want := "number date text number date time text text number number date number other"
	var got []string
	for _, c := range f.Columns {
		got = append(got, c.Kind.String())
	}
	if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestManyRowsKeepTheirOrder(t *testing.T) {
	db := openFile(t, write(t, "CREATE TABLE t (v)"))
	f, err := run(t.Context(), db, source.Statement{SQL: "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 49999) SELECT i FROM n"})
	if err != nil || f.Rows() != 50000 {
		t.Fatalf("%d rows, %v", f.Rows(), err)
	}
	for r := range 50000 {
		if x, _ := f.Float(r, 0); x != float64(r) {
			t.Fatalf("row %d is %v", r, x)
		}
	}
}

func TestValueTooLarge(t *testing.T) {
	db := openFile(t, write(t, "CREATE TABLE t (v BLOB); INSERT INTO t VALUES (zeroblob(20000000))"))
	f, err := run(t.Context(), db, source.Statement{SQL: "SELECT length(v) FROM t"})
	if err != nil || texts(f)[0] != "20000000" {
		t.Errorf("its length: %v", err)
	}
	_, err = run(t.Context(), db, source.Statement{SQL: "SELECT v FROM t"})
	if fl := source.AsFailure(err); fl == nil || fl.State != "SQLITE_TOOBIG" || fl.Hint == "" {
		t.Errorf("got %v", err)
	}
}
