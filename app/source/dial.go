package source

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Reach says which addresses a connection may go to. Addresses that only an
// attack has a use for (metadata services, link-local, multicast, unspecified)
// are refused always; loopback and private networks unless Private.
type Reach struct {
	Private bool
	// Never lists addresses of our own that no connection may reach, such as our listener.
	Never []netip.AddrPort
}

// blocked holds the networks that no connection may reach.
var blocked = prefixes(
	"0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"100.100.100.200/32", "168.63.129.16/32", "::/128", "fe80::/10", "ff00::/8", "fd00:ec2::/64", "fd20:ce::254/128",
)

// private holds the networks that an administrator may allow.
var private = prefixes("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15", "fc00::/7", "fec0::/10")

func prefixes(list ...string) []netip.Prefix {
	p := make([]netip.Prefix, len(list))
	for i, s := range list {
		p[i] = netip.MustParsePrefix(s)
	}
	return p
}

// Dial connects to the address; the decision falls on the resolved address at
// the moment of connecting, so that no name can change its mind in between.
func (r Reach) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, &Failure{Code: Unreachable, Message: fmt.Sprintf("A %s connection is not allowed", network)}
	}
	d := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		return r.check(address)
	}}
	return d.DialContext(ctx, network, address)
}

func (r Reach) check(address string) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return &Failure{Code: Unreachable, Message: "The address cannot be read"}
	}
	for _, ip := range embedded(target.Addr()) {
		for _, p := range blocked {
			if p.Contains(ip) {
				return &Failure{Code: Unreachable, Message: "Connections to this address are not allowed"}
			}
		}
		for _, p := range private {
			if p.Contains(ip) && !r.Private {
				return &Failure{Code: Unreachable, Message: "Connections to loopback and private networks are not allowed here",
					Hint: "An administrator can allow them with ASSAY_ALLOW_PRIVATE_HOSTS=true."}
			}
		}
		for _, own := range r.Never {
			if own.Port() == target.Port() && (own.Addr().Unmap() == ip || own.Addr().IsUnspecified() && ownAddress(ip)) {
				return &Failure{Code: Unreachable, Message: "This address is Assay's own"}
			}
		}
	}
	return nil
}

// ownAddress reports whether the address is one of this machine's.
func ownAddress(ip netip.Addr) bool {
	if ip.IsLoopback() {
		return true
	}
	list, err := net.InterfaceAddrs()
	if err != nil {
		return true // what cannot be told is not risked
	}
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Unmap() == ip {
			return true
		}
	}
	return false
}

// embedded returns the address and the IPv4 address it carries inside, as in
// ::ffff:127.0.0.1, ::127.0.0.1, NAT64 (64:ff9b::/96, and 64:ff9b:1::/48 where its
// last four bytes do) and 6to4 (2002::/16).
func embedded(ip netip.Addr) []netip.Addr {
	ip = ip.WithZone("").Unmap()
	list := []netip.Addr{ip}
	if ip.Is6() {
		b := ip.As16()
		switch {
		case netip.MustParsePrefix("64:ff9b::/96").Contains(ip), netip.MustParsePrefix("64:ff9b:1::/48").Contains(ip),
			netip.MustParsePrefix("::/96").Contains(ip) && !ip.IsLoopback() && !ip.IsUnspecified():
			list = append(list, netip.AddrFrom4([4]byte(b[12:16])))
		case netip.MustParsePrefix("2002::/16").Contains(ip):
			list = append(list, netip.AddrFrom4([4]byte(b[2:6])))
		}
	}
	return list
}
