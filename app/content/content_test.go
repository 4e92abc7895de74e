package content

import (
	"database/sql"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/dashboard"
	"assay/app/query"
	"assay/app/report"
	"assay/app/saved"
	"assay/app/schedule"
	"assay/app/source"
	"assay/app/source/sqlite"
	"assay/app/store"
	"assay/app/vault"
)

// house is an installation with a customer's database.
type house struct {
	*Stores
	t     testing.TB
	store *store.Store
	rooms Rooms
	admin *account.Person
	con   *source.Connection
}

func newHouse(t testing.TB, connection string) *house {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.Open(ctx, "", t.TempDir())
	must(err)
	t.Cleanup(func() { s.Close() })
	key, _, _, err := vault.LoadKey(t.TempDir())
	must(err)
	v, err := vault.Open(ctx, s, key)
	must(err)
	log := audit.Open(s, v)
	connections := source.NewStore(s, v, source.NewDrivers(sqlite.New()), log)
	pools := source.NewPools(connections, nil, source.Own{})
	t.Cleanup(pools.Close)
	h := &house{t: t, store: s, rooms: Rooms{Store: s, Pools: pools}}
	h.rooms.Stores = func(in *store.Store) *Stores {
		return &Stores{People: account.NewStore(in, v, log), Connections: connections, Questions: query.NewStore(in, log), Rules: query.NewRules(in, pools, log),
			Dashboards: dashboard.NewStore(in, log), Reports: report.NewStore(in, log), Channels: schedule.NewChannels(in, v, log),
			Schedules: saved.NewStore[schedule.Body](in, log, "schedule"), Alerts: saved.NewStore[schedule.AlertBody](in, log, "alert")}
	}
	h.Stores = h.rooms.Stores(s)
	file := filepath.Join(t.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", file)
	must(err)
	_, err = db.Exec(`CREATE TABLE orders (id INTEGER PRIMARY KEY, region TEXT, amount REAL)`)
	must(err)
	must(db.Close())
	h.con = &source.Connection{Name: connection, Config: source.Config{Kind: "sqlite", Path: file}}
	must(connections.Create(ctx, h.con))
	p, err := h.People.Create(ctx, account.NewPerson{Email: "ada@example.com", Role: account.Admin})
	must(err)
	h.admin, err = h.People.Active(ctx, p.ID)
	must(err)
	must(h.People.CreateGroup(ctx, &account.Group{Name: "Vertrieb & Co"}))
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// strange are names and texts that a careless writer of YAML gets wrong.
var strange = []string{"no", "1e3", "2026-01-01", "null", "~", "0x1F", "12:30:45", " leading", "trailing ", "a: b", "a #b", "- x", "[x]", "{x}", "&a", "*a", "!t", "|", ">", "%", "@", "`",
	"'", `"`, "\\", "a\tb", "é", "日本", "🙂", "a\u00a0b", "a\u2028b", "\ufeffa", "=", "<<", "?", "-", "---", "...", "yes", "On", ".inf", "+1", "1_000", "0o7", "true", "a'b\"c", "x:", "x#y", "Ja: nein", "\x01", "\x7f"}

// channel makes a channel and returns its id.
func (h *house) channel(name, kind string) string {
	h.t.Helper()
	c := &schedule.Channel{Name: name, Kind: kind, URL: "https://hooks.example.com/secret-" + kind}
	_, err := h.Channels.Create(h.t.Context(), c, h.admin)
	h.must(err)
	return c.ID
}

// fill saves one of everything, with what is hard to write.
func (h *house) fill() {
	ctx := h.t.Context()
	folder, err := h.Questions.EnsureFolder(ctx, "Umsätze / Größe")
	h.must(err)
	other, err := h.Questions.EnsureFolder(ctx, "日本")
	h.must(err)
	var first string
	for i, text := range append(slices.Clone(strange),
		"SELECT 1\nFROM t", "SELECT 1 \n\t\n  FROM t\n", "a\r\nb", "x\n\n\n", "\nx", "  indented\nx", "a\n\tb", "a\n \n b", "ends \n") {
		q := &query.Question{Name: "Q " + text, Description: text, ConnectionID: h.con.ID, FolderID: []string{"", folder, other}[i%3], Body: query.Body{SQL: "SELECT '" + text + "' AS x",
			Parameters: map[string]string{"no": text, text: "1e3"}, Chart: json.RawMessage(`{"kind":"line","title":"` + "\u0041" + `","series":[1,2.50,1e3,-0,12345678901234567890],"flag":true,"none":null,"empty":{},"list":[[1],[],{"a":"no"}]}`)}}
		q.Name = strings.Join(strings.Fields(q.Name), " ")
		h.must(h.Questions.Create(ctx, q, h.admin))
		if first == "" {
			first = q.ID
		}
	}
	for range 3 { // names that come to the same file
		q := &query.Question{Name: "Umsatz?", ConnectionID: h.con.ID, FolderID: folder, Body: query.Body{Spec: &query.Spec{Table: "orders", Measures: []query.Measure{{Fn: query.Count}},
			Dimensions: []query.Dimension{{Column: "amount", Bin: "2.50"}},
			Filters:    &query.Filter{And: []query.Filter{{Column: "region", Op: "eq", Value: json.RawMessage(`"no"`)}, {Column: "amount", Op: "between", Value: json.RawMessage(`[1.10, 2e3]`)}}}}}}
		h.must(h.Questions.Create(ctx, q, h.admin))
	}
	d := &dashboard.Dashboard{Name: "CON", FolderID: folder}
	d.Body = dashboard.Body{Cards: []dashboard.Card{{Question: first, Title: "no"}, {Kind: dashboard.Text, Text: "# Hi \n\ntrailing  \n"}},
		Filters: []dashboard.Filter{{ID: "f", Label: "Region", Kind: dashboard.List, From: &dashboard.From{Connection: h.con.ID, Table: "orders", Column: "region"}}}}
	h.must(h.Dashboards.Create(ctx, d, h.admin))
	for i, text := range []string{"# Hello\n\nWorld  \nbreak", "ends\n", "ends\n\n", "", "\nbegins", "---\nname: x\n---\n"} {
		r := &report.Report{Name: "Report " + string(rune('a'+i)), FolderID: folder}
		r.Body = report.Body{Text: text, Contents: true, Subtitle: "2026-01-01"}
		h.must(h.Reports.Create(ctx, r, h.admin))
	}
	s := &schedule.Schedule{Name: "Every morning", FolderID: other}
	s.Body = schedule.Body{When: schedule.When{Every: "day", At: "07:30", Zone: "Europe/Berlin"}, Do: "deliver", Dashboard: d.ID, Owner: h.admin.ID,
		To: []schedule.Target{{Kind: "slack", ID: h.channel("no", schedule.ToSlack)}, {Kind: "mail", Address: "boss@example.com"}, {Kind: "webhook", ID: h.channel("日本: #x", schedule.ToWebhook)}, {Kind: "person", ID: h.admin.ID},
			{Kind: "mail", Address: "anna@example.com"}}}
	h.must(h.Schedules.Create(ctx, s, h.admin))
	limit := 1.5
	a := &schedule.Alert{Name: "Too few", Description: "no"}
	a.Body = schedule.AlertBody{When: schedule.When{Every: "hour"}, Question: first, Condition: "below", Value: &limit, Owner: h.admin.ID, To: []schedule.Target{{Kind: "person", ID: h.admin.ID}}}
	h.must(h.Alerts.Create(ctx, a, h.admin))
	groups, err := h.People.Groups(ctx)
	h.must(err)
	r := &query.Rule{ConnectionID: h.con.ID, SubjectKind: account.ToGroup, SubjectID: groups[0].ID, Table: "orders",
		Body: query.RuleBody{Filter: &query.Filter{Column: "region", Op: "eq", Value: json.RawMessage(`{"attribute":"region"}`)}, Masks: []query.Mask{{Column: "amount", How: query.Empty}}, Note: "why: because"}}
	h.must(h.Rules.Create(ctx, r, h.admin.ID))
	_, err = h.People.SetGrant(ctx, account.Subject{Kind: account.ToGroup, ID: groups[0].ID}, account.OnSchema(h.con.ID, "main"), account.Read)
	h.must(err)
	_, err = h.People.SetGrant(ctx, account.Subject{Kind: account.ToPerson, ID: h.admin.ID}, account.InFolder(""), account.View)
	h.must(err)
}

func (h *house) export() map[string]string {
	h.t.Helper()
	files, err := Export(h.t.Context(), h.Stores)
	h.must(err)
	out := map[string]string{}
	for _, f := range files {
		if _, twice := out[f.Path]; twice {
			h.t.Errorf("%s is written twice", f.Path)
		}
		out[f.Path] = string(f.Data)
	}
	return out
}

func raw(files map[string]string) map[string][]byte {
	out := map[string][]byte{}
	for name, text := range files {
		out[name] = []byte(text)
	}
	return out
}

func (h *house) prepare(files map[string]string, o Options) *Plan {
	h.t.Helper()
	p, problems, err := Prepare(h.t.Context(), h.Stores, raw(files), o)
	h.must(err)
	for _, one := range problems {
		h.t.Error(one)
	}
	if len(problems) > 0 {
		h.t.FailNow()
	}
	return p
}

func (h *house) apply(files map[string]string, o Options) *Plan {
	h.t.Helper()
	p := h.prepare(files, o)
	h.must(p.Apply(h.t.Context(), h.rooms))
	return p
}

// contents leaves out what a connection's file says, which is of its own installation.
func contents(files map[string]string) map[string]string {
	out := maps.Clone(files)
	maps.DeleteFunc(out, func(name, _ string) bool { return strings.HasPrefix(name, "connections/") })
	return out
}

func TestRoundTrip(t *testing.T) {
	h := newHouse(t, "Shop")
	h.fill()
	first := h.export()
	if again := h.export(); !cmp.Equal(first, again) {
		t.Errorf("two exports differ: %s", cmp.Diff(first, again))
	}
	if p := h.prepare(first, Options{Prune: true}); len(p.Changes) > 0 {
		t.Errorf("applying what was exported changes something: %s", p.Diff())
	}
	for name, text := range first {
		for i, line := range strings.Split(text, "\n") {
			if !strings.HasSuffix(name, ".md") && strings.TrimRight(line, " \t") != line {
				t.Errorf("%s:%d ends in a space: %q", name, i+1, line)
			}
		}
		if strings.Contains(text, "\r") || !strings.HasSuffix(text, "\n") {
			t.Errorf("%s has other line ends", name)
		}
		if name != strings.ToLower(name) || strings.ContainsAny(name, " \\:*?") {
			t.Errorf("%s is no name for every file system", name)
		}
	}

	if at := first["schedules/every-morning.yaml"]; !strings.Contains(at, `to:
  - kind: person
    person: ada@example.com
  - address: anna@example.com
    kind: mail
  - address: boss@example.com
    kind: mail
  - channel: "no"
    kind: slack
  - channel: "日本: #x"
    kind: webhook
`) {
		t.Errorf("recipients are not named in order: %s", at)
	}
	for name, text := range first {
		if strings.Contains(text, "secret-") {
			t.Errorf("%s tells the address of a channel", name)
		}
	}

	fresh := newHouse(t, "Shop")
	fresh.channel("日本: #x", schedule.ToWebhook)
	fresh.channel("no", schedule.ToSlack)
	p := fresh.apply(first, Options{})
	if got := contents(fresh.export()); !cmp.Equal(contents(first), got) {
		t.Errorf("another installation exports something else: %s", cmp.Diff(contents(first), got))
	}
	if len(p.Changes) < 60 {
		t.Errorf("%d changes are too few to prove anything", len(p.Changes))
	}
	before, err := fresh.Questions.List(t.Context(), query.Find{})
	fresh.must(err)
	fresh.apply(first, Options{Prune: true})
	after, err := fresh.Questions.List(t.Context(), query.Find{})
	fresh.must(err)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("applying again made versions: %s", diff)
	}
	// What was asked is the same to the letter.
	original, err := h.Questions.List(t.Context(), query.Find{})
	h.must(err)
	byID := map[string]query.Question{}
	for _, q := range after {
		byID[q.ID] = q
	}
	for _, q := range original {
		if got := byID[q.ID]; got.Body.SQL != q.Body.SQL || got.Name != q.Name || got.Description != q.Description || !cmp.Equal(got.Body.Parameters, q.Body.Parameters) {
			t.Errorf("%s became %q %q, want %q %q", q.ID, got.Name, got.Body.SQL, q.Name, q.Body.SQL)
		}
	}
}

func TestWriteAndRead(t *testing.T) {
	h := newHouse(t, "Shop")
	h.fill()
	files, err := Export(t.Context(), h.Stores)
	h.must(err)
	dir := t.TempDir()
	h.must(os.WriteFile(filepath.Join(dir, "README.md"), []byte("ours"), 0o600))
	w, err := Write(dir, files)
	h.must(err)
	if len(w.Changed) != len(files) || w.Same+len(w.Removed) > 0 {
		t.Errorf("the first export wrote %+v", w)
	}
	h.must(os.WriteFile(filepath.Join(dir, "questions", ".gitkeep"), nil, 0o600))
	read, strangers, err := Read(dir)
	h.must(err)
	if len(strangers) > 0 || len(read) != len(files) {
		t.Errorf("%d files of %d, strangers %v", len(read), len(files), strangers)
	}
	w, err = Write(dir, files[1:])
	h.must(err)
	if len(w.Changed) > 0 || !slices.Equal(w.Removed, []string{files[0].Path}) {
		t.Errorf("the second export wrote %+v", w)
	}
	for _, name := range []string{"README.md", "questions/.gitkeep"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s is gone", name)
		}
	}
	_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error {
		if strings.HasSuffix(path, ".new") {
			t.Errorf("%s was left over", path)
		}
		return nil
	})
}

func TestWriteTouchesNothingOfOthers(t *testing.T) {
	one := []File{{Path: "questions/a.yaml", Data: []byte("name: a\n")}, {Path: markFile, Data: []byte("format: 1\n")}}
	outside := t.TempDir()
	tests := map[string]func(dir string) error{
		"a folder that no export made": func(dir string) error {
			if err := os.Mkdir(filepath.Join(dir, "questions"), 0o700); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "questions", "b.yaml"), []byte("mine"), 0o600)
		},
		"a file of another kind": func(dir string) error {
			if _, err := Write(dir, one); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "questions", "b.txt"), []byte("mine"), 0o600)
		},
		"a folder that leads elsewhere": func(dir string) error { return os.Symlink(outside, filepath.Join(dir, "questions")) },
		"a file that leads elsewhere": func(dir string) error {
			if _, err := Write(dir, one); err != nil {
				return err
			}
			if err := os.Remove(filepath.Join(dir, "questions", "a.yaml")); err != nil {
				return err
			}
			return os.Symlink(filepath.Join(outside, "x.yaml"), filepath.Join(dir, "questions", "a.yaml"))
		},
	}
	for name, make := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := make(dir); err != nil {
				t.Fatal(err)
			}
			before, _ := filepath.Glob(filepath.Join(dir, "*", "*"))
			if w, err := Write(dir, []File{{Path: "questions/a.yaml", Data: []byte("name: b\n")}}); err == nil {
				t.Errorf("it wrote %+v", w)
			}
			after, _ := filepath.Glob(filepath.Join(dir, "*", "*"))
			if diff := cmp.Diff(before, after); diff != "" {
				t.Error(diff)
			}
			if list, _ := os.ReadDir(outside); len(list) > 0 {
				t.Errorf("it wrote elsewhere: %v", list)
			}
		})
	}
}
