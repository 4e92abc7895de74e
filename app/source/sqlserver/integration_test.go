package sqlserver

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"assay/app/source"
	"assay/app/source/sourcetest"
)

const dsnVariable = "ASSAY_TEST_SQLSERVER_DSN"

// administrator returns the login that the environment names, as
// sqlserver://user:password@host:port?database=master&tls=require.
func administrator(t *testing.T) source.Config {
	t.Helper()
	dsn := os.Getenv(dsnVariable)
	if dsn == "" {
		t.Skipf("skipped: no SQL Server at hand (set %s to sqlserver://user:password@host:port?database=master&tls=require)", dsnVariable)
	}
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme != "sqlserver" {
		t.Fatalf("%s is not a sqlserver:// address", dsnVariable)
	}
	c := source.Config{Kind: "sqlserver", Host: u.Hostname(), Port: defaultPort, Database: u.Query().Get("database"), User: u.User.Username()}
	c.Password, _ = u.User.Password()
	c.TLS.Mode = source.TLSMode(u.Query().Get("tls"))
	if p := u.Port(); p != "" {
		if c.Port, err = strconv.Atoi(p); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// script runs batches outside of any transaction.
func script(t *testing.T, c source.Config, batches ...string) {
	t.Helper()
	d, err := New().Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, _, err := d.(*db).acquire(ctx, false)
	if err != nil {
		t.Fatal(err)
	}
	defer d.(*db).discard(s)
	for _, b := range batches {
		if err := s.exec(ctx, b); err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
	}
}

// kill ends the sessions of a login that the server still runs after they were cut.
func kill(t *testing.T, admin source.Config, login string) {
	t.Helper()
	d := open(t, admin).(*db)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		rows, err := d.ask(context.Background(), "SELECT session_id FROM sys.dm_exec_sessions WHERE login_name = N'"+login+"'")
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("sessions %v of %s do not end", rows, login)
		}
		for _, r := range rows {
			script(t, admin, "KILL "+r[0])
		}
	}
}

func TestExercise(t *testing.T) {
	admin := administrator(t)
	name := "assay_test_" + strings.ToLower(rand.Text()[:8])
	password := "Aa1_" + rand.Text()
	script(t, admin, "CREATE DATABASE "+name, fmt.Sprintf("CREATE LOGIN %s_reader WITH PASSWORD = '%s'", name, password))
	t.Cleanup(func() {
		kill(t, admin, name+"_reader")
		script(t, admin, "DROP DATABASE "+name, "DROP LOGIN "+name+"_reader")
	})
	own := admin
	own.Database = name
	var wide []string
	var ones []string
	for i := range 200 {
		wide, ones = append(wide, fmt.Sprintf("c%d int", i+1)), append(ones, strconv.Itoa(i+1))
	}
	script(t, own,
		"CREATE TABLE artists (id int NOT NULL PRIMARY KEY, name nvarchar(120) NOT NULL)",
		`CREATE TABLE albums (id int NOT NULL PRIMARY KEY, artist_id int NOT NULL REFERENCES artists (id), title nvarchar(160) NOT NULL,
 price decimal(10, 2), released date, recorded_at datetime2(6), big bigint, ratio float, active bit, note nvarchar(max) NULL, doc nvarchar(max), raw varbinary(max))`,
		`INSERT INTO artists (id, name) VALUES (1, N'Ärger'), (2, N'Björk'), (3, N'Céline'), (4, N'żółw 🐢'), (5, N'o''Neil "x"')`,
		`INSERT INTO albums VALUES
 (1, 1, N'One', 9.95, '2024-01-31', '2024-01-31T23:59:59.123456', 9223372036854775807, 0.1, 1, NULL, N'{"a": 1}', 0x00ff10),
 (2, 1, N'Two', 0.10, '2024-02-29', '2024-02-29T00:00:00', -9223372036854775808, -2.5, 0, N'', N'[1, 2]', 0x),
 (3, 2, N'Three', 1234567.89, '2024-12-30', '2024-12-30T12:30:00', 9007199254740993, 1e300, 1, N'line' + NCHAR(10) + N'break', NULL, NULL),
 (4, 3, N'Four', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
 (5, 2, N'50% off_\', 5.00, '2025-01-01', '2025-01-01T07:00:00.5', 0, 3, 0, N'50%', NULL, NULL)`,
		"CREATE VIEW album_names AS SELECT a.id, a.title, r.name FROM albums AS a JOIN artists AS r ON r.id = a.artist_id",
		"CREATE TABLE [emoji 🎈 table] ([wéird col] int, [select] nvarchar(20))",
		"INSERT INTO [emoji 🎈 table] VALUES (1, N'x')",
		"CREATE TABLE wide ("+strings.Join(wide, ", ")+")",
		"INSERT INTO wide VALUES ("+strings.Join(ones, ", ")+")",
		"CREATE TABLE nothing (id int NOT NULL PRIMARY KEY, label nvarchar(20))",
		"EXEC sys.sp_addextendedproperty N'MS_Description', N'Albums we sell', N'SCHEMA', N'dbo', N'TABLE', N'albums'",
		"EXEC sys.sp_addextendedproperty N'MS_Description', N'Retail price in euro', N'SCHEMA', N'dbo', N'TABLE', N'albums', N'COLUMN', N'price'",
		fmt.Sprintf("CREATE USER %s_reader FOR LOGIN %s_reader", name, name),
		fmt.Sprintf("GRANT SELECT ON SCHEMA::dbo TO %s_reader", name),
	)
	reader := own
	reader.User, reader.Password = name+"_reader", password
	watch := open(t, admin)
	f := sourcetest.Fixture{
		Driver: New(), Reader: reader, Admin: own,
		Active: func(tag string) int {
			rows, err := watch.(*db).ask(context.Background(),
				"SELECT COUNT(*) FROM sys.dm_exec_requests AS r CROSS APPLY sys.dm_exec_sql_text(r.sql_handle) AS q WHERE r.session_id <> @@SPID AND CHARINDEX(N'"+
					strings.ReplaceAll(tag, "'", "''")+"', q.text) > 0")
			if err != nil {
				t.Errorf("asking for running statements: %v", err)
				return 0
			}
			n, _ := strconv.Atoi(rows[0][0])
			return n
		},
		SlowSQL: "SELECT COUNT_BIG(*), '{tag}' AS tag FROM wide AS w CROSS JOIN sys.all_columns AS a CROSS JOIN sys.all_columns AS b CROSS JOIN sys.all_columns AS c WHERE a.object_id % 7 <> b.object_id % 11 + c.object_id % 13",
		Has:     map[string]bool{"timestamptz": true, "binary": true, "comments": true, "schemas": true, "estimates": true, "server_timeout": true, "unicode_case": true},
	}
	if server, err := watch.Probe(t.Context()); err != nil {
		t.Fatal(err)
	} else if strings.Contains(server.Server, "Babelfish") {
		t.Logf("checked against %s %s, which is not SQL Server", server.Server, server.Version)
		t.Log("not checked there: that statements end on the server (it has no sys.dm_exec_requests and does not read TDS attention while it runs one), and row estimates (sys.partitions has none)")
		f.Active, f.Lacks, f.Has["estimates"] = nil, babelfishLacks, false
		f.Clear = func(t *testing.T) { kill(t, admin, reader.User) }
	} else {
		script(t, own, fmt.Sprintf("GRANT SHOWPLAN TO %s_reader", name))
	}
	sourcetest.Exercise(t, f)
}

// babelfishLacks is what Babelfish for PostgreSQL 4.4 does not do and SQL Server does.
var babelfishLacks = map[string]string{
	"catalog/emoji 🎈 table":  "its system views give names as varchar",
	"parameters/echo żółw 🐢": "it sends a parameter that is selected as varchar",
	"plan":                   "SET SHOWPLAN_ALL changes nothing",
	"numbers/bin":            "it sends more digits of a decimal than it announced, which breaks the connection",
	"numbers/bin under one":  "it sends more digits of a decimal than it announced, which breaks the connection",
	"patterns/contains %":    "LIKE finds nothing where the pattern escapes a character",
	"patterns/contains _":    "LIKE finds nothing where the pattern escapes a character",
	`patterns/contains _\`:   "LIKE finds nothing where the pattern escapes a character",
}
