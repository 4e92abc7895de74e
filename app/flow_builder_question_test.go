package main

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"assay/app/source/sourcetest"
)

// column returns the numbers and words that a column of the answer's table has.
func (v *visitor) column(name string) (list []string) {
	v.t.Helper()
	at := -1
	v.doc.Find("#result > .table-wrap thead th").Each(func(i int, s *goquery.Selection) {
		if strings.TrimSpace(s.Contents().First().Text()) == name {
			at = i
		}
	})
	if at < 0 {
		v.t.Fatalf("%s: the answer has no column %s but %q", v.at, name, v.words("#result thead"))
	}
	return v.doc.Find(fmt.Sprintf("#result > .table-wrap tbody tr td:nth-child(%d)", at+1)).Map(func(_ int, s *goquery.Selection) string {
		return strings.TrimSpace(s.Text())
	})
}

func (v *visitor) sum(list []string) (total float64) {
	v.t.Helper()
	for _, text := range list {
		x, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
		if err != nil && text != "null" {
			v.t.Fatalf("%s: %q is no number", v.at, text)
		}
		total += x
	}
	return total
}

// drills follows every number of a column of the answer to its rows and compares
// what those add up to; by is the column of the rows that is added up, "" for a
// count. It returns where the last rows are.
func (v *visitor) drills(column, by string) string {
	v.t.Helper()
	page, values := v.at.RequestURI(), v.column(column)
	at := -1
	v.doc.Find("#result > .table-wrap thead th").Each(func(i int, s *goquery.Selection) {
		if strings.TrimSpace(s.Contents().First().Text()) == column {
			at = i
		}
	})
	links := v.doc.Find(fmt.Sprintf("#result > .table-wrap tbody tr td:nth-child(%d) a", at+1)).Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("href", "") })
	if len(links) == 0 || len(links) != len(values) {
		v.t.Fatalf("%s: %d of %d numbers lead to their rows", v.at, len(links), len(values))
	}
	for i, link := range links {
		v.open(link).says("h1", "Rows behind")
		got := float64(v.doc.Find("#result > .table-wrap tbody tr").Length())
		if by != "" {
			got = v.sum(v.column(by))
		}
		if want := v.sum(values[i : i+1]); math.Abs(got-want) > 1e-6 {
			v.t.Errorf("%s: the rows make %v, want %v of %s", v.at, got, want, page)
		}
		if v.doc.Find(".notice").Length() > 0 {
			v.t.Errorf("%s says %q", v.at, v.words(".notice"))
		}
	}
	rows := v.at.RequestURI()
	v.open(page)
	return rows
}

func TestBuilderOnASavedQuestion(t *testing.T) {
	_, reader := sourcetest.Postgres(t).NewDatabase(t, shop())
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	connection := v.connect("Shop", connectionURL(reader))
	id := strings.TrimPrefix(connection, "/connections/")
	months := v.save(connection, "Monthly revenue", "", monthly, "")
	large := v.save(connection, "Large orders", "select id, status, total, placed_on from orders where total >= {{least:number=50}} order by id", "", "")

	t.Log("the result of a built question in place of a table")
	v.open("/explore?connection="+id).says(".builder-form optgroup[label='Saved questions']", "Monthly revenue", "Large orders")
	v.submit(".builder-form", "", fields{"table": "question:" + months}).expect(http.StatusOK).says("h1", "Count of rows, from the question ‘Monthly revenue’").says("#result", "12", "from the question ‘Monthly revenue’")
	v.submit(".builder-form", "do=add-m", nil).submit(".builder-form", "", fields{"m.1.fn": "sum", "m.1.column": "revenue"}).says("#result", "7,260")
	v.submit(".builder-form", "", fields{"dimension": "month"})
	if v.value("d.0.column") != "" || v.doc.Find("[name='d.0.step'] option[selected]").AttrOr("value", "") != "month" {
		t.Errorf("a date is not grouped by month: %s", v.at)
	}
	v.submit(".builder-form", "", fields{"d.0.step": "quarter"}).says("h1", "Count of rows, total revenue by quarter, from the question ‘Monthly revenue’").says("#result", "4 rows")
	v.submit(".builder-form", "", fields{"filter": "revenue"}).submit(".builder-form", "", fields{"f.0.op": "gt", "f.0.value": "100"}).expect(http.StatusOK)
	v.submit(".builder-form", "", fields{"having": "sum_revenue"}).submit(".builder-form", "", fields{"h.0.op": "gt", "h.0.value": "1000"})
	v.submit(".builder-form", "", fields{"order": "sum_revenue"}).submit(".builder-form", "", fields{"limit": "2"}).says("#result", "2 rows")
	if v.doc.Find("#result .chart-drawing svg").Length() == 0 || v.doc.Find("#result [data-marks] .chart-data a").Length() == 0 {
		t.Error("the answer has no drawing whose marks lead to their rows")
	}
	v.drills("count", "")
	rows := v.drills("sum_revenue", "revenue")
	built := v.at.RequestURI()
	v.open(rows).follow(".page-actions a", "Open in the builder").says("h1", "from the question ‘Monthly revenue’").says("#result", "3 rows")
	v.open(rows).follow("#result .menu-list a", "CSV")
	if !strings.HasPrefix(v.body, "month,revenue") {
		t.Errorf("the file of the rows is %.60q", v.body)
	}
	v.open(built).follow("main a", "Continue in SQL").says("#result", "2 rows")

	t.Log("saved, opened again, saved again")
	v.open(built).submit("form[action='/questions']", "", fields{"name": "Best quarters"}).expect(http.StatusOK).says("h1", "Best quarters").says("#result", "2 rows", "from the question ‘Monthly revenue’")
	best := strings.TrimPrefix(v.at.Path, "/questions/")
	v.drills("sum_revenue", "revenue")
	v.follow("main a", "Open in the builder").says(".crumbs", "Best quarters", "version 1")
	if v.doc.Find(".builder-form option[value='question:"+best+"']").Length() != 0 {
		t.Error("a question is offered itself as its source")
	}
	v.submit(".builder-form", "", fields{"limit": "1"}).says("#result", "1 row").submit("#save-version", "", nil).expect(http.StatusOK).says("#result", "1 row")
	v.follow("main a", "Ask about its result").says("h1", "from the question ‘Best quarters’").says("#result", "1 row")
	v.submit(".builder-form", "do=add-m", nil).submit(".builder-form", "do=add-m", nil)
	v.submit(".builder-form", "", fields{"m.1.fn": "max", "m.1.column": "sum_revenue"}).expect(http.StatusOK).drills("max_sum_revenue", "sum_revenue")
	onOther := v.save(connection, "Of the best", "", `{"question":"`+best+`"}`, "")

	t.Log("on itself, and on what stands on it")
	for source, words := range map[string]string{best: "cannot ask itself", onOther: "Of the best stands on this one already"} {
		v.post("/questions/"+best, url.Values{"version": {"2"}, "connection": {id}, "spec": {`{"question":"` + source + `"}`}}).expect(http.StatusUnprocessableEntity).says("[role=alert]", words)
	}
	v.open("/questions/"+best).follow("main a", "Open in the builder")
	if v.doc.Find(".builder-form option[value='question:"+onOther+"']").Length() != 0 {
		t.Error("a question is offered one as its source that stands on it")
	}

	t.Log("parameters of the written question below")
	v.open("/explore?connection="+id).submit(".builder-form", "", fields{"table": "question:" + large}).says("#result", "71")
	if v.value("p.least") != "50" {
		t.Errorf("the parameter is %q, want 50", v.value("p.least"))
	}
	v.submit(".builder-form", "", fields{"p.least": "many"}).expect(http.StatusOK).says("[role=alert]", "many").says(".field-error", "not a number")
	v.submit(".builder-form", "", fields{"p.least": ""}).expect(http.StatusOK).says(".builder-result", "Fill in least")
	v.submit(".builder-form", "", fields{"p.least": "101"}).says("#result", "20", "least = 101")
	if v.at.Query().Get("p.least") != "101" {
		t.Errorf("the value is not in the address %s", v.at)
	}
	v.submit(".builder-form", "", fields{"dimension": "status"}).says("#result", "2 rows").drills("count", "")
	v.follow("main a", "Continue in SQL").says("#result", "2 rows", "15").open(v.resolve("/explore?" + url.Values{"connection": {id}, "spec": {`{"question":"` + large + `","measures":[{"fn":"sum","column":"total"}],"dimensions":[{"column":"status"}]}`}, "p.least": {"101"}}.Encode()).String())
	v.submit("form[action='/questions']", "", fields{"name": "Large by state"}).expect(http.StatusOK).says("#result", "least = 101")
	state := v.at.Path
	v.drills("sum_total", "total")
	v.follow("main a", "Open in the builder").says("#result", "least = 101")
	v.open(state).submit("main form.form-row", "", fields{"p.least": "119"}).says("#result", "least = 119", "120").drills("sum_total", "total")

	t.Log("from a written question's own drawing, saved or not")
	grouped := "select status, placed_on, sum(total) as total from orders group by status, placed_on"
	asked := v.save(connection, "Grouped", grouped, "", "")
	v.open("/questions/"+asked).drills("total", "total")
	v.open("/sql?"+url.Values{"connection": {id}, "sql": {grouped + " limit 9"}}.Encode()).drills("total", "total")

	t.Log("what is below was changed, or is gone, or is hidden")
	v.post("/questions/"+months, url.Values{"version": {"1"}, "connection": {id}, "spec": {strings.Replace(monthly, `"revenue"`, `"income"`, 1)}}).expect(http.StatusOK)
	changed := "There is no column revenue in the result of the question ‘Monthly revenue’"
	v.open("/questions/"+best).says("[role=alert]", changed)
	v.follow("main a", "Open in the builder").says("[role=alert]", changed).says(".builder-form", "revenue (not there)")
	v.open("/questions/"+large).submit("main form[action$='/delete']", "", nil).expect(http.StatusOK)
	missing := "There is no such question to ask about: it was deleted, or nobody granted you a right to it"
	v.open(state).says("[role=alert]", missing)
	v.follow("main a", "Open in the builder").says("[role=alert]", missing).says("h1", "from a question that is not there").says(".builder-form", "A question that is not there", "status")
	at := v.board("Board", map[string]any{"cards": []card{{"id": "gone", "question": strings.TrimPrefix(state, "/questions/"), "w": 6, "h": 4}, {"id": "changed", "question": best, "x": 6, "w": 6, "h": 4}}})
	v.complete(at).says("#card-gone", missing).says("#card-changed", changed)

	// Somebody without a right to its folder hears the same of a question as of one that there is not.
	v.post("/questions", url.Values{"connection": {id}, "name": {"Secret"}, "folder": {"Board room"}, "sql": {"select 1 as n"}}).expect(http.StatusOK)
	secret := strings.TrimPrefix(v.at.Path, "/questions/")
	v.open("/admin/access").follow("main a", "Board room").submit("form[action*='/grants/']", "", nil).expect(http.StatusOK)
	_, bo := v.invite(t, h, "bo@example.com", "Bo", "analyst", nil)
	for _, source := range []string{secret, "nonesuch"} {
		bo.open("/explore?"+url.Values{"connection": {id}, "spec": {`{"question":"` + source + `"}`}}.Encode()).says("[role=alert]", missing)
		if got := bo.words("main"); strings.Contains(got, "Secret") || !strings.Contains(got, "A question that is not there") {
			t.Errorf("of %s a stranger is told %s", source, got)
		}
		bo.post("/questions", url.Values{"connection": {id}, "name": {"x"}, "spec": {`{"question":"` + source + `"}`}}).expect(http.StatusUnprocessableEntity).says("[role=alert]", missing)
		bo.look("/explore/rows?"+url.Values{"connection": {id}, "spec": {`{"question":"` + source + `"}`}}.Encode()).says("main", missing)
	}
}

func TestMarksLeadToRowsInABrowser(t *testing.T) {
	browser := chromium(t)
	script := axe(t)
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	connection := v.connect("Shop", "sqlite://"+liteFile(t, shop()))
	id := strings.TrimPrefix(connection, "/connections/")
	months := v.save(connection, "Monthly revenue", "", monthly, `{"kind":"bar"}`)
	b := open(t, browser, h)
	b.signIn(v)
	b.goTo("/explore?connection=" + id)
	b.choose("table", "question:"+months, "Count of rows, from the question ‘Monthly revenue’")
	b.choose("dimension", "month", "by month")
	b.choose("d.0.step", "quarter", "by quarter")
	press := func() {
		t.Helper()
		b.holds(`document.querySelector('#result .is-clickable')`)
		b.run(`{const m = document.querySelector('#result .only-wide [data-m="0.1"]') ?? document.querySelector('#result .only-wide path[fill="none"]'), r = m.getBoundingClientRect(); m.dispatchEvent(new MouseEvent('click', {bubbles: true, clientX: r.x + r.width / 2, clientY: r.y + r.height / 2}))}`)
		b.holds(`document.querySelector('.mark-menu:popover-open a')`)
		if got := b.value(`document.querySelector('.mark-menu').innerText`); strings.Contains(got, "Only") {
			t.Errorf("outside a dashboard a mark offers to narrow one: %q", got)
		}
		b.run(`window.leaving = true; [...document.querySelectorAll('.mark-menu a')].find((a) => a.textContent === 'See its rows').click()`)
		b.arrive("Rows behind")
	}
	b.run(`window.leaving = true; [...document.querySelectorAll('#result .result-kinds a')].find((a) => a.textContent.trim() === 'Columns').click()`)
	b.arrive("by quarter")
	press()
	b.holds(`document.querySelectorAll('#result > .table-wrap tbody tr').length === 3`)
	b.press(".page-actions a.btn", "from the question ‘Monthly revenue’")
	b.goTo("/questions/" + months)
	press()
	b.holds(`document.querySelectorAll('#result > .table-wrap tbody tr').length === 10`)
	for _, width := range []int64{1440, 390} {
		b.size(width, 900)
		for _, path := range []string{"/questions/" + months, "/explore?" + url.Values{"connection": {id}, "spec": {`{"question":"` + months + `"}`}}.Encode(), "/explore?" + url.Values{"connection": {id}, "spec": {`{"question":"none"}`}}.Encode(), "/questions/" + months + "/rows?m.month=2024-02-01"} {
			b.goTo(path)
			b.run(script)
			for _, scheme := range []string{"light", "dark"} {
				b.scheme(scheme)
				b.accessible(path+" "+scheme, scheme == "dark")
			}
		}
	}
	b.sound()
}
