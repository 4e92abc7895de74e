package web

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
)

func TestPlansAreTrees(t *testing.T) {
	f := frame.New(frame.Column{Name: "id", Kind: frame.Number}, frame.Column{Name: "parent", Kind: frame.Number}, frame.Column{Name: "notused", Kind: frame.Number}, frame.Column{Name: "detail", Kind: frame.Text})
	for _, row := range [][]string{{"2", "0", "CO-ROUTINE n"}, {"3", "2", "SETUP"}, {"5", "3", "SCAN CONSTANT ROW"}, {"20", "0", "SCAN n"}} {
		f.AppendTexts(row[0], row[1], "0", row[2])
	}
	if diff := cmp.Diff("CO-ROUTINE n\n  SETUP\n    SCAN CONSTANT ROW\nSCAN n", tree(f, 3)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What somebody typed comes back only to them, for a while, and never over what
// was typed since.
func TestTypedSecretsAreKeptForTheirOwner(t *testing.T) {
	var k keptSecrets
	if id := k.keep("ada", source.Config{}); id != "" {
		t.Errorf("nothing is kept as %q", id)
	}
	id := k.keep("ada", source.Config{Password: "first", TLS: source.TLS{Key: "key"}})
	for _, tt := range []struct {
		name, person string
		in           source.Config
		password     string
		key          string
	}{
		{"empty", "ada", source.Config{TLS: source.TLS{Cert: "cert"}}, "first", "key"},
		{"typed since", "ada", source.Config{Password: "second"}, "second", ""},
		{"a reference", "ada", source.Config{PasswordRef: "env:X"}, "", ""},
	} {
		err := k.fill(tt.person, id, &tt.in)
		if err != nil || tt.in.Password != tt.password || tt.in.TLS.Key != tt.key {
			t.Errorf("%s: %v, password %q, key %q", tt.name, err, tt.in.Password, tt.in.TLS.Key)
		}
	}
	refused := func(what, person, id string) {
		t.Helper()
		var c source.Config
		if err := k.fill(person, id, &c); fault.FieldsOf(err)["password"] == "" || c.Password != "" {
			t.Errorf("%s: %v, password %q", what, err, c.Password)
		}
	}
	refused("somebody else", "eve", id)
	refused("another name", "ada", "guessed")
	for range mostKept {
		k.keep("ada", source.Config{Password: "later"})
	}
	refused("pushed out by newer ones", "ada", id)
	if len(k.kept) != mostKept {
		t.Errorf("%d are kept, want %d", len(k.kept), mostKept)
	}
	id = k.keep("eve", source.Config{Password: "hers"})
	k.kept[len(k.kept)-1].until = time.Now().Add(-time.Second)
	refused("too late", "eve", id)
}
