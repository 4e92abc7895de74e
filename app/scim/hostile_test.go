package scim

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/store"
)

// TestEveryRouteNeedsTheRight is the attack of asking without a token, with a
// wrong one, one of somebody who may not edit people, and one that is not for it.
func TestEveryRouteNeedsTheRight(t *testing.T) {
	h := newHouse(t)
	h.mount.Throttle = nil // it would answer 429 from the sixth wrong token on
	h.serve()
	tokens := map[string]int{"": 401, "assay_wrong": 401, "x.y.z": 401, strings.Repeat("a", 5000): 401, h.tokenOf(h.ada, account.Look): 403}
	for _, role := range []account.Role{account.Viewer, account.Analyst} {
		tokens[h.tokenOf(h.person(string(role)+"@example.com", role, ""))] = 403
	}
	off := h.person("off@example.com", account.Admin, "")
	tokens[h.tokenOf(off)] = 401
	off.Disabled = true
	if err := h.people.Update(t.Context(), off); err != nil {
		t.Fatal(err)
	}
	routes := 0
	for _, r := range h.e.Routes() {
		if r.Method == echo.RouteNotFound {
			continue
		}
		routes++
		path := strings.ReplaceAll(strings.TrimPrefix(r.Path, prefix), ":id", h.ada.ID)
		for token, status := range tokens {
			a := h.call(token, r.Method, path, nil)
			refused(t, a, status, "")
			if status == 401 && a.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s %s does not ask for a token", r.Method, path)
			}
		}
		for _, header := range []string{"Bearer", "Bearer ", "Basic " + h.token, h.token} {
			refused(t, h.call("", r.Method, path, nil, "Authorization", header), 401, "")
		}
		refused(t, h.call("", r.Method, path, nil, "Cookie", "session="+h.token), 401, "")
		if a := h.call(h.tokenOf(h.ada, account.EditPeople), r.Method, path, `{}`); a.status == 401 || r.Method == "GET" && a.status == 403 {
			t.Errorf("%s %s with the right scope: %d %s", r.Method, path, a.status, a.body)
		}
	}
	if routes < 25 {
		t.Errorf("only %d routes were asked", routes)
	}
}

func TestNowhere(t *testing.T) {
	h := newHouse(t)
	refused(t, h.as("GET", "/Nothing", nil), 404, "")
	refused(t, h.as("GET", "/Users/x/y", nil), 404, "")
	a := h.as("DELETE", "/Users", nil)
	refused(t, a, 405, "")
	if got := a.header.Get("Allow"); got != "GET, POST" {
		t.Errorf("Allow is %q", got)
	}
}

// TestGuessingTokens is the attack of trying one token after the other.
func TestGuessingTokens(t *testing.T) {
	h := newHouse(t)
	last := answer{}
	for i := range 7 {
		last = h.call(fmt.Sprintf("assay_guess%d", i), "GET", "/Users", nil)
	}
	refused(t, last, 429, "")
	if last.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	ok(t, h.as("GET", "/Users", nil), 200) // the right token is not locked out
}

func TestFilterAttacks(t *testing.T) {
	h := newHouse(t)
	h.made("bo@example.com", "externalId", "Bo-1")
	for filter, total := range map[string]int{
		`externalId co "bo-"`: 0, `externalId co "Bo-"`: 1, `externalId eq "BO-1"`: 0, `externalId eq "Bo-1" and userName eq "BO@EXAMPLE.COM"`: 1, `externalId eq "Bo-1" and userName eq "ada@example.com"`: 0,
		`externalId eq "Bo-1" or userName eq "ada@example.com"`: 2, `emails[value eq "bo@example.com"]`: 1, `emails eq "BO@example.com"`: 1, `id eq "x"`: 0,
		`userName eq "' OR '1'='1"`: 0, `userName eq "x' UNION SELECT password_hash FROM people --"`: 0, `userName eq "bo@example.com\" or userName pr or \""`: 0, `userName sw "%"`: 0, `userName co "_"`: 0,
		`externalId eq "' OR 1=1 --"`: 0, `userName eq "b\u006f@example.com"`: 1, `userName eq null`: 0, `externalId ne null`: 1, `userName eq 5`: 0, `emails[primary eq "True"].value sw "bo"`: 1, `not (userName co "bo")`: 1,
		strings.Repeat("(", 20) + `userName pr` + strings.Repeat(")", 20): 2, strings.Repeat(`userName eq "x" or `, 150) + `userName pr`: 2, `userName eq "` + strings.Repeat("a", 4000) + `"`: 0, `userName pr AND NOT (active eq FALSE)`: 2,
		`name.givenName pr`: 2, `meta.created eq "2001-01-01T00:00:00Z"`: 0, `roles[value eq "admin"]`: 1, `roles eq "viewer"`: 1, `groups pr`: 0, `name pr`: 2, `userName gt "b"`: 1, `userName ew "EXAMPLE.COM" and userName le "ada@example.com"`: 1,
		`urn:example:params:other:User:thing eq "x"`: 0, `phoneNumbers[type eq "work"].value eq "1"`: 0,
	} {
		o := ok(t, h.as("GET", "/Users?filter="+filterEscape(filter), nil), 200)
		if o["totalResults"] != float64(total) {
			t.Errorf("%s finds %v, want %d", filter, o["totalResults"], total)
		}
	}
	for _, filter := range []string{`userName`, `userName eq`, `eq "x"`, `userName eq 'x'`, `userName eq x`, `userName xx "x"`, `userName eq "x`, `(userName eq "x"`, `userName eq "x")`, `userName eq "x" userName eq "y"`, `and`, `not userName pr`, `userName eq "x" and`,
		`password eq "x"`, `password sw "t"`, `password pr`, `passwordHash pr`, `totp pr`, `emails[`, `emails[]`, `emails[type eq "work"`, `emails[emails[type eq "x"]]`, `emails[type eq "work"].`, `userName[value eq "x"]`, `active gt true`, `active eq "maybe"`, `meta.created gt "yesterday"`,
		`userName gt null`, `userName eq "\x"`, `userName eq "` + "\x01" + `"`, `emails[value eq "x"].password eq "y"`, "userName eq \x00", strings.Repeat("(", 21) + `userName pr` + strings.Repeat(")", 21), strings.Repeat("(", 5000), strings.Repeat("not (", 1000), strings.Repeat(`userName eq "x" or `, 250) + `userName pr`, `userName eq "` + strings.Repeat("a", 9000) + `"`, `😀 eq "x"`, `userName😀 eq "x"`} {
		started := time.Now()
		refused(t, h.as("GET", "/Users?filter="+filterEscape(filter), nil), 400, invalidFilter)
		if took := time.Since(started); took > time.Second {
			t.Errorf("%.40s takes %s", filter, took)
		}
	}
}

func filterEscape(s string) string { return strings.TrimPrefix(spelled("f="+s), "f=") }

func TestPagesAttacks(t *testing.T) {
	h := newHouse(t)
	h.made("bo@example.com")
	for query, want := range map[string][3]float64{ // startIndex, itemsPerPage, totalResults
		"count=1000000000": {1, 2, 2}, "count=99999999999999999999999": {1, 2, 2}, "count=0": {1, 0, 2}, "count=-5": {1, 0, 2}, "startIndex=-7": {1, 2, 2}, "startIndex=0": {1, 2, 2}, "startIndex=2": {2, 1, 2},
		"startIndex=2147483647&count=2147483647": {2147483647, 0, 2}, "startIndex=99999999999999999999": {2147483648, 0, 2}, "startIndex=-99999999999999999999": {1, 2, 2}, "startIndex=2&count=1&filter=userName pr": {2, 1, 2}, "startIndex=9&filter=userName pr": {9, 0, 2},
	} {
		for _, endpoint := range []string{"/Users?", "/Groups?"} {
			o := ok(t, h.as("GET", endpoint+spelled(strings.ReplaceAll(query, "userName", map[bool]string{true: "userName", false: "id"}[endpoint == "/Users?"])), nil), 200)
			got := [3]float64{o["startIndex"].(float64), o["itemsPerPage"].(float64), o["totalResults"].(float64)}
			if endpoint == "/Groups?" {
				got[1], got[2] = want[1], want[2] // there are none
			}
			if got != want {
				t.Errorf("%s%s: got %v, want %v", endpoint, query, got, want)
			}
		}
	}
	for _, query := range []string{"count=1e9", "count=many", "startIndex=1.5", "startIndex=0x1"} {
		refused(t, h.as("GET", "/Users?"+query, nil), 400, invalidValue)
	}
	search := func(more string) answer {
		return h.as("POST", "/.search", `{"schemas":["`+urnSearch+`"],`+more+`}`)
	}
	for _, more := range []string{`"count":1e9`, `"count":1e300,"startIndex":-1e300`} {
		if o := ok(t, search(more), 200); o["itemsPerPage"] != 2.0 {
			t.Errorf("%s: got %v", more, o)
		}
	}
	refused(t, search(`"count":1.5`), 400, invalidValue)
	refused(t, search(`"count":{}`), 400, invalidValue)
	refused(t, search(`"filter":5`), 400, invalidFilter)
	refused(t, search(`"attributes":[5]`), 400, invalidValue)
}

func TestBodiesThatAreNone(t *testing.T) {
	h := newHouse(t)
	id := h.made("bo@example.com")
	deep := strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		kind               string
	}{
		"no JSON":                  {"POST", "/Users", `{`, 400, invalidSyntax},
		"nothing":                  {"POST", "/Users", ``, 400, invalidSyntax},
		"null":                     {"POST", "/Users", `null`, 400, invalidSyntax},
		"a list":                   {"POST", "/Users", `[]`, 400, invalidSyntax},
		"two values":               {"POST", "/Users", `{} {}`, 400, invalidSyntax},
		"no UTF-8":                 {"POST", "/Users", "{\"userName\":\"\xff@example.com\"}", 400, invalidSyntax},
		"deep":                     {"POST", "/Users", deep, 400, invalidSyntax},
		"deep lists":               {"PUT", "/Users/" + id, strings.Repeat("[", 100_000), 400, invalidSyntax},
		"too large":                {"POST", "/Users", `{"userName":"` + strings.Repeat("a", 1<<20) + `"}`, 413, ""},
		"unknown schema":           {"POST", "/Users", `{"schemas":["urn:example:User"],"userName":"x@example.com"}`, 400, invalidSyntax},
		"schemas no list":          {"POST", "/Users", `{"schemas":"` + urnUser + `","userName":"x@example.com"}`, 400, invalidSyntax},
		"a group as a user":        {"POST", "/Users", `{"schemas":["` + urnGroup + `"],"userName":"x@example.com"}`, 400, invalidSyntax},
		"one name in two cases":    {"POST", "/Users", `{"userName":"x@example.com","USERNAME":"y@example.com"}`, 400, invalidSyntax},
		"active in two cases":      {"PATCH", "/Users/" + id, `{"Operations":[{"op":"replace","value":{"active":false,"Active":true}}]}`, 400, invalidSyntax},
		"no userName":              {"POST", "/Users", `{"displayName":"x"}`, 400, invalidValue},
		"no address":               {"POST", "/Users", `{"userName":"x"}`, 400, invalidValue},
		"a wrong address":          {"POST", "/Users", `{"userName":"x","emails":[{"value":"Eve <eve@example.com>"}]}`, 400, invalidValue},
		"userName a number":        {"POST", "/Users", `{"userName":5}`, 400, invalidValue},
		"userName with a line":     {"POST", "/Users", `{"userName":"a@example.com\nb@example.com"}`, 400, invalidValue},
		"userName too long":        {"POST", "/Users", `{"userName":"` + strings.Repeat("a", 300) + `@example.com"}`, 400, invalidValue},
		"name a text":              {"POST", "/Users", `{"userName":"x@example.com","name":"x"}`, 400, invalidValue},
		"active maybe":             {"POST", "/Users", `{"userName":"x@example.com","active":"maybe"}`, 400, invalidValue},
		"active null":              {"POST", "/Users", `{"userName":"x@example.com","active":null}`, 400, invalidValue},
		"a weak password":          {"POST", "/Users", `{"userName":"x@example.com","password":"password1234"}`, 400, invalidValue},
		"a password of an object":  {"POST", "/Users", `{"userName":"x@example.com","password":{"a":1}}`, 400, invalidValue},
		"an unknown role":          {"POST", "/Users", `{"userName":"x@example.com","roles":[{"value":"king"}]}`, 400, invalidValue},
		"no steps":                 {"PATCH", "/Users/" + id, `{"schemas":["` + urnPatch + `"]}`, 400, invalidSyntax},
		"no list of steps":         {"PATCH", "/Users/" + id, `{"Operations":{"op":"add"}}`, 400, invalidSyntax},
		"steps that are none":      {"PATCH", "/Users/" + id, `{"Operations":[1]}`, 400, invalidSyntax},
		"an unknown op":            {"PATCH", "/Users/" + id, `{"Operations":[{"op":"move","path":"active","value":true}]}`, 400, invalidSyntax},
		"an op without a value":    {"PATCH", "/Users/" + id, `{"Operations":[{"op":"replace","path":"active"}]}`, 400, invalidValue},
		"a misspelled path":        {"PATCH", "/Users/" + id, `{"Operations":[{"op":"replace","path":"actve","value":false}]}`, 400, invalidPath},
		"a misspelled name":        {"PATCH", "/Users/" + id, `{"Operations":[{"op":"replace","value":{"actve":false}}]}`, 400, invalidPath},
		"a broken path":            {"PATCH", "/Users/" + id, `{"Operations":[{"op":"replace","path":"emails[type eq","value":"x"}]}`, 400, invalidPath},
		"a path and more":          {"PATCH", "/Users/" + id, `{"Operations":[{"op":"replace","path":"active true","value":false}]}`, 400, invalidPath},
		"a path of a number":       {"PATCH", "/Users/" + id, `{"Operations":[{"op":"replace","path":5,"value":false}]}`, 400, invalidPath},
		"too many steps":           {"PATCH", "/Users/" + id, `{"Operations":[` + strings.Repeat(`{"op":"add","path":"title","value":"x"},`, 1000) + `{"op":"add","path":"title","value":"x"}]}`, 400, tooMany},
		"another schema's patch":   {"PATCH", "/Users/" + id, `{"schemas":["` + urnUser + `"],"Operations":[{"op":"add","path":"title","value":"x"}]}`, 400, invalidSyntax},
		"a member without a value": {"POST", "/Groups", `{"displayName":"x","members":[{"display":"x"}]}`, 400, invalidValue},
		"a member who is nobody":   {"POST", "/Groups", `{"displayName":"x","members":[{"value":"nobody"}]}`, 400, invalidValue},
		"a group in a group":       {"POST", "/Groups", `{"displayName":"x","members":[{"value":"y","type":"Group"}]}`, 400, invalidValue},
		"a group without a name":   {"POST", "/Groups", `{"members":[]}`, 400, invalidValue},
	} {
		t.Run(name, func(t *testing.T) { refused(t, h.as(c.method, c.path, c.body), c.status, c.kind) })
	}
	refused(t, h.as("POST", "/Users", `userName=x`, "Content-Type", "application/x-www-form-urlencoded"), 415, "")
	refused(t, h.as("POST", "/Users", `<x/>`, "Content-Type", "text/xml"), 415, "")
	if o := ok(t, h.as("GET", "/Users/"+id, nil), 200); o["active"] != true || o["userName"] != "bo@example.com" {
		t.Errorf("something changed: %v", o)
	}
	if o := ok(t, h.as("GET", "/Groups", nil), 200); o["totalResults"] != 0.0 {
		t.Errorf("a refused group is there: %v", o)
	}
}

func TestWhatCannotBeChanged(t *testing.T) {
	h := newHouse(t)
	id := h.made("bo@example.com")
	group := ok(t, h.as("POST", "/Groups", object{"displayName": "Sales"}), 201)["id"].(string)
	for _, at := range []string{"/Users/" + id, "/Groups/" + group} {
		for _, path := range []string{"id", "meta", "meta.created", "meta.version"} {
			refused(t, h.as("PATCH", at, patch(step("replace", path, "x"))), 400, mutability)
			refused(t, h.as("PATCH", at, patch(step("replace", "", object{path: "x"}))), 400, mutability)
		}
		refused(t, h.as("PATCH", at, patch(step("remove", "id", nil))), 400, mutability)
	}
	refused(t, h.as("PATCH", "/Users/"+id, patch(step("add", "groups", []any{object{"value": group}}))), 400, mutability)
	refused(t, h.as("PATCH", "/Groups/"+group, patch(step("remove", "displayName", nil))), 400, mutability)
	o := ok(t, h.as("PUT", "/Users/"+id, object{"id": h.ada.ID, "userName": "bo@example.com", "groups": []any{object{"value": group}}, "meta": object{"created": "x"}}), 200)
	if o["id"] != id || o["groups"] != nil {
		t.Errorf("PUT takes what is read-only: %v", o)
	}
	// A step that fails takes those before it along.
	refused(t, h.as("PATCH", "/Users/"+id, patch(step("replace", "active", false), step("replace", "id", "x"))), 400, mutability)
	refused(t, h.as("PATCH", "/Groups/"+group, patch(step("replace", "displayName", "Other"), step("add", "members", []any{object{"value": "nobody"}}))), 400, invalidValue)
	if o := ok(t, h.as("GET", "/Users/"+id, nil), 200); o["active"] != true {
		t.Errorf("half a patch was carried out: %v", o)
	}
	if o := ok(t, h.as("GET", "/Groups/"+group, nil), 200); o["displayName"] != "Sales" {
		t.Errorf("half a patch was carried out: %v", o)
	}
}

// TestManyMembers is a group of ten thousand.
func TestManyMembers(t *testing.T) {
	h := newHouse(t)
	group := ok(t, h.as("POST", "/Groups", object{"displayName": "Everybody"}), 201)["id"].(string)
	var ids []any
	err := h.store.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		for i := range 10_000 {
			p := account.Person{ID: store.NewID(), Email: fmt.Sprintf("p%d@example.com", i), Name: fmt.Sprint(i), Kind: account.Human, Role: account.Viewer, ManagedBy: managed, CreatedAt: time.Now().UTC(), UpdatedAt: time.Now().UTC()}
			if _, err := tx.NewInsert().Model(&p).Exec(ctx); err != nil {
				return err
			}
			ids = append(ids, object{"value": p.ID})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	timed := func(what string, limit time.Duration, do func()) {
		started := time.Now()
		do()
		took := time.Since(started)
		t.Logf("%s: %s", what, took)
		if took > limit {
			t.Errorf("%s takes %s", what, took)
		}
	}
	timed("adding all", 20*time.Second, func() { ok(t, h.as("PATCH", "/Groups/"+group, patch(step("add", "members", ids))), 204) })
	timed("adding one again", 5*time.Second, func() { ok(t, h.as("PATCH", "/Groups/"+group, patch(step("add", "members", ids[:1]))), 204) })
	timed("reading", 10*time.Second, func() {
		if got := len(ok(t, h.as("GET", "/Groups/"+group, nil), 200)["members"].([]any)); got != 10_000 {
			t.Errorf("%d members", got)
		}
	})
	timed("looking somebody up", 2*time.Second, func() {
		ok(t, h.as("GET", "/Users?"+spelled(`filter=userName eq "p77@example.com"`), nil), 200)
	})
	timed("searching everybody", 10*time.Second, func() {
		if o := ok(t, h.as("GET", "/Users?"+spelled(`filter=displayName sw "99"&count=1000000`), nil), 200); o["totalResults"] != 111.0 || o["itemsPerPage"] != 111.0 {
			t.Errorf("got %v of %v", o["itemsPerPage"], o["totalResults"])
		}
	})
	timed("removing all", 20*time.Second, func() { ok(t, h.as("PATCH", "/Groups/"+group, patch(step("remove", "members", nil))), 204) })
	list, _, err := h.log.List(t.Context(), audit.Filter{Action: "group.add", Limit: 500})
	if err != nil || len(list) != 100 || list[0].Actor.Via != "scim" {
		t.Errorf("%d records: %v", len(list), err)
	}
}

// TestEverythingIsRecorded finds each change, and each that was refused, in the record.
func TestEverythingIsRecorded(t *testing.T) {
	h := newHouse(t)
	id := h.made("bo@example.com", "password", goodPassword)
	ok(t, h.as("PATCH", "/Users/"+id, patch(step("replace", "active", false))), 200)
	group := ok(t, h.as("POST", "/Groups", object{"displayName": "Sales", "members": []any{object{"value": id}}}), 201)["id"].(string)
	ok(t, h.as("PATCH", "/Groups/"+group, patch(step("remove", "members", nil), step("replace", "displayName", "Marketing"))), 204)
	ok(t, h.as("DELETE", "/Groups/"+group, nil), 204)
	ok(t, h.as("DELETE", "/Users/"+id, nil), 204)
	refused(t, h.as("DELETE", "/Users/"+h.ada.ID, nil), 403, "")
	list, _, err := h.log.List(t.Context(), audit.Filter{ActorID: h.ada.ID})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range list {
		got = append(got, r.Action+" "+r.Outcome)
		if r.Actor.Via != "scim" || r.Actor.Name != "ada@example.com" || r.Actor.Request != "request1" || strings.Contains(string(r.Detail), goodPassword) {
			t.Errorf("the record is %+v", r)
		}
	}
	slices.Reverse(got)
	want := []string{"person.create done", "person.update done", "group.create done", "group.add done", "group.update done", "group.remove done", "group.delete done", "person.delete done", "person.delete refused"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestErrorsOutsideTheHandlers(t *testing.T) {
	h := newHouse(t)
	h.e.GET("/page", func(echo.Context) error { return echo.NewHTTPError(http.StatusTeapot, "tea") })
	w := httptest.NewRecorder()
	h.e.ServeHTTP(w, httptest.NewRequest("GET", "/page", nil))
	if w.Code != http.StatusTeapot || strings.Contains(w.Body.String(), urnError) {
		t.Errorf("a page's error is told as SCIM's: %d %s", w.Code, w.Body)
	}
	h.e.GET("/scim/v2/broken", func(echo.Context) error { return fmt.Errorf("secret of ours: %s", h.token) })
	refused(t, h.as("GET", "/broken", nil), 500, "")
}
