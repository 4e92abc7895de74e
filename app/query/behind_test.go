package query

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"assay/app/fault"
	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
)

const salesScript = `
	create table places (id int primary key, town varchar(20));
	create table sales (id int primary key, place_id int references places (id), at timestamp null, day date, price decimal(10,2), rate double precision, sold int, paid boolean, page varchar(20));
	create table hits (id int primary key, sale_id int references sales (id), n int);
	insert into places values (1, 'Graz'), (2, 'Linz'), (3, null);
	insert into sales values
		(1, 1, '2024-01-31 23:59:59', '2024-01-31', 0.10, 0.1, 3, true, 'home'), (2, 1, '2024-02-01 00:00:00', '2024-02-01', 0.30, 0.3, null, false, 'Home'),
		(3, 2, '2024-02-01 00:00:30', '2024-02-01', 0.60, 0.7, 7, true, null), (4, null, '2024-03-31 12:34:56', '2024-03-31', 10.00, 250.75, 1, null, 'it''s'),
		(5, 2, '2024-12-30 08:00:00', '2024-12-30', -0.20, -2.5, 4, true, 'home '), (6, 3, null, null, null, null, null, null, ''),
		(7, 3, '2024-12-31 23:00:00', '2024-12-31', 0.70, 0.25, 2, false, 'home'), (8, 1, '2025-01-01 00:00:00', '2025-01-01', 0.29, 0.125, 9, true, 'it''s');
	insert into hits values (1, 1, 5), (2, 1, 6), (3, 2, 7), (4, 3, 1), (5, 3, 1), (6, 3, null), (7, 8, 2);`

func salesOn(t *testing.T, r *room) map[string]string {
	t.Helper()
	_, pg := sourcetest.Postgres(t).NewDatabase(t, salesScript)
	_, maria := sourcetest.MariaDB(t).NewDatabase(t, salesScript)
	return map[string]string{"postgres": r.connect(t, "pg", pg), "mysql": r.connect(t, "maria", maria), "sqlite": r.connect(t, "lite", sqliteFile(t, salesScript))}
}

// aggregate takes a measure over rows; NaN is none.
func aggregate(t *testing.T, f *frame.Frame, m Measure) float64 {
	t.Helper()
	column := m.Column[strings.LastIndexByte(m.Column, '.')+1:]
	at := slices.IndexFunc(f.Columns, func(c frame.Column) bool { return c.Name == column })
	if column != "" && at < 0 {
		t.Fatalf("the rows have no column %s but %v", column, f.Columns)
	}
	var values []float64
	for row := range f.Rows() {
		if column == "" {
			values = append(values, 1)
		} else if v, ok := f.Cell(row, at); ok {
			x, err := strconv.ParseFloat(string(v), 64)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, x)
		}
	}
	sum := 0.0
	for _, x := range values {
		sum += x
	}
	switch n := len(values); {
	case m.Fn == Count:
		return float64(n)
	case m.Fn == CountDistinct:
		slices.Sort(values)
		return float64(len(slices.Compact(values)))
	case n == 0:
		return math.NaN()
	case m.Fn == Avg:
		return sum / float64(n)
	case m.Fn == Min:
		return slices.Min(values)
	case m.Fn == Max:
		return slices.Max(values)
	case m.Fn == Median:
		slices.Sort(values)
		return (values[(n-1)/2] + values[n/2]) / 2
	}
	return sum
}

// TestTheRowsBehindAMarkMakeItsValue takes the values of each row of many answers
// as marks, asks for the rows behind them and measures those again: by what was
// measured, the rows behind a mark make its value.
func TestTheRowsBehindAMarkMakeItsValue(t *testing.T) {
	r := newRoom(t, usual)
	measures := []Measure{{Fn: Count}, {Fn: Count, Column: "sold"}, {Fn: CountDistinct, Column: "sold"}, {Fn: Sum, Column: "price"}, {Fn: Sum, Column: "rate"}, {Fn: Avg, Column: "sold"}, {Fn: Min, Column: "price"}, {Fn: Max, Column: "price"}, {Fn: Median, Column: "price"}}
	all := map[string]*Spec{}
	dims := map[string]Dimension{"by text": {Column: "page"}, "by truth": {Column: "paid"}, "by number": {Column: "price"}, "by binary fraction": {Column: "rate"}, "by moment": {Column: "at"}, "by day": {Column: "day", As: "When"}}
	for _, w := range []string{"0.1", "0.3", "1", "5"} {
		dims["by steps of "+w] = Dimension{Column: "price", Bin: json.Number(w)}
		dims["by binary steps of "+w] = Dimension{Column: "rate", Bin: json.Number(w)}
	}
	for _, g := range source.Grains {
		dims["at by "+string(g)] = Dimension{Column: "at", Grain: g}
		if g != source.Minute && g != source.Hour {
			dims["day by "+string(g)] = Dimension{Column: "day", Grain: g, As: "period"}
		}
	}
	for name, d := range dims {
		all[name] = &Spec{Table: "sales", Measures: measures, Dimensions: []Dimension{d}}
	}
	two := []Dimension{{Column: "page"}, {Column: "at", Grain: source.Month}}
	all["whole"] = &Spec{Table: "sales", Measures: measures}
	all["filtered"] = &Spec{Table: "sales", Measures: measures, Dimensions: two, Filters: &Filter{Or: []Filter{{Column: "sold", Op: Gt, Value: []byte("2")}, {Column: "page", Op: Eq, Value: []byte(`"it's"`)}}}}
	all["limited"] = &Spec{Table: "sales", Measures: measures, Dimensions: two, Order: []Order{{By: "count", Desc: true}}, Limit: 3}
	all["having"] = &Spec{Table: "sales", Measures: measures, Dimensions: two, Having: &Filter{Column: "sum_price", Op: Gt, Value: []byte("0.2")}}
	many := []Measure{{Fn: Count}, {Fn: Sum, Column: "sales.price"}, {Fn: Avg, Column: "sales.sold"}}
	all["joined to one"] = &Spec{Table: "sales", Joins: []Join{{Table: "places"}}, Measures: many, Dimensions: []Dimension{{Column: "places.town"}}}
	all["joined to many"] = &Spec{Table: "sales", Joins: []Join{{Table: "hits"}}, Measures: many, Dimensions: []Dimension{{Column: "sales.page"}}}
	all["many joined to one"] = &Spec{Table: "sales", Joins: []Join{{Table: "hits"}}, Measures: []Measure{{Fn: Sum, Column: "hits.n"}, {Fn: Count, Column: "hits.id"}}, Dimensions: []Dimension{{Column: "sales.at", Grain: source.Quarter}}}
	all["a filter on the joined"] = &Spec{Table: "places", Joins: []Join{{Table: "sales"}, {Table: "hits"}}, Measures: []Measure{{Fn: Sum, Column: "sales.price"}}, Dimensions: []Dimension{{Column: "places.town"}}, Filters: &Filter{Column: "hits.n", Op: Gt, Value: []byte("1")}}
	for engine, id := range salesOn(t, r) {
		specs := maps.Clone(all)
		rows := r.save(t, id, "Rows", Body{SQL: "select * from sales where id <> {{without:number=5}} order by id desc"})
		groups := r.save(t, id, "Groups", Body{SQL: "select page, sum(price) as price, count(*) as sold from sales group by page"})
		months := r.save(t, id, "Months", Body{Spec: &Spec{Table: "sales", Measures: []Measure{{Fn: Sum, Column: "price", As: "price"}, {Fn: Count, As: "sold"}}, Dimensions: []Dimension{{Column: "page"}, {Column: "at", Grain: source.Month, As: "month"}}, Having: &Filter{Column: "sold", Op: Gte, Value: []byte("1")}}})
		top := r.save(t, id, "Top", Body{Spec: &Spec{Table: "sales", Columns: []string{"page", "price", "sold", "at"}, Order: []Order{{By: "price", Desc: true}}, Limit: 4}})
		third := r.save(t, id, "Third", Body{Spec: &Spec{Question: months.ID, Measures: []Measure{{Fn: Sum, Column: "price", As: "price"}, {Fn: Max, Column: "sold", As: "sold"}}, Dimensions: []Dimension{{Column: "month", Grain: source.Quarter}}}})
		few := []Measure{{Fn: Count}, {Fn: Sum, Column: "price"}, {Fn: Max, Column: "sold"}}
		specs["over SQL"] = &Spec{Question: rows.ID, Measures: measures, Dimensions: two}
		specs["over SQL, limited"] = &Spec{Question: rows.ID, Measures: measures, Dimensions: two, Order: []Order{{By: "sum_price"}}, Limit: 2}
		specs["over SQL, in steps"] = &Spec{Question: rows.ID, Measures: measures, Dimensions: []Dimension{{Column: "price", Bin: "0.1"}}}
		specs["over groups"] = &Spec{Question: groups.ID, Measures: few, Dimensions: []Dimension{{Column: "sold"}}}
		specs["over a question"] = &Spec{Question: months.ID, Measures: few, Dimensions: []Dimension{{Column: "month", Grain: source.Year}}}
		specs["over a question with a limit"] = &Spec{Question: top.ID, Measures: few, Dimensions: []Dimension{{Column: "page"}}}
		specs["over one over another"] = &Spec{Question: third.ID, Measures: few, Dimensions: []Dimension{{Column: "month_quarter"}}}
		for name, s := range specs {
			t.Run(engine+"/"+name, func(t *testing.T) {
				conditions := []string{"", `[{"column": "` + strings.Replace("sales.sold", "sales.", map[bool]string{true: "sales."}[len(s.Joins) > 0], 1) + `", "op": "gt", "value": 1}]`}
				if simple := len(s.Dimensions) == 1 && len(s.Joins) == 0 && s.Question == ""; simple && name != "at by month" && name != "by steps of 0.1" {
					conditions = conditions[:1]
				}
				for _, narrow := range conditions {
					if narrow != "" && strings.HasPrefix(name, "a filter") {
						continue
					}
					saved := r.save(t, id, name, Body{Spec: s})
					for _, req := range []Request{{Person: r.person, Connection: id, Spec: s}, {Person: r.person, Saved: saved}} {
						if narrow == "" && req.Saved == nil && len(conditions) > 1 {
							continue
						}
						if narrow != "" {
							req.Narrow = filters(t, narrow)
						}
						f := ask(t, r, req)
						if f.Rows() == 0 && narrow == "" {
							t.Fatal("the question has no rows")
						}
						for row := range f.Rows() {
							var marks []Mark
							for i := range s.Dimensions {
								v, ok := f.Cell(row, i)
								marks = append(marks, Mark{Column: f.Columns[i].Name, Value: string(v), Null: !ok})
							}
							checkBehind(t, r, engine, req, s, f, marks)
						}
						checkBehind(t, r, engine, req, s, f, nil)
						if len(s.Dimensions) > 1 { // a drawing that does not show the other dimension
							for row := range f.Rows() {
								v, ok := f.Cell(row, 0)
								checkBehind(t, r, engine, req, s, f, []Mark{{Column: f.Columns[0].Name, Value: string(v), Null: !ok}})
							}
						}
					}
				}
			})
		}
	}
}

// checkBehind compares what the rows behind marks add up to with what the rows of the answer do that have them.
func checkBehind(t *testing.T, r *room, engine string, req Request, s *Spec, f *frame.Frame, marks []Mark) {
	t.Helper()
	behind, err := r.Behind(t.Context(), req, marks)
	if err != nil {
		t.Fatalf("behind %v: %v", marks, err)
	}
	if len(behind.Notes) > 0 {
		t.Errorf("behind %v: %q", marks, behind.Notes)
	}
	got := ask(t, r, behind.Request)
	exact := len(marks) == len(s.Dimensions)
	var values []float64
	for i, m := range s.Measures {
		if !exact && (m.Fn != Count && m.Fn != Sum) {
			continue
		}
		want, none := 0.0, true
		for row := range f.Rows() {
			if !marked(f, row, marks, s.Names()[:len(s.Dimensions)], engine) {
				continue
			}
			if v, ok := f.Cell(row, len(s.Dimensions)+i); ok {
				x, err := strconv.ParseFloat(string(v), 64)
				if err != nil {
					t.Fatal(err)
				}
				want, none = want+x, false
			}
		}
		value := aggregate(t, got, m)
		values = append(values, value)
		if none && (math.IsNaN(value) || value == 0) {
			continue
		}
		if none || math.IsNaN(value) || math.Abs(value-want) > 1e-9*max(1, math.Abs(want)) {
			t.Errorf("behind %v: %s of %q is %v, want %v (none: %v) of %s", marks, m.Fn, m.Column, value, want, none, cells(got))
		}
	}
	if len(values) == 0 && exact {
		t.Fatal("nothing was compared")
	}
}

func TestBehindWrittenQuestions(t *testing.T) {
	r := newRoom(t, usual)
	for engine, id := range salesOn(t, r) {
		text := "select page, paid, sum(price) as price from sales where id <> {{without:number=0}} group by page, paid"
		saved := r.save(t, id, "Written", Body{SQL: text, Parameters: map[string]string{"without": "5"}})
		for name, req := range map[string]Request{"saved": {Person: r.person, Saved: saved, Parameters: map[string]string{"without": "4"}}, "unsaved": {Person: r.person, Connection: id, SQL: text, Parameters: map[string]string{"without": "4"}}} {
			t.Run(engine+"/"+name, func(t *testing.T) {
				f := ask(t, r, req)
				for row := range f.Rows() {
					v, ok := f.Cell(row, 0)
					marks := []Mark{{Column: "page", Value: string(v), Null: !ok}}
					behind, err := r.Behind(t.Context(), req, marks)
					if err != nil {
						t.Fatal(err)
					}
					want := 0.0
					for other := range f.Rows() {
						if p, has := f.Cell(other, 2); has && marked(f, other, marks, []string{"page"}, engine) {
							x, _ := strconv.ParseFloat(string(p), 64)
							want += x
						}
					}
					if got := aggregate(t, ask(t, r, behind.Request), Measure{Fn: Sum, Column: "price"}); math.Abs(got-want) > 1e-9 && !(math.IsNaN(got) && want == 0) {
						t.Errorf("behind %v: %v, want %v", marks, got, want)
					}
				}
				if _, err := r.Behind(t.Context(), req, []Mark{{Column: "nonesuch", Value: "1"}}); fault.FieldsOf(err)["marks"] == "" {
					t.Errorf("a mark of no column: %v", err)
				}
			})
		}
		top := r.save(t, id, "Top", Body{Spec: &Spec{Table: "sales", Order: []Order{{By: "id", Desc: true}}, Columns: []string{"id", "page"}, Limit: 3}})
		behind, err := r.Behind(t.Context(), Request{Person: r.person, Saved: top}, []Mark{{Column: "page", Value: "home"}})
		if err != nil || cells(ask(t, r, behind.Request)) != "7 home;" {
			t.Errorf("%s: behind a mark of the last three rows: %v %v", engine, behind, err)
		}
	}
}

// TestBehindWhatCannotBeKeptApart says in words where rows are more than a mark stands for.
func TestBehindWhatCannotBeKeptApart(t *testing.T) {
	r := newRoom(t, usual)
	var rows []string
	for i := range 400 {
		rows = append(rows, fmt.Sprintf("(%d, 'g%d', %d)", i, i%2, i))
	}
	id := r.connect(t, "lite", sqliteFile(t, "create table wide (id int primary key, g text, k int); insert into wide values "+strings.Join(rows, ", ")))
	s := &Spec{Table: "wide", Measures: []Measure{{Fn: Count}}, Dimensions: []Dimension{{Column: "g"}, {Column: "k"}}, Limit: 398}
	behind, err := r.Behind(t.Context(), Request{Person: r.person, Connection: id, Spec: s}, []Mark{{Column: "g", Value: "g0"}})
	if err != nil || len(behind.Notes) != 1 || !strings.Contains(behind.Notes[0], "leaves groups out") {
		t.Errorf("more groups than can be told apart: %+v %v", behind, err)
	}
	behind.Spec.Measures = []Measure{{Fn: Count}}
	if got := cells(ask(t, r, behind.Request)); got != "200;" {
		t.Errorf("%s rows", got)
	}
	plain := &Spec{Table: "wide", Limit: 5}
	behind, err = r.Behind(t.Context(), Request{Person: r.person, Connection: id, Spec: plain}, []Mark{{Column: "g", Value: "g1"}})
	if err != nil || len(behind.Notes) != 1 || !strings.Contains(behind.Notes[0], "limit does not hold") {
		t.Errorf("an unsaved limit: %+v %v", behind, err)
	}
}
