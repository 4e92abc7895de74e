package source

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"
)

// variable is one NAME=value of a .env file, a shell or a YAML block.
type variable struct{ name, value string }

// assignment is the start of a variable in its usual spellings, with a quote
// around the name as in JSON and Python.
var assignment = regexp.MustCompile(`^(?:export\s+|set\s+|setx\s+|-\s+|\$env:|ENV\s+)?(['"]?)([A-Za-z_][A-Za-z0-9_.]*)(['"]?)\s*([=:])\s*`)

// next finds where, on the same line, another variable begins.
var next = regexp.MustCompile(`\s+(?:export\s+)?(?:[A-Z][A-Z0-9]*_[A-Z0-9_]+|PG[A-Z]{2,})=`)

// variables returns the variables in text, nil where it is not made of them.
func variables(text string) []variable {
	var list []variable
	lines := strings.FieldsFunc(text, func(c rune) bool { return c == '\n' || c == '\r' })
	alone := len(lines) == 1
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if line == "[client]" {
			list = append(list, variable{"driver", "mysql"})
			continue
		}
		for line != "" {
			m := assignment.FindStringSubmatch(line)
			if m == nil {
				break
			}
			name := m[2]
			if alone && m[4] == ":" && m[1] == "" && !strings.Contains(m[0], ": ") {
				return nil // the scheme of a URL
			}
			if alone && len(list) == 0 && !looksLikeVariable(name) && !strings.HasPrefix(line, "export ") {
				return nil
			}
			rest := line[len(m[0]):]
			var value string
			value, line = cutValue(rest)
			if !alone && m[4] == ":" && strings.HasPrefix(value, "//") {
				return nil
			}
			list = append(list, variable{name, value})
		}
	}
	if !alone && len(list) < 2 && !slices.ContainsFunc(list, func(v variable) bool { return looksLikeVariable(v.name) }) {
		return nil
	}
	// A list of names with semicolons that was broken over lines.
	if !alone && strings.Count(text, ";") >= len(lines)-1 && strings.Contains(text, ";") && !slices.ContainsFunc(list, func(v variable) bool { return looksLikeVariable(v.name) }) {
		return nil
	}
	return list
}

// looksLikeVariable tells NAME_OF_VARIABLE from the "DRIVER=" of an ODBC list.
func looksLikeVariable(name string) bool {
	if name != strings.ToUpper(name) {
		return strings.HasPrefix(name, "spring.datasource.") || strings.HasPrefix(name, "ConnectionStrings_")
	}
	return strings.Contains(name, "_") || strings.HasPrefix(name, "PG") && len(name) > 3 || name == "DSN" || name == "URL"
}

// cutValue takes a variable's value off the front of the rest of its line.
func cutValue(s string) (value, rest string) {
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		if end := strings.IndexByte(s[1:], s[0]); end >= 0 {
			return s[1 : 1+end], strings.TrimLeft(s[end+2:], " \t,;")
		}
	}
	if at := next.FindStringIndex(s); at != nil {
		s, rest = s[:at[0]], strings.TrimSpace(s[at[0]:])
	}
	if i := strings.Index(s, " #"); i >= 0 {
		s = s[:i]
	}
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), ",")), rest
}

// families are the beginnings of variables' names and the kinds they tell.
var families = []struct{ prefix, kind string }{
	{"POSTGRESQL_", "postgres"}, {"POSTGRES_", "postgres"}, {"PG_", "postgres"}, {"PG", "postgres"},
	{"MYSQL_", "mysql"}, {"MARIADB_", "mysql"}, {"MSSQL_", "sqlserver"}, {"SQLSERVER_", "sqlserver"}, {"SA_", "sqlserver"},
	{"SQLITE_", "sqlite"}, {"SPRING_DATASOURCE_", ""}, {"TYPEORM_", ""}, {"RDS_", ""}, {"DATABASE_", ""}, {"DB_", ""},
}

// urlNames are the variables that hold a whole connection, the likelier first.
var urlNames = []string{"DATABASE_URL", "DB_URL", "POSTGRES_URL", "SPRING_DATASOURCE_URL", "SQLALCHEMY_DATABASE_URI"}

func holdsURL(name string) bool {
	for _, end := range []string{"_URL", "_URI", "_DSN", "CONNECTION_STRING", "CONNECTIONSTRING", "CONNSTR"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return name == "DSN" || name == "URL" || strings.HasPrefix(name, "CONNECTIONSTRINGS_")
}

func (r *reading) readVariables(list []variable, depth int) error {
	r.form, r.local = formLines, true
	all := map[string]string{}
	for _, v := range list {
		all[v.name] = v.value
	}
	bare := !slices.ContainsFunc(list, func(v variable) bool { return looksLikeVariable(v.name) })
	var urls []variable
	kinds := map[string]bool{}
	fields := newReading()
	fields.form = formLines
	for _, v := range list {
		name := strings.ToUpper(strings.ReplaceAll(v.name, ".", "_"))
		value := expand(v.value, all)
		if holdsURL(name) {
			if value != "" {
				urls = append(urls, variable{name, value})
			}
			continue
		}
		kind, setting, ok := family(name, bare)
		if !ok {
			continue
		}
		if kind != "" {
			kinds[kind] = true
		}
		fields.put(setting, value)
	}
	if len(urls) > 0 {
		return r.readURLs(urls, fields, depth)
	}
	if len(fields.values) == 0 {
		return problem("None of the variables describes a connection: paste DATABASE_URL, or those named PGHOST, DB_HOST, POSTGRES_HOST or MYSQL_HOST with what belongs to them")
	}
	if len(kinds) > 1 {
		return problem("The variables belong to databases of several kinds; paste those of one")
	}
	for kind := range kinds {
		r.kind = kind
	}
	if password := all["MYSQL_ROOT_PASSWORD"]; password != "" && fields.values[wordUser] == "" {
		fields.values[wordUser], fields.values[wordPassword] = "root", password
	}
	if fields.values[wordUser] == "" && (all["POSTGRES_PASSWORD"] != "" || all["POSTGRES_DB"] != "") {
		fields.values[wordUser] = "postgres"
	}
	if fields.values[wordUser] == "" && (all["SA_PASSWORD"] != "" || all["MSSQL_SA_PASSWORD"] != "") {
		fields.values[wordUser] = "sa"
	}
	if kind := kindOfWord(fields.values[wordKind]); kind == "sqlite" || r.kind == "sqlite" {
		r.kind = "sqlite"
		path := fields.values[wordPath]
		if path == "" {
			path = fields.values[wordDatabase]
		}
		return r.setPath(path)
	}
	r.values, r.seen, r.left, r.unknown = fields.values, fields.seen, fields.left, fields.unknown
	return nil
}

// readURLs reads the likeliest of the variables that hold a connection, and
// fills in from the others what it leaves open.
func (r *reading) readURLs(urls []variable, fields *reading, depth int) error {
	slices.SortStableFunc(urls, func(a, b variable) int { return urlRank(a.name) - urlRank(b.name) })
	var first error
	for _, v := range urls {
		one := newReading()
		if err := one.read(v.value, depth+1); err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		if len(urls) > 1 {
			one.note("The text holds several connections; the first that is supported was taken")
		}
		*r = *one
		for _, w := range []word{wordUser, wordPassword} {
			if r.values[w] == "" && fields.values[w] != "" {
				r.values[w] = fields.values[w]
			}
		}
		return nil
	}
	return first
}

func urlRank(name string) int {
	if i := slices.Index(urlNames, name); i >= 0 {
		return i
	}
	return len(urlNames)
}

// family splits a variable's name into the kind of database it belongs to and
// the setting; names of nothing we know are left alone.
func family(name string, bare bool) (kind, setting string, ok bool) {
	for _, f := range families {
		rest, found := strings.CutPrefix(name, f.prefix)
		if !found && (f.prefix == "DB_" || f.prefix == "DATABASE_") {
			_, rest, found = strings.Cut(name, "_"+f.prefix)
		}
		if !found {
			continue
		}
		switch {
		case rest == "SA_PASSWORD":
			rest = "PASSWORD"
		case rest == "ROOT_PASSWORD":
			continue // belongs to root, who is looked up apart
		case rest == "NAME":
			rest = "DATABASE"
		case rest == "TYPE" || rest == "CLIENT":
			rest = "DRIVER"
		case rest == "DRIVER_CLASS_NAME":
			rest = "DRIVER"
		case rest == "FILE" || rest == "FILENAME" || rest == "PATH":
			rest = "DATABASE"
		}
		_, known := vocabulary[plain(rest)]
		if !known && f.prefix == "PG" {
			continue
		}
		return f.kind, rest, known
	}
	if bare {
		if name == "NAME" {
			name = "DATABASE"
		}
		_, known := vocabulary[plain(name)]
		return "", name, known
	}
	return "", "", false
}

var reference = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?-[^}]*)?\}`)

// expand puts in the variables of the same text that a value refers to.
func expand(value string, all map[string]string) string {
	return reference.ReplaceAllStringFunc(value, func(ref string) string {
		if v, ok := all[reference.FindStringSubmatch(ref)[1]]; ok {
			return v
		}
		return ref
	})
}

// commandLine returns the program where text is a command line of one we know,
// its arguments, and the assignments in front of it.
func commandLine(text string) (program string, args []string, env []variable) {
	text = strings.TrimPrefix(text, "$ ")
	tokens := shellWords(text)
	for len(tokens) > 0 {
		if name, value, ok := strings.Cut(tokens[0], "="); ok && looksLikeVariable(name) {
			env = append(env, variable{name, value})
			tokens = tokens[1:]
			continue
		}
		break
	}
	if len(tokens) < 2 {
		return "", nil, nil
	}
	switch name := strings.TrimSuffix(path.Base(strings.ReplaceAll(tokens[0], `\`, "/")), ".exe"); name {
	case "psql", "pgcli", "pg_dump", "usql":
		return "psql", tokens[1:], env
	case "mysql", "mariadb", "mycli", "mysqldump":
		return "mysql", tokens[1:], env
	case "sqlcmd", "mssql-cli":
		return "sqlcmd", tokens[1:], env
	case "sqlite3", "litecli":
		return "sqlite3", tokens[1:], env
	}
	return "", nil, nil
}

// shellWords splits a command line as a shell does, with quotes and backslashes
// but nothing expanded.
func shellWords(s string) []string {
	var words []string
	var b strings.Builder
	inWord := false
	var quote byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == '\'':
			b.WriteByte(c)
		case c == '\\' && i+1 < len(s) && (quote == 0 || strings.IndexByte("\"\\$`", s[i+1]) >= 0):
			i++
			if s[i] != '\n' {
				b.WriteByte(s[i])
				inWord = true
			}
		case quote != 0:
			b.WriteByte(c)
		case c == '"' || c == '\'':
			quote, inWord = c, true
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			if inWord {
				words = append(words, b.String())
				b.Reset()
			}
			inWord = false
		default:
			b.WriteByte(c)
			inWord = true
		}
	}
	if inWord {
		words = append(words, b.String())
	}
	return words
}

// flags maps the options of a program that take a value to settings; "-" is an
// option whose value says nothing here.
var flags = map[string]map[string]string{
	"psql": {"-h": "host", "-p": "port", "-U": "user", "-d": "database", "-c": "-", "-f": "-", "-v": "-", "-o": "-", "-F": "-", "-P": "-", "-t": "", "-W": "", "-w": "",
		"--dbname": "database", "--username": "user", "--command": "-", "--file": "-", "--set": "-"},
	"mysql": {"-h": "host", "-P": "port", "-u": "user", "-D": "database", "-e": "-", "-S": "unix_socket", "--socket": "unix_socket", "--execute": "-", "--default-character-set": "-"},
	"sqlcmd": {"-S": "server", "-U": "user", "-P": "password", "-d": "database", "-Q": "-", "-q": "-", "-i": "-", "-o": "-", "-K": "application_intent", "-l": "-", "-t": "-",
		"-G": "", "-E": "", "-C": "", "-N": ""},
	"sqlite3": {"-cmd": "-"},
}

func (r *reading) readCommand(program string, args []string, env []variable, depth int) error {
	r.form, r.local = formCommand, true
	r.kind = map[string]string{"psql": "postgres", "mysql": "mysql", "sqlcmd": "sqlserver", "sqlite3": "sqlite"}[program]
	for _, v := range env {
		if v.name == "MYSQL_PWD" {
			v.name = "MYSQL_PASSWORD"
		}
		if _, setting, ok := family(v.name, false); ok {
			r.put(setting, v.value)
		}
	}
	var words []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		if !strings.HasPrefix(a, "-") || a == "-" {
			words = append(words, a)
			continue
		}
		name, value, attached := a, "", false
		if strings.HasPrefix(a, "--") {
			name, value, attached = strings.Cut(a, "=")
		} else if program != "sqlite3" {
			name, value = a[:2], a[2:]
			attached = value != ""
		}
		setting, known := flags[program][name]
		switch {
		case program == "mysql" && name == "-p":
			r.put("password", value)
			continue
		case program == "sqlcmd" && name == "-C":
			r.put("trustServerCertificate", "true")
			continue
		case program == "sqlcmd" && name == "-N":
			r.put("encrypt", cmp.Or(value, "true"))
			continue
		case program == "sqlcmd" && (name == "-E" || name == "-G"):
			r.put(map[string]string{"-E": "integratedSecurity", "-G": "authentication"}[name], "true")
			continue
		case !known && strings.HasPrefix(name, "--"):
			setting = strings.TrimPrefix(name, "--")
			m, ok := vocabulary[plain(setting)]
			known = ok && (m.class != quiet || attached)
		}
		if !known || setting == "" {
			continue
		}
		if !attached && i+1 < len(args) && !(setting == "password" && strings.HasPrefix(name, "--")) {
			i++
			value = args[i]
		}
		if setting != "-" {
			r.put(setting, value)
		}
	}
	if len(words) > 0 && r.values[wordDatabase] == "" {
		r.values[wordDatabase] = words[0]
		words = words[1:]
	}
	if len(words) > 0 && program == "psql" && r.values[wordUser] == "" {
		r.values[wordUser] = words[0]
	}
	database := r.values[wordDatabase]
	if program == "sqlite3" {
		return r.setPath(database)
	}
	if strings.Contains(database, "://") || strings.Contains(database, "=") {
		inner := newReading()
		if err := inner.read(database, depth+1); err != nil {
			return err
		}
		delete(r.values, wordDatabase)
		for w, v := range r.values {
			if inner.values[w] == "" {
				inner.values[w] = v
			}
		}
		if inner.kind == "" {
			inner.kind = r.kind
		}
		inner.local = true
		*r = *inner
	}
	return nil
}
