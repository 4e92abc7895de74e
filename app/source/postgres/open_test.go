package postgres

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/source"
	"assay/app/source/sourcetest"
)

func TestOpenRefusesBadConfigurations(t *testing.T) {
	good := source.Config{Kind: "postgres", Host: "db.example.com", User: "u", Database: "d"}
	tests := map[string]func(c *source.Config){
		"no host":          func(c *source.Config) { c.Host = "" },
		"socket":           func(c *source.Config) { c.Host = "/var/run/postgresql" },
		"abstract socket":  func(c *source.Config) { c.Host = "@x" },
		"several hosts":    func(c *source.Config) { c.Host = "a,b" },
		"port in host":     func(c *source.Config) { c.Host = "a:5433" },
		"words in host":    func(c *source.Config) { c.Host = "a sslmode=disable" },
		"no user":          func(c *source.Config) { c.User = "" },
		"port":             func(c *source.Config) { c.Port = 70000 },
		"zero byte":        func(c *source.Config) { c.Database = "a\x00b" },
		"unknown option":   func(c *source.Config) { c.Options = map[string]string{"options": "-c x=y"} },
		"service option":   func(c *source.Config) { c.Options = map[string]string{"service": "x"} },
		"bad timeout":      func(c *source.Config) { c.Options = map[string]string{"connect_timeout": "x"} },
		"tls mode":         func(c *source.Config) { c.TLS.Mode = "maybe" },
		"tls path":         func(c *source.Config) { c.TLS = source.TLS{CA: "/etc/ssl/ca.pem"} },
		"key without cert": func(c *source.Config) { c.TLS = source.TLS{Key: "x"} },
	}
	for name, change := range tests {
		c := good
		change(&c)
		if _, err := New().Open(c); source.AsFailure(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, host := range []string{"db.example.com", "10.0.0.1", "::1", "[::1]", "LOCALHOST"} {
		c := good
		c.Host = host
		if _, err := New().Open(c); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// Nothing of the environment or the home directory gets in, and nothing there can keep a connection from opening.
func TestEnvironmentHasNoEffect(t *testing.T) {
	s := sourcetest.Postgres(t)
	want, err := parseFixed(fixed)
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	for name, content := range map[string]string{".pgpass": "*:*:*:*:stolen", ".pg_service.conf": "[evil]\nhost=evil.example.com\n", "bad.crt": "no certificate"} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"HOME": home, "PGHOST": "evil.example.com", "PGPORT": "1", "PGUSER": "evil", "PGPASSWORD": "stolen", "PGDATABASE": "evil",
		"PGPASSFILE": filepath.Join(home, ".pgpass"), "PGSERVICE": "evil", "PGSERVICEFILE": filepath.Join(home, ".pg_service.conf"),
		"PGSSLMODE": "bogus", "PGSSLROOTCERT": filepath.Join(home, "bad.crt"), "PGSSLCERT": filepath.Join(home, "none"), "PGSSLKEY": filepath.Join(home, "none"),
		"PGSSLCERTMODE": "", "PGSSLNEGOTIATION": "direct", "PGAPPNAME": "evil", "PGOPTIONS": "-c search_path=evil", "PGTZ": "Asia/Tokyo",
		"PGTARGETSESSIONATTRS": "standby", "PGCONNECT_TIMEOUT": "x", "PGMINPROTOCOLVERSION": "9", "PGMAXPROTOCOLVERSION": "9",
		"PGCHANNELBINDING": "bogus", "PGREQUIREAUTH": "none",
	} {
		t.Setenv(name, value)
	}
	got, err := parseFixed(fixed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{want.Host, want.Port, want.User, want.Password, want.Database, want.RuntimeParams, want.SSLNegotiation, want.ChannelBinding, want.RequireAuth, want.MinProtocolVersion, want.MaxProtocolVersion, want.ValidateConnect == nil, len(want.Fallbacks), want.TLSConfig == nil},
		[]any{got.Host, got.Port, got.User, got.Password, got.Database, got.RuntimeParams, got.SSLNegotiation, got.ChannelBinding, got.RequireAuth, got.MinProtocolVersion, got.MaxProtocolVersion, got.ValidateConnect == nil, len(got.Fallbacks), got.TLSConfig == nil}); diff != "" {
		t.Errorf("(-without +with the environment)\n%s", diff)
	}
	f := ask(t, s.Config("postgres"), "SELECT current_user, current_setting('application_name'), current_setting('TimeZone'), current_setting('search_path')")
	if diff := cmp.Diff([][]string{{"admin", "assay", "UTC", `"$user", public`}}, cells(f)); diff != "" {
		t.Errorf("the session (-want +got)\n%s", diff)
	}
	c := s.Config("postgres")
	c.Password = ""
	db := open(t, c)
	if _, err := db.all(t.Context(), "SELECT 1"); source.AsFailure(err) == nil {
		t.Error("an empty password was replaced by another")
	}
}

func TestTLSModes(t *testing.T) {
	s := sourcetest.Postgres(t)
	tests := []struct {
		name    string
		tls     source.TLS
		want    string
		problem string
	}{
		{name: "default on loopback", want: "TLS 1.3"},
		{name: "disable", tls: source.TLS{Mode: source.TLSDisable}},
		{name: "prefer", tls: source.TLS{Mode: source.TLSPrefer}, want: "TLS 1.3"},
		{name: "require", tls: source.TLS{Mode: source.TLSRequire}, want: "TLS 1.3"},
		{name: "verify-ca", tls: source.TLS{Mode: source.TLSVerifyCA, CA: s.CA, ServerName: "other.example.com"}, want: "TLS 1.3"},
		{name: "verify-full", tls: source.TLS{Mode: source.TLSVerifyFull, CA: s.CA}, want: "TLS 1.3"},
		{name: "verify-full by name", tls: source.TLS{Mode: source.TLSVerifyFull, CA: s.CA, ServerName: "localhost"}, want: "TLS 1.3"},
		{name: "unknown authority", tls: source.TLS{Mode: source.TLSVerifyFull}, problem: "authority"},
		{name: "unknown authority, verify-ca", tls: source.TLS{Mode: source.TLSVerifyCA}, problem: "authority"},
		{name: "another name", tls: source.TLS{Mode: source.TLSVerifyFull, CA: s.CA, ServerName: "other.example.com"}, problem: "another name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := s.Config("postgres")
			c.TLS = tt.tls
			p, err := open(t, c).Probe(t.Context())
			if tt.problem != "" {
				f := source.AsFailure(err)
				if f == nil || f.Code != source.Unreachable || !strings.Contains(f.Message, tt.problem) || f.Hint == "" {
					t.Errorf("got %v, want a failure about %q", err, tt.problem)
				}
				return
			}
			if err != nil || p.TLS != tt.want {
				t.Errorf("TLS %q (%v), want %q", p.TLS, err, tt.want)
			}
		})
	}
}

// pooler stands between and refuses, as PgBouncer does, settings at the start of a session.
func pooler(t *testing.T, target string) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go serve(client, target)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func serve(client net.Conn, target string) {
	defer client.Close()
	var size [4]byte
	if _, err := io.ReadFull(client, size[:]); err != nil {
		return
	}
	start := make([]byte, binary.BigEndian.Uint32(size[:])-4)
	if _, err := io.ReadFull(client, start); err != nil {
		return
	}
	if binary.BigEndian.Uint32(start) == 3<<16 {
		words := strings.Split(string(start[4:]), "\x00")
		for i := 0; i+1 < len(words); i += 2 {
			if !slices.Contains([]string{"", "user", "database", "client_encoding", "application_name"}, words[i]) {
				body := "SFATAL\x00VFATAL\x00C08P01\x00Munsupported startup parameter: " + words[i] + "\x00\x00"
				client.Write(append(binary.BigEndian.AppendUint32([]byte{'E'}, uint32(len(body)+4)), body...))
				return
			}
		}
	}
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	server.Write(append(size[:], start...))
	go io.Copy(client, server)
	io.Copy(server, client)
}

func TestPoolerThatRefusesSettings(t *testing.T) {
	s := sourcetest.Postgres(t)
	c := s.Config("postgres")
	c.TimeZone = "Europe/Berlin"
	c.Port = pooler(t, net.JoinHostPort(s.Host, strconv.Itoa(s.Port)))
	db := open(t, c)
	for range 2 {
		f, err := db.all(t.Context(), "SELECT current_setting('intervalstyle'), current_setting('lock_timeout'), current_setting('standard_conforming_strings'), current_setting('TimeZone'), current_setting('transaction_read_only'), interval '1 day'")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][]string{{"iso_8601", "3s", "on", "Europe/Berlin", "on", "P1D"}}, cells(f)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

func TestNoAnswerEndsWithTheContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := source.Config{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, User: "u", Password: "secret-word"}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begun := time.Now()
	_, err = open(t, c).Probe(ctx)
	if f := source.AsFailure(err); f == nil || f.Code != source.DeadlineExceeded || strings.Contains(f.Message+f.Hint, "secret-word") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("took %s", took)
	}
}

// A server that is none must not crash us, take our memory or be believed.
func TestServerThatIsNone(t *testing.T) {
	for name, answer := range map[string]string{
		"http":          "HTTP/1.1 400 Bad Request\r\n\r\n",
		"huge message":  "R\x7f\xff\xff\xff",
		"empty":         "",
		"noise":         strings.Repeat("\x00\xff\x13E", 1000),
		"error garbage": "E\x00\x00\x00\x08SFAT",
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					io.WriteString(c, answer)
					c.Close()
				}
			}()
			c := source.Config{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, User: "u", TLS: source.TLS{Mode: source.TLSDisable}}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err = open(t, c).Probe(ctx)
			if f := source.AsFailure(err); f == nil || f.Code != source.Unreachable || f.Hint == "" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestDialHookOpensEveryConnection(t *testing.T) {
	c := sourcetest.Postgres(t).Config("postgres")
	refusal := &source.Failure{Code: source.Unreachable, Message: "Connections to this address are not allowed"}
	c.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, refusal }
	_, err := open(t, c).Probe(t.Context())
	if f := source.AsFailure(err); f == nil || f.Message != refusal.Message {
		t.Errorf("got %v, want the hook's own words", err)
	}
}

func TestSafePath(t *testing.T) {
	for in, want := range map[string]string{
		`"$user", public`:    `"$user", public`,
		"public, pg_catalog": "pg_catalog,public",
		"pg_catalog, public": "pg_catalog, public",
		`a, "pg_catalog", b`: "pg_catalog,a, b",
		"":                   "",
	} {
		got, changed := safePath(in)
		if !changed {
			got = in
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
