package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

func TestMain(m *testing.M) { sourcetest.Main(m) }

// schema is the exercise's, in these servers' spelling.
func schema() string {
	var wide, ones []string
	for i := range 200 {
		wide = append(wide, fmt.Sprintf("c%d integer", i+1))
		ones = append(ones, fmt.Sprint(i+1))
	}
	return `
CREATE TABLE artists (id integer PRIMARY KEY, name varchar(120) NOT NULL);
INSERT INTO artists VALUES (1,'Ärger'),(2,'Björk'),(3,'Céline'),(4,'żółw 🐢'),(5,'o''Neil "x"');
CREATE TABLE albums (
  id integer PRIMARY KEY, artist_id integer NOT NULL, title varchar(160) NOT NULL,
  price decimal(10,2) COMMENT 'Retail price in euro', released date, recorded_at datetime(6), big bigint, ratio double,
  active boolean, note text, doc json, raw varbinary(100),
  FOREIGN KEY (artist_id) REFERENCES artists(id)) COMMENT 'Albums we sell';
INSERT INTO albums VALUES
 (1,1,'One',9.95,'2024-01-31','2024-01-31 23:59:59.123456',9223372036854775807,0.1,true,NULL,'{"a": 1}',x'00ff10'),
 (2,1,'Two',0.10,'2024-02-29','2024-02-29 00:00:00',-9223372036854775808,-2.5,false,'','[1, 2]',x''),
 (3,2,'Three',1234567.89,'2024-12-30','2024-12-30 12:30:00',9007199254740993,1e300,true,'line\nbreak',NULL,NULL),
 (4,3,'Four',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
 (5,2,'50% off_\\',5.00,'2025-01-01','2025-01-01 07:00:00.5',0,3,false,'50%',NULL,NULL);
CREATE VIEW album_names AS SELECT a.id, a.title, r.name FROM albums a JOIN artists r ON r.id = a.artist_id;
CREATE TABLE ` + "`emoji ☎ table` (`wéird col` integer, `select` text);\nINSERT INTO `emoji ☎ table`" + ` VALUES (1,'x');
CREATE TABLE wide (` + strings.Join(wide, ",") + `); INSERT INTO wide VALUES (` + strings.Join(ones, ",") + `);
CREATE TABLE nothing (id integer PRIMARY KEY, label varchar(20));
ANALYZE TABLE artists; ANALYZE TABLE albums; ANALYZE TABLE wide;
`
}

// renamed is the driver with another name for the exercise's oddest table: the
// names of these servers hold no characters beyond the basic plane.
type renamed struct{ source.Driver }

const asked, spelled = "emoji 🎈 table", "emoji ☎ table"

func (r renamed) Dialect() source.Dialect { return renamedDialect{r.Driver.Dialect()} }

func (r renamed) Open(c source.Config) (source.DB, error) {
	db, err := r.Driver.Open(c)
	return renamedDB{db}, err
}

type renamedDialect struct{ source.Dialect }

func (d renamedDialect) Quote(name string) string {
	return strings.ReplaceAll(d.Dialect.Quote(name), asked, spelled)
}

type renamedDB struct{ source.DB }

func (db renamedDB) Catalog(ctx context.Context) (*source.Catalog, error) {
	c, err := db.DB.Catalog(ctx)
	if err == nil {
		for i := range c.Tables {
			c.Tables[i].Name = strings.ReplaceAll(c.Tables[i].Name, spelled, asked)
			for j := range c.Tables[i].Columns {
				// MariaDB's results do not tell JSON from text, its catalog does.
				if col := &c.Tables[i].Columns[j]; col.Kind == frame.JSON {
					col.Kind = frame.Text
				}
			}
		}
	}
	return c, err
}

func TestExercise(t *testing.T) {
	server := sourcetest.MariaDB(t)
	admin, reader := server.NewDatabase(t, schema())
	watch := adminDB(t, server)
	sourcetest.Exercise(t, sourcetest.Fixture{
		Driver: renamed{New()}, Reader: reader, Admin: admin,
		Active: func(tag string) int { return active(t, watch, tag) },
		SlowSQL: "SELECT COUNT(*), '{tag}' AS tag FROM wide a CROSS JOIN information_schema.columns b CROSS JOIN information_schema.columns c " +
			"CROSS JOIN information_schema.columns d WHERE SHA2(CONCAT(b.column_name, c.column_name, d.column_name), 512) = 'x'",
		Has: map[string]bool{"comments": true, "schemas": true, "estimates": true, "server_timeout": true, "binary": true, "unicode_case": true},
	})
}

// adminDB returns a plain pool of the server's admin, for looking at the server.
func adminDB(t *testing.T, server *sourcetest.Server) *sql.DB {
	t.Helper()
	config, err := driverConfig(server.Config(""))
	if err != nil {
		t.Fatal(err)
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

// active returns how many statements with the text run on the server.
func active(t *testing.T, db *sql.DB, text string) int {
	var n int
	err := db.QueryRow("SELECT COUNT(*) FROM information_schema.processlist WHERE ID <> CONNECTION_ID() AND COMMAND <> 'Sleep' AND INSTR(INFO, ?)", text).Scan(&n)
	if err != nil {
		t.Errorf("looking at the server: %v", err)
	}
	return n
}
