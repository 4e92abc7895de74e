package sourcetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/app/frame"
	"assay/app/source"

	"github.com/google/go-cmp/cmp"
)

const albumColumns = "`id`, `artist_id`, `title`, `price`, `released`, `recorded_at`, `big`, `ratio`, `active`, `note`, `doc`, `raw`"

func (e *exercise) values(t *testing.T) {
	f := e.query(t, "SELECT "+albumColumns+" FROM `albums` ORDER BY `id`")
	doc, raw := "json", "binary"
	if !e.Has["json"] {
		doc = "text"
	}
	if !e.Has["binary"] {
		raw = f.Columns[11].Kind.String()
	}
	wantKinds := []string{"number", "number", "text", "number", "date", "time", "number", "number", "bool", "text", doc, raw}
	if diff := cmp.Diff(wantKinds, kinds(f)); diff != "" {
		t.Errorf("kinds (-want +got)\n%s", diff)
	}
	want := [][]string{
		{"1", "1", "One", "9.95", "2024-01-31", "2024-01-31T23:59:59.123456", "9223372036854775807", "0.1", "true", null, `{"a":1}`, "\x00\xff\x10"},
		{"2", "1", "Two", "0.1", "2024-02-29", "2024-02-29T00:00:00", "-9223372036854775808", "-2.5", "false", "", "[1,2]", ""},
		{"3", "2", "Three", "1234567.89", "2024-12-30", "2024-12-30T12:30:00", "9007199254740993", "1e300", "true", "line\nbreak", null, null},
		{"4", "3", "Four", null, null, null, null, null, null, null, null, null},
		{"5", "2", `50% off_\`, "5", "2025-01-01", "2025-01-01T07:00:00.5", "0", "3", "false", "50%", null, null},
	}
	got := texts(f)
	for r := range got {
		for c := range got[r] {
			v := got[r][c]
			switch {
			case v == null:
			case wantKinds[c] == "number" && r < len(want) && sameNumber(v, want[r][c]):
				got[r][c] = want[r][c]
			case f.Columns[c].Name == "note":
				got[r][c] = strings.ReplaceAll(v, `\n`, "\n") // not every engine's literal knows the escape
			case f.Columns[c].Name == "doc":
				got[r][c] = compact(t, v)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("albums (-want +got)\n%s", diff)
	}
	artists := texts(e.query(t, "SELECT `name` FROM `artists` ORDER BY `id`"))
	wantArtists := [][]string{{"Ärger"}, {"Björk"}, {"Céline"}, {"żółw 🐢"}, {`o'Neil "x"`}}
	if diff := cmp.Diff(wantArtists, artists); diff != "" {
		t.Errorf("artists (-want +got)\n%s", diff)
	}
}

func compact(t *testing.T, doc string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(doc)); err != nil {
		t.Errorf("%q is no JSON: %v", doc, err)
		return doc
	}
	return b.String()
}

// specialValues reads values that only some engines have.
func (e *exercise) specialValues(t *testing.T) {
	if e.Has["nan"] {
		f := e.query(t, "SELECT CAST('NaN' AS double precision), CAST('Infinity' AS double precision), CAST('-Infinity' AS double precision)")
		if diff := cmp.Diff([][]string{{"NaN", "Infinity", "-Infinity"}}, texts(f)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	if e.Has["timestamptz"] {
		zoned, ok := map[string]string{"postgres": "timestamptz", "sqlserver": "datetimeoffset"}[e.Driver.Kind()]
		if !ok {
			t.Fatalf("no spelling of a zoned time for %s", e.Driver.Kind())
		}
		f := e.query(t, "SELECT CAST('2024-01-31 12:00:00+02:00' AS "+zoned+")")
		v, _ := f.Cell(0, 0)
		at, err := time.Parse(time.RFC3339Nano, string(v))
		if err != nil || !at.Equal(time.Date(2024, 1, 31, 10, 0, 0, 0, time.UTC)) {
			t.Errorf("got %q, want 10:00 UTC with its offset (%v)", v, err)
		}
		if f.Columns[0].Kind != frame.Time {
			t.Errorf("kind %s", f.Columns[0].Kind)
		}
	}
}

func (e *exercise) parameters(t *testing.T) {
	d := e.Driver.Dialect()
	arg := func(kind frame.Kind, text string) source.Arg { return source.Arg{Kind: kind, Text: text} }
	tests := []struct {
		column string
		arg    source.Arg
		want   []string
	}{
		{"id", arg(frame.Number, "3"), []string{"3"}},
		{"price", arg(frame.Number, "9.95"), []string{"1"}},
		{"price", arg(frame.Number, "0.1"), []string{"2"}},
		{"price", arg(frame.Number, "1234567.89"), []string{"3"}},
		{"big", arg(frame.Number, "9223372036854775807"), []string{"1"}},
		{"big", arg(frame.Number, "-9223372036854775808"), []string{"2"}},
		{"big", arg(frame.Number, "9007199254740993"), []string{"3"}},
		{"ratio", arg(frame.Number, "-2.5"), []string{"2"}},
		{"ratio", arg(frame.Number, "1e+300"), []string{"3"}},
		{"title", arg(frame.Text, "Two"), []string{"2"}},
		{"title", arg(frame.Text, `50% off_\`), []string{"5"}},
		{"title", arg(frame.Text, "x' OR '1'='1"), nil},
		{"title", arg(frame.Text, `x\' OR 1=1 -- `), nil},
		{"title", arg(frame.Text, "One'; DELETE FROM albums; --"), nil},
		{"note", source.Arg{Kind: frame.Text, Null: true}, nil},
		{"released", arg(frame.Date, "2024-02-29"), []string{"2"}},
		{"recorded_at", arg(frame.Time, "2024-12-30T12:30:00"), []string{"3"}},
		{"recorded_at", arg(frame.Time, "2024-01-31T23:59:59.123456"), []string{"1"}},
		{"active", arg(frame.Bool, "true"), []string{"1", "3"}},
		{"active", arg(frame.Bool, "false"), []string{"2", "5"}},
	}
	if e.Has["binary"] {
		tests = append(tests, struct {
			column string
			arg    source.Arg
			want   []string
		}{"raw", arg(frame.Binary, "\x00\xff\x10"), []string{"1"}})
	}
	for _, tt := range tests {
		t.Run(tt.column+"="+tt.arg.Text, func(t *testing.T) {
			e.lacks(t)
			left, right := d.Compare(e.q(tt.column), d.Placeholder(1, tt.arg.Kind), tt.arg.Kind)
			f := e.query(t, "SELECT `id` FROM `albums` WHERE "+escape(left+" = "+right)+" ORDER BY `id`", tt.arg)
			if diff := cmp.Diff(tt.want, nilIfEmpty(column(f, 0))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	for _, text := range []string{"", "plain", "it's", `a\b`, "'); DROP TABLE albums; --", "żółw 🐢", "line\nbreak\ttab", "%_%", "$1 ? :x @p1"} {
		t.Run("echo "+text, func(t *testing.T) {
			e.lacks(t)
			f := e.query(t, "SELECT "+escape(d.Placeholder(1, frame.Text))+" AS `v` FROM `artists` WHERE `id` = "+escape(d.Placeholder(2, frame.Number)),
				arg(frame.Text, text), arg(frame.Number, "1"))
			if diff := cmp.Diff([][]string{{text}}, texts(f)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	t.Run("null", func(t *testing.T) {
		e.lacks(t)
		f := e.query(t, "SELECT COUNT(*) FROM `artists` WHERE "+escape(d.Placeholder(1, frame.Text))+" IS NULL", source.Arg{Kind: frame.Text, Null: true})
		if diff := cmp.Diff([]string{"5"}, column(f, 0)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// escape keeps SQL that the dialect spelled itself from being read as quoted
// identifiers once more, where the dialect's own quote is the backtick.
func escape(sql string) string { return strings.ReplaceAll(sql, "`", "\x00") }

func nilIfEmpty(s []string) []string {
	if len(s) == 0 {
		return nil
	}
	return s
}

// shapes reads results that are empty, wide or oddly named.
func (e *exercise) shapes(t *testing.T) {
	f := e.query(t, "SELECT `id`, `label` FROM `nothing`")
	if f.Rows() != 0 || len(f.Columns) != 2 || f.Columns[1].Name != "label" {
		t.Errorf("got %d rows of %v, want none of id, label", f.Rows(), f.Columns)
	}
	if diff := cmp.Diff([]string{"number", "text"}, kinds(f)); diff != "" {
		t.Errorf("kinds of no rows (-want +got)\n%s", diff)
	}
	f = e.query(t, "SELECT * FROM `wide`")
	if f.Rows() != 1 || len(f.Columns) != 200 || f.Columns[199].Name != "c200" {
		t.Errorf("got %d rows of %d columns, want 1 of 200", f.Rows(), len(f.Columns))
	}
	f = e.query(t, "SELECT `wéird col`, `select` FROM `emoji 🎈 table`")
	if diff := cmp.Diff([][]string{{"1", "x"}}, texts(f)); diff != "" {
		t.Errorf("emoji table (-want +got)\n%s", diff)
	}
	if f.Columns[0].Name != "wéird col" || f.Columns[1].Name != "select" {
		t.Errorf("columns %v", f.Columns)
	}
	f = e.query(t, "SELECT `title`, `name` FROM `album_names` ORDER BY 1")
	if f.Rows() != 5 {
		t.Errorf("the view has %d rows, want 5", f.Rows())
	}
	f = e.query(t, "SELECT 1 AS `same`, 2 AS `same`")
	if diff := cmp.Diff([][]string{{"1", "2"}}, texts(f)); diff != "" {
		t.Errorf("columns of one name (-want +got)\n%s", diff)
	}
}

func (e *exercise) bigCell(t *testing.T) {
	d := e.Driver.Dialect()
	big := strings.Repeat("0123456789abcdef", 5_000_000/16)
	f := e.query(t, "SELECT "+escape(d.Placeholder(1, frame.Text))+" AS `v` FROM `artists` WHERE `id` < 3", source.Arg{Kind: frame.Text, Text: big})
	if f.Rows() != 2 {
		t.Fatalf("%d rows, want 2", f.Rows())
	}
	for r := range 2 {
		if v, _ := f.Cell(r, 0); string(v) != big {
			t.Errorf("row %d: %d bytes came back changed, want %d", r, len(v), len(big))
		}
	}
}

func (e *exercise) plan(t *testing.T) {
	checked, err := e.Driver.Guard(e.quoted("SELECT `title` FROM `albums` WHERE `id` = 1"), source.Policy{})
	if err != nil {
		t.Fatal(explain(err))
	}
	f, err := read(t.Context(), e.reader, source.Statement{SQL: checked.SQL, Explain: true})
	if err != nil {
		t.Fatal(explain(err))
	}
	if f.Rows() == 0 {
		t.Fatal("the plan has no rows")
	}
	all := fmt.Sprint(texts(f))
	if !strings.Contains(all, "albums") && !strings.Contains(strings.ToLower(all), "key") {
		t.Errorf("the plan does not name the table: %s", all)
	}
}

func (e *exercise) catalog(t *testing.T) {
	before := time.Now()
	c, err := e.reader.Catalog(t.Context())
	if err != nil {
		t.Fatal(explain(err))
	}
	if took := time.Since(before); took > 5*time.Second {
		t.Errorf("the catalog took %s", took)
	}
	if c.ReadAt.Before(before.Add(-time.Second)) {
		t.Errorf("ReadAt is %s", c.ReadAt)
	}
	if e.Has["schemas"] == (c.DefaultSchema == "") {
		t.Errorf("default schema %q", c.DefaultSchema)
	}
	for name, kind := range map[string]string{
		"artists": "table", "albums": "table", "album_names": "view",
		"emoji 🎈 table": "table", "wide": "table", "nothing": "table",
	} {
		t.Run(name, func(t *testing.T) {
			e.lacks(t)
			table, ok := c.Find(name)
			if !ok {
				t.Fatal("not in the catalog")
			}
			if table.Kind != kind {
				t.Errorf("a %q, want %q", table.Kind, kind)
			}
			if e.Has["schemas"] == (table.Schema == "") {
				t.Errorf("schema %q", table.Schema)
			}
			if !e.Has["estimates"] || kind != "table" || name == "nothing" {
				return
			}
			if n := table.RowEstimate; n == nil {
				t.Error("no row estimate after ANALYZE")
			} else if *n < 1 || *n > 100 {
				t.Errorf("row estimate %d after ANALYZE", *n)
			}
		})
	}
	albums, ok := c.Find("albums")
	if !ok {
		t.FailNow()
	}
	var names, kinds, notNull []string
	for _, col := range albums.Columns {
		names, kinds = append(names, col.Name), append(kinds, col.Kind.String())
		if !col.Nullable {
			notNull = append(notNull, col.Name)
		}
		if col.Type == "" || col.Type != strings.ToLower(col.Type) {
			t.Errorf("albums.%s has type %q", col.Name, col.Type)
		}
	}
	wantNames := strings.Split(strings.ReplaceAll(strings.ReplaceAll(albumColumns, "`", ""), " ", ""), ",")
	if diff := cmp.Diff(wantNames, names); diff != "" {
		t.Errorf("columns (-want +got)\n%s", diff)
	}
	wantKinds := []string{"number", "number", "text", "number", "date", "time", "number", "number", "bool", "text"}
	if e.Has["json"] {
		wantKinds = append(wantKinds, "json")
	} else {
		wantKinds = append(wantKinds, "text")
	}
	if e.Has["binary"] {
		wantKinds = append(wantKinds, "binary")
	}
	if diff := cmp.Diff(wantKinds, kinds[:min(len(wantKinds), len(kinds))]); diff != "" {
		t.Errorf("kinds (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"id", "artist_id", "title"}, notNull); diff != "" {
		t.Errorf("not nullable (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"id"}, albums.PrimaryKey()); diff != "" {
		t.Errorf("primary key (-want +got)\n%s", diff)
	}
	wantKeys := []source.ForeignKey{{Columns: []string{"artist_id"}, Schema: albums.Schema, Table: "artists", References: []string{"id"}}}
	if diff := cmp.Diff(wantKeys, albums.ForeignKeys); diff != "" {
		t.Errorf("foreign keys (-want +got)\n%s", diff)
	}
	if col, ok := albums.Column("artist_id"); !ok || col.References == nil || col.References.Table != "artists" || col.References.Column != "id" {
		t.Errorf("artist_id does not say that it references artists.id: %+v", col)
	}
	if e.Has["comments"] {
		price, _ := albums.Column("price")
		if albums.Comment != "Albums we sell" || price.Comment != "Retail price in euro" {
			t.Errorf("comments %q and %q", albums.Comment, price.Comment)
		}
	}
	if names, ok := c.Find("album_names"); ok && len(names.Columns) < 3 {
		t.Errorf("the view has columns %v", names.Columns)
	}
	wide, _ := c.Find("wide")
	if wide == nil || len(wide.Columns) != 200 || wide.Columns[9].Name != "c10" {
		t.Error("wide does not have its 200 columns in order")
	}
	if slices.ContainsFunc(c.Tables, func(t source.Table) bool {
		return strings.HasPrefix(t.Name, "pg_") || strings.HasPrefix(t.Name, "sqlite_")
	}) {
		t.Error("the catalog lists the engine's own tables")
	}
}
