package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"assay/app/mail/mailtest"
)

// letter is a mail taken apart.
type letter struct {
	text  string
	html  *goquery.Document
	files map[string][]byte // by name
	ids   map[string]string // their types, by Content-ID
}

// read takes a mail apart.
func read(t *testing.T, a mailtest.Accepted) *letter {
	t.Helper()
	m, err := a.Message()
	if err != nil {
		t.Fatal(err)
	}
	l := &letter{files: map[string][]byte{}, ids: map[string]string{}}
	var walk func(kind string, body io.Reader)
	walk = func(kind string, body io.Reader) {
		_, p, err := mime.ParseMediaType(kind)
		if err != nil {
			t.Fatal(err)
		}
		for r := multipart.NewReader(body, p["boundary"]); ; {
			part, err := r.NextRawPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(kind, "multipart/") {
				walk(part.Header.Get("Content-Type"), part)
				continue
			}
			var in io.Reader = part
			switch strings.ToLower(part.Header.Get("Content-Transfer-Encoding")) {
			case "base64":
				in = base64.NewDecoder(base64.StdEncoding, part)
			case "quoted-printable":
				in = quotedprintable.NewReader(part)
			}
			b, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			switch id := strings.Trim(part.Header.Get("Content-Id"), "<>"); {
			case id != "":
				l.ids[id] = kind
			case part.FileName() != "":
				l.files[part.FileName()] = b
			case kind == "text/html":
				if l.html, err = goquery.NewDocumentFromReader(bytes.NewReader(b)); err != nil {
					t.Fatal(err)
				}
			default:
				l.text = string(b)
			}
		}
	}
	walk(m.Header.Get("Content-Type"), m.Body)
	return l
}

// deliveries is a server with people who see different orders, a dashboard and a
// report about them, and a mail server.
type deliveries struct {
	*program
	t                                  *testing.T
	post                               *mailtest.Server
	pia, otto, revenue, board, account string
}

func (d *deliveries) make(path string, body map[string]any) string {
	d.t.Helper()
	var made struct {
		ID string `json:"id"`
	}
	d.call(d.t, http.MethodPost, "/api/v1"+path, body, &made)
	return made.ID
}

func (d *deliveries) remove(path string) {
	d.t.Helper()
	res := d.request(d.t, d.t.Context(), http.MethodDelete, "/api/v1"+path, "", nil)
	res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		d.t.Fatalf("%s: %s", path, res.Status)
	}
}

// page returns the administrator's browser.
func (d *deliveries) page() *visitor {
	d.t.Helper()
	return visit(d.t, d.house).open("/login").submit("form", "", fields{"email": "admin@example.com", "password": "three quiet herons"}).expect(http.StatusOK)
}

// run runs a schedule or an alert and returns how that ended.
func (d *deliveries) run(path string) (state, log string) {
	d.t.Helper()
	var began struct{ Run string }
	d.call(d.t, http.MethodPost, "/api/v1"+path+"/run", nil, &began)
	eventually(d.t, "the run to end", func() bool {
		var list struct {
			Items []struct {
				ID, State, Message, Log string
				EndedAt                 *string `json:"ended_at"`
			}
		}
		d.call(d.t, http.MethodGet, "/api/v1"+path+"/runs", nil, &list)
		for _, r := range list.Items {
			if r.ID == began.Run && r.EndedAt != nil {
				state, log = r.State, r.Message+"\n"+r.Log
				return true
			}
		}
		return false
	})
	return state, log
}

// mails returns the mails that came since the last call, by their recipients.
func (d *deliveries) mails(seen *int) map[string]*letter {
	d.t.Helper()
	out := map[string]*letter{}
	for _, a := range d.post.Accepted()[*seen:] {
		out[a.To] = read(d.t, a)
		*seen++
	}
	return out
}

func newDeliveries(t *testing.T) *deliveries {
	t.Helper()
	post := mailtest.New(t, nil)
	h := start(t, "serve", "ASSAY_ADMIN_EMAIL=admin@example.com", "ASSAY_ADMIN_PASSWORD=three quiet herons", "ASSAY_MAIL_FROM=Assay <assay@example.com>", "ASSAY_SMTP_HOST="+post.Host,
		"ASSAY_SMTP_PORT="+strconv.Itoa(post.Port), "ASSAY_SMTP_TLS=none")
	d := &deliveries{program: newProgram(t, h), t: t, post: post}
	connection := d.make("/connections", map[string]any{"name": "Shop", "url": "sqlite://" + liteFile(t, shop())})
	d.pia, d.otto = d.make("/users", map[string]any{"email": "pia@example.com", "name": "Pia", "role": "viewer"}), d.make("/users", map[string]any{"email": "otto@example.com", "name": "Otto", "role": "viewer"})
	for id, status := range map[string]string{d.pia: "paid", d.otto: "open"} {
		d.make("/rules", map[string]any{"connection": connection, "subject": map[string]any{"kind": "person", "id": id}, "table": "orders", "filter": map[string]any{"column": "status", "op": "eq", "value": status}})
	}
	total := []map[string]any{{"fn": "sum", "column": "total", "as": "revenue"}}
	d.revenue = d.make("/questions", map[string]any{"name": "Revenue", "connection": connection, "spec": map[string]any{"table": "orders", "measures": total}})
	byMonth := d.make("/questions", map[string]any{"name": "By month", "connection": connection, "spec": map[string]any{"table": "orders", "measures": total, "dimensions": []map[string]any{{"column": "placed_on", "grain": "month", "as": "month"}}}})
	d.board = d.make("/dashboards", map[string]any{"name": "Monday", "cards": []map[string]any{{"question": d.revenue, "title": "Total"}, {"question": byMonth}, {"kind": "text", "text": "Hello"}}})
	d.account = d.make("/reports", map[string]any{"name": "Account", "body": "# Sales\n\n```chart\nquestion: By month\n```\n\n```table\nquestion: By month\ntitle: The months\ncolumns: month\n```\n\n```number\nquestion: Revenue\ncolumn: revenue\n```\n"})
	return d
}

// TestDeliveriesOfDashboardsAndReports sends a dashboard and a report to two
// people who see different orders and to an address outside, with every kind of file.
func TestDeliveriesOfDashboardsAndReports(t *testing.T) {
	d := newDeliveries(t)
	var seen int
	for kind, c := range map[string]struct {
		id     string
		files  []string
		number string // the file with the whole revenue
		sheets []string
	}{
		"dashboard": {d.board, []string{"By-month.csv", "Monday.pdf", "Monday.xlsx", "Total.csv"}, "Total.csv", []string{"Total", "By month", "Notes"}},
		"report":    {d.account, []string{"Account.pdf", "Account.xlsx", "By-month.csv", "Revenue.csv", "The-months.csv"}, "Revenue.csv", []string{"By month", "The months", "Revenue", "Notes"}},
	} {
		id := d.make("/schedules", map[string]any{"name": "Every Monday", "when": map[string]any{"every": "week", "at": "07:30", "weekdays": []string{"mon"}}, "do": "deliver", kind: c.id, "attach": []string{"pdf", "csv", "xlsx"},
			"to": []map[string]any{{"kind": "person", "id": d.pia}, {"kind": "person", "id": d.otto}, {"kind": "mail", "address": "outside@example.org"}}})
		if state, log := d.run("/schedules/" + id); state != "done" {
			t.Fatalf("%s: %s\n%s", kind, state, log)
		}
		came := d.mails(&seen)
		// The orders are 1 to 120; every fourth is open. Outside the owner's rights count, who sees all.
		for who, own := range map[string]string{"pia@example.com": "5400", "otto@example.com": "1860", "outside@example.org": "7260"} {
			l := came[who]
			if l == nil {
				t.Fatalf("%s: nothing came to %s", kind, who)
			}
			read := l.html.Find("body").Text()
			for _, number := range []string{"5400", "1860", "7260"} {
				shown := number[:1] + "," + number[1:]
				if strings.Contains(read, shown) != (number == own) || strings.Contains(l.text, shown) != (number == own) {
					t.Errorf("%s: %s reads of %s:\n%s", kind, who, shown, l.text)
				}
			}
			var names []string
			for name := range l.files {
				names = append(names, name)
			}
			slices.Sort(names)
			if diff := cmp.Diff(c.files, names); diff != "" {
				t.Errorf("%s: %s", kind, diff)
			}
			if text := strings.TrimPrefix(string(l.files[c.number]), "\ufeff"); text != "revenue\r\n"+own+"\r\n" {
				t.Errorf("%s: the file to %s holds %q", kind, who, text)
			}
			book, err := excelize.OpenReader(bytes.NewReader(l.files[c.files[slices.IndexFunc(c.files, func(n string) bool { return strings.HasSuffix(n, ".xlsx") })]]), excelize.Options{RawCellValue: true})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.sheets, book.GetSheetList()); diff != "" {
				t.Errorf("%s: %s", kind, diff)
			}
			sheet := strings.TrimSuffix(c.number, ".csv")
			if v, err := book.GetCellValue(sheet, "A2"); err != nil || v != own {
				t.Errorf("%s: the sheet to %s holds %q, %v", kind, who, v, err)
			}
			if rows, err := book.GetRows("By month"); err != nil || len(rows) != 13 {
				t.Errorf("%s: %d rows by month, %v", kind, len(rows), err)
			}
			if !slices.ContainsFunc(names, func(n string) bool {
				return strings.HasSuffix(n, ".pdf") && bytes.HasPrefix(l.files[n], []byte("%PDF"))
			}) {
				t.Errorf("%s: no PDF", kind)
			}
			// The drawing is in the mail and shown.
			pictures := l.html.Find("img[src^='cid:']")
			if pictures.Length() == 0 {
				t.Errorf("%s: the mail to %s shows no drawing", kind, who)
			}
			pictures.Each(func(_ int, s *goquery.Selection) {
				id := strings.TrimPrefix(s.AttrOr("src", ""), "cid:")
				if l.ids[id] != "image/png" || l.ids[strings.Replace(id, ".png", ".svg", 1)] != "image/svg+xml" || s.AttrOr("alt", "") == "" {
					t.Errorf("%s: the picture %s leads to %v", kind, id, l.ids)
				}
			})
		}
		if kind == "report" {
			if text := string(came["pia@example.com"].files["The-months.csv"]); strings.Contains(text, "revenue") || !strings.Contains(text, "month") {
				t.Errorf("a table of one column becomes the file %q", text)
			}
		}
	}
}

// TestAlertsLeadToTheirReason follows the links of an alert's mail.
func TestAlertsLeadToTheirReason(t *testing.T) {
	d := newDeliveries(t)
	var me struct{ ID string }
	d.call(t, http.MethodGet, "/api/v1/me", nil, &me)
	id := d.make("/alerts", map[string]any{"name": "Revenue is high", "when": map[string]any{"every": "hour"}, "question": d.revenue, "condition": "above", "value": 100, "to": []map[string]any{{"kind": "person", "id": me.ID}}})
	if state, log := d.run("/alerts/" + id); state != "done" {
		t.Fatalf("%s\n%s", state, log)
	}
	var seen int
	l := d.mails(&seen)["admin@example.com"]
	if l == nil {
		t.Fatal("no mail came")
	}
	v := d.page()
	for words, heading := range map[string]string{"See the question": "Revenue", "Look into why": "Explore", "7,260": "Revenue"} {
		a := l.html.Find("a").FilterFunction(func(_ int, s *goquery.Selection) bool { return strings.Contains(s.Text(), words) }).First()
		at, err := url.Parse(a.AttrOr("href", ""))
		if err != nil || at.Scheme+"://"+at.Host != d.house.base {
			t.Errorf("%q leads to %v, %v", words, at, err)
			continue
		}
		v.open(at.RequestURI()).expect(http.StatusOK).says("title", heading)
		if words != "See the question" && !strings.Contains(v.words("main"), "7,260") {
			t.Errorf("%q leads to a page without the figure: %s", words, v.words("main"))
		}
	}
}

// TestWhatWasSharedIsDeleted deletes what links, schedules and alerts lead to, by
// the API and by files.
func TestWhatWasSharedIsDeleted(t *testing.T) {
	d := newDeliveries(t)
	v := d.page()
	when := map[string]any{"every": "day"}
	type thing struct{ path, object, share, token, timed string }
	var things []thing
	for _, c := range []struct{ kind, id, plural string }{{"dashboard", d.board, "dashboards"}, {"report", d.account, "reports"}, {"question", d.revenue, "questions"}} {
		var link struct{ ID, URL string }
		d.call(t, http.MethodPost, "/api/v1/shares", map[string]any{c.kind: c.id}, &link)
		timed := d.make("/schedules", map[string]any{"name": "With " + c.kind, "when": when, "do": "deliver", c.kind: c.id, "to": []map[string]any{{"kind": "person", "id": d.pia}}})
		_, token, _ := strings.Cut(link.URL, "/r/")
		things = append(things, thing{"/" + c.plural + "/" + c.id, c.kind, link.ID, token, timed})
	}
	watch := d.make("/alerts", map[string]any{"name": "Watching", "when": when, "question": d.revenue, "condition": "above", "value": 1, "to": []map[string]any{{"kind": "person", "id": d.pia}}})
	stranger := visit(t, d.house)
	ended := func(x thing) {
		t.Helper()
		var link struct{ State string }
		d.call(t, http.MethodGet, "/api/v1/shares/"+x.share, nil, &link)
		if link.State != "revoked" {
			t.Errorf("the link to the %s is %s", x.object, link.State)
		}
		stranger.look("/r/" + x.token).expect(http.StatusNotFound)
		var standing struct{ Stopped string }
		d.call(t, http.MethodGet, "/api/v1/schedules/"+x.timed+"/state", nil, &standing)
		if !strings.Contains(standing.Stopped, "The "+x.object+" that it is about was deleted") {
			t.Errorf("the schedule about the %s says %q", x.object, standing.Stopped)
		}
		v.open("/schedules/"+x.timed).expect(http.StatusOK).says("main", standing.Stopped)
		if state, log := d.run("/schedules/" + x.timed); state != "failed" || !strings.Contains(log, "was deleted") {
			t.Errorf("the schedule about the %s ran: %s\n%s", x.object, state, log)
		}
	}
	for _, x := range things {
		stranger.look("/r/" + x.token).expect(http.StatusOK)
	}
	d.remove(things[0].path)
	ended(things[0])

	board := d.make("/dashboards", map[string]any{"name": "Tuesday", "cards": []map[string]any{{"question": d.revenue}, {"kind": "text", "text": "Hello"}}})
	weekly := d.make("/schedules", map[string]any{"name": "Tuesday", "when": when, "do": "deliver", "dashboard": board, "attach": []string{"csv"}, "to": []map[string]any{{"kind": "mail", "address": "x@example.org"}}})
	d.remove(things[2].path)
	ended(things[2])
	v.complete("/dashboards/"+board).says("main", "There is no such question", "Hello")
	var standing struct{ Stopped string }
	d.call(t, http.MethodGet, "/api/v1/alerts/"+watch+"/state", nil, &standing)
	if !strings.Contains(standing.Stopped, "The question that it watches was deleted") {
		t.Errorf("the alert says %q", standing.Stopped)
	}
	v.open("/alerts/"+watch).expect(http.StatusOK).says("main", standing.Stopped)
	if state, log := d.run("/alerts/" + watch); state != "failed" || !strings.Contains(log, "was deleted") {
		t.Errorf("the alert ran: %s\n%s", state, log)
	}
	// A dashboard all of whose questions are gone is not delivered as if it said
	// something: its run says why, and tries again for a while.
	var began struct{ Run string }
	d.call(t, http.MethodPost, "/api/v1/schedules/"+weekly+"/run", nil, &began)
	eventually(t, "the delivery to say why it fails", func() bool {
		return strings.Contains(v.open("/schedules/"+weekly).words(".log"), "No question could be answered: The question that this card asks was removed")
	})

	dir := t.TempDir()
	d.house.command(t, "", "export", dir)
	if err := os.Remove(filepath.Join(dir, "reports", "account.md")); err != nil {
		t.Fatal(err)
	}
	// Files that name what is gone cannot be applied; they go with it.
	for _, name := range []string{"schedules/with-dashboard.yaml", "schedules/with-report.yaml", "schedules/with-question.yaml", "schedules/tuesday.yaml", "alerts/watching.yaml", "dashboards/tuesday.yaml"} {
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Fatal(err)
		}
	}
	mark := filepath.Join(dir, "assay.yaml")
	if err := os.WriteFile(mark, []byte("format: 1\nholds: [reports]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := d.house.command(t, "", "apply", dir, "--prune"); !strings.Contains(out, "1 to delete") {
		t.Fatalf("applied: %s", out)
	}
	ended(things[1])
	if n := len(d.post.Accepted()); n > 0 {
		t.Errorf("%d mails were sent about what is gone: %s", n, fmt.Sprint(d.post.Accepted()[0].To))
	}
}
