package source

import (
	"regexp"
	"slices"
	"strings"
)

// Preset is what is known of one way to host a database, to fill in a form with
// and to say what helps.
type Preset struct {
	ID   string
	Name string
	// Kind is that of Config.
	Kind string
	// Logo names the icon; several presets may share one.
	Logo string
	// HostHint, UserHint and DatabaseHint are examples to show in empty fields.
	HostHint     string
	UserHint     string
	DatabaseHint string
	// Port is the usual port; 0 where the provider gives each database its own, and for files.
	Port int
	// TLS is the mode to start from; TLSDefault leaves it to the host.
	TLS TLSMode
	// Note says in sentences what is peculiar.
	Note string
	// Remedy says what to look at where a connection fails.
	Remedy string
	// CertificateURL is where the authority's certificate can be had, where the system does not trust it already.
	CertificateURL   string
	DocumentationURL string

	// suffixes are the ends of host names that belong to the provider.
	suffixes []string
	// matches decides where a suffix alone does not.
	matches func(Config) bool
	// advice returns a note about one configuration, empty for none.
	advice func(Config) string
}

// Presets returns the known ways to host a database, plain servers first.
func Presets() []Preset { return slices.Clone(presets) }

// DetectPreset returns the provider that the host of a configuration belongs to.
func DetectPreset(c Config) (Preset, bool) {
	host := strings.TrimSuffix(strings.ToLower(c.Host), ".")
	for _, p := range presets {
		if p.Kind != c.Kind {
			continue
		}
		if p.matches != nil {
			if p.matches(c) {
				return p, true
			}
			continue
		}
		for _, suffix := range p.suffixes {
			if strings.HasSuffix(host, suffix) && host != suffix {
				return p, true
			}
		}
	}
	return Preset{}, false
}

// kindOfHost returns the kind where only one is served under the host's name, or "".
func kindOfHost(host string) string {
	kind := ""
	for _, p := range presets {
		if _, ok := DetectPreset(Config{Kind: p.Kind, Host: host}); ok && p.Kind != kind {
			if kind != "" {
				return ""
			}
			kind = p.Kind
		}
	}
	return kind
}

var (
	herokuHost = regexp.MustCompile(`^ec2-[0-9-]+\.[a-z0-9.-]*amazonaws\.com$`)
	herokuName = regexp.MustCompile(`^d[a-z0-9]{12,15}$`)
)

func isHeroku(c Config) bool {
	return herokuHost.MatchString(strings.ToLower(c.Host)) && herokuName.MatchString(c.Database)
}

func neonAdvice(c Config) string {
	if strings.Contains(strings.ToLower(c.Host), "-pooler.") {
		return "This is Neon's pooled address; if a session setting is refused, use the direct one, whose name has no -pooler"
	}
	return ""
}

func supabaseAdvice(c Config) string {
	host := strings.ToLower(c.Host)
	switch {
	case strings.HasSuffix(host, ".supabase.co"):
		return "Supabase's direct address is reachable by IPv6 only unless the project has the IPv4 add-on; from an IPv4 network use the session pooler's address"
	case c.Port == 6543:
		return "Port 6543 is Supabase's transaction pooler; if a session setting is refused, use the session pooler on port 5432"
	case c.User == "postgres":
		return "Supabase's pooler needs the project in the user's name, such as postgres.abcdefghijklmnopqrst"
	}
	return ""
}

func azureAdvice(c Config) string {
	if c.Database == "" {
		return "The text names no database; Azure SQL needs its name to let a login of one database in"
	}
	return ""
}

func tidbAdvice(c Config) string {
	if c.User == "root" {
		return "TiDB Cloud Starter puts a prefix before the user's name, such as 3pTAoNNegb47Uc8.root; copy it from the console"
	}
	return ""
}
