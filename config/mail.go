package config

import (
	"fmt"
	"net/mail"
)

// validateMail tells what is wrong with the settings of mails.
func (c *Config) validateMail() (problems []error) {
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if (c.MailFrom == "") != (c.SMTPHost == "") {
		problem("ASSAY_MAIL_FROM and ASSAY_SMTP_HOST go together")
	}
	if c.MailFrom != "" {
		if _, err := mail.ParseAddress(c.MailFrom); err != nil {
			problem("ASSAY_MAIL_FROM: %q is not an address such as Assay <assay@example.com>", c.MailFrom)
		}
	}
	if c.SMTPPort < 0 || c.SMTPPort > 65535 {
		problem("ASSAY_SMTP_PORT: %d is not a port", c.SMTPPort)
	}
	switch c.SMTPTLS {
	case "starttls", "implicit":
	case "none":
		if c.SMTPPassword != "" && !loopback(c.SMTPHost) {
			problem("ASSAY_SMTP_TLS: none would send ASSAY_SMTP_PASSWORD unencrypted to %s; use starttls or implicit", c.SMTPHost)
		}
	default:
		problem("ASSAY_SMTP_TLS: %q is none of starttls, implicit and none", c.SMTPTLS)
	}
	if (c.SMTPUser == "") != (c.SMTPPassword == "") {
		problem("ASSAY_SMTP_USER and ASSAY_SMTP_PASSWORD go together")
	}
	return problems
}
