// Package config holds the settings of a running Assay: defaults, then a file,
// then the environment, then flags; every problem is told at once.
package config

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Config is every setting. The tag names the setting as the environment spells
// it after ASSAY_; "secret" settings may also come from a file named by …_FILE
// and are masked when printed.
type Config struct {
	Addr              string        `set:"ADDR" usage:"address to listen on; port 0 picks a free one"`
	MetricsAddr       string        `set:"METRICS_ADDR" usage:"address of the listener for /metrics; empty for none"`
	DataDir           string        `set:"DATA_DIR" usage:"folder of the embedded store, the master key and the sample company"`
	DatabaseURL       string        `set:"DATABASE_URL,secret" usage:"PostgreSQL URL of our own store; empty for SQLite in the data directory"`
	BaseURL           string        `set:"BASE_URL" usage:"address under which people reach this server, such as https://assay.example.com"`
	MasterKey         string        `set:"MASTER_KEY,secret" usage:"32 bytes in base64 that encrypt stored credentials; made in the data directory when absent"`
	MasterKeyPrevious string        `set:"MASTER_KEY_PREVIOUS,secret" usage:"the master key before this one; what it sealed is sealed anew at the start"`
	AdminEmail        string        `set:"ADMIN_EMAIL" usage:"first administrator, made on the first start only"`
	AdminPassword     string        `set:"ADMIN_PASSWORD,secret" usage:"the first administrator's password"`
	QueryTimeout      time.Duration `set:"QUERY_TIMEOUT" usage:"time limit of one question"`
	QueryRows         int           `set:"QUERY_ROWS" usage:"rows a page or API answer holds unless it asks for fewer"`
	QueryBytes        int           `set:"QUERY_BYTES" usage:"bytes of values a page or API answer holds"`
	Concurrency       int           `set:"CONNECTION_CONCURRENCY" usage:"questions that run at once on one connection"`
	Cache             int           `set:"CACHE_BYTES" usage:"bytes of answers kept for cards, reports and lists; 0 keeps none"`
	Chromium          string        `set:"CHROMIUM" usage:"path of a Chromium that prints PDFs; empty for our own writer, which needs none"`
	PrivateHosts      bool          `set:"ALLOW_PRIVATE_HOSTS" usage:"connections may reach loopback and private networks"`
	RequireFactor     bool          `set:"REQUIRE_SECOND_FACTOR" usage:"everybody who signs in with a password needs a second factor"`
	LogFormat         string        `set:"LOG_FORMAT" usage:"text or json"`

	SecretsDir     string `set:"SECRETS_DIR" usage:"folder of the files that connections may refer to as file:NAME"`
	VaultAddr      string `set:"VAULT_ADDR" usage:"address of a HashiCorp Vault that connections may refer to as vault:PATH#FIELD"`
	VaultToken     string `set:"VAULT_TOKEN,secret" usage:"token that may read there"`
	VaultNamespace string `set:"VAULT_NAMESPACE" usage:"namespace in Vault; empty for none"`
	VaultPrefix    string `set:"VAULT_PREFIX" usage:"the path in Vault under which connections may refer to secrets"`

	// Secrets holds the variables of the environment that begin with
	// ASSAY_SECRET_, by their whole names: what connections may refer to as
	// env:NAME. They are no settings of ours and are not printed.
	Secrets map[string]string

	OIDCIssuer       string `set:"OIDC_ISSUER" usage:"OpenID Connect issuer"`
	OIDCClientID     string `set:"OIDC_CLIENT_ID" usage:"OpenID Connect client id"`
	OIDCClientSecret string `set:"OIDC_CLIENT_SECRET,secret" usage:"OpenID Connect client secret"`
	OIDCDefaultRole  string `set:"OIDC_DEFAULT_ROLE" usage:"role of those who come in through the OpenID Connect provider for the first time; empty refuses them"`
	OIDCDomains      string `set:"OIDC_DOMAINS" usage:"domains of the verified addresses that are let in through it, apart by commas; empty for all"`

	MailFrom     string `set:"MAIL_FROM" usage:"sender of mails, such as Assay <assay@example.com>; empty sends none"`
	SMTPHost     string `set:"SMTP_HOST" usage:"mail server; empty sends no mails"`
	SMTPPort     int    `set:"SMTP_PORT" usage:"its port; 0 for 587, or 465 where ASSAY_SMTP_TLS is implicit"`
	SMTPUser     string `set:"SMTP_USER" usage:"user at the mail server; empty for none"`
	SMTPPassword string `set:"SMTP_PASSWORD,secret" usage:"the user's password"`
	SMTPTLS      string `set:"SMTP_TLS" usage:"encryption to the mail server: starttls, implicit or none"`
	MailDomains  string `set:"MAIL_DOMAINS" usage:"domains of addresses without an account that mails may go to, apart by commas; empty for all"`

	LLMProvider string `set:"LLM_PROVIDER" usage:"language model provider; empty for none"`
	LLMBaseURL  string `set:"LLM_BASE_URL" usage:"address of the language model's API"`
	LLMModel    string `set:"LLM_MODEL" usage:"name of the language model"`
	LLMAPIKey   string `set:"LLM_API_KEY,secret" usage:"key of the language model's API"`
}

// Default returns the settings that hold where nothing else is said.
func Default() Config {
	return Config{
		Addr:         "127.0.0.1:8080",
		DataDir:      "data",
		QueryTimeout: 60 * time.Second,
		QueryRows:    10_000,
		QueryBytes:   64 << 20,
		Concurrency:  8,
		Cache:        64 << 20,
		PrivateHosts: true,
		LogFormat:    "text",
		VaultPrefix:  "secret/data/assay",
		SMTPTLS:      "starttls",

		OIDCDefaultRole: "viewer",
	}
}

// Load returns the settings from the defaults, the file named by --config, the
// environment and the flags in args, in this order, the rest of args, and
// whether --print-config was given. All problems are returned joined.
func Load(args, env []string, out io.Writer) (c Config, rest []string, print bool, err error) {
	c = Default()
	settings := c.settings()
	flags := flag.NewFlagSet("assay", flag.ContinueOnError)
	flags.SetOutput(out)
	file := flags.String("config", "", "file of settings, one NAME=value a line")
	flags.BoolVar(&print, "print-config", false, "print the settings, secrets masked, and stop")
	given := map[string]string{}
	for _, s := range settings {
		flags.Func(s.flag(), s.usage, func(v string) error { given[s.name] = v; return nil })
	}
	if err := flags.Parse(args); err != nil {
		return c, nil, false, err
	}
	rest = flags.Args()

	var problems []error
	apply := func(values map[string]string, origin string) {
		problems = append(problems, assign(settings, values, origin)...)
	}
	if *file != "" {
		values, err := readFile(*file)
		if err != nil {
			problems = append(problems, err)
		}
		apply(values, *file)
	}
	values := map[string]string{}
	for _, kv := range env {
		k, v, ok := strings.Cut(kv, "=")
		if ok && strings.HasPrefix(k, secretPrefix) {
			if c.Secrets == nil {
				c.Secrets = map[string]string{}
			}
			c.Secrets[k] = v
			continue
		}
		if ok && strings.HasPrefix(k, "ASSAY_") && !strings.HasPrefix(k, "ASSAY_TEST_") && k != "ASSAY_SHARED" {
			values[strings.TrimPrefix(k, "ASSAY_")] = v
		}
	}
	apply(values, "environment")
	apply(given, "flags")
	problems = append(problems, c.validate()...)
	return c, rest, print, errors.Join(problems...)
}

// secretPrefix begins the names of variables that are not ours to understand.
const secretPrefix = "ASSAY_SECRET_"

func readFile(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("settings file: %w", err)
	}
	defer f.Close()
	values := map[string]string{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		k, v, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		if !ok {
			return nil, fmt.Errorf("%s:%d: expected NAME=value", path, n)
		}
		v = strings.TrimSpace(v)
		if len(v) > 1 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
			v = v[1 : len(v)-1]
		}
		values[strings.TrimPrefix(strings.TrimSpace(k), "ASSAY_")] = v
	}
	return values, lines.Err()
}

func assign(settings []setting, values map[string]string, origin string) (problems []error) {
	known := map[string]bool{}
	for _, s := range settings {
		known[s.name] = true
		v, ok := values[s.name]
		if s.secret {
			known[s.name+"_FILE"] = true
			if path, fromFile := values[s.name+"_FILE"]; fromFile && path != "" {
				if ok && v != "" {
					problems = append(problems, fmt.Errorf("%s: ASSAY_%s and ASSAY_%s_FILE are both given; keep one", origin, s.name, s.name))
				}
				b, err := os.ReadFile(path)
				if err != nil {
					problems = append(problems, fmt.Errorf("%s: ASSAY_%s_FILE: %w", origin, s.name, err))
					continue
				}
				v, ok = strings.TrimRight(string(b), "\r\n"), true
			}
		}
		if !ok {
			continue
		}
		if err := s.parse(v); err != nil {
			problems = append(problems, fmt.Errorf("%s: ASSAY_%s: %w", origin, s.name, err))
		}
	}
	for k := range values {
		if !known[k] {
			problems = append(problems, fmt.Errorf("%s: ASSAY_%s is not a setting", origin, k))
		}
	}
	return problems
}

func (c *Config) validate() (problems []error) {
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if _, port, err := net.SplitHostPort(c.Addr); err != nil {
		problem("ASSAY_ADDR: %q is not host:port", c.Addr)
	} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		problem("ASSAY_ADDR: %q is not a port", port)
	}
	if c.MetricsAddr != "" {
		if _, _, err := net.SplitHostPort(c.MetricsAddr); err != nil {
			problem("ASSAY_METRICS_ADDR: %q is not host:port", c.MetricsAddr)
		}
	}
	if c.DataDir == "" {
		problem("ASSAY_DATA_DIR: must not be empty")
	}
	if c.BaseURL != "" {
		if u, err := url.Parse(c.BaseURL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			problem("ASSAY_BASE_URL: %q is not an address such as https://assay.example.com", c.BaseURL)
		}
	}
	if (c.AdminEmail == "") != (c.AdminPassword == "") {
		problem("ASSAY_ADMIN_EMAIL and ASSAY_ADMIN_PASSWORD go together")
	}
	if c.QueryTimeout <= 0 {
		problem("ASSAY_QUERY_TIMEOUT: must be more than 0")
	}
	if c.QueryRows <= 0 || c.QueryBytes <= 0 || c.Concurrency <= 0 {
		problem("ASSAY_QUERY_ROWS, ASSAY_QUERY_BYTES and ASSAY_CONNECTION_CONCURRENCY must be more than 0")
	}
	if (c.VaultAddr == "") != (c.VaultToken == "") {
		problem("ASSAY_VAULT_ADDR and ASSAY_VAULT_TOKEN go together")
	}
	if c.VaultAddr != "" && !trustedAddress(c.VaultAddr) {
		problem("ASSAY_VAULT_ADDR: this is not an https address such as https://vault.example.com:8200, nor http on this machine")
	}
	if strings.Trim(c.VaultPrefix, "/") == "" || strings.Contains(c.VaultPrefix, "..") {
		problem("ASSAY_VAULT_PREFIX: %q is not a path such as secret/data/assay", c.VaultPrefix)
	}
	if (c.OIDCIssuer == "") != (c.OIDCClientID == "") || c.OIDCIssuer == "" && c.OIDCClientSecret != "" {
		problem("ASSAY_OIDC_ISSUER and ASSAY_OIDC_CLIENT_ID go together, and ASSAY_OIDC_CLIENT_SECRET with them where the provider made one")
	}
	problems = append(problems, c.validateMail()...)
	if c.LogFormat != "text" && c.LogFormat != "json" {
		problem("ASSAY_LOG_FORMAT: %q is neither text nor json", c.LogFormat)
	}
	return problems
}

// trustedAddress reports whether a token may be sent to an address: encrypted, or
// without leaving this machine.
func trustedAddress(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
