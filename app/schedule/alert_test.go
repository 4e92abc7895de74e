package schedule

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/frame"
	"assay/app/mail/mailtest"
	"assay/app/query"
)

// answer makes a frame of a day and a number a row; "" is a null.
func answer(values ...string) *frame.Frame {
	f := frame.New(frame.Column{Name: "day", Kind: frame.Date}, frame.Column{Name: "revenue", Kind: frame.Number})
	for i, v := range values {
		day := fmt.Sprintf("2026-03-%02d", i+1)
		if v == "" {
			f.Append(&day, nil)
			continue
		}
		f.AppendTexts(day, v)
	}
	return f
}

func series40(last float64) []string {
	var list []string
	for i := range 40 {
		list = append(list, number(100+float64(i%7)*10+math.Mod(float64(i*37), 5)))
	}
	return append(list, number(last))
}

func TestReadJudges(t *testing.T) {
	type judged struct {
		Met, Over bool
		Text      string
	}
	for name, c := range map[string]struct {
		body AlertBody
		rows []string
		want judged
		says string
	}{
		"above":                     {AlertBody{Condition: isAbove, Value: value(100)}, []string{"90", "1234.5"}, judged{true, false, "1,234.5"}, "revenue is 1,234.5; it is watched for going above 100"},
		"at the bound is not above": {AlertBody{Condition: isAbove, Value: value(100)}, []string{"100"}, judged{false, true, "100"}, ""},
		"between clear and bound":   {AlertBody{Condition: isAbove, Value: value(100), Clear: value(90)}, []string{"95"}, judged{false, false, "95"}, ""},
		"back at clear":             {AlertBody{Condition: isAbove, Value: value(100), Clear: value(90)}, []string{"90"}, judged{false, true, "90"}, ""},
		"below":                     {AlertBody{Condition: isBelow, Value: value(10), Clear: value(12)}, []string{"9"}, judged{true, false, "9"}, ""},
		"below, not yet clear":      {AlertBody{Condition: isBelow, Value: value(10), Clear: value(12)}, []string{"11"}, judged{false, false, "11"}, ""},
		"outside, under":            {AlertBody{Condition: isOutside, Value: value(10), Upper: value(20)}, []string{"9"}, judged{true, false, "9"}, "revenue is 9; it is watched for leaving 10 to 20"},
		"outside, over":             {AlertBody{Condition: isOutside, Value: value(10), Upper: value(20)}, []string{"21"}, judged{true, false, "21"}, ""},
		"inside, near a bound":      {AlertBody{Condition: isOutside, Value: value(10), Upper: value(20), Clear: value(2)}, []string{"19"}, judged{false, false, "19"}, ""},
		"first":                     {AlertBody{Condition: isAbove, Value: value(5), Rows: "first"}, []string{"9", "1"}, judged{true, false, "9"}, ""},
		"any names the one":         {AlertBody{Condition: isAbove, Value: value(5), Rows: "any"}, []string{"1", "", "9", "7"}, judged{true, false, "9"}, ""},
		"none of any":               {AlertBody{Condition: isAbove, Value: value(5), Rows: "any"}, []string{"1", "2"}, judged{false, true, "1"}, ""},
		"all":                       {AlertBody{Condition: isAbove, Value: value(5), Rows: "all"}, []string{"6", "", "7"}, judged{true, false, "6"}, ""},
		"not all names the other":   {AlertBody{Condition: isAbove, Value: value(5), Rows: "all"}, []string{"6", "2", "7"}, judged{false, true, "2"}, ""},
		"a rise":                    {AlertBody{Condition: isChange, Value: value(20), Back: 1}, []string{"100", "125"}, judged{true, false, "125"}, "revenue is 125, +25% against 100 before"},
		"a fall is no rise":         {AlertBody{Condition: isChange, Value: value(20), Back: 1}, []string{"100", "60"}, judged{false, true, "60"}, ""},
		"a fall":                    {AlertBody{Condition: isChange, Value: value(-20), Back: 2}, []string{"100", "1", "70"}, judged{true, false, "70"}, ""},
		"rows":                      {AlertBody{Condition: isRows}, []string{"1"}, judged{true, false, "1"}, "There is 1 row"},
		"no rows":                   {AlertBody{Condition: isRows}, nil, judged{false, true, "0"}, "There are no rows"},
		"an anomaly":                {AlertBody{Condition: isAnomaly, Back: 7}, series40(400), judged{true, false, "400"}, "which is unusual"},
		"as usual":                  {AlertBody{Condition: isAnomaly, Back: 7}, series40(152), judged{false, true, "152"}, "as usual"},
		"any change of what never does": {AlertBody{Condition: isAnomaly, Back: 1}, append(strings.Split(strings.Repeat("5 ", 20), " ")[:20], "6"),
			judged{true, false, "6"}, "999 deviations"},
	} {
		if c.body.Rows == "" {
			c.body.Rows = "last"
		}
		r, err := c.body.Read(answer(c.rows...))
		if d := cmp.Diff(c.want, judged{r.Met, r.Over, r.Text}); err != nil || d != "" || !strings.Contains(r.Words, c.says) {
			t.Errorf("%s: %v %q\n%s", name, err, r.Words, d)
		}
	}
}

// TestReadTakesFiguresFromCells holds that the text told is that of the cell named.
func TestReadTakesFiguresFromCells(t *testing.T) {
	f := answer("1", "1234567.125", "3")
	r, err := (&AlertBody{Condition: isAbove, Value: value(1000), Rows: "any"}).Read(f)
	cell, _ := f.Cell(r.Row, f.Index(r.Column))
	if err != nil || r.Row != 1 || r.Exact != string(cell) || r.Exact != "1234567.125" || !strings.Contains(r.Words, r.Text) {
		t.Errorf("%+v %v", r, err)
	}
}

func TestReadSaysWhatIsMissing(t *testing.T) {
	two := frame.New(frame.Column{Name: "a", Kind: frame.Number}, frame.Column{Name: "b", Kind: frame.Number})
	two.AppendTexts("1", "2")
	for name, c := range map[string]struct {
		body AlertBody
		f    *frame.Frame
		says string
	}{
		"no rows":             {AlertBody{Condition: isAbove, Value: value(1)}, answer(), "no rows"},
		"no value":            {AlertBody{Condition: isAbove, Value: value(1)}, answer("5", ""), "no value"},
		"no such column":      {AlertBody{Condition: isAbove, Value: value(1), Column: "day"}, answer("5"), "no column of numbers named"},
		"which column":        {AlertBody{Condition: isAbove, Value: value(1)}, two, "several columns"},
		"too few to compare":  {AlertBody{Condition: isChange, Value: value(1), Back: 3}, answer("5", "6"), "takes more"},
		"compared with zero":  {AlertBody{Condition: isChange, Value: value(1), Back: 1}, answer("0", "6"), "no value to compare"},
		"too few for anomaly": {AlertBody{Condition: isAnomaly, Back: 1}, answer("5", "6", "7"), "too few rows"},
	} {
		if _, err := c.body.Read(c.f); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.MessageOf(err), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestModifiedScore(t *testing.T) {
	// The example of Iglewicz and Hoaglin's formula by hand: median 3, deviations
	// 2 1 0 1 2, their median 1, so 10 lies 7/1.4826 off.
	score, middle := modifiedScore([]float64{1, 2, 3, 4, 5}, 10)
	if middle != 3 || math.Abs(score-7/1.4826) > 1e-9 {
		t.Errorf("%v %v", score, middle)
	}
	if score, _ := modifiedScore([]float64{2, 2, 2, 2, 2, 7}, 4); math.Abs(score-2/(1.253314*5/6)) > 1e-9 {
		t.Errorf("%v with more than half alike", score)
	}
	if score, _ := modifiedScore([]float64{2, 2, 2}, 1); !math.IsInf(score, -1) {
		t.Errorf("%v where nothing ever changed", score)
	}
}

// TestStep goes through an alert's life run by run: m is met, o is over, - is
// between, each with what is expected: f(ired), c(leared), r(eminder) or a dot.
func TestStep(t *testing.T) {
	for name, c := range map[string]struct {
		body   AlertBody
		runs   string
		silent string // the runs in which it is silent
		want   string
	}{
		"once and over":             {AlertBody{}, "ommmoo", "", ".f..c."},
		"three in a row":            {AlertBody{For: 3}, "mmommmmo", "", ".....f.c"},
		"hysteresis":                {AlertBody{}, "m-m-m-o-", "", "f.....c."},
		"reminders":                 {AlertBody{Again: 2}, "mmmmmo", "", "f.r.rc"},
		"between does not start it": {AlertBody{}, "---", "", "..."},
		"silent and told later":     {AlertBody{}, "mmmmo", "xx   ", "..f.c"},
		"over while silent":         {AlertBody{}, "mmoom", "xxxx ", "....f"},
		"over silent, after told":   {AlertBody{}, "mmoo", "  x ", "f..."},
	} {
		var p progress
		state, got := "", ""
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i, run := range c.runs {
			now = now.Add(time.Hour)
			var event string
			state, event = p.step(&c.body, state, Reading{Met: run == 'm', Over: run == 'o'}, now, c.silent != "" && c.silent[i] == 'x')
			got += map[string]string{"": ".", eventFired: "f", eventCleared: "c", eventReminder: "r"}[event]
		}
		if got != c.want {
			t.Errorf("%s: %s gave %s, want %s", name, c.runs, got, c.want)
		}
	}
}

func TestAlertIsChecked(t *testing.T) {
	good := AlertBody{When: When{Every: "hour"}, Question: "q", Condition: isAbove, Value: value(1), To: []Target{{Kind: ToMail, Address: "a@example.org"}}}
	if b := good; b.Check() != nil || b.Rows != "last" {
		t.Errorf("%v %+v", b.Check(), b)
	}
	for field, change := range map[string]func(*AlertBody){
		"question":  func(b *AlertBody) { b.Question = "" },
		"condition": func(b *AlertBody) { b.Condition = "sometimes" },
		"value":     func(b *AlertBody) { b.Value = nil },
		"upper":     func(b *AlertBody) { b.Condition, b.Upper = isOutside, value(0) },
		"clear":     func(b *AlertBody) { b.Clear = value(2) },
		"rows":      func(b *AlertBody) { b.Rows = "some" },
		"for":       func(b *AlertBody) { b.For = -1 },
		"again":     func(b *AlertBody) { b.Again = 1 << 30 },
		"back":      func(b *AlertBody) { b.Condition, b.Back = isChange, -1 },
		"to":        func(b *AlertBody) { b.To = []Target{{Kind: "pigeon"}} },
		"when.zone": func(b *AlertBody) { b.When.Zone = "Mars/Olympus" },
	} {
		b := good
		change(&b)
		if err := b.Check(); fault.FieldsOf(err)[field] == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// TestAlertTellsOnceUntilItIsOver runs an alert hour by hour through a day.
func TestAlertTellsOnceUntilItIsOver(t *testing.T) {
	for name, at := range stores(t) {
		t.Run(name, func(t *testing.T) {
			server := mailtest.New(t, nil)
			start := time.Date(2026, 6, 1, 6, 30, 0, 0, time.UTC)
			clock, set := standing(start)
			h := newHouse(t, at, through(server.Host, server.Port), set)
			q := h.ask(t, "Revenue", "select sum(amount) as amount from sales")
			a := &Alert{Name: "High revenue", Body: AlertBody{When: When{Every: "hour"}, Question: q, Condition: isAbove, Value: value(150), Clear: value(130), To: []Target{{Kind: ToMail, Address: "x@example.org"}}}}
			if err := h.SaveAlert(t.Context(), a, h.admin); err != nil {
				t.Fatal(err)
			}
			h.Start(t.Context())
			at := start
			hour := func(amount int) {
				t.Helper()
				if err := h.sell("DELETE FROM sales", fmt.Sprintf("INSERT INTO sales VALUES ('d', 'north', %d)", amount)); err != nil {
					t.Fatal(err)
				}
				at = at.Add(time.Hour)
				h.advance(t, clock, at)
			}
			for _, amount := range []int{120, 160, 170, 140, 125, 120} {
				hour(amount)
			}
			var subjects []string
			for _, m := range server.Accepted() {
				message, err := m.Message()
				if err != nil {
					t.Fatal(err)
				}
				subjects = append(subjects, message.Header.Get("Subject"))
			}
			if d := cmp.Diff([]string{"High revenue: raised", "High revenue: over"}, subjects); d != "" {
				t.Error(d)
			}
			text := string(parts(t, server.Accepted()[0])["text/plain"])
			for _, says := range []string{"amount is 160; it is watched for going above 150", "Question: Revenue", "Since: 2026-06-01 08:00 UTC", "https://assay.example.com/questions/" + q} {
				if !strings.Contains(text, says) {
					t.Errorf("the mail lacks %q:\n%s", says, text)
				}
			}
			if err := h.Silence(t.Context(), a.ID, at.Add(90*time.Minute), h.admin); err != nil {
				t.Fatal(err)
			}
			hour(200)
			if n := len(server.Accepted()); n != 2 {
				t.Errorf("it told although it is silent: %d", n)
			}
			s, err := h.Standing(t.Context(), a.ID)
			if err != nil || s.State != stateFiring {
				t.Errorf("%+v %v", s, err)
			}
			hour(200)
			if n := len(server.Accepted()); n != 3 {
				t.Errorf("it did not tell after the silence: %d", n)
			}
			tried, err := h.Try(t.Context(), a.Body, h.admin)
			if err != nil || !tried.Met || tried.Text != "200" || !strings.Contains(tried.Says, "would be raised") {
				t.Errorf("%+v %v", tried, err)
			}
		})
	}
}

// TestAlertKeepsFiguresFromThoseWhoSeeOtherRows holds that a person under a row
// rule does not learn the owner's figure.
func TestAlertKeepsFiguresFromThoseWhoSeeOtherRows(t *testing.T) {
	server := mailtest.New(t, nil)
	h := newHouse(t, "", through(server.Host, server.Port))
	north := h.person(t, "north@example.com", account.Viewer)
	if _, err := h.pools.Catalog(t.Context(), h.connection); err != nil {
		t.Fatal(err)
	}
	rule := &query.Rule{ConnectionID: h.connection, SubjectKind: account.ToPerson, SubjectID: north.ID, Table: "sales", Body: query.RuleBody{Filter: &query.Filter{Column: "region", Op: "eq", Value: []byte(`"north"`)}}}
	if err := h.rules.Create(t.Context(), rule, h.admin.ID); err != nil {
		t.Fatal(err)
	}
	a := &Alert{Name: "High", Body: AlertBody{When: When{Every: "hour"}, Question: h.ask(t, "Revenue", "select sum(amount) as amount from sales"), Condition: isAbove, Value: value(50),
		To: []Target{{Kind: ToPerson, ID: north.ID}, {Kind: ToPerson, ID: h.admin.ID}}}}
	if err := h.SaveAlert(t.Context(), a, h.admin); err != nil {
		t.Fatal(err)
	}
	r := h.runIt(t, a.ID)
	if strings.Contains(r.Message+r.Log, "120") {
		t.Errorf("whoever may see the runs learns the figure:\n%s", r.Log)
	}
	if found, ok := h.Found(t.Context(), r, h.admin); !ok || found.Text != "120" {
		t.Errorf("%+v %v", found, ok)
	}
	if _, ok := h.Found(t.Context(), r, north); ok {
		t.Error("who sees other rows learns the figure from the run")
	}
	if len(server.Accepted()) != 2 {
		t.Fatalf("%d mails\n%s", len(server.Accepted()), r.Log)
	}
	for _, m := range server.Accepted() {
		if text := string(parts(t, m)["text/plain"]); strings.Contains(text, "120") != (m.To == "ada@example.com") {
			t.Errorf("%s reads\n%s", m.To, text)
		}
	}
}
