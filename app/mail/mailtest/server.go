// Package mailtest is a mail server for tests: it keeps what it accepts, and
// misbehaves on request.
package mailtest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
)

// Accepted is a message for which the server has answered 250.
type Accepted struct {
	From, To string
	// ID is the Message-ID without angle brackets; Raw the message with CRLF.
	ID  string
	Raw []byte
}

// Message reads the message's header and body.
func (a Accepted) Message() (*mail.Message, error) {
	return mail.ReadMessage(strings.NewReader(string(a.Raw)))
}

// Server is a running mail server.
type Server struct {
	Host string
	Port int

	// Reply, where set, returns the answer to a step in place of the usual one:
	// step is "connect", "EHLO", "AUTH", "MAIL", "RCPT", "DATA" or "end" (of the
	// message), what is the address or the rest of the line. An answer of Drop
	// closes the connection. It may block, which makes the server hang.
	Reply func(step, what string) string
	// Taken, where set, is told of an accepted message after 250 was written.
	Taken func(Accepted)
	// TLS, where set, is offered by STARTTLS, or from the first byte where Implicit.
	TLS      *tls.Config
	Implicit bool
	// Auth, where set, is offered: the mechanisms after AUTH.
	Auth string

	listener net.Listener
	mu       sync.Mutex
	accepted []Accepted
	conns    map[net.Conn]bool
	logins   []string
	begun    int
	done     sync.WaitGroup
}

// Drop is the answer that closes the connection.
const Drop = "drop"

// New starts a server that configure may change before it listens; it stops with the test.
func New(tb testing.TB, configure func(*Server)) *Server {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	at := l.Addr().(*net.TCPAddr)
	s := &Server{Host: "127.0.0.1", Port: at.Port, listener: l, conns: map[net.Conn]bool{}}
	if configure != nil {
		configure(s)
	}
	s.done.Go(s.serve)
	tb.Cleanup(s.stop)
	return s
}

// Accepted returns the messages that were answered with 250, the oldest first.
func (s *Server) Accepted() []Accepted {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Accepted(nil), s.accepted...)
}

// Begun counts the messages of which a first line arrived.
func (s *Server) Begun() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun
}

// Logins returns what was sent to prove who somebody is.
func (s *Server) Logins() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.logins...)
}

func (s *Server) stop() {
	s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
}

func (s *Server) serve() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.mu.Unlock()
		go func() {
			defer func() {
				conn.Close()
				s.mu.Lock()
				delete(s.conns, conn)
				s.mu.Unlock()
			}()
			if s.Implicit {
				s.talk(tls.Server(conn, s.TLS), true)
				return
			}
			s.talk(conn, false)
		}()
	}
}

type talk struct {
	s        *Server
	conn     net.Conn
	in       *bufio.Reader
	from, to string
}

// say answers a step and reports whether the usual course goes on.
func (t *talk) say(step, what, usual string) bool {
	answer := usual
	if t.s.Reply != nil {
		if other := t.s.Reply(step, what); other != "" {
			answer = other
		}
	}
	if answer == Drop {
		t.conn.Close()
		return false
	}
	_, err := fmt.Fprintf(t.conn, "%s\r\n", answer)
	return err == nil && answer == usual
}

func (s *Server) talk(conn net.Conn, secured bool) {
	t := &talk{s: s, conn: conn, in: bufio.NewReader(conn)}
	if !t.say("connect", "", "220 mailtest ESMTP") {
		return
	}
	for {
		line, err := t.in.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			usual := "250-mailtest\r\n250-8BITMIME\r\n"
			if s.TLS != nil && !secured {
				usual += "250-STARTTLS\r\n"
			}
			if s.Auth != "" && (secured || s.TLS == nil) {
				usual += "250-AUTH " + s.Auth + "\r\n"
			}
			t.say("EHLO", rest, usual+"250 SIZE 50000000")
		case "STARTTLS":
			fmt.Fprint(t.conn, "220 go\r\n")
			t.conn = tls.Server(t.conn, s.TLS)
			t.in, secured = bufio.NewReader(t.conn), true
		case "AUTH":
			s.mu.Lock()
			s.logins = append(s.logins, rest)
			s.mu.Unlock()
			t.say("AUTH", rest, "235 fine")
		case "MAIL":
			t.from = inAngles(rest)
			t.say("MAIL", t.from, "250 fine")
		case "RCPT":
			if to := inAngles(rest); t.say("RCPT", to, "250 fine") {
				t.to = to
			}
		case "DATA":
			if t.say("DATA", t.to, "354 go on") && !t.data() {
				return
			}
		case "RSET", "NOOP":
			fmt.Fprint(t.conn, "250 fine\r\n")
		case "QUIT":
			fmt.Fprint(t.conn, "221 bye\r\n")
			return
		default:
			fmt.Fprint(t.conn, "502 unknown\r\n")
		}
	}
}

// data reads a message; one that breaks off is forgotten, as RFC 5321 has it.
func (t *talk) data() bool {
	var raw strings.Builder
	for {
		line, err := t.in.ReadString('\n')
		if err != nil {
			return false
		}
		if raw.Len() == 0 {
			t.s.mu.Lock()
			t.s.begun++
			t.s.mu.Unlock()
		}
		if line == ".\r\n" {
			break
		}
		raw.WriteString(strings.TrimPrefix(line, "."))
	}
	a := Accepted{From: t.from, To: t.to, Raw: []byte(raw.String())}
	if m, err := a.Message(); err == nil {
		a.ID = strings.Trim(m.Header.Get("Message-Id"), "<>")
	}
	if !t.say("end", t.to, "250 taken") {
		return true
	}
	t.s.mu.Lock()
	t.s.accepted = append(t.s.accepted, a)
	t.s.mu.Unlock()
	if t.s.Taken != nil {
		t.s.Taken(a)
	}
	return true
}

func inAngles(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}
