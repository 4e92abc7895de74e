package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/saved"
	"assay/app/schedule"
	"assay/views"
)

// shownTimes is how many of the next times a form shows.
const shownTimes = 5

var everyChoices = []views.Choice{{Value: "hour", Label: "hour"}, {Value: "day", Label: "day"}, {Value: "week", Label: "week"}, {Value: "month", Label: "month"}, {Value: "cron", Label: "cron expression"}}

var weekdayChoices = []views.Choice{{Value: "mon", Label: "Mon"}, {Value: "tue", Label: "Tue"}, {Value: "wed", Label: "Wed"}, {Value: "thu", Label: "Thu"}, {Value: "fri", Label: "Fri"}, {Value: "sat", Label: "Sat"}, {Value: "sun", Label: "Sun"}}

// firstWhen is when something new runs unless told otherwise.
func firstWhen(c echo.Context, every string) schedule.When {
	return schedule.When{Every: every, At: "07:30", Weekdays: []string{"mon"}, Day: 1, Zone: readerZone(c).String()}
}

// readWhen takes from a form at which times something runs.
func readWhen(v url.Values) schedule.When {
	w := schedule.When{Every: v.Get("every"), Cron: v.Get("cron"), At: v.Get("at"), Weekdays: v["weekday"], Zone: v.Get("zone")}
	w.Day, _ = strconv.Atoi(v.Get("day"))
	if w.Every == "hour" && v.Has("minute") {
		w.At = strings.TrimSpace(v.Get("minute"))
		if n, err := strconv.Atoi(w.At); err == nil && n >= 0 && n < 60 {
			w.At = time.Date(0, 1, 1, 0, n, 0, 0, time.UTC).Format("15:04")
		}
	}
	return w
}

// whenProblems tells what is wrong with a When by the names of the form's
// controls, and returns it as it will be kept.
func whenProblems(w schedule.When) (schedule.When, map[string]string) {
	probe := schedule.Body{When: w, Do: schedule.Refresh, Question: "any"}
	wrong := whenFields(fault.FieldsOf(probe.Check()))
	return probe.When, wrong
}

// whenFields names fields as the form's controls are named.
func whenFields(fields map[string]string) map[string]string {
	out := map[string]string{}
	for name, problem := range fields {
		out[strings.TrimPrefix(name, "when.")] = problem
	}
	return out
}

// timesView is when something runs next.
func timesView(c echo.Context, w schedule.When) views.Times {
	settled, wrong := whenProblems(w)
	for _, name := range []string{"every", "at", "weekdays", "day", "cron", "zone"} {
		if wrong[name] != "" {
			return views.Times{Problem: wrong[name] + "."}
		}
	}
	zone, err := time.LoadLocation(settled.Zone)
	if err != nil {
		zone = time.UTC
	}
	t := views.Times{Words: settled.Words()}
	reader := readerZone(c)
	at := time.Now()
	for range shownTimes {
		if at = settled.Next(at); at.IsZero() {
			break
		}
		t.Items = append(t.Items, momentIn(at, zone, reader))
	}
	if len(t.Items) == 0 {
		t.Problem = "There is no time at which this would run."
	}
	return t
}

// times answers with the next times of what a form says.
func (x *schedules) times(c echo.Context) error {
	return respond(c, http.StatusOK, views.TimesList(timesView(c, readWhen(c.QueryParams()))))
}

func whenView(c echo.Context, w schedule.When, wrong map[string]string) views.When {
	v := views.When{Every: slices.Clone(everyChoices), At: cmp.Or(w.At, "07:30"), Minute: "0", Weekdays: slices.Clone(weekdayChoices), Cron: w.Cron, Zone: cmp.Or(w.Zone, "UTC"), Zones: zoneChoices(), Times: timesView(c, w), Errors: wrong}
	if w.Every == "hour" {
		if at, err := time.Parse("15:04", w.At); err == nil {
			v.Minute = strconv.Itoa(at.Minute())
		} else {
			v.Minute = w.At
		}
		v.At = "07:30"
	}
	mark(v.Every, func(value string) bool { return value == w.Every })
	mark(v.Weekdays, func(value string) bool {
		return slices.Contains(w.Weekdays, value) || len(w.Weekdays) == 0 && w.Every != "week" && value == "mon"
	})
	for day := 1; day <= 31; day++ {
		v.Days = append(v.Days, views.Choice{Value: strconv.Itoa(day), Label: strconv.Itoa(day), Selected: day == w.Day})
	}
	v.Days = append(v.Days, views.Choice{Value: "-1", Label: "the last", Selected: w.Day == -1})
	if wrong != nil {
		v.Times.Problem = "" // it stands at its field
	}
	return v
}

// recipients is the part of a form that says to whom something goes, as it was
// filled in.
type recipients struct {
	list  []schedule.Target
	add   string // what stands in the box for people, and is nobody yet
	mails string
	wrong map[string]string
}

// recipientsOf spells recipients for a form.
func recipientsOf(list []schedule.Target) *recipients {
	r := &recipients{list: list, wrong: map[string]string{}}
	for _, t := range list {
		if t.Kind == schedule.ToMail {
			r.mails += t.Address + "\n"
		}
	}
	return r
}

// readRecipients takes recipients from a form. What stands in the box for people
// counts as chosen.
func (x *timed) readRecipients(ctx context.Context, v url.Values) (*recipients, error) {
	r := &recipients{mails: strings.ReplaceAll(v.Get("mails"), "\r\n", "\n"), wrong: map[string]string{}}
	removed := strings.TrimPrefix(v.Get("do"), "remove-")
	for _, id := range v["people"] {
		if id != removed {
			r.list = append(r.list, schedule.Target{Kind: schedule.ToPerson, ID: id})
		}
	}
	if text := strings.TrimSpace(v.Get("person")); text != "" {
		id, problem, err := x.findPerson(ctx, text)
		if err != nil {
			return nil, err
		}
		if problem != "" {
			r.add, r.wrong["person"] = text, problem
		} else if !slices.ContainsFunc(r.list, func(t schedule.Target) bool { return t.ID == id }) {
			r.list = append(r.list, schedule.Target{Kind: schedule.ToPerson, ID: id})
		}
	}
	for line := range strings.Lines(r.mails) {
		for one := range strings.FieldsFuncSeq(line, func(c rune) bool { return strings.ContainsRune(",; \t\n", c) }) {
			if err := x.checkAddress(one); err != nil {
				if r.wrong["mails"] == "" {
					r.wrong["mails"] = fault.MessageOf(err)
				}
				continue
			}
			r.list = append(r.list, schedule.Target{Kind: schedule.ToMail, Address: one})
		}
	}
	channels, err := x.works.Channels.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, ch := range channels {
		if slices.Contains(v["channel"], ch.ID) {
			r.list = append(r.list, schedule.Target{Kind: ch.Kind, ID: ch.ID})
		}
	}
	return r, nil
}

// reachable reports whether things can be sent to a person.
func reachable(p *account.Person) bool { return p.Kind == account.Human && !p.Disabled }

// findPerson returns who is meant by a name or address, or what is wrong with it.
func (x *timed) findPerson(ctx context.Context, text string) (id, problem string, err error) {
	people, err := x.people.List(ctx)
	if err != nil {
		return "", "", err
	}
	var fits []string
	folded := strings.ToLower(text)
	for i := range people {
		p := &people[i]
		if !reachable(p) {
			continue
		}
		if strings.EqualFold(called(p), text) || strings.EqualFold(p.Email, text) {
			return p.ID, "", nil
		}
		if strings.Contains(strings.ToLower(called(p)+" "+p.Email), folded) {
			id, fits = p.ID, append(fits, called(p))
		}
	}
	switch {
	case len(fits) == 1:
		return id, "", nil
	case len(fits) == 0:
		return "", "Nobody here is called " + quoted(fault.Clip(text, 60)) + "; a mail address without an account goes below", nil
	}
	more := ""
	if len(fits) > 4 {
		fits, more = fits[:4], " and others"
	}
	return "", quoted(fault.Clip(text, 60)) + " fits " + strings.Join(fits, ", ") + more + "; say more of the name", nil
}

// mostOffered is how many people a form offers; others are found by typing.
const mostOffered = 500

func (x *timed) recipientsView(c echo.Context, r *recipients, hint string) (views.Recipients, error) {
	ctx := c.Request().Context()
	v := views.Recipients{Add: r.add, Mails: r.mails, Hint: hint, Rule: x.mailRule(), Errors: r.wrong}
	if x.works.Mail == nil {
		v.Warning = noMail
	}
	people, err := x.people.List(ctx)
	if err != nil {
		return v, err
	}
	byID := map[string]*account.Person{}
	for i := range people {
		p := &people[i]
		byID[p.ID] = p
		if reachable(p) && len(v.People) < mostOffered {
			v.People = append(v.People, called(p))
		}
	}
	for _, t := range r.list {
		if t.Kind != schedule.ToPerson {
			continue
		}
		one := views.Recipient{ID: t.ID, Name: "somebody", Gone: true}
		if p := byID[t.ID]; p != nil {
			one.Name, one.Gone = called(p), !reachable(p)
		}
		v.Chosen = append(v.Chosen, one)
	}
	channels, err := x.works.Channels.List(ctx)
	if err != nil {
		return v, err
	}
	for _, ch := range channels {
		chosen := slices.ContainsFunc(r.list, func(t schedule.Target) bool { return t.Kind == ch.Kind && t.ID == ch.ID })
		v.Channels = append(v.Channels, views.Choice{Value: ch.ID, Label: ch.Name + " (" + how(ch.Kind) + ")", Selected: chosen})
	}
	if account.May(person(c), account.EditSettings).Allowed {
		v.EditChannels = "/admin/channels"
	}
	return v, nil
}

// mailRule says which addresses without an account mails may go to, "" for all.
func (x *timed) mailRule() string {
	if len(x.works.MailDomains) == 0 {
		return ""
	}
	return "Allowed are addresses at " + strings.Join(x.works.MailDomains, ", ") + "."
}

// whatWords are the kinds of what is delivered, in the order in which they are offered.
var whatKinds = []struct{ kind, label string }{{"dashboard", "Dashboards"}, {"report", "Reports"}, {"question", "Questions"}}

// pick shows what a new schedule or alert can be about.
func (x *timed) pick(c echo.Context, page views.PickWhat, kinds ...string) error {
	ctx := c.Request().Context()
	page.Find = strings.TrimSpace(c.QueryParam("q"))
	page.Do = c.QueryParam("act")
	for _, k := range whatKinds {
		if !slices.Contains(kinds, k.kind) {
			continue
		}
		group := views.PickGroup{Label: k.label, Icon: k.kind}
		add := func(id, name string) {
			v := url.Values{k.kind: {id}}
			if page.Do != "" {
				v.Set("act", page.Do)
			}
			group.Items = append(group.Items, views.Link{Label: name, URL: page.Action + "?" + v.Encode()})
		}
		find := saved.Find{Text: page.Find, For: person(c), Limit: mostOffered}
		switch k.kind {
		case "dashboard":
			list, err := x.dashboards.List(ctx, find)
			if err != nil {
				return err
			}
			for i := range list {
				add(list[i].ID, list[i].Name)
			}
		case "report":
			list, err := x.reports.List(ctx, find)
			if err != nil {
				return err
			}
			for i := range list {
				add(list[i].ID, list[i].Name)
			}
		default:
			list, err := x.questions.List(ctx, query.Find{Text: page.Find, For: person(c), Limit: mostOffered})
			if err != nil {
				return err
			}
			for i := range list {
				add(list[i].ID, list[i].Name)
			}
		}
		if len(group.Items) > 0 {
			page.Groups = append(page.Groups, group)
		}
	}
	return respond(c, http.StatusOK, views.PickWhatPage(page))
}

// subject is what a schedule is about, with the values it can be given.
type subject struct {
	kind, id, name string
	values         []views.ValueField
	defaults       map[string]string
	known          bool // the person may see it
}

// subjectOf reads what a schedule is about.
func (x *timed) subjectOf(ctx context.Context, p *account.Person, b *schedule.Body) (*subject, error) {
	s := &subject{defaults: map[string]string{}}
	var err error
	switch {
	case b.Dashboard != "":
		s.kind, s.id = "dashboard", b.Dashboard
		err = x.dashboardSubject(ctx, p, s, b.Values)
	case b.Report != "":
		s.kind, s.id = "report", b.Report
		err = x.reportSubject(ctx, p, s, b.Values)
	default:
		s.kind, s.id = "question", b.Question
		err = x.questionSubject(ctx, p, s, b.Values)
	}
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
		s.name = "is gone, or not for you to see"
		return s, nil
	}
	s.known = err == nil
	return s, err
}

func (x *timed) dashboardSubject(ctx context.Context, p *account.Person, s *subject, values map[string]string) error {
	d, err := x.dashboards.Get(ctx, s.id)
	if err == nil {
		err = d.Check(p, account.Look)
	}
	if err != nil {
		return err
	}
	s.name = d.Name
	for _, f := range d.Body.Filters {
		field := s.field(f.ID, f.Label, f.Default, values)
		switch f.Kind {
		case "date":
			field.Hint = "Such as last 30 days, this month or 2024-01-01..2024-03-31"
		case "number":
			field.Hint = "Such as 10..20"
		case "bool":
			field.choose("", "any", "true", "yes", "false", "no")
		case "list":
			if f.Many {
				field.Hint = "Several stand apart by commas"
			}
			field.Options = f.Values
		}
		s.values = append(s.values, field.ValueField)
	}
	return nil
}

func (x *timed) reportSubject(ctx context.Context, p *account.Person, s *subject, values map[string]string) error {
	r, err := x.reports.Get(ctx, s.id)
	if err == nil {
		err = r.Check(p, account.Look)
	}
	if err != nil {
		return err
	}
	s.name = r.Name
	for _, one := range r.Body.Parameters {
		field := s.field(one.Name, cmp.Or(one.Label, one.Name), one.Default, values)
		field.Options = one.Values
		s.values = append(s.values, field.ValueField)
	}
	return nil
}

func (x *timed) questionSubject(ctx context.Context, p *account.Person, s *subject, values map[string]string) error {
	q, err := x.questions.Get(ctx, s.id)
	if err == nil {
		err = q.Check(p, account.Look)
	}
	if err != nil {
		return err
	}
	s.name = q.Name
	list, err := query.Parameters(q.Body.SQL)
	if err != nil {
		return err
	}
	for _, one := range list {
		usual, ok := q.Body.Parameters[one.Name]
		if !ok {
			usual = one.Default
		}
		field := s.field(one.Name, one.Name, usual, values)
		field.Hint = map[string]string{"number": "A number", "date": "Such as 2024-01-31", "time": "Such as 2024-01-31 12:00"}[one.Kind.String()]
		if one.Kind.String() == "bool" {
			field.choose("", "not given", "true", "true", "false", "false")
		}
		s.values = append(s.values, field.ValueField)
	}
	return nil
}

type valueField struct{ views.ValueField }

func (f *valueField) choose(pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Choices = append(f.Choices, views.Choice{Value: pairs[i], Label: pairs[i+1], Selected: pairs[i] == f.Value})
	}
}

func (s *subject) field(name, label, usual string, values map[string]string) *valueField {
	s.defaults[name] = usual
	value, ok := values[name]
	if !ok {
		value = usual
	}
	return &valueField{views.ValueField{Name: "v." + name, Label: cmp.Or(label, name), Value: value, Type: "text"}}
}

// readValues takes from a form those values that are not the usual ones.
func (s *subject) readValues(v url.Values) map[string]string {
	out := map[string]string{}
	for name, usual := range s.defaults {
		if key := "v." + name; v.Has(key) && strings.TrimSpace(v.Get(key)) != usual {
			out[name] = strings.TrimSpace(v.Get(key))
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// takeover says what saving means where somebody else owns it.
func (x *timed) takeover(c echo.Context, owner, noun string) string {
	if owner == "" || owner == person(c).ID {
		return ""
	}
	name := "somebody who is gone"
	if p, err := x.people.Get(c.Request().Context(), owner); err == nil {
		name = called(p)
	}
	return "This " + noun + " runs as " + name + ". When you save it, it is yours: from then on it asks as you, and mail addresses and channels get what you may see."
}
