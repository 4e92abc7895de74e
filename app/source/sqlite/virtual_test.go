package sqlite

import (
	"testing"

	"assay/app/source"

	"github.com/google/go-cmp/cmp"
)

func TestCatalogTellsWhatVirtualTablesShow(t *testing.T) {
	db := openFile(t, write(t, `
		CREATE TABLE Notes (id INTEGER PRIMARY KEY, body TEXT);
		CREATE TABLE "odd ""name" (body TEXT);
		CREATE VIEW long_notes AS SELECT id, body FROM notes WHERE length(body) > 100;
		CREATE VIRTUAL TABLE own USING fts5(body);
		CREATE VIRTUAL TABLE contentless USING fts5(body, content='');
		CREATE VIRTUAL TABLE outside USING fts5(body, CONTENT = 'notes', content_rowid=id);
		CREATE VIRTUAL TABLE odd USING fts5(body, content="odd ""name");
		CREATE VIRTUAL TABLE of_view USING fts5(body, content=[long_notes]);
		CREATE VIRTUAL TABLE words USING fts5vocab(outside, row);
		CREATE VIRTUAL TABLE words_there USING fts5vocab('own', 'instance');
		CREATE VIRTUAL TABLE boxes USING rtree(id, x1, x2);`))
	c, err := db.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, kinds := map[string][]source.Name{}, map[string]string{}
	for _, table := range c.Tables {
		kinds[table.Name] = table.Kind
		if table.Parents != nil {
			got[table.Name] = table.Parents
		}
	}
	want := map[string][]source.Name{
		"outside": {{Name: "Notes"}}, "odd": {{Name: `odd "name`}}, "of_view": {{Name: "long_notes"}},
		"words": {{Name: "outside"}}, "words_there": {{Name: "own"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	wantKinds := map[string]string{
		"Notes": "table", `odd "name`: "table", "long_notes": "view", "own": "table", "contentless": "virtual table", "outside": "table",
		"odd": "table", "of_view": "virtual table", "words": "virtual table", "words_there": "virtual table", "boxes": "table",
	}
	if diff := cmp.Diff(wantKinds, kinds); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestVirtualTablesAreUnderstoodInFullOrNotAtAll(t *testing.T) {
	for _, tt := range []struct {
		arguments string
		want      *understood
	}{
		{"fts5(body)", &understood{}},
		{`"FTS5"(body UNINDEXED, "odd name", tokenize = 'porter ascii', prefix='2 3', columnsize=0)`, &understood{}},
		{"fts5(body, content=notes, content_rowid=id)", &understood{content: "notes"}},
		{"fts5(body, CONTENT = [notes])", &understood{content: "notes"}},
		{"fts5(body, content='')", &understood{contentless: true}},
		{"rtree(id, x1, x2, +label)", &understood{}},
		{"geopoly(label)", &understood{}},
		{"fts5(body, conten=notes)", nil},
		{"fts5(body, c=notes)", nil},
		{"fts5(body, content_=notes)", nil},
		{"fts5(body, tok=ascii)", nil},
		{"fts5(body, content=notes, content=orders)", nil},
		{"fts5(body, 'content'=notes)", nil},
		{"fts5(body /* plain */)", nil},
		{"fts5(body, tokenize=ascii -- plain\n, c=notes)", nil},
		{"fts5vocab(words, row)", nil},
		{"dbstat(main)", nil},
		{"dbstat", nil},
		{"fts4(body)", nil},
		{"series(1)", nil},
	} {
		got := understand("CREATE VIRTUAL TABLE t USING " + tt.arguments)
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(understood{})); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.arguments, diff)
		}
	}
	if got := understand("CREATE TABLE t (v)"); got != nil {
		t.Errorf("an ordinary table is understood as %+v", got)
	}
}

// TestModulesThatLookIntoTheFileAreNotThere makes tables of harmless names of them.
func TestModulesThatLookIntoTheFileAreNotThere(t *testing.T) {
	db := openFile(t, write(t, `CREATE TABLE notes (id INTEGER); CREATE VIRTUAL TABLE one USING dbstat(main); CREATE VIRTUAL TABLE two USING sqlite_dbpage(main);`))
	for _, sql := range []string{"SELECT name, ncell FROM one", "SELECT data FROM two"} {
		_, err := run(t.Context(), db, source.Statement{SQL: sql})
		if f := source.AsFailure(err); f == nil || f.Code != source.DatabaseError {
			t.Errorf("%s: got %v", sql, err)
		}
	}
	c, err := db.Catalog(t.Context())
	if err != nil || len(c.Tables) != 1 || c.Tables[0].Name != "notes" {
		t.Errorf("the catalog tells of %+v (%v)", c, err)
	}
}

// TestCatalogHidesWhatIsBehindOldSearches reads a file whose index is of a kind
// that the engine here does not know.
func TestCatalogHidesWhatIsBehindOldSearches(t *testing.T) {
	db := openFile(t, write(t, `
		CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);
		CREATE TABLE Old_content (docid INTEGER PRIMARY KEY, c0body);
		CREATE TABLE old_segments (blockid INTEGER PRIMARY KEY, block BLOB);
		CREATE TABLE old_stat (id INTEGER PRIMARY KEY, value BLOB);
		CREATE TABLE old_things (id INTEGER);
		PRAGMA writable_schema = 1;
		INSERT INTO sqlite_schema VALUES ('table', 'old', 'old', 0, 'CREATE VIRTUAL TABLE old USING fts4(body)');`))
	c, err := db.Catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, table := range c.Tables {
		got = append(got, table.Name)
	}
	if diff := cmp.Diff([]string{"notes", "old_things"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
