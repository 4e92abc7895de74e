package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/chromedp"

	"assay/app/mail/mailtest"
)

// timedHouse is a server with a mail server, a connection and two saved questions.
func timedHouse(t *testing.T, settings ...string) (h *house, v *visitor, post *mailtest.Server, byMonth, one string) {
	t.Helper()
	post = mailtest.New(t, func(s *mailtest.Server) {
		s.Reply = func(step, what string) string {
			if step == "RCPT" && strings.Contains(what, "gone@") {
				return "550 no such mailbox"
			}
			return ""
		}
	})
	h = start(t, "serve", append([]string{"ASSAY_MAIL_FROM=Assay <assay@example.com>", "ASSAY_SMTP_HOST=" + post.Host, "ASSAY_SMTP_PORT=" + strconv.Itoa(post.Port), "ASSAY_SMTP_TLS=none",
		"ASSAY_MAIL_DOMAINS=example.com,example.org"}, settings...)...)
	v = visit(t, h).setUp(h)
	connection := strings.TrimPrefix(v.connect("Shop", "sqlite://"+liteFile(t, shop())), "/connections/")
	byMonth = v.saveSQL(connection, "Orders by month", "select substr(placed_on, 1, 7) as month, sum(total) as revenue from orders where total >= {{least:number=0}} group by 1 order by 1")
	one = v.saveSQL(connection, "Names", "select name from customers")
	return h, v, post, byMonth, one
}

// got returns the mails that the server took for an address.
func got(s *mailtest.Server, to string) (n int, last string) {
	for _, a := range s.Accepted() {
		if a.To == to {
			n, last = n+1, string(a.Raw)
		}
	}
	return n, last
}

// field returns the value of a control as the page shows it.
func (v *visitor) field(name string) string {
	v.t.Helper()
	s := v.doc.Find(fmt.Sprintf(`main form [name=%q]`, name)).First()
	if s.Length() == 0 {
		v.t.Fatalf("%s has no control %q", v.at, name)
	}
	if goquery.NodeName(s) == "textarea" {
		return s.Text()
	}
	return s.AttrOr("value", "")
}

func TestSchedulesWithoutScripts(t *testing.T) {
	h, v, post, question, _ := timedHouse(t)
	h.command(t, password+"\n", "user", "create", "--email", "bob@example.com", "--name", "Bob", "--role", "viewer")
	h.command(t, password+"\n", "user", "create", "--email", "bea@example.com", "--name", "Bea", "--role", "viewer")

	t.Log("the list teaches, and the question leads here")
	v.open("/schedules").says("main", "Nothing runs by itself yet", "Deliver", "Watch", "Refresh")
	v.follow("main a", "New schedule").says("h1", "New schedule").says("main", "What shall be sent", "Orders by month").follow("main a", "Orders by month").says("h1", "New schedule")
	v.open("/questions/"+question).follow("main a", "Schedule").says("h1", "New schedule").says(".page-lead", "Orders by month")
	if got := v.field("name"); got != "Orders by month" {
		t.Errorf("a new schedule is called %q", got)
	}
	v.says(".chosen", "Ada")

	t.Log("the next times are shown before anything is saved")
	v.submit(".schedule-form", "do=preview", fields{"every": "month", "day": "-1", "at": "18:30", "zone": "America/New_York"}).expect(http.StatusOK)
	v.says("#times", "On the last day of every month at 18:30, America/New_York", "UTC")
	if n := v.doc.Find("#times li").Length(); n != 5 {
		t.Errorf("%d times are shown, want 5", n)
	}
	v.open("/schedules/times?" + url.Values{"every": {"cron"}, "cron": {"0 0 30 2 *"}}.Encode())
	v.says(".field-error", "no day on which this would run")
	for name, tt := range map[string]struct {
		values fields
		words  string
	}{
		"a zone that does not exist": {fields{"zone": "Europe/Atlantis"}, "There is no time zone"},
		"cron with four fields":      {fields{"every": "cron", "cron": "1 2 3 4"}, "Cron has five fields"},
		"an address that is none":    {fields{"mails": "boss"}, "is not an e-mail address"},
		"a domain that is not meant": {fields{"mails": "eve@evil.example"}, "Mails may not go to eve@evil.example: allowed without an account are addresses at example.com, example.org"},
		"a header in an address":     {fields{"mails": "a@example.com\r\nBcc: x@evil.example"}, "is not an e-mail address"},
		"somebody unknown":           {fields{"person": "Zoe"}, "Nobody here is called “Zoe”"},
		"a name that fits two":       {fields{"person": "b"}, "say more of the name"},
		"no name":                    {fields{"name": " "}, "Give the schedule a name"},
		"a number that is none":      {fields{"every": "hour", "minute": "77"}, "A minute is 0 to 59"},
	} {
		v.open("/schedules/new?question="+question).submit(".schedule-form", "do=save", tt.values)
		if v.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d", name, v.status)
		}
		v.says(".field-error", tt.words)
		for field, value := range tt.values {
			if got := v.field(field); strings.TrimSpace(got) != strings.TrimSpace(strings.ReplaceAll(value, "\r\n", "\n")) && field != "every" {
				t.Errorf("%s: %s holds %q afterwards", name, field, got)
			}
		}
	}
	v.open("/schedules/new?question="+question).post("/schedules", url.Values{"what": {"question:" + question}, "act": {"deliver"}, "every": {"week"}, "zone": {"UTC"}, "name": {"x"}, "do": {"save"}}).expect(http.StatusUnprocessableEntity)
	v.says(".field-error", "Choose at least one weekday").says("#to-error", "Choose at least one recipient")

	t.Log("people are found by a part of their name, added and taken away")
	v.open("/schedules/new?question="+question).submit(".schedule-form", "do=add", fields{"person": "bob"}).expect(http.StatusOK).says(".chosen", "Bob", "Ada")
	me := v.doc.Find(".chosen li").FilterFunction(func(_ int, s *goquery.Selection) bool { return strings.Contains(s.Text(), "Ada") }).Find("input").AttrOr("value", "")
	v.submit(".schedule-form", "do=remove-"+me, nil).expect(http.StatusOK)
	if strings.Contains(v.words(".chosen"), "Ada") || !strings.Contains(v.words(".chosen"), "Bob") {
		t.Errorf("after one was taken away the chosen are %q", v.words(".chosen"))
	}

	t.Log("a test goes to whoever asks alone")
	v.submit(".schedule-form", "do=test", fields{"attach": "csv", "mails": "gone@example.com\nboss@example.org", "v.least": "20", "note": "For Monday."}).expect(http.StatusOK)
	v.says("[role=status]", "A test was sent to ada@example.com. Nothing is saved yet.")
	if n, text := got(post, "ada@example.com"); n != 1 || !strings.Contains(text, "Subject: Test: Orders by month") || len(post.Accepted()) != 1 {
		t.Errorf("%d tests came to Ada, %d mails in all", n, len(post.Accepted()))
	}
	v.submit(".schedule-form", "do=save", fields{"attach": "csv", "name": "Monthly <orders>"}).expect(http.StatusOK).says("h1", "Monthly <orders>").says("[role=status]", "It is saved")
	at := v.at.Path
	v.says("main", "Sends the question Orders by month to 3 recipients", "Every Monday at 07:30, UTC", "least: 20", "CSV", "For Monday.", "It has not run yet", "Ada (ada@example.com)")

	t.Log("it runs on request, and says to whom it came")
	v.submit("form[action$='/run']", "", nil).expect(http.StatusOK)
	eventually(t, "the run to end", func() bool { return v.open(at).doc.Find(".run .badge").First().Text() == "partly sent" })
	v.says(".deliveries", "boss@example.org", "sent", "bob@example.com", "gone@example.com", "refused", "550").says(".run", "on request", "Delivered to 2 recipients; 1 not reached")
	if n, text := got(post, "boss@example.org"); n != 1 || !strings.Contains(text, ".csv") {
		t.Errorf("%d mails came to boss@example.org, with a CSV: %v", n, strings.Contains(text, ".csv"))
	}
	v.open("/schedules?show=failing").says(".timetable", "Monthly <orders>", "partly sent")
	v.open(at).submit(".deliveries form", "", nil).expect(http.StatusOK)
	eventually(t, "the second try to be refused", func() bool {
		return strings.Contains(v.open(at).words(".log"), "tried again for ada@example.com") && strings.Contains(v.words(".run .badge"), "refused")
	})

	t.Log("paused, changed, compared, brought back")
	v.submit("form[action$='/pause']", "", nil).expect(http.StatusOK).says("h1", "paused").says("aside", "not while it is paused")
	v.submit("form[action$='/resume']", "", nil).expect(http.StatusOK).says("aside", "next")
	v.follow("main a", "Edit").says("h1", "Change Monthly <orders>")
	if v.field("v.least") != "20" || v.field("mails") != "gone@example.com\nboss@example.org\n" {
		t.Errorf("the form has forgotten: %q, %q", v.field("v.least"), v.field("mails"))
	}
	second := visit(t, h).signIn("ada@example.com").open(at + "/edit")
	v.submit(".schedule-form", "do=save", fields{"every": "day", "at": "06:00", "zone": "Asia/Kolkata", "mails": "boss@example.org"}).expect(http.StatusOK).says("main", "Every day at 06:00, Asia/Kolkata")
	second.submit(".schedule-form", "do=save", fields{"name": "Mine"}).expect(http.StatusConflict).says("[role=alert]", "in the meantime", "Ada")
	v.follow("main a", "Versions").says("main", "Every day at 06:00, Asia/Kolkata", "Every Monday at 07:30, UTC", "Restore")
	v.submit("form[action$='/restore']", "", nil).expect(http.StatusOK).says("main", "Every Monday at 07:30, UTC", "gone@example.com")

	t.Log("a refresh has nobody to send to")
	v.open("/schedules/new?act=refresh&question="+question).submit(".schedule-form", "do=save", fields{"every": "hour", "minute": "5"}).expect(http.StatusOK).says("main", "Refreshes the question Orders by month", "Every hour at minute 5")
	v.open("/schedules?q=monthly").says(".timetable", "Monthly <orders>")
	if n := v.doc.Find(".timetable li").Length(); n != 1 {
		t.Errorf("looking for monthly finds %d", n)
	}
	v.open(at).follow("main a", "Delete …").submit("main form", "", nil).expect(http.StatusOK).says("[role=status]", "Monthly <orders> was deleted.")
	v.look(at).expect(http.StatusNotFound)
}

func TestAlertsWithoutScripts(t *testing.T) {
	_, v, post, question, words := timedHouse(t)
	v.open("/questions/"+question).follow("main a", "Alert me").says("h1", "New alert").says("main", "Orders by month", "revenue")
	for name, tt := range map[string]struct {
		values fields
		words  string
	}{
		"no value":                  {fields{}, "Give the value that it is compared with"},
		"not a number":              {fields{"value": "1,5,0"}, "Write a number such as 1000 or 12.5"},
		"not finite":                {fields{"value": "inf"}, "Write a number"},
		"upper below lower":         {fields{"condition": "outside", "value": "5", "upper": "1"}, "The upper bound is above the lower one"},
		"never met":                 {fields{"condition": "fall", "value": "150"}, "never met"},
		"ends above where it fires": {fields{"condition": "above", "value": "5", "clear": "9"}, "It ends at or below 5"},
	} {
		v.open("/alerts/new?question="+question).submit(".alert-form", "do=save", tt.values)
		if v.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d", name, v.status)
		}
		v.says(".field-error", tt.words)
	}
	v.open("/alerts/new?question="+words).submit(".alert-form", "do=save", fields{"value": "5"}).expect(http.StatusUnprocessableEntity).says(".field-error", "no column of numbers")

	t.Log("tried on the answer of now, with the bound in the drawing")
	v.open("/alerts/new?question="+question).submit(".alert-form", "do=preview", fields{"condition": "above", "value": "1000"}).expect(http.StatusOK).says("#preview", "It would fire now", "revenue is 1,155", "1,000")
	if v.doc.Find("#preview svg").Length() == 0 {
		t.Error("the preview has no drawing")
	}
	v.submit(".alert-form", "do=preview", fields{"condition": "below", "value": "1000"}).says("#preview", "It would not fire now")
	v.submit(".alert-form", "do=preview", fields{"condition": "anomaly", "value": "3.5", "back": "11"}).says("#preview", "too few rows", "cannot fire")
	v.submit(".alert-form", "do=preview", fields{"condition": "rise", "value": "5", "back": "1"}).says("#preview", "would fire", "1,055")

	t.Log("saved, run, silenced")
	v.submit(".alert-form", "do=test", fields{"condition": "above", "value": "1000"}).expect(http.StatusOK).says("[role=status]", "A test was sent to ada@example.com")
	v.submit(".alert-form", "do=save", fields{"condition": "above", "value": "1000", "again": "24", "clear": "900", "mails": "boss@example.org", "name": "Orders rise"}).expect(http.StatusOK).says("h1", "Orders rise").says("main", "Not looked yet", "rises above 1,000", "every 24 hours")
	at := v.at.Path
	v.submit("form[action$='/run']", "", nil).expect(http.StatusOK)
	eventually(t, "the alert to fire", func() bool {
		n, _ := got(post, "boss@example.org")
		return n == 1 && v.open(at).doc.Find(".run .badge").First().Text() == "done"
	})
	v.says("section[aria-label=State]", "Firing", "since", "revenue is 1,155", "Why")
	v.open("/schedules").says(".timetable", "Orders rise", "firing")
	v.open(at).submit("form[action$='/silence']", "", fields{"for": "24"}).expect(http.StatusOK).says("[role=status]", "tells nobody until").says("section[aria-label=State]", "silent until")
	v.submit("form[action$='/silence']", "", fields{"for": "0"})
	v.open(at)
	v.post(at+"/silence", url.Values{"for": {"0"}}, "Sec-Fetch-Site", "same-origin").expect(http.StatusOK)
	if strings.Contains(v.words("section[aria-label=State]"), "silent until") {
		t.Error("it is silent still")
	}
	v.follow("main a", "Edit")
	if v.field("value") != "1000" || v.field("clear") != "900" {
		t.Errorf("the form has forgotten the bounds: %q, %q", v.field("value"), v.field("clear"))
	}
	v.submit(".alert-form", "do=save", fields{"value": "5000"}).expect(http.StatusOK).follow("main a", "Versions").says(".changes", "rises above 1,000", "rises above 5,000")
	v.open(at+"/delete").submit("main form", "", nil).expect(http.StatusOK).says("[role=status]", "was deleted")
}

func TestChannelsAndMail(t *testing.T) {
	var calls atomic.Int32
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
	}))
	defer hook.Close()
	_, v, post, question, _ := timedHouse(t)
	v.open("/admin/channels").says("main", "No channel yet").follow("main a", "Add a channel")
	v.submit("main form", "", fields{"name": "Hook", "kind": "webhook", "url": "ftp://x"}).expect(http.StatusUnprocessableEntity).says(".field-error", "not an address")
	v.open("/admin/channels/new").submit("main form", "", fields{"name": "Hook", "kind": "webhook", "url": hook.URL + "/secret-path"}).expect(http.StatusOK).says("main", "It is shown only now")
	secret := strings.TrimSpace(v.doc.Find("#secret").Text())
	if !strings.HasPrefix(secret, "whsec_") {
		t.Fatalf("the secret is %q", secret)
	}
	v.open("/admin/channels").follow("main .list-title", "Hook")
	at := v.at.Path
	hidden := func() {
		if strings.Contains(v.body, "secret-path") || strings.Contains(v.body, secret) {
			t.Errorf("%s shows the address or the secret", v.at)
		}
	}
	hidden()
	v.submit("form[action$='/test']", "", nil).expect(http.StatusOK).says("[role=status]", "The message arrived")
	if calls.Load() != 1 {
		t.Errorf("the program was called %d times", calls.Load())
	}
	hidden()
	hook.Close()
	v.submit("form[action$='/test']", "", nil).expect(http.StatusOK).says("[role=status]", "did not arrive", "could not be reached")
	v.open(at).submit("main form.form", "", fields{"name": "Sales hook"}).expect(http.StatusOK).says("h1", "Sales hook")
	hidden()
	v.submit("form[action$='/secret']", "", nil).expect(http.StatusOK)
	if again := strings.TrimSpace(v.doc.Find("#secret").Text()); again == secret || !strings.HasPrefix(again, "whsec_") {
		t.Errorf("the new secret is %q", again)
	}
	v.open("/schedules/new?question="+question).says("[aria-label=Channels]", "Sales hook (webhook)")
	hidden()
	v.open(at+"/delete").submit("main form", "", nil).expect(http.StatusOK).says("[role=status]", "Sales hook was deleted")

	v.open("/admin/settings").says("#mail", "Mails are sent from assay@example.com", "example.com, example.org").submit("#mail form", "", nil).expect(http.StatusOK).says("[role=status]", "took a test mail for ada@example.com")
	if n, _ := got(post, "ada@example.com"); n != 1 {
		t.Errorf("%d test mails arrived", n)
	}
}

func TestSchedulesWithoutMail(t *testing.T) {
	h := start(t, "serve")
	v := visit(t, h).setUp(h)
	connection := strings.TrimPrefix(v.connect("Shop", "sqlite://"+liteFile(t, shop())), "/connections/")
	question := v.saveSQL(connection, "Orders", "select count(*) as n from orders")
	v.open("/admin/settings").says("#mail", "no mail server is set up", "ASSAY_SMTP_HOST", "ASSAY_MAIL_FROM")
	v.post("/admin/settings/mail", nil, "Sec-Fetch-Site", "same-origin").expect(http.StatusUnprocessableEntity)
	v.open("/schedules/new?question="+question).says(".notice-warn", "ASSAY_SMTP_HOST", "ASSAY_MAIL_FROM")
	v.submit(".schedule-form", "do=save", fields{"mails": "a@example.com"}).expect(http.StatusUnprocessableEntity).says("#to-error", "No mail server is set up")
	v.submit(".schedule-form", "do=test", nil).says("#to-error, [role=alert]", "No mail server is set up")
	v.open("/schedules/new?act=refresh&question="+question).submit(".schedule-form", "do=save", nil).expect(http.StatusOK).says("main", "Refreshes")
}

func TestScheduleRights(t *testing.T) {
	h, admin, _, question, _ := timedHouse(t)
	for _, role := range []string{"analyst", "viewer"} {
		h.command(t, password+"\n", "user", "create", "--email", role+"@example.com", "--name", "One "+role, "--role", role)
	}
	analyst, viewer := visit(t, h).signIn("analyst@example.com"), visit(t, h).signIn("viewer@example.com")
	admin.open("/schedules/new?question="+question).submit(".schedule-form", "do=save", fields{"name": "Open to all"}).expect(http.StatusOK)
	at := admin.at.Path

	viewer.open(at).says("h1", "Open to all")
	if n := viewer.doc.Find("main form").Length(); n != 0 {
		t.Errorf("a viewer is offered %d forms", n)
	}
	for _, path := range []string{"/run", "/pause", "/resume", "/cancel/x", "/deliveries/x", "/restore", "/delete", ""} {
		viewer.post(at+path, url.Values{"do": {"save"}}, "Sec-Fetch-Site", "same-origin").expect(http.StatusForbidden)
	}
	viewer.look("/schedules/new").expect(http.StatusForbidden)
	viewer.look("/admin/channels").expect(http.StatusForbidden)
	analyst.look("/admin/channels").expect(http.StatusForbidden)

	t.Log("whoever saves it owns it, and is told so before")
	analyst.open(at+"/edit").says(".notice-warn", "This schedule runs as Ada", "When you save it, it is yours")
	analyst.submit(".schedule-form", "do=save", nil).expect(http.StatusOK).says("aside", "One analyst (analyst@example.com)")
	admin.open("/schedules?show=mine").says("main", "None of yours")
	analyst.open("/schedules?show=mine").says(".timetable", "Open to all")

	t.Log("in a folder that was not granted it is not there")
	admin.open(at+"/edit").submit(".schedule-form", "do=save", fields{"folder": "Board"}).expect(http.StatusOK)
	admin.open("/admin/access").follow("main a", "Board")
	admin.submit("form[action*='/grants/'][action$='/delete']", "", nil).expect(http.StatusOK)
	for _, v := range []*visitor{analyst, viewer} {
		for _, path := range []string{at, at + "/runs", at + "/versions"} {
			if v.look(path); v.status != http.StatusNotFound {
				t.Errorf("GET %s answers %d", path, v.status)
			}
		}
		if v.open("/schedules"); strings.Contains(v.body, "Open to all") {
			t.Error("the list names it")
		}
	}
	for _, path := range []string{"/run", "/pause", "/cancel/x", "/deliveries/x", "/delete", ""} {
		analyst.post(at+path, url.Values{"do": {"save"}}, "Sec-Fetch-Site", "same-origin").expect(http.StatusNotFound)
	}

	t.Log("another one's runs and deliveries are not reached through one's own")
	admin.post(at+"/run", nil, "Sec-Fetch-Site", "same-origin").expect(http.StatusOK)
	run := strings.TrimPrefix(admin.doc.Find(".run").First().AttrOr("id", ""), "run-")
	analyst.open("/schedules/new?act=refresh&question="+question).submit(".schedule-form", "do=save", nil).expect(http.StatusOK)
	analyst.post(analyst.at.Path+"/cancel/"+run, nil, "Sec-Fetch-Site", "same-origin").expect(http.StatusNotFound)

	t.Log("a question that one may not see is none to choose")
	analyst.look("/schedules/new?question=none").expect(http.StatusNotFound)
	analyst.look("/alerts/new?question=none").expect(http.StatusNotFound)
	analyst.post("/schedules", url.Values{"what": {"dashboard:none"}, "act": {"refresh"}, "every": {"day"}, "name": {"x"}, "do": {"save"}}, "Sec-Fetch-Site", "same-origin").expect(http.StatusUnprocessableEntity)
}

func TestSchedulesInABrowser(t *testing.T) {
	browser, script := chromium(t), axe(t)
	h, v, _, question, _ := timedHouse(t)
	v.open("/admin/channels/new").submit("main form", "", fields{"name": evil, "kind": "slack", "url": "https://hooks.slack.com/services/x"}).expect(http.StatusOK)
	channel := v.at.Path
	b := open(t, browser, h)
	b.goTo("/login")
	b.signIn(v)
	look(b, script, []page{{"empty list", "/schedules"}, {"pick", "/schedules/new"}})

	v.open("/schedules/new?question="+question).submit(".schedule-form", "do=save", fields{"name": evil, "mails": "gone@example.com", "note": evil, "subject": evil, "folder": evil, "description": evil}).expect(http.StatusOK)
	schedule := v.at.Path
	v.submit("form[action$='/run']", "", nil)
	v.open("/alerts/new?question="+question).submit(".alert-form", "do=save", fields{"name": evil, "condition": "above", "value": "10", "note": evil}).expect(http.StatusOK)
	alert := v.at.Path
	v.submit("form[action$='/run']", "", nil)
	for _, at := range []string{schedule, alert} {
		eventually(t, "the run to end", func() bool { return v.open(at).doc.Find("#runs .spinner").Length() == 0 })
	}
	look(b, script, []page{{"list", "/schedules"}, {"schedule", schedule}, {"schedule form", schedule + "/edit"}, {"new schedule", "/schedules/new?question=" + question}, {"alert", alert}, {"alert form", alert + "/edit"},
		{"versions", schedule + "/versions"}, {"delete", schedule + "/delete"}, {"channels", "/admin/channels"}, {"channel", channel}, {"settings", "/admin/settings"}})
	b.size(1440, 900)

	t.Log("the next times follow the form")
	b.goTo("/schedules/new?question=" + question)
	b.run(`(() => { const s = document.querySelector('#every'); s.value = 'cron'; s.dispatchEvent(new Event('change', {bubbles: true})) })()`)
	b.holds(`document.querySelector('#cron').checkVisibility() && !document.querySelector('#at').checkVisibility()`)
	b.do(chromedp.SendKeys("#cron", "0 9 * * 1", chromedp.ByQuery))
	b.holds(`document.querySelector('#times').textContent.includes('By cron 0 9 * * 1')`)
	b.do(chromedp.Focus("#zone", chromedp.ByQuery))
	b.enter("#zone", "Europe/Atlantis")
	b.holds(`document.querySelector('#times').textContent.includes('There is no time zone')`)
	b.sound()

	t.Log("a condition is tried in place, and a run is followed")
	b.goTo(alert + "/edit")
	b.enter(`[name="value"]`, "99999")
	b.do(chromedp.Click("button[value=preview]", chromedp.ByQuery))
	b.holds(`document.querySelector('#preview').textContent.includes('It would not fire now')`)
	b.goTo(alert)
	b.run(`window.leaving = true; document.querySelector("form[action$='/run'] button").click()`)
	b.holds(`!window.leaving && document.querySelectorAll('.run').length === 2 && !document.querySelector('#runs .spinner')`)
	b.sound()
}
