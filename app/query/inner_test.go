package query

import (
	"fmt"
	"strings"
	"testing"

	"assay/app/account"
	"assay/app/fault"
)

// save makes a question as an administrator.
func (r *room) save(t *testing.T, id, name string, body Body) *Question {
	t.Helper()
	q := &Question{Name: name, ConnectionID: id, Body: body}
	if err := r.store.Create(t.Context(), q, r.person); err != nil {
		t.Fatal(err)
	}
	return q
}

func TestQuestionsOnQuestions(t *testing.T) {
	r := newRoom(t, usual)
	for engine, id := range shops(t, r) {
		written := r.save(t, id, "Large orders", Body{SQL: "with o as (select * from orders) select id, region, customer from o where id > {{least:number=0}} order by id desc", Parameters: map[string]string{"least": "1", "gone": "x"}})
		built := r.save(t, id, "By region", Body{Spec: parse(t, `{"table": "orders", "dimensions": [{"column": "region"}], "measures": [{"fn": "count", "as": "n"}], "filters": {"column": "id", "op": "gt", "value": 1}}`)})
		top := r.save(t, id, "Two", Body{Spec: parse(t, `{"table": "orders", "columns": ["id", "region"], "order": [{"by": "id", "desc": true}], "limit": 2}`)})
		third := r.save(t, id, "Third", Body{Spec: parse(t, fmt.Sprintf(`{"question": %q, "dimensions": [{"column": "n"}], "measures": [{"fn": "count", "as": "regions"}]}`, built.ID))})
		for name, tt := range map[string]struct {
			spec       string
			parameters map[string]string
			want       string
		}{
			"rows in their order":     {spec: `{"question": "` + written.ID + `"}`, want: "4 it's 3;3 US 1;2 EU 2;"},
			"a parameter":             {spec: `{"question": "` + written.ID + `"}`, parameters: map[string]string{"least": "3"}, want: "4 it's 3;"},
			"columns":                 {spec: `{"question": "` + written.ID + `", "columns": ["customer"], "order": [{"by": "customer"}], "limit": 2}`, want: "1;2;"},
			"measures":                {spec: `{"question": "` + written.ID + `", "dimensions": [{"column": "customer"}], "measures": [{"fn": "count"}, {"fn": "sum", "column": "id", "as": "s"}], "having": {"column": "s", "op": "gt", "value": 2}}`, want: "1 1 3;3 1 4;"},
			"a filter and a value":    {spec: `{"question": "` + written.ID + `", "measures": [{"fn": "count"}], "filters": {"column": "Large orders.region", "op": "eq", "value": "US"}}`, parameters: map[string]string{"least": "0"}, want: "1;"},
			"a median beside a count": {spec: `{"question": "` + written.ID + `", "measures": [{"fn": "median", "column": "id"}, {"fn": "count"}]}`, want: "3 3;"},
			"over a built one":        {spec: `{"question": "` + built.ID + `", "measures": [{"fn": "max", "column": "n"}, {"fn": "count", "as": "regions"}]}`, want: "1 3;"},
			"over one with a limit":   {spec: `{"question": "` + top.ID + `"}`, want: "4 it's;3 US;"},
			"over one over another":   {spec: `{"question": "` + third.ID + `", "measures": [{"fn": "sum", "column": "regions"}]}`, want: "3;"},
		} {
			t.Run(engine+"/"+name, func(t *testing.T) {
				got, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, Spec: parse(t, tt.spec), Parameters: tt.parameters})
				if err != nil {
					t.Fatal(err)
				}
				if cells(got.Frame) != tt.want {
					t.Errorf("%q, want %q\n%s", cells(got.Frame), tt.want, got.SQL)
				}
			})
		}
		for name, tt := range map[string]struct{ spec, field, why string }{
			"an unknown column":   {`{"question": "` + built.ID + `", "columns": ["total"]}`, "spec.columns[0]", "no column"},
			"an unknown question": {`{"question": "nonesuch"}`, "spec.question", "no such question"},
		} {
			_, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, Spec: parse(t, tt.spec)})
			if !strings.Contains(fault.FieldsOf(err)[tt.field], tt.why) {
				t.Errorf("%s/%s: %v", engine, name, err)
			}
		}
		// What a question was saved with holds for those that stand on it, unless other values are given.
		kept := r.save(t, id, "Kept", Body{Spec: &Spec{Question: written.ID}, Parameters: map[string]string{"least": "3", "stale": "x"}})
		over := r.save(t, id, "Over", Body{Spec: parse(t, fmt.Sprintf(`{"question": %q, "measures": [{"fn": "count", "as": "n"}]}`, kept.ID))})
		for what, tt := range map[string]struct {
			req  Request
			want string
		}{
			"saved values":          {Request{Saved: kept, Parameters: kept.Body.Parameters}, "4 it's 3;"},
			"those below":           {Request{Saved: over}, "1;"},
			"those given":           {Request{Saved: over, Parameters: map[string]string{"least": "0"}}, "4;"},
			"those given for below": {Request{Connection: id, Spec: &Spec{Question: over.ID}, Parameters: map[string]string{"least": "2"}}, "2;"},
		} {
			tt.req.Person = r.person
			if got, err := r.Frame(t.Context(), tt.req); err != nil || cells(got.Frame) != tt.want {
				t.Errorf("%s/%s: %v, want %q", engine, what, err, tt.want)
			}
		}
		if _, err := r.Frame(t.Context(), Request{Person: r.person, Saved: over, Parameters: map[string]string{"nonesuch": "1"}}); fault.FieldsOf(err)["parameters.nonesuch"] == "" {
			t.Errorf("%s: a parameter that there is not: %v", engine, err)
		}
		chain, err := r.Chain(t.Context(), r.person, id, &Spec{Question: over.ID})
		if last, values := Asks(chain, map[string]string{"other": "1"}); err != nil || len(chain) != 3 || last == nil || last.ID != written.ID || values["least"] != "3" || values["other"] != "1" {
			t.Errorf("%s: the chain ends in %v asked with %v: %v", engine, last, values, err)
		}
		compiled, err := r.CompileFor(t.Context(), Request{Person: r.person, Connection: id, Spec: &Spec{Question: over.ID}, Parameters: map[string]string{"least": "2"}})
		if err != nil || len(compiled.Args) != 1 || compiled.Args[0].Text != "2" {
			t.Errorf("%s: compiled with %v %v", engine, compiled, err)
		}
		columns, err := r.Describe(t.Context(), Request{Person: r.person, Saved: third})
		if err != nil || len(columns) != 2 || columns[0].Name != "n" || columns[1].Name != "regions" || columns[0].Kind.String() != "number" {
			t.Errorf("%s: the columns are %+v %v", engine, columns, err)
		}
	}
}

func TestQuestionsStandOnNothingForeign(t *testing.T) {
	r := newRoom(t, usual)
	id, other := r.connect(t, "lite", sqliteShop(t)), r.connect(t, "other", sqliteShop(t))
	if err := wrongWith(`{"table": "orders", "question": "x"}`); fault.FieldsOf(err)["spec.question"] == "" {
		t.Errorf("a table and a question: %v", err)
	}
	if err := wrongWith(`{"question": "x", "joins": [{"table": "orders"}]}`); fault.FieldsOf(err)["spec.joins"] == "" {
		t.Errorf("a join: %v", err)
	}
	q := r.save(t, id, "q", Body{Spec: parse(t, `{"table": "orders"}`)})
	_, err := r.Frame(t.Context(), Request{Person: r.person, Connection: other, Spec: &Spec{Question: q.ID}})
	if !strings.Contains(fault.FieldsOf(err)["spec.question"], "another connection") {
		t.Errorf("another connection: %v", err)
	}
	last := q
	for i := range deepestQuestion {
		last = r.save(t, id, fmt.Sprint("q", i), Body{Spec: &Spec{Question: last.ID}})
	}
	if _, err := r.Frame(t.Context(), Request{Person: r.person, Saved: last}); err != nil {
		t.Errorf("as deep as may be: %v", err)
	}
	deeper := &Question{Name: "deeper", ConnectionID: id, Body: Body{Spec: &Spec{Question: last.ID}}}
	if err := r.store.Create(t.Context(), deeper, r.person); fault.FieldsOf(err)["spec.question"] == "" {
		t.Errorf("deeper: %v", err)
	}
	if _, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, Spec: deeper.Body.Spec}); fault.FieldsOf(err)["spec.question"] == "" {
		t.Errorf("deeper, asked: %v", err)
	}
	q.Body.Spec = &Spec{Question: last.ID}
	if err := r.store.Update(t.Context(), q, r.person); !strings.Contains(fault.FieldsOf(err)["spec.question"], last.Name+" stands on this one already") {
		t.Errorf("on itself by others: %v", err)
	}
	q.Body.Spec = &Spec{Question: q.ID}
	if err := r.store.Update(t.Context(), q, r.person); !strings.Contains(fault.FieldsOf(err)["spec.question"], "cannot ask itself") {
		t.Errorf("on itself: %v", err)
	}
}

// wrongWith returns what is wrong with a spec's text.
func wrongWith(text string) error {
	_, err := ParseSpec([]byte(text))
	return err
}

// TestNobodyAsksAQuestionTheyMayNotSee hides the question that another one stands on.
func TestNobodyAsksAQuestionTheyMayNotSee(t *testing.T) {
	r := newRoom(t, usual)
	id := r.connect(t, "lite", sqliteShop(t))
	folder, err := r.store.EnsureFolder(t.Context(), "Secret")
	if err != nil {
		t.Fatal(err)
	}
	q := &Question{Name: "q", FolderID: folder, ConnectionID: id, Body: Body{SQL: "select id from orders"}}
	if err := r.store.Create(t.Context(), q, r.person); err != nil {
		t.Fatal(err)
	}
	open := r.save(t, id, "open", Body{Spec: &Spec{Question: q.ID}})
	eve := r.join(t, "eve@example.com", account.Analyst, nil)
	ask := map[string]Request{"built": {Person: eve, Connection: id, Spec: &Spec{Question: q.ID}}, "saved": {Person: eve, Saved: open}}
	for name, req := range ask {
		if _, err := r.Frame(t.Context(), req); err != nil {
			t.Errorf("%s, before: %v", name, err)
		}
	}
	grants, err := r.people.Grants(t.Context(), account.InFolder(folder))
	if err != nil || len(grants) != 1 {
		t.Fatal(grants, err)
	}
	if err := r.people.DeleteGrant(t.Context(), grants[0].ID); err != nil {
		t.Fatal(err)
	}
	eve = r.again(t, eve)
	// One that is hidden is told of in the words of one that there is not.
	_, none := r.Frame(t.Context(), Request{Person: eve, Connection: id, Spec: &Spec{Question: "nonesuch"}})
	same := func(what string, err error) {
		t.Helper()
		if err == nil || fault.KindOf(err) != fault.KindOf(none) || fault.FieldsOf(err)["spec.question"] != fault.FieldsOf(none)["spec.question"] {
			t.Errorf("%s: %v, want %v", what, err, none)
		}
	}
	for name, req := range ask {
		req.Person = eve
		_, err := r.Frame(t.Context(), req)
		same(name, err)
		_, err = r.Describe(t.Context(), req)
		same(name+", its columns", err)
		_, err = r.Behind(t.Context(), req, nil)
		same(name+", rows behind it", err)
	}
	_, err = r.Compile(t.Context(), eve, id, &Spec{Question: q.ID})
	same("as SQL", err)
	if chain, err := r.Chain(t.Context(), eve, id, open.Body.Spec); err == nil || len(chain) != 0 {
		t.Errorf("the chain is %v %v", chain, err)
	}
	same("saved", r.store.Create(t.Context(), &Question{Name: "x", ConnectionID: id, Body: Body{Spec: &Spec{Question: q.ID}}}, eve))
	same("saved, of none", r.store.Create(t.Context(), &Question{Name: "x", ConnectionID: id, Body: Body{Spec: &Spec{Question: "nonesuch"}}}, eve))
}
