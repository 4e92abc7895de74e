package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"assay/static"
)

// yearSQL counts orders of a status from a day on; the test's words for what must not be told.
const yearSQL = "select status, count(*) as hidden_count from orders where status = {{status:text=paid}} and total >= {{least:number=0}} group by status"

// shareHouse is a server with a connection whose name must not be told, and a
// written question with two parameters.
func shareHouse(t *testing.T, settings ...string) (h *house, v *visitor, connection, question string) {
	t.Helper()
	h = start(t, "serve", settings...)
	v = visit(t, h).setUp(h)
	connection = strings.TrimPrefix(v.connect("Secret warehouse", "sqlite://"+liteFile(t, shop())), "/connections/")
	return h, v, connection, v.saveSQL(connection, "Orders by state", yearSQL)
}

// saveSQL saves a written question and returns its id.
func (v *visitor) saveSQL(connection, name, text string) string {
	v.t.Helper()
	v.post("/questions", url.Values{"name": {name}, "connection": {connection}, "sql": {text}}).expect(http.StatusOK).says("h1", name)
	return strings.TrimPrefix(v.at.Path, "/questions/")
}

// share makes a link with the form and returns its path.
func (v *visitor) share(object string, values fields) string {
	v.t.Helper()
	v.open(object+"/share").submit("main form.form", "", values).expect(http.StatusOK).says("h1", "The link is made")
	to, err := url.Parse(strings.TrimSpace(v.doc.Find("#link").Text()))
	if err != nil || !strings.HasPrefix(to.Path, "/r/") || len(to.Path) != len("/r/")+43 {
		v.t.Fatalf("%s shows the link %q", v.at, v.words("#link"))
	}
	return to.Path
}

// metricsAddress is where the log says that the metrics are.
var metricsAddress = regexp.MustCompile(`http://[0-9.:]+/metrics`)

// from returns a visitor who comes from another address of this machine.
func from(t *testing.T, h *house, address string) *visitor {
	t.Helper()
	v := visit(t, h).still()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	v.client.Transport = transport
	return v
}

func TestSharedQuestion(t *testing.T) {
	h, ada, _, question := shareHouse(t)
	object := "/questions/" + question
	link := ada.share(object, fields{"name": "For the board", "free.least": "on", "download": "on"})
	logPage := ada.doc.Find("main a").FilterFunction(func(_ int, s *goquery.Selection) bool { return s.Text() == "See who opens it" }).AttrOr("href", "")

	t.Log("whoever has it reads it, without a session")
	guest := visit(t, h)
	guest.open(link).says("h1", "Orders by state").says("main", "90", "Shared until")
	for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow, noarchive", "Set-Cookie": "", "X-Frame-Options": "DENY"} {
		if got := guest.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := guest.header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("Cache-Control is %q", got)
	}
	guest.submit("main form", "", fields{"p.least": "61"}).expect(http.StatusOK).says("main", "45")
	guest.look(link + "?p.least=many").expect(http.StatusUnprocessableEntity)
	guest.look(link+"?p.least=61&utm_source=mail").expect(http.StatusOK).says("main", "45")

	t.Log("files")
	guest.open(link)
	guest.open(link + ".csv?p.least=61")
	if want := "status,hidden_count\r\npaid,45\r\n"; guest.body != want {
		t.Errorf("the CSV is %q, want %q", guest.body, want)
	}
	for extension, kind := range map[string]string{"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "svg": "image/svg+xml"} {
		guest.look(link + "." + extension)
		if guest.status == http.StatusOK && !strings.HasPrefix(guest.header.Get("Content-Type"), kind) {
			t.Errorf("%s answers %d %s", extension, guest.status, guest.header.Get("Content-Type"))
		}
	}
	for _, extension := range []string{"json", "option", "exe", ""} {
		guest.look(link + "." + extension)
		if (extension == "") != (guest.status == http.StatusOK) && extension != "" && guest.status != http.StatusNotFound {
			t.Errorf("the file .%s answers %d", extension, guest.status)
		}
	}

	t.Log("its maker sees who came, and ends it")
	ada.open(logPage).says("h1", "For the board").says("main", "127.0.0.1", "opened", "csv", "least", "status = paid")
	ada.open("/shares").says("tbody", "For the board", "open", "Ada")
	ada.open(object+"/share").says("main table", "For the board")
	ada.open(logPage).submit("main form", "", nil).expect(http.StatusOK).says("main", "revoked")
	guest.look(link).expect(http.StatusNotFound)
	ada.tryLinks()
}

// TestAttackSharedPagesTellNothingElse crawls what a link shows for the names,
// addresses, ids and statements behind it.
func TestAttackSharedPagesTellNothingElse(t *testing.T) {
	h, ada, connection, question := shareHouse(t)
	failing := ada.saveSQL(connection, "Failing", "select no_such_column from orders where total > {{least:number=1}}")
	ada.post("/reports", url.Values{"name": {"Monthly"}, "text": {"# State\n\n```chart\nquestion: " + question + "\n```\n\nSee [the question](/questions/" + question + ") and [us](https://example.com): {{value question=\"Orders by state\" column=hidden_count}} and {{value question=Failing column=x}}.\n\n```table\nquestion: " + failing + "\n```\n"}})
	reportID := strings.Split(strings.TrimPrefix(ada.at.Path, "/reports/"), "/")[0]
	links := map[string]string{
		"question": ada.share("/questions/"+question, fields{"download": "on"}),
		"failing":  ada.share("/questions/"+failing, fields{"download": "on"}),
	}
	if ada.look("/reports/" + reportID); ada.status == http.StatusOK && reportID != "" {
		links["report"] = ada.share("/reports/"+reportID, fields{"download": "on"})
	} else {
		t.Errorf("no report was saved: %d at %s", ada.status, ada.at)
	}
	ada.post("/reports/"+reportID+"/snapshots", url.Values{"name": {"As it was"}}).expect(http.StatusOK)
	ada.open("/reports/" + reportID + "/share")
	shot := ada.doc.Find("#snapshot option").Last().AttrOr("value", "")
	links["frozen report"] = ada.share("/reports/"+reportID, fields{"snapshot": shot, "download": "on"})
	ada.open("/shares")
	var ids []string
	ada.doc.Find("main tbody a").Each(func(_ int, s *goquery.Selection) {
		ids = append(ids, strings.TrimPrefix(s.AttrOr("href", ""), "/shares/"))
	})
	visit(t, h).open(links["frozen report"]).says("main .claim", "90")
	told := append([]string{shot, "Secret warehouse", "sqlite", "shop.db", "from orders", "no_such_column", "no such column", "ada@example.com", connection, question, failing, reportID, "/questions/", "/connections/", "/dashboards/", "/explore", "/sql"}, ids...)
	visit(t, h).open(links["report"]).says("main", "paid", "(not available)", "cannot be shown now", "the question and us").says("main .claim", "90")
	visit(t, h).open(links["failing"]).says("main .notice", "cannot be shown now")
	for name, link := range links {
		guest := visit(t, h)
		for _, to := range []string{link, link + ".csv", link + ".xlsx", link + ".svg", link + ".pdf", link + "?p.least=2", link + "?p.least=", link + "/cards/x", link + "/embed"} {
			guest.look(to)
			text := guest.body + fmt.Sprint(guest.header)
			for _, word := range told {
				if word != "" && strings.Contains(text, word) {
					t.Errorf("%s: %s tells %q", name, strings.TrimPrefix(to, link), word)
				}
			}
			if guest.status >= 500 && guest.status != http.StatusServiceUnavailable {
				t.Errorf("%s: %s answers %d", name, to, guest.status)
			}
		}
	}
}

// TestAttackSharedTokensThatOpenNothing: one answer to whatever is not a link.
func TestAttackSharedTokensThatOpenNothing(t *testing.T) {
	h, ada, _, question := shareHouse(t)
	good := ada.share("/questions/"+question, nil)
	revoked := ada.share("/questions/"+question, nil)
	ada.open("/shares")
	ada.submit("main table form", "", nil) // the newest
	swap := func(at int) string {
		b := []byte(good)
		b[at] = map[bool]byte{true: 'B', false: 'A'}[b[at] == 'A']
		return string(b)
	}
	want := ""
	for i, to := range []string{revoked, swap(3), swap(20), swap(45), strings.ToLower(good) + "x", "/r/:token", "/r/{token}", "/r/*", "/r/%3Atoken", "/r/0", "/r/null", "/r/..%2f..", "/r/" + question, good + "x", good + "/embed", good + ".json", good + ".csv", good + "/cards/1", "/r/"} {
		guest := from(t, h, fmt.Sprint("127.0.1.", i+1))
		guest.look(to).expect(http.StatusNotFound)
		if to == "/r/" {
			continue // no link at all
		}
		if want == "" {
			want = guest.body
		}
		if guest.body != want || guest.header.Get("Set-Cookie") != "" || guest.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s is told apart from a link that was revoked", to)
		}
	}
	if visit(t, h).look(good).status != http.StatusOK {
		t.Error("the good link opens no more")
	}
}

// TestAttackSharedLinksAreGuessed: guessing is slowed down where it comes from,
// and readers elsewhere notice nothing.
func TestAttackSharedLinksAreGuessed(t *testing.T) {
	h, ada, _, question := shareHouse(t)
	link := ada.share("/questions/"+question, nil)
	guesser, reader := from(t, h, "127.0.2.1"), from(t, h, "127.0.2.2")
	through := 0
	for i := range 10_000 {
		guesser.look(fmt.Sprintf("/r/%043d", i))
		switch guesser.status {
		case http.StatusNotFound:
			through++
		case http.StatusTooManyRequests:
		default:
			t.Fatalf("a guess answers %d", guesser.status)
		}
		if i%2000 == 0 {
			reader.look(link).expect(http.StatusOK)
		}
	}
	if through > 40 {
		t.Errorf("%d of 10,000 guesses were answered", through)
	}
	if guesser.look("/r/" + strings.Repeat("a", 43)); guesser.status != http.StatusTooManyRequests || guesser.header.Get("Retry-After") == "" {
		t.Errorf("one more guess: %d", guesser.status)
	}
	guesser.look(link).expect(http.StatusOK) // others may have the same address
	reader.look(link).expect(http.StatusOK)
}

func TestAttackSharedParameters(t *testing.T) {
	h, ada, _, question := shareHouse(t)
	link := ada.share("/questions/"+question, fields{"free.least": "on", "fixed.status": "open"})
	guest := visit(t, h)
	guest.open(link).says("main", "30")
	for _, query := range []string{"p.status=paid", "status=paid", "p.status=open", "p.status=open&p.status=paid", "p.least=1&p.status=paid", "tenant=2", "p.tenant=2", "P.status=paid", "p.STATUS=paid", "p.status%00=paid", "x.status=paid", "n.status=1", "f.status=paid", "chart=table", "fresh=1", "p.least=1&p.least=2", "run=no", "snapshot=x"} {
		guest.look(link + "?" + query)
		if guest.status != http.StatusUnprocessableEntity && guest.status != http.StatusBadRequest {
			t.Errorf("?%s answers %d: %s", query, guest.status, guest.words("main"))
		}
	}
	guest.open(link+"?p.least=61").says("main", "15")
	if guest.doc.Find("[name='p.status']").Length() != 0 {
		t.Error("the page offers a value that is fixed")
	}
}

func TestSharedWithAPassword(t *testing.T) {
	h, ada, _, question := shareHouse(t)
	link := ada.share("/questions/"+question, fields{"password": "open sesame!", "free.least": "on", "download": "on", "origins": "https://intranet.example.com"})
	other := ada.share("/questions/"+question, fields{"password": "open sesame!"})
	guest := visit(t, h)
	guest.open(link+"?p.least=61").says("h1", "A password is needed")
	if strings.Contains(guest.body, "Orders by state") || guest.header.Get("Set-Cookie") != "" {
		t.Error("without the password the page tells what it is of, or sets a cookie")
	}
	guest.look(link + ".csv").expect(http.StatusNotFound)
	guest.look(link + "/cards/x").expect(http.StatusNotFound)
	guest.open(link+"?p.least=61").submit("main form", "", fields{"password": "open says me"}).expect(http.StatusUnprocessableEntity).says(".field-error", "not the password")
	guest.submit("main form", "", fields{"password": "open sesame!"}).expect(http.StatusOK).says("main", "45")
	guest.open(link + ".csv")
	guest.open(other).says("h1", "A password is needed")
	guest.open("/login").says("h1", "Sign in")

	t.Log("the proof is for this link alone, and no script reads it")
	fresh := visit(t, h).still()
	fresh.post(link, url.Values{"password": {"open sesame!"}}, "Sec-Fetch-Site", "same-origin").expect(http.StatusSeeOther)
	set := fresh.header.Get("Set-Cookie")
	for _, want := range []string{"assay_share_", "Path=/r/", "HttpOnly", "SameSite=Lax", "Max-Age=43200"} {
		if !strings.Contains(set, want) {
			t.Errorf("the cookie %q lacks %s", set, want)
		}
	}
	if strings.Contains(set, strings.TrimPrefix(link, "/r/")) {
		t.Error("the cookie tells the token")
	}
	fresh.post(link, url.Values{"password": {"open sesame!"}}, "Sec-Fetch-Site", "cross-site").expect(http.StatusForbidden)

	t.Log("in a frame the page is the answer")
	framed := visit(t, h)
	framed.client.Jar = nil
	framed.open(link+"/embed").says("h1", "A password is needed").submit("main form", "", fields{"password": "open sesame!"}).expect(http.StatusOK).says("main", "90")
}

// TestAttackSharedPasswordsAreGuessed: a few tries, then waiting, and only for
// who guesses.
func TestAttackSharedPasswordsAreGuessed(t *testing.T) {
	h, ada, _, question := shareHouse(t)
	link := ada.share("/questions/"+question, fields{"password": "open sesame!"})
	guesser, reader := from(t, h, "127.0.3.1"), from(t, h, "127.0.3.2")
	tried := 0
	for i := range 30 {
		guesser.post(link, url.Values{"password": {fmt.Sprint("guess number ", i)}}, "Sec-Fetch-Site", "same-origin")
		if guesser.status == http.StatusUnprocessableEntity {
			tried++
		} else {
			guesser.expect(http.StatusTooManyRequests)
		}
	}
	if tried > 6 {
		t.Errorf("%d passwords were tried at once", tried)
	}
	guesser.post(link, url.Values{"password": {"open sesame!"}}, "Sec-Fetch-Site", "same-origin").expect(http.StatusTooManyRequests)
	reader.post(link, url.Values{"password": {"open sesame!"}}, "Sec-Fetch-Site", "same-origin").expect(http.StatusSeeOther)
}

// TestAttackSharedFrames: only a link's own page for frames, and only in those
// of the sites that it names.
func TestAttackSharedFrames(t *testing.T) {
	h, ada, _, question := shareHouse(t)
	link := ada.share("/questions/"+question, fields{"origins": "https://Intranet.example.com/\nhttps://wiki.example.com:8443"})
	ada.says("#snippet", "<iframe", link+"/embed")
	closed := ada.share("/questions/"+question, nil)
	ada.open("/questions/"+question+"/share").submit("main form.form", "", fields{"origins": "https://a.example; script-src *"}).expect(http.StatusUnprocessableEntity).says(".field-error", "https://intranet.example.com")
	ancestors := func(v *visitor) string {
		return regexp.MustCompile(`frame-ancestors [^;]*`).FindString(v.header.Get("Content-Security-Policy"))
	}
	guest := visit(t, h)
	guest.open(link + "/embed")
	if got := ancestors(guest); got != "frame-ancestors https://intranet.example.com https://wiki.example.com:8443" {
		t.Errorf("the page for frames has %q", got)
	}
	if guest.header.Get("X-Frame-Options") != "" || guest.header.Get("Set-Cookie") != "" {
		t.Error("the page for frames is closed to frames, or needs a cookie")
	}
	if policy := guest.header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self'") || !strings.Contains(policy, "default-src 'self'") {
		t.Errorf("the page for frames has the policy %q", policy)
	}
	for _, to := range []string{link, link + ".csv", closed, closed + "/embed", "/login", "/", "/r/none/embed", link + "/embed?tenant=1", link + "/cards/x"} {
		guest.look(to)
		want := "frame-ancestors 'none'"
		if to == link+"/embed?tenant=1" {
			want = "frame-ancestors https://intranet.example.com https://wiki.example.com:8443"
		}
		if got := ancestors(guest); got != want {
			t.Errorf("%s has %q, want %q", to, got, want)
		}
	}
	guest.look(closed + "/embed").expect(http.StatusNotFound)
}

// TestAttackSharedPagesAndSessions: a link shows the same to somebody who is
// signed in, and reading it makes nobody anybody.
func TestAttackSharedPagesAndSessions(t *testing.T) {
	h, ada, _, question := shareHouse(t)
	link := ada.share("/questions/"+question, fields{"free.least": "on"})
	as := regexp.MustCompile(`as of [0-9: -]+`)
	plain := as.ReplaceAllString(visit(t, h).open(link).body, "")
	if got := as.ReplaceAllString(ada.open(link).body, ""); got != plain {
		t.Error("somebody who is signed in sees another page")
	}
	if ada.header.Get("Set-Cookie") != "" {
		t.Error("the page sets a cookie")
	}
	guest := visit(t, h)
	guest.open(link)
	guest.still().look("/questions/" + question).expect(http.StatusSeeOther)
	if guest.cookie() != "" {
		t.Error("reading a link begins a session")
	}
	post := func(to string) int { return guest.post(to, url.Values{"password": {"x"}}).status }
	if got := post(link); got != http.StatusSeeOther && got != http.StatusOK {
		t.Errorf("a password for a link without one: %d", got)
	}
}

// TestAttackSharedLinksOutliveTheirMaker: who is disabled, demoted or under
// another rule shows no more than they see; what runs for a link's visitor ends too.
func TestAttackSharedLinksOutliveTheirMaker(t *testing.T) {
	h, ada, connection, _ := shareHouse(t, "ASSAY_METRICS_ADDR=127.0.0.1:0")
	page, bo := ada.invite(t, h, "bo@example.com", "Bo", "analyst", nil)
	ada.open(page).submit("main form.form", "", fields{"attributes": "region = AT, CH"}).expect(http.StatusOK)
	person := strings.TrimPrefix(page, "/admin/users/")
	count := bo.saveSQL(connection, "Countries", "select count(*) as n, group_concat(country) as c from customers")
	link := bo.share("/questions/"+count, nil)
	guest := visit(t, h).still()
	guest.open(link).says("main", "5")

	t.Log("a rule counts at once")
	ada.post("/admin/rules", url.Values{"connection": {connection}, "table": {"customers"}, "subject": {"person:" + person}, "do": {"save"},
		"filter": {`{"column":"country","op":"in","value":{"attribute":"region"}}`}}).expect(http.StatusOK)
	guest.open(link).says("main", "AT,CH")
	if strings.Contains(guest.words("main"), "DE") {
		t.Errorf("under the rule the link shows %s", guest.words("main"))
	}

	t.Log("what the maker gained does not count, what they lost does")
	ada.open(page).submit("main form.form", "", fields{"attributes": "region = AT, CH, DE"}).expect(http.StatusOK)
	bo.open("/questions/"+count).says("#result", "DE")
	if guest.open(link); strings.Contains(guest.words("main"), "DE") {
		t.Errorf("after its maker gained a region the link shows %s", guest.words("main"))
	}
	ada.open(page).submit("main form.form", "", fields{"attributes": "region = CH, DE"}).expect(http.StatusOK)
	guest.look(link).expect(http.StatusNotFound)
	bo = visit(t, h).signIn("bo@example.com")
	bo.open("/shares").says("tbody", "stopped")
	ada.open(page).submit("main form.form", "", fields{"attributes": "region = AT, CH"}).expect(http.StatusOK)
	guest.look(link).expect(http.StatusOK)

	t.Log("demoted, and back")
	ada.open(page).submit("main form.form", "", fields{"role": "viewer"}).expect(http.StatusOK)
	guest.look(link).expect(http.StatusNotFound)
	ada.open(page).submit("main form.form", "", fields{"role": "analyst"}).expect(http.StatusOK)
	guest.look(link).expect(http.StatusOK)

	t.Log("what runs for a visitor ends when its maker is disabled")
	monitor := visit(t, h)
	at, err := url.Parse(metricsAddress.FindString(h.log.String()))
	if err != nil || at.Host == "" {
		t.Fatalf("no address of the metrics in the log: %v", err)
	}
	monitor.at = at
	bo = visit(t, h).signIn("bo@example.com")
	bo.post("/questions", url.Values{"name": {"Endless"}, "connection": {connection}, "sql": {"with recursive c(n) as (select 1 union all select n + 1 from c) select count(*) as n from c"}}).expect(http.StatusOK)
	endless := bo.share(bo.at.Path, nil)
	type answer struct {
		status int
		text   string
	}
	done := make(chan answer, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() {
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, h.base+endless, nil)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			done <- answer{0, err.Error()}
			return
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		done <- answer{res.StatusCode, string(text)}
	}()
	eventually(t, "the visitor's question to run", func() bool {
		select {
		case got := <-done:
			t.Fatalf("the endless question answered %d: %s", got.status, got.text[:min(len(got.text), 500)])
		default:
		}
		return strings.Contains(monitor.open("/metrics").body, "assay_queries_running 1")
	})
	disabled := time.Now()
	ada.post(page+"/disable", nil).expect(http.StatusOK)
	guest.look(link).expect(http.StatusNotFound)
	if took := time.Since(disabled); took > 5*time.Second {
		t.Errorf("the link opened for %s after its maker was disabled", took)
	}
	select {
	case got := <-done:
		if strings.Contains(got.text, "Endless") && strings.Contains(got.text, "doc-figure") && !strings.Contains(got.text, "cannot be shown now") {
			t.Errorf("the visitor of somebody disabled got %d: %s", got.status, got.text[:min(len(got.text), 500)])
		}
	case <-time.After(5*time.Second - time.Since(disabled)):
		t.Error("a visitor's question runs on for five seconds after the link's maker was disabled")
	}
	guest.look(endless).expect(http.StatusNotFound)
}

// TestAttackSharedTokensInWhatIsWrittenDown: neither the log nor a file nor a
// page that was followed to says the token.
func TestAttackSharedTokensInWhatIsWrittenDown(t *testing.T) {
	h, ada, _, question := shareHouse(t)
	link := ada.share("/questions/"+question, fields{"free.least": "on", "download": "on"})
	token := strings.TrimPrefix(link, "/r/")
	guest := visit(t, h)
	guest.open(link)
	guest.look(link + "?tenant=1")
	guest.look(link + ".csv")
	guest.look(link + "/embed")
	for _, to := range []string{"/shares", "/questions/" + question + "/share", "/admin/audit", "/admin/audit.jsonl"} {
		if ada.open(to); strings.Contains(ada.body, token) {
			t.Errorf("%s tells the token", to)
		}
	}
	if strings.Contains(h.log.String(), token) || strings.Contains(h.out.String(), token) {
		t.Error("the log tells the token")
	}
	dir := ""
	for _, setting := range h.env {
		if at, ok := strings.CutPrefix(setting, "ASSAY_DATA_DIR="); ok {
			dir = at
		}
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), token) {
			t.Errorf("the file %s holds the token", filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAttackSharedAnswersAreKeptNowhere: no cache keeps what a link shows, and the
// site that a reader goes on to does not learn the link.
func TestAttackSharedAnswersAreKeptNowhere(t *testing.T) {
	var mu sync.Mutex
	var referers []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path == "/from-here" {
			referers = append(referers, r.Referer())
		}
		fmt.Fprint(w, "<title>Elsewhere</title><h1>Elsewhere</h1>")
	}))
	defer elsewhere.Close()
	h, ada, connection, question := shareHouse(t)
	report := ada.writeReport(fields{"name": "Read on", "text": "[Elsewhere](" + elsewhere.URL + "/from-here)\n\n```table\nquestion: Orders by state\n```\n"})
	board := ada.board("Board", map[string]any{"cards": []card{{"id": "a", "question": ada.saveSQL(connection, "Count", "select count(*) as n from orders"), "w": 6, "h": 4}}})
	for object, parts := range map[string][]string{
		"/questions/" + question: {"", "?p.least=1", ".csv", ".xlsx", ".pdf", "/embed", "?wrong=1"},
		report:                   {"", ".pdf", "/embed"},
		board:                    {"", ".pdf", "/embed", "/cards/a", "/cards/none"},
	} {
		values := fields{"download": "on", "origins": "https://intranet.example.com"}
		if strings.HasPrefix(object, "/questions/") {
			values["free.least"] = "on"
		}
		link := ada.share(object, values)
		guest := visit(t, h)
		for _, part := range parts {
			guest.look(link + part)
			if cache := guest.header.Get("Cache-Control"); !strings.Contains(cache, "no-store") {
				t.Errorf("%s%s may be kept: %q", object, part, cache)
			}
			if guest.header.Get("Referrer-Policy") != "no-referrer" || guest.header.Get("Set-Cookie") != "" || guest.header.Get("Location") != "" {
				t.Errorf("%s%s has the head %v", object, part, guest.header)
			}
		}
	}

	link := ada.share(report, nil)
	b := open(t, chromium(t), h)
	b.goTo(link)
	b.press(`.doc a[href^="http"]`, "Elsewhere")
	mu.Lock()
	defer mu.Unlock()
	if len(referers) != 1 || referers[0] != "" {
		t.Errorf("the other site was told %q", referers)
	}
}

// TestSharedPageNeedsNothingElse: all that the page loads is open to strangers.
func TestSharedPageNeedsNothingElse(t *testing.T) {
	h, ada, _, question := shareHouse(t)
	link := ada.share("/questions/"+question, nil)
	guest := visit(t, h).still()
	guest.open(link)
	var loads []string
	guest.doc.Find("link[href], script[src], img[src], use[href]").Each(func(_ int, s *goquery.Selection) {
		loads = append(loads, s.AttrOr("href", s.AttrOr("src", "")))
	})
	if !slices.Contains(loads, static.Path("css/app.css")) {
		t.Errorf("the page loads %v", loads)
	}
	for _, to := range loads {
		guest.look(to).expect(http.StatusOK)
	}
	guest.open(link)
	guest.doc.Find("main a[href]").Each(func(_ int, s *goquery.Selection) {
		if to := s.AttrOr("href", ""); !strings.HasPrefix(to, "#") && !strings.HasPrefix(to, link) && !strings.HasPrefix(to, "http") {
			t.Errorf("the page leads to %s", to)
		}
	})
}

// TestSharedDashboard: cards that take long come after the page, by an address
// of their own, and a filter that is free reaches the cards.
func TestSharedDashboard(t *testing.T) {
	h, ada, connection, question := shareHouse(t)
	endless := ada.saveSQL(connection, "Endless", "with recursive c(n) as (select 1 union all select n + 1 from c) select count(*) as n from c")
	words := strings.Fields(h.command(t, "", "token", "create", "--email", "ada@example.com", "--name", "all"))
	body := fmt.Sprintf(`{"name": "Board", "cards": [{"id": "state", "kind": "question", "question": %q, "w": 6, "h": 4}, {"id": "slow", "kind": "question", "question": %q, "w": 6, "h": 4, "x": 6}],
		"filters": [{"id": "least", "label": "At least", "kind": "search", "targets": [{"card": "state", "parameter": "least"}]}]}`, question, endless)
	r, err := http.NewRequest(http.MethodPost, h.base+"/api/v1/dashboards", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+words[len(words)-1])
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var made struct {
		ID string `json:"id"`
	}
	text, _ := io.ReadAll(res.Body)
	if err := json.Unmarshal(text, &made); err != nil || made.ID == "" {
		t.Fatalf("%d %s", res.StatusCode, text)
	}
	link := ada.share("/dashboards/"+made.ID, fields{"free.least": "on"})
	guest := visit(t, h)
	begun := time.Now()
	guest.open(link).says("h1", "Board").says("#place-state", "90").says("#place-slow", "takes longer")
	if took := time.Since(begun); took > 15*time.Second {
		t.Errorf("the page waits %s for its slowest card", took)
	}
	if to := guest.doc.Find("#place-slow").AttrOr("hx-get", ""); to != link+"/cards/slow" {
		t.Errorf("the slow card is to be had at %q", to)
	}
	for _, word := range []string{"Secret warehouse", question, endless, made.ID, connection, "/questions/"} {
		if strings.Contains(guest.body, word) {
			t.Errorf("the page tells %q", word)
		}
	}
	guest.open(link+"?p.least=61").says("#place-state", "45").says("main form", "At least")
	guest.open(link+"/cards/state?p.least=61").says("#place-state", "45")
	guest.look(link + "/cards/none").expect(http.StatusNotFound)
	guest.look(link + "/cards/state?p.other=1").expect(http.StatusUnprocessableEntity)
}

// TestSharedPagesInABrowser: the pages of links, and where links are made, look right.
func TestSharedPagesInABrowser(t *testing.T) {
	browser := chromium(t)
	script := axe(t)
	h, ada, connection, question := shareHouse(t)
	slow := ada.saveSQL(connection, "Failing", "select no_such_column from orders where total > {{least:number=1}}")
	object := "/questions/" + question
	link := ada.share(object, fields{"free.least": "on", "download": "on"})
	log := ada.doc.Find("main a.btn").First().AttrOr("href", "")
	locked := ada.share(object, fields{"password": "open sesame!"})
	failing := ada.share("/questions/"+slow, nil)
	b := open(t, browser, h)
	b.goTo("/login")
	look(b, script, []page{{"shared question", link}, {"shared with a password", locked}, {"shared and failing", failing}})
	b.signIn(ada)
	look(b, script, []page{{"share form", object + "/share"}, {"links", "/shares"}, {"link", log}})
}
