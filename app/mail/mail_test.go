package mail

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"net"
	netmail "net/mail"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/mail/mailtest"
)

func plain(t *testing.T, s *mailtest.Server) *Sender {
	t.Helper()
	sender, err := NewSender(Server{From: "Assay <assay@example.com>", Host: s.Host, Port: s.Port, TLS: "none", Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

var letter = Message{ID: "d1.r1", To: "ada@Example.com", Name: "Ada Lovelace", Subject: "Monday’s figures", Date: time.Date(2026, 3, 29, 5, 30, 0, 0, time.UTC),
	Text: "Hello\n.\nend", HTML: `<p>Hello <img src="cid:fig1"></p>`,
	Inline:   []File{{ID: "fig1", Name: "fig1.png", Type: "image/png", Body: []byte("png")}, {ID: "fig1.svg", Name: "fig1.svg", Type: "image/svg+xml", Body: []byte("<svg/>")}},
	Attached: []File{{Name: "Bericht März.pdf", Type: "application/pdf", Body: []byte("%PDF")}}}

// tree tells the types of a message's parts, nested.
func tree(t *testing.T, contentType string, body io.Reader) string {
	t.Helper()
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		return kind
	}
	var parts []string
	for r := multipart.NewReader(body, parameters["boundary"]); ; {
		p, err := r.NextPart()
		if err == io.EOF {
			return kind + "(" + strings.Join(parts, " ") + ")"
		}
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, tree(t, p.Header.Get("Content-Type"), p))
	}
}

func TestSendDeliversTheParts(t *testing.T) {
	server := mailtest.New(t, nil)
	if err := plain(t, server).Send(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	got := server.Accepted()
	if len(got) != 1 || got[0].From != "assay@example.com" || got[0].To != "ada@example.com" || got[0].ID != "d1.r1@example.com" {
		t.Fatalf("%+v", got)
	}
	m, err := got[0].Message()
	if err != nil {
		t.Fatal(err)
	}
	decode := new(mime.WordDecoder)
	subject, err := decode.DecodeHeader(m.Header.Get("Subject"))
	date, dateErr := m.Header.Date()
	if err != nil || dateErr != nil || subject != letter.Subject || !date.Equal(letter.Date) || m.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("%q %v %v %v", subject, date, err, dateErr)
	}
	want := "multipart/mixed(multipart/related(multipart/alternative(text/plain text/html) image/png image/svg+xml) application/pdf)"
	if d := cmp.Diff(want, tree(t, m.Header.Get("Content-Type"), m.Body)); d != "" {
		t.Error(d)
	}
}

func TestWriteIsTheSameTwiceButForBoundaries(t *testing.T) {
	sender := plain(t, mailtest.New(t, nil))
	strip := func(b []byte) string {
		s := string(b)
		m, err := netmail.ReadMessage(strings.NewReader(s))
		if err != nil {
			t.Fatal(err)
		}
		return m.Header.Get("Message-Id") + m.Header.Get("Date") + m.Header.Get("Subject") + m.Header.Get("To")
	}
	one, err := sender.Write(letter)
	if err != nil {
		t.Fatal(err)
	}
	two, err := sender.Write(letter)
	if err != nil || strip(one) != strip(two) {
		t.Errorf("%v\n%s\n%s", err, strip(one), strip(two))
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	server := mailtest.New(t, nil)
	sender := plain(t, server)
	evil := "x\r\nBcc: eve@example.org\r\n\r\nbody\u2028z"
	m := letter
	m.Subject, m.Name, m.ID = evil, evil, "id\r\nBcc: eve@example.org"
	m.Inline = []File{{ID: evil, Name: evil, Type: "image/png", Body: []byte("x")}}
	m.Attached = []File{{Name: evil, Type: "text/csv", Body: []byte("x")}}
	if err := sender.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	raw := string(server.Accepted()[0].Raw)
	for _, l := range strings.Split(raw, "\r\n") {
		if strings.HasPrefix(strings.ToLower(l), "bcc:") {
			t.Errorf("a header was injected:\n%s", raw)
		}
	}
	for _, to := range []string{"a@example.com\r\nBcc: e@example.org", "a@example.com, b@example.com", "Ada <ada@example.com>", "nobody", "", "a b@example.com", "a@example.com>\r\nDATA"} {
		m := letter
		m.To = to
		err := sender.Send(t.Context(), m)
		if f := asFailure(err); err == nil || !f.Permanent {
			t.Errorf("%q: %v", to, err)
		}
	}
	if n := len(server.Accepted()); n != 1 {
		t.Errorf("%d messages", n)
	}
}

func TestFailuresAreToldApart(t *testing.T) {
	type outcome struct {
		Permanent, Uncertain bool
		Code                 int
	}
	for name, c := range map[string]struct {
		step, answer string
		want         outcome
	}{
		"an unknown recipient":     {"RCPT", "550 5.1.1 no such user", outcome{Permanent: true, Code: 550}},
		"a full mailbox":           {"RCPT", "452 4.2.2 full", outcome{Code: 452}},
		"greylisted":               {"MAIL", "451 4.7.1 later", outcome{Code: 451}},
		"too large":                {"end", "552 5.3.4 too big", outcome{Permanent: true, Code: 552}},
		"refused for its content":  {"end", "554 5.7.1 spam", outcome{Permanent: true, Code: 554}},
		"overloaded at the end":    {"end", "451 4.3.0 later", outcome{Code: 451}},
		"not now":                  {"connect", "421 busy", outcome{Code: 421}},
		"we must sign in":          {"MAIL", "530 5.7.0 sign in", outcome{Code: 530}},
		"gone before the message":  {"RCPT", mailtest.Drop, outcome{}},
		"gone after the whole one": {"end", mailtest.Drop, outcome{Uncertain: true}},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.New(t, func(s *mailtest.Server) {
				s.Reply = func(step, _ string) string {
					if step == c.step {
						return c.answer
					}
					return ""
				}
			})
			err := plain(t, server).Send(t.Context(), letter)
			if err == nil {
				t.Fatal("sent")
			}
			f := asFailure(err)
			if d := cmp.Diff(c.want, outcome{f.Permanent, f.Uncertain, f.Code}); d != "" {
				t.Errorf("%v\n%s", err, d)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	sender, err := NewSender(Server{From: "a@example.com", Host: "127.0.0.1", Port: port, TLS: "none"})
	if err != nil {
		t.Fatal(err)
	}
	err = sender.Send(t.Context(), letter)
	if f := asFailure(err); err == nil || f.Permanent || f.Uncertain {
		t.Error(err)
	}
}

// TestAHangingServerDoesNotHangUs stalls at each step and expects an end within
// the time limit, or at once when the caller leaves.
func TestAHangingServerDoesNotHangUs(t *testing.T) {
	for _, step := range []string{"connect", "EHLO", "MAIL", "RCPT", "DATA", "end"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			var hung atomic.Bool
			server := mailtest.New(t, func(s *mailtest.Server) {
				s.Reply = func(at, _ string) string {
					if at == step {
						hung.Store(true)
						<-release
					}
					return ""
				}
			})
			t.Cleanup(func() { close(release) })
			sender, err := NewSender(Server{From: "a@example.com", Host: server.Host, Port: server.Port, TLS: "none", Timeout: 400 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			started := time.Now()
			err = sender.Send(t.Context(), letter)
			if f := asFailure(err); err == nil || f.Permanent || !hung.Load() || f.Uncertain != (step == "end") {
				t.Errorf("%v", err)
			}
			if d := time.Since(started); d > 3*time.Second {
				t.Errorf("took %s", d)
			}
			sender.server.Timeout = time.Minute
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(100*time.Millisecond, cancel)
			started = time.Now()
			if err := sender.Send(ctx, letter); err == nil || time.Since(started) > 5*time.Second {
				t.Errorf("%v after %s, though the caller left", err, time.Since(started))
			}
		})
	}
}

// certificate makes a certificate for 127.0.0.1 and the pool that trusts it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mailtest"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

func TestEncryptionAndPassword(t *testing.T) {
	config, pool := certificate(t)
	for name, c := range map[string]struct {
		mode     string
		tls      *tls.Config
		implicit bool
		roots    *x509.CertPool
		sent     bool
	}{
		"starttls":                       {"starttls", config, false, pool, true},
		"implicit":                       {"implicit", config, true, pool, true},
		"none":                           {"none", nil, false, nil, true},
		"starttls is not offered":        {"starttls", nil, false, pool, false},
		"starttls by a stranger":         {"starttls", config, false, x509.NewCertPool(), false},
		"implicit by a stranger":         {"implicit", config, true, x509.NewCertPool(), false},
		"a server that starts in clear":  {"implicit", nil, false, pool, false},
		"a server that starts encrypted": {"starttls", config, true, pool, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.New(t, func(s *mailtest.Server) { s.TLS, s.Implicit, s.Auth = c.tls, c.implicit, "NTLM PLAIN LOGIN" })
			sender, err := NewSender(Server{From: "a@example.com", Host: server.Host, Port: server.Port, TLS: c.mode, Roots: c.roots, User: "u", Password: "secret", Timeout: 3 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			err = sender.Send(t.Context(), letter)
			if (err == nil) != c.sent || len(server.Accepted()) == 1 != c.sent || (len(server.Logins()) == 1) != c.sent {
				t.Errorf("%v, %d accepted, logins %v", err, len(server.Accepted()), server.Logins())
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

func TestTheServerRefusesOurPassword(t *testing.T) {
	server := mailtest.New(t, func(s *mailtest.Server) {
		s.Auth = "PLAIN"
		s.Reply = func(step, _ string) string {
			if step == "AUTH" {
				return "535 5.7.8 no"
			}
			return ""
		}
	})
	sender, err := NewSender(Server{From: "a@example.com", Host: server.Host, Port: server.Port, TLS: "none", User: "u", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	err = sender.Send(t.Context(), letter)
	if f := asFailure(err); err == nil || f.Permanent || !strings.Contains(f.Message, "password") {
		t.Errorf("%v", err)
	}
}

// TestMessagesShareASession sends several messages and counts the connections.
func TestMessagesShareASession(t *testing.T) {
	var connected, dropped atomic.Int32
	server := mailtest.New(t, func(s *mailtest.Server) {
		s.Auth = "PLAIN"
		s.Reply = func(step, _ string) string {
			switch {
			case step == "connect":
				connected.Add(1)
			case step == "MAIL" && dropped.CompareAndSwap(1, 2):
				return mailtest.Drop
			case step == "MAIL" && dropped.CompareAndSwap(3, 4):
				return "452 4.5.3 too many in one session"
			}
			return ""
		}
	})
	sender, err := NewSender(Server{From: "a@example.com", Host: server.Host, Port: server.Port, TLS: "none", User: "u", Password: "secret", Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	send := func(want int32) {
		t.Helper()
		if err := sender.Send(t.Context(), letter); err != nil {
			t.Fatal(err)
		}
		if n := connected.Load(); n != want {
			t.Errorf("%d connections, want %d", n, want)
		}
	}
	send(1)
	send(1)
	send(1)
	if n := len(server.Logins()); n != 1 {
		t.Errorf("we signed in %d times", n)
	}
	dropped.Store(1) // the server ends the session in the meantime
	send(2)
	dropped.Store(3)
	send(3)
	m := letter
	m.To = "nobody"
	if err := sender.Send(t.Context(), m); err == nil {
		t.Error("sent to nobody")
	}
	send(3)
	sender.Rest()
	send(4)
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) { // unused it ends by itself
		sender.mu.Lock()
		n := len(sender.idle)
		sender.mu.Unlock()
		if n == 0 {
			break
		}
		if time.Since(start) > 20*time.Second {
			t.Fatal("a session is kept forever")
		}
	}
	send(5)
	if n := len(server.Accepted()); n != 8 {
		t.Errorf("%d messages were taken", n)
	}
	sender.Rest()
}
