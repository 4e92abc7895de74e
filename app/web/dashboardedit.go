package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/chart"
	"assay/app/dashboard"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/query"
	"assay/views"
)

// foundQuestions bounds the questions that a search offers.
const foundQuestions = 20

func (x *dashboards) edit(c echo.Context) error {
	d, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	page, err := x.editPage(c, d, d)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.DashboardEditPage(page))
}

// editPage shows a draft of a dashboard to be arranged.
func (x *dashboards) editPage(c echo.Context, saved, draft *dashboard.Dashboard) (page views.DashboardEdit, err error) {
	body, err := json.Marshal(draft.Body)
	if err != nil {
		return page, err
	}
	page = views.DashboardEdit{Chrome: boardChrome(c, "Arrange "+draft.Name), ID: draft.ID, Name: draft.Name, Version: strconv.Itoa(draft.Version), Draft: string(body)}
	page.Chrome.Wide = draft.Body.Wide
	tabs := draft.Body.Tabs
	if len(tabs) == 0 {
		tabs = []dashboard.Tab{{}}
	}
	name := x.name(c)
	for _, t := range tabs {
		v := views.EditTab{ID: t.ID, Name: t.Name}
		bottom := 0
		for _, band := range dashboard.Bands(draft.Body.On(t.ID)) {
			top, one := band[0].Y, views.EditBand{}
			for _, card := range band {
				top = min(top, card.Y)
			}
			if gap := top - bottom; gap > 0 {
				one.Gap = strconv.Itoa(min(gap, 8))
			}
			for _, card := range band {
				bottom = max(bottom, card.Y+card.H)
				one.Cards = append(one.Cards, x.editCard(c, saved, draft, card, top, name))
			}
			v.Bands = append(v.Bands, one)
		}
		page.Tabs = append(page.Tabs, v)
	}
	return page, nil
}

func (x *dashboards) editCard(c echo.Context, saved, draft *dashboard.Dashboard, card *dashboard.Card, top int, name func(*dashboard.Card) string) views.EditCard {
	number := strconv.Itoa
	v := views.EditCard{ID: card.ID, Kind: string(card.Kind), Name: strings.Trim(name(card), "“”"), Tab: card.Tab, X: number(card.X + 1), Y: number(card.Y + 1), W: number(card.W), H: number(card.H),
		PX: number(card.X), PY: number(min(card.Y-top, 60)), PW: number(card.W), PH: number(card.H), Title: card.Title, Text: card.Text, Sort: map[dashboard.Kind]string{dashboard.Question: "Shown once it is saved"}[card.Kind]}
	for _, t := range draft.Body.Tabs {
		if len(draft.Body.Tabs) > 1 {
			v.Tabs = append(v.Tabs, views.Choice{Value: t.ID, Label: t.Name, Selected: t.ID == card.Tab})
		}
	}
	if card.Kind == dashboard.Question {
		drawn := chart.Kind("")
		if len(card.Chart) > 0 {
			drawn = figure.Settings(card.Chart).Kind
		}
		v.Drawings = []views.Choice{{Label: "As the question says", Selected: drawn == ""}}
		for _, k := range chart.Kinds() {
			v.Drawings = append(v.Drawings, views.Choice{Value: string(k.Kind), Label: k.Label, Selected: drawn == k.Kind})
		}
	}
	if old := saved.Body.Card(card.ID); old != nil && old.Question == card.Question && old.Text == card.Text && string(old.Chart) == string(card.Chart) {
		v.PreviewURL = "/dashboards/" + saved.ID + "/cards/" + card.ID
	}
	return v
}

// draft reads the arrangement as it stands in the form.
func (x *dashboards) draft(c echo.Context, saved *dashboard.Dashboard) (*dashboard.Dashboard, error) {
	form, err := c.FormParams()
	if err != nil {
		return nil, err
	}
	d := *saved
	if text := form.Get("draft"); text != "" {
		d.Body = dashboard.Body{}
		if err := json.Unmarshal([]byte(text), &d.Body); err != nil {
			return nil, fault.Because(fault.Invalid, err, "The arrangement cannot be read; load the page again")
		}
	}
	if n, err := strconv.Atoi(form.Get("version")); err == nil {
		d.Version = n
	}
	for i := range d.Body.Tabs {
		t := &d.Body.Tabs[i]
		if form.Has("t." + t.ID) {
			t.Name = form.Get("t." + t.ID)
		}
	}
	for i := range d.Body.Cards {
		card := &d.Body.Cards[i]
		at := "c." + card.ID + "."
		number := func(name string, first int, to *int) {
			if n, err := strconv.Atoi(form.Get(at + name)); err == nil {
				*to = n - first
			}
		}
		number("x", 1, &card.X)
		number("y", 1, &card.Y)
		number("w", 0, &card.W)
		number("h", 0, &card.H)
		if form.Has(at + "title") {
			card.Title = strings.TrimSpace(form.Get(at + "title"))
		}
		if form.Has(at + "text") {
			card.Text = strings.ReplaceAll(form.Get(at+"text"), "\r\n", "\n")
		}
		if form.Has(at + "tab") {
			card.Tab = form.Get(at + "tab")
		}
		if form.Has(at + "drawing") {
			redraw(card, chart.Kind(form.Get(at+"drawing")))
		}
		// What is typed may lie beyond the grid; it is brought back.
		card.W, card.H = min(max(card.W, 1), dashboard.Columns), min(max(card.H, 1), 40)
		card.X, card.Y = min(max(card.X, 0), dashboard.Columns-card.W), min(max(card.Y, 0), 20000)
	}
	return &d, nil
}

// redraw changes the kind of a card's drawing and keeps its other settings where the kind stays.
func redraw(card *dashboard.Card, kind chart.Kind) {
	now := chart.Kind("")
	if len(card.Chart) > 0 {
		now = figure.Settings(card.Chart).Kind
	}
	switch {
	case kind == now:
	case kind == "":
		card.Chart = nil
	default:
		card.Chart, _ = json.Marshal(chart.Settings{Kind: kind})
	}
}

// arrange does one step to the draft, or saves it.
func (x *dashboards) arrange(c echo.Context) error {
	saved, err := x.get(c, account.Save, c.Param("id"))
	if err != nil {
		return err
	}
	d, err := x.draft(c, saved)
	if err != nil {
		return err
	}
	do, arg, _ := strings.Cut(c.FormValue("do"), ".")
	var found []query.Question
	switch do {
	case "save", "over", "both":
		if do == "both" {
			if began, err := x.dashboards.GetVersion(c.Request().Context(), d.ID, d.Version); err == nil {
				d.Body, _ = dashboard.Merge(began.Body, d.Body, saved.Body, x.name(c))
			}
		}
		if do != "save" {
			d.Version = saved.Version
		}
		return x.saveDraft(c, saved, d)
	case "find":
		if found, err = x.questions.List(c.Request().Context(), query.Find{Text: c.FormValue("find"), For: person(c), Limit: foundQuestions}); err != nil {
			return err
		}
	case "add":
		err = x.addCard(c, d, arg, "")
	default:
		step(d, do, arg)
	}
	if err == nil {
		err = d.Body.Check()
	}
	page, pageErr := x.editPage(c, saved, d)
	if pageErr != nil {
		return pageErr
	}
	page.Find, page.Searched = c.FormValue("find"), do == "find"
	for _, q := range found {
		page.Found = append(page.Found, views.EditFound{ID: q.ID, Name: q.Name, Folder: x.folder(c, q.FolderID)})
	}
	status := http.StatusOK
	if err != nil {
		var ok bool
		if status, ok = x.wrong(&page, err); !ok {
			return err
		}
	}
	return respond(c, status, views.DashboardEditPage(page))
}

// wrong puts what is wrong with a draft on its page.
func (x *dashboards) wrong(page *views.DashboardEdit, err error) (status int, ok bool) {
	status, problem, fields, ok := told(err)
	page.Problem = problem
	if problem == "" {
		page.Problem = "The arrangement needs another look"
	}
	for _, message := range fields {
		page.Errors = append(page.Errors, message)
	}
	slices.Sort(page.Errors)
	return status, ok
}

// step changes the draft as a button says.
func step(d *dashboard.Dashboard, do, arg string) {
	b := &d.Body
	first := ""
	if len(b.Tabs) > 0 {
		first = b.Tabs[0].ID
	}
	moves := map[string][2]int{"left": {-1, 0}, "right": {1, 0}, "up": {0, -1}, "down": {0, 1}}
	sizes := map[string][2]int{"narrower": {-1, 0}, "wider": {1, 0}, "lower": {0, -1}, "higher": {0, 1}}
	add := func(kind dashboard.Kind, text string) {
		w, h := dashboard.DefaultSize(kind, "")
		b.Add(dashboard.Card{Kind: kind, Text: text, Tab: first, W: w, H: h})
	}
	switch do {
	case "compact":
		b.Cards = dashboard.Compact(b.Cards)
	case "heading":
		add(dashboard.Heading, "Heading")
	case "text":
		add(dashboard.Text, "Write here, in **Markdown**.")
	case "finding":
		add(dashboard.Finding, "Say what was found. A figure such as {{value \"Revenue by month\" row=last column=revenue}} stays up to date.")
	case "tab":
		b.Tabs = append(b.Tabs, dashboard.Tab{Name: "Tab " + strconv.Itoa(len(b.Tabs)+1)})
		if len(b.Tabs) == 1 { // the cards that are there need one too
			b.Tabs = append(b.Tabs, dashboard.Tab{Name: "Tab 2"})
		}
	case "untab":
		i := slices.IndexFunc(b.Tabs, func(t dashboard.Tab) bool { return t.ID == arg })
		if i < 0 {
			return
		}
		b.Tabs = slices.Delete(b.Tabs, i, i+1)
		to := ""
		if len(b.Tabs) == 1 {
			b.Tabs = nil
		} else if len(b.Tabs) > 0 {
			to = b.Tabs[0].ID
		}
		below := 0
		for j := range b.Cards {
			if card := &b.Cards[j]; card.Tab != arg {
				below = max(below, card.Y+card.H)
			}
		}
		for j := range b.Cards {
			card := &b.Cards[j]
			if card.Tab == arg { // its cards are kept, below the others
				card.Tab, card.Y = to, card.Y+below
			} else if len(b.Tabs) == 0 {
				card.Tab = ""
			}
		}
	case "remove":
		b.Cards = slices.DeleteFunc(b.Cards, func(c dashboard.Card) bool { return c.ID == arg })
		for i := range b.Filters {
			b.Filters[i].Targets = slices.DeleteFunc(b.Filters[i].Targets, func(t dashboard.Target) bool { return t.Card == arg })
		}
	default:
		if way, ok := moves[do]; ok {
			b.Cards = dashboard.Move(b.Cards, arg, way[0], way[1])
		} else if way, ok := sizes[do]; ok {
			b.Cards = dashboard.Resize(b.Cards, arg, way[0], way[1])
		}
	}
}

// saveDraft saves the arrangement; where somebody else saved meanwhile, it shows
// what they changed and lets the person decide.
func (x *dashboards) saveDraft(c echo.Context, saved, d *dashboard.Dashboard) error {
	ctx := c.Request().Context()
	// Only the arrangement is changed here; the name and the folder are as they are saved.
	from := d.Version
	err := x.dashboards.Update(ctx, d, person(c))
	if err == nil {
		return done(c, "/dashboards/"+d.ID, "The arrangement is saved as version "+strconv.Itoa(d.Version)+".")
	}
	if !fault.Is(err, fault.Conflict) {
		page, pageErr := x.editPage(c, saved, d)
		if pageErr != nil {
			return pageErr
		}
		status, ok := x.wrong(&page, err)
		if !ok || fault.Is(err, fault.Denied) {
			return err
		}
		return respond(c, status, views.DashboardEditPage(page))
	}
	d.Version = from // what both are put together on
	page, err := x.editPage(c, saved, d)
	if err != nil {
		return err
	}
	conflict := &views.DashboardConflict{By: "Somebody", When: moment(saved.UpdatedAt) + " UTC", Version: strconv.Itoa(saved.Version)}
	if last, err := x.dashboards.GetVersion(ctx, d.ID, saved.Version); err == nil {
		conflict.By = x.who(c, last.SavedBy)
	}
	if began, err := x.dashboards.GetVersion(ctx, d.ID, from); err == nil {
		name := x.name(c)
		conflict.Theirs = changeWords(dashboard.Diff(began.Body, saved.Body, name))
		conflict.Mine = changeWords(dashboard.Diff(began.Body, d.Body, name))
		_, both := dashboard.Merge(began.Body, d.Body, saved.Body, name)
		conflict.Merges, conflict.Both = true, strings.Join(both, ", ")
	}
	page.Conflict = conflict
	return respond(c, http.StatusConflict, views.DashboardEditPage(page))
}
