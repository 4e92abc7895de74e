package config

import "testing"

func TestShownMasksSecrets(t *testing.T) {
	c := Default()
	c.MasterKey, c.DatabaseURL, c.BaseURL = "hidden", "postgres://u:hidden@h/d", "https://assay.example.com"
	seen := map[string]string{}
	for _, s := range c.Shown() {
		seen[s.Name] = s.Value
		if s.Usage == "" {
			t.Errorf("%s does not say what it is", s.Name)
		}
	}
	for name, want := range map[string]string{"ASSAY_MASTER_KEY": masked, "ASSAY_DATABASE_URL": masked, "ASSAY_BASE_URL": c.BaseURL, "ASSAY_VAULT_TOKEN": "", "ASSAY_QUERY_TIMEOUT": "1m0s"} {
		if seen[name] != want {
			t.Errorf("%s is shown as %q, want %q", name, seen[name], want)
		}
	}
}
