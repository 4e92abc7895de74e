package source

import (
	"net/url"
	"strings"
	"testing"
)

func TestDetectPreset(t *testing.T) {
	for _, c := range []struct{ kind, host, want string }{
		{"postgres", "shop.abc.eu-central-1.rds.amazonaws.com", "amazon-rds-postgres"},
		{"postgres", "shop.cluster-abc.eu-central-1.rds.amazonaws.com", "amazon-rds-postgres"},
		{"mysql", "shop.abc.eu-central-1.rds.amazonaws.com", "amazon-rds-mysql"},
		{"sqlserver", "shop.abc.eu-central-1.rds.amazonaws.com", "amazon-rds-sqlserver"},
		{"sqlserver", "Shop.Database.Windows.NET", "azure-sql"},
		{"sqlserver", "shop.database.windows.net.", "azure-sql"},
		{"postgres", "shop.postgres.database.azure.com", "azure-postgres"},
		{"mysql", "shop.mysql.database.azure.com", "azure-mysql"},
		{"postgres", "ep-a-1.eu-central-1.aws.neon.tech", "neon"},
		{"postgres", "db.abc.supabase.co", "supabase"},
		{"postgres", "aws-0-eu-central-1.pooler.supabase.com", "supabase"},
		{"postgres", "shop-1.abc.cockroachlabs.cloud", "cockroachdb"},
		{"mysql", "aws.connect.psdb.cloud", "planetscale"},
		{"mysql", "abc.eu-west-1.psdb.cloud", "planetscale"},
		{"mysql", "gateway01.eu-central-1.prod.aws.tidbcloud.com", "tidb-cloud"},
		{"postgres", "shop-do-user-1-0.db.ondigitalocean.com", "digitalocean-postgres"},
		{"mysql", "shop-do-user-1-0.db.ondigitalocean.com", "digitalocean-mysql"},
		{"postgres", "shop-project.aivencloud.com", "aiven-postgres"},
		{"mysql", "shop-project.aivencloud.com", "aiven-mysql"},
		{"postgres", "p.abc.db.postgresbridge.com", "crunchy-bridge"},
		{"postgres", "dpg-a-a.frankfurt-postgres.render.com", "render"},
		// Lookalikes, and hosts under another kind.
		{"postgres", "neon.tech.evil.example.com", ""},
		{"postgres", "evilneon.tech", ""},
		{"postgres", ".neon.tech", ""},
		{"mysql", "ep-a-1.eu-central-1.aws.neon.tech", ""},
		{"postgres", "shop.database.windows.net", ""},
		{"postgres", "ec2-203-0-113-7.compute-1.amazonaws.com", ""},
		{"postgres", "localhost", ""},
		{"sqlite", "", ""},
		{"", "", ""},
	} {
		p, found := DetectPreset(Config{Kind: c.kind, Host: c.host})
		if p.ID != c.want || found != (c.want != "") {
			t.Errorf("%s at %s: %q, want %q", c.kind, c.host, p.ID, c.want)
		}
	}
	heroku := Config{Kind: "postgres", Host: "ec2-203-0-113-7.compute-1.amazonaws.com", Database: "d1abcdefghijkl"}
	if p, _ := DetectPreset(heroku); p.ID != "heroku-postgres" {
		t.Errorf("Heroku: %q", p.ID)
	}
}

func TestPresetsAreComplete(t *testing.T) {
	ids := map[string]bool{}
	for _, p := range Presets() {
		if p.ID == "" || ids[p.ID] || p.Name == "" || p.Logo == "" || kindNames[p.Kind] == "" {
			t.Errorf("%+v has no name, kind or logo, or an id twice", p)
		}
		ids[p.ID] = true
		for _, link := range []string{p.DocumentationURL, p.CertificateURL} {
			if u, err := url.Parse(link); link != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
				t.Errorf("%s: %q is no address", p.ID, link)
			}
		}
		if p.DocumentationURL == "" {
			t.Errorf("%s has no documentation", p.ID)
		}
		if p.Kind == "sqlite" {
			continue
		}
		if p.HostHint == "" || p.Remedy == "" {
			t.Errorf("%s shows no host or remedy", p.ID)
		}
		if !strings.HasSuffix(p.Remedy, ".") || strings.HasSuffix(p.Note, ".") {
			t.Errorf("%s: a remedy ends with a full stop, a note does not", p.ID)
		}
		// The hint is a host that belongs to the preset itself.
		if len(p.suffixes) > 0 {
			if got, _ := DetectPreset(Config{Kind: p.Kind, Host: p.HostHint}); got.ID != p.ID {
				t.Errorf("%s: its own hint %s belongs to %q", p.ID, p.HostHint, got.ID)
			}
		}
		if len(p.suffixes) > 0 && p.TLS != TLSRequire && p.TLS != TLSVerifyFull {
			t.Errorf("%s: a cloud is reached with TLS mode %q", p.ID, p.TLS)
		}
	}
	if list := Presets(); len(list) > 0 {
		list[0].ID = "changed"
		if Presets()[0].ID == "changed" {
			t.Error("whoever asks for the presets can change them")
		}
	}
}
