package mysql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"assay/app/source"
)

const (
	defaultPort     = 3306
	defaultMaxConns = 8
	connectTimeout  = 10 * time.Second
	// maxPacket bounds one packet that is sent, in bytes: a parameter can be this large.
	maxPacket = 64 << 20
)

// Open returns a pool for the configuration without connecting yet. Its only
// option is connect_timeout, in seconds.
func (*Driver) Open(c source.Config) (source.DB, error) {
	config, err := driverConfig(c)
	if err != nil {
		return nil, err
	}
	base, err := mysql.NewConnector(config)
	if err != nil {
		return nil, invalid("The connection's settings do not fit together")
	}
	db := &database{config: c, running: map[*rows]bool{}}
	db.pool = sql.OpenDB(&connector{base: base, zone: c.TimeZone, timeout: config.Timeout})
	size := c.MaxConns
	if size <= 0 {
		size = defaultMaxConns
	}
	db.pool.SetMaxOpenConns(size)
	db.pool.SetMaxIdleConns(size)
	db.pool.SetConnMaxIdleTime(5 * time.Minute)
	db.pool.SetConnMaxLifetime(time.Hour)
	db.spare = sql.OpenDB(&connector{base: base, timeout: killTimeout, bare: true})
	db.spare.SetMaxOpenConns(2)
	db.spare.SetMaxIdleConns(1)
	db.spare.SetConnMaxIdleTime(time.Minute)
	db.ctx, db.cancel = context.WithCancel(context.Background())
	return db, nil
}

func invalid(format string, args ...any) error {
	return &source.Failure{Code: source.Unreachable, Message: fmt.Sprintf(format, args...)}
}

// driverConfig turns a configuration into the driver's, field by field: no text
// of the configuration is ever read as a connection string.
func driverConfig(c source.Config) (*mysql.Config, error) {
	host := strings.TrimSuffix(strings.TrimPrefix(c.Host, "["), "]")
	switch {
	case host == "":
		return nil, invalid("The host is missing")
	case strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@"):
		return nil, invalid("Connections through a socket file are not supported: give a host name or an address")
	case strings.Contains(host, ","):
		return nil, invalid("A connection has one host")
	case strings.ContainsAny(host, " \t\r\n/@\\?#()\x00") || strings.Contains(host, ":") && net.ParseIP(host) == nil:
		return nil, invalid("The host is not a host name or an address")
	case c.Port < 0 || c.Port > 65535:
		return nil, invalid("The port is a number between 1 and 65535")
	case c.User == "":
		return nil, invalid("The user is missing")
	case systemSchemas[strings.ToLower(c.Database)] || strings.EqualFold(c.Database, "information_schema"):
		return nil, invalid("The schema %s belongs to the server: give the name of a database with data", c.Database)
	}
	for _, text := range []string{c.User, c.Password, c.Database, c.TimeZone} {
		if strings.Contains(text, "\x00") {
			return nil, invalid("The user, password, database and time zone cannot hold a zero byte")
		}
	}
	port := c.Port
	if port == 0 {
		port = defaultPort
	}
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", net.JoinHostPort(host, strconv.Itoa(port))
	config.User, config.Passwd, config.DBName = c.User, c.Password, c.Database
	config.Timeout = connectTimeout
	config.MaxAllowedPacket = maxPacket
	config.Logger = &mysql.NopLogger{}
	config.ConnectionAttributes = "program_name:assay"
	for name, value := range c.Options {
		if name != "connect_timeout" {
			return nil, invalid("The option %q is not known; the only option is connect_timeout", name)
		}
		seconds, err := strconv.Atoi(value)
		if err != nil || seconds < 1 || seconds > 120 {
			return nil, invalid("The option connect_timeout is a number of seconds from 1 to 120")
		}
		config.Timeout = time.Duration(seconds) * time.Second
	}
	dial := (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	if c.Dial != nil {
		dial = c.Dial
	}
	config.DialFunc = dial
	if err := setTLS(config, c.TLS, host); err != nil {
		return nil, err
	}
	// Each connection gets a configuration of its own: the driver clears the TLS
	// settings in the one it has when a server offers none.
	err := config.Apply(mysql.BeforeConnect(func(context.Context, *mysql.Config) error { return nil }))
	return config, err
}

// setTLS sets how the connection is encrypted and whom it trusts.
func setTLS(config *mysql.Config, t source.TLS, host string) error {
	mode := t.Mode
	if mode == source.TLSDefault {
		mode = source.TLSVerifyFull
		if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
			mode = source.TLSPrefer
		}
	}
	if mode == source.TLSDisable {
		return nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if c.ServerName == "" {
		c.ServerName = host
	}
	if t.CA != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(t.CA)) {
			return invalid("The authority's certificate is not PEM text")
		}
	}
	if (t.Cert == "") != (t.Key == "") {
		return invalid("A client certificate needs its key, and a key its certificate")
	}
	if t.Cert != "" {
		pair, err := tls.X509KeyPair([]byte(t.Cert), []byte(t.Key))
		if err != nil {
			return invalid("The client certificate and its key do not fit together or are not PEM text")
		}
		c.Certificates = []tls.Certificate{pair}
	}
	switch mode {
	case source.TLSPrefer:
		c.InsecureSkipVerify = true
		config.AllowFallbackToPlaintext = true
	case source.TLSRequire:
		c.InsecureSkipVerify = true
	case source.TLSVerifyCA:
		c.InsecureSkipVerify = true
		c.VerifyConnection = verifyAuthority(c.RootCAs)
	case source.TLSVerifyFull:
	default:
		return invalid("The TLS mode %q is not known", mode)
	}
	// A server that asks for the password itself gets it only where it is known whose server it is.
	config.AllowCleartextPasswords = mode == source.TLSVerifyCA || mode == source.TLSVerifyFull
	config.TLS = c
	return nil
}

// verifyAuthority checks the chain of a server's certificate, not its name.
func verifyAuthority(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(s tls.ConnectionState) error {
		o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, cert := range s.PeerCertificates[1:] {
			o.Intermediates.AddCert(cert)
		}
		_, err := s.PeerCertificates[0].Verify(o)
		return err
	}
}
