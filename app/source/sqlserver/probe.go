package sqlserver

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"assay/app/frame"
	"assay/app/source"
)

// ask runs one of our own statements and returns its rows as texts; a null is "".
func (d *db) ask(ctx context.Context, sql string) ([][]string, error) {
	r, err := d.Query(ctx, source.Statement{SQL: sql})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var all [][]string
	var b frame.Batch
	for {
		if err := r.Next(ctx, &b); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		for row := range b.Rows() {
			texts := make([]string, b.Width())
			for col := range texts {
				v, _ := b.Cell(row, col)
				texts[col] = string(v)
			}
			all = append(all, texts)
		}
	}
}

const aboutServer = `SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)), CAST(SERVERPROPERTY('Edition') AS nvarchar(128)),
 CAST(@@VERSION AS nvarchar(400)), CAST(DATABASEPROPERTYEX(DB_NAME(), 'Updateability') AS nvarchar(60)), DB_NAME(),
 DATENAME(tz, SYSDATETIMEOFFSET()), CAST(SERVERPROPERTY('EngineEdition') AS nvarchar(20))`

// aboutRights asks for everything that changes data or reaches beyond the database.
const aboutRights = `SELECT IS_SRVROLEMEMBER('sysadmin'), IS_MEMBER('db_owner'), IS_MEMBER('db_datawriter'), IS_MEMBER('db_ddladmin'),
 HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'INSERT'), HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'UPDATE'),
 HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'DELETE'), HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'CREATE TABLE'),
 HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'EXECUTE')`

// aboutTables counts the tables that can be written where no right on the whole database says so.
const aboutTables = `SELECT COUNT(*) FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id
 WHERE HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(t.name), 'OBJECT', 'INSERT') = 1
 OR HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(t.name), 'OBJECT', 'UPDATE') = 1
 OR HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(t.name), 'OBJECT', 'DELETE') = 1`

const aboutReach = `SELECT HAS_PERMS_BY_NAME(NULL, NULL, 'ADMINISTER BULK OPERATIONS'), HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE')`

// Probe connects and tells about server, rights and encryption.
func (d *db) Probe(ctx context.Context) (source.Probe, error) {
	p := source.Probe{Server: "SQL Server"}
	rows, err := d.ask(ctx, aboutServer)
	if err != nil {
		return p, err
	}
	if len(rows) != 1 {
		return p, &source.Failure{Code: source.DatabaseError, Message: "The server did not tell its version"}
	}
	about := rows[0]
	p.OK = true
	p.Server, p.Version = product(about[0], about[1], about[2], about[6])
	if offset.MatchString(about[5]) {
		p.TimeZone = about[5]
	}
	p.LatencyMS, p.TLS = d.latency(ctx)
	if p.TLS == "" {
		p.Warnings = append(p.Warnings, "The connection is not encrypted: passwords and results can be read on the way")
	}
	readOnly := strings.EqualFold(about[3], "READ_ONLY")
	d.rights(ctx, &p, readOnly)
	if d.config.Options["application_intent"] == "read_only" && !readOnly {
		p.Warnings = append(p.Warnings, "A read-only replica was asked for, but this database can be written: the intent alone protects nothing")
	}
	if p.CanWrite == nil || *p.CanWrite {
		p.Remedy = remedy(about[4])
	}
	return p, nil
}

func (d *db) rights(ctx context.Context, p *source.Probe, readOnly bool) {
	if reach, err := d.ask(ctx, aboutReach); err == nil && len(reach) == 1 {
		if reach[0][0] == "1" {
			p.Warnings = append(p.Warnings, "The login may read files of the server (ADMINISTER BULK OPERATIONS)")
		}
		if reach[0][1] == "1" {
			p.Warnings = append(p.Warnings, "The login may see other sessions and their statements (VIEW SERVER STATE)")
		}
	}
	no := false
	rows, err := d.ask(ctx, aboutRights)
	if err != nil || len(rows) != 1 {
		if readOnly {
			p.CanWrite = &no
		}
		return
	}
	r := rows[0]
	told := false
	yes := false
	for _, v := range r[:8] {
		told = told || v != ""
		yes = yes || v == "1"
	}
	if !yes {
		if counted, err := d.ask(ctx, aboutTables); err == nil && len(counted) == 1 {
			told = true
			yes = counted[0][0] != "0"
		}
	}
	switch {
	case r[0] == "1":
		p.Warnings = append(p.Warnings, "The login is a system administrator: it may do anything on the server")
	case r[1] == "1":
		p.Warnings = append(p.Warnings, "The login owns the database: it may change and drop everything in it")
	case yes && !readOnly:
		p.Warnings = append(p.Warnings, "The login may change data: the check of statements is the only protection")
	}
	if r[8] == "1" && !yes {
		p.Warnings = append(p.Warnings, "The login may run procedures and functions (EXECUTE), which can change data")
	}
	if readOnly {
		yes, told = false, true
	}
	if told {
		p.CanWrite = &yes
	}
}

// latency measures one round trip on an open connection and tells how that is encrypted.
func (d *db) latency(ctx context.Context) (ms float64, tls string) {
	s, _, err := d.acquire(ctx, true)
	if err != nil {
		return 0, ""
	}
	start := time.Now()
	if err := s.exec(ctx, "SELECT 1"); err != nil {
		d.discard(s)
		return 0, s.tls
	}
	ms = float64(time.Since(start).Microseconds()) / 1000
	d.release(s)
	return ms, s.tls
}

var (
	offset    = regexp.MustCompile(`^[+-][0-9]{2}:[0-9]{2}$`)
	babelfish = regexp.MustCompile(`\(Babelfish ([0-9.]+)\)`)
)

// product names the server by what it says of itself.
func product(version, edition, banner, engine string) (name, full string) {
	name = "SQL Server"
	switch {
	case strings.Contains(banner, "Babelfish"):
		name = "Babelfish for PostgreSQL"
		if own := babelfish.FindStringSubmatch(banner); own != nil {
			version = own[1] // what it gives as its version is the SQL Server that it resembles
		}
	case engine == "5":
		name = "Azure SQL Database"
	case engine == "8":
		name = "Azure SQL Managed Instance"
	case engine == "6" || engine == "11":
		name = "Azure Synapse"
	case engine == "12":
		name = "SQL database in Fabric"
	}
	if edition != "" && name == "SQL Server" {
		return name, fmt.Sprintf("%s (%s)", version, edition)
	}
	return name, version
}

// remedy returns SQL for a login that can only read. Azure SQL knows the login
// in master and the user in the database, so the two parts are marked.
func remedy(database string) string {
	q := dialect{}.Quote
	return strings.Join([]string{
		"-- In the database master:",
		"CREATE LOGIN assay_reader WITH PASSWORD = 'choose a long password';",
		"-- In the database " + strings.NewReplacer("\n", " ", "\r", " ").Replace(database) + ":",
		"USE " + q(database) + "; -- Azure SQL: connect to it instead",
		"CREATE USER assay_reader FOR LOGIN assay_reader;",
		"ALTER ROLE db_datareader ADD MEMBER assay_reader; -- or, for one schema: GRANT SELECT ON SCHEMA::dbo TO assay_reader;",
		"DENY EXECUTE TO assay_reader;",
		"GRANT SHOWPLAN TO assay_reader; -- to see plans before a statement runs",
	}, "\n")
}
