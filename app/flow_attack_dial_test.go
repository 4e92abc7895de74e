package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assay/app/source/sourcetest"
)

// sink is a listener that nobody should reach; it counts who does.
func sink(t *testing.T) (port string, reached *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	reached = new(atomic.Int32)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			reached.Add(1)
			c.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, reached
}

// trial tells what the test of a connection says over the API, saved or refused before.
func (p *program) trial(t *testing.T, body map[string]any) (status int, text string) {
	t.Helper()
	res := p.request(t, t.Context(), http.MethodPost, "/api/v1/connections", "", body)
	defer res.Body.Close()
	answer, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusCreated {
		return res.StatusCode, string(answer)
	}
	var made struct{ ID string }
	if err := json.Unmarshal(answer, &made); err != nil {
		t.Fatal(err)
	}
	tested := p.request(t, t.Context(), http.MethodPost, "/api/v1/connections/"+made.ID+"/test", "", map[string]any{})
	defer tested.Body.Close()
	answer, _ = io.ReadAll(tested.Body)
	p.request(t, t.Context(), http.MethodDelete, "/api/v1/connections/"+made.ID, "", nil).Body.Close()
	return tested.StatusCode, string(answer)
}

// TestAttackConnectionsToThisMachine reaches for what stands beside the server,
// by every spelling, engine and door.
func TestAttackConnectionsToThisMachine(t *testing.T) {
	h := start(t, "serve", "ASSAY_ALLOW_PRIVATE_HOSTS=false", "ASSAY_ADMIN_EMAIL=admin@example.com", "ASSAY_ADMIN_PASSWORD=three quiet herons")
	p := newProgram(t, h)
	v := visit(t, h)
	v.open("/login").submit("form", "", fields{"email": "admin@example.com", "password": "three quiet herons"}).expect(http.StatusOK)
	port, reached := sink(t)
	hosts := []string{"127.0.0.1", "127.1", "127.0.1", "0177.0.0.1", "2130706433", "0x7f.1", "0x7f000001", "0", "0.0.0.0", "127.255.255.254", "localhost", "LOCALHOST", "localhost.", "a.localhost", "::1", "[::1]", "::", "::ffff:127.0.0.1", "::ffff:7f00:1",
		"0:0:0:0:0:ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fe80::1%lo", "::1%lo", "169.254.169.254", "169.254.170.2", "100.100.100.200", "fd00:ec2::254", "10.0.0.1", "192.168.0.1", "172.16.0.1", "100.64.0.1", "224.0.0.1", "255.255.255.255", "１２７.0.0.1", "127。0。0。1", "metadata.google.internal",
		"/var/run/postgresql", "/tmp", "@abstract", "unix(/tmp/x)", "tcp(127.0.0.1)", "127.0.0.1 ", "127.0.0.1/x", "127.0.0.1,127.0.0.1", "127.0.0.1#", "a@127.0.0.1", "127.0.0.1?x=", "127.0.0.1:" + port, "127.0.0.1\t"}
	for _, kind := range []string{"postgres", "mysql", "sqlserver"} {
		v.open("/connections/new")
		for _, host := range hosts {
			begun := time.Now()
			v.submit("main form", "do=test", fields{"kind": kind, "name": "x", "host": host, "port": port, "database": "d", "user": "u", "password": "nobody-knows-this"})
			if v.status != http.StatusOK && v.status != http.StatusUnprocessableEntity {
				t.Errorf("%s %q: the page answers %d", kind, host, v.status)
			}
			if strings.Contains(v.words("main"), "The database answers") {
				t.Errorf("%s %q answers", kind, host)
			}
			if took := time.Since(begun); took > 8*time.Second {
				t.Errorf("%s %q: refused after %s", kind, host, took)
			}
		}
	}
	for _, host := range hosts[:24] {
		number := 0
		fmt.Sscan(port, &number)
		status, text := p.trial(t, map[string]any{"name": "x", "kind": "postgres", "host": host, "port": number, "database": "d", "user": "u", "password": "nobody-knows-this", "tls": map[string]any{"mode": "disable"}})
		if status >= 500 || strings.Contains(text, `"ok":true`) {
			t.Errorf("%q over the API: %d %s", host, status, text)
		}
	}
	for _, text := range []string{"postgres://u:nobody-knows-this@127.0.0.1:" + port + "/d", "host=127.0.0.1 port=" + port + " user=u password=nobody-knows-this dbname=d", "postgres://u@8.8.8.8/d?host=127.0.0.1&port=" + port, "postgres://u@8.8.8.8/d?hostaddr=127.0.0.1&port=" + port,
		"postgres://u@h/d?service=x", "postgres://u@h/d?passfile=/etc/passwd", "postgres://u@h/d?sslrootcert=/etc/passwd", "u:p@tcp(127.0.0.1:" + port + ")/d", "u:p@unix(/tmp/x)/d", "jdbc:mysql://127.0.0.1:" + port + "/d", "Server=127.0.0.1," + port + ";Database=d;User ID=u;Password=nobody-knows-this", "sqlserver://u:p@127.0.0.1:" + port + "?failoverpartner=127.0.0.1",
		"postgres://u:p@0x7f000001:" + port + "/d", "postgres://u:p@[::ffff:127.0.0.1]:" + port + "/d", "postgres://u:p@localhost%2e:" + port + "/d"} {
		v.open("/connections/new").submit("main form", "do=test", fields{"url": text, "name": "x"})
		if v.status >= 500 || strings.Contains(v.words("main"), "The database answers") {
			t.Errorf("%q: %d", text, v.status)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d connections reached what stands beside the server", n)
	}
	// Over a setting the same address is open, so the refusals have their reason.
	open := start(t, "serve")
	visit(t, open).setUp(open).open("/connections/new").submit("main form", "do=test", fields{"url": "postgres://u:p@127.0.0.1:" + port + "/d?sslmode=disable", "name": "x"})
	if reached.Load() == 0 {
		t.Error("the listener is never reached, so the test proves nothing")
	}
}

// TestAttackSettingsInConnectionFields writes settings of drivers into fields
// where only names belong, for every spelling of the engines.
func TestAttackSettingsInConnectionFields(t *testing.T) {
	h, p := admin(t)
	_ = h
	port, reached := sink(t)
	number := 0
	fmt.Sscan(port, &number)
	smuggled := []string{"d?allowAllFiles=true&x=", "d?allowLoadLocalInfile=true", "/d?x", "d)/", "@tcp(127.0.0.1:" + port + ")/", "d?multiStatements=true", "d;Server=127.0.0.1", "d options='-c x=y'", "d\x00", "d\r\nx", "d?local_infile=1", "d' OR 1=1", "d&allowCleartextPasswords=true"}
	for _, kind := range []string{"postgres", "mysql", "sqlserver"} {
		for _, evil := range smuggled {
			good := map[string]any{"name": "x", "kind": kind, "host": "127.0.0.1", "port": number, "database": "d", "user": "u", "password": "nobody-knows-this", "tls": map[string]any{"mode": "disable"}}
			for _, field := range []string{"host", "kind"} {
				body := map[string]any{}
				for k, v := range good {
					body[k] = v
				}
				body[field] = evil
				before := reached.Load()
				status, text := p.trial(t, body)
				if status >= 500 && status != http.StatusBadGateway || strings.Contains(text, `"ok":true`) || reached.Load() != before {
					t.Errorf("%s with %s %q: %d, reached %d, %s", kind, field, evil, status, reached.Load()-before, text)
				}
			}
		}
	}
	good := `"name": "x", "kind": "mysql", "host": "db.example.com", "user": "u"`
	for _, tt := range []struct{ name, more string }{
		{"unknown member", `, "allowAllFiles": true`}, {"its own list of what is forbidden", `, "illegal_parameters": []`}, {"raw source name", `, "dsn": "u:p@tcp(h)/d?allowAllFiles=true"`}, {"owner", `, "created_by": "somebody"`}, {"id", `, "id": "chosen"`}, {"sample", `, "sample": true`},
		{"version", `, "version": 99`}, {"role", `, "role": "admin"`}, {"other letters", `, "HOST": "127.0.0.1", "Dial": "x"`}, {"inside", `, "tls": {"mode": "disable", "insecure": true}`}, {"another engine", `, "kind": "h2"`}, {"engine by a file", `, "kind": "file"`}, {"engine with a driver", `, "kind": "SQLite+pysqlite"`}, {"engine in capitals", `, "kind": "MySQL"`}, {"mariadb", `, "kind": "mariadb"`},
		{"options", `, "options": {"allowAllFiles": "true"}`}, {"options of another spelling", `, "options": {"AllowLoadLocalInfile": "1"}`}, {"several statements", `, "options": {"multiStatements": "true"}`}, {"a server's file", `, "tls": {"ca": "/etc/passwd"}`}, {"settings of the session", `, "options": {"init_connect": "x"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := http.NewRequest(http.MethodPost, h.base+"/api/v1/connections", strings.NewReader("{"+good+tt.more+"}"))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+p.token)
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			text, _ := io.ReadAll(res.Body)
			if res.StatusCode == http.StatusUnprocessableEntity {
				return
			}
			// What the drivers look at themselves is refused at the latest when it is used.
			var made struct{ ID string }
			if err := json.Unmarshal(text, &made); err != nil || res.StatusCode != http.StatusCreated {
				t.Fatalf("%s: %s", res.Status, text)
			}
			tested := p.request(t, t.Context(), http.MethodPost, "/api/v1/connections/"+made.ID+"/test", "", map[string]any{})
			defer tested.Body.Close()
			p.request(t, t.Context(), http.MethodDelete, "/api/v1/connections/"+made.ID, "", nil).Body.Close()
			text, _ = io.ReadAll(tested.Body)
			if !strings.Contains(string(text), "not known") && !strings.Contains(string(text), "option") && !strings.Contains(string(text), "PEM") && !strings.Contains(string(text), "certificate") {
				t.Errorf("it is used: %s", text)
			}
		})
	}
}

// TestAttackOwnStoreAsConnection makes a connection of the store on PostgreSQL
// by each of its names, and of the embedded one by its path.
func TestAttackOwnStoreAsConnection(t *testing.T) {
	at := storeURL(t)
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	h := start(t, "serve", "ASSAY_DATABASE_URL="+at, "ASSAY_MASTER_KEY="+masterKeyText(t))
	v := visit(t, h).setUp(h)
	pass, _ := u.User.Password()
	for _, host := range []string{u.Hostname(), "localhost", "LocalHost", "::ffff:127.0.0.1"} {
		v.open("/connections/new").submit("main form", "do=test", fields{"kind": "postgres", "name": "ours", "host": host, "port": u.Port(), "database": strings.Trim(u.Path, "/"), "user": u.User.Username(), "password": pass, "tls": "disable"})
		v.expect(http.StatusOK)
		if !strings.Contains(v.words("main"), "Assay's own") {
			t.Errorf("by the host %q: %s", host, v.words("[role=status], [role=alert]"))
		}
	}
	// Another database of the same server is open, so the refusals have their reason.
	_, reader := sourcetest.Postgres(t).NewDatabase(t, shop())
	v.open("/connections/new").submit("main form", "do=test", fields{"url": connectionURL(reader), "name": "Shop"}).says("[role=status]", "The database answers")

	lite := start(t, "serve")
	w := visit(t, lite).setUp(lite)
	dir := ""
	for _, setting := range lite.env {
		if d, ok := strings.CutPrefix(setting, "ASSAY_DATA_DIR="); ok {
			dir = d
		}
	}
	for _, path := range []string{dir + "/assay.db", dir + "/./assay.db", dir + "//assay.db", "/proc/self/cwd/../../../../../../../.." + dir + "/assay.db", dir + "/master.key", "file:" + dir + "/assay.db?mode=rw", dir + "/assay.db?mode=rwc", "/dev/mem", "/etc/passwd"} {
		w.open("/connections/new").submit("main form", "do=test", fields{"kind": "sqlite", "name": "ours", "path": path})
		if got := w.words("main"); strings.Contains(got, "The database answers") || strings.Contains(w.body, "root:") {
			t.Errorf("the file %s: %s", path, w.words("[role=status], [role=alert]"))
		}
	}
}

// sentinel is what a hostile server says; nobody may be shown it as ours.
const sentinel = "SENTINEL-of-the-other-side"

// mysqlRefuses and mysqlAsks speak as a MySQL server that refuses with words of
// its own, and as one that answers everything by asking for a file.
func mysqlRefuses(c net.Conn) {
	body := append([]byte{0xff, 0x15, 0x04, '#'}, "28000"+sentinel...)
	c.Write(append([]byte{byte(len(body)), 0, 0, 0}, body...))
}

func mysqlAsks(took *atomic.Int64) func(net.Conn) {
	return func(c net.Conn) {
		packet := func(sequence byte, body []byte) {
			c.Write(append([]byte{byte(len(body)), byte(len(body) >> 8), 0, sequence}, body...))
		}
		read := func() (sequence byte, body []byte, err error) {
			head := make([]byte, 4)
			if _, err := io.ReadFull(c, head); err != nil {
				return 0, nil, err
			}
			body = make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
			_, err = io.ReadFull(c, body)
			return head[3], body, err
		}
		greeting := append([]byte{10}, "8.0.36\x00\x01\x00\x00\x0012345678\x00\xff\xf7\x2d\x02\x00\xff\xdf\x15"...)
		greeting = append(append(greeting, make([]byte, 10)...), "123456789012\x00mysql_native_password\x00"...)
		packet(0, greeting)
		if _, _, err := read(); err != nil {
			return
		}
		packet(2, []byte{0, 0, 0, 2, 0, 0, 0})
		for {
			sequence, _, err := read()
			if err != nil {
				return
			}
			packet(sequence+1, append([]byte{0xfb}, "/etc/passwd"...))
			_, answer, err := read()
			took.Add(int64(len(answer)))
			if err != nil {
				return
			}
			packet(sequence+3, []byte{0, 0, 0, 2, 0, 0, 0})
		}
	}
}

// postgresRefuses speaks as a PostgreSQL server that refuses with words of its own.
func postgresRefuses(state string) func(net.Conn) {
	return func(c net.Conn) {
		var size [4]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		io.CopyN(io.Discard, c, int64(binary.BigEndian.Uint32(size[:])-4))
		body := "SFATAL\x00VFATAL\x00C" + state + "\x00M" + sentinel + "\x00H" + sentinel + "\x00D" + sentinel + "\x00\x00"
		c.Write(append(binary.BigEndian.AppendUint32([]byte{'E'}, uint32(len(body)+4)), body...))
	}
}

// TestAttackServersWordsInErrors: what a server on the other side says while a
// connection is made is not repeated, whatever speaks there.
func TestAttackServersWordsInErrors(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	var took atomic.Int64
	say := func(text string) func(net.Conn) { return func(c net.Conn) { io.WriteString(c, text) } }
	for _, tt := range []struct {
		name, kind string
		serve      func(net.Conn)
	}{
		{"web server", "postgres", say("HTTP/1.1 200 OK\r\nX: " + sentinel + "\r\n\r\n" + sentinel)},
		{"web server", "mysql", say("HTTP/1.1 200 OK\r\nX: " + sentinel + "\r\n\r\n" + sentinel)},
		{"web server", "sqlserver", say("HTTP/1.1 200 OK\r\nX: " + sentinel + "\r\n\r\n" + sentinel)},
		{"memory store", "postgres", say("-ERR " + sentinel + "\r\n")},
		{"mail server", "mysql", say("220 " + sentinel + "\r\n")},
		{"wrong password", "postgres", postgresRefuses("28P01")},
		{"no entry", "postgres", postgresRefuses("28000")},
		{"no database", "postgres", postgresRefuses("3D000")},
		{"full", "postgres", postgresRefuses("53300")},
		{"no right", "postgres", postgresRefuses("42501")},
		{"another refusal", "postgres", postgresRefuses("XX000")},
		{"an unknown setting", "postgres", postgresRefuses("22023")},
		{"words as a code", "postgres", postgresRefuses(sentinel)},
		{"refusal", "mysql", mysqlRefuses},
		{"asks for files", "mysql", mysqlAsks(&took)},
	} {
		t.Run(tt.kind+" "+tt.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var wait sync.WaitGroup
			var met atomic.Int32
			wait.Go(func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					met.Add(1)
					wait.Go(func() {
						defer c.Close()
						c.SetDeadline(time.Now().Add(5 * time.Second))
						tt.serve(c)
					})
				}
			})
			_, port, _ := net.SplitHostPort(l.Addr().String())
			v.t = t
			v.open("/connections/new").submit("main form", "do=test", fields{"kind": tt.kind, "name": "x", "host": "127.0.0.1", "port": port, "database": "d", "user": "u", "password": "nobody-knows-this", "tls": "disable"}).expect(http.StatusOK)
			l.Close()
			wait.Wait()
			if met.Load() == 0 {
				t.Error("nobody came, so the test proves nothing")
			}
			if strings.Contains(v.body, sentinel) || strings.Contains(v.body, "The database answers") {
				t.Errorf("the page says %s", v.words("[role=status], [role=alert]"))
			}
		})
	}
	if took.Load() != 0 {
		t.Errorf("%d bytes of a file were sent", took.Load())
	}
	if strings.Contains(h.log.String(), "nobody-knows-this") {
		t.Error("the log holds the password")
	}
}
