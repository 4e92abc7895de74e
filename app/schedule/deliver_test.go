package schedule

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/fault"
	"assay/app/mail/mailtest"
	"assay/app/query"
)

// parts returns the bodies of a message's parts by type, decoded.
func parts(t *testing.T, a mailtest.Accepted) map[string][]byte {
	t.Helper()
	m, err := a.Message()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]byte{}
	var read func(contentType, encoding string, body io.Reader)
	read = func(contentType, encoding string, body io.Reader) {
		kind, p, err := mime.ParseMediaType(contentType)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(kind, "multipart/") {
			for r := multipart.NewReader(body, p["boundary"]); ; {
				part, err := r.NextRawPart()
				if err == io.EOF {
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				read(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part)
			}
		}
		switch strings.ToLower(encoding) {
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, body)
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		}
		b, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		found[kind] = b
	}
	read(m.Header.Get("Content-Type"), "", m.Body)
	return found
}

func TestADeliveryHasItsParts(t *testing.T) {
	for name, at := range stores(t) {
		t.Run(name, func(t *testing.T) {
			server := mailtest.New(t, nil)
			h := newHouse(t, at, through(server.Host, server.Port))
			q := h.ask(t, "Amounts", "select region, sum(amount) as amount from sales group by region order by region")
			id := h.plan(t, Body{Question: q, To: []Target{{Kind: ToMail, Address: "out@example.org"}, {Kind: ToPerson, ID: h.admin.ID}}, Attach: []string{"pdf", "csv", "xlsx"}, Note: "Good morning", Subject: "Numbers"})
			r := h.runIt(t, id)
			if d := cmp.Diff(map[string]string{"out@example.org": DeliverySent, "ada@example.com": DeliverySent}, states(r)); d != "" || r.State != RunDone {
				t.Fatalf("%s %s\n%s\n%s", r.State, d, r.Message, r.Log)
			}
			got := server.Accepted()
			if len(got) != 2 {
				t.Fatalf("%d messages", len(got))
			}
			for _, a := range got {
				p := parts(t, a)
				hash := sha256.Sum256(p["image/svg+xml"])
				want := sha256.Sum256([]byte(picture))
				if hex.EncodeToString(hash[:]) != hex.EncodeToString(want[:]) {
					t.Errorf("the drawing is another one: %q", p["image/svg+xml"])
				}
				for kind, says := range map[string]string{"text/plain": "Good morning", "text/html": "cid:figure-1.png@assay", "image/png": "png of", "application/pdf": "%PDF Amounts",
					"text/csv": "north", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "PK"} {
					if !bytes.Contains(p[kind], []byte(says)) {
						t.Errorf("%s lacks %q: %.200q", kind, says, p[kind])
					}
				}
				if !bytes.Contains(p["text/plain"], []byte("Ada put you on the schedule “Weekly” (Every day at 07:30, Europe/Berlin)")) {
					t.Errorf("it does not say why it came: %s", p["text/plain"])
				}
			}
			list, _, err := h.Audit.List(t.Context(), audit.Filter{Limit: 50})
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]int{}
			for _, e := range list {
				if e.Actor.Via == "schedule" {
					seen[e.Action]++
				}
			}
			if seen["schedule.run"] != 1 || seen["delivery.sent"] != 2 {
				t.Errorf("the record says %v", seen)
			}
		})
	}
}

// TestEachPersonGetsTheirOwnRows gives two people different rows of one table.
func TestEachPersonGetsTheirOwnRows(t *testing.T) {
	server := mailtest.New(t, nil)
	h := newHouse(t, "", through(server.Host, server.Port))
	north, south, nobody := h.person(t, "north@example.com", account.Viewer), h.person(t, "south@example.com", account.Viewer), h.person(t, "nobody@example.com", account.Viewer)
	if _, err := h.pools.Catalog(t.Context(), h.connection); err != nil {
		t.Fatal(err)
	}
	for p, region := range map[*account.Person]string{north: "north", south: "south"} {
		rule := &query.Rule{ConnectionID: h.connection, SubjectKind: account.ToPerson, SubjectID: p.ID, Table: "sales", Body: query.RuleBody{Filter: &query.Filter{Column: "region", Op: "eq", Value: json.RawMessage(`"` + region + `"`)}}}
		if err := h.rules.Create(t.Context(), rule, h.admin.ID); err != nil {
			t.Fatal(err)
		}
	}
	folder, err := h.Questions.EnsureFolder(t.Context(), "Board")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*account.Person{north, south} {
		if _, err := h.People.SetGrant(t.Context(), account.Subject{Kind: account.ToPerson, ID: p.ID}, account.InFolder(folder), account.View); err != nil {
			t.Fatal(err)
		}
	}
	q := &query.Question{Name: "Mine", FolderID: folder, ConnectionID: h.connection, Body: query.Body{SQL: "select sum(amount) as amount from sales"}}
	if err := h.Questions.Create(t.Context(), q, h.admin); err != nil {
		t.Fatal(err)
	}
	var to []Target
	for _, p := range []*account.Person{north, south, nobody, h.admin} {
		to = append(to, Target{Kind: ToPerson, ID: p.ID})
	}
	to = append(to, Target{Kind: ToMail, Address: "outside@example.org"})
	r := h.runIt(t, h.plan(t, Body{Question: q.ID, To: to, Attach: []string{"csv"}}))
	if d := cmp.Diff(map[string]string{"north@example.com": DeliverySent, "south@example.com": DeliverySent, "ada@example.com": DeliverySent, "outside@example.org": DeliverySent, "nobody@example.com": DeliverySkipped}, states(r)); d != "" {
		t.Fatalf("%s\n%s", d, r.Log)
	}
	// Whoever has no account here gets what the owner sees, and no more: Nora sees the north alone.
	nora := h.person(t, "nora@example.com", account.Analyst)
	rule := &query.Rule{ConnectionID: h.connection, SubjectKind: account.ToPerson, SubjectID: nora.ID, Table: "sales", Body: query.RuleBody{Filter: &query.Filter{Column: "region", Op: "eq", Value: json.RawMessage(`"north"`)}}}
	if err := h.rules.Create(t.Context(), rule, h.admin.ID); err != nil {
		t.Fatal(err)
	}
	hers := &Schedule{Name: "Hers", Body: Body{When: When{Every: "day"}, Question: h.ask(t, "Amounts", "select sum(amount) as amount from sales"), To: []Target{{Kind: ToMail, Address: "customer@example.org"}}, Attach: []string{"csv"}}}
	if err := h.Save(t.Context(), hers, nora); err != nil {
		t.Fatal(err)
	}
	if r := h.runIt(t, hers.ID); r.State != RunDone {
		t.Fatal(r.Log)
	}
	want := map[string]string{"north@example.com": "100", "south@example.com": "20", "ada@example.com": "120", "outside@example.org": "120", "customer@example.org": "100"}
	if n := len(server.Accepted()); n != len(want) {
		t.Errorf("%d mails", n)
	}
	for _, a := range server.Accepted() {
		p, own := parts(t, a), want[a.To]
		for _, amount := range []string{"100", "20", "120"} {
			if text := string(p["text/plain"]); strings.Contains(text, "\n"+amount+", amount") != (amount == own) {
				t.Errorf("%s reads, of %s:\n%s", a.To, amount, text)
			}
		}
		if text := string(p["text/csv"]); !strings.HasSuffix(text, "amount\r\n"+own+"\r\n") {
			t.Errorf("%s gets the file %q", a.To, text)
		}
	}
	// And nobody hears of it who may not see it.
	if !strings.Contains(r.Log, "nobody@example.com: They may") {
		t.Error(r.Log)
	}
}

func TestRetriesAndDeadLetters(t *testing.T) {
	var down atomic.Bool
	down.Store(true)
	server := mailtest.New(t, func(s *mailtest.Server) {
		s.Reply = func(step, what string) string {
			switch {
			case step == "RCPT" && what == "gone@example.org":
				return "550 5.1.1 no such user"
			case step == "RCPT" && what == "busy@example.org" && down.Load():
				return "451 4.2.1 later"
			}
			return ""
		}
	})
	h := newHouse(t, "", through(server.Host, server.Port))
	h.backoff = []time.Duration{10 * time.Millisecond, 10 * time.Millisecond, 10 * time.Millisecond}
	q := h.ask(t, "Amounts", "select sum(amount) as amount from sales")
	id := h.plan(t, Body{Question: q, To: []Target{{Kind: ToMail, Address: "ok@example.org"}, {Kind: ToMail, Address: "gone@example.org"}, {Kind: ToMail, Address: "busy@example.org"}}})
	r := h.runIt(t, id)
	if d := cmp.Diff(map[string]string{"ok@example.org": DeliverySent, "gone@example.org": DeliveryFailed, "busy@example.org": DeliveryDead}, states(r)); d != "" || r.State != RunPartly {
		t.Fatalf("%s %s\n%s", r.State, d, r.Log)
	}
	for _, d := range r.Deliveries {
		want := map[string]int{"ok@example.org": 1, "gone@example.org": 1, "busy@example.org": 4}[d.Name]
		if d.Attempt != want {
			t.Errorf("%s: %d tries, want %d", d.Name, d.Attempt, want)
		}
	}
	for _, line := range []string{"Sent to ok@example.org", "gone@example.org: The mail server refused it (550)", "given up after 4 tries", "Delivered to 1 recipient; 2 not reached"} {
		if !strings.Contains(r.Log, line) {
			t.Errorf("the log lacks %q:\n%s", line, r.Log)
		}
	}
	down.Store(false)
	for _, d := range r.Deliveries {
		err := h.Redeliver(t.Context(), d.ID, h.admin)
		if (d.Name == "ok@example.org") != fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
	h.quiet(t)
	if r = h.ends(t, r.ID); r.State != RunPartly || states(r)["busy@example.org"] != DeliverySent || states(r)["gone@example.org"] != DeliveryFailed {
		t.Errorf("%s %v\n%s", r.State, states(r), r.Log)
	}
	if n := len(server.Accepted()); n != 2 {
		t.Errorf("%d messages", n)
	}
}

func TestWebhooksAndSlack(t *testing.T) {
	for name, at := range stores(t) {
		t.Run(name, func(t *testing.T) {
			type call struct {
				header http.Header
				body   []byte
			}
			var mu sync.Mutex
			calls := map[string][]call{}
			var failing atomic.Int32
			failing.Store(2)
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				mu.Lock()
				calls[r.URL.Path] = append(calls[r.URL.Path], call{r.Header, b})
				mu.Unlock()
				switch r.URL.Path {
				case "/flaky":
					if failing.Add(-1) >= 0 {
						http.Error(w, "internal detail", http.StatusInternalServerError)
					}
				case "/moved":
					http.Redirect(w, r, "/secret", http.StatusTemporaryRedirect)
				case "/refuses":
					http.Error(w, "internal detail", http.StatusForbidden)
				}
			}))
			defer web.Close()
			h := newHouse(t, at)
			h.backoff = []time.Duration{10 * time.Millisecond, 10 * time.Millisecond}
			secrets := map[string]string{}
			var to []Target
			for path, kind := range map[string]string{"ok": ToWebhook, "flaky": ToWebhook, "moved": ToWebhook, "refuses": ToWebhook, "slack": ToSlack} {
				c := &Channel{Name: path, Kind: kind, URL: web.URL + "/" + path}
				secret, err := h.Channels.Create(t.Context(), c, h.admin)
				if err != nil || (secret != "") != (kind == ToWebhook) {
					t.Fatalf("%s: %q %v", path, secret, err)
				}
				secrets[path] = secret
				to = append(to, Target{Kind: kind, ID: c.ID})
			}
			q := h.ask(t, "Amounts <!channel>", "select sum(amount) as amount from sales")
			r := h.runIt(t, h.plan(t, Body{Question: q, To: to}))
			if d := cmp.Diff(map[string]string{"ok": DeliverySent, "flaky": DeliverySent, "moved": DeliveryFailed, "refuses": DeliveryFailed, "slack": DeliverySent}, states(r)); d != "" {
				t.Fatalf("%s\n%s", d, r.Log)
			}
			if strings.Contains(r.Log, "internal detail") || len(calls["/secret"]) > 0 || len(calls["/flaky"]) != 3 || len(calls["/ok"]) != 1 || len(calls["/slack"]) != 1 {
				t.Errorf("%v\n%s", calls, r.Log)
			}
			ids := map[string]bool{}
			for _, c := range append(calls["/flaky"], calls["/ok"]...) {
				var body hook
				if err := json.Unmarshal(c.body, &body); err != nil || body.ID != c.header.Get("Assay-Delivery") || body.Title != "Amounts <!channel>" || len(body.Figures) != 1 || body.Figures[0].Value != "120" {
					t.Errorf("%v %+v", err, body)
				}
				ids[body.ID] = true
			}
			if len(ids) != 2 {
				t.Errorf("every try has the same id: %v", ids)
			}
			c := calls["/ok"][0]
			if got := c.header.Get("Assay-Signature"); !signedNow(t, secrets["ok"], got, c.body) || signedNow(t, secrets["flaky"], got, c.body) || signedNow(t, secrets["ok"], got, append(c.body, ' ')) {
				t.Errorf("signature %q", got)
			}
			slack := string(calls["/slack"][0].body)
			if strings.Contains(slack, "<!channel>") && !strings.Contains(slack, `"plain_text"`) || !strings.Contains(slack, "120") || !strings.Contains(slack, "https://assay.example.com/questions/"+q) || calls["/slack"][0].header.Get("Assay-Signature") != "" {
				t.Error(slack)
			}
		})
	}
}

// signedNow checks a signature as a receiver would.
func signedNow(t *testing.T, secret, header string, body []byte) bool {
	t.Helper()
	stamp, _, _ := strings.Cut(strings.TrimPrefix(header, "t="), ",")
	var at int64
	if err := json.Unmarshal([]byte(stamp), &at); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(time.Unix(at, 0)); d.Abs() > time.Minute {
		t.Errorf("signed %s ago", d)
	}
	return Sign(secret, time.Unix(at, 0), body) == header
}

func TestSignIsWhatTheDocumentsSay(t *testing.T) {
	// printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac whsec_test
	want := "t=1700000000,v1=38877139021993b830af32feea6e18a8da83eb2f6e49ee50bd9e4cf4ca4d3789"
	if got := Sign("whsec_test", time.Unix(1700000000, 0), []byte(`{"a":1}`)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestWebhooksReachNoInnerNetwork is the attack of naming an address inside.
func TestWebhooksReachNoInnerNetwork(t *testing.T) {
	called := false
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer web.Close()
	h := newHouse(t, "")
	h.reach.Private = false
	h.backoff = nil
	var to []Target
	for _, address := range []string{web.URL, strings.Replace(web.URL, "127.0.0.1", "localhost", 1), "http://169.254.169.254/latest/meta-data", "http://[::1]:1/", "http://0.0.0.0:1/"} {
		c := &Channel{Name: random(), Kind: ToWebhook, URL: address}
		if _, err := h.Channels.Create(t.Context(), c, h.admin); err != nil {
			t.Fatal(err)
		}
		to = append(to, Target{Kind: ToWebhook, ID: c.ID})
	}
	r := h.runIt(t, h.plan(t, Body{Question: h.ask(t, "Amounts", "select 1 as one"), To: to}))
	for _, d := range r.Deliveries {
		if d.State != DeliveryFailed {
			t.Errorf("%s: %s", d.State, d.Message)
		}
	}
	if called {
		t.Error("the inner server was called")
	}
}

// TestAWebhookThatHangs ends within its time and does not hold up the others.
func TestAWebhookThatHangs(t *testing.T) {
	release := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hangs" {
			<-release
		}
	}))
	defer web.Close()
	defer close(release)
	h := newHouse(t, "")
	h.backoff, h.postTime = nil, 2*time.Second
	var to []Target
	for _, path := range []string{"hangs", "quick"} {
		c := &Channel{Name: path, Kind: ToWebhook, URL: web.URL + "/" + path}
		if _, err := h.Channels.Create(t.Context(), c, h.admin); err != nil {
			t.Fatal(err)
		}
		to = append(to, Target{Kind: ToWebhook, ID: c.ID})
	}
	run, err := h.RunNow(t.Context(), h.plan(t, Body{Question: h.ask(t, "Amounts", "select 1 as one"), To: to}), h.admin)
	if err != nil {
		t.Fatal(err)
	}
	h.Start(t.Context())
	within(t, time.Second, "the quick one waits for the one that hangs", func() bool {
		r, err := h.Run(t.Context(), run)
		return err == nil && states(r)["quick"] == DeliverySent
	})
	started := time.Now()
	r := h.ends(t, run)
	if states(r)["hangs"] != DeliveryUnknown || time.Since(started) > 2*h.postTime || r.State != RunPartly {
		t.Errorf("%v after %s\n%s", states(r), time.Since(started), r.Log)
	}
}

func TestTheOwnerMatters(t *testing.T) {
	server := mailtest.New(t, nil)
	h := newHouse(t, "", through(server.Host, server.Port))
	analyst := h.person(t, "eve@example.com", account.Analyst)
	q := h.ask(t, "Amounts", "select sum(amount) as amount from sales")
	i := &Schedule{Name: "Mine", Body: Body{When: When{Every: "day"}, Question: q, To: []Target{{Kind: ToMail, Address: "x@example.org"}}, Owner: h.admin.ID}}
	if err := h.Save(t.Context(), i, analyst); err != nil {
		t.Fatal(err)
	}
	if i.Body.Owner != analyst.ID {
		t.Errorf("the owner is %s: somebody else's rights can be used", i.Body.Owner)
	}
	// The attack: the body that is stored names another owner.
	i.Body.Owner = h.admin.ID
	if err := h.Schedules.Update(t.Context(), i, analyst); err != nil {
		t.Fatal(err)
	}
	if r := h.runIt(t, i.ID); !strings.Contains(r.Log, "Runs as eve@example.com") {
		t.Error(r.Log)
	}
	analyst.Disabled = true
	if err := h.People.Update(t.Context(), analyst); err != nil {
		t.Fatal(err)
	}
	r := h.runIt(t, i.ID)
	s, err := h.Standing(t.Context(), i.ID)
	if r.State != RunFailed || err != nil || !strings.Contains(s.Stopped, "eve@example.com, who saved it, is disabled") || len(server.Accepted()) != 1 {
		t.Errorf("%s %+v %v, %d messages\n%s", r.State, s, err, len(server.Accepted()), r.Log)
	}
	back, err := h.Restore(t.Context(), i.ID, 1, h.admin)
	if err != nil {
		t.Fatal(err)
	}
	s, err = h.Standing(t.Context(), i.ID)
	if err != nil || s.Stopped != "" || back.Body.Owner != h.admin.ID || s.NextAt == nil {
		t.Errorf("%+v %v, owner %s", s, err, back.Body.Owner)
	}
	if r := h.runIt(t, i.ID); !strings.Contains(r.Log, "Runs as ada@example.com") {
		t.Error(r.Log)
	}
}

func TestWhoMay(t *testing.T) {
	server := mailtest.New(t, nil)
	h := newHouse(t, "", through(server.Host, server.Port), func(d *Deps) { d.MailDomains = []string{"Example.org"} })
	viewer := h.person(t, "v@example.com", account.Viewer)
	q := h.ask(t, "Amounts", "select 1 as one")
	good := Body{When: When{Every: "day"}, Question: q, To: []Target{{Kind: ToMail, Address: "x@example.org"}}}
	change := func(f func(*Body)) Body { b := good; b.To = append([]Target(nil), b.To...); f(&b); return b }
	for name, c := range map[string]struct {
		body  Body
		by    *account.Person
		kind  fault.Kind
		field string
	}{
		"a viewer":                {good, viewer, fault.Denied, ""},
		"an unknown question":     {change(func(b *Body) { b.Question = "nope" }), h.admin, fault.Invalid, "question"},
		"an unknown report":       {change(func(b *Body) { b.Question, b.Report = "", "nope" }), h.admin, fault.Invalid, "report"},
		"another domain":          {change(func(b *Body) { b.To[0].Address = "x@evil.example" }), h.admin, fault.Invalid, "to"},
		"an unknown person":       {change(func(b *Body) { b.To[0] = Target{Kind: ToPerson, ID: "nope"} }), h.admin, fault.Invalid, "to"},
		"an unknown channel":      {change(func(b *Body) { b.To[0] = Target{Kind: ToSlack, ID: "nope"} }), h.admin, fault.Invalid, "to"},
		"a zone that is none":     {change(func(b *Body) { b.When.Zone = "Europe/Atlantis" }), h.admin, fault.Invalid, "when.zone"},
		"an injected address":     {change(func(b *Body) { b.To[0].Address = "x@example.org\r\nBcc: y@example.org" }), h.admin, fault.Invalid, "to"},
		"two things at once":      {change(func(b *Body) { b.Dashboard = "x" }), h.admin, fault.Invalid, "question"},
		"a file of another kind":  {change(func(b *Body) { b.Attach = []string{"docx"} }), h.admin, fault.Invalid, "attach"},
		"nobody to deliver it to": {change(func(b *Body) { b.To = nil }), h.admin, fault.Invalid, "to"},
	} {
		err := h.Save(t.Context(), &Schedule{Name: "x", Body: c.body}, c.by)
		if !fault.Is(err, c.kind) || c.field != "" && fault.FieldsOf(err)[c.field] == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	id := h.plan(t, good)
	for name, f := range map[string]func() error{
		"run":     func() error { _, err := h.RunNow(t.Context(), id, viewer); return err },
		"pause":   func() error { return h.Pause(t.Context(), id, viewer) },
		"resume":  func() error { return h.Resume(t.Context(), id, viewer) },
		"silence": func() error { return h.Silence(t.Context(), id, time.Now().Add(time.Hour), viewer) },
		"channel": func() error {
			_, err := h.Channels.Create(t.Context(), &Channel{Name: "x", Kind: ToSlack, URL: "https://example.com"}, viewer)
			return err
		},
	} {
		if err := f(); !fault.Is(err, fault.Denied) {
			t.Errorf("a viewer may %s: %v", name, err)
		}
	}
	// A domain that is closed later closes for what was saved before.
	h.MailDomains = []string{"elsewhere.example"}
	h.backoff = nil
	if r := h.runIt(t, id); r.State != RunFailed || len(server.Accepted()) > 0 {
		t.Errorf("%s\n%s", r.State, r.Log)
	}
}

// TestOneSessionForManyRecipients counts the connections to the mail server: each
// recipient is written down after their own mail was taken, over a few sessions.
func TestOneSessionForManyRecipients(t *testing.T) {
	var connected atomic.Int32
	server := mailtest.New(t, func(s *mailtest.Server) {
		s.Reply = func(step, what string) string {
			if step == "connect" {
				connected.Add(1)
			}
			if step == "RCPT" && what == "r7@example.org" {
				return "550 5.1.1 no such user"
			}
			return ""
		}
	})
	h := newHouse(t, "", through(server.Host, server.Port))
	want := map[string]string{}
	var to []Target
	for i := range 20 {
		address := fmt.Sprintf("r%d@example.org", i)
		to, want[address] = append(to, Target{Kind: ToMail, Address: address}), DeliverySent
	}
	want["r7@example.org"] = DeliveryFailed
	r := h.runIt(t, h.plan(t, Body{Question: h.ask(t, "Amounts", "select sum(amount) as amount from sales"), To: to}))
	if d := cmp.Diff(want, states(r)); d != "" {
		t.Errorf("%s\n%s", d, r.Log)
	}
	count := map[string]int{}
	for _, a := range server.Accepted() {
		count[a.To]++
	}
	if len(count) != 19 || len(server.Accepted()) != 19 {
		t.Errorf("the mails went to %v", count)
	}
	if n := connected.Load(); n >= 15 {
		t.Errorf("%d connections for 20 recipients", n)
	}
}
