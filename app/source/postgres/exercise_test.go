package postgres

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"assay/app/source"
	"assay/app/source/sourcetest"
)

// schema is the exercise's schema in PostgreSQL's spelling.
func schema() string {
	var wide []string
	for i := 1; i <= 200; i++ {
		wide = append(wide, fmt.Sprintf("c%d integer", i))
	}
	return `
CREATE TABLE artists (id integer PRIMARY KEY, name varchar(120) NOT NULL);
INSERT INTO artists VALUES (1, 'Ärger'), (2, 'Björk'), (3, 'Céline'), (4, 'żółw 🐢'), (5, 'o''Neil "x"');
CREATE TABLE albums (id integer PRIMARY KEY, artist_id integer NOT NULL REFERENCES artists (id), title varchar(160) NOT NULL,
  price decimal(10,2), released date, recorded_at timestamp, big bigint, ratio double precision, active boolean, note text, doc json, raw bytea);
INSERT INTO albums VALUES
  (1, 1, 'One', 9.95, '2024-01-31', '2024-01-31 23:59:59.123456', 9223372036854775807, 0.1, true, NULL, '{"a": 1}', '\x00ff10'),
  (2, 1, 'Two', 0.10, '2024-02-29', '2024-02-29 00:00:00', -9223372036854775808, -2.5, false, '', '[1, 2]', ''),
  (3, 2, 'Three', 1234567.89, '2024-12-30', '2024-12-30 12:30:00', 9007199254740993, 1e300, true, E'line\nbreak', NULL, NULL),
  (4, 3, 'Four', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (5, 2, '50% off_\', 5.00, '2025-01-01', '2025-01-01 07:00:00.5', 0, 3, false, '50%', NULL, NULL);
COMMENT ON TABLE albums IS 'Albums we sell';
COMMENT ON COLUMN albums.price IS 'Retail price in euro';
CREATE VIEW album_names AS SELECT a.id, a.title, r.name FROM albums a JOIN artists r ON r.id = a.artist_id;
CREATE TABLE "emoji 🎈 table" ("wéird col" integer, "select" text);
INSERT INTO "emoji 🎈 table" VALUES (1, 'x');
CREATE TABLE wide (` + strings.Join(wide, ", ") + `);
INSERT INTO wide (c1, c200) VALUES (1, 200);
CREATE TABLE nothing (id integer PRIMARY KEY, label varchar(20));
ANALYZE;`
}

// active returns how many statements that hold the tag run now, seen by a session of its own.
func active(t testing.TB, c source.Config) func(tag string) int {
	return func(tag string) int {
		n := 0
		withAdmin(t, c, func(conn *pgconn.PgConn) {
			result := conn.ExecParams(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND position($1 in query) > 0`,
				[][]byte{[]byte(tag)}, nil, nil, nil).Read()
			if result.Err != nil {
				t.Fatal(result.Err)
			}
			fmt.Sscan(string(result.Rows[0][0]), &n)
		})
		return n
	}
}

// withAdmin runs f with a session that no driver of ours made.
func withAdmin(t testing.TB, c source.Config, f func(*pgconn.PgConn)) {
	t.Helper()
	config, err := pgconn.ParseConfig("host=127.0.0.1 sslmode=disable target_session_attrs=any")
	if err != nil {
		t.Fatal(err)
	}
	config.Host, config.Port, config.User, config.Password, config.Database = c.Host, uint16(c.Port), c.User, c.Password, c.Database
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	f(conn)
}

func TestExercise(t *testing.T) {
	admin, reader := sourcetest.Postgres(t).NewDatabase(t, schema())
	sourcetest.Exercise(t, sourcetest.Fixture{
		Driver: New(), Admin: admin, Reader: reader,
		Active:  active(t, admin),
		SlowSQL: "SELECT count(*) FROM generate_series(1, 3000000) a CROSS JOIN generate_series(1, 100000) b WHERE '{tag}' <> 'x'",
		Has: map[string]bool{
			"timestamptz": true, "json": true, "binary": true, "nan": true, "comments": true, "schemas": true,
			"estimates": true, "server_timeout": true, "unicode_case": true,
		},
	})
}
