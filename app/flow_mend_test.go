package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"assay/app/source/sourcetest"
)

// house of one administrator with a SQLite shop; the connection's path comes along.
func shopHouse(t *testing.T) (v *visitor, connection string) {
	t.Helper()
	h := start(t, "serve")
	v = visit(t, h).setUp(h)
	return v, v.connect("Shop", "sqlite://"+liteFile(t, shop()))
}

// value returns what stands in a control.
func (v *visitor) value(name string) string {
	control := v.doc.Find(fmt.Sprintf(`main [name=%q]`, name)).First()
	if control.Is("textarea") {
		return control.Text()
	}
	return control.AttrOr("value", "")
}

func TestConnectionFormLosesNothing(t *testing.T) {
	_, reader := sourcetest.Postgres(t).NewDatabase(t, shop())
	h := start(t, "serve", "ASSAY_SECRET_SHOP="+reader.Password)
	v := visit(t, h).setUp(h)
	typed := fields{"kind": "postgres", "host": reader.Host, "port": fmt.Sprint(reader.Port), "database": reader.Database, "user": reader.User, "password": reader.Password, "tls": "disable"}

	t.Log("what is wrong is said once, and where it is")
	v.open("/connections/new").submit("main form", "do=save", nil).expect(http.StatusUnprocessableEntity).says(".field-error", "Name the host")
	if got := v.words("#name-error"); got != "" {
		t.Errorf("the name may be empty, yet its field says %q", got)
	}
	wrong := fields{"port": "54x2"}
	for k, x := range typed {
		if k != "port" {
			wrong[k] = x
		}
	}
	v.submit("main form", "do=save", wrong).expect(http.StatusUnprocessableEntity).says("#port-error", "A port is a number")
	if got := v.value("port"); got != "54x2" {
		t.Errorf("the mistyped port became %q", got)
	}
	if got, _ := v.doc.Find("#port").Attr("aria-describedby"); got != "port-hint port-error" {
		t.Errorf("the port is described by %q", got)
	}

	t.Log("test first, then save what was typed once")
	v.submit("main form", "do=test", typed).expect(http.StatusOK).says("[role=status]", "The database answers")
	if strings.Contains(v.body, reader.Password) {
		t.Error("the form shows the password that was typed")
	}
	kept := v.value("kept")
	v.says("#password-hint", "stays as you typed it")
	v.submit("main form", "do=save", nil).expect(http.StatusOK).says("h1", reader.Database).says("main table", "orders")
	at := v.at.Path

	t.Log("what was typed is only for who typed it")
	h.command(t, password+"\n", "user", "create", "--email", "eve@example.com", "--name", "Eve", "--role", "admin")
	stolen := url.Values{"kept": {kept}, "do": {"test"}}
	for k, x := range typed {
		if k != "password" {
			stolen.Set(k, x)
		}
	}
	eve := visit(t, h).signIn("eve@example.com")
	eve.post("/connections", stolen).expect(http.StatusUnprocessableEntity).says("#password-error", "Enter the password again")

	t.Log("a change is tested with the stored password, which goes nowhere else")
	v.open(at+"/edit").submit("main form", "do=test", fields{"name": "Renamed"}).expect(http.StatusOK).says("[role=status]", "The database answers")
	if strings.Contains(v.body, reader.Password) {
		t.Error("testing a change shows the stored password")
	}
	v.open(at+"/edit").submit("main form", "do=test", fields{"host": "127.0.0.2"}).expect(http.StatusUnprocessableEntity).says("#password-error", "Enter the password again")
	if strings.Contains(v.body, reader.Password) {
		t.Error("a refused test shows the stored password")
	}

	t.Log("a reference to a password")
	v.open(at+"/edit").submit("main form", "do=save", fields{"password": "x", "password_ref": "env:ASSAY_SECRET_SHOP"}).expect(http.StatusUnprocessableEntity).says("#password_ref-error", "not both")
	v.submit("main form", "do=test", fields{"kept": ""}).expect(http.StatusOK).says("[role=status]", "The database answers")
	v.submit("main form", "do=save", nil).expect(http.StatusOK).says("main table", "orders")
	v.open(at+"/edit").says("#password_ref-hint", "stays env:ASSAY_SECRET_SHOP")
}

func TestSavedQuestionsAreChangedInPlace(t *testing.T) {
	v, connection := shopHouse(t)
	v.open(connection+"/tables/orders").follow("main a", "Explore")
	v.submit("form[action='/questions']", "", fields{"name": "  "}).expect(http.StatusUnprocessableEntity).says("#name-error", "Give the question a name")
	v.submit("main form", "", fields{"name": "Orders", "folder": "Sales"}).expect(http.StatusOK).says("h1", "Orders").says(".crumbs", "Sales")
	question := v.at.Path

	t.Log("by clicking")
	v.follow("main a", "Open in the builder").says(".crumbs", "Orders", "version 1")
	opened := v.at.String()
	v.submit(".builder-form", "", fields{"dimension": "status"}).says("#result", "paid").says("#save-version", "Save as version 2")
	v.submit("#save-version", "", nil).expect(http.StatusOK).says("[role=status]", "Version 2 is saved").says("h1", "Orders").says(".crumbs", "Sales").says("#result", "paid")
	if v.at.Path != question {
		t.Errorf("the new version is at %s, want %s", v.at.Path, question)
	}
	v.open("/questions")
	if n := v.doc.Find("main .list > li").Length(); n != 1 {
		t.Errorf("there are %d questions, want 1", n)
	}

	t.Log("from a version that is not the last any more")
	v.open(opened).submit("#save-version", "", nil).expect(http.StatusConflict).says("[role=alert]", "version 2")
	v.submit("main form", "", fields{"name": "Orders by another way"}).expect(http.StatusOK).says("h1", "Orders by another way")

	t.Log("in SQL, with its values kept")
	v.open("/sql?" + url.Values{"connection": {strings.TrimPrefix(connection, "/connections/")}, "sql": {"select count(*) as n from orders where total >= {{least:number=100}}"}}.Encode())
	v.says("#result", "21").submit("form[action='/questions']", "", fields{"name": "Large orders"}).expect(http.StatusOK)
	v.follow("main a", "Open in SQL").says(".crumbs", "Large orders")
	v.submit("form[action='/sql']", "do=run", fields{"p.least": "110"}).says("#result", "11").says("#save-version", "version 2")
	v.submit("form[action='/sql']", "do=explain", nil).says("#result", "SCAN")
	if v.doc.Find("form[action='/questions'], #save-version").Length() != 0 {
		t.Error("a plan can be saved as a question")
	}
	if strings.Contains(v.words("#result"), "notused") {
		t.Error("the plan is SQLite's raw table")
	}
}

func TestBuilderSaysWhatItDoes(t *testing.T) {
	v, connection := shopHouse(t)
	other := v.connect("Other", "sqlite://"+liteFile(t, shop()))
	v.open("/explore").says("main h2", "Choose a connection")
	v.open(connection+"/tables/orders").follow("main a", "Explore")
	v.submit(".builder-form", "", fields{"dimension": "placed_on"}).says("h1", "by month").says("#result", "12 rows")
	v.submit(".builder-form", "", fields{"d.0.step": ""}).says("h1", "by placed on").says("#result", "120 rows")
	v.submit(".builder-form", "", fields{"join": "customers"}).says("h1", "by placed on")
	v.submit(".builder-form", "", fields{"d.0.column": "customers.country"}).says("h1", "by country").says("#result", "4 rows")
	v.submit(".builder-form", "", fields{"d.0.column": "orders.placed_on"}).says("h1", "by month")

	t.Log("filters stand in the caption")
	v.submit(".builder-form", "", fields{"filter": "orders.status"})
	v.submit(".builder-form", "", fields{"f.0.op": "in", "f.0.value": "open, paid"}).says("#result .caption", "where status is one of open, paid")
	v.submit(".builder-form", "", fields{"having": "count"})
	v.submit(".builder-form", "", fields{"h.0.value": "5"}).says("#result .caption", "where status is one of open, paid and count > 5")

	t.Log("a limit that is none")
	v.submit(".builder-form", "", fields{"limit": "abc"}).says("#limit-error", "whole number").says("#result", "12 rows")
	if got := v.value("limit"); got != "abc" {
		t.Errorf("the mistyped limit became %q", got)
	}
	v.submit(".builder-form", "", fields{"limit": "3"}).says("#result", "3 rows")
	if v.words("#limit-error") != "" || strings.Contains(v.at.RawQuery, "limit=abc") {
		t.Errorf("the mistyped limit stays: %s", v.at)
	}

	t.Log("what fails cannot be saved")
	v.look("/explore?"+url.Values{"connection": {strings.TrimPrefix(connection, "/connections/")}, "spec": {`{"table":"orders","measures":[{"fn":"sum","column":"nothing"}]}`}}.Encode()).says("[role=alert]", "nothing")
	if v.doc.Find("form[action='/questions']").Length() != 0 {
		t.Error("a failing question can be saved")
	}

	t.Log("values that are missing are named, and those given stand in the caption")
	text := "select count(*) as n from orders where placed_on >= {{from:date}} and total > {{least:number}}"
	at := "/sql?" + url.Values{"connection": {strings.TrimPrefix(connection, "/connections/")}, "sql": {text}}.Encode()
	v.open(at).says(".notice", "Fill in from and least, then press Run")
	v.open(at+"&p.from=2024-06-01").says(".notice", "Fill in least, then press Run")
	v.open(at+"&p.from=2024-06-01&p.least=70").says("#result .caption", "from = 2024-06-01", "least = 70")

	t.Log("a connection in use says by what")
	v.open(connection+"/tables/orders").follow("main a", "Explore")
	v.submit("form[action='/questions']", "", fields{"name": "In use"}).expect(http.StatusOK)
	question := v.at.Path
	v.open(connection).submit("main .menu form", "", nil).expect(http.StatusConflict).says("h1", "Shop").says("[role=alert]", "The connection stays", "In use")
	if to, _ := v.doc.Find("[role=alert] a").Attr("href"); to != question {
		t.Errorf("the question is linked at %q, want %q", to, question)
	}
	v.open(other).submit("main .menu form", "", nil).expect(http.StatusOK).says("[role=status]", "removed")
}

func TestCutAnswersSayItOnce(t *testing.T) {
	v, connection := shopHouse(t)
	sql := "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) select i, i * 0.5 as half from n"
	v.open("/sql?" + url.Values{"connection": {strings.TrimPrefix(connection, "/connections/")}, "sql": {sql}}.Encode())
	v.says("#result", "There are more rows than the 10,000 that were read, of which 500 are listed; a download has all of them.", "1.0", "0.5")
	for _, again := range []string{"listed here", "Drawn from"} {
		if strings.Contains(v.words("#result"), again) {
			t.Errorf("the page says once more that rows are missing: %q", again)
		}
	}
}

func TestStoppedQuestionIsNotAskedAgain(t *testing.T) {
	v, connection := shopHouse(t)
	slow := "with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000000000) select count(*) as slow_rows from n"
	v.open("/sql?"+url.Values{"connection": {strings.TrimPrefix(connection, "/connections/")}, "sql": {slow}}.Encode()).says("#result", "Running for")
	if form := v.doc.Find("#result form button"); form.AttrOr("hx-select", "") != "#result" || form.AttrOr("hx-target", "") != "#result" {
		t.Error("Cancel does not change the pane in place")
	}
	v.submit("#result form", "", nil).expect(http.StatusOK)
	eventually(t, "the question to end", func() bool { return strings.Contains(v.look(v.at.Path).words("main"), "Cancelled") })
	v.follow("main a", "Back to the question").says(".notice", "This question was stopped")
	if v.doc.Find("#result").Length() != 0 || v.value("sql") != slow {
		t.Errorf("going back asks again or loses the text: %s", v.words("main"))
	}
	v.submit("form[action='/sql']", "do=run", fields{"sql": "select 1 as n"}).says("#result", "1 row")

	t.Log("a saved one")
	v.submit("form[action='/questions']", "", fields{"name": "One"}).expect(http.StatusOK)
	v.open(v.at.Path+"?run=no").says(".notice", "was stopped")
	if v.doc.Find("#result").Length() != 0 {
		t.Error("a held question is asked")
	}
	v.follow(".notice a", "Ask it again").says("#result", "1 row")
	v.open("/explore?"+url.Values{"connection": {strings.TrimPrefix(connection, "/connections/")}, "table": {"orders"}, "run": {"no"}}.Encode()).says(".notice", "was stopped").submit(".builder-form", "", nil).says("#result", "120")
}

func TestColoursAreTheReadersChoice(t *testing.T) {
	v, _ := shopHouse(t)
	for cookie, want := range map[string]string{"dark": "dark", "light": "light", "system": "", `"><script>`: ""} {
		v.client.Jar.SetCookies(v.at, []*http.Cookie{{Name: "assay_theme", Value: cookie, Path: "/"}})
		v.open("/")
		if got := v.doc.Find("html").AttrOr("data-theme", ""); got != want {
			t.Errorf("with %q the page is %q, want %q", cookie, got, want)
		}
	}
}
