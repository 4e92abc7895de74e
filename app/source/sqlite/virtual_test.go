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
	got := map[string][]source.Name{}
	for _, table := range c.Tables {
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
