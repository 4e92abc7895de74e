package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"assay/app/source"
)

const (
	defaultPort     = 5432
	defaultMaxConns = 8
	connectTimeout  = 10 * time.Second
	// maxConnectMessage and maxMessage bound one message of the server, in
	// bytes, before and after the login.
	maxConnectMessage = 1 << 20
	maxMessage        = 256 << 20
)

// pinned are the settings every session has, whatever the login's own are:
// those that decide how text is read and written, and that nothing is changed.
var pinned = []setting{
	{"default_transaction_read_only", "on"},
	{"standard_conforming_strings", "on"},
	{"client_encoding", "UTF8"},
	{"datestyle", "ISO, MDY"},
	{"intervalstyle", "iso_8601"},
	{"bytea_output", "hex"},
	{"extra_float_digits", "1"},
	{"xmloption", "content"},
	{"lock_timeout", "3s"},
	{"idle_in_transaction_session_timeout", "30s"},
}

type setting struct{ name, value string }

// Open returns a pool for the configuration without connecting yet. Its
// options are application_name, search_path, connect_timeout (seconds) and
// channel_binding (disable, prefer or require).
func (d *Driver) Open(c source.Config) (source.DB, error) {
	config, err := driverConfig(c)
	if err != nil {
		return nil, err
	}
	db := &database{source: c, config: config, name: "assay", pins: slices.Clone(pinned)}
	if c.TimeZone != "" {
		db.pins = append(db.pins, setting{"timezone", c.TimeZone})
	}
	if path := c.Options["search_path"]; path != "" {
		db.pins = append(db.pins, setting{"search_path", path})
	}
	if name := c.Options["application_name"]; name != "" {
		db.name = name
	}
	size := c.MaxConns
	if size <= 0 {
		size = defaultMaxConns
	}
	db.pool = newPool(size)
	db.ctx, db.cancel = context.WithCancel(context.Background())
	return db, nil
}

// driverConfig turns a configuration into pgconn's, taking nothing from the
// environment, the home directory or the configuration's text as a whole.
func driverConfig(c source.Config) (*pgconn.Config, error) {
	host := strings.TrimSuffix(strings.TrimPrefix(c.Host, "["), "]")
	switch {
	case host == "":
		return nil, invalid("The host is missing")
	case strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || filepath.IsAbs(host):
		return nil, invalid("Connections through a socket file are not supported: give a host name or an address")
	case strings.Contains(host, ","):
		return nil, invalid("A connection has one host")
	case strings.ContainsAny(host, " \t\r\n/@\\?#") || strings.Contains(host, ":") && net.ParseIP(host) == nil:
		return nil, invalid("The host is not a host name or an address")
	case c.Port < 0 || c.Port > 65535:
		return nil, invalid("The port is a number between 1 and 65535")
	case c.User == "":
		return nil, invalid("The user is missing")
	}
	for _, text := range []string{c.User, c.Password, c.Database, c.TimeZone} {
		if strings.Contains(text, "\x00") {
			return nil, invalid("The user, password and database cannot hold a zero byte")
		}
	}
	bare, err := bareConfig()
	if err != nil {
		return nil, err
	}
	config := bare.Copy()
	config.Host, config.Port = host, uint16(c.Port)
	if config.Port == 0 {
		config.Port = defaultPort
	}
	config.User, config.Password, config.Database = c.User, c.Password, c.Database
	if config.Database == "" {
		config.Database = c.User
	}
	config.ConnectTimeout = connectTimeout
	config.MaxProtocolMessageBodyLen = maxConnectMessage
	config.RuntimeParams = map[string]string{}
	config.ChannelBinding = "prefer"
	if err := options(c.Options, config); err != nil {
		return nil, err
	}
	// Names are resolved by whoever dials, so that the address that is checked is the one that is used.
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	config.DialFunc = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	if c.Dial != nil {
		config.DialFunc = c.Dial
	}
	first, second, err := tlsConfigs(c.TLS, host)
	if err != nil {
		return nil, err
	}
	config.TLSConfig, config.Fallbacks = first, nil
	if second {
		config.Fallbacks = []*pgconn.FallbackConfig{{Host: config.Host, Port: config.Port}}
	}
	return config, nil
}

// options reads the driver's own options; an unknown one is an error.
func options(list map[string]string, config *pgconn.Config) error {
	for name, value := range list {
		if strings.Contains(value, "\x00") {
			return invalid("The option %s cannot hold a zero byte", name)
		}
		switch name {
		case "application_name", "search_path":
		case "connect_timeout":
			seconds, err := strconv.Atoi(value)
			if err != nil || seconds < 1 || seconds > 120 {
				return invalid("The option connect_timeout is a number of seconds from 1 to 120")
			}
			config.ConnectTimeout = time.Duration(seconds) * time.Second
		case "channel_binding":
			if value != "disable" && value != "prefer" && value != "require" {
				return invalid("The option channel_binding is disable, prefer or require")
			}
			config.ChannelBinding = value
		default:
			return invalid("The option %q is not known; the options are application_name, search_path, connect_timeout and channel_binding", name)
		}
	}
	return nil
}

// tlsConfigs returns the TLS settings to try first, nil for none, and whether
// an unencrypted connection may be tried after that.
func tlsConfigs(t source.TLS, host string) (first *tls.Config, plainToo bool, err error) {
	mode := t.Mode
	if mode == source.TLSDefault {
		mode = source.TLSVerifyFull
		if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
			mode = source.TLSPrefer
		}
	}
	if mode == source.TLSDisable {
		return nil, false, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if config.ServerName == "" {
		config.ServerName = host
	}
	if t.CA != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(t.CA)) {
			return nil, false, invalid("The authority's certificate is not PEM text")
		}
	}
	if (t.Cert == "") != (t.Key == "") {
		return nil, false, invalid("A client certificate needs its key, and a key its certificate")
	}
	if t.Cert != "" {
		pair, err := tls.X509KeyPair([]byte(t.Cert), []byte(t.Key))
		if err != nil {
			return nil, false, invalid("The client certificate and its key do not fit together or are not PEM text")
		}
		config.Certificates = []tls.Certificate{pair}
	}
	switch mode {
	case source.TLSPrefer:
		config.InsecureSkipVerify = true
		return config, true, nil
	case source.TLSRequire, source.TLSVerifyCA:
		config.InsecureSkipVerify = true
		if mode == source.TLSVerifyCA || t.CA != "" {
			config.VerifyConnection = verifyChain(config.RootCAs)
		}
		return config, false, nil
	case source.TLSVerifyFull:
		return config, false, nil
	}
	return nil, false, invalid("The TLS mode %q is not known", mode)
}

// verifyChain checks a server's certificate against the authorities, but not its name.
func verifyChain(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errors.New("the server sent no certificate")
		}
		options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, c := range state.PeerCertificates[1:] {
			options.Intermediates.AddCert(c)
		}
		_, err := state.PeerCertificates[0].Verify(options)
		return err
	}
}

// fixed spells every setting that pgconn would otherwise look for in the
// environment or the home directory.
const fixed = "host=127.0.0.1 port=5432 user=none password=none database=none passfile='' connect_timeout=10 " +
	"sslmode=disable sslkey='' sslcert='' sslcertmode=allow sslrootcert='' sslpassword='' sslsni=1 sslnegotiation=postgres " +
	"target_session_attrs=any min_protocol_version=3.0 max_protocol_version=3.0 channel_binding=prefer require_auth='' options=''"

// bareConfig returns a config that holds nothing of the environment's.
var bareConfig = sync.OnceValues(func() (*pgconn.Config, error) { return parseFixed(fixed) })

func parseFixed(text string) (config *pgconn.Config, err error) {
	if os.Getenv("PGSERVICE") != "" {
		// A named service can only be replaced by another, never left out.
		dir, err := os.MkdirTemp("", "assay-")
		if err != nil {
			return nil, invalid("The environment variable PGSERVICE is in the way: unset it")
		}
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, "services")
		if err := os.WriteFile(path, []byte("[none]\n"), 0o600); err != nil || strings.ContainsAny(path, `'\`) {
			return nil, invalid("The environment variable PGSERVICE is in the way: unset it")
		}
		text += " service=none servicefile='" + path + "'"
	}
	config, err = pgconn.ParseConfig(text)
	if err != nil {
		return nil, fmt.Errorf("preparing the settings of the driver: %w", err)
	}
	config.RuntimeParams = map[string]string{}
	config.ValidateConnect = nil
	config.KerberosSpn, config.KerberosSrvName = "", ""
	return config, nil
}

func invalid(format string, args ...any) *source.Failure {
	return &source.Failure{Code: source.Unreachable, Message: fmt.Sprintf(format, args...)}
}
