package mail

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Server says how to reach the mail server.
type Server struct {
	// From is the sender, "Name <address>" or an address.
	From string
	Host string
	Port int // 0 for 587, or 465 where TLS is implicit
	User string
	// Password is sent over an encrypted connection, or to this machine, alone.
	Password string
	TLS      string // "starttls" (or ""), "implicit" or "none"
	// Timeout bounds one sending as a whole; 0 for a minute.
	Timeout time.Duration
	// Roots are trusted in place of the system's, where given.
	Roots *x509.CertPool
}

// Sender sends through one mail server; its methods may be called by many goroutines.
type Sender struct {
	server Server
	from   *netmail.Address

	mu   sync.Mutex
	idle []*session // those to be used again, the latest last
}

// NewSender returns a sender through the server; nothing is connected before Send.
func NewSender(s Server) (*Sender, error) {
	from, err := netmail.ParseAddress(s.From)
	if err != nil {
		return nil, fmt.Errorf("%q is not the address of a sender", s.From)
	}
	if s.Timeout == 0 {
		s.Timeout = time.Minute
	}
	if s.Port == 0 {
		if s.Port = 587; s.TLS == "implicit" {
			s.Port = 465
		}
	}
	return &Sender{server: s, from: from}, nil
}

// From returns the sender's address.
func (s *Sender) From() string { return s.from.Address }

// Timeout returns how long a sending takes at most.
func (s *Sender) Timeout() time.Duration { return s.server.Timeout }

// Failure is why a message was not sent.
type Failure struct {
	// Permanent says that another try would fail too: the server refused the
	// recipient or the message with a 5xx.
	Permanent bool
	// Uncertain says that the whole message was handed over but the server's
	// answer was not heard: it may have been taken.
	Uncertain bool
	// Code is the server's answer, 0 where there was none.
	Code    int
	Message string
	Err     error
}

// Error returns the message and the cause.
func (f *Failure) Error() string {
	if f.Err == nil {
		return f.Message
	}
	return f.Message + ": " + f.Err.Error()
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

func asFailure(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	f := &Failure{Message: "The mail server could not be reached", Err: err}
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		f.Code = answer.Code
	}
	if sent, ok := errors.AsType[*gomail.SendError](err); ok {
		if code := sent.ErrorCode(); code != 0 {
			f.Code = code
		}
		f.Message = "The connection to the mail server broke off"
		f.Uncertain = sent.Reason == gomail.ErrSMTPDataClose && f.Code == 0
	}
	switch {
	case f.Code >= 500:
		// 530 to 538 are about us, not about the recipient: settings may be mended.
		f.Permanent = f.Code < 530 || f.Code > 538
		f.Message = fmt.Sprintf("The mail server refused it (%d)", f.Code)
	case f.Code >= 400:
		f.Message = fmt.Sprintf("The mail server could not take it now (%d)", f.Code)
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		f.Message = "The mail server did not answer in time"
	}
	return f
}

func isTimeout(err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

// signIn proves who we are by the best way that the server offers.
func (s *Sender) signIn(session *smtp.Client) error {
	if s.server.User == "" {
		return nil
	}
	user, password, plain := s.server.User, s.server.Password, s.server.TLS == "none"
	_, offered := session.Extension("AUTH")
	for _, way := range []struct {
		name string
		auth smtp.Auth
	}{
		{"SCRAM-SHA-256", smtp.ScramSHA256Auth(user, password)},
		{"PLAIN", smtp.PlainAuth("", user, password, s.server.Host, plain)},
		{"LOGIN", smtp.LoginAuth(user, password, s.server.Host, plain)},
		{"CRAM-MD5", smtp.CRAMMD5Auth(user, password)},
	} {
		if slices.Contains(strings.Fields(offered), way.name) {
			if err := session.Auth(way.auth); err != nil {
				return &Failure{Message: "The mail server refused our user and password", Err: err}
			}
			return nil
		}
	}
	return &Failure{Message: "The mail server offers no way to sign in that we know"}
}

// cause adds why a context ended to an error that it led to.
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil {
		return fmt.Errorf("%w (%w)", err, why)
	}
	return err
}
