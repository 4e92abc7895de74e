package source

import (
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

var kindNames = map[string]string{"postgres": "PostgreSQL", "mysql": "MySQL", "sqlserver": "SQL Server", "sqlite": "SQLite"}

const socketProblem = "Connections through a socket file are not supported: give a host name or an address; for a proxy of a cloud on this machine, localhost and its port"

// config turns what was read into a configuration with the notes about it.
func (r *reading) config() (Config, error) {
	for _, v := range r.values {
		if strings.ContainsFunc(v, unicode.IsControl) && !strings.HasPrefix(v, "-----BEGIN") {
			return Config{}, problem("The text holds a character that cannot be part of a name or a password; copy it again")
		}
	}
	if err := r.findKind(); err != nil {
		return Config{}, err
	}
	if r.kind == "sqlite" {
		c := Config{Kind: "sqlite", Path: r.values[wordPath]}
		if on, known := truth(r.values[wordImmutable]); known && on {
			c.Options = map[string]string{"immutable": "true"}
		}
		r.noteZone(&c)
		return c, nil
	}
	c := Config{Kind: r.kind, Database: r.values[wordDatabase], User: r.values[wordUser], Password: r.values[wordPassword]}
	if err := r.place(&c); err != nil {
		return Config{}, err
	}
	preset, found := DetectPreset(c)
	if c.Port == 0 && r.values[wordInstance] == "" {
		c.Port = defaultPorts[c.Kind]
		if found && preset.Port != 0 {
			c.Port = preset.Port
		}
	}
	if err := r.signIn(&c); err != nil {
		return Config{}, err
	}
	r.options(&c)
	r.noteZone(&c)
	r.encryption(&c, preset, found)
	r.noteLeft()
	if found && preset.Note != "" {
		r.note("This looks like " + preset.Name + ". " + preset.Note)
	}
	if found && preset.advice != nil {
		if text := preset.advice(c); text != "" {
			r.note(text)
		}
	}
	if isPlaceholder(c.Password) {
		c.Password = ""
		r.note("The password in the text is a placeholder; enter the real one below")
	} else if c.User == "" {
		r.note("The text names no user; enter it below")
	} else if c.Password == "" {
		r.note("The text holds no password; enter it below if the login needs one")
	}
	return c, nil
}

// isPlaceholder tells what consoles show in place of a password, such as [YOUR-PASSWORD].
func isPlaceholder(password string) bool {
	core := strings.Trim(password, "[]<>{}()$*")
	switch plain(core) {
	case "yourpassword", "yourpasswordhere":
		return true
	case "password", "pass", "pwd", "dbpassword", "":
		return core != password
	}
	return false
}

// kindOfWord reads the name of a driver, an adapter or an engine.
func kindOfWord(s string) string {
	s = strings.ToLower(s)
	for _, k := range []struct{ part, kind string }{
		{"postgres", "postgres"}, {"pgsql", "postgres"}, {"postgis", "postgres"}, {"psycopg", "postgres"}, {"npgsql", "postgres"}, {"cockroach", "postgres"},
		{"mysql", "mysql"}, {"mariadb", "mysql"}, {"sqlite", "sqlite"}, {"better-sqlite", "sqlite"},
		{"sql server", "sqlserver"}, {"sqlserver", "sqlserver"}, {"mssql", "sqlserver"}, {"sqlsrv", "sqlserver"},
		{"sqlncli", "sqlserver"}, {"msoledbsql", "sqlserver"}, {"sqloledb", "sqlserver"}, {"sqlclient", "sqlserver"}, {"freetds", "sqlserver"}, {"tedious", "sqlserver"},
	} {
		if strings.Contains(s, k.part) {
			return k.kind
		}
	}
	if s == "pg" {
		return "postgres"
	}
	return ""
}

// findKind settles the kind, guessing by the names of settings where the text does not say.
func (r *reading) findKind() error {
	if r.kind != "" {
		return nil
	}
	if driver := r.values[wordKind]; driver != "" {
		if r.kind = kindOfWord(driver); r.kind == "" {
			return problem("The driver is not of a kind that is supported. " + supported)
		}
	}
	host := r.values[wordHost]
	if r.kind == "sqlite" || r.kind == "" && (looksLikeFile(host) || strings.HasPrefix(host, ":memory:")) && r.values[wordUser] == "" {
		path := host
		if path == "" {
			path = r.values[wordDatabase]
		}
		return r.setPath(path)
	}
	if r.kind != "" {
		return nil
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return r.seen[n] })
	}
	bare, port := cutPort(host)
	if p := r.values[wordPort]; p != "" {
		port = p
	}
	for kind, p := range defaultPorts {
		if port == strconv.Itoa(p) {
			r.kind = kind
		}
	}
	switch comma := strings.IndexByte(host, ','); {
	case r.kind != "":
		return nil
	case kindOfHost(bare) != "":
		r.kind = kindOfHost(bare)
		return nil
	case strings.HasPrefix(strings.ToLower(host), "tcp:") || comma > 0 && isNumber(strings.TrimSpace(host[comma+1:])) ||
		strings.ContainsAny(host, `\`) || host == "." || strings.HasPrefix(host, "("):
		r.kind = "sqlserver"
		return nil
	case has("initialcatalog", "multipleactiveresultsets", "integratedsecurity", "trustedconnection", "applicationintent", "encrypt", "instance", "attachdbfilename"):
		r.kind = "sqlserver"
		return nil
	case has("dbname", "hostaddr", "searchpath", "channelbinding", "targetsessionattrs", "sslrootcert", "gssencmode"):
		r.kind = "postgres"
		return nil
	case has("allowpublickeyretrieval", "convertzerodatetime", "allowzerodatetime", "sslca", "useunicode"):
		r.kind = "mysql"
		return nil
	case has("uid") && has("pwd") || has("server") && has("uid", "sslmode"):
		r.kind = "mysql"
	case has("host"):
		r.kind = "postgres"
	case has("server", "datasource", "address"):
		r.kind = "sqlserver"
	default:
		return problem("The text names no kind of database: " + example + ". " + supported)
	}
	r.note("The text names no kind of database; it was understood as " + kindNames[r.kind])
	return nil
}

// place settles host, port and instance.
func (r *reading) place(c *Config) error {
	host, port, instance := strings.TrimSpace(r.values[wordHost]), strings.TrimSpace(r.values[wordPort]), r.values[wordInstance]
	if addr := r.values[wordHostAddr]; addr != "" {
		if host == "" {
			host = addr
		} else if host != addr {
			r.note("hostaddr was left out: the host's name is looked up instead, so that its certificate fits")
		}
	}
	if c.Kind == "sqlserver" {
		if before, after, ok := strings.Cut(host, ":"); ok && net.ParseIP(host) == nil {
			switch strings.ToLower(before) {
			case "tcp":
				host = after
			case "np", "lpc", "admin":
				return problem("Only TCP connections to SQL Server are supported: leave out what stands before the colon of the server's name")
			}
		}
		if before, after, ok := strings.Cut(host, ","); ok && !strings.Contains(after, ".") {
			host, port = strings.TrimSpace(before), strings.TrimSpace(after)
		}
		if strings.HasPrefix(host, `\\`) || strings.HasPrefix(strings.ToLower(host), "(localdb)") {
			return problem("Named pipes and LocalDB are not supported: give the host name and the TCP port of SQL Server")
		}
		if before, after, ok := strings.Cut(host, `\`); ok {
			host, instance = before, after
			if p, n, ok := strings.Cut(instance, ":"); ok && port == "" {
				instance, port = p, n
			}
		}
		if host == "." || strings.EqualFold(host, "(local)") {
			host = "localhost"
		}
	}
	if strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || strings.HasPrefix(host, `\\`) || slices.Contains(r.left[dangerous], "unixsocket") && host == "" {
		return problem(socketProblem)
	}
	if strings.Contains(host, ",") || strings.Contains(port, ",") {
		return problem("The text names several hosts; a connection has one, best a replica that only reads")
	}
	if h, p := cutPort(host); p != "" || strings.HasPrefix(host, "[") {
		host = h
		if port == "" {
			port = p
		}
	}
	switch {
	case host == "" && slices.Contains(r.left[dangerous], "socketfactory"):
		return problem("The text reaches its database through a library of a cloud; give the host name or the address of the database, or of its proxy on this machine")
	case host == "" && r.local:
		host = "localhost"
		r.note("The text names no host; localhost was assumed, which is the machine Assay runs on")
	case host == "":
		return problem("The text names no host; add it, such as Server=db.example.com or Host=db.example.com")
	}
	ip, _, _ := strings.Cut(host, "%")
	if net.ParseIP(ip) == nil && (len(host) > 253 || strings.ContainsFunc(host, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c) && !strings.ContainsRune("._-", c)
	})) {
		return problem("The host is not a host name or an address; " + example)
	}
	if port != "" {
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 || n > 65535 {
			return problem("The port is not a number from 1 to 65535")
		}
		c.Port = n
	}
	c.Host = host
	if instance != "" && c.Kind == "sqlserver" {
		if strings.EqualFold(instance, "MSSQLSERVER") {
			delete(r.values, wordInstance)
			return nil
		}
		r.values[wordInstance] = instance
		c.set("instance", instance)
	}
	return nil
}

func (c *Config) set(name, value string) {
	if c.Options == nil {
		c.Options = map[string]string{}
	}
	c.Options[name] = value
}

// signIn refuses the ways of signing in that need more than a login and a password.
func (r *reading) signIn(c *Config) error {
	if c.Kind != "sqlserver" {
		return nil
	}
	windows := strings.ToLower(r.values[wordWindows])
	on, _ := truth(windows)
	way := plain(r.values[wordEntra])
	switch {
	case (on || windows == "sspi") && c.User == "" || strings.Contains(c.User, `\`):
		return problem("Signing in with a Windows account is not supported: use a login of SQL Server with a password")
	case way != "" && way != "sqlpassword" && way != "notspecified":
		return problem("Signing in through Microsoft Entra ID is not supported: use a login of SQL Server with a password")
	}
	return nil
}

// options keeps the settings that the kind's driver knows as safe.
func (r *reading) options(c *Config) {
	seconds := 0
	if ms, err := strconv.Atoi(r.values[wordTimeoutMS]); err == nil {
		seconds = (ms + 999) / 1000
	}
	if v := r.values[wordTimeout]; v != "" {
		if d, err := time.ParseDuration(v); err == nil {
			seconds = int((d + time.Second - 1) / time.Second)
		} else if n, err := strconv.Atoi(v); err == nil {
			seconds = n
		}
	}
	if seconds > 0 && c.Kind != "sqlserver" {
		c.set("connect_timeout", strconv.Itoa(min(seconds, 120)))
	}
	switch c.Kind {
	case "postgres":
		r.serverOptions()
		if v := r.values[wordSearchPath]; v != "" {
			c.set("search_path", v)
		}
		if v := r.values[wordAppName]; v != "" {
			c.set("application_name", v)
		}
		if v := strings.ToLower(r.values[wordBinding]); v == "disable" || v == "prefer" || v == "require" {
			c.set("channel_binding", v)
		}
	case "sqlserver":
		switch plain(r.values[wordIntent]) {
		case "readonly":
			c.set("application_intent", "read_only")
		case "readwrite":
			c.set("application_intent", "read_write")
		}
		switch v := strings.ToLower(r.values[wordIsolation]); v {
		case "auto", "read_committed", "snapshot", "read_uncommitted":
			c.set("isolation", v)
		}
		if v := r.values[wordServerName]; v != "" && goodHostPort(v) {
			c.TLS.ServerName = v
		}
	}
	if v := r.values[wordServerName]; v != "" && c.Kind != "sqlserver" && goodHostPort(v) {
		c.TLS.ServerName = v
	}
}

// serverOptions reads PostgreSQL's "-c name=value --name=value".
func (r *reading) serverOptions() {
	text := r.values[wordOptions]
	if strings.HasPrefix(text, "-") && !strings.Contains(text, " ") {
		text = strings.ReplaceAll(text, "+", " ")
	}
	words := shellWords(text)
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "-c" && i+1 < len(words):
			i++
			w = words[i]
		case strings.HasPrefix(w, "-c"):
			w = w[2:]
		default:
			w = strings.TrimPrefix(w, "--")
		}
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			r.unknown++
			continue
		}
		switch m := vocabulary[plain(name)]; m.word {
		case wordSearchPath, wordZone, wordAppName:
			if r.values[m.word] == "" {
				r.values[m.word] = value
			}
		default:
			r.put(name, "")
		}
	}
}

var zeroOffset = regexp.MustCompile(`^(?i:utc|gmt|z)?[+-]?0?0?(?::?00)?$`)

// noteZone keeps a time zone that has a name of the IANA.
func (r *reading) noteZone(c *Config) {
	zone := r.values[wordZone]
	if zone == "" {
		zone = r.values[wordLoc]
	}
	zone = strings.Trim(zone, `'" `)
	switch lower := strings.ToLower(zone); {
	case zone == "", lower == "local", lower == "server", lower == "system", lower == "auto", lower == "default":
		return
	case zeroOffset.MatchString(zone):
		c.TimeZone = "UTC"
		return
	}
	if _, err := time.LoadLocation(zone); err != nil {
		r.note("The time zone was left out: it needs a name such as Europe/Berlin")
		return
	}
	c.TimeZone = zone
}

// noteLeft tells by their names in the vocabulary which settings were left out, and why.
func (r *reading) noteLeft() {
	names := func(c class) string {
		list := slices.Clone(r.left[c])
		slices.Sort(list)
		return strings.Join(slices.Compact(list), ", ")
	}
	if files := r.left[localFile]; len(files) > 0 {
		r.note("Left out, because files of your machine are not here: " + names(localFile) + ". Paste certificates and keys below instead")
	}
	if len(r.left[dangerous]) > 0 {
		r.note("Left out, because it can make a driver read files, run code or weaken a login: " + names(dangerous))
	}
	if len(r.left[unneeded]) > 0 {
		r.note("Left out, because Assay has no use for it: " + names(unneeded))
	}
	switch {
	case r.unknown == 1:
		r.note("One setting is not known here and was left out")
	case r.unknown > 1:
		r.note(strconv.Itoa(r.unknown) + " settings are not known here and were left out")
	}
}
