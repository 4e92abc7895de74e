package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"assay/app/source/sourcetest"
)

// save saves a question by the form that pages send and returns its id.
func (v *visitor) save(connection, name, sql, spec, drawn string) string {
	v.t.Helper()
	v.post("/questions", url.Values{"connection": {strings.TrimPrefix(connection, "/connections/")}, "name": {name}, "sql": {sql}, "spec": {spec}, "chart": {drawn}}).expect(http.StatusOK)
	return strings.TrimPrefix(v.at.Path, "/questions/")
}

// board saves a dashboard with a body and returns its address.
func (v *visitor) board(name string, body map[string]any) string {
	v.t.Helper()
	v.open("/dashboards/new").submit("main form", "", fields{"name": name}).expect(http.StatusOK).says("h1", "Arrange")
	at := strings.TrimSuffix(v.at.Path, "/edit")
	text, err := json.Marshal(body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.post(at+"/edit", url.Values{"version": {"1"}, "draft": {string(text)}, "do": {"save"}}).expect(http.StatusOK).says("h1", name)
	return at
}

type card = map[string]any

const (
	monthly = `{"table":"orders","measures":[{"fn":"sum","column":"total","as":"revenue"}],"dimensions":[{"column":"placed_on","grain":"month","as":"month"}]}`
	states  = `{"table":"orders","measures":[{"fn":"count","as":"orders"}],"dimensions":[{"column":"status"}]}`
	written = `select c.country, sum(o.total) as revenue from orders o join customers c on c.id = o.customer_id group by 1 order by 1`
)

// salesBoard is a dashboard over the shop's tables.
func salesBoard(v *visitor, connection string) string {
	id := strings.TrimPrefix(connection, "/connections/")
	return v.board("Sales", map[string]any{
		"cards": []card{
			{"id": "months", "question": v.save(connection, "Revenue by month", "", monthly, `{"kind":"bar"}`), "w": 6, "h": 4},
			{"id": "states", "question": v.save(connection, "Orders by state", "", states, `{"kind":"bar"}`), "x": 6, "w": 6, "h": 4},
			{"id": "countries", "question": v.save(connection, "Revenue by country", written, "", `{"kind":"bar"}`), "y": 4, "w": 6, "h": 4},
			{"id": "words", "kind": "text", "text": "Read **this** first.", "x": 6, "y": 4, "w": 6, "h": 2},
		},
		"filters": []map[string]any{
			{"id": "when", "label": "When", "kind": "date", "targets": []card{{"card": "months", "column": "placed_on"}, {"card": "states", "column": "placed_on"}}},
			{"id": "status", "label": "Status", "kind": "list", "many": true, "from": map[string]string{"connection": id, "table": "orders", "column": "status"}, "targets": []card{{"card": "months", "column": "status"}, {"card": "states", "column": "status"}}},
		},
	})
}

// complete opens a dashboard as a browser without scripts does: again and again
// until every card is there.
func (v *visitor) complete(at string) *visitor {
	v.t.Helper()
	eventually(v.t, "the cards of "+at, func() bool {
		v.open(at)
		return v.doc.Find("article[aria-busy]").Length() == 0
	})
	return v
}

func TestDashboardWithoutScripts(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	connection := v.connect("Shop", "sqlite://"+liteFile(t, shop()))
	at := salesBoard(v, connection)

	v.complete(at).says("#card-months h2", "Revenue by month").says("#card-words", "Read this first.").says("#card-states .board-age", "just now")
	if n := v.doc.Find("#card-months .chart-drawing svg [data-m]").Length(); n < 24 {
		t.Errorf("%d marks of the drawings are tied to the table, want 12 in each of two", n)
	}
	v.open("/dashboards").says("main", "Sales", "4 cards").open("/dashboards?q=none+such").says("main", "Nothing found")

	t.Log("filters")
	v.complete(at).submit("form.board-filters", "", fields{"f.when": "2024-02-01 to 2024-03-31"}).expect(http.StatusOK)
	narrowed := v.at.RequestURI()
	v.complete(narrowed).says("#card-months .chart-data tbody", "Feb 2024", "Mar 2024")
	if got := v.words("#card-months .chart-data tbody"); strings.Contains(got, "Apr 2024") {
		t.Errorf("the filter lets other months through: %s", got)
	}
	if n := v.doc.Find("#card-countries .chart-data tbody tr").Length(); n != 4 {
		t.Errorf("a card that the filter does not reach has %d rows, want 4", n)
	}
	v.complete(at+"?f.when=2019").says("#card-months", "No rows", "Widen a filter")
	v.complete(at+"?f.when=whenever").says(".notice-warn", "is no date or range")

	t.Log("from a mark to the dashboard narrowed to it")
	link := func(selector string) string {
		t.Helper()
		to, ok := v.doc.Find(selector).First().Attr("href")
		if !ok {
			t.Fatalf("%s has no link %s", v.at, selector)
		}
		return to
	}
	v.complete(at).open(link("#card-states .chart-data tbody tr:nth-child(1) td:nth-child(1) a"))
	if got := v.at.Query()["f.status"]; len(got) != 1 || got[0] != "open" {
		t.Errorf("a value of a filtered column leads to %s", v.at)
	}
	v.complete(at).open(link("#card-months .chart-data tbody tr:nth-child(2) td:nth-child(1) a"))
	if got := v.at.Query().Get("f.when"); got != "2024-02-01 to 2024-02-29" {
		t.Errorf("a month leads to %s", v.at)
	}
	v.complete(at).open(link("#card-countries .chart-data tbody tr:nth-child(1) td:nth-child(1) a"))
	if v.at.Query().Get("x.country") != "AT" {
		t.Errorf("a value without a filter leads to %s", v.at)
	}
	v.complete(v.at.RequestURI()).says(".board-chips", "country: AT").says("#card-months", "Not narrowed by country")
	if n := v.doc.Find("#card-countries .chart-data tbody tr").Length(); n != 1 {
		t.Errorf("%d countries are left, want 1", n)
	}

	t.Log("from a mark to its rows, and on")
	v.complete(at+"?f.status=open").open(link("#card-months .chart-data tbody tr:nth-child(2) td:nth-child(2) a")).says("h1", "Rows behind Revenue by month").says(".rows-marks", "2024-02-01")
	if n := v.doc.Find("#result tbody tr").Length(); n != 3 {
		t.Errorf("%d rows are behind the mark, want the 3 open orders of February: %s", n, v.words("#result"))
	}
	v.follow(".page-actions a", "Open in the builder").says("h1", "Orders")
	v.complete(at).open(link("#card-countries .chart-data tbody tr:nth-child(1) td:nth-child(2) a")).says("h1", "Rows behind Revenue by country").says("#result tbody", "AT")

	t.Log("a card's own question, as the card asks it")
	v.complete(at+"?f.status=open").open(link("#card-months h2 a")).says("main", "Only rows where status is open")
	v.complete(at + "?f.status=open").open(link(`#card-months .board-menu a[href*=".csv"]`))
	if lines := strings.Count(strings.TrimSpace(v.body), "\n"); lines != 12 || !strings.Contains(v.body, "2024-01-01,12") {
		t.Errorf("the file has %d rows:\n%s", lines, v.body)
	}

	t.Log("paper")
	v.open(at+"/print?f.status=open").says("h1", "Sales").says(".doc-facts", "Status", "open").says("main", "Revenue by country", "Read this first.")
	v.look(at + ".pdf").expect(http.StatusOK)
	if !strings.HasPrefix(v.body, "%PDF-") {
		t.Errorf("the file is %.20q", v.body)
	}
}

func TestArrangingWithoutScripts(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	connection := v.connect("Shop", "sqlite://"+liteFile(t, shop()))
	at := salesBoard(v, connection)
	place := func(id string) string {
		x := func(key string) string {
			return v.doc.Find(fmt.Sprintf(`[name="c.%s.%s"]`, id, key)).AttrOr("value", "")
		}
		return x("x") + "," + x("y") + " " + x("w") + "x" + x("h")
	}
	v.open(at + "/edit")
	for _, step := range []struct{ button, card, want string }{
		{"right.months", "months", "7,1 6x4"},
		{"right.months", "states", "1,1 6x4"},
		{"down.months", "months", "7,3 6x4"},
		{"wider.states", "states", "1,1 7x4"},
		{"compact", "months", "7,7 6x4"},
		{"higher.words", "words", "7,5 6x3"},
	} {
		v.submit("form.edit", "do="+step.button, nil).expect(http.StatusOK)
		if got := place(step.card); got != step.want {
			t.Errorf("after %s the card %s stands at %s, want %s", step.button, step.card, got, step.want)
		}
	}
	v.submit("form.edit", "do=heading", nil).expect(http.StatusOK).says(".edit-grid", "Heading")
	v.submit("form.edit", "do=find", fields{"find": "country"}).says(".edit-found", "Revenue by country")
	add := v.doc.Find(".edit-found button").AttrOr("value", "")
	v.submit("form.edit", "do="+add, nil).expect(http.StatusOK)
	v.submit("form.edit", "do=remove.countries", fields{"c.months.title": "By month", "c.months.x": "1", "c.months.y": "30"}).expect(http.StatusOK)
	v.submit("form.edit", "do=tab", nil).expect(http.StatusOK)
	v.submit("form.edit", "do=save", fields{"t.t1": "First"}).expect(http.StatusOK).says("h1", "Sales").says(".tabs", "First")
	v.complete(at).says("#card-months h2", "By month")

	t.Log("what changed, and back")
	v.open(at+"/versions").says("main", "Version 3", "was removed", "was added", "moved", "is titled “By month”", "The first version")
	v.submit(`form[action$="/restore"]`, "", nil).expect(http.StatusOK).says(".notice-ok", "is the newest again")
	v.complete(at).says("#card-months h2", "Revenue by month")

	t.Log("a filter, its cards found by itself")
	v.open(at+"/filters/new").submit("main form", "", fields{"label": "Country", "kind": "list"}).expect(http.StatusOK).says(".notice-ok", "reaches 1 card")
	v.submit("main form", "", fields{"kind": "number", "default": "many"}).expect(http.StatusUnprocessableEntity).says(".field-error", "is no number or range")
	v.open(at+"/filters").says("main", "Country", "Revenue by country by country")

	t.Log("a question put on a dashboard from its page")
	q := v.save(connection, "All orders", "select count(*) as n from orders", "", `{"kind":"number"}`)
	v.open("/questions/"+q).follow(".menu-list a", "Add to a dashboard").submit("main form", "", nil).expect(http.StatusOK).says(".notice-ok", "is on this dashboard now")
	v.complete(at).says("#board", "All orders", "120")

	v.open(at+"/settings").submit("main form", "", fields{"name": "Sales and more", "refresh": "60"}).expect(http.StatusOK).says("h1", "Sales and more")
	if every := v.doc.Find("#board").AttrOr("hx-trigger", ""); every != "every 60s" {
		t.Errorf("the cards are asked anew %q", every)
	}
	v.open(at).submit(`form[action$="/delete"]`, "", nil).expect(http.StatusOK).says(".notice-ok", "removed")
	v.look(at).expect(http.StatusNotFound)
}

func TestTwoPeopleArrangeAtOnce(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	at := salesBoard(v, v.connect("Shop", "sqlite://"+liteFile(t, shop())))
	h.command(t, password+"\n", "user", "create", "--email", "ben@example.com", "--name", "Ben", "--role", "analyst")
	other := visit(t, h).signIn("ben@example.com")
	v.open(at + "/edit")
	other.open(at+"/edit").submit("form.edit", "do=remove.words", nil).submit("form.edit", "do=save", nil).expect(http.StatusOK)
	v.submit("form.edit", "do=wider.months", nil).submit("form.edit", "do=save", nil).expect(http.StatusConflict)
	v.says(".notice-warn", "Ben saved version 3", "was removed", "is 7 columns by 4 rows")
	v.submit("form.edit", "do=over", nil).expect(http.StatusOK).says(".notice-ok", "version 4")
	v.complete(at).says("#card-words", "Read this first.")

	t.Log("and both changes kept")
	v.open(at + "/edit")
	other.open(at+"/edit").submit("form.edit", "do=remove.words", nil).submit("form.edit", "do=save", nil).expect(http.StatusOK)
	v.submit("form.edit", "do=higher.states", nil).submit("form.edit", "do=save", nil).expect(http.StatusConflict)
	v.says(".notice-warn", "Ben saved version 5", "Save both together")
	v.submit("form.edit", "do=both", nil).expect(http.StatusOK).says(".notice-ok", "version 6")
	if v.complete(at); v.doc.Find("#card-words").Length() > 0 || v.doc.Find("#card-states.gh5").Length() == 0 {
		t.Errorf("one of both changes is lost: %s", v.words("#board"))
	}
}

func TestCardsThatCannotBeMade(t *testing.T) {
	h := start(t, "serve")
	admin, reader := sourcetest.Postgres(t).NewDatabase(t, shop()+"CREATE TABLE gone (n integer); INSERT INTO gone VALUES (1);")
	v := visit(t, h).setUp(h)
	connection := v.connect("Shop", connectionURL(reader))
	gone := v.save(connection, "Gone", "select n from gone", "", "")
	removed := v.save(connection, "Removed", "select 1 as n", "", "")
	at := v.board("Broken", map[string]any{"cards": []card{{"id": "a", "question": gone}, {"id": "b", "question": removed}, {"id": "c", "question": v.save(connection, evil, "select count(*) as n from orders", "", "")},
		{"id": "d", "kind": "text", "text": evil + " <script>window.__xss=1</script> {{value nothing}}"}, {"id": "e", "kind": "heading", "text": evil}}})
	conn, err := pgx.Connect(t.Context(), connectionURL(admin))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "DROP TABLE gone"); err != nil {
		t.Fatal(err)
	}
	v.open("/questions/"+removed).submit(`form[action$="/delete"]`, "", nil)
	v.open(at + "?fresh=1") // it was asked while the table was there
	v.complete(at).says("#card-a .notice-bad", "does not exist").says("#card-b .notice-bad", "There is no such question").says("#card-c", "120")
	if v.doc.Find("#board script").Length() > 0 {
		t.Error("a text became a script")
	}
	v.open(at+"/print").says("main", "There is no such question", "120")

	h.command(t, password+"\n", "user", "create", "--email", "vera@example.com", "--name", "Vera", "--role", "viewer")
	reading := visit(t, h).signIn("vera@example.com")
	reading.complete(at).says("#card-c", "120")
	if reading.doc.Find(`a[href$="/edit"]`).Length() > 0 {
		t.Error("a viewer is offered to arrange")
	}
	reading.look(at + "/cards/none").expect(http.StatusNotFound)
	reading.look(at + "/edit").expect(http.StatusForbidden)
}

func TestSlowCardLeavesTheOthersAlone(t *testing.T) {
	h := start(t, "serve")
	admin, reader := sourcetest.Postgres(t).NewDatabase(t, shop()+"CREATE VIEW slow AS SELECT 1 AS n FROM pg_sleep(20);")
	v := visit(t, h).setUp(h)
	connection := v.connect("Shop", connectionURL(reader))
	var cards []card
	for i := range 11 {
		cards = append(cards, card{"id": fmt.Sprintf("c%d", i), "question": v.save(connection, fmt.Sprintf("Total %d", i), fmt.Sprintf("select sum(total) + %d as n from orders", i), "", `{"kind":"number"}`)})
	}
	cards = append(cards, card{"id": "slow", "question": v.save(connection, "Slow", "select n from slow", "", "")})
	at := v.board("Twelve", map[string]any{"cards": cards})
	conn, err := pgx.Connect(t.Context(), connectionURL(admin))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	sleeping := func() (n int) {
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%slow%' AND state = 'active' AND pid <> pg_backend_pid()").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}

	started := time.Now()
	eventually(t, "all cards but the slow one", func() bool {
		v.open(at)
		return v.doc.Find("article[aria-busy]").Length() == 1
	})
	if took := time.Since(started); took > 15*time.Second {
		t.Errorf("the other cards were there after %s", took)
	}
	if id := v.doc.Find("article[aria-busy]").AttrOr("id", ""); id != "card-slow" {
		t.Fatalf("%s is the one that is missing", id)
	}
	for i := range 11 {
		v.says(fmt.Sprintf("#card-c%d", i), fmt.Sprintf("7,2%d", 60+i))
	}
	if again := v.doc.Find("head noscript").Text(); !strings.Contains(again, "refresh") {
		t.Error("without scripts the page does not come again for the slow card")
	}
	eventually(t, "cancelling to be offered", func() bool {
		v.open(at)
		return v.doc.Find("#card-slow form").Length() == 1
	})
	if n := sleeping(); n != 1 {
		t.Errorf("%d questions sleep in the database, want 1", n)
	}
	v.submit("#card-slow form", "", nil).expect(http.StatusOK).says("#card-slow", "Cancelled", "Ask again")
	eventually(t, "the database to stop", func() bool { return sleeping() == 0 })
	if took := time.Since(started); took > 20*time.Second {
		t.Logf("the test took %s, so the question may have ended by itself", took)
	}
}

func TestThreeHundredCards(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	q := v.save(v.connect("Shop", "sqlite://"+liteFile(t, shop())), "Orders", "select count(*) as n from orders", "", `{"kind":"number"}`)
	var cards []card
	for i := range 300 {
		cards = append(cards, card{"id": fmt.Sprintf("c%d", i), "question": q, "w": 3, "h": 2, "x": i % 4 * 3, "y": i / 4 * 2})
	}
	at := v.board("Many", map[string]any{"cards": cards})
	started := time.Now()
	v.complete(strings.TrimSpace(at) + "?all=1")
	if n := strings.Count(v.words("#board"), "120"); n < 300 {
		t.Errorf("%d of 300 cards say their number", n)
	}
	t.Logf("300 cards without scripts: %s", time.Since(started).Round(time.Millisecond))
	v.open(at)
	if n := v.doc.Find("article[hx-trigger='intersect once']").Length(); n != 288 {
		t.Errorf("%d cards wait until they are in sight, want 288", n)
	}
	v.open(at + "/edit").expect(http.StatusOK)
}
