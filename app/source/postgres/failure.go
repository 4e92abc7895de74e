package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"assay/app/source"
)

// statementFailure turns an error while a statement ran into a failure; shift
// is the length of what was put before the asked text.
func statementFailure(err error, shift int) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return serverFailure(e, err, shift)
	}
	if f, ok := errors.AsType[*source.Failure](err); ok {
		return f
	}
	if e, ok := errors.AsType[*pgproto3.ExceededMaxBodyLenErr](err); ok {
		return &source.Failure{Code: source.DatabaseError, Message: fmt.Sprintf("A row is larger than %d MiB", maxMessage>>20), Hint: "Leave out the large columns, or shorten them.", Err: e}
	}
	return &source.Failure{Code: source.Unreachable, Message: "The connection to the database was lost", Hint: "Try again; if it happens again, the server may be restarting or out of memory.", Err: err}
}

// serverFailure turns the server's own error into a failure.
func serverFailure(e *pgconn.PgError, cause error, shift int) *source.Failure {
	f := &source.Failure{Code: source.DatabaseError, Message: e.Message, Hint: e.Hint, State: e.Code, Err: cause}
	if at := int(e.Position) - shift; at > 0 {
		f.Position = at
	}
	switch e.Code {
	case "57014":
		if strings.Contains(e.Message, "user request") {
			return &source.Failure{Code: source.Cancelled, Message: "The query was cancelled", State: e.Code, Err: cause}
		}
		return &source.Failure{Code: source.DeadlineExceeded, Message: "The query did not finish within its time limit", Hint: "Narrow it with a filter, or raise its time limit.", State: e.Code, Err: cause}
	case "57P01", "57P02", "57P03":
		f.Code, f.Message, f.Hint = source.Unreachable, "The database server is shutting down or starting up", "Try again in a moment."
	case "55P03":
		f.Hint = "Another session holds a lock on the table; try again in a moment."
	case "40001", "40P01":
		f.Hint = "The server had to stop the query in favour of another; try again."
	case "42501":
		if f.Hint == "" {
			f.Hint = "The login of this connection lacks a right; its administrator can GRANT SELECT."
		}
	}
	return f
}

// connectFailure turns an error while connecting into a failure in our own
// words, which never repeat what was sent.
func (db *database) connectFailure(ctx context.Context, err error) error {
	if f, ok := errors.AsType[*source.Failure](err); ok {
		return f // whoever dials has the say
	}
	if ctx.Err() != nil {
		f := source.AsFailure(ctx.Err())
		if f.Code == source.DeadlineExceeded {
			f.Message, f.Hint = "The database server did not answer in time", "Check the host, the port and whether a firewall is in the way."
		}
		f.Err = err
		return f
	}
	f := &source.Failure{Code: source.Unreachable, Err: err}
	where := net.JoinHostPort(db.config.Host, fmt.Sprint(db.config.Port))
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		db.refused(f, e)
		return f
	}
	dns, isDNS := errors.AsType[*net.DNSError](err)
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case isDNS && dns.IsNotFound:
		f.Message, f.Hint = fmt.Sprintf("The host name %s is not known", db.config.Host), "Check its spelling, and whether this machine can resolve it."
	case isDNS:
		f.Message, f.Hint = fmt.Sprintf("The host name %s could not be resolved", db.config.Host), "Check this machine's name servers."
	case tlsProblem(f, err):
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Message, f.Hint = "Nothing accepts connections at "+where, "Check the port, and that the server listens on this address."
		if hint := containerHint(db.config.Host); hint != "" {
			f.Hint = hint
		}
	case isNet && timeout.Timeout():
		f.Message, f.Hint = "The database server did not answer in time", "Check the host, the port and whether a firewall is in the way."
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		f.Message, f.Hint = "There is no way to "+where+" from here", "Check the address and the network."
	default:
		f.Message, f.Hint = "What answers at "+where+" does not speak as a PostgreSQL server does", "Check the host and the port."
	}
	return f
}

// refused words a server's refusal to start a session.
func (db *database) refused(f *source.Failure, e *pgconn.PgError) {
	f.State = e.Code
	switch e.Code {
	case "28P01":
		f.Message, f.Hint = "The server refused the user name or the password", "Check both; passwords count upper and lower case."
	case "28000":
		f.Message, f.Hint = "The server does not let this user in", "Check the user name; the server's pg_hba.conf must allow it from this machine."
		if strings.Contains(e.Message, "no encryption") || strings.Contains(e.Message, "SSL off") {
			f.Message, f.Hint = "The server does not let this user in without encryption, or not from this machine", "Choose the TLS mode require or verify-full; if that does not help, the server's pg_hba.conf must allow this machine."
		}
	case "3D000":
		f.Message, f.Hint = fmt.Sprintf("There is no database %q on this server", db.config.Database), "Check its spelling; names count upper and lower case."
	case "53300":
		f.Message, f.Hint = "The server has no connections left", "Try again later, or allow this connection fewer connections."
	case "57P03":
		f.Message, f.Hint = "The database server is starting up or shutting down", "Try again in a moment."
	case "42501":
		f.Message, f.Hint = "This user may not connect to the database", "Its administrator can GRANT CONNECT."
	case "22023", "42704":
		f.Message, f.Hint = "The server does not know one of the connection's settings", "Check the time zone and the options."
	default:
		f.Message, f.Hint = "The server refused the connection ("+sqlState(e.Code)+")", "Its log says why."
	}
}

// sqlState returns a server's error code where it is one, since a hostile server
// may put anything there.
func sqlState(code string) string {
	if len(code) != 5 || strings.ContainsFunc(code, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') }) {
		return "no error code"
	}
	return "error " + code
}

// tlsProblem words what is wrong with the encryption, if anything is.
func tlsProblem(f *source.Failure, err error) bool {
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	alert, isAlert := errors.AsType[tls.AlertError](err)
	switch {
	case unknown:
		f.Message, f.Hint = "The server's certificate is signed by an authority that is not known here", "Give the authority's certificate, or choose the TLS mode require to encrypt without verifying."
	case name:
		f.Message, f.Hint = "The server's certificate is for another name than the host", "Use the name in the certificate, give it as server name, or choose the TLS mode verify-ca."
	case isInvalid && invalid.Reason == x509.Expired:
		f.Message, f.Hint = "The server's certificate has expired or is not valid yet", "Renew it, and check this machine's clock."
	case isInvalid:
		f.Message, f.Hint = "The server's certificate is not valid", "Its administrator can renew it."
	case isAlert:
		f.Message, f.Hint = "The server broke off the encryption: "+alert.Error(), "It may ask for a client certificate or another version of TLS."
	case strings.Contains(err.Error(), "refused TLS"):
		f.Message, f.Hint = "The server does not offer encryption", "Turn on ssl on the server, or choose the TLS mode disable if the network can be trusted."
	case record:
		f.Message, f.Hint = "What answers does not speak TLS as a PostgreSQL server does", "Check the host and the port."
	default:
		return false
	}
	return true
}

// containerHint explains, where this process likely runs in a container, that
// localhost means the container.
func containerHint(host string) string {
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return ""
	}
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(mark); err == nil {
			return "This server runs in a container, where localhost means the container itself: use host.docker.internal, or the name of the database's service."
		}
	}
	return ""
}
