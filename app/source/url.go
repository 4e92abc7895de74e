package source

import (
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"assay/app/fault"
)

// supported names the kinds for a person whose text named none of them.
const supported = "Assay connects to PostgreSQL, MySQL and MariaDB, SQL Server, and SQLite"

// maxURL bounds the text of ParseURL, in bytes.
const maxURL = 16 << 10

var defaultPorts = map[string]int{"postgres": 5432, "mysql": 3306, "sqlserver": 1433}

// ParseURL reads a connection in any spelling that people have at hand: a URL,
// a JDBC, ADO.NET, ODBC, libpq or Go data source name, lines of a .env file, or
// a command line of psql, mysql or sqlcmd. The notes tell the person in
// sentences what was assumed or left out. The error is an Invalid fault about
// the field "url". Neither holds anything of the text but words from a fixed
// vocabulary, so a password cannot get into them.
func ParseURL(text string) (Config, []string, error) {
	r := newReading()
	if err := r.read(text, 0); err != nil {
		return Config{}, nil, err
	}
	c, err := r.config()
	if err != nil {
		return Config{}, nil, err
	}
	return c, r.notes, nil
}

// URL returns the configuration as a URL to show, without its secrets; ParseURL reads it back.
func (c Config) URL() string {
	if c.Kind == "sqlite" {
		path := escape(c.Path, "/:")
		query := ""
		if c.Options["immutable"] == "true" {
			query = "?immutable=true"
		}
		switch {
		case isDrive(c.Path):
			return "sqlite:///" + path + query
		case strings.HasPrefix(c.Path, "/"):
			return "sqlite://" + path + query
		}
		return "sqlite:" + path + query
	}
	var b strings.Builder
	b.WriteString(c.Kind + "://")
	if c.User != "" {
		b.WriteString(escape(c.User, "") + "@")
	}
	host := c.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	b.WriteString(host)
	if c.Port != 0 {
		b.WriteString(":" + strconv.Itoa(c.Port))
	}
	query := url.Values{}
	switch {
	case c.Database == "":
	case c.Kind == "sqlserver":
		query.Set("database", c.Database)
	default:
		b.WriteString("/" + escape(c.Database, ""))
	}
	if c.TLS.Mode != TLSDefault {
		query.Set("sslmode", string(c.TLS.Mode))
	}
	if c.TLS.ServerName != "" {
		query.Set("hostNameInCertificate", c.TLS.ServerName)
	}
	if c.TimeZone != "" {
		query.Set("timezone", c.TimeZone)
	}
	for name, value := range c.Options {
		query.Set(name, value)
	}
	if len(query) > 0 {
		b.WriteString("?" + strings.ReplaceAll(query.Encode(), "+", "%20"))
	}
	return b.String()
}

// escape percent-encodes everything but letters, digits, -_.~ and the characters in keep.
func escape(s, keep string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case strings.IndexByte(keep, c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteString(strings.ReplaceAll(url.QueryEscape(s[i:i+1]), "+", "%20"))
		}
	}
	return b.String()
}

// reading is what a text says, by words of the vocabulary, before it is known
// what that amounts to.
type reading struct {
	// kind is empty until the text names it.
	kind   string
	values map[word]string
	// seen holds every name as plain makes it, to guess the kind by.
	seen map[string]bool
	// left holds the vocabulary's own spelling of names that were left out, by why.
	left    map[class][]string
	unknown int
	notes   []string
	// local says that the spelling's own tools take a missing host for this machine.
	local bool
	// form is the spelling, for what differs between them.
	form form
}

type form int

const (
	formURL form = iota
	formJDBC
	formList
	formLines
	formCommand
)

func newReading() *reading {
	return &reading{values: map[word]string{}, seen: map[string]bool{}, left: map[class][]string{}}
}

func (r *reading) note(text string) {
	for _, n := range r.notes {
		if n == text {
			return
		}
	}
	r.notes = append(r.notes, text)
}

// problem returns an Invalid fault about the field; text never comes from the person.
func problem(text string) error { return fault.Field("url", "%s", text) }

const example = "write it as postgres://user:password@host:5432/database"

// read finds out the spelling of the text; depth counts how often one spelling held another.
func (r *reading) read(text string, depth int) error {
	text = unwrap(text)
	switch {
	case text == "":
		return problem("Paste a connection URL, such as postgres://user:password@host:5432/database")
	case len(text) > maxURL:
		return problem("The text is too long to be a connection")
	case depth > 3:
		return problem("The text holds one connection inside another; paste the inner one")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f }):
		return problem("The text holds characters that cannot be part of a connection; copy it again")
	}
	if program, args, env := commandLine(text); program != "" {
		return r.readCommand(program, args, env, depth)
	}
	if lines := variables(text); lines != nil {
		return r.readVariables(lines, depth)
	}
	if scheme, rest, ok := cutScheme(text); ok {
		return r.readScheme(scheme, strings.Join(strings.Fields(rest), " "), depth)
	}
	text = strings.Join(strings.Fields(text), " ")
	if ok, err := r.readDSN(text); ok {
		return err
	}
	if ok, err := r.readPath(text); ok {
		return err
	}
	if list, libpq := bestList(text); list != nil {
		r.form, r.local = formList, libpq
		r.putAll(list)
		return nil
	}
	return r.readBare(text)
}

// unwrap takes off what copying from a program, a page or a chat leaves around a text.
func unwrap(text string) string {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	for len(text) > 1 {
		first, last := text[0], text[len(text)-1]
		if first == last && (first == '"' || first == '\'' || first == '`') && strings.IndexByte(text[1:len(text)-1], first) < 0 || first == '<' && last == '>' {
			text = strings.TrimSpace(text[1 : len(text)-1])
			continue
		}
		break
	}
	return text
}

// readBare reads an address without a scheme where its port or host says what it is.
func (r *reading) readBare(text string) error {
	a, ok := splitAddress(text)
	if ok && (a.hasUser || strings.Contains(a.hostport, ":")) && a.hostport != "" {
		host, port := cutPort(a.hostport)
		for kind, p := range defaultPorts {
			if port == strconv.Itoa(p) {
				r.kind = kind
			}
		}
		if r.kind == "" {
			r.kind = kindOfHost(host)
		}
		if r.kind != "" {
			r.note("The text names no kind of database; it was understood as " + kindNames[r.kind])
			return r.readAddress(text)
		}
	}
	return problem("The text could not be read as a connection: " + example + ", or paste a JDBC or ADO.NET string, lines of a .env file or a psql command. " + supported)
}

// cutPort splits host:port, with brackets around an IPv6 host taken off.
func cutPort(hostport string) (host, port string) {
	if strings.HasPrefix(hostport, "[") {
		if end := strings.IndexByte(hostport, ']'); end > 0 {
			return hostport[1:end], strings.TrimPrefix(hostport[end+1:], ":")
		}
	}
	if net.ParseIP(hostport) != nil || strings.Count(hostport, ":") > 1 && !strings.Contains(hostport, ",") {
		return hostport, ""
	}
	if i := strings.LastIndexByte(hostport, ':'); i >= 0 && !strings.Contains(hostport, ",") {
		return hostport[:i], hostport[i+1:]
	}
	return hostport, ""
}
