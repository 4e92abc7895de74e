package web

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/chart"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/source"
)

func TestFiltersInWords(t *testing.T) {
	for text, want := range map[string]string{
		`null`: "", `{}`: "", `{"and":[]}`: "",
		`{"column":"orders.placed_on","op":"gte","value":"2024-01-01"}`:                                                                                              "placed on ≥ 2024-01-01",
		`{"and":[{"column":"status","op":"not_in","value":["a","b"]},{"column":"n","op":"is_null"}]}`:                                                                "status is none of a, b and n is empty",
		`{"and":[{"or":[{"column":"a","op":"eq","value":1},{"column":"b","op":"last","value":{"n":30,"unit":"day"}}]},{"column":"c","op":"between","value":[1,2]}]}`: "(a is 1 or b in the last 30 days) and c from 1 to 2",
		`{"and":[{"or":[{"column":"a","op":"eq","value":1}]},{"column":"c","op":"ne","value":2}]}`:                                                                   "a is 1 and c is not 2",
		`{"column":"a","op":"eq","value":"` + strings.Repeat("x", 200) + `"}`:                                                                                        "a is " + strings.Repeat("x", 80) + "…",
	} {
		var f *query.Filter
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			t.Fatal(err)
		}
		if got := conditions(f, true); got != want {
			t.Errorf("%s reads %q, want %q", text, got, want)
		}
	}
}

func TestSettingsThatCannotBeReadCountAsNone(t *testing.T) {
	for text, want := range map[string]chart.Kind{"": "", "bar": chart.Bar, `{"kind":"pie"}`: chart.Pie, `{"kind":"no"}`: "", "nonsense": "", `{"kind`: "", `{"kind":1}`: ""} {
		if got := readSettings(text).Kind; got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
}

func TestPivotTakesTheColumnsThatAreMeant(t *testing.T) {
	f := frame.New(frame.Column{Name: "month", Kind: frame.Date}, frame.Column{Name: "revenue", Kind: frame.Number}, frame.Column{Name: "channel", Kind: frame.Text}, frame.Column{Name: "orders", Kind: frame.Number})
	f.AppendTexts("2024-01-01", "10.5", "web", "3")
	f.AppendTexts("2024-02-01", "7", "web", "2")
	f.AppendTexts("2024-02-01", "1", "store", "1")
	for _, tt := range []struct {
		name string
		s    chart.Settings
		want [][]string
	}{
		{"by itself", chart.Settings{}, [][]string{{"month", "web", "store"}, {"2024-01-01", "10.5", ""}, {"2024-02-01", "7.0", "1.0"}}},
		{"as set", chart.Settings{X: "channel", Series: "month", Y: []string{"orders"}}, [][]string{{"channel", "2024-01-01", "2024-02-01"}, {"web", "3", "2"}, {"store", "", "1"}}},
		{"another number", chart.Settings{Y: []string{"orders"}}, [][]string{{"month", "web", "store"}, {"2024-01-01", "3", ""}, {"2024-02-01", "2", "1"}}},
	} {
		table := pivot(f, tt.s, frame.Formatter{})
		var head []string
		for _, c := range table.Columns {
			head = append(head, c.Name)
		}
		got := [][]string{head}
		for _, row := range table.Rows {
			var cells []string
			for _, c := range row {
				cells = append(cells, c.Text)
			}
			got = append(got, cells)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if pivot(frame.New(frame.Column{Name: "a"}, frame.Column{Name: "b", Kind: frame.Number}), chart.Settings{}, frame.Formatter{}) != nil {
		t.Error("two columns make a pivot table")
	}
}

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
