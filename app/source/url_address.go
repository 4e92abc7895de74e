package source

import (
	"net"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// schemes maps the part of a URL's scheme before a "+" to a kind.
var schemes = map[string]string{
	"postgres": "postgres", "postgresql": "postgres", "pgsql": "postgres", "pg": "postgres", "psql": "postgres", "postgis": "postgres",
	"cockroachdb": "postgres", "cockroach": "postgres", "timescaledb": "postgres", "timescale": "postgres",
	"mysql": "mysql", "mysql2": "mysql", "mariadb": "mysql", "tidb": "mysql",
	"sqlserver": "sqlserver", "mssql": "sqlserver", "sqlsrv": "sqlserver",
	"sqlite": "sqlite", "sqlite3": "sqlite", "file": "sqlite",
}

// foreign names databases and services that people paste addresses of and Assay does not connect to.
var foreign = map[string]string{
	"mongodb": "MongoDB", "redis": "Redis", "rediss": "Redis", "snowflake": "Snowflake", "bigquery": "BigQuery",
	"oracle": "Oracle Database", "clickhouse": "ClickHouse", "clickhousedb": "ClickHouse", "ch": "ClickHouse",
	"duckdb": "DuckDB", "motherduck": "MotherDuck", "md": "MotherDuck", "db2": "Db2", "ibm_db_sa": "Db2",
	"redshift": "Amazon Redshift", "awsathena": "Amazon Athena", "athena": "Amazon Athena", "dynamodb": "DynamoDB",
	"cassandra": "Cassandra", "scylla": "ScyllaDB", "elasticsearch": "Elasticsearch", "es": "Elasticsearch", "opensearch": "OpenSearch",
	"databricks": "Databricks", "presto": "Presto", "trino": "Trino", "hive": "Hive", "hive2": "Hive", "impala": "Impala",
	"spark": "Spark", "druid": "Druid", "pinot": "Pinot", "couchbase": "Couchbase", "neo4j": "Neo4j", "bolt": "Neo4j",
	"influxdb": "InfluxDB", "amqp": "RabbitMQ", "amqps": "RabbitMQ", "kafka": "Kafka", "firebird": "Firebird",
	"vertica": "Vertica", "teradata": "Teradata", "teradatasql": "Teradata", "hana": "SAP HANA", "sap": "SAP HANA",
	"exa": "Exasol", "exasol": "Exasol", "libsql": "libSQL", "access": "Access", "h2": "H2", "derby": "Derby",
	"hsqldb": "HSQLDB", "sybase": "Sybase", "informix": "Informix", "memcached": "Memcached", "prisma": "Prisma Accelerate",
	"s3": "S3", "gs": "Cloud Storage", "ftp": "FTP", "sftp": "SFTP", "ssh": "SSH", "ldap": "LDAP", "ldaps": "LDAP",
}

// cutScheme splits "scheme:rest"; schemes of one letter are drives of Windows.
func cutScheme(text string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(text, ":")
	if !ok || len(scheme) < 2 || !isLetter(scheme[0]) {
		return "", "", false
	}
	for i := range len(scheme) {
		if c := scheme[i]; !isLetter(c) && (c < '0' || c > '9') && strings.IndexByte("+.-_", c) < 0 {
			return "", "", false
		}
	}
	scheme = strings.ToLower(scheme)
	if strings.HasPrefix(rest, "//") || scheme == "jdbc" {
		return scheme, rest, true
	}
	// Without slashes "user:password@…" looks just the same.
	return scheme, rest, schemes[scheme] == "sqlite" && !strings.Contains(rest, "@tcp(")
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func (r *reading) readScheme(scheme, rest string, depth int) error {
	if scheme == "jdbc" {
		return r.readJDBC(rest)
	}
	base, _, _ := strings.Cut(scheme, "+")
	switch r.kind = schemes[base]; r.kind {
	case "sqlite":
		return r.readFile(rest, base == "file")
	case "":
		return notSupported(base)
	}
	r.local = true
	rest = strings.TrimPrefix(rest, "//")
	if r.kind == "sqlserver" {
		if head, list, ok := cutProperties(rest); ok {
			rest = head
			r.putAll(parseADO(list))
		}
		if i := strings.Index(strings.ToLower(rest), "odbc_connect="); i >= 0 {
			inner, _, _ := strings.Cut(rest[i+len("odbc_connect="):], "&")
			inner, err := url.QueryUnescape(inner)
			if err != nil {
				return problem("The text after odbc_connect= could not be read")
			}
			return r.read(inner, depth+1)
		}
	}
	return r.readAddress(rest)
}

func notSupported(scheme string) error {
	switch name := foreign[scheme]; {
	case scheme == "http" || scheme == "https":
		return problem("This is the address of a web page; " + example + ". " + supported)
	case name != "":
		return problem(name + " is not supported. " + supported)
	}
	return problem("The part before :// names no kind of database that is supported. " + supported)
}

func (r *reading) readJDBC(rest string) error {
	r.form, r.local = formJDBC, true
	names, rest, slashes := strings.Cut(rest, "//")
	if !slashes {
		names, rest, _ = strings.Cut(names, ":")
		if schemes[strings.ToLower(names)] == "" {
			// A wrapping driver such as aws-wrapper or p6spy comes before the kind.
			if inner, more, ok := strings.Cut(rest, ":"); ok && schemes[strings.ToLower(inner)] != "" {
				names, rest = inner, more
			}
		}
	}
	last := ""
	for name := range strings.SplitSeq(strings.ToLower(names), ":") {
		if r.kind == "" {
			r.kind = schemes[name]
		}
		if last == "" {
			last = name
		}
	}
	switch {
	case r.kind == "":
		return notSupported(last)
	case r.kind == "sqlite":
		return r.readFile(rest, false)
	case !slashes:
		rest = "/" + rest
	}
	if r.kind == "sqlserver" {
		head, list, _ := cutProperties(rest)
		r.putAll(parseADO(list))
		rest = head
	}
	return r.readAddress(rest)
}

// cutProperties splits SQL Server's "host:port;name=value;…" at the first
// semicolon with a known name after it, so that one in a password does not count.
func cutProperties(s string) (head, list string, ok bool) {
	for i := 0; i < len(s); i++ {
		if s[i] != ';' {
			continue
		}
		end := strings.IndexAny(s[i+1:], ";=")
		if end < 0 {
			if strings.TrimSpace(s[i+1:]) == "" {
				return s[:i], "", true
			}
			break
		}
		if _, known := vocabulary[plain(s[i+1:i+1+end])]; known && s[i+1+end] == '=' {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// address is the parts of what follows "scheme://", still encoded.
type address struct {
	userinfo, hostport, path, query string
	hasUser                         bool
}

func (r *reading) readAddress(rest string) error {
	rest = strings.TrimRight(rest, "\"'`,; ")
	a, ok := splitAddress(rest)
	if !ok {
		return problem("The address could not be read: " + example + "; in a user or password, write @ as %40, : as %3A, / as %2F and # as %23 if it still fails")
	}
	if a.hasUser {
		user, password, given := strings.Cut(a.userinfo, ":")
		r.put("user", r.decode(user))
		if given {
			r.put("password", r.decode(password))
		}
	}
	host, port := cutPort(a.hostport)
	if host != "" {
		r.values[wordHost] = r.decode(host)
	}
	if port != "" {
		r.values[wordPort] = port
	}
	r.putAll(parseQuery(a.query, r.form == formJDBC))
	path, _, _ := strings.Cut(a.path, "#")
	if path = r.decode(strings.Trim(path, "/")); path != "" {
		if _, named := r.values[wordDatabase]; named && r.kind == "sqlserver" {
			r.values[wordInstance] = path
		} else {
			r.values[wordDatabase] = path
		}
	}
	return nil
}

// decode undoes percent-encoding; where that does not work out the text stands
// for itself, since many paste a password as it is.
func (r *reading) decode(s string) string {
	plain, err := url.PathUnescape(s)
	if err != nil || !utf8.ValidString(plain) {
		r.note("A % in the text that starts no percent-encoding was taken as it stands")
		return s
	}
	return plain
}

// splitAddress splits "user:password@host:port/database?name=value". A user or
// password may hold any character unencoded: the last @ that a host follows
// ends it, and a query only begins where everything before it is complete.
func splitAddress(s string) (address, bool) {
	for i := 0; i < len(s); i++ {
		if s[i] != '?' || !looksLikeQuery(s[i+1:]) {
			continue
		}
		a, ok := splitHead(s[:i])
		if !ok {
			continue
		}
		a.query = s[i+1:]
		if a.hasUser || !strings.Contains(a.query, "@") || namesUser(a.query) {
			return a, true
		}
	}
	return splitHead(s)
}

func looksLikeQuery(s string) bool {
	name, _, ok := strings.Cut(s, "=")
	if !ok {
		return s == ""
	}
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("_.-%+", c)
	})
}

func namesUser(query string) bool {
	for _, p := range parseQuery(query, false) {
		if w := vocabulary[plain(p.name)]; w.word == wordUser || w.word == wordPassword {
			return true
		}
	}
	return false
}

func splitHead(s string) (address, bool) {
	for end := len(s); ; {
		i := strings.LastIndexByte(s[:end], '@')
		if i < 0 {
			break
		}
		if a, ok := splitTail(s[i+1:]); ok {
			a.userinfo, a.hasUser = s[:i], true
			return a, true
		}
		end = i
	}
	return splitTail(s)
}

// maxHost is longer than any host with its port, in bytes; several hosts may be.
const maxHost = 1000

func splitTail(s string) (address, bool) {
	part := s[:min(len(s), maxHost)]
	end := strings.IndexAny(part, "/?#")
	if end < 0 {
		if len(s) > maxHost {
			return address{}, false
		}
		end = len(s)
	}
	a := address{hostport: s[:end]}
	if rest := s[end:]; strings.HasPrefix(rest, "/") {
		a.path, _, _ = strings.Cut(rest, "?")
	}
	for one := range strings.SplitSeq(a.hostport, ",") {
		if !goodHostPort(one) {
			return address{}, false
		}
	}
	return a, true
}

func goodHostPort(s string) bool {
	host, port := cutPort(s)
	if rest, found := strings.CutPrefix(s, "["+host+"]"); found {
		ip, _, _ := strings.Cut(host, "%")
		return net.ParseIP(ip) != nil && (rest == "" || rest[0] == ':' && isNumber(port))
	}
	if port != "" && !isNumber(port) {
		return false
	}
	return net.ParseIP(host) != nil || !strings.ContainsFunc(host, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c) && !strings.ContainsRune("._-%\\", c)
	})
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// parseQuery splits "name=value&…"; a part without "=" belongs to the password
// before it, which then held an unencoded "&".
func parseQuery(query string, plusIsSpace bool) []pair {
	var list []pair
	unescape := url.PathUnescape
	if plusIsSpace {
		unescape = url.QueryUnescape
	}
	for part := range strings.SplitSeq(query, "&") {
		name, value, ok := strings.Cut(part, "=")
		if !ok && len(list) > 0 && vocabulary[plain(list[len(list)-1].name)].word == wordPassword {
			list[len(list)-1].value += "&" + part
			continue
		}
		if decoded, err := unescape(value); err == nil && utf8.ValidString(decoded) {
			value = decoded
		}
		if name != "" {
			list = append(list, pair{name, value})
		}
	}
	return list
}

// readDSN reads the Go driver's "user:password@tcp(host:3306)/database?name=value".
func (r *reading) readDSN(text string) (bool, error) {
	open := -1
	for _, network := range []string{"tcp(", "tcp4(", "tcp6(", "unix(", "cloudsql("} {
		if i := strings.LastIndex(text, "@"+network); i >= 0 && i > open {
			open = i
		} else if strings.HasPrefix(text, network) && open < 0 {
			open = 0
		}
	}
	if open < 0 {
		user, rest, ok := strings.Cut(text, "@/")
		if !ok || user == "" || strings.ContainsAny(text, " ;") {
			return false, nil
		}
		r.kind, r.local = "mysql", true
		return true, r.readAddress(user + "@/" + rest)
	}
	network, rest, _ := strings.Cut(strings.TrimPrefix(text[open:], "@"), "(")
	hostport, rest, closed := strings.Cut(rest, ")")
	switch {
	case !closed:
		return true, problem("The address in brackets has no end: write it as user:password@tcp(host:3306)/database")
	case network == "unix" || network == "cloudsql":
		return true, problem(socketProblem)
	}
	r.kind = "mysql"
	user, password, given := strings.Cut(text[:open], ":")
	r.put("user", user)
	if given {
		r.put("password", password)
	}
	r.local = hostport == ""
	host, port := cutPort(hostport)
	r.values[wordHost] = host
	if port != "" {
		r.values[wordPort] = port
	}
	path, query, _ := strings.Cut(rest, "?")
	r.put("database", r.decode(strings.Trim(path, "/")))
	r.putAll(parseQuery(query, true))
	return true, nil
}
