package sqlserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"

	"assay/app/source"
)

func misconfigured(format string, args ...any) *source.Failure {
	return &source.Failure{Code: source.Unreachable, Message: fmt.Sprintf(format, args...)}
}

// hints say what helps against the errors of SQL Server that people meet most.
var hints = map[int32]string{
	102:   "Look at the word before the one that is named. SQL Server writes TOP instead of LIMIT and [brackets] around names.",
	156:   "A reserved word stands where it cannot. Put names that are reserved words in [brackets].",
	207:   "Check the spelling, and that the column belongs to one of the tables in FROM. A name given with AS cannot be used in WHERE or GROUP BY.",
	208:   "Check the spelling and the schema: tables outside of the login's default schema need schema.table.",
	209:   "Write the table before the column, as in table.column.",
	229:   "The login may not read this. An administrator can grant SELECT on it.",
	230:   "The login may not read this column. An administrator can grant SELECT on it.",
	241:   "A text does not look like a date. TRY_CONVERT gives null instead of an error.",
	242:   "A text is no date that exists. TRY_CONVERT gives null instead of an error.",
	245:   "A text does not look like a number. TRY_CAST gives null instead of an error.",
	262:   "The login may not see plans. An administrator can grant SHOWPLAN.",
	1205:  "Another session was given way. Run it again.",
	1222:  "Another session has the rows locked. Run it again later, or ask for snapshot isolation on the database.",
	2571:  "The login lacks a right that this needs.",
	3952:  "The database does not allow snapshot isolation: set the option isolation to read_committed.",
	8114:  "TRY_CAST gives null instead of an error where a value does not fit.",
	8115:  "A value does not fit its type. CAST to bigint, decimal or float before calculating.",
	8120:  "Every column that is not inside of an aggregate must be in GROUP BY.",
	8134:  "Divide by NULLIF(x, 0), which gives null instead of an error.",
	8623:  "The statement is too complex to plan. Split it.",
	701:   "The server ran out of memory. Read fewer rows or columns.",
	1105:  "The database is full.",
	1101:  "The disk for temporary results is full. Read fewer rows.",
	10928: "The database's limit of concurrent requests is reached. Try again later.",
	10929: "The database is busy. Try again later.",
	40501: "The service is busy. Try again in ten seconds.",
	40197: "The service had an error while moving the database. Try again.",
	40613: "The database is not available at the moment. Serverless databases take about a minute to wake up.",
}

// isServerError reports whether the server itself answered with an error that leaves the connection usable.
func isServerError(err error) bool {
	e, ok := errors.AsType[mssql.Error](err)
	return ok && e.Class < 20
}

// failure turns what went wrong while a statement ran into content for the result pane.
func failure(err error) *source.Failure {
	if err == nil {
		return nil
	}
	if f := source.AsFailure(err); f != nil {
		return f
	}
	if e, ok := errors.AsType[mssql.Error](err); ok {
		if f := loginFailure(e); f != nil {
			return f
		}
		e = firstOf(e)
		return &source.Failure{
			Code: source.DatabaseError, Message: e.Message, Hint: hints[e.Number],
			State: strconv.Itoa(int(e.Number)), Err: err,
		}
	}
	return &source.Failure{
		Code: source.Unreachable, Message: "The connection to the server was lost while the statement ran",
		Hint: "Run it again. If it keeps happening, the server may be restarting or a firewall may be cutting long statements.", Err: err,
	}
}

// firstOf returns the first error of a run of them: what follows is mostly its consequence.
func firstOf(e mssql.Error) mssql.Error {
	for _, one := range e.All {
		if one.Class > 10 {
			return one
		}
	}
	return e
}

// loginFailure returns a failure for the errors that mean no connection, or nil.
func loginFailure(e mssql.Error) *source.Failure {
	f := &source.Failure{Code: source.Unreachable, State: strconv.Itoa(int(e.Number)), Err: e}
	switch e.Number {
	case 18456:
		f.Message, f.Hint = "The server does not accept this user with this password", "Check both. The server must allow SQL Server authentication, not only Windows authentication."
	case 18452, 18451:
		f.Message, f.Hint = "The server accepts Windows authentication only", "Ask its administrator to allow SQL Server authentication, or use a login of that kind."
	case 18470, 18486:
		f.Message, f.Hint = "The login is disabled or locked", "Ask the server's administrator to unlock it."
	case 18487, 18488:
		f.Message, f.Hint = "The login's password has expired", "Set a new one with another client first."
	case 4060, 4063, 4064:
		f.Message, f.Hint = "The database cannot be opened with this login", "Check the database's name, and that the login has a user in it."
	case 916:
		f.Message, f.Hint = "The login has no user in this database", "Ask the administrator for CREATE USER in it."
	case 40615:
		f.Message, f.Hint = "The firewall of Azure SQL does not let this address in", "Add this machine's outgoing address to the server's firewall rules."
	case 40532, 40531:
		f.Message, f.Hint = "Azure SQL does not know this server for this login", "Write the user as user@server, or check the host."
	case 17809, 17810:
		f.Message, f.Hint = "The server has no connections left", "Try again later."
	case 978, 979:
		f.Message, f.Hint = "The database is a secondary that takes read-only sessions only", "Set the option application_intent to read_only."
	default:
		return nil
	}
	return f
}

// unreachable says why there is no connection and what helps; it never repeats credentials.
func unreachable(c source.Config, err error, ctx context.Context) *source.Failure {
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errNoAnswer) {
		return failure(ended(ctx, err))
	}
	if e, ok := errors.AsType[mssql.Error](err); ok {
		if f := loginFailure(e); f != nil {
			return f
		}
		return &source.Failure{Code: source.Unreachable, Message: "The server refused the login: " + firstOf(e).Message, State: strconv.Itoa(int(e.Number)), Err: err}
	}
	f := &source.Failure{Code: source.Unreachable, Err: err}
	if own := source.AsFailure(err); own != nil && own.Code == source.Unreachable {
		return own
	}
	text := err.Error()
	_, unknownCA := errors.AsType[x509.UnknownAuthorityError](err)
	_, wrongName := errors.AsType[x509.HostnameError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	dns, isDNS := errors.AsType[*net.DNSError](err)
	switch {
	case isDNS && dns.IsNotFound:
		f.Message, f.Hint = fmt.Sprintf("The host %s is not known", c.Host), "Check its spelling, and that this machine can resolve it."
	case strings.Contains(text, "no instance matching"):
		f.Message, f.Hint = "The server has no instance of this name", "Check the name, or give the instance's port instead."
	case strings.Contains(text, "does not support encryption"):
		f.Message, f.Hint = "The server offers no encryption", "Set a certificate on the server, or choose the TLS mode disable or prefer for a network that is trusted."
	case unknownCA || strings.Contains(text, "unknown authority"):
		f.Message, f.Hint = "The server's certificate is signed by an authority that is not known here", "Give the CA's certificate, or choose the TLS mode require where the network is trusted: SQL Server makes itself a certificate when it has none."
	case strings.Contains(text, "not valid for any names"), strings.Contains(text, "legacy Common Name"):
		f.Message, f.Hint = "The server's certificate names no host in a way that can be checked", "SQL Server makes itself such a certificate when it has none. Give it one that has its name as a subject alternative name, or choose the TLS mode require where the network is trusted."
	case wrongName || strings.Contains(text, "certificate is valid for") || strings.Contains(text, "doesn't contain any IP SANs") || strings.Contains(text, "not standards compliant"):
		f.Message, f.Hint = "The server's certificate is for another name", "Connect by the name in the certificate, or give that name as server name."
	case strings.Contains(text, "x509:"):
		f.Message, f.Hint = "The server's certificate is not valid", "It may have expired, or be made for another purpose."
	case record || strings.Contains(text, "TLS Handshake failed") || strings.Contains(text, "tls:"):
		f.Message, f.Hint = "The encrypted connection could not be agreed on", "The server must speak TLS 1.2 or later."
	case strings.Contains(text, "connection refused"):
		f.Message, f.Hint = fmt.Sprintf("Nothing listens at %s", address(c)), "Check host and port, and that TCP/IP is switched on in SQL Server's network configuration."
	case errors.Is(err, io.EOF), strings.Contains(text, "connection reset"):
		f.Message, f.Hint = fmt.Sprintf("The server at %s closed the connection", address(c)), "Check that the port is SQL Server's and not another service's."
	case isTimeout(err), ctx.Err() != nil:
		f.Message, f.Hint = fmt.Sprintf("The server at %s does not answer", address(c)), "A firewall may be dropping the packets."
	default:
		f.Message, f.Hint = fmt.Sprintf("The server at %s cannot be reached", address(c)), "Check host, port and network."
	}
	if loopback(c.Host) && containerized() {
		f.Hint = "localhost is this container itself. Use host.docker.internal for the machine it runs on, or the database's service name."
	}
	return f
}

func isTimeout(err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

func address(c source.Config) string {
	if c.Port == 0 {
		return c.Host
	}
	return net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
}

func containerized() bool {
	for _, file := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(file); err == nil {
			return true
		}
	}
	return false
}

var quotedPart = regexp.MustCompile(`(?:near(?: the keyword)?|column name|object name|identifier|column) ['"]([^'"]+)['"]`)

// located adds where in the statement an error lies: SQL Server tells a line
// and often a name, which counts where the line, or the statement, holds it once.
func located(sql string, f *source.Failure) *source.Failure {
	e, ok := errors.AsType[mssql.Error](f.Err)
	if !ok || f.Code != source.DatabaseError || f.Position != 0 {
		return f
	}
	e = firstOf(e)
	from, to := 0, len(sql)
	lines := strings.SplitAfter(sql, "\n")
	if n := int(e.LineNo); n >= 1 && n <= len(lines) && len(lines) > 1 {
		from = len(strings.Join(lines[:n-1], ""))
		to = from + len(lines[n-1])
		f.Position = position(sql, from+len(lines[n-1])-len(strings.TrimLeft(lines[n-1], " \t")))
	}
	m := quotedPart.FindStringSubmatch(e.Message)
	if m == nil {
		return f
	}
	at := once(sql, m[1], from, to)
	if at < 0 {
		// A statement over several lines reports the line it begins on.
		at = once(sql, m[1], 0, len(sql))
	}
	if at >= 0 {
		f.Position = position(sql, at)
	}
	return f
}

// once returns where the token stands in sql[from:to], or -1 unless exactly once.
func once(sql, name string, from, to int) int {
	tokens, err := lex(sql)
	if err != nil {
		return -1
	}
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[i+1:]
	}
	found := -1
	for _, t := range tokens {
		if t.pos < from || t.pos >= to || !strings.EqualFold(t.text, name) && (t.up == "" || !strings.EqualFold(t.up, name)) {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = t.pos
	}
	return found
}
