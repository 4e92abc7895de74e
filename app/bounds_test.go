package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// pretender accepts what it is given as connections from addresses of its choice.
type pretender struct{ conns chan net.Conn }

func (p *pretender) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p *pretender) Close() error   { return nil }
func (p *pretender) Addr() net.Addr { return &net.TCPAddr{} }

type pretended struct {
	net.Conn
	from netip.AddrPort
}

func (p *pretended) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(p.from) }

func TestAttackManyConnections(t *testing.T) {
	inner := &pretender{conns: make(chan net.Conn, 100)}
	l := bound(inner, bounds{all: 12, network: 2, stall: time.Second})
	var theirs []net.Conn // the clients' ends
	knock := func(from string) {
		ours, their := net.Pipe()
		theirs = append(theirs, their)
		inner.conns <- &pretended{ours, netip.MustParseAddrPort(from)}
	}
	closed := func(c net.Conn) bool {
		c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, err := c.Read(make([]byte, 1))
		return err == io.EOF
	}
	for _, from := range []string{"203.0.113.1:1", "203.0.113.2:2", "203.0.113.3:3", "[2001:db8::1]:1", "[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1", "198.51.100.1:1", "10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3", "[::ffff:127.0.0.1]:1"} {
		knock(from)
	}
	var got []net.Conn
	for range 9 {
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, c)
	}
	for i, c := range theirs {
		if want := i == 2 || i == 5; closed(c) != want {
			t.Errorf("connection %d is closed: %v", i, !want)
		}
	}
	t.Run("one that ends makes room, once", func(t *testing.T) {
		got[0].Close()
		got[0].Close()
		knock("203.0.113.4:4")
		if c, err := l.Accept(); err != nil || c.RemoteAddr().String() != "203.0.113.4:4" {
			t.Fatalf("%v %v", c, err)
		}
		knock("203.0.113.5:5")
		knock("192.0.2.1:1")
		if c, err := l.Accept(); err != nil || c.RemoteAddr().String() != "192.0.2.1:1" {
			t.Errorf("%v %v", c, err)
		}
		if !closed(theirs[len(theirs)-2]) {
			t.Error("a third connection of the network is open")
		}
	})
	t.Run("all", func(t *testing.T) {
		knock("192.0.2.1:2")
		knock("192.0.3.1:1")
		for range 2 {
			if _, err := l.Accept(); err != nil {
				t.Fatal(err)
			}
		}
		knock("192.0.4.1:1")
		waiting := make(chan error, 1)
		go func() { _, err := l.Accept(); waiting <- err }()
		select {
		case err := <-waiting:
			t.Fatalf("a connection beyond all is accepted: %v", err)
		case <-time.After(100 * time.Millisecond):
		}
		got[1].Close()
		if err := <-waiting; err != nil {
			t.Error(err)
		}
	})
}

// TestAttackClientThatStopsReading: the handler learns of it as soon as the
// client's patience is over, however much there is left to send.
func TestAttackClientThatStopsReading(t *testing.T) {
	ended := make(chan time.Duration, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun, piece := time.Now(), make([]byte, 32<<10)
		for {
			if _, err := w.Write(piece); err != nil {
				ended <- time.Since(begun)
				return
			}
		}
	}))
	server.Listener = bound(server.Listener, bounds{all: 10, network: 10, stall: 300 * time.Millisecond})
	server.Start()
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	// As long as it reads, slowly, the answer goes on.
	begun := time.Now()
	for time.Since(begun) < time.Second {
		if _, err := io.CopyN(io.Discard, conn, 1<<20); err != nil {
			t.Fatalf("a client that reads was left: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	select {
	case took := <-ended:
		if took < time.Second {
			t.Errorf("the answer ended after %s", took)
		}
	case <-time.After(10 * time.Second):
		t.Error("the answer to a client that does not read goes on")
	}
}

// TestServerWithBoundsStopsGracefully: what was begun is finished.
func TestServerWithBoundsStopsGracefully(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-finish
		io.WriteString(w, "done")
	}))
	server.Listener = bound(server.Listener, bounds{all: 2, network: 2, stall: time.Second})
	server.Start()
	defer server.Close()
	var wait sync.WaitGroup
	wait.Go(func() {
		res, err := http.Get(server.URL)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		if text, err := io.ReadAll(res.Body); err != nil || string(text) != "done" {
			t.Errorf("%q %v", text, err)
		}
	})
	<-begun
	wait.Go(func() {
		if err := server.Config.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
	eventually(t, "the listener to close", func() bool {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	close(finish)
	wait.Wait()
}
