package config

import (
	"io"
	"strings"
	"testing"
)

func TestMailSettings(t *testing.T) {
	good := []string{"ASSAY_MAIL_FROM=Assay <assay@example.com>", "ASSAY_SMTP_HOST=mail.example.com"}
	for name, c := range map[string]struct {
		more []string
		says string
	}{
		"good":                   {nil, ""},
		"implicit with a user":   {[]string{"ASSAY_SMTP_TLS=implicit", "ASSAY_SMTP_USER=u", "ASSAY_SMTP_PASSWORD=p"}, ""},
		"in clear without one":   {[]string{"ASSAY_SMTP_TLS=none"}, ""},
		"in clear on this one":   {[]string{"ASSAY_SMTP_TLS=none", "ASSAY_SMTP_HOST=127.0.0.1", "ASSAY_SMTP_USER=u", "ASSAY_SMTP_PASSWORD=p"}, ""},
		"a password in clear":    {[]string{"ASSAY_SMTP_TLS=none", "ASSAY_SMTP_USER=u", "ASSAY_SMTP_PASSWORD=p"}, "unencrypted"},
		"no sender":              {[]string{"ASSAY_MAIL_FROM="}, "go together"},
		"a sender that is none":  {[]string{"ASSAY_MAIL_FROM=assay"}, "ASSAY_MAIL_FROM"},
		"another encryption":     {[]string{"ASSAY_SMTP_TLS=ssl"}, "none of starttls"},
		"a port that is none":    {[]string{"ASSAY_SMTP_PORT=70000"}, "not a port"},
		"a user and no password": {[]string{"ASSAY_SMTP_USER=u"}, "go together"},
	} {
		_, _, _, err := Load(nil, append(append([]string{}, good...), c.more...), io.Discard)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMailPasswordFromAFile(t *testing.T) {
	path := file(t, "hunter two\n")
	c, _, _, err := Load(nil, []string{"ASSAY_MAIL_FROM=a@example.com", "ASSAY_SMTP_HOST=h", "ASSAY_SMTP_USER=u", "ASSAY_SMTP_PASSWORD_FILE=" + path}, io.Discard)
	if err != nil || c.SMTPPassword != "hunter two" {
		t.Fatal(c.SMTPPassword, err)
	}
	for _, s := range c.Shown() {
		if strings.Contains(s.Value, "hunter") {
			t.Errorf("%s is shown", s.Name)
		}
	}
}
