package source

import (
	"context"
	"net"
	"net/netip"
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

var errOwn = &Failure{Code: Unreachable, Message: "This database is Assay's own and cannot be a connection"}

// file reports whether a configuration leads, by whatever path, to a file of ours.
func (o Own) file(c Config) bool {
	if c.Path == "" {
		return false
	}
	info, err := os.Stat(c.Path)
	return err == nil && slices.ContainsFunc(o.Files, func(own string) bool {
		other, err := os.Stat(own)
		return err == nil && os.SameFile(info, other)
	})
}

// dialer is how a driver opens network connections.
type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// guard returns a dialer that keeps a configuration from our store. It decides
// on the address that was reached: a server has many names, and a name can
// change its mind.
func (o Own) guard(c Config, dial dialer) dialer {
	database := c.Database
	if database == "" {
		database = c.User // as the server has it
	}
	if o.Host == "" || c.Kind != "postgres" || !strings.EqualFold(database, o.Database) {
		return dial
	}
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		at, ok := conn.RemoteAddr().(*net.TCPAddr)
		if ok && (at.Port != o.Port || !o.at(ctx, at.AddrPort().Addr())) {
			return conn, nil
		}
		conn.Close()
		return nil, errOwn
	}
}

// at reports whether our store's server has the address, or one of this machine as the address is.
func (o Own) at(ctx context.Context, reached netip.Addr) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	ours, err := net.DefaultResolver.LookupNetIP(ctx, "ip", o.Host)
	if err != nil {
		return true // what cannot be told is not risked
	}
	return slices.ContainsFunc(embedded(reached), func(ip netip.Addr) bool {
		return slices.ContainsFunc(ours, func(our netip.Addr) bool {
			our = our.WithZone("").Unmap()
			return our == ip || ownAddress(our) && ownAddress(ip)
		})
	})
}
