package sqlserver

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"assay/app/source"
)

// certificate makes a server certificate for localhost, and its own CA as PEM text.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, text.String()
}

func one(sql string, w *tokens, _ <-chan struct{}) {
	if !strings.HasPrefix(sql, "SET ") && !strings.HasPrefix(sql, "IF ") {
		w.columns(column{"n", intType})
		w.row(bigint(1))
	}
}

// Encryption before the first byte (TDS 8) is the form of TLS that the test's server can speak.
func TestStrictEncryption(t *testing.T) {
	cert, ca := certificate(t)
	other, otherCA := certificate(t)
	_ = other
	for _, tt := range []struct {
		name    string
		tls     source.TLS
		host    string
		problem string
	}{
		{"known CA and name", source.TLS{Mode: source.TLSVerifyFull, CA: ca}, "localhost", ""},
		{"another server name", source.TLS{Mode: source.TLSVerifyFull, CA: ca, ServerName: "localhost"}, "127.0.0.1", ""},
		{"only the CA", source.TLS{Mode: source.TLSVerifyCA, CA: ca}, "127.0.0.1", ""},
		{"no check", source.TLS{Mode: source.TLSRequire}, "127.0.0.1", ""},
		{"wrong name", source.TLS{Mode: source.TLSVerifyFull, CA: ca}, "127.0.0.1", "The server's certificate is for another name"},
		{"wrong CA", source.TLS{Mode: source.TLSVerifyFull, CA: otherCA}, "localhost", "The server's certificate is signed by an authority that is not known here"},
		{"wrong CA, name not asked", source.TLS{Mode: source.TLSVerifyCA, CA: otherCA}, "localhost", "The server's certificate is signed by an authority that is not known here"},
		{"CAs of the system", source.TLS{Mode: source.TLSVerifyFull}, "localhost", "The server's certificate is signed by an authority that is not known here"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newFake(t, one)
			s.tls = &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"tds/8.0"}}
			s.start()
			c := s.config()
			c.TLS, c.Host, c.Options["encrypt"] = tt.tls, tt.host, "strict"
			c.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, s.listen.Addr().String())
			}
			d := open(t, c).(*db)
			_, version := d.latency(context.Background())
			if tt.problem == "" {
				if version != "TLS 1.3" {
					t.Errorf("the version is %q", version)
				}
				return
			}
			_, err := d.Query(context.Background(), source.Statement{SQL: "SELECT 1"})
			f := source.AsFailure(err)
			if f == nil || f.Code != source.Unreachable || f.Message != tt.problem || f.Hint == "" {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestEncryptionWithoutTLS(t *testing.T) {
	s := newFake(t, one).start()
	c := s.config()
	c.TLS.Mode = source.TLSPrefer
	readAll(t, context.Background(), open(t, c), source.Statement{SQL: "SELECT 1"})
	if s.connections() != 2 {
		t.Errorf("%d connections: one to ask for TLS and one without were expected", s.connections())
	}
	c.TLS.Mode = source.TLSRequire
	_, err := open(t, c).Query(context.Background(), source.Statement{SQL: "SELECT 1"})
	if f := source.AsFailure(err); f == nil || f.Code != source.Unreachable || f.Message != "The server offers no encryption" {
		t.Errorf("%v", err)
	}
}

func TestLoginErrors(t *testing.T) {
	for number, message := range map[int32]string{
		18456: "The server does not accept this user with this password",
		4060:  "The database cannot be opened with this login",
		40615: "The firewall of Azure SQL does not let this address in",
	} {
		s := newFake(t, one)
		s.login = &serverError{number, 14, "Login failed for user 'reader' with very-secret.", 1}
		s.start()
		_, err := open(t, s.config()).Query(context.Background(), source.Statement{SQL: "SELECT 1"})
		f := source.AsFailure(err)
		if f == nil || f.Code != source.Unreachable || f.Message != message || f.Hint == "" {
			t.Errorf("%d: %+v", number, f)
		}
		if strings.Contains(f.Message+f.Hint, "very-secret") {
			t.Errorf("%d repeats the password", number)
		}
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	c := source.Config{Host: "127.0.0.1", Port: port, User: "u", Password: "very-secret"}
	_, err = open(t, c).Query(context.Background(), source.Statement{SQL: "SELECT 1"})
	if f := source.AsFailure(err); f == nil || f.Code != source.Unreachable || !strings.HasPrefix(f.Message, "Nothing listens at 127.0.0.1:") {
		t.Errorf("refused port: %v", err)
	}
	c.Host = "no-such-host.invalid"
	c.Dial = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "no-such-host.invalid", IsNotFound: true}
	}
	_, err = open(t, c).Query(context.Background(), source.Statement{SQL: "SELECT 1"})
	if f := source.AsFailure(err); f == nil || f.Message != "The host no-such-host.invalid is not known" {
		t.Errorf("unknown host: %v", err)
	}
	// A server that accepts and then says nothing must not outlast the context.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	c = source.Config{Host: "127.0.0.1", Port: silent.Addr().(*net.TCPAddr).Port, User: "u"}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err = open(t, c).Query(ctx, source.Statement{SQL: "SELECT 1"})
	if f := source.AsFailure(err); f == nil || f.Code != source.DeadlineExceeded || time.Since(start) > 2*time.Second {
		t.Errorf("silent server after %s: %v", time.Since(start), err)
	}
}

// Every network connection goes through the hook, by name.
func TestDialHook(t *testing.T) {
	refused := &source.Failure{Code: source.Unreachable, Message: "This address must not be reached"}
	for _, instance := range []string{"", "SQLEXPRESS"} {
		var asked []string
		c := source.Config{Host: "db.example.test", User: "u", Options: map[string]string{}, Dial: func(_ context.Context, network, address string) (net.Conn, error) {
			asked = append(asked, network+" "+address)
			return nil, refused
		}}
		if instance != "" {
			c.Options["instance"] = instance
		}
		_, err := open(t, c).Query(context.Background(), source.Statement{SQL: "SELECT 1"})
		if f := source.AsFailure(err); f == nil || f.Code != source.Unreachable {
			t.Errorf("%v", err)
		}
		want := "tcp db.example.test:1433"
		if instance != "" {
			want = "udp db.example.test:1434"
		}
		if len(asked) != 1 || asked[0] != want {
			t.Errorf("instance %q: the hook was asked for %q", instance, asked)
		}
	}
}

func TestOpenRefusesBadSettings(t *testing.T) {
	good := source.Config{Host: "db", User: "u"}
	for name, change := range map[string]func(c *source.Config){
		"no host":            func(c *source.Config) { c.Host = "" },
		"host with a path":   func(c *source.Config) { c.Host = "db;encrypt=disable" },
		"host with instance": func(c *source.Config) { c.Host = `db\x` },
		"named pipe":         func(c *source.Config) { c.Host = `\\.\pipe\sql` },
		"several hosts":      func(c *source.Config) { c.Host = "a,b" },
		"port":               func(c *source.Config) { c.Port = 70000 },
		"no user":            func(c *source.Config) { c.User = "" },
		"windows user":       func(c *source.Config) { c.User = `CORP\ann` },
		"unknown option":     func(c *source.Config) { c.Options = map[string]string{"krb5-conffile": "/etc/krb5.conf"} },
		"certificate file":   func(c *source.Config) { c.Options = map[string]string{"certificate": "/etc/passwd"} },
		"azure":              func(c *source.Config) { c.Options = map[string]string{"authentication": "ActiveDirectoryDefault"} },
		"encrypt":            func(c *source.Config) { c.Options = map[string]string{"encrypt": "maybe"} },
		"strict and none": func(c *source.Config) {
			c.Options, c.TLS.Mode = map[string]string{"encrypt": "strict"}, source.TLSDisable
		},
		"instance": func(c *source.Config) { c.Options = map[string]string{"instance": "x;y"} },
		"ca":       func(c *source.Config) { c.TLS.CA = "/etc/ssl/ca.pem" },
		"cert":     func(c *source.Config) { c.TLS.Cert = "/etc/ssl/cert.pem" },
		"mode":     func(c *source.Config) { c.TLS.Mode = "sometimes" },
		"zone":     func(c *source.Config) { c.TimeZone = "Mars/Olympus" },
	} {
		c := good
		change(&c)
		_, err := New().Open(c)
		if f := source.AsFailure(err); f == nil || f.Code != source.Unreachable || f.Message == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New().Open(good); err != nil {
		t.Error(err)
	}
}
