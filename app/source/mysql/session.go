package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"assay/app/source"
)

// connector opens connections and pins their settings.
type connector struct {
	base    driver.Connector
	zone    string
	timeout time.Duration // for all of it, the login and the settings too
	bare    bool          // only used for killing: nothing is pinned
}

// rawConn is what the driver's connections can do.
type rawConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

// session is a connection whose settings are pinned.
type session struct {
	rawConn
	id      uint64 // what KILL calls it
	version string // as the server spells it, such as "10.11.19-MariaDB"
	comment string
	// limit is the time limit that the server holds now; 0 is its own default.
	limit time.Duration
	// warnings are about settings that the server refused.
	warnings []string
}

func (s *session) mariaDB() bool { return strings.Contains(s.version, "MariaDB") }

// product returns the server's product and version.
func (s *session) product() (name, version string) {
	version, _, _ = strings.Cut(s.version, "-")
	switch all := strings.ToLower(s.version + " " + s.comment); {
	case strings.Contains(all, "mariadb"):
		version = strings.TrimPrefix(s.version, "5.5.5-")
		version, _, _ = strings.Cut(version, "-")
		return "MariaDB", version
	case strings.Contains(all, "tidb"):
		if _, v, ok := strings.Cut(s.version, "TiDB-v"); ok {
			version, _, _ = strings.Cut(v, "-")
		}
		return "TiDB", version
	case strings.Contains(all, "planetscale"):
		return "PlanetScale", version
	case strings.Contains(all, "vitess"):
		return "Vitess", version
	case strings.Contains(all, "aurora"):
		return "Aurora MySQL", version
	case strings.Contains(all, "percona"):
		return "Percona Server", version
	}
	return "MySQL", version
}

// Driver returns the driver below.
func (c *connector) Driver() driver.Driver { return c.base.Driver() }

// Connect opens a connection and pins its settings. It fails where a setting
// is refused without which a statement could be read differently than the guard
// read it; other refusals become warnings.
func (c *connector) Connect(ctx context.Context) (opened driver.Conn, err error) {
	// The pool also calls this from a goroutine of its own, where a panic over what
	// a hostile server sends would end the program.
	defer recovered(&err)
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	conn, err := c.base.Connect(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	if c.bare {
		return conn, nil
	}
	raw, ok := conn.(rawConn)
	if !ok {
		conn.Close()
		return nil, fmt.Errorf("the driver's connection %T lacks a method", conn)
	}
	s := &session{rawConn: raw}
	if err := s.pin(ctx, c.zone); err != nil {
		conn.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return s, nil
}

// recovered turns a panic of the driver over what it was sent into an error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: %v", mysql.ErrMalformPkt, r)
	}
}

func (s *session) exec(ctx context.Context, statement string) error {
	_, err := s.ExecContext(ctx, statement, nil)
	return err
}

// optional runs a setting that questions can do without.
func (s *session) optional(ctx context.Context, statement, warning string) error {
	err := s.exec(ctx, statement)
	if _, refused := errors.AsType[*mysql.MySQLError](err); refused {
		if warning != "" {
			s.warnings = append(s.warnings, warning)
		}
		return nil
	}
	return err
}

func (s *session) pin(ctx context.Context, zone string) error {
	if err := s.exec(ctx, "SET NAMES utf8mb4"); err != nil {
		return err
	}
	if err := s.optional(ctx, "SET SESSION sql_mode = '"+sqlMode+"'", ""); err != nil {
		return err
	}
	if zone != "" {
		if err := s.exec(ctx, "SET SESSION time_zone = '"+escapes.Replace(zone)+"'"); err != nil {
			return zoneFailure(zone, err)
		}
	}
	for _, o := range [...][2]string{
		{"SET SESSION TRANSACTION READ ONLY",
			"The server does not know read-only sessions; only the check of each statement and the login's rights keep questions from writing."},
		{"SET SESSION lock_wait_timeout = 3, group_concat_max_len = 1048576, net_write_timeout = 600, sql_select_limit = DEFAULT", ""},
		{"SET SESSION sql_auto_is_null = 0, autocommit = 1, innodb_lock_wait_timeout = 3", ""},
	} {
		if err := s.optional(ctx, o[0], o[1]); err != nil {
			return err
		}
	}
	row, err := s.row(ctx, "SELECT CONNECTION_ID(), VERSION(), @@sql_mode, @@version_comment", 4)
	if err != nil {
		return err
	}
	for _, mode := range strings.Split(strings.ToUpper(row[2]), ",") {
		switch mode {
		case "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ORACLE", "MSSQL", "ANSI":
			return &source.Failure{Code: source.Unreachable,
				Message: "The server keeps the sql_mode " + mode + ", under which statements could be read differently than they were checked",
				Hint:    "Take " + mode + " out of the sql_mode of the server or of this login."}
		}
	}
	s.version, s.comment = row[1], row[3]
	s.id, err = strconv.ParseUint(row[0], 10, 64)
	return err
}

func zoneFailure(zone string, err error) error {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return &source.Failure{Code: source.Unreachable, State: strconv.Itoa(int(e.Number)), Err: err,
			Message: "The server does not know the time zone " + zone,
			Hint:    "Load the server's time zone tables (mysql_tzinfo_to_sql), or give an offset such as +01:00."}
	}
	return err
}

// row returns the first row of a query for so many columns as texts; null is "".
func (s *session) row(ctx context.Context, query string, columns int) ([]string, error) {
	rows, err := s.QueryContext(ctx, query, nil)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if len(rows.Columns()) != columns {
		return nil, mysql.ErrMalformPkt
	}
	values := make([]driver.Value, columns)
	texts := make([]string, len(values))
	if err := rows.Next(values); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, mysql.ErrMalformPkt
		}
		return nil, err
	}
	for i, v := range values {
		switch v := v.(type) {
		case []byte:
			texts[i] = string(v)
		case nil:
		default:
			texts[i] = fmt.Sprint(v)
		}
	}
	return texts, nil
}

// setLimit has the server end statements after the time; 0 is its own default.
// Servers without such a setting leave it to the killing of statements.
func (s *session) setLimit(ctx context.Context, limit time.Duration) error {
	if limit == s.limit {
		return nil
	}
	var statement string
	switch {
	case s.mariaDB() && limit > 0:
		statement = "SET SESSION max_statement_time = " + strconv.FormatFloat(max(limit.Seconds(), 0.001), 'f', 3, 64)
	case s.mariaDB():
		statement = "SET SESSION max_statement_time = DEFAULT"
	case limit > 0:
		statement = "SET SESSION max_execution_time = " + strconv.FormatInt(max(limit.Milliseconds(), 1), 10)
	default:
		statement = "SET SESSION max_execution_time = DEFAULT"
	}
	if err := s.optional(ctx, statement, ""); err != nil {
		return err
	}
	s.limit = limit
	return nil
}
