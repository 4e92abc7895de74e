package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

func TestFirstPageShowsTheDashboardChosenForIt(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	v.says("main", "Connect a database")
	connection := v.connect("Shop", "sqlite://"+liteFile(t, shop()))
	v.open("/").says("main", "Ask the first question")
	at := salesBoard(v, connection)

	t.Log("without one, what was saved lately")
	v.complete("/").says("h1", "Home").says("#board", "Revenue by month", "Orders by state", "Revenue by country").says("#recent + .list", "Sales")
	if v.doc.Find("#board svg").Length() < 3 {
		t.Error("the questions are not drawn")
	}
	v.doc.Find("#board a[href], #board [hx-get]").Each(func(_ int, s *goquery.Selection) {
		for _, name := range []string{"href", "hx-get"} {
			if to := s.AttrOr(name, ""); to != "" {
				if v.look(to).status != http.StatusOK {
					t.Errorf("%s on the first page answers %d", to, v.status)
				}
			}
		}
	})

	t.Log("chosen in its settings")
	v.open(at+"/settings").submit("main form", "", fields{"start": "1"}).expect(http.StatusOK)
	v.complete("/").says("h1", "Sales").says("#card-words", "Read this first.").says(".page-actions", "Open with its filters")
	if got := v.doc.Find("#card-months .board-again").AttrOr("hx-get", ""); !strings.HasPrefix(got, at+"/cards/months") {
		t.Errorf("a card of the first page is asked anew at %s, want its own address", got)
	}
	if v.doc.Find(`.rail a[href="/"][aria-current]`).Length() != 1 {
		t.Error("the rail does not say that this is home")
	}
	v.open(at+"/versions").says("main", "It is shown on the first page")

	t.Log("of two the first by name, and the other named")
	second := v.board("Another", map[string]any{"start": true, "cards": []card{{"kind": "heading", "text": "Here"}}})
	v.complete("/").says("h1", "Another").says("main", "Also on the first page")
	v.follow("main a", "Sales")
	if v.at.Path != at {
		t.Errorf("the other dashboard is at %s", v.at.Path)
	}

	t.Log("for whoever may see it")
	h.command(t, password+"\n", "user", "create", "--email", "vera@example.com", "--name", "Vera", "--role", "viewer")
	visit(t, h).give("vera@example.com", password, "").says("h1", "Another")
	v.open(second+"/settings").submit("main form", "", fields{"folder": "Private"}).expect(http.StatusOK)
	v.open(second+"/settings").submit("main form", "", fields{"start": ""}).expect(http.StatusOK)
	v.open("/").says("h1", "Sales")
}

func TestActionsLeadSomewhereForWhoeverIsOfferedThem(t *testing.T) {
	h := start(t, "serve")
	admin := visit(t, h).setUp(h)
	connection := admin.connect("Shop", "sqlite://"+liteFile(t, shop()))
	board := salesBoard(admin, connection)
	question := "/questions/" + admin.save(connection, "Countries", written, "", `{"kind":"bar"}`)
	report := admin.writeReport(fields{"name": "Review", "text": "Words."})
	people := map[string]*visitor{"admin": admin}
	for _, role := range []string{"analyst", "viewer"} {
		h.command(t, password+"\n", "user", "create", "--email", role+"@example.com", "--name", role, "--role", role)
		people[role] = visit(t, h).signIn(role + "@example.com")
	}
	want := map[string]map[string]string{
		"admin": {
			board:    "Edit, Share, Ask anew, Hide the navigation, Schedule, Print, PDF, Versions, Filters, Name and settings, Remove",
			report:   "Edit, Share, Ask anew, Schedule, Print, PDF, Versions, Snapshots, Remove",
			question: "Open in SQL, Share, Rows behind it, Ask about its result, Add to a dashboard, Schedule, Alert me, Print, PDF, Versions, Name and folder, Remove",
		},
		"viewer": {
			board:    "Ask anew, Hide the navigation, Print, PDF, Versions",
			report:   "Ask anew, Print, PDF, Versions, Snapshots",
			question: "Rows behind it, Ask about its result, Print, PDF, Versions",
		},
	}
	want["analyst"] = want["admin"]
	for role, v := range people {
		for at, offered := range want[role] {
			v.open(at)
			var got, links []string
			v.doc.Find(".page-actions a, .page-actions form button").Each(func(_ int, s *goquery.Selection) {
				word := strings.TrimSpace(s.Text())
				if word == "" {
					word = s.AttrOr("aria-label", "")
				}
				got = append(got, word)
				if to := s.AttrOr("href", ""); to != "" {
					links = append(links, to)
				}
			})
			if strings.Join(got, ", ") != offered {
				t.Errorf("%s is offered on %s\n%s\nwant\n%s", role, at, strings.Join(got, ", "), offered)
			}
			for _, to := range links {
				if v.look(to); v.status != http.StatusOK {
					t.Errorf("%s: %s on %s answers %d", role, to, at, v.status)
				}
			}
		}
	}
	for to, name := range map[string]string{"dashboard=" + strings.TrimPrefix(board, "/dashboards/"): "Sales", "report=" + strings.TrimPrefix(report, "/reports/"): "Review", "question=" + strings.TrimPrefix(question, "/questions/"): "Countries"} {
		admin.open("/schedules/new?"+to).says("main", name)
	}
	admin.open("/alerts/new?question="+strings.TrimPrefix(question, "/questions/")).says("main", "Countries")
	admin.open(question+"/print").says("main", "Countries", "2,880")
}

func TestFiltersThatLeaveNothing(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	at := salesBoard(v, v.connect("Shop", "sqlite://"+liteFile(t, shop())))
	v.complete(at+"?f.status=nowhere").says("#card-months", "No rows", "Widen a filter").says("#card-words", "Read this first.")
	var cards []card
	for range 401 {
		cards = append(cards, card{"kind": "heading", "text": "One of many"})
	}
	v.board("Many", map[string]any{"cards": cards[:400]})
	v.post(at+"/edit", url.Values{"version": {"2"}, "draft": {strings.ReplaceAll(fmt.Sprintf(`{"cards":[%s]}`, strings.Repeat(`{"kind":"heading","text":"One"},`, 401)), ",]", "]")}, "do": {"save"}}).expect(http.StatusUnprocessableEntity).says("[role=alert]", "at most 400 cards")
}

func TestSampleReadsWell(t *testing.T) {
	h := start(t, "demo")
	found := regexp.MustCompile(`(/enter\?token=\w+)`).FindString(h.out.String())
	if found == "" {
		eventually(t, "the link to be printed", func() bool {
			found = regexp.MustCompile(`(/enter\?token=\w+)`).FindString(h.out.String())
			return found != ""
		})
	}
	v := visit(t, h)
	v.open(found).submit("form", "", nil).says("h1", "Trading overview")
	v.complete("/?all=1").says("#card-story", "December 2025", "September 2026")
	v.open("/reports").follow(".list-title a", "Monthly review").says("article.report-text", "September 2026 brought", "12.4% more", "54.2%")
	if failed := v.words(".claim-failed"); failed != "" {
		t.Errorf("figures of the review cannot be filled in: %s", failed)
	}
	if n := v.doc.Find(".doc a.claim").Length(); n < 30 {
		t.Errorf("%d figures of the review lead to their cells, want 30 or more", n)
	}
	v.doc.Find(".doc > p, .doc .finding-block").Each(func(_ int, s *goquery.Selection) {
		if iso := regexp.MustCompile(`\d{4}-\d\d-\d\d`).FindString(s.Text()); iso != "" {
			t.Errorf("a sentence of the review says %s: %s", iso, s.Text())
		}
	})
	v.doc.Find(".doc .notice-bad").Each(func(_ int, s *goquery.Selection) { t.Errorf("a figure of the review failed: %s", s.Text()) })
}
