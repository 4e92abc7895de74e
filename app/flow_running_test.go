package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestSharedPageHasARunningHead: who has a link and no account prints with the
// title in the margin, and learns no other link's title by it.
func TestSharedPageHasARunningHead(t *testing.T) {
	h, ada, connection, question := shareHouse(t)
	other := ada.saveSQL(connection, "Salaries \"; } body { display: none } \\", "select 1 as n")
	link, second := ada.share("/questions/"+question, nil), ada.share("/questions/"+other, nil)
	locked := ada.share("/questions/"+other, fields{"password": "open sesame please"})

	guest := visit(t, h).still()
	head := func() string {
		t.Helper()
		to, ok := guest.doc.Find("body > link[rel=stylesheet]").Attr("href")
		if !ok {
			t.Fatalf("%s has no running head", guest.at)
		}
		return to
	}
	guest.open(link)
	style := head()
	guest.open(style)
	if got := guest.header.Get("Content-Type"); !strings.HasPrefix(got, "text/css") {
		t.Errorf("the running head is %q", got)
	}
	if !strings.Contains(guest.body, `content: "Orders\000020by\000020state"`) {
		t.Errorf("the running head: %s", guest.body)
	}
	if got := guest.header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("Cache-Control is %q", got)
	}

	t.Log("a title ends no string")
	guest.open(second)
	guest.open(head())
	if strings.Count(guest.body, `"`) != 2 || strings.Count(guest.body, "{") != 2 || strings.Contains(guest.body, `\\`) {
		t.Errorf("a title ends its string: %s", guest.body)
	}

	t.Log("only what the link leads to")
	for _, to := range []string{style + "?title=Salaries", link + "/paper.css?p.title=Salaries", link + "/paper.css?question=" + other} {
		if guest.look(to); strings.Contains(guest.body, "Salaries") {
			t.Errorf("%s says %s", to, guest.body)
		}
	}
	for _, to := range []string{locked + "/paper.css", link + ".css", link + ".csv/paper.css", link[:len(link)-1] + "/paper.css", "/r/x/paper.css"} {
		guest.look(to).expect(http.StatusNotFound)
		if strings.Contains(guest.body, "Salaries") || strings.Contains(guest.body, "Orders") {
			t.Errorf("%s says %s", to, guest.body)
		}
	}
	guest.look("/paper.css?title=x").expect(http.StatusSeeOther)
	guest.look(locked)
	if guest.doc.Find("body > link[rel=stylesheet]").Length() > 0 {
		t.Error("the page that asks for the password names a running head")
	}
	guest.post(locked, url.Values{"password": {"open sesame please"}}).expect(http.StatusSeeOther)
	guest.open(locked)
	guest.open(head())
	if !strings.Contains(guest.body, "Salaries") {
		t.Errorf("who knows the password sees %s", guest.body)
	}

	t.Log("it ends with the link, and stands in no frame")
	framed := ada.share("/questions/"+question, fields{"origins": "https://intranet.example.com"})
	guest.open(framed + "/embed")
	if guest.doc.Find("body > link[rel=stylesheet]").Length() > 0 {
		t.Error("the page in a frame has a running head")
	}
	ada.open("/shares").submit(`tbody tr:last-of-type form`, "", nil)
	ended := 0
	for _, to := range []string{link, second, locked, framed} {
		guest.look(to + "/paper.css")
		if guest.status == http.StatusNotFound {
			ended++
		}
	}
	if ended != 1 {
		t.Errorf("%d of the running heads ended with a link, want 1", ended)
	}
}
