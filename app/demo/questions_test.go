package demo

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var charts = strings.Fields("line area bar hbar stacked pie scatter heatmap histogram number pivot table funnel waterfall boxplot gauge treemap sankey")

// spec is the builder's question as far as the sample's questions use it.
type spec struct {
	Table string `json:"table"`
	Joins []struct {
		Table string      `json:"table"`
		On    [][2]string `json:"on"`
	} `json:"joins"`
	Measures []struct {
		Fn     string `json:"fn"`
		Column string `json:"column"`
		As     string `json:"as"`
	} `json:"measures"`
	Dimensions []struct {
		Column string `json:"column"`
		Grain  string `json:"grain"`
		As     string `json:"as"`
	} `json:"dimensions"`
	Filters struct {
		And []struct {
			Column string          `json:"column"`
			Op     string          `json:"op"`
			Value  json.RawMessage `json:"value"`
		} `json:"and"`
	} `json:"filters"`
	Order []struct {
		By   string `json:"by"`
		Desc bool   `json:"desc"`
	} `json:"order"`
	Limit int `json:"limit"`
}

func TestQuestionsAnswer(t *testing.T) {
	db := open(t, sample, "mode=ro")
	questions := Questions()
	if len(questions) < 8 || len(questions) > 18 {
		t.Errorf("%d questions, want 8 to 18", len(questions))
	}
	names := map[string]bool{}
	clicked := 0
	for _, q := range questions {
		t.Run(q.Name, func(t *testing.T) {
			if q.Description == "" || q.Folder == "" || names[q.Name] {
				t.Error("the description or folder is missing, or the name is taken")
			}
			names[q.Name] = true
			if !slices.Contains(charts, q.Chart) {
				t.Errorf("no chart is called %q", q.Chart)
			}
			columns, rows := answer(t, db, q.SQL)
			if len(rows) < 1 || len(rows) > 5000 {
				t.Errorf("%d rows, want 1 to 5000", len(rows))
			}
			if q.Spec == nil {
				return
			}
			clicked++
			s := parse(t, q.Spec)
			specColumns, specRows := answer(t, db, s.statement(t, db))
			if diff := cmp.Diff(columns, specColumns); diff != "" {
				t.Errorf("columns of SQL and spec (-SQL +spec):\n%s", diff)
			}
			if diff := cmp.Diff(rows, specRows); diff != "" {
				t.Errorf("rows of SQL and spec (-SQL +spec):\n%s", diff)
			}
		})
	}
	if 2*clicked < len(questions) {
		t.Errorf("%d of %d questions can be clicked, want at least half", clicked, len(questions))
	}
}

// answer returns the columns and rows, numbers with two digits.
func answer(t *testing.T, db *sql.DB, query string) (columns []string, all [][]string) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatalf("%v in %s", err, query)
	}
	defer rows.Close()
	if columns, err = rows.Columns(); err != nil {
		t.Fatal(err)
	}
	cells, targets := make([]any, len(columns)), make([]any, len(columns))
	for i := range cells {
		targets[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			if f, ok := c.(float64); ok {
				row[i] = fmt.Sprintf("%.2f", f)
			} else {
				row[i] = fmt.Sprint(c)
			}
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return columns, all
}

func parse(t *testing.T, raw json.RawMessage) spec {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	var s spec
	if err := decoder.Decode(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// statement writes the spec as SQL and fails on a column that does not exist.
func (s spec) statement(t *testing.T, db *sql.DB) string {
	t.Helper()
	column := func(name string) string {
		table, plain, qualified := strings.Cut(name, ".")
		if !qualified {
			table, plain = s.Table, name
			if len(s.Joins) > 0 {
				t.Errorf("%s is not qualified beside a join", name)
			}
		}
		if number(t, db, fmt.Sprintf("SELECT count(*) FROM pragma_table_info('%s') WHERE name = '%s'", table, plain)) != 1 {
			t.Fatalf("no column %s.%s", table, plain)
		}
		return table + "." + plain
	}
	var picked, groups, conditions, order []string
	for i, d := range s.Dimensions {
		expression := column(d.Column)
		switch d.Grain {
		case "month":
			expression = fmt.Sprintf("date(%s, 'start of month')", expression)
		case "quarter":
			expression = fmt.Sprintf("date(%s, 'start of month', '-' || ((strftime('%%m', %s) - 1) %% 3) || ' months')", expression, expression)
		case "":
		default:
			t.Fatalf("grain %q is not known to this test", d.Grain)
		}
		picked = append(picked, expression+" AS "+d.As)
		groups = append(groups, fmt.Sprint(i+1))
	}
	for _, m := range s.Measures {
		switch {
		case m.Fn == "count" && m.Column == "":
			picked = append(picked, "count(*) AS "+m.As)
		case m.Fn == "sum":
			picked = append(picked, "sum("+column(m.Column)+") AS "+m.As)
		default:
			t.Fatalf("measure %s is not known to this test", m.Fn)
		}
	}
	from := s.Table
	for _, j := range s.Joins {
		var on []string
		for _, pair := range j.On {
			on = append(on, column(pair[0])+" = "+column(pair[1]))
		}
		from += " JOIN " + j.Table + " ON " + strings.Join(on, " AND ")
	}
	for _, f := range s.Filters.And {
		literal := strings.NewReplacer(`"`, "'", "[", "(", "]", ")").Replace(string(f.Value))
		operator, ok := map[string]string{"not_in": "NOT IN", "gte": ">="}[f.Op]
		if !ok {
			t.Fatalf("operator %q is not known to this test", f.Op)
		}
		conditions = append(conditions, column(f.Column)+" "+operator+" "+literal)
	}
	for _, o := range s.Order {
		order = append(order, o.By+map[bool]string{true: " DESC", false: ""}[o.Desc])
	}
	statement := "SELECT " + strings.Join(picked, ", ") + " FROM " + from
	if len(conditions) > 0 {
		statement += " WHERE " + strings.Join(conditions, " AND ")
	}
	statement += " GROUP BY " + strings.Join(groups, ", ") + " ORDER BY " + strings.Join(order, ", ")
	if s.Limit > 0 {
		statement += fmt.Sprint(" LIMIT ", s.Limit)
	}
	return statement
}
