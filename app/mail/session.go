package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// session is a connection to the mail server over which we have signed in. It
// sends one message at a time, and after one that was taken it may send more.
type session struct {
	client *gomail.Client
	smtp   *smtp.Client
	conn   net.Conn
	sent   int
	last   *time.Timer // ends it where nobody wants it any more
}

const (
	// idleTime is how long a session is kept for the next message: those of one
	// run follow one another at once, and some servers hold back what comes
	// without a goodbye.
	idleTime = time.Second
	// mostIdle bounds the sessions that are kept, mostSent the messages of one.
	mostIdle, mostSent = 4, 100
	// goodbye is how long the end of a session is waited for.
	goodbye = 250 * time.Millisecond
)

// send hands a message to the mail server, over a session that is there already
// or a new one.
func (s *Sender) send(ctx context.Context, msg *gomail.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, s.server.Timeout)
	defer cancel()
	if one := s.take(); one != nil {
		err := one.send(ctx, msg)
		if err == nil {
			s.keep(one)
			return nil
		}
		one.end()
		// A server may end a session, or have had enough of one, at any time; no
		// part of the message has gone out by then.
		f, ok := errors.AsType[*gomail.SendError](err)
		if !ok || f.Reason != gomail.ErrSMTPMailFrom && f.Reason != gomail.ErrConnCheck || ctx.Err() != nil {
			return asFailure(cause(ctx, err))
		}
	}
	one, err := s.open(ctx)
	if err == nil {
		if err = one.send(ctx, msg); err == nil {
			s.keep(one)
			return nil
		}
		one.end()
	}
	return asFailure(cause(ctx, err))
}

// send sends one message. Where the context ends it ends the connection, whatever
// the library waits for.
func (o *session) send(ctx context.Context, msg *gomail.Msg) error {
	stop := context.AfterFunc(ctx, func() { o.conn.Close() })
	defer stop()
	o.sent++
	if err := o.client.SendWithSMTPClient(o.smtp, msg); err != nil && !msg.IsDelivered() {
		return err
	}
	return nil
}

// end says goodbye, for a moment only, and closes the connection.
func (o *session) end() {
	bye := make(chan struct{})
	go func() { defer close(bye); _ = o.smtp.Quit() }()
	select {
	case <-bye:
	case <-time.After(goodbye):
	}
	o.conn.Close()
}

// take returns a session that is kept, nil where there is none.
func (s *Sender) take() *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.idle) > 0 {
		one := s.idle[len(s.idle)-1]
		s.idle = s.idle[:len(s.idle)-1]
		if one.last.Stop() {
			return one
		}
	}
	return nil
}

// keep keeps a session for the next message, for a while.
func (s *Sender) keep(one *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one.sent >= mostSent || len(s.idle) >= mostIdle {
		go one.end()
		return
	}
	one.last = time.AfterFunc(idleTime, func() {
		s.mu.Lock()
		s.idle = slices.DeleteFunc(s.idle, func(o *session) bool { return o == one })
		s.mu.Unlock()
		one.end()
	})
	s.idle = append(s.idle, one)
}

// Rest ends the sessions that are kept; the next message opens another.
func (s *Sender) Rest() {
	for one := s.take(); one != nil; one = s.take() {
		one.end()
	}
}

// open connects to the mail server and signs in.
func (s *Sender) open(ctx context.Context) (one *session, err error) {
	one = &session{}
	dialer := net.Dialer{Timeout: 20 * time.Second}
	config := &tls.Config{ServerName: s.server.Host, MinVersion: tls.VersionTLS12, RootCAs: s.server.Roots}
	stop := func() bool { return true }
	defer func() {
		stop()
		if err != nil && one != nil && one.conn != nil {
			one.conn.Close()
		}
	}()
	dial := func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(dialing, network, address)
		if err != nil {
			return nil, err
		}
		one.conn, stop = conn, context.AfterFunc(ctx, func() { conn.Close() })
		if s.server.TLS != "implicit" {
			return conn, nil
		}
		secured := tls.Client(conn, config)
		return secured, secured.HandshakeContext(dialing)
	}
	options := []gomail.Option{gomail.WithPort(s.server.Port), gomail.WithTimeout(s.server.Timeout), gomail.WithHELO(Domain(s.from.Address)),
		gomail.WithTLSConfig(config), gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithoutNoop(), gomail.WithoutRset(), gomail.WithDialContextFunc(dial)}
	if s.server.TLS == "none" {
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	} else if s.server.TLS == "implicit" {
		options = append(options, gomail.WithSSL())
	}
	if one.client, err = gomail.NewClient(s.server.Host, options...); err != nil {
		return one, err
	}
	if one.smtp, err = one.client.DialToSMTPClientWithContext(ctx); err != nil {
		return one, err
	}
	return one, s.signIn(one.smtp)
}
