package config

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// file writes text to a new file and returns its path.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "settings")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrecedence(t *testing.T) {
	path := file(t, "# comment\n\nASSAY_ADDR=127.0.0.1:1\nexport DATA_DIR=\"from file\"\nBASE_URL='https://file.example.com'\nLOG_FORMAT = json\n")
	env := []string{"ASSAY_ADDR=127.0.0.1:2", "ASSAY_DATA_DIR=from env", "HOME=/root", "PORT=99", "ASSAY_TEST_X=1", "ASSAY_SHARED=1", "broken"}
	for name, c := range map[string]struct {
		args, env []string
		change    func(*Config)
	}{
		"defaults": {nil, nil, func(*Config) {}},
		"file": {[]string{"--config", path}, nil, func(c *Config) {
			c.Addr, c.DataDir, c.BaseURL, c.LogFormat = "127.0.0.1:1", "from file", "https://file.example.com", "json"
		}},
		"environment": {[]string{"--config", path}, env, func(c *Config) {
			c.Addr, c.DataDir, c.BaseURL, c.LogFormat = "127.0.0.1:2", "from env", "https://file.example.com", "json"
		}},
		"flags": {[]string{"--config=" + path, "--addr", "127.0.0.1:3"}, env, func(c *Config) {
			c.Addr, c.DataDir, c.BaseURL, c.LogFormat = "127.0.0.1:3", "from env", "https://file.example.com", "json"
		}},
		"kinds of values": {[]string{"--query-timeout=1m30s", "--query-rows=5", "--allow-private-hosts=false", "--llm-model=m"}, nil, func(c *Config) {
			c.QueryTimeout, c.QueryRows, c.PrivateHosts, c.LLMModel = 90*time.Second, 5, false, "m"
		}},
		"empty in the environment": {nil, []string{"ASSAY_DATABASE_URL="}, func(*Config) {}},
	} {
		want := Default()
		c.change(&want)
		got, _, print, err := Load(c.args, c.env, io.Discard)
		if err != nil || print {
			t.Errorf("%s: print %v, %v", name, print, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestRestAndPrint(t *testing.T) {
	_, rest, print, err := Load([]string{"--print-config", "--addr=:0", "create", "--email", "a@example.com"}, nil, io.Discard)
	if d := cmp.Diff([]string{"create", "--email", "a@example.com"}, rest); d != "" || !print || err != nil {
		t.Errorf("print %v, %v, rest (-want +got):\n%s", print, err, d)
	}
	var out strings.Builder
	if _, _, _, err := Load([]string{"--help"}, nil, &out); !errors.Is(err, flag.ErrHelp) || !strings.Contains(out.String(), "-query-timeout") {
		t.Errorf("--help: %v, %q", err, out.String())
	}
	if _, _, _, err := Load([]string{"--no-such-flag"}, nil, io.Discard); err == nil {
		t.Error("an unknown flag is accepted")
	}
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	_, _, _, err := Load([]string{"--log-format=xml"}, []string{
		"ASSAY_ADRR=127.0.0.1:1", "ASSAY_QUERY_ROWS=many", "ASSAY_QUERY_TIMEOUT=60", "ASSAY_ALLOW_PRIVATE_HOSTS=maybe",
		"ASSAY_ADDR=8080", "ASSAY_BASE_URL=assay.example.com", "ASSAY_ADMIN_EMAIL=a@example.com", "ASSAY_DATA_DIR=", "ASSAY_METRICS_ADDR=9090",
	}, io.Discard)
	if err == nil {
		t.Fatal("no problem was found")
	}
	for _, part := range []string{
		"ASSAY_ADRR is not a setting", "ASSAY_QUERY_ROWS", "ASSAY_QUERY_TIMEOUT", "ASSAY_ALLOW_PRIVATE_HOSTS", `ASSAY_ADDR: "8080"`,
		"ASSAY_BASE_URL", "ASSAY_ADMIN_EMAIL and ASSAY_ADMIN_PASSWORD", "ASSAY_DATA_DIR", "ASSAY_METRICS_ADDR", "ASSAY_LOG_FORMAT",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the problems do not tell of %s:\n%v", part, err)
		}
	}
	if n := len(strings.Split(err.Error(), "\n")); n != 10 {
		t.Errorf("%d lines for 10 problems:\n%v", n, err)
	}
}

func TestSingleProblems(t *testing.T) {
	for _, env := range []string{
		"ASSAY_ADDR=127.0.0.1:http", "ASSAY_ADDR=127.0.0.1:65536", "ASSAY_BASE_URL=ftp://x", "ASSAY_BASE_URL=https://x/path", "ASSAY_BASE_URL=https://",
		"ASSAY_QUERY_TIMEOUT=0s", "ASSAY_QUERY_TIMEOUT=-1s", "ASSAY_QUERY_ROWS=0", "ASSAY_QUERY_BYTES=-1", "ASSAY_CONNECTION_CONCURRENCY=0",
		"ASSAY_LOG_FORMAT=", "ASSAY_ADMIN_PASSWORD=x", "ASSAY_ADDR_FILE=/dev/null",
	} {
		if _, _, _, err := Load(nil, []string{env}, io.Discard); err == nil {
			t.Errorf("%s is accepted", env)
		}
	}
	for _, env := range []string{"ASSAY_ADDR=:0", "ASSAY_ADDR=[::1]:80", "ASSAY_BASE_URL=https://x/", "ASSAY_BASE_URL=http://x:80", "ASSAY_METRICS_ADDR=:9"} {
		if _, _, _, err := Load(nil, []string{env}, io.Discard); err != nil {
			t.Errorf("%s: %v", env, err)
		}
	}
}

func TestSettingsFile(t *testing.T) {
	for text, problem := range map[string]string{
		"ASSAY_ADDR":               ":1: expected NAME=value",
		"# x\n\nADDR 127.0.0.1:1":  ":3: expected NAME=value",
		"NO_SUCH=1":                "ASSAY_NO_SUCH is not a setting",
		"ADDR=127.0.0.1:1\nROWS=1": "ASSAY_ROWS is not a setting",
	} {
		if _, _, _, err := Load([]string{"--config", file(t, text)}, nil, io.Discard); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%q: %v, want %q", text, err, problem)
		}
	}
	if _, _, _, err := Load([]string{"--config", filepath.Join(t.TempDir(), "none")}, nil, io.Discard); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestSecretsFromFiles(t *testing.T) {
	key := file(t, "from the file\r\n")
	c, _, _, err := Load(nil, []string{"ASSAY_MASTER_KEY_FILE=" + key}, io.Discard)
	if err != nil || c.MasterKey != "from the file" {
		t.Errorf("environment: %q, %v", c.MasterKey, err)
	}
	c, _, _, err = Load([]string{"--config", file(t, "LLM_API_KEY_FILE="+key)}, nil, io.Discard)
	if err != nil || c.LLMAPIKey != "from the file" {
		t.Errorf("settings file: %q, %v", c.LLMAPIKey, err)
	}
	if _, _, _, err = Load(nil, []string{"ASSAY_MASTER_KEY_FILE=" + key, "ASSAY_MASTER_KEY=hunter2"}, io.Discard); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("both: %v", err)
	}
	if _, _, _, err = Load(nil, []string{"ASSAY_MASTER_KEY_FILE=" + key + ".none"}, io.Discard); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, _, _, err = Load(nil, []string{"ASSAY_DATA_DIR_FILE=" + key}, io.Discard); err == nil {
		t.Error("a setting that is no secret came from a file")
	}
}

func TestVariablesOfConnectionsAreNoSettings(t *testing.T) {
	c, _, _, err := Load(nil, []string{"ASSAY_SECRET_SHOP=hunter2", "ASSAY_SECRET_=x", "ASSAY_SECRET_BASE64=a=b", "SECRET_X=1"}, io.Discard)
	want := map[string]string{"ASSAY_SECRET_SHOP": "hunter2", "ASSAY_SECRET_": "x", "ASSAY_SECRET_BASE64": "a=b"}
	if d := cmp.Diff(want, c.Secrets); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	var out strings.Builder
	if err := c.Print(&out); err != nil || strings.Contains(out.String(), "hunter2") || strings.Contains(out.String(), "SECRET_SHOP") {
		t.Errorf("%v, and the settings print as:\n%s", err, out.String())
	}
	// A file of settings is not the environment: what stands there would be read by nobody.
	for _, env := range []string{"ASSAY_SECRETS=x", "ASSAY_SECRET=x"} {
		if _, _, _, err := Load(nil, []string{env}, io.Discard); err == nil || !strings.Contains(err.Error(), "is not a setting") {
			t.Errorf("%s: %v", env, err)
		}
	}
	if _, _, _, err := Load([]string{"--config", file(t, "ASSAY_SECRET_SHOP=hunter2")}, nil, io.Discard); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("in a file: %v", err)
	}
}

func TestVaultSettings(t *testing.T) {
	for _, c := range []struct {
		env     []string
		problem string
	}{
		{[]string{"ASSAY_VAULT_ADDR=https://vault.example.com:8200", "ASSAY_VAULT_TOKEN=t"}, ""},
		{[]string{"ASSAY_VAULT_ADDR=http://127.0.0.1:8200", "ASSAY_VAULT_TOKEN=t"}, ""},
		{[]string{"ASSAY_VAULT_ADDR=http://[::1]:8200", "ASSAY_VAULT_TOKEN=t"}, ""},
		{[]string{"ASSAY_VAULT_ADDR=https://vault.example.com"}, "go together"},
		{[]string{"ASSAY_VAULT_TOKEN=t"}, "go together"},
		{[]string{"ASSAY_VAULT_ADDR=http://vault.example.com", "ASSAY_VAULT_TOKEN=t"}, "https"},
		{[]string{"ASSAY_VAULT_ADDR=http://127.0.0.1.example.com", "ASSAY_VAULT_TOKEN=t"}, "https"},
		{[]string{"ASSAY_VAULT_ADDR=https://ada:hunter2@vault.example.com", "ASSAY_VAULT_TOKEN=t"}, "https"},
		{[]string{"ASSAY_VAULT_ADDR=vault.example.com:8200", "ASSAY_VAULT_TOKEN=t"}, "https"},
		{[]string{"ASSAY_VAULT_PREFIX="}, "ASSAY_VAULT_PREFIX"},
		{[]string{"ASSAY_VAULT_PREFIX=/"}, "ASSAY_VAULT_PREFIX"},
		{[]string{"ASSAY_VAULT_PREFIX=secret/../sys"}, "ASSAY_VAULT_PREFIX"},
	} {
		_, _, _, err := Load(nil, c.env, io.Discard)
		if (err == nil) != (c.problem == "") || err != nil && (!strings.Contains(err.Error(), c.problem) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%q: %v, want %q", c.env, err, c.problem)
		}
	}
	c, _, _, err := Load(nil, []string{"ASSAY_VAULT_ADDR=https://v", "ASSAY_VAULT_TOKEN_FILE=" + file(t, "from the file\n")}, io.Discard)
	if err != nil || c.VaultToken != "from the file" || c.VaultPrefix != "secret/data/assay" {
		t.Errorf("a token in a file: %q, prefix %q, %v", c.VaultToken, c.VaultPrefix, err)
	}
}

func TestPrintMasksSecrets(t *testing.T) {
	c := Default()
	secrets := 0
	for _, s := range c.settings() {
		if s.secret {
			s.value.SetString("hunter2")
			secrets++
		}
	}
	c.BaseURL, c.LLMAPIKey = "https://assay.example.com", ""
	var out strings.Builder
	if err := c.Print(&out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if strings.Contains(text, "hunter2") || strings.Count(text, "=********\n") != secrets-1 || secrets < 5 {
		t.Errorf("%d secrets print as:\n%s", secrets, text)
	}
	for _, line := range []string{"ASSAY_ADDR=127.0.0.1:8080\n", "ASSAY_BASE_URL=https://assay.example.com\n", "ASSAY_QUERY_TIMEOUT=1m0s\n", "ASSAY_ALLOW_PRIVATE_HOSTS=true\n", "ASSAY_LLM_API_KEY=\n"} {
		if !strings.Contains(text, line) {
			t.Errorf("%q is missing in:\n%s", line, text)
		}
	}
	if n := strings.Count(text, "\n"); n != len(c.settings()) {
		t.Errorf("%d lines for %d settings", n, len(c.settings()))
	}
}

func TestSettingsAreNamedAndExplained(t *testing.T) {
	seen := map[string]bool{}
	c := Default()
	for _, s := range c.settings() {
		if s.name == "" || s.usage == "" || s.name != strings.ToUpper(s.name) || seen[s.name] {
			t.Errorf("the setting %q with the usage %q", s.name, s.usage)
		}
		seen[s.name] = true
		switch s.value.Interface().(type) {
		case string, int, bool, time.Duration:
		default:
			t.Errorf("%s is of the type %s, which nothing reads", s.name, s.value.Type())
		}
		// Words that tell a secret from the rest, so that a new one is not forgotten.
		if named := strings.Contains(s.name, "PASSWORD") || strings.Contains(s.name, "SECRET") || strings.HasSuffix(s.name, "_KEY") || strings.HasSuffix(s.name, "_TOKEN") || s.name == "MASTER_KEY_PREVIOUS" || s.name == "DATABASE_URL"; named != s.secret && s.name != "SECRETS_DIR" {
			t.Errorf("%s: secret %v", s.name, s.secret)
		}
	}
}
