package postgres

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"assay/app/source"
)

// serverSQL works on everything that speaks PostgreSQL's protocol.
const serverSQL = `SELECT version(), current_setting('server_version'), current_setting('TimeZone')`

// rightsSQL tells, from the catalog alone, what the login may do.
const rightsSQL = `
SELECT r.rolsuper,
       EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
                 AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                 AND pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')),
       EXISTS (SELECT 1 FROM pg_catalog.pg_namespace n WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
                 AND pg_catalog.has_schema_privilege(n.oid, 'CREATE')),
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
       (SELECT pg_catalog.string_agg(p.rolname, ', ' ORDER BY p.rolname) FROM pg_catalog.pg_roles p
         WHERE p.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files', 'pg_write_all_data', 'pg_signal_backend', 'pg_maintain', 'pg_checkpoint', 'rds_superuser', 'cloudsqlsuperuser')
           AND pg_catalog.pg_has_role(p.oid, 'MEMBER')),
       pg_catalog.current_database(),
       (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(n.nspname), ', ' ORDER BY n.nspname) FROM pg_catalog.pg_namespace n
         WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'),
       pg_catalog.quote_ident(pg_catalog.current_database()),
       pg_catalog.pg_is_in_recovery()
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user`

// Probe connects and tells what a person should know before trusting the connection.
func (db *database) Probe(ctx context.Context) (source.Probe, error) {
	var p source.Probe
	if err := db.line(ctx, &p); err != nil {
		return p, err
	}
	about, err := db.all(ctx, serverSQL)
	if err != nil {
		return p, err
	}
	row := texts{about, 0}
	p.Server, p.Version = product(row.text(0), row.text(1))
	p.TimeZone = row.text(2)
	p.OK = true
	if p.TLS == "" && !db.near() {
		p.Warnings = append(p.Warnings, "The connection is not encrypted.")
	}
	if err := db.rights(ctx, &p); err != nil && !unlike(err) {
		return p, err
	}
	return p, nil
}

// line measures one round trip, the best of three, and tells how it is encrypted.
func (db *database) line(ctx context.Context, p *source.Probe) error {
	conn, _, _, err := db.acquire(ctx, false)
	if err != nil {
		return err
	}
	p.TLS = tlsVersion(conn)
	for i := range 3 {
		begun := time.Now()
		if err := conn.Ping(ctx); err != nil {
			db.pool.drop(conn)
			return db.connectFailure(ctx, err)
		}
		if ms := float64(time.Since(begun).Microseconds()) / 1000; i == 0 || ms < p.LatencyMS {
			p.LatencyMS = ms
		}
	}
	db.pool.put(conn)
	return nil
}

// near reports whether the server is on this machine.
func (db *database) near() bool {
	ip := net.ParseIP(db.config.Host)
	return db.config.Host == "localhost" || ip != nil && ip.IsLoopback()
}

func (db *database) rights(ctx context.Context, p *source.Probe) error {
	found, err := db.all(ctx, rightsSQL)
	if err != nil || found.Rows() != 1 {
		return err
	}
	row := texts{found, 0}
	yes := func(col int) bool { return row.text(col) == "true" }
	super, roles := yes(0), row.text(4)
	writes := super || yes(1) || yes(2) || yes(3) || strings.Contains(roles, "pg_write_all_data")
	if yes(8) {
		p.Warnings = append(p.Warnings, "The server is a standby: data may lag behind, and long queries may be stopped.")
	}
	p.CanWrite = &writes
	var reasons []string
	switch {
	case super:
		reasons = append(reasons, "This login is a superuser: it can change everything, read files of the server and run programs on it.")
	case yes(1) || strings.Contains(roles, "pg_write_all_data"):
		reasons = append(reasons, "This login can change data.")
	case yes(2) || yes(3):
		reasons = append(reasons, "This login can create tables.")
	}
	if roles != "" && !super {
		reasons = append(reasons, "This login is a member of "+roles+", which can do more than read.")
	}
	if len(reasons) == 0 {
		return nil
	}
	reasons = append(reasons, "Questions only ever read, but a login that can only read is the stronger wall.")
	p.Warnings = append(p.Warnings, reasons...)
	p.Remedy = remedy(row.text(7), row.text(6))
	return nil
}

// remedy returns the script that makes a login which may only read.
func remedy(database, schemas string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE ROLE assay_reader LOGIN PASSWORD 'choose a long password' NOSUPERUSER NOCREATEDB NOCREATEROLE;\n")
	fmt.Fprintf(&b, "GRANT CONNECT ON DATABASE %s TO assay_reader;\n", database)
	if schemas != "" {
		fmt.Fprintf(&b, "GRANT USAGE ON SCHEMA %s TO assay_reader;\n", schemas)
		fmt.Fprintf(&b, "GRANT SELECT ON ALL TABLES IN SCHEMA %s TO assay_reader;\n", schemas)
		fmt.Fprintf(&b, "ALTER DEFAULT PRIVILEGES IN SCHEMA %s GRANT SELECT ON TABLES TO assay_reader;\n", schemas)
		fmt.Fprintf(&b, "REVOKE CREATE ON SCHEMA %s FROM PUBLIC;\n", schemas)
	}
	fmt.Fprintf(&b, "REVOKE TEMPORARY ON DATABASE %s FROM PUBLIC;\n", database)
	return b.String()
}

// product tells a server's name and version from what it says of itself.
func product(banner, version string) (name, number string) {
	number, _, _ = strings.Cut(version, " ")
	if strings.HasPrefix(banner, "CockroachDB") {
		words := strings.Fields(banner)
		if i := slices.IndexFunc(words, func(w string) bool { return len(w) > 1 && w[0] == 'v' && w[1] >= '0' && w[1] <= '9' }); i >= 0 {
			number = words[i][1:]
		}
		return "CockroachDB", number
	}
	if _, after, ok := strings.Cut(banner, "Redshift "); ok {
		return "Amazon Redshift", strings.Fields(after)[0]
	}
	for mark, product := range map[string]string{"-YB-": "YugabyteDB", "Greenplum": "Greenplum", "EnterpriseDB": "EDB Postgres", "Materialize": "Materialize"} {
		if strings.Contains(banner, mark) {
			return product, number
		}
	}
	return "PostgreSQL", number
}
