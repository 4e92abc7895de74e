package figure

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/chart"
	"assay/app/frame"
	"assay/app/query"
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
		if got := Settings([]byte(text)).Kind; got != want {
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
