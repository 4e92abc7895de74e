package query

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

const visitScript = `
	create table visits (id int primary key, at timestamp null, day date, price decimal(10,2), paid boolean, page varchar(20));
	insert into visits values
		(1, '2024-01-31 23:59:59', '2024-01-31', 0.10, true, 'home'), (2, '2024-02-01 00:00:00', '2024-02-01', 0.35, false, 'home'),
		(3, '2024-02-01 00:00:30', '2024-02-01', 0.45, true, null), (4, '2024-03-31 12:34:56', '2024-03-31', 10.00, null, 'it''s'),
		(5, '2024-12-30 08:00:00', '2024-12-30', -0.20, true, 'home'), (6, null, null, null, null, '');`

// TestDrillingFindsTheRowsOfEachMark takes each row of an answer as a mark and
// counts the rows behind it: together they are the rows that were counted.
func TestDrillingFindsTheRowsOfEachMark(t *testing.T) {
	r := newRoom(t, usual)
	_, pg := sourcetest.Postgres(t).NewDatabase(t, visitScript)
	_, maria := sourcetest.MariaDB(t).NewDatabase(t, visitScript)
	for engine, id := range map[string]string{"postgres": r.connect(t, "pg", pg), "mysql": r.connect(t, "maria", maria), "sqlite": r.connect(t, "lite", sqliteFile(t, visitScript))} {
		dims := map[string]string{"bin": `{"column": "price", "bin": 0.1}`, "page": `{"column": "page"}`, "paid": `{"column": "paid"}`, "id": `{"column": "id", "as": "Number"}`, "moment": `{"column": "at"}`}
		for _, g := range source.Grains {
			dims["at by "+string(g)] = fmt.Sprintf(`{"column": "at", "grain": %q}`, g)
			if g != source.Minute && g != source.Hour {
				dims["day by "+string(g)] = fmt.Sprintf(`{"column": "day", "grain": %q, "as": "period"}`, g)
			}
		}
		for name, dim := range dims {
			t.Run(engine+"/"+name, func(t *testing.T) {
				q := r.save(t, id, name, Body{Spec: parse(t, `{"table": "visits", "dimensions": [`+dim+`], "measures": [{"fn": "count", "as": "n"}], "filters": {"column": "id", "op": "ne", "value": 5}}`)})
				f := ask(t, r, Request{Person: r.person, Saved: q})
				total := 0
				for row := range f.Rows() {
					m := Mark{Column: f.Columns[0].Name}
					v, ok := f.Cell(row, 0)
					m.Value, m.Null = string(v), !ok
					count, _ := f.Cell(row, 1)
					spec, err := drillSpec(q, []Mark{m, {Column: "n", Value: string(count)}}, f.Columns, engine)
					if err != nil {
						t.Fatal(err)
					}
					behind := ask(t, r, Request{Person: r.person, Connection: id, Spec: spec})
					if fmt.Sprint(behind.Rows()) != string(count) || len(behind.Columns) != 6 {
						t.Errorf("behind %v are %d rows, want %s: %s", m, behind.Rows(), count, cells(behind))
					}
					total += behind.Rows()
				}
				if total != 5 {
					t.Errorf("%d rows in all, want 5", total)
				}
			})
		}
		t.Run(engine+"/written", func(t *testing.T) {
			q := r.save(t, id, "written", Body{SQL: "select page, paid, count(*) as n from visits where id > {{least:number=0}} group by page, paid order by n"})
			f := ask(t, r, Request{Person: r.person, Saved: q})
			for row := range f.Rows() {
				var marks []Mark
				for col, c := range f.Columns[:2] {
					v, ok := f.Cell(row, col)
					marks = append(marks, Mark{Column: c.Name, Value: string(v), Null: !ok})
				}
				spec, err := drillSpec(q, marks, f.Columns, engine)
				if err != nil {
					t.Fatal(err)
				}
				if got := ask(t, r, Request{Person: r.person, Connection: id, Spec: spec}); got.Rows() != 1 {
					t.Errorf("behind %v: %s", marks, cells(got))
				}
				// The same marks narrow the question itself.
				if got := ask(t, r, Request{Person: r.person, Saved: q, Narrow: NarrowBy(f.Columns, marks)}); got.Rows() != 1 {
					t.Errorf("narrowed by %v: %s", marks, cells(got))
				}
			}
			_, err := drillSpec(q, []Mark{{Column: "nonesuch", Value: "1"}}, f.Columns, engine)
			if fault.FieldsOf(err)["marks"] == "" {
				t.Errorf("a mark of no column: %v", err)
			}
		})
	}
}

func ask(t *testing.T, r *room, req Request) *frame.Frame {
	t.Helper()
	got, err := r.Frame(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return got.Frame
}

func TestNarrowByTypesItsValues(t *testing.T) {
	columns := []frame.Column{{Name: "n", Kind: frame.Number}, {Name: "at", Kind: frame.Date}, {Name: "ok", Kind: frame.Bool}, {Name: "s", Kind: frame.Text}}
	var got []string
	for _, f := range NarrowBy(columns, []Mark{{Column: "N", Value: "-1.50"}, {Column: "n", Value: "NaN"}, {Column: "at", Value: "2024-01-31"}, {Column: "ok", Value: "true"}, {Column: "s", Value: `1"`}, {Column: "s", Null: true}, {Column: "gone", Value: "1"}}) {
		got = append(got, strings.TrimSpace(fmt.Sprint(f.Column, " ", f.Op, " ", string(f.Value))))
	}
	want := []string{"n eq -1.50", `n eq "NaN"`, `at eq "2024-01-31"`, "ok eq true", `s eq "1\""`, "s is_null", `gone eq "1"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
