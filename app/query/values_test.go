package query

import (
	"strings"
	"testing"

	"assay/app/account"
	"assay/app/fault"
)

func TestValuesOfAColumn(t *testing.T) {
	r := newRoom(t, usual)
	for engine, id := range shops(t, r) {
		t.Run(engine, func(t *testing.T) {
			viewer := r.join(t, engine+"-viewer@example.com", account.Viewer, map[string][]string{"region": {"EU", "US"}})
			list := func(p *account.Person, table, column, search string, limit int) (string, bool) {
				t.Helper()
				values, more, err := r.Values(t.Context(), p, id, table, column, search, limit)
				if err != nil {
					t.Fatal(err)
				}
				return strings.Join(values, "|"), more
			}
			for _, tt := range []struct {
				table, column, search, want string
				limit                       int
				more                        bool
			}{
				{table: "products", column: "name", want: "Cup|Tea"},
				{table: "products", column: "name", want: "Cup", limit: 1, more: true},
				{table: "products", column: "name", search: "TE", want: "Tea"},
				{table: "products", column: "name", search: "%", want: ""},
				{table: "orders", column: "customer", want: "1|2|3"},
				{table: "orders", column: "customer", search: "2", want: "2"},
				{table: "orders", column: "region", search: "'", want: "it's"},
			} {
				if got, more := list(viewer, tt.table, tt.column, tt.search, tt.limit); got != tt.want || more != tt.more {
					t.Errorf("%+v: %q, more %v", tt, got, more)
				}
			}
			r.rule(t, id, "orders", account.Subject{Kind: account.Everyone}, `{"filter": {"column": "region", "op": "eq", "value": {"attribute": "region"}}, "masks": [{"column": "email", "how": "redact"}]}`)
			if got, _ := list(viewer, "orders", "region", "", 0); got != "EU|US" {
				t.Errorf("under a rule: %q", got)
			}
			if got, _ := list(viewer, "orders", "email", "", 0); got != redacted {
				t.Errorf("of a hidden column: %q", got)
			}
			if got, _ := list(viewer, "orders", "email", "secret", 0); got != "" {
				t.Errorf("looked for in a hidden column: %q", got)
			}
			if _, _, err := r.Values(t.Context(), viewer, id, "totals", "region", "", 0); fault.FieldsOf(err)["table"] == "" {
				t.Errorf("of a view that may show more: %v", err)
			}
			if _, _, err := r.Values(t.Context(), viewer, id, "orders", "region\" from orders --", "", 0); fault.FieldsOf(err)["column"] == "" {
				t.Errorf("of a column that attacks: %v", err)
			}
			if _, _, err := r.Values(t.Context(), nil, id, "orders", "region", "", 0); fault.KindOf(err) != fault.SignIn {
				t.Errorf("for nobody: %v", err)
			}
		})
	}
}
