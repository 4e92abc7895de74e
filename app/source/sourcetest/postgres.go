package sourcetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// Postgres returns the process's throw-away PostgreSQL server, with passwords,
// TLS on, UTF-8 and nothing flushed to disk.
func Postgres(tb testing.TB) *Server {
	tb.Helper()
	return shared(tb, "postgres", startPostgres)
}

// postgresBin returns the directory of the newest PostgreSQL server programs.
func postgresBin() (string, error) {
	best, newest := "", 0.0
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	for _, path := range found {
		bin := filepath.Dir(path)
		version, err := strconv.ParseFloat(filepath.Base(filepath.Dir(bin)), 64)
		if err == nil && version > newest {
			best, newest = bin, version
		}
	}
	if best == "" {
		return "", errors.New("no PostgreSQL server programs in /usr/lib/postgresql; install the apt package postgresql")
	}
	return best, nil
}

func startPostgres() (s *Server, err error) {
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	as, err := unprivileged("postgres")
	if err != nil {
		return nil, err
	}
	dir, err := newDir("postgres", as)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	s = &Server{Kind: "postgres", Host: "127.0.0.1", User: "admin", Password: rand.Text(), engine: postgresEngine{}}
	password, err := writeFile(dir, "password", s.Password, as)
	if err != nil {
		return nil, err
	}
	ca, cert, key, err := certificate()
	if err != nil {
		return nil, err
	}
	s.CA = ca
	certPath, err := writeFile(dir, "server.crt", cert, as)
	if err != nil {
		return nil, err
	}
	keyPath, err := writeFile(dir, "server.key", key, as)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	err = as.run(dir, filepath.Join(bin, "initdb"), "--pgdata", data, "--username", s.User, "--pwfile", password,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions")
	if err != nil {
		return nil, err
	}
	if s.Port, err = freePort(); err != nil {
		return nil, err
	}
	args := []string{"-D", data, "-p", strconv.Itoa(s.Port)}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=", "timezone=UTC",
		"fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=logical", "max_wal_size=2GB",
		"autovacuum=off", "shared_buffers=64MB", "max_connections=80", "max_prepared_transactions=2",
		"ssl=on", "ssl_cert_file=" + certPath, "ssl_key_file=" + keyPath,
		"log_min_messages=fatal", "log_line_prefix=%m %p ",
	} {
		args = append(args, "-c", setting)
	}
	p, err := launch(as, dir, filepath.Join(bin, "postgres"), args...)
	if err != nil {
		return nil, err
	}
	atExit(func() { p.stop(syscall.SIGINT) })
	err = waitFor(p, func(ctx context.Context) error { return s.engine.exec(ctx, s, "", "SELECT 1") })
	if err != nil {
		p.stop(syscall.SIGINT)
		return nil, err
	}
	return s, nil
}

type postgresEngine struct{}

func (postgresEngine) exec(ctx context.Context, s *Server, database, script string) error {
	if database == "" {
		database = "postgres"
	}
	c, err := pgconn.ParseConfig("host=127.0.0.1 sslmode=disable target_session_attrs=any")
	if err != nil {
		return err
	}
	c.Host, c.Port, c.User, c.Password, c.Database = s.Host, uint16(s.Port), s.User, s.Password, database
	c.Fallbacks, c.TLSConfig = nil, nil
	c.LookupFunc = func(context.Context, string) ([]string, error) { return []string{s.Host}, nil }
	c.DialFunc = (&net.Dialer{}).DialContext
	conn, err := pgconn.ConnectConfig(ctx, c)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, script).ReadAll()
	return err
}

func (postgresEngine) create(database string) string {
	return fmt.Sprintf("CREATE DATABASE %s TEMPLATE template0", postgresName(database))
}

func (postgresEngine) reader(database, login, password string) string {
	db, role := postgresName(database), postgresName(login)
	return fmt.Sprintf(`
CREATE ROLE %[2]s LOGIN PASSWORD '%[3]s' NOSUPERUSER NOCREATEDB NOCREATEROLE;
REVOKE ALL ON DATABASE %[1]s FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE %[1]s TO %[2]s;
DO $body$
DECLARE s name;
BEGIN
  FOR s IN SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%%' AND nspname <> 'information_schema' LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %%I TO %%I', s, '%[4]s');
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %%I TO %%I', s, '%[4]s');
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %%I GRANT SELECT ON TABLES TO %%I', s, '%[4]s');
  END LOOP;
END $body$;`, db, role, password, login)
}

func (postgresEngine) drop(database, login string) []string {
	return []string{
		"DROP DATABASE IF EXISTS " + postgresName(database) + " WITH (FORCE)",
		"DROP ROLE IF EXISTS " + postgresName(login),
	}
}

func postgresName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
