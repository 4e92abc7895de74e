package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"assay/app/frame"
	"assay/app/source"

	"github.com/google/go-cmp/cmp"
)

func TestLiteralIsTheValue(t *testing.T) {
	db := openFile(t, write(t, `CREATE TABLE kinds (t TEXT, n NUMERIC, b BLOB, x)`))
	for _, tt := range []struct {
		text, class string
		kind        frame.Kind
	}{
		{"EU", "text", frame.Text},
		{"", "text", frame.Text},
		{"'", "text", frame.Text},
		{"''' OR 1 = 1 --", "text", frame.Text},
		{`\`, "text", frame.Text},
		{`\' OR 1=1 /*`, "text", frame.Text},
		{"a\nb\r\n\tc", "text", frame.Text},
		{"a\x00b", "text", frame.Text},
		{"\x00", "text", frame.Text},
		{"\x00\x00') OR (1=1", "text", frame.Text},
		{"x') UNION SELECT * FROM orders; -- ", "text", frame.Text},
		{"żółw 🐢 \u2028 \ufeff \u00a0 ʼ ＇", "text", frame.Text},
		{"?1 :a @a $a #a [a] `a` \"a\" %s $1", "text", frame.Text},
		{strings.Repeat("long ' ", 10_000), "text", frame.Text},
		{"12", "text", frame.Text},
		{"0", "integer", frame.Number},
		{"-5", "integer", frame.Number},
		{"-9223372036854775808", "integer", frame.Number},
		{"9223372036854775807", "integer", frame.Number},
		{"-0.5", "real", frame.Number},
		{"1e3", "real", frame.Number},
		{"1; DROP TABLE kinds", "text", frame.Number},
		{"NaN", "text", frame.Number},
		{"1 OR 1", "text", frame.Number},
		{"true", "integer", frame.Bool},
		{"false", "integer", frame.Bool},
		{"1 OR 1", "text", frame.Bool},
		{"2024-01-31", "text", frame.Date},
		{"2024-01-31 10:00:00' OR '", "text", frame.Time},
		{"\x00\xff'", "blob", frame.Binary},
		{"", "blob", frame.Binary},
		{`{"a": "it's"}`, "text", frame.JSON},
	} {
		l := dialect{}.Literal(tt.text, tt.kind)
		sql := fmt.Sprintf("SELECT typeof(%[1]s), (%[1]s) = ?1, 7 -%[1]s IS NOT NULL FROM (SELECT 1)", l)
		f, err := run(t.Context(), db, source.Statement{SQL: sql, Args: []source.Arg{{Kind: tt.kind, Text: tt.text}}})
		if err != nil {
			t.Errorf("%q as %s: %v", tt.text, l, err)
			continue
		}
		class, _ := f.Cell(0, 0)
		equal, _ := f.Cell(0, 1)
		if string(class) != tt.class || string(equal) != "1" || f.Rows() != 1 {
			t.Errorf("%q is spelled %.80s: a %s, equal %s, %d rows", tt.text, l, class, equal, f.Rows())
		}
		// Through a rule it is read by the parser too.
		policy := source.Policy{Tables: resolve(map[string]source.Reading{"kinds": limitedTo(`"t"`, `FROM "kinds" WHERE ("x" = `+l+`)`)})}
		c, err := New().Guard("SELECT count(*) FROM kinds", policy)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		if strings.Count(c.SQL, "(") < 3 || !strings.HasSuffix(c.SQL, `LIMIT - 1 OFFSET 0) AS "kinds"`) {
			t.Errorf("%q becomes %s", tt.text, c.SQL)
		}
		if _, err := run(t.Context(), db, source.Statement{SQL: c.SQL}); err != nil {
			t.Errorf("%q: %v", tt.text, err)
		}
	}
}

func TestLiteralHidesNothingVisible(t *testing.T) {
	db := openFile(t, write(t, `CREATE TABLE kinds (t TEXT, n NUMERIC);
		INSERT INTO kinds VALUES ('a' || char(0) || 'b', -5), ('a', 5), ('''', 1.5), ('-5', 0)`))
	for where, want := range map[string]string{
		`"t" = ` + dialect{}.Literal("a\x00b", frame.Text):        "-5",
		`"t" = ` + dialect{}.Literal("'", frame.Text):             "1.5",
		`"n" = ` + dialect{}.Literal("-5", frame.Number):          "-5",
		`"n" = ` + dialect{}.Literal("1.50", frame.Number):        "1.5",
		`"t" = ` + dialect{}.Literal("-5", frame.Text):            "0",
		`"n" -` + dialect{}.Literal("-5", frame.Number) + ` = 10`: "5",
	} {
		f, err := run(t.Context(), db, source.Statement{SQL: dialect{}.Fence(`"n"`, `FROM "kinds" WHERE (`+where+`)`)})
		if err != nil || f.Rows() != 1 {
			t.Errorf("%q: %v", where, err)
			continue
		}
		if v, _ := f.Cell(0, 0); string(v) != want {
			t.Errorf("%q finds %s, want %s", where, v, want)
		}
	}
}

// TestFenceKeepsErrorsFromHiddenRows asks with expressions that fail on hidden
// rows only, in ways that make the engine evaluate them as early as it can.
func TestFenceKeepsErrorsFromHiddenRows(t *testing.T) {
	db := openFile(t, write(t, bypassFull))
	const list, rest = `"id", "region", "customer_id", "code", "doc", "big"`, `FROM "orders" WHERE ("region" = 'EU')`
	fenced, open := dialect{}.Fence(list, rest), "SELECT "+list+" "+rest
	early := 0
	for _, query := range []string{
		`SELECT id FROM (%s) AS o WHERE customer_id = 1 AND json_extract('{}', code) IS NULL`,
		`SELECT id FROM (%s) AS o WHERE json_extract('{}', code) IS NULL AND customer_id = 1`,
		`SELECT id FROM (%s) AS o WHERE customer_id = 1 AND likely(json_extract('{}', code) IS NULL)`,
		`SELECT id FROM (%s) AS o WHERE customer_id = 1 AND code REGEXP code IS NOT NULL ORDER BY code LIMIT 5`,
		`SELECT count(*) FROM (%s) AS o WHERE customer_id IN (1, 2) AND 'a' REGEXP substr(code, 1, 7) IS NOT NULL`,
		`SELECT p.id FROM products p CROSS JOIN (%s) AS o ON o.customer_id = p.id AND json_extract('{}', o.code) IS NULL`,
		`SELECT p.id FROM products p LEFT JOIN (%s) AS o ON o.customer_id = p.id AND json_extract('{}', o.code) IS NULL`,
		`SELECT p.id FROM products p WHERE EXISTS (SELECT 1 FROM (%s) AS o WHERE o.customer_id = p.id AND json_extract('{}', o.code) IS NULL)`,
		`SELECT 1 FROM (SELECT * FROM (%s) AS i) AS o WHERE customer_id = 1 AND json_extract('{}', code) IS NULL`,
		`WITH o AS NOT MATERIALIZED (SELECT * FROM (%s)) SELECT id FROM o WHERE customer_id = 1 AND json_extract('{}', code) IS NULL`,
		`SELECT max(json_extract('{}', code)) FROM (%s) AS o WHERE customer_id = 1`,
		`SELECT DISTINCT json_extract('{}', code) FROM (%s) AS o WHERE customer_id = 2 OR json_extract('{}', code) = 1`,
		`SELECT json_extract(doc, '$.a'), abs(big), row_number() OVER (ORDER BY json_extract('{}', code)) FROM (%s) AS o`,
		`SELECT id FROM (%s) AS o UNION SELECT json_extract('{}', code) FROM (SELECT id, code FROM (` + fenced + `)) WHERE id > 0`,
	} {
		if f, err := run(t.Context(), db, source.Statement{SQL: fmt.Sprintf(query, fenced)}); err != nil || f.Rows() == 0 {
			t.Errorf("%s: %v", query, err)
		}
		if _, err := run(t.Context(), db, source.Statement{SQL: fmt.Sprintf(query, open)}); err != nil {
			early++
		}
	}
	if early < 5 {
		t.Errorf("only %d queries fail without a fence, so they show little", early)
	}
}

func TestFenceIsNotFlattened(t *testing.T) {
	db := openFile(t, write(t, bypassFull))
	for _, query := range []string{"SELECT id FROM (%s) AS o", "SELECT id FROM (%s) AS o WHERE id = 1", "SELECT max(id) FROM (%s) AS o"} {
		f, err := run(t.Context(), db, source.Statement{SQL: "EXPLAIN QUERY PLAN " + fmt.Sprintf(query, dialect{}.Fence("id", "FROM orders"))})
		if err != nil {
			t.Fatal(err)
		}
		step, _ := f.Cell(0, 3)
		if diff := cmp.Diff("CO-ROUTINE o", string(step)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", query, diff)
		}
	}
}
