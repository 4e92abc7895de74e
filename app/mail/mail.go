// Package mail builds messages and hands them to a mail server: one recipient a
// message, every wait bounded, and every failure told apart into what is worth
// another try and what is not.
package mail

import (
	"bytes"
	"context"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"assay/app/fault"
)

// Message is a mail to one recipient.
type Message struct {
	// ID is the left part of the Message-ID: the same for every try to send the
	// same message, so that mailboxes keep one of two copies.
	ID string
	// To is the recipient's address, Name theirs in words, which may be "".
	To, Name string
	// ReplyTo is the address that answers go to, "" for the sender's.
	ReplyTo string
	Subject string
	Date    time.Time
	// Text and HTML are the same twice; HTML refers to Inline by "cid:" and their ID.
	Text, HTML string
	Inline     []File
	Attached   []File
}

// File is a part of a message.
type File struct {
	// ID is the Content-ID of an inline file, without angle brackets.
	ID   string
	Name string
	Type string // such as "image/png"
	Body []byte
}

// Address reads an address for mails and returns it in one spelling; anything
// but a single plain address, such as one with a line break, is Invalid.
func Address(text string) (string, error) {
	a, err := netmail.ParseAddress(strings.TrimSpace(text))
	if err != nil || a.Name != "" || len(a.Address) > 254 || strings.ContainsFunc(a.Address, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		return "", fault.New(fault.Invalid, "%q is not an e-mail address", fault.Clip(text, 100))
	}
	at := strings.LastIndexByte(a.Address, '@')
	return a.Address[:at] + "@" + strings.ToLower(a.Address[at+1:]), nil
}

// Domain returns what is right of the @ in an address that Address returned.
func Domain(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// line makes of a text one line for a header.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	return fault.Clip(strings.Join(strings.Fields(s), " "), 300)
}

// message builds the MIME message.
func (s *Sender) message(m Message) (*gomail.Msg, error) {
	to, err := Address(m.To)
	if err != nil {
		return nil, &Failure{Permanent: true, Message: fault.MessageOf(err), Err: err}
	}
	msg := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.from)
	msg.ToMailAddress(&netmail.Address{Name: line(m.Name), Address: to})
	if m.ReplyTo != "" {
		if reply, err := Address(m.ReplyTo); err == nil {
			msg.ReplyToMailAddress(&netmail.Address{Address: reply})
		}
	}
	msg.Subject(line(m.Subject))
	msg.SetDateWithValue(m.Date)
	msg.SetMessageIDWithValue(s.MessageID(m.ID))
	// Says that no out-of-office answers are wanted (RFC 3834).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	for _, f := range m.Inline {
		err := msg.EmbedReader(line(f.Name), bytes.NewReader(f.Body), gomail.WithFileContentID(line(f.ID)), gomail.WithFileContentType(gomail.ContentType(f.Type)))
		if err != nil {
			return nil, fmt.Errorf("build a mail: %w", err)
		}
	}
	for _, f := range m.Attached {
		if err := msg.AttachReader(line(f.Name), bytes.NewReader(f.Body), gomail.WithFileContentType(gomail.ContentType(f.Type))); err != nil {
			return nil, fmt.Errorf("build a mail: %w", err)
		}
	}
	return msg, nil
}

// MessageID returns the Message-ID of a message with the id, without angle brackets.
func (s *Sender) MessageID(id string) string { return line(id) + "@" + Domain(s.from.Address) }

// Write writes the message as it would be sent, for previews and tests.
func (s *Sender) Write(m Message) ([]byte, error) {
	msg, err := s.message(m)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, err = msg.WriteTo(&b)
	return b.Bytes(), err
}

// Send hands the message to the mail server and returns once that took it; every
// error is a *Failure.
func (s *Sender) Send(ctx context.Context, m Message) error {
	msg, err := s.message(m)
	if err != nil {
		return asFailure(err)
	}
	return s.send(ctx, msg)
}
