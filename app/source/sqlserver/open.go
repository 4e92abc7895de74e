package sqlserver

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/microsoft/go-mssqldb/msdsn"

	"assay/app/source"
)

// options are the settings beyond the common ones that Open accepts:
//
//	encrypt             "strict" for TDS 8 (Azure SQL, SQL Server 2022), "mandatory" otherwise
//	application_intent  "read_only" asks an availability group for a readable secondary, "read_write" does not
//	instance            a named instance, found through SQL Server Browser (UDP 1434) where no port is given
//	isolation           "auto" (snapshot where the database allows it), "read_committed", "snapshot" or "read_uncommitted"
var options = map[string][]string{
	"encrypt":            {"mandatory", "strict"},
	"application_intent": {"read_only", "read_write"},
	"instance":           nil,
	"isolation":          {"auto", "read_committed", "snapshot", "read_uncommitted"},
}

const defaultPort = 1433

// Open returns a pool that connects when it is first used.
func (*Driver) Open(c source.Config) (source.DB, error) {
	opts, err := checkOptions(c)
	if err != nil {
		return nil, err
	}
	d := &db{config: c, isolation: opts["isolation"], idle: map[*session]time.Time{}, live: map[*session]bool{}}
	d.params = msdsn.Config{
		Host:                      c.Host,
		Port:                      uint64(c.Port),
		Instance:                  opts["instance"],
		Database:                  c.Database,
		User:                      c.User,
		Password:                  c.Password,
		AppName:                   "assay",
		Workstation:               "assay",
		ReadOnlyIntent:            opts["application_intent"] == "read_only",
		DisableRetry:              true,
		HostInCertificateProvided: c.TLS.ServerName != "",
		Protocols:                 []string{"tcp"},
		DialTimeout:               15 * time.Second,
		KeepAlive:                 30 * time.Second,
		PacketSize:                16383, // the most that an encrypted connection allows
		Encoding:                  msdsn.EncodeParameters{Timezone: time.UTC},
	}
	if d.params.Port == 0 && d.params.Instance == "" {
		d.params.Port = defaultPort
	}
	if c.TimeZone != "" {
		if d.zone, err = time.LoadLocation(c.TimeZone); err != nil {
			return nil, misconfigured("The time zone %q is not known", c.TimeZone)
		}
	}
	if d.secure, err = security(c, opts["encrypt"] == "strict"); err != nil {
		return nil, err
	}
	max := c.MaxConns
	if max <= 0 {
		max = 8
	}
	d.slots = make(chan struct{}, max)
	return d, nil
}

func checkOptions(c source.Config) (map[string]string, error) {
	opts := map[string]string{"isolation": "auto"}
	for key, value := range c.Options {
		allowed, known := options[key]
		switch {
		case key == "authentication" || key == "fedauth" || strings.HasPrefix(key, "azure"):
			return nil, misconfigured("Signing in through Microsoft Entra ID (Azure AD) is not supported: use a login with a password")
		case !known:
			return nil, misconfigured("The option %q is not known for SQL Server", key)
		case allowed == nil:
			opts[key] = value
			continue
		}
		value = strings.ToLower(value)
		found := false
		for _, a := range allowed {
			found = found || a == value
		}
		if !found {
			return nil, misconfigured("The option %s is one of %s", key, strings.Join(allowed, ", "))
		}
		opts[key] = value
	}
	switch {
	case c.Host == "":
		return nil, misconfigured("The host is missing")
	case strings.ContainsAny(c.Host, `/\@,;?#&= `) || strings.ContainsFunc(c.Host, func(r rune) bool { return r < ' ' }):
		return nil, misconfigured("%q is not a host name. A named instance goes into the option instance, a port into its own field", c.Host)
	case c.Port < 0 || c.Port > 65535:
		return nil, misconfigured("The port %d does not exist", c.Port)
	case c.User == "":
		return nil, misconfigured("The user is missing: SQL Server is asked with a login and a password")
	case strings.Contains(c.User, `\`):
		return nil, misconfigured("Windows sign-in (DOMAIN\\user) is not supported: use a SQL Server login")
	case strings.ContainsFunc(opts["instance"], func(r rune) bool { return r <= ' ' || strings.ContainsRune(`/\;:,`, r) }):
		return nil, misconfigured("%q is not the name of an instance", opts["instance"])
	}
	return opts, nil
}

// secured says how one connection is encrypted.
type secured struct {
	encryption msdsn.Encryption
	config     *tls.Config
}

// encryption holds how a pool's connections are encrypted, and whether a server without TLS is put up with.
type encryption struct {
	secured
	fallback bool
	// plain is set once a server that may do without TLS has shown that it has none.
	plain atomic.Bool
}

func security(c source.Config, strict bool) (*encryption, error) {
	mode := c.TLS.Mode
	if mode == source.TLSDefault {
		mode = source.TLSVerifyFull
		if loopback(c.Host) {
			mode = source.TLSPrefer
		}
	}
	if mode == source.TLSDisable {
		if strict {
			return nil, misconfigured("encrypt=strict needs encryption, but TLS is disabled")
		}
		return &encryption{secured: secured{encryption: msdsn.EncryptionDisabled}}, nil
	}
	conf := &tls.Config{ServerName: c.TLS.ServerName, MinVersion: tls.VersionTLS12, DynamicRecordSizingDisabled: true}
	if conf.ServerName == "" {
		conf.ServerName = c.Host
	}
	if c.TLS.CA != "" {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM([]byte(c.TLS.CA)) {
			return nil, misconfigured("The CA certificate is not PEM text")
		}
	}
	if c.TLS.Cert != "" || c.TLS.Key != "" {
		pair, err := tls.X509KeyPair([]byte(c.TLS.Cert), []byte(c.TLS.Key))
		if err != nil {
			return nil, misconfigured("The client certificate and its key are not a pair in PEM text")
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	e := &encryption{secured: secured{encryption: msdsn.EncryptionRequired, config: conf}}
	if strict {
		e.encryption = msdsn.EncryptionStrict
		conf.NextProtos = []string{"tds/8.0"}
	}
	switch mode {
	case source.TLSPrefer:
		conf.InsecureSkipVerify = true
		e.fallback = !strict
	case source.TLSRequire:
		conf.InsecureSkipVerify = true
	case source.TLSVerifyCA:
		conf.InsecureSkipVerify = true
		roots := conf.RootCAs
		conf.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(s, roots) }
	case source.TLSVerifyFull:
	default:
		return nil, misconfigured("The TLS mode %q is not known", mode)
	}
	return e, nil
}

// verifyChain checks who signed the certificate, but not for which name.
func verifyChain(s tls.ConnectionState, roots *x509.CertPool) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the server showed no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
	return err
}

// watched returns a copy for one connection that reports the TLS version once it is agreed on.
func (s secured) watched(report func(version string)) secured {
	if s.config == nil {
		return s
	}
	conf := s.config.Clone()
	verify := conf.VerifyConnection
	conf.VerifyConnection = func(state tls.ConnectionState) error {
		if verify != nil {
			if err := verify(state); err != nil {
				return err
			}
		}
		report(tls.VersionName(state.Version))
		return nil
	}
	s.config = conf
	return s
}

func loopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}
