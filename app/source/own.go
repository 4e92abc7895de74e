package source

import (
	"context"
	"net"
	"os"
	"slices"
	"strings"
	"time"
)

// Own names what is ours and must not become a connection: our store holds
// password hashes and sealed secrets.
type Own struct {
	// Files lists our files, the store's among them.
	Files []string
	// Host, Port and Database name our store where it is on PostgreSQL. Other
	// databases of the same server are nobody's secret.
	Host     string
	Port     int
	Database string
}

// is reports whether a configuration leads, by whatever name, to what is ours.
func (o Own) is(c Config) bool {
	if c.Path != "" {
		info, err := os.Stat(c.Path)
		return err == nil && slices.ContainsFunc(o.Files, func(own string) bool {
			other, err := os.Stat(own)
			return err == nil && os.SameFile(info, other)
		})
	}
	if o.Host == "" || c.Kind != "postgres" || !strings.EqualFold(c.Database, o.Database) {
		return false
	}
	port := c.Port
	if port == 0 {
		port = 5432
	}
	return port == o.Port && sameHost(c.Host, o.Host)
}

// sameHost reports whether two names are equal or lead to a common address.
func sameHost(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	ours, err := net.DefaultResolver.LookupHost(ctx, b)
	if err != nil {
		return false
	}
	theirs, err := net.DefaultResolver.LookupHost(ctx, a)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(theirs, func(address string) bool { return slices.Contains(ours, address) })
}
