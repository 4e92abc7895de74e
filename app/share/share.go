// Package share gives out links to saved questions, dashboards and reports for
// people without an account. A link shows what its maker saw of the object when
// they made it, and ends with them, with the object and with its own time.
package share

import (
	"encoding/json"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
)

// Kind is the noun of what is shared.
type Kind string

// What can be shared.
const (
	Question  Kind = "question"
	Dashboard Kind = "dashboard"
	Report    Kind = "report"
)

// Kinds lists what can be shared.
var Kinds = []Kind{Question, Dashboard, Report}

// Known reports whether there is such a kind.
func (k Kind) Known() bool { return slices.Contains(Kinds, k) }

// Lives of links.
const (
	// DefaultLife is how long a link lives that says nothing else.
	DefaultLife = 30 * 24 * time.Hour
	// LongestLife is how long a link may live, unless an administrator makes it.
	LongestLife = 366 * 24 * time.Hour
	// longestEver is how long a link of an administrator may live.
	longestEver = 10 * LongestLife
)

// Share is a link to an object. Its token is not in it: nobody can read it again.
type Share struct {
	ID       string
	Kind     Kind
	ObjectID string
	// Name is what the object is called in lists of links.
	Name      string
	Settings  Settings
	CreatedBy string
	CreatedAt time.Time
	ExpiresAt time.Time
	// RevokedAt is when the link was ended, nil while it was not.
	RevokedAt *time.Time
	// Opened counts the pages that were shown.
	Opened       int
	LastOpenedAt *time.Time
	HasPassword  bool

	password string // its hash
	subject  account.Frozen
}

// Settings say what a link shows and what its visitors may do.
type Settings struct {
	// Fixed are values of parameters or filters that visitors cannot change.
	Fixed map[string]string `json:"fixed,omitempty"`
	// Free are the names of parameters or filters that visitors may set.
	Free []string `json:"free,omitempty"`
	// Origins may show the page in a frame, each as "https://intranet.example.com".
	Origins []string `json:"origins,omitempty"`
	// Snapshot is the id of the frozen report that is shown in place of a live one.
	Snapshot string `json:"snapshot,omitempty"`
	// Download lets visitors take files with them.
	Download bool `json:"download,omitempty"`
}

// State is how a link stands: "open", "expired" or "revoked".
func (s *Share) State(now time.Time) string {
	switch {
	case s.RevokedAt != nil:
		return "revoked"
	case !now.Before(s.ExpiresAt):
		return "expired"
	}
	return "open"
}

func (s *Share) object() audit.Object { return audit.Object{Kind: "share", ID: s.ID, Name: s.Name} }

// Values returns the values with which the object is shown to a visitor who
// asks for others: the fixed ones, and theirs where they are free. Any other is
// an Invalid fault that names it.
func (s *Share) Values(asked map[string]string) (map[string]string, error) {
	values := maps.Clone(s.Settings.Fixed)
	if values == nil {
		values = map[string]string{}
	}
	var problems fault.Fields
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		if !slices.Contains(s.Settings.Free, name) {
			problems.Add("parameters."+name, "%q cannot be chosen here", clip(name))
			continue
		}
		if utf8.RuneCountInString(asked[name]) > mostValue {
			problems.Add("parameters."+name, "A value has at most %d characters", mostValue)
			continue
		}
		values[name] = asked[name]
	}
	return values, problems.Err()
}

func clip(text string) string { return fault.Clip(text, 60) }

// Bounds of settings.
const (
	mostParameters = 100
	mostOrigins    = 20
	mostValue      = 1000
	mostName       = 200
)

// check settles a new link of the person and tells what is wrong with it.
func (s *Share) check(o *Object, now time.Time, by *account.Person) error {
	var problems fault.Fields
	if s.Name = strings.TrimSpace(s.Name); s.Name == "" {
		s.Name = o.Name
	}
	if utf8.RuneCountInString(s.Name) > mostName {
		problems.Add("name", "A name has at most %d characters", mostName)
	}
	if s.ExpiresAt.IsZero() {
		s.ExpiresAt = now.Add(DefaultLife)
	}
	s.ExpiresAt = s.ExpiresAt.UTC().Truncate(time.Second)
	longest := LongestLife
	if by.Role == account.Admin {
		longest = longestEver
	}
	switch life := s.ExpiresAt.Sub(now); {
	case life <= 0:
		problems.Add("expires_at", "The link would end before it begins")
	case life > longest && longest == longestEver:
		problems.Add("expires_at", "A link lives at most ten years")
	case life > longest:
		problems.Add("expires_at", "A link lives at most a year; an administrator may make one that lives longer")
	}
	s.Settings.check(s.Kind, o, &problems)
	return problems.Err()
}

func (t *Settings) check(kind Kind, o *Object, problems *fault.Fields) {
	slices.Sort(t.Free)
	t.Free = slices.Compact(t.Free)
	if len(t.Fixed)+len(t.Free) > mostParameters {
		problems.Add("parameters", "A link has at most %d parameters", mostParameters)
	}
	for _, name := range append(slices.Sorted(maps.Keys(t.Fixed)), t.Free...) {
		if !slices.ContainsFunc(o.Parameters, func(p Parameter) bool { return p.Name == name }) {
			problems.Add("parameters", "The %s has no parameter named %q", kind, clip(name))
		}
	}
	for name, value := range t.Fixed {
		if slices.Contains(t.Free, name) {
			problems.Add("parameters", "The parameter %q is either fixed or free", clip(name))
		}
		if utf8.RuneCountInString(value) > mostValue {
			problems.Add("parameters", "A value has at most %d characters", mostValue)
		}
		if i := slices.IndexFunc(o.Parameters, func(p Parameter) bool { return p.Name == name }); i >= 0 && !o.Parameters[i].takes(kind, strings.TrimSpace(value)) {
			problems.Add("parameters", "%q is not among the values of %q", clip(value), clip(name))
		}
	}
	if len(t.Origins) > mostOrigins {
		problems.Add("origins", "At most %d sites can show the page in a frame", mostOrigins)
	}
	for i, text := range t.Origins {
		origin, ok := Origin(text)
		if !ok {
			problems.Add("origins", "A site is written as https://intranet.example.com, not %q", clip(text))
		}
		t.Origins[i] = origin
	}
	slices.Sort(t.Origins)
	t.Origins = slices.Compact(t.Origins)
	if t.Snapshot != "" && kind != Report {
		problems.Add("snapshot", "Only a report has snapshots")
	}
}

var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// Origin returns a site's origin as browsers spell it, "https://intranet.example.com"
// or with a port. It takes no wildcard, no path and nothing that would mean more
// than one site in a frame policy.
func Origin(text string) (origin string, ok bool) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Opaque != "" || u.RawQuery != "" || u.ForceQuery ||
		u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return "", false
	}
	host := strings.ToLower(u.Hostname())
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() && ip.Zone() == "" {
		host = "[" + ip.String() + "]"
	} else if !hostName.MatchString(host) || len(host) > 253 {
		return "", false
	}
	if n, err := strconv.Atoi(u.Port()); u.Port() != "" && (err != nil || n < 1 || n > 65535) {
		return "", false
	}
	if port := u.Port(); port != "" && !(u.Scheme == "https" && port == "443") && !(u.Scheme == "http" && port == "80") {
		host += ":" + port
	} else if port == "" && strings.HasSuffix(u.Host, ":") {
		return "", false
	}
	return u.Scheme + "://" + host, true
}

type row struct {
	bun.BaseModel `bun:"table:shares,alias:share"`

	ID           string     `bun:"id,pk"`
	TokenHash    string     `bun:"token_hash"`
	Kind         Kind       `bun:"kind"`
	ObjectID     string     `bun:"object_id"`
	Name         string     `bun:"name"`
	PasswordHash string     `bun:"password_hash"`
	Settings     string     `bun:"settings"`
	Subject      string     `bun:"subject"`
	CreatedBy    string     `bun:"created_by"`
	CreatedAt    time.Time  `bun:"created_at"`
	ExpiresAt    time.Time  `bun:"expires_at"`
	RevokedAt    *time.Time `bun:"revoked_at"`
	LastOpenedAt *time.Time `bun:"last_opened_at"`
	Opened       int        `bun:"opened"`
}

func (r *row) share() (*Share, error) {
	s := &Share{ID: r.ID, Kind: r.Kind, ObjectID: r.ObjectID, Name: r.Name, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt,
		RevokedAt: r.RevokedAt, Opened: r.Opened, LastOpenedAt: r.LastOpenedAt, HasPassword: r.PasswordHash != "", password: r.PasswordHash}
	if err := json.Unmarshal([]byte(r.Settings), &s.Settings); err != nil {
		return nil, err
	}
	return s, json.Unmarshal([]byte(r.Subject), &s.subject)
}
