package sourcetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// MariaDB returns the process's throw-away MariaDB server, with passwords, TLS
// offered, UTF-8 and nothing flushed to disk.
func MariaDB(tb testing.TB) *Server {
	tb.Helper()
	return shared(tb, "mysql", startMariaDB)
}

// mariaDBProgram returns the path of one of the server's programs.
func mariaDBProgram(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/bin"} {
		if path := filepath.Join(dir, name); isFile(path) {
			return path, nil
		}
	}
	return "", errors.New("no program " + name + " here; install the apt package mariadb-server")
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func startMariaDB() (s *Server, err error) {
	install, err := mariaDBProgram("mariadb-install-db")
	if err != nil {
		return nil, err
	}
	server, err := mariaDBProgram("mariadbd")
	if err != nil {
		return nil, err
	}
	as, err := unprivileged("mysql")
	if err != nil {
		return nil, err
	}
	dir, err := newDir("mariadb", as)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	s = &Server{Kind: "mysql", Host: "127.0.0.1", User: "admin", Password: rand.Text(), engine: mariaDBEngine{}}
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
	err = as.run(dir, install, "--no-defaults", "--datadir="+data, "--skip-test-db", "--auth-root-authentication-method=normal",
		"--innodb-log-file-size=8M", "--innodb-flush-method=nosync")
	if err != nil {
		return nil, err
	}
	admin, err := writeFile(dir, "admin.sql", fmt.Sprintf(
		"CREATE USER %[1]s IDENTIFIED BY '%[2]s';\nGRANT ALL ON *.* TO %[1]s WITH GRANT OPTION;\nDROP USER IF EXISTS ''@'localhost';\n",
		mariaDBLogin(s.User), s.Password), as)
	if err != nil {
		return nil, err
	}
	if s.Port, err = freePort(); err != nil {
		return nil, err
	}
	p, err := launch(as, dir, server, "--no-defaults", "--datadir="+data, "--init-file="+admin,
		"--bind-address=127.0.0.1", "--port="+strconv.Itoa(s.Port), "--socket="+filepath.Join(dir, "s"), "--pid-file="+filepath.Join(dir, "pid"),
		"--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci", "--default-time-zone=+00:00",
		"--ssl-cert="+certPath, "--ssl-key="+keyPath,
		"--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-doublewrite=0", "--innodb-buffer-pool-size=64M",
		"--innodb-log-file-size=8M", "--sync-binlog=0", "--skip-log-bin", "--skip-name-resolve", "--max-connections=80", "--performance-schema=OFF",
		"--event-scheduler=OFF", "--local-infile=1", "--secure-file-priv="+dir, "--max-allowed-packet=64M")
	if err != nil {
		return nil, err
	}
	atExit(func() { p.stop(syscall.SIGTERM) })
	err = waitFor(p, func(ctx context.Context) error { return s.engine.exec(ctx, s, "", "SELECT 1") })
	if err != nil {
		p.stop(syscall.SIGKILL)
		return nil, err
	}
	return s, nil
}

type mariaDBEngine struct{}

func (mariaDBEngine) exec(ctx context.Context, s *Server, database, script string) error {
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	c.User, c.Passwd, c.DBName = s.User, s.Password, database
	c.MultiStatements, c.Logger = true, &mysql.NopLogger{}
	if err := c.Apply(mysql.Charset("utf8mb4", "")); err != nil {
		return err
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	_, err = db.ExecContext(ctx, script)
	return err
}

func (mariaDBEngine) create(database string) string {
	return "CREATE DATABASE " + mariaDBName(database)
}

func (mariaDBEngine) reader(database, login, password string) string {
	return fmt.Sprintf("CREATE USER %[1]s IDENTIFIED BY '%[2]s'; GRANT SELECT, SHOW VIEW ON %[3]s.* TO %[1]s",
		mariaDBLogin(login), password, mariaDBName(database))
}

func (mariaDBEngine) drop(database, login string) []string {
	return []string{
		"DROP DATABASE IF EXISTS " + mariaDBName(database),
		"DROP USER IF EXISTS " + mariaDBLogin(login),
	}
}

func mariaDBName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

func mariaDBLogin(name string) string { return "'" + name + "'@'%'" }
