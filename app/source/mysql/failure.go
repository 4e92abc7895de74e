package mysql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/go-sql-driver/mysql"

	"assay/app/source"
)

// The numbers of the servers' errors that are treated apart.
const (
	tooManyConnections  = 1040
	databaseDenied      = 1044
	accessDenied        = 1045
	unknownDatabase     = 1049
	serverShutdown      = 1053
	unknownColumn       = 1054
	syntax              = 1064
	noDatabase          = 1046
	hostBlocked         = 1129
	hostNotAllowed      = 1130
	tableDenied         = 1142
	columnDenied        = 1143
	noSuchTable         = 1146
	lockWait            = 1205
	tooManyUserConns    = 1203
	resourceLimit       = 1226
	routineDenied       = 1370
	tablesDenied        = 1227
	noSuchFunction      = 1305
	interrupted         = 1317
	accessDeniedNoPass  = 1698
	readOnlyTransaction = 1792
	connectionKilled    = 1927
	mariaTimeout        = 1969
	mysqlTimeout        = 3024
	tlsRequired         = 3159
	accountLocked       = 3118
	passwordExpired     = 1862
)

// failure turns what went wrong with a statement into a failure.
func failure(err error, sql string) error {
	if f, ok := errors.AsType[*source.Failure](err); ok {
		return f
	}
	e, ok := errors.AsType[*mysql.MySQLError](err)
	if !ok {
		return &source.Failure{Code: source.Unreachable, Err: err,
			Message: "The connection to the database broke while the statement was running",
			Hint:    "Run it again. If it breaks each time, look into the database's log for what ended the connection."}
	}
	f := &source.Failure{Code: source.DatabaseError, Message: e.Message, State: state(e), Err: err}
	switch e.Number {
	case mariaTimeout, mysqlTimeout:
		timeout := source.AsFailure(context.DeadlineExceeded)
		timeout.State, timeout.Err = f.State, err
		return timeout
	case interrupted, connectionKilled:
		return &source.Failure{Code: source.Cancelled, State: f.State, Err: err, Message: "The database's administrator ended the query"}
	case serverShutdown:
		f.Code, f.Message = source.Unreachable, "The database is shutting down"
	case readOnlyTransaction:
		f.Code, f.Message = source.Refused, "The statement does more than read: "+e.Message
	case lockWait:
		f.Hint = "A table is locked by somebody else. Try again later."
	case tableDenied, columnDenied, databaseDenied, tablesDenied, routineDenied:
		f.Hint = "The login of this connection lacks a right. Its administrator can GRANT SELECT on what is missing."
	case noDatabase:
		f.Hint = "The connection names no database: write database.table."
	case noSuchTable, unknownColumn, noSuchFunction, syntax:
		f.Position = locate(sql, e.Message)
	}
	return f
}

func state(e *mysql.MySQLError) string {
	if s := string(e.SQLState[:]); s[0] != 0 {
		return s
	}
	return strconv.Itoa(int(e.Number))
}

var (
	quotedInMessage = regexp.MustCompile(`'([^']+)'`)
	nearInMessage   = regexp.MustCompile(`(?s)near '(.*)' at line \d+$`)
)

// locate returns the position of what an error names, 0 where it is not found once.
func locate(sql, message string) int {
	if m := nearInMessage.FindStringSubmatch(message); m != nil {
		if i := strings.LastIndex(sql, m[1]); i >= 0 && m[1] != "" {
			return position(sql, i)
		}
		return 0
	}
	m := quotedInMessage.FindStringSubmatch(message)
	if m == nil {
		return 0
	}
	name := m[1][strings.LastIndexByte(m[1], '.')+1:]
	tokens, err := lex(sql)
	if err != nil {
		return 0
	}
	found, count := 0, 0
	for _, t := range tokens {
		if t.kind == quotedToken && t.text == quoteName(name) {
			found, count = t.pos+1, count+1
		} else if t.kind == wordToken && t.text == name {
			found, count = t.pos, count+1
		}
	}
	if count != 1 {
		return 0
	}
	return position(sql, found)
}

// connectFailure turns what kept a connection from opening into a failure.
func (db *database) connectFailure(ctx context.Context, err error) error {
	if f, ok := errors.AsType[*source.Failure](err); ok {
		return f
	}
	switch {
	case db.ctx.Err() != nil:
		return errClosed
	case ctx.Err() != nil:
		return source.AsFailure(ctx.Err())
	}
	f := &source.Failure{Code: source.Unreachable, Err: err}
	host := db.config.Host
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		f.State = state(e)
		f.Message, f.Hint = db.refusal(e)
		return f
	}
	dns, noName := errors.AsType[*net.DNSError](err)
	badCertificate := isCertificateProblem(err)
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case noName && dns.IsNotFound:
		f.Message = "The host " + host + " was not found"
		f.Hint = "Check the spelling of the host name."
	case noName:
		f.Message = "The host name " + host + " could not be looked up"
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Message = "Nothing answers on " + db.address()
		f.Hint = "Check the port, and that the database listens for connections over the network."
	case errors.Is(err, mysql.ErrNoTLS):
		f.Message = "The server does not offer TLS"
		f.Hint = "Have its administrator turn TLS on, or choose the TLS mode prefer or disable where the way to it is safe."
	case badCertificate:
		f.Message, f.Hint = certificateProblem(err)
	case notTLS:
		f.Message = "The server's answer is not TLS"
		f.Hint = "Check that the port is that of a MySQL or MariaDB server."
	case errors.Is(err, mysql.ErrUnknownPlugin), errors.Is(err, mysql.ErrCleartextPassword), errors.Is(err, mysql.ErrOldPassword):
		f.Message = "The server asks for the password in a way that is not supported or not safe over this connection"
		f.Hint = "Use TLS with verification, or a login with caching_sha2_password, mysql_native_password or ed25519."
	case errors.Is(err, context.DeadlineExceeded), isNet && timeout.Timeout():
		f.Message = db.address() + " did not answer in time"
		f.Hint = "Check the host and port, and that a firewall lets this machine through."
	case errors.Is(err, mysql.ErrMalformPkt), errors.Is(err, mysql.ErrPktSync), errors.Is(err, mysql.ErrOldProtocol):
		f.Message = "What answers on " + db.address() + " is not a MySQL or MariaDB server"
		f.Hint = "Check the port."
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, mysql.ErrInvalidConn), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		f.Message = "The server closed the connection while it was being opened"
		f.Hint = "Check that the port is that of a MySQL or MariaDB server and that the server lets this machine in."
	default:
		f.Message = "No connection to " + db.address() + " could be opened"
	}
	if f.Hint == "" {
		f.Hint = "Check the host and port."
	}
	if ip := net.ParseIP(host); (strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()) && inContainer() {
		f.Hint += " This program runs in a container, where " + host + " is the container itself: use host.docker.internal or the service's name."
	}
	return f
}

func (db *database) address() string {
	port := db.config.Port
	if port == 0 {
		port = defaultPort
	}
	return net.JoinHostPort(db.config.Host, strconv.Itoa(port))
}

// refusal says why a server that was reached did not let the login in.
func (db *database) refusal(e *mysql.MySQLError) (message, hint string) {
	switch e.Number {
	case accessDenied, accessDeniedNoPass:
		return "The server refused the user name or password of " + db.config.User, "Check both. A login of these servers is only valid from some hosts: this machine may not be among them."
	case databaseDenied:
		return "The login " + db.config.User + " may not use the database " + db.config.Database, "Its administrator can GRANT SELECT ON " + quoteName(db.config.Database) + ".* to it."
	case unknownDatabase:
		return "The server has no database " + db.config.Database, "Check the spelling; on most servers letters' case counts."
	case tooManyConnections, tooManyUserConns, resourceLimit:
		return "The server has no connection left", "Try again later, or lower the number of connections that others keep."
	case hostBlocked, hostNotAllowed:
		return "The server does not let this machine in", "Its administrator can create the login for this machine's address."
	case tlsRequired:
		return "The server wants an encrypted connection", "Choose the TLS mode require, verify-ca or verify-full."
	case accountLocked:
		return "The login " + db.config.User + " is locked", "Its administrator can unlock it."
	case passwordExpired:
		return "The password of " + db.config.User + " has expired", "Its administrator can set a new one."
	}
	return "The server refused the connection (error " + strconv.Itoa(int(e.Number)) + ")", "Its log says why."
}

func isCertificateProblem(err error) bool {
	_, wrapped := errors.AsType[*tls.CertificateVerificationError](err)
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, notValid := errors.AsType[x509.CertificateInvalidError](err)
	return wrapped || unknown || name || notValid
}

func certificateProblem(err error) (message, hint string) {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "The server's certificate is for another name", "Set the name it is for as the server name, or choose the TLS mode verify-ca."
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "The server's certificate is signed by an unknown authority", "Give the authority's certificate as PEM text."
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return "The server's certificate has expired or is not valid yet", "Its administrator has to renew it."
	}
	return "The server's certificate could not be verified", "Check the authority's certificate and the server name."
}

func inContainer() bool {
	for _, path := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(path); err == nil {
			return true
		}
	}
	return false
}
