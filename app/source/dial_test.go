package source

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"
)

func TestReachDecidesOnAddresses(t *testing.T) {
	const never, admin, open = "never", "with Private", "always"
	for _, c := range []struct{ address, want string }{
		// Metadata services, link-local, unspecified, multicast and reserved.
		{"169.254.169.254:80", never},
		{"169.254.170.2:80", never},
		{"169.254.0.1:5432", never},
		{"100.100.100.200:80", never},
		{"168.63.129.16:80", never},
		{"192.0.0.192:80", never},
		{"0.0.0.0:5432", never},
		{"0.1.2.3:5432", never},
		{"224.0.0.1:5432", never},
		{"240.0.0.1:5432", never},
		{"255.255.255.255:5432", never},
		{"[::]:5432", never},
		{"[fe80::1]:5432", never},
		{"[fe80::1%eth0]:5432", never},
		{"[fd00:ec2::254]:80", never},
		{"[fd00:ec2::23]:80", never},
		{"[fd20:ce::254]:80", never},
		{"[ff02::1]:5432", never},
		{"[::ffff:169.254.169.254]:80", never},
		{"[::ffff:a9fe:a9fe]:80", never},
		{"[::ffff:0.0.0.0]:80", never},
		{"[64:ff9b::a9fe:a9fe]:80", never},
		{"[2002:a9fe:a9fe::1]:80", never},
		{"[64:ff9b:1::a9fe:a9fe]:80", never},
		{"[::a9fe:a9fe]:80", never},
		{"not an address", never},
		{"localhost:5432", never},
		// Loopback and private networks.
		{"127.0.0.1:5432", admin},
		{"127.255.255.254:5432", admin},
		{"10.0.0.1:5432", admin},
		{"172.16.0.1:5432", admin},
		{"172.31.255.255:5432", admin},
		{"192.168.1.1:5432", admin},
		{"100.64.0.1:5432", admin},
		{"100.127.255.255:5432", admin},
		{"[::1]:5432", admin},
		{"[fc00::1]:5432", admin},
		{"[fd12:3456::1]:5432", admin},
		{"[::ffff:127.0.0.1]:5432", admin},
		{"[::ffff:7f00:1]:5432", admin},
		{"[::ffff:10.0.0.1]:5432", admin},
		{"[64:ff9b::7f00:1]:5432", admin},
		{"[64:ff9b::10.0.0.1]:5432", admin},
		{"[2002:7f00:1::]:5432", admin},
		{"[2002:c0a8:101::]:5432", admin},
		{"[64:ff9b:1::a00:1]:5432", admin},
		{"[::127.0.0.1]:5432", admin},
		{"198.18.0.1:5432", admin},
		{"[fec0::1]:5432", admin},
		// Public neighbours of the above.
		{"8.8.8.8:5432", open},
		{"126.255.255.255:5432", open},
		{"128.0.0.1:5432", open},
		{"172.15.255.255:5432", open},
		{"172.32.0.1:5432", open},
		{"169.253.255.255:5432", open},
		{"100.63.255.255:5432", open},
		{"100.128.0.1:5432", open},
		{"192.0.1.1:5432", open},
		{"223.255.255.255:5432", open},
		{"[2001:db8::1]:5432", open},
		{"[::ffff:8.8.8.8]:5432", open},
		{"[64:ff9b::808:808]:5432", open},
		{"[2002:808:808::]:5432", open},
	} {
		hosted, own := (Reach{}).check(c.address), (Reach{Private: true}).check(c.address)
		got := open
		switch {
		case hosted != nil && own != nil:
			got = never
		case hosted != nil:
			got = admin
		case own != nil:
			got = "only without Private"
		}
		if got != c.want {
			t.Errorf("%s: may be reached %s, want %s", c.address, got, c.want)
		}
		for _, err := range []error{hosted, own} {
			if f := AsFailure(err); err != nil && (f == nil || f.Code != Unreachable) {
				t.Errorf("%s: %v is no failure of the code unreachable", c.address, err)
			}
		}
	}
}

func TestReachNeverGoesToOurselves(t *testing.T) {
	r := Reach{Private: true, Never: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:8080"), netip.MustParseAddrPort("[::]:9090")}}
	for address, refused := range map[string]bool{
		"127.0.0.1:8080": true, "[::ffff:127.0.0.1]:8080": true, "[64:ff9b::7f00:1]:8080": true,
		"127.0.0.1:9090": true, "127.9.9.9:9090": true, "[::1]:9090": true,
		"127.0.0.1:5432": false, "127.0.0.2:8080": false, "[::1]:8080": false, "10.0.0.1:9090": false,
	} {
		if got := r.check(address) != nil; got != refused {
			t.Errorf("%s: refused %v, want %v", address, got, refused)
		}
	}
}

// listener counts who gets through to it.
func listener(t *testing.T) (port string, accepted *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	accepted = new(atomic.Int32)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			c.Write([]byte{1})
			c.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, accepted
}

// names answers every question for an IPv4 address with the next of the
// addresses, staying with the last, and is the resolver of this process until the test ends.
func names(t *testing.T, addresses ...string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			question := buf[12:n]
			end := 0
			for question[end] != 0 {
				end += int(question[end]) + 1
			}
			question = question[:end+5]
			answer := append([]byte{}, buf[:12]...)
			copy(answer[2:], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0})
			answer = append(answer, question...)
			if binary.BigEndian.Uint16(question[end+1:]) == 1 {
				ip := netip.MustParseAddr(addresses[0]).As4()
				if len(addresses) > 1 {
					addresses = addresses[1:]
				}
				answer[7] = 1
				answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
				answer = append(answer, ip[:]...)
			}
			conn.WriteTo(answer, from)
		}
	}()
	old := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	t.Cleanup(func() { net.DefaultResolver = old })
}

func TestRebindingIsDecidedWhenConnecting(t *testing.T) {
	port, accepted := listener(t)
	names(t, "203.0.113.7", "127.0.0.1")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	const host = "rebind.example.com."
	before, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil || len(before) != 1 || before[0] != "203.0.113.7" {
		t.Fatalf("the first answer is %v, %v", before, err)
	}
	conn, err := (Reach{}).Dial(ctx, "tcp", net.JoinHostPort(host, port))
	if f := AsFailure(err); f == nil || f.Code != Unreachable || accepted.Load() != 0 {
		t.Fatalf("a name that turned to loopback: %v, %v, %d connections", conn, err, accepted.Load())
	}
	// The same way is open where an administrator allows it, so the refusal was the reason.
	conn, err = (Reach{Private: true}).Dial(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 1)); err != nil || accepted.Load() != 1 {
		t.Errorf("reading from the listener: %v", err)
	}
}

func TestSpellingsOfLoopbackAreRefused(t *testing.T) {
	port, accepted := listener(t)
	names(t, "127.0.0.1")
	for _, host := range []string{
		"127.0.0.1", "127.1", "127.0.1", "0177.0.0.1", "2130706433", "0x7f.1", "0x7f000001", "0", "0.0.0.0",
		"localhost", "LOCALHOST", "localhost.", "a.localhost", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::",
		"metadata.google.internal", "１２７.0.0.1", "127。0。0。1",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		conn, err := (Reach{}).Dial(ctx, "tcp", net.JoinHostPort(host, port))
		cancel()
		if err == nil {
			conn.Close()
			t.Errorf("%s was reached", host)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: took too long to refuse", host)
		}
	}
	if n := accepted.Load(); n != 0 {
		t.Errorf("%d connections got through", n)
	}
}

func TestDialRefusesOtherNetworks(t *testing.T) {
	for _, network := range []string{"unix", "udp", "ip", "unixgram", ""} {
		_, err := (Reach{Private: true}).Dial(t.Context(), network, "/var/run/postgresql/.s.PGSQL.5432")
		if f := AsFailure(err); f == nil || f.Code != Unreachable {
			t.Errorf("%q: %v", network, err)
		}
	}
}

func TestOwnListenerIsRefusedByEveryAddressOfThisMachine(t *testing.T) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	reach := Reach{Private: true, Never: []netip.AddrPort{netip.MustParseAddrPort("[::]:8080")}}
	for _, a := range list {
		p, err := netip.ParsePrefix(a.String())
		if err != nil || p.Addr().IsLinkLocalUnicast() {
			continue
		}
		if err := reach.check(netip.AddrPortFrom(p.Addr(), 8080).String()); err == nil {
			t.Errorf("%s leads to our own listener and was allowed", p.Addr())
		}
		if err := reach.check(netip.AddrPortFrom(p.Addr(), 8081).String()); err != nil {
			t.Errorf("%s on another port: %v", p.Addr(), err)
		}
	}
}
