package mysql

import (
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"assay/app/source"
	"assay/app/source/sourcetest"
)

func TestOpenRefuses(t *testing.T) {
	good := source.Config{Host: "db.example.org", User: "u", Database: "shop"}
	for name, change := range map[string]func(c *source.Config){
		"no host":            func(c *source.Config) { c.Host = "" },
		"socket":             func(c *source.Config) { c.Host = "/run/mysqld/mysqld.sock" },
		"abstract socket":    func(c *source.Config) { c.Host = "@mysql" },
		"two hosts":          func(c *source.Config) { c.Host = "a,b" },
		"settings in host":   func(c *source.Config) { c.Host = "a)/?allowAllFiles=true&x=(" },
		"login in host":      func(c *source.Config) { c.Host = "u:p@tcp(a" },
		"port":               func(c *source.Config) { c.Port = 70000 },
		"no user":            func(c *source.Config) { c.User = "" },
		"zero byte":          func(c *source.Config) { c.Password = "a\x00b" },
		"the server's own":   func(c *source.Config) { c.Database = "MySQL" },
		"information_schema": func(c *source.Config) { c.Database = "information_schema" },
		"allowAllFiles":      func(c *source.Config) { c.Options = map[string]string{"allowAllFiles": "true"} },
		"local_infile":       func(c *source.Config) { c.Options = map[string]string{"local_infile": "1"} },
		"multiStatements":    func(c *source.Config) { c.Options = map[string]string{"multiStatements": "true"} },
		"init_command":       func(c *source.Config) { c.Options = map[string]string{"sql_mode": "ANSI_QUOTES"} },
		"timeout":            func(c *source.Config) { c.Options = map[string]string{"connect_timeout": "0"} },
		"tls mode":           func(c *source.Config) { c.TLS.Mode = "maybe" },
		"authority":          func(c *source.Config) { c.TLS.CA = "/etc/ssl/ca.pem" },
		"key alone":          func(c *source.Config) { c.TLS.Key = "x" },
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			change(&c)
			db, err := New().Open(c)
			if err == nil {
				db.Close()
				t.Fatal("opened")
			}
			if f := source.AsFailure(err); f == nil || f.Message == "" {
				t.Errorf("%v is no failure", err)
			}
		})
	}
}

// TestHostileTextStaysText puts what would be settings in a connection string where names belong.
func TestHostileTextStaysText(t *testing.T) {
	const hostile = "x?allowAllFiles=true&multiStatements=true"
	c, err := driverConfig(source.Config{Host: "db", User: hostile, Password: hostile, Database: hostile, TLS: source.TLS{Mode: source.TLSDisable}})
	if err != nil {
		t.Fatal(err)
	}
	if c.AllowAllFiles || c.MultiStatements || c.AllowCleartextPasswords || c.AllowOldPasswords || c.InterpolateParams || c.ParseTime {
		t.Errorf("%+v", c)
	}
	if c.User != hostile || c.DBName != hostile || c.Addr != "db:3306" || c.Net != "tcp" {
		t.Errorf("%s %s %s %s", c.User, c.DBName, c.Net, c.Addr)
	}
}

func TestCleartextOnlyWhereVerified(t *testing.T) {
	for mode, want := range map[source.TLSMode]bool{
		source.TLSDisable: false, source.TLSPrefer: false, source.TLSRequire: false, source.TLSVerifyCA: true, source.TLSVerifyFull: true, source.TLSDefault: true,
	} {
		c, err := driverConfig(source.Config{Host: "db", User: "u", TLS: source.TLS{Mode: mode}})
		if err != nil || c.AllowCleartextPasswords != want {
			t.Errorf("%q: %v %v", mode, c.AllowCleartextPasswords, err)
		}
	}
}

func TestDialIsUsed(t *testing.T) {
	refused := &source.Failure{Code: source.Unreachable, Message: "This address is not allowed"}
	db := open(t, source.Config{Host: "127.0.0.1", Port: 3306, User: "u",
		Dial: func(context.Context, string, string) (net.Conn, error) { return nil, refused }})
	_, err := db.Query(t.Context(), source.Statement{SQL: "SELECT 1"})
	if f := source.AsFailure(err); f != refused {
		t.Errorf("%v", err)
	}
}

func TestTLSModes(t *testing.T) {
	server := sourcetest.MariaDB(t)
	_, reader := server.NewDatabase(t, sample)
	for _, tt := range []struct {
		name, message string
		tls           source.TLS
		encrypted     bool
	}{
		{"disable", "", source.TLS{Mode: source.TLSDisable}, false},
		{"default on loopback", "", source.TLS{}, true},
		{"prefer", "", source.TLS{Mode: source.TLSPrefer}, true},
		{"require", "", source.TLS{Mode: source.TLSRequire}, true},
		{"verify-ca", "", source.TLS{Mode: source.TLSVerifyCA, CA: server.CA, ServerName: "elsewhere"}, true},
		{"verify-full", "", source.TLS{Mode: source.TLSVerifyFull, CA: server.CA}, true},
		{"verify-ca, other authority", "The server's certificate is signed by an unknown authority", source.TLS{Mode: source.TLSVerifyCA}, false},
		{"verify-full, other authority", "The server's certificate is signed by an unknown authority", source.TLS{Mode: source.TLSVerifyFull}, false},
		{"verify-full, other name", "The server's certificate is for another name", source.TLS{Mode: source.TLSVerifyFull, CA: server.CA, ServerName: "elsewhere"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := reader
			c.TLS = tt.tls
			p, err := open(t, c).Probe(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if tt.message != "" {
				if p.OK || !strings.HasPrefix(p.Problem, tt.message) {
					t.Errorf("%+v", p)
				}
				return
			}
			if !p.OK || strings.HasPrefix(p.TLS, "TLS 1.") != tt.encrypted {
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestMessages(t *testing.T) {
	server := sourcetest.MariaDB(t)
	admin, reader := server.NewDatabase(t, sample)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	chatty, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer chatty.Close()
	go func() {
		for {
			c, err := chatty.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			c.Close()
		}
	}()
	port := func(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }
	for _, tt := range []struct {
		name, message string
		change        func(c *source.Config)
	}{
		{"password", "The server refused the user name or password of " + reader.User, func(c *source.Config) { c.Password = "wrong-secret" }},
		{"database", "may not use the database mysqlx", func(c *source.Config) { c.Database = "mysqlx" }},
		{"unknown database", "The server has no database nowhere", func(c *source.Config) { *c = admin; c.Database = "nowhere" }},
		{"port", "Nothing answers on 127.0.0.1:1", func(c *source.Config) { c.Port = 1 }},
		{"host", "The host no-such-host.invalid was not found", func(c *source.Config) { c.Host = "no-such-host.invalid" }},
		{"zone", "The server does not know the time zone Mars/Olympus", func(c *source.Config) { c.TimeZone = "Mars/Olympus" }},
		{"silence", "did not answer in time", func(c *source.Config) {
			c.Port, c.Options = port(silent), map[string]string{"connect_timeout": "1"}
		}},
		{"another protocol", "", func(c *source.Config) { c.Port = port(chatty) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := reader
			tt.change(&c)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			p, err := open(t, c).Probe(ctx)
			if err != nil || p.OK || !strings.Contains(p.Problem, tt.message) || strings.Contains(p.Problem, "wrong-secret") {
				t.Errorf("%+v %v", p, err)
			}
			t.Log(p.Problem)
		})
	}
}

// fakeServer speaks just enough of the protocol to let a client in, answers the
// first so many statements with OK, and then asks for a local file. It returns
// its port and what the client sent after being asked.
func fakeServer(t *testing.T, path string, fine int) (port int, sent <-chan []byte) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	got := make(chan []byte, 16)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c, path, fine, got)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port, got
}

func serve(c net.Conn, path string, fine int, got chan<- []byte) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	packet := func(sequence byte, body []byte) {
		head := make([]byte, 4)
		binary.LittleEndian.PutUint32(head, uint32(len(body)))
		head[3] = sequence
		c.Write(append(head, body...))
	}
	read := func() (sequence byte, body []byte, err error) {
		head := make([]byte, 4)
		if _, err := io.ReadFull(c, head); err != nil {
			return 0, nil, err
		}
		sequence = head[3]
		head[3] = 0
		body = make([]byte, binary.LittleEndian.Uint32(head))
		_, err = io.ReadFull(c, body)
		return sequence, body, err
	}
	greeting := []byte{10}
	greeting = append(greeting, "8.0.36\x00"...)
	greeting = append(greeting, 1, 0, 0, 0)
	greeting = append(greeting, "12345678\x00"...)
	greeting = append(greeting, 0xff, 0xf7) // all capabilities but TLS
	greeting = append(greeting, 45, 2, 0)
	greeting = append(greeting, 0xff, 0xdf)
	greeting = append(greeting, 21)
	greeting = append(greeting, make([]byte, 10)...)
	greeting = append(greeting, "123456789012\x00mysql_native_password\x00"...)
	packet(0, greeting)
	if _, _, err := read(); err != nil {
		return
	}
	ok := []byte{0, 0, 0, 2, 0, 0, 0}
	packet(2, ok)
	for n := 0; ; n++ {
		sequence, _, err := read()
		if err != nil {
			return
		}
		if n < fine {
			packet(sequence+1, ok)
			continue
		}
		packet(sequence+1, append([]byte{0xfb}, path...))
		_, answer, err := read()
		if err != nil {
			return
		}
		got <- answer
		packet(sequence+3, ok)
	}
}

// TestServerAsksForLocalFile: whatever a hostile server answers, no byte of a file leaves.
func TestServerAsksForLocalFile(t *testing.T) {
	for _, path := range []string{"/etc/passwd", "Reader::data", "/x/Reader::", "\"/etc/passwd\""} {
		for fine := range 8 {
			t.Run(path+" after "+strconv.Itoa(fine), func(t *testing.T) {
				port, sent := fakeServer(t, path, fine)
				db := open(t, source.Config{Host: "127.0.0.1", Port: port, User: "u", Password: "p", TLS: source.TLS{Mode: source.TLSDisable}})
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				if rows, err := db.Query(ctx, source.Statement{SQL: "SELECT 1"}); err == nil {
					rows.Close()
					t.Error("the server's answer was taken for rows")
				}
				for {
					select {
					case answer := <-sent:
						if len(answer) != 0 {
							t.Errorf("the client sent %d bytes: %.40q", len(answer), answer)
						}
						continue
					default:
					}
					break
				}
			})
		}
	}
}

// TestServerSendsNonsense: after the login a hostile server sends random packets.
func TestServerSendsNonsense(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	random := rand.New(rand.NewPCG(1, 2))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.SetDeadline(time.Now().Add(3 * time.Second))
			head := []byte{10, '8', '.', '0', 0, 1, 0, 0, 0, 'x'}
			cut := random.IntN(len(head) + 1)
			noise := make([]byte, random.IntN(200))
			for i := range noise {
				noise[i] = byte(random.Uint32())
			}
			body := append(head[:cut:cut], noise...)
			c.Write(append([]byte{byte(len(body)), 0, 0, 0}, body...))
			for range 4 {
				noise = noise[:random.IntN(len(noise)+1)]
				c.Write(append([]byte{byte(len(noise)), 0, 0, byte(random.IntN(4))}, noise...))
			}
			c.Close()
		}
	}()
	for range 300 {
		db := open(t, source.Config{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, User: "u", TLS: source.TLS{Mode: source.TLSDisable}})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if _, err := db.Query(ctx, source.Statement{SQL: "SELECT 1"}); source.AsFailure(err) == nil {
			t.Fatalf("%v is no failure", err)
		}
		cancel()
	}
}
