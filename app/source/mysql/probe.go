package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"assay/app/source"
)

// Probe connects and tells what a person should know before trusting the connection.
func (db *database) Probe(ctx context.Context) (source.Probe, error) {
	p, err := db.probe(ctx)
	if err == nil {
		p.OK = true
		return p, nil
	}
	f := source.AsFailure(err)
	if f == nil {
		f, _ = failure(err, "").(*source.Failure)
	}
	if f.Code == source.Cancelled || f.Code == source.DeadlineExceeded {
		return p, f
	}
	p.Problem = f.Message + "."
	if f.Hint != "" {
		p.Problem += " " + f.Hint
	}
	return p, nil
}

func (db *database) probe(ctx context.Context) (p source.Probe, err error) {
	conn, ctx, done, err := db.connection(ctx)
	if err != nil {
		return p, err
	}
	defer done()
	var product string
	if err := conn.Raw(func(c any) error {
		s := c.(*session)
		product = s.version
		p.Server, p.Version = s.product()
		p.Warnings = append(p.Warnings, s.warnings...)
		return nil
	}); err != nil {
		return p, err
	}
	for i := range 3 {
		begun := time.Now()
		var one int
		if err := conn.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
			return p, err
		}
		if ms := float64(time.Since(begun)) / float64(time.Millisecond); i == 0 || ms < p.LatencyMS {
			p.LatencyMS = ms
		}
	}
	var name, cipher sql.NullString
	if err := conn.QueryRowContext(ctx, "SHOW SESSION STATUS LIKE 'Ssl_version'").Scan(&name, &cipher); err == nil && cipher.String != "" {
		p.TLS = strings.Replace(cipher.String, "TLSv", "TLS ", 1)
	}
	if p.TLS == "" && !isLoopback(db.config.Host) {
		p.Warnings = append(p.Warnings, "The connection is not encrypted: whoever is on the way can read and change what goes over it.")
	}
	if err := conn.QueryRowContext(ctx, "SELECT IF(@@time_zone = 'SYSTEM', @@system_time_zone, @@time_zone)").Scan(&p.TimeZone); err != nil {
		return p, err
	}
	grants, err := db.grants(ctx, conn, strings.Contains(product, "MariaDB"))
	if err != nil {
		return p, err
	}
	db.judge(&p, grants)
	return p, nil
}

func isLoopback(host string) bool {
	return strings.EqualFold(host, "localhost") || strings.HasPrefix(host, "127.") || strings.Trim(host, "[]") == "::1"
}

// grants returns the login's rights, those of its active roles among them, as
// the server spells them.
func (db *database) grants(ctx context.Context, conn *sql.Conn, mariaDB bool) ([]string, error) {
	query := "SHOW GRANTS"
	if !mariaDB {
		var roles sql.NullString
		if err := conn.QueryRowContext(ctx, "SELECT CURRENT_ROLE()").Scan(&roles); err == nil && roles.String != "" && roles.String != "NONE" {
			query = "SHOW GRANTS FOR CURRENT_USER() USING " + roles.String
		}
	}
	rows, err := conn.QueryContext(ctx, query)
	if err != nil {
		return nil, nil // some proxies keep no grants: then it cannot be told
	}
	defer rows.Close()
	var grants []string
	for rows.Next() {
		var g string
		if err := rows.Scan(&g); err != nil {
			return nil, err
		}
		grants = append(grants, g)
	}
	return grants, rows.Err()
}

var grantForm = regexp.MustCompile(`(?is)^GRANT (.+?) ON (?:TABLE |FUNCTION |PROCEDURE )?(\*|` + "`(?:[^`]|``)*`" + `|[^.\s]+)\.(?:\*|` + "`(?:[^`]|``)*`" + `|[^\s]+) TO `)

var columnsInGrant = regexp.MustCompile(`\([^)]*\)`)

// writing are the rights to change data or what holds them.
var writing = []string{"ALL PRIVILEGES", "ALL", "INSERT", "UPDATE", "DELETE", "DELETE HISTORY", "CREATE", "DROP", "ALTER", "INDEX",
	"TRIGGER", "EVENT", "CREATE VIEW", "CREATE ROUTINE", "ALTER ROUTINE"}

// judge sets what the rights mean: whether the login can write where questions
// read, and what else it should not be able to.
func (db *database) judge(p *source.Probe, grants []string) {
	if len(grants) == 0 {
		p.Warnings = append(p.Warnings, "The rights of this login could not be read.")
		return
	}
	can := false
	everywhere := map[string]bool{}
	for _, g := range grants {
		m := grantForm.FindStringSubmatch(g)
		if m == nil {
			continue // a role, which is listed with its own rights, or a proxy
		}
		schema := strings.ReplaceAll(strings.Trim(m[2], "`"), "``", "`")
		rights := strings.Split(columnsInGrant.ReplaceAllString(strings.ToUpper(m[1]), ""), ",")
		for i := range rights {
			rights[i] = strings.TrimSpace(rights[i])
			if schema == "*" {
				everywhere[rights[i]] = true
			}
		}
		if strings.HasSuffix(strings.ToUpper(strings.TrimSpace(g)), "WITH GRANT OPTION") {
			everywhere["GRANT OPTION"] = true
		}
		for _, w := range writing {
			if slices.Contains(rights, w) && db.covers(schema) {
				can = true
			}
		}
	}
	p.CanWrite = &can
	all := everywhere["ALL PRIVILEGES"] || everywhere["ALL"]
	for _, w := range []struct {
		is   bool
		text string
	}{
		{can, "This login can change data. Questions are checked and run in read-only sessions, but a login that can only read is safer."},
		{all || everywhere["FILE"], "This login has the FILE right: it can read and write files of the database server."},
		{all || everywhere["SUPER"], "This login is an administrator of the server (SUPER)."},
		{!all && everywhere["PROCESS"], "This login has the PROCESS right: it can see what others run."},
		{!all && everywhere["GRANT OPTION"], "This login can give its rights to others (GRANT OPTION)."},
	} {
		if w.is {
			p.Warnings = append(p.Warnings, w.text)
		}
	}
	if len(p.Warnings) > 0 {
		p.Remedy = db.remedy()
	}
}

// covers reports whether a grant's schema, which may be a pattern, is one that questions read.
func (db *database) covers(schema string) bool {
	if schema == "*" || db.config.Database == "" {
		return true
	}
	pattern := regexp.QuoteMeta(schema)
	pattern = strings.NewReplacer(`\\_`, "_", `\\%`, "%", "_", ".", "%", ".*").Replace(pattern)
	ok, err := regexp.MatchString("(?is)^"+pattern+"$", db.config.Database)
	return err != nil || ok
}

// remedy returns SQL for a login that can only read.
func (db *database) remedy() string {
	on := quoteName(db.config.Database)
	if db.config.Database == "" {
		on = "`your_database`"
	}
	return fmt.Sprintf("CREATE USER 'assay_reader'@'%%' IDENTIFIED BY 'choose-a-password';\nGRANT SELECT, SHOW VIEW ON %s.* TO 'assay_reader'@'%%';", on)
}
