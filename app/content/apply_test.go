package content

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/schedule"
	"assay/app/store"
)

// small is a folder of files that somebody wrote by hand.
func small() map[string]string {
	return map[string]string{
		"connections/shop.yaml":   "name: Shop\n",
		"folders/sales.yaml":      "name: Sales\n",
		"questions/revenue.yaml":  "name: Revenue\nconnection: shop\nfolder: sales\nsql: |\n  SELECT sum(amount) AS revenue\n  FROM orders\n",
		"questions/orders.yaml":   "name: Orders\nconnection: shop\nspec:\n  table: orders\n  measures: [{fn: count}]\n",
		"dashboards/monday.yaml":  "name: Monday\nfolder: sales\ncards:\n  - question: revenue\n  - text: Hello\n",
		"reports/monday.md":       "---\nname: Monday\n---\n\n# Hello\n",
		"schedules/monday.yaml":   "name: Monday\nwhen: {every: week, at: 07:30, weekdays: [mon]}\ndo: refresh\ndashboard: monday\nowner: ada@example.com\n",
		"alerts/few-orders.yaml":  "name: Few orders\nwhen: {every: hour}\nquestion: orders\ncondition: below\nvalue: 10\nowner: ada@example.com\nto: [{kind: person, person: ada@example.com}]\n",
		"rules/orders-sales.yaml": "connection: shop\nid: r1\ntable: orders\ngroup: Vertrieb & Co\nfilter: {column: region, op: eq, value: north}\n",
		"grants.yaml":             "- {connection: shop, everyone: true, level: sql}\n- {folder: \"\", everyone: true, level: edit}\n- {folder: sales, group: Vertrieb & Co, level: edit}\n",
	}
}

func TestHandWrittenFiles(t *testing.T) {
	h := newHouse(t, "Shop")
	h.apply(small(), Options{})
	if p := h.prepare(small(), Options{Prune: true}); len(p.Changes) > 0 {
		t.Errorf("files without ids make something again: %s", p.Diff())
	}
	grants, err := h.People.Grants(t.Context(), account.InFolder(folderOf(t, h, "Sales")))
	h.must(err)
	if len(grants) != 1 || grants[0].SubjectKind != account.ToGroup {
		t.Errorf("a new folder is granted to %+v, and to others than the files say", grants)
	}
	dashboards := h.export()["dashboards/monday.yaml"]
	if !strings.Contains(dashboards, "question: revenue\n") || !strings.Contains(dashboards, "w: ") {
		t.Errorf("the dashboard became %s", dashboards)
	}
	with := small()
	with["questions/revenue.yaml"] = strings.Replace(with["questions/revenue.yaml"], "sum(amount)", "total(amount)", 1)
	p := h.apply(with, Options{})
	want := `--- a/questions/revenue.yaml
+++ b/questions/revenue.yaml
@@ -3,5 +3,5 @@
 connection: shop
 folder: sales
 sql: |
-  SELECT sum(amount) AS revenue
+  SELECT total(amount) AS revenue
   FROM orders
`
	if diff := cmp.Diff(want, p.Diff()); diff != "" {
		t.Error(diff)
	}
	q := questionOf(t, h, "Revenue")
	if q.Version != 2 {
		t.Errorf("the question has the version %d", q.Version)
	}
	if q := questionOf(t, h, "Orders"); q.Version != 1 {
		t.Errorf("what did not change has the version %d", q.Version)
	}
}

func folderOf(t *testing.T, h *house, name string) string {
	list, err := h.Questions.Folders(t.Context())
	h.must(err)
	for _, f := range list {
		if f.Name == name {
			return f.ID
		}
	}
	t.Fatalf("there is no folder %s", name)
	return ""
}

func questionOf(t *testing.T, h *house, name string) query.Question {
	list, err := h.Questions.List(t.Context(), query.Find{})
	h.must(err)
	for _, q := range list {
		if q.Name == name {
			return q
		}
	}
	t.Fatalf("there is no question %s", name)
	return query.Question{}
}

func TestRename(t *testing.T) {
	h := newHouse(t, "Shop")
	h.apply(small(), Options{})
	files := h.export()
	id := questionOf(t, h, "Revenue").ID
	files["questions/revenue.yaml"] = strings.Replace(files["questions/revenue.yaml"], "name: Revenue", "name: Turnover", 1)
	p := h.apply(files, Options{Prune: true})
	if q := questionOf(t, h, "Turnover"); q.ID != id || q.Version != 2 {
		t.Errorf("the question became %s, version %d", q.ID, q.Version)
	}
	// The dashboard names its question otherwise, and is the same.
	verbs := map[string]string{}
	for _, c := range p.Changes {
		verbs[c.After.Path] = c.Verb()
	}
	if diff := cmp.Diff(map[string]string{"questions/turnover.yaml": "update", "dashboards/monday.yaml": "rename"}, verbs); diff != "" {
		t.Error(diff)
	}
	after := h.export()
	if after["questions/revenue.yaml"] != "" || !strings.Contains(after["dashboards/monday.yaml"], "question: turnover") {
		t.Errorf("the files are %v", slices.Sorted(maps.Keys(after)))
	}
}

func TestPrune(t *testing.T) {
	h := newHouse(t, "Shop")
	h.apply(small(), Options{})
	whole := h.export()
	few := map[string]string{markFile: "format: 1\nholds: [questions, alerts]\n", "questions/orders.yaml": whole["questions/orders.yaml"]}
	if p := h.prepare(few, Options{}); len(p.Changes) > 0 {
		t.Errorf("without --prune something goes: %s", p.Diff())
	}
	h.apply(few, Options{Prune: true})
	after := h.export()
	for name := range whole {
		gone := strings.HasPrefix(name, "alerts/") || name == "questions/revenue.yaml"
		if _, there := after[name]; there == gone {
			t.Errorf("%s is there: %t", name, there)
		}
	}
	whole["grants.yaml"] = "- {folder: \"\", everyone: true, level: view}\n"
	h.apply(map[string]string{"grants.yaml": whole["grants.yaml"]}, Options{Prune: true})
	if got := h.export()["grants.yaml"]; got != "- everyone: true\n  folder: \"\"\n  level: view\n" {
		t.Errorf("the rights are %s", got)
	}
}

// TestOnlyFiles is a folder that holds a part of what there is.
func TestPartOfTheFiles(t *testing.T) {
	h := newHouse(t, "Shop")
	h.apply(small(), Options{})
	h.apply(map[string]string{"dashboards/more.yaml": "name: More\nfolder: sales\ncards: [{question: orders}, {question: " + questionOf(t, h, "Revenue").ID + "}]\n"}, Options{})
	if got := h.export()["dashboards/more.yaml"]; !strings.Contains(got, "question: orders\n") || !strings.Contains(got, "question: revenue\n") {
		t.Errorf("the dashboard became %s", got)
	}
}

func TestProblemsAreToldTogetherWithLines(t *testing.T) {
	deep := strings.Repeat("[", 500) + strings.Repeat("]", 500)
	tests := map[string]struct {
		name, text string
		want       string
	}{
		"a member that is not there":     {"questions/a.yaml", "name: A\nconnection: shop\nsqll: SELECT 1\n", "questions/a.yaml:3: There is no sqll here"},
		"a member of a part":             {"dashboards/a.yaml", "name: A\ncards:\n  - text: x\n    width: 4\n", "dashboards/a.yaml:4: There is no width here"},
		"a member twice":                 {"questions/a.yaml", "name: A\nname: B\n", "questions/a.yaml:2: name is there already, on line 1"},
		"an alias":                       {"questions/a.yaml", "name: &x A\ndescription: *x\n", "questions/a.yaml:1: Anchors and aliases are not read"},
		"a bomb of aliases":              {"questions/a.yaml", "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", "questions/a.yaml:1: Anchors and aliases"},
		"a tag":                          {"questions/a.yaml", "name: !!binary aGk=\n", "questions/a.yaml:1: Tags such as"},
		"a merge":                        {"questions/a.yaml", "<<: {name: A}\n", "questions/a.yaml:1: A key is a word"},
		"a key of parts":                 {"questions/a.yaml", "? [a, b]\n: c\n", "questions/a.yaml:1: A key is a word"},
		"too deep":                       {"questions/a.yaml", "name: A\nchart: " + deep + "\n", "questions/a.yaml:2: The file is nested more than"},
		"two documents":                  {"questions/a.yaml", "name: A\n---\nname: B\n", "A file holds one document"},
		"nothing":                        {"questions/a.yaml", "", "The file is empty"},
		"only a comment":                 {"questions/a.yaml", "# hi\n", "The file is empty"},
		"no YAML":                        {"questions/a.yaml", "name: A\n  sql: [\n", "questions/a.yaml:2: This is no YAML"},
		"no UTF-8":                       {"questions/a.yaml", "name: \xff\xfe\n", "This is no YAML"},
		"a list where names belong":      {"questions/a.yaml", "- name: A\n", "questions/a.yaml:1: The file has names and values"},
		"a text where a number belongs":  {"dashboards/a.yaml", "name: A\ncards: []\nrefresh: soon\n", "dashboards/a.yaml:3: refresh is a whole number"},
		"a word where a truth belongs":   {"dashboards/a.yaml", "name: A\ncards: []\nwide: \"yes\"\n", "dashboards/a.yaml:3: wide is true or false"},
		"an unknown question":            {"dashboards/a.yaml", "name: A\ncards:\n  - text: x\n  - question: nowhere\n", "dashboards/a.yaml:4: There is no question nowhere"},
		"an unknown folder":              {"questions/a.yaml", "name: A\nconnection: shop\nsql: SELECT 1\nfolder: nowhere\n", "questions/a.yaml:4: There is no folder nowhere"},
		"an unknown connection":          {"questions/a.yaml", "name: A\nsql: SELECT 1\nconnection: nowhere\n", "questions/a.yaml:3: There is no connection nowhere"},
		"neither sql nor spec":           {"questions/a.yaml", "name: A\nconnection: shop\n", "A question has either sql or a spec"},
		"a spec that means nothing":      {"questions/a.yaml", "name: A\nconnection: shop\nspec:\n  table: orders\n  measures:\n    - fn: product\n", "questions/a.yaml:6: \"product\" is not one of"},
		"no name":                        {"reports/a.md", "---\nname: \"\"\n---\n", "A name has 1 to 200 characters"},
		"no settings":                    {"reports/a.md", "# Hello\n", "reports/a.md:1: A report begins with its settings"},
		"a member of a report":           {"reports/a.md", "---\nname: A\nthem: x\n---\n", "reports/a.md:3: There is no them here"},
		"an unknown group":               {"grants.yaml", "- {folder: \"\", everyone: true, level: edit}\n- {folder: \"\", group: Nobody, level: edit}\n", "grants.yaml:2: There is no group named Nobody"},
		"an unknown person":              {"grants.yaml", "- {folder: \"\", person: x@example.com, level: edit}\n", "grants.yaml:1: There is nobody with the address x@example.com"},
		"a right to nobody":              {"grants.yaml", "- {folder: \"\", level: edit}\n", "grants.yaml:1: Say for whom"},
		"a right to nothing":             {"grants.yaml", "- {everyone: true, level: edit}\n", "grants.yaml:1: A right is to a connection"},
		"a level of something else":      {"grants.yaml", "- {folder: \"\", everyone: true, level: sql}\n", "grants.yaml:1: The levels of a folder are"},
		"a right twice":                  {"grants.yaml", "- {folder: \"\", everyone: true, level: edit}\n- {folder: \"\", everyone: true, level: view}\n", "grants.yaml:2: This right is there twice"},
		"an owner who is not there":      {"schedules/a.yaml", "name: A\nwhen: {every: day}\ndo: refresh\nowner: x@example.com\n", "schedules/a.yaml:4: There is nobody"},
		"an id that leads elsewhere":     {"questions/a.yaml", "name: A\nid: ../../x\nconnection: shop\nsql: SELECT 1\n", "questions/a.yaml:2: An id has"},
		"a rule for nobody":              {"rules/a.yaml", "id: x\nconnection: shop\ntable: orders\n", "Say for whom"},
		"another version":                {"assay.yaml", "format: 2\nholds: []\n", "Format 2 is of another version"},
		"a number that no JSON has":      {"questions/a.yaml", "name: A\nconnection: shop\nsql: SELECT 1\nchart: {x: 0x10}\n", "questions/a.yaml:4: Write the number 0x10 with decimal digits"},
		"a number that is none":          {"questions/a.yaml", "name: A\nconnection: shop\nsql: SELECT 1\nchart: {x: .nan}\n", "Write the number .nan"},
		"a target by its id":             {"alerts/a.yaml", "name: A\nwhen: {every: day}\nquestion: x\ncondition: above\nto:\n  - {kind: person, id: abc}\nowner: ada@example.com\n", "alerts/a.yaml:6: Name the person by address"},
		"an unknown channel":             {"schedules/a.yaml", "name: A\nwhen: {every: day}\ndo: deliver\nquestion: x\nto:\n  - kind: slack\n    channel: Sales floor\nowner: ada@example.com\n", "schedules/a.yaml:7: There is no channel named \"Sales floor\" here"},
		"a channel by its id":            {"alerts/a.yaml", "name: A\nwhen: {every: day}\nquestion: x\ncondition: above\nto:\n  - {kind: slack, id: abc}\nowner: ada@example.com\n", "alerts/a.yaml:6: Name the person by address, or the channel by name"},
		"a channel of another kind":      {"alerts/a.yaml", "name: A\nwhen: {every: day}\nquestion: x\ncondition: above\nto:\n  - {kind: webhook, channel: Chat}\nowner: ada@example.com\n", "alerts/a.yaml:6: The channel \"Chat\" is of the kind slack here"},
		"a folder's name in two files":   {"folders/sales2.yaml", "name: Sales\n", "Another file holds the folder"},
		"a connection that is elsewhere": {"connections/other.yaml", "name: Other\nhost: db.example.com\nkind: postgres\npassword: secret\n", "connections/other.yaml:4: There is no password here"},
	}
	h := newHouse(t, "Shop")
	h.channel("Chat", schedule.ToSlack)
	h.apply(map[string]string{"folders/sales.yaml": "name: Sales\n"}, Options{})
	before := h.export()
	all := map[string]string{}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"folders/sales.yaml": "name: Sales\n", test.name: test.text}
			if test.name != "connections/shop.yaml" {
				files["connections/shop.yaml"] = "name: Shop\n"
			}
			plan, problems, err := Prepare(t.Context(), h.Stores, raw(files), Options{})
			h.must(err)
			if plan != nil {
				t.Fatal("there is a plan")
			}
			for _, p := range problems {
				if strings.Contains(p.String(), test.want) {
					return
				}
			}
			t.Errorf("told %v, want %q", problems, test.want)
		})
		if strings.HasPrefix(test.name, "questions/") {
			all["questions/"+strings.ReplaceAll(name, " ", "-")+".yaml"] = test.text
		}
	}
	_, problems, err := Prepare(t.Context(), h.Stores, raw(all), Options{})
	h.must(err)
	told := map[string]bool{}
	for _, p := range problems {
		told[p.Path] = true
	}
	if len(told) != len(all) {
		t.Errorf("%d of %d files with problems are told", len(told), len(all))
	}
	if diff := cmp.Diff(before, h.export()); diff != "" {
		t.Errorf("something changed: %s", diff)
	}
}

// TestAllOrNothing is a change that the store refuses, and a process that ends
// half-way: neither leaves anything.
func TestAllOrNothing(t *testing.T) {
	for name, spoil := range map[string]func(h *house, p *Plan) error{
		"somebody else saved meanwhile": func(h *house, p *Plan) error {
			q := questionOf(t, h, "Orders")
			q.Description = "by hand"
			h.must(h.Questions.Update(t.Context(), &q, h.admin))
			return p.Apply(t.Context(), h.rooms)
		},
		"the process ends": func(h *house, p *Plan) error {
			ctx, cancel := context.WithCancel(t.Context())
			rooms := h.rooms
			rooms.Stores = func(in *store.Store) *Stores {
				s := h.rooms.Stores(in)
				h.must(s.Questions.CreateFolder(ctx, &query.Folder{Name: "written before the end"}))
				cancel()
				return s
			}
			return p.Apply(ctx, rooms)
		},
		"the last of them is refused": func(h *house, p *Plan) error {
			p.Changes = append(p.Changes, Change{Kind: Alerts, ID: "none", After: &File{Path: "alerts/none.yaml"}})
			return p.Apply(t.Context(), h.rooms)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, "Shop")
			h.apply(small(), Options{})
			files := small()
			for name := range files {
				if strings.HasPrefix(name, "questions/") || strings.HasPrefix(name, "dashboards/") || strings.HasPrefix(name, "reports/") {
					files[name] = strings.Replace(files[name], "name: ", "description: changed\nname: ", 1)
				}
			}
			files["folders/new.yaml"] = "name: New\n"
			p := h.prepare(files, Options{})
			if len(p.Changes) < 5 {
				t.Fatalf("%d changes", len(p.Changes))
			}
			err := spoil(h, p)
			if err == nil {
				t.Fatal("it was applied")
			}
			for name, text := range h.export() {
				if strings.Contains(text, "description: changed") || name == "folders/new.yaml" || name == "folders/written-before-the-end.yaml" {
					t.Errorf("%s was changed after %v", name, err)
				}
			}
		})
	}
}

func TestAsSomebody(t *testing.T) {
	h := newHouse(t, "Shop")
	h.apply(small(), Options{})
	ctx := t.Context()
	made, err := h.People.Create(ctx, account.NewPerson{Email: "ben@example.com", Role: account.Analyst})
	h.must(err)
	groups, err := h.People.Groups(ctx)
	h.must(err)
	person := func() *account.Person {
		p, err := h.People.Active(ctx, made.ID)
		h.must(err)
		return p
	}
	files := h.export()
	if p := h.prepare(files, Options{By: person()}); len(p.Changes) > 0 {
		t.Errorf("applied by somebody else it changes something: %s", p.Diff())
	}
	changed := maps.Clone(files)
	changed["schedules/monday.yaml"] = strings.Replace(changed["schedules/monday.yaml"], "07:30", "08:30", 1)
	p := h.prepare(changed, Options{By: person()})
	h.must(p.Apply(ctx, h.rooms))
	if got := h.export()["schedules/monday.yaml"]; !strings.Contains(got, "owner: ben@example.com") || !strings.Contains(got, "08:30") {
		t.Errorf("who changed it is not its owner: %s", got)
	}
	if got := h.export()["alerts/few-orders.yaml"]; !strings.Contains(got, "owner: ada@example.com") {
		t.Errorf("what did not change has another owner: %s", got)
	}
	// Ben has no right to the folder of sales.
	changed = maps.Clone(h.export())
	changed["questions/revenue.yaml"] = strings.Replace(changed["questions/revenue.yaml"], "sum(", "max(", 1)
	p = h.prepare(changed, Options{By: person()})
	if err := p.Apply(ctx, h.rooms); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Denied) {
		t.Errorf("changed what he has no right to: %v", err)
	}
	h.must(h.People.ChangeMembers(ctx, groups[0].ID, []string{made.ID}, nil))
	p = h.prepare(changed, Options{By: person()})
	h.must(p.Apply(ctx, h.rooms))
	changed["grants.yaml"] = "- {folder: sales, everyone: true, level: edit}\n"
	_, problems, err := Prepare(ctx, h.Stores, raw(changed), Options{By: person()})
	h.must(err)
	if len(problems) != 1 || !strings.Contains(problems[0].String(), "Only an administrator") {
		t.Errorf("told %v", problems)
	}
	// A folder of his own he makes and fills in one go.
	h.must(h.prepare(map[string]string{"folders/ben.yaml": "name: Ben\n", "questions/own.yaml": "name: Own\nfolder: ben\nconnection: shop\nsql: SELECT 1 AS x\n"}, Options{By: person()}).Apply(ctx, h.rooms))
}
