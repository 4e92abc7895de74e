package sqlite

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"assay/app/source"
	"assay/app/source/sourcetest"
)

// write makes a SQLite file with the script, as any other program would.
func write(t testing.TB, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.db")
	rewrite(t, path, script)
	return path
}

func rewrite(t testing.TB, path, script string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;" + script); err != nil {
		t.Fatal(err)
	}
}

func exerciseScript() string {
	wide := make([]string, 200)
	ones := make([]string, 200)
	for i := range wide {
		wide[i], ones[i] = fmt.Sprintf("c%d integer", i+1), fmt.Sprint(i+1)
	}
	return `
		CREATE TABLE artists (id integer PRIMARY KEY, name varchar(120) NOT NULL);
		INSERT INTO artists VALUES (1, 'Ärger'), (2, 'Björk'), (3, 'Céline'), (4, 'żółw 🐢'), (5, 'o''Neil "x"');
		CREATE TABLE albums (
			id integer PRIMARY KEY, artist_id integer NOT NULL REFERENCES artists(id), title varchar(160) NOT NULL,
			price decimal(10,2), released date, recorded_at timestamp, big bigint, ratio double precision,
			active boolean, note text NULL, doc json, raw blob
		);
		INSERT INTO albums VALUES
			(1, 1, 'One', 9.95, '2024-01-31', '2024-01-31 23:59:59.123456', 9223372036854775807, 0.1, 1, NULL, '{"a": 1}', x'00ff10'),
			(2, 1, 'Two', 0.10, '2024-02-29', '2024-02-29 00:00:00', -9223372036854775808, -2.5, 0, '', '[1, 2]', x''),
			(3, 2, 'Three', 1234567.89, '2024-12-30', '2024-12-30 12:30:00', 9007199254740993, 1e300, 1, 'line' || char(10) || 'break', NULL, NULL),
			(4, 3, 'Four', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
			(5, 2, '50% off_\', 5.00, '2025-01-01', '2025-01-01 07:00:00.5', 0, 3, 0, '50%', NULL, NULL);
		CREATE VIEW album_names AS SELECT a.id, a.title, r.name FROM albums a JOIN artists r ON r.id = a.artist_id;
		CREATE TABLE "emoji 🎈 table" ("wéird col" integer, "select" text);
		INSERT INTO "emoji 🎈 table" VALUES (1, 'x');
		CREATE TABLE wide (` + strings.Join(wide, ", ") + `);
		INSERT INTO wide VALUES (` + strings.Join(ones, ", ") + `);
		CREATE TABLE "nothing" (id integer PRIMARY KEY, label varchar(20));
		ANALYZE;`
}

func TestExercise(t *testing.T) {
	c := source.Config{Kind: "sqlite", Path: write(t, exerciseScript())}
	sourcetest.Exercise(t, sourcetest.Fixture{
		Driver: New(), Reader: c, Admin: c,
		SlowSQL: "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n WHERE x < 0",
		Has:     map[string]bool{"json": true, "binary": true, "estimates": true, "server_timeout": true, "unicode_case": true},
	})
}
