package web

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/saved"
	"assay/app/schedule"
	"assay/views"
)

// timedNames are the names of what schedules and alerts speak of, as far as a
// person may know them.
type timedNames struct {
	folders   map[string]string
	people    map[string]string // with their addresses
	short     map[string]string // without
	channels  map[string]string
	questions map[string]string
	boards    map[string]string
	reports   map[string]string
}

func (x *timed) names(ctx context.Context, p *account.Person) (*timedNames, error) {
	n := &timedNames{folders: map[string]string{}, people: map[string]string{}, short: map[string]string{}, channels: map[string]string{}, questions: map[string]string{}, boards: map[string]string{}, reports: map[string]string{}}
	folders, err := x.questions.Folders(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range query.Shown(p, folders) {
		n.folders[f.ID] = f.Name
	}
	people, err := x.people.List(ctx)
	if err != nil {
		return nil, err
	}
	for i := range people {
		n.people[people[i].ID], n.short[people[i].ID] = called(&people[i]), cmp.Or(people[i].Name, people[i].Email)
	}
	channels, err := x.works.Channels.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, ch := range channels {
		n.channels[ch.ID] = ch.Name
	}
	questions, err := x.questions.List(ctx, query.Find{For: p})
	if err != nil {
		return nil, err
	}
	for i := range questions {
		n.questions[questions[i].ID] = questions[i].Name
	}
	boards, err := x.dashboards.List(ctx, saved.Find{For: p})
	if err != nil {
		return nil, err
	}
	for i := range boards {
		n.boards[boards[i].ID] = boards[i].Name
	}
	reports, err := x.reports.List(ctx, saved.Find{For: p})
	if err != nil {
		return nil, err
	}
	for i := range reports {
		n.reports[reports[i].ID] = reports[i].Name
	}
	return n, nil
}

func (n *timedNames) person(id string) string {
	if name, ok := n.people[id]; ok {
		return name
	}
	return "somebody who is gone"
}

func (n *timedNames) folder(id string) string { return n.folders[id] }

// what names what a schedule is about: its kind, id and name.
func (n *timedNames) what(b *schedule.Body) (kind, id, name string) {
	switch {
	case b.Dashboard != "":
		kind, id, name = "dashboard", b.Dashboard, n.boards[b.Dashboard]
	case b.Report != "":
		kind, id, name = "report", b.Report, n.reports[b.Report]
	default:
		kind, id, name = "question", b.Question, n.questions[b.Question]
	}
	return kind, id, name
}

// scheduleWords says what a schedule does, such as "Sends the report Sales to 3 recipients".
func (n *timedNames) scheduleWords(b *schedule.Body) string {
	kind, _, name := n.what(b)
	if name == "" {
		name = "that you may not see, or that is gone"
	}
	if b.Do == schedule.Refresh {
		return fmt.Sprintf("Refreshes the %s %s", kind, name)
	}
	to := counted(len(b.To), "recipient", "recipients")
	if len(b.To) == 1 {
		to = n.target(b.To[0])
	}
	return fmt.Sprintf("Sends the %s %s to %s", kind, name, to)
}

var conditionVerbs = map[string]string{"above": "rises above", "below": "falls below", "outside": "leaves", "change": "changes by more than", "anomaly": "looks unlike the rows before"}

// alertCondition says what an alert watches for, for the middle of a sentence.
func alertCondition(b *schedule.AlertBody) string {
	if b.Condition == "rows" {
		if b.Value != nil && *b.Value > 0 {
			return "there are more than " + spelledNumber(b.Value) + " rows"
		}
		return "there are any rows"
	}
	figure := b.Column
	if figure == "" {
		figure = "its figure"
	}
	switch b.Rows {
	case "first":
		figure += " of the first row"
	case "any":
		figure += " of any row"
	case "all":
		figure += " of all rows"
	}
	text := figure + " " + conditionVerbs[b.Condition]
	switch b.Condition {
	case "above", "below":
		text += " " + spelledNumber(b.Value)
	case "outside":
		text += " " + spelledNumber(b.Value) + " to " + spelledNumber(b.Upper)
	case "change":
		if b.Value != nil && *b.Value < 0 {
			text = figure + " falls by more than " + strings.TrimPrefix(spelledNumber(b.Value), "-")
		} else {
			text += " " + spelledNumber(b.Value)
		}
		text += " % against " + counted(b.Back, "row", "rows") + " before"
	}
	if b.For > 1 {
		text += " for " + strconv.Itoa(b.For) + " runs in a row"
	}
	return text
}

// spelledNumber spells a bound as figures are spelled.
func spelledNumber(v *float64) string {
	if v == nil {
		return ""
	}
	return frame.Formatter{}.Text(frame.Column{Kind: frame.Number}, frame.AppendFloat(nil, *v), true)
}

// alertWords says what an alert does.
func (n *timedNames) alertWords(b *schedule.AlertBody) string {
	name := n.questions[b.Question]
	if name == "" {
		name = "a question that you may not see, or that is gone"
	}
	return "Tells when " + alertCondition(b) + " in " + name
}

// target names where something goes.
func (n *timedNames) target(t schedule.Target) string {
	switch t.Kind {
	case schedule.ToPerson:
		return n.person(t.ID)
	case schedule.ToMail:
		return t.Address
	}
	if name := n.channels[t.ID]; name != "" {
		return name
	}
	return "a channel that is gone"
}

func how(kind string) string {
	return map[string]string{schedule.ToPerson: "mail", schedule.ToMail: "mail", schedule.ToSlack: "Slack", schedule.ToWebhook: "webhook"}[kind]
}

func fact(name string, lines ...string) views.Fact {
	f := views.Fact{Name: name}
	for _, l := range lines {
		if l != "" {
			f.Lines = append(f.Lines, views.Link{Label: l})
		}
	}
	return f
}

// said keeps the facts that say something.
func said(list ...views.Fact) (out []views.Fact) {
	for _, f := range list {
		if len(f.Lines) > 0 {
			out = append(out, f)
		}
	}
	return out
}

func (n *timedNames) recipients(to []schedule.Target) views.Fact {
	f := views.Fact{Name: "To"}
	for _, t := range to {
		label := n.target(t)
		if t.Kind == schedule.ToSlack || t.Kind == schedule.ToWebhook {
			label += " (" + how(t.Kind) + ")"
		}
		f.Lines = append(f.Lines, views.Link{Label: label})
	}
	return f
}

func valueLines(values map[string]string) (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		lines = append(lines, name+": "+values[name])
	}
	return lines
}

// facts are what a schedule says, for its page.
func (n *timedNames) facts(_, _, folder string, b *schedule.Body, owner string) []views.Fact {
	kind, id, name := n.what(b)
	what := views.Fact{Name: sentence(kind), Lines: []views.Link{{Label: name, URL: "/" + kind + "s/" + id}}}
	if name == "" {
		what.Lines[0] = views.Link{Label: "not for you to see, or gone"}
	}
	var empty string
	if b.SkipEmpty {
		empty = "nothing is sent"
	}
	return said(what, n.recipients(b.To), fact("Attached", strings.ToUpper(strings.Join(b.Attach, ", "))), fact("With", valueLines(b.Values)...),
		fact("Subject", b.Subject), fact("Note", b.Note), fact("When empty", empty), fact("Runs as", n.person(owner)), fact("Folder", n.folder(folder)))
}

// goes is when something runs, without its zone where that is told beside it.
func goes(w schedule.When) string { return w.Words() }

// The tones and words of runs.
var runStates = map[string]views.State{
	schedule.RunWaiting:    {Word: "waiting", Tone: "accent"},
	schedule.RunRunning:    {Word: "running", Tone: "accent"},
	schedule.RunDelivering: {Word: "sending", Tone: "accent"},
	schedule.RunDone:       {Word: "done", Tone: "ok"},
	schedule.RunPartly:     {Word: "partly sent", Tone: "bad"},
	schedule.RunFailed:     {Word: "failed", Tone: "bad"},
	schedule.RunSkipped:    {Word: "skipped"},
	schedule.RunCancelled:  {Word: "cancelled"},
}

var deliveryStates = map[string]views.State{
	schedule.DeliveryPending:   {Word: "waiting", Tone: "accent"},
	schedule.DeliverySending:   {Word: "sending", Tone: "accent"},
	schedule.DeliverySent:      {Word: "sent", Tone: "ok"},
	schedule.DeliverySkipped:   {Word: "skipped"},
	schedule.DeliveryFailed:    {Word: "refused", Tone: "bad"},
	schedule.DeliveryDead:      {Word: "given up", Tone: "bad"},
	schedule.DeliveryUnknown:   {Word: "unclear", Tone: "warn"},
	schedule.DeliveryCancelled: {Word: "cancelled"},
}

// lastState is what became of something last, in the list.
func lastState(t *thing, at schedule.Standing, run schedule.Run, reader *time.Location) views.State {
	s := runStates[run.State]
	s.At = ago(began(&run), reader)
	switch {
	case at.Stopped != "":
		s = views.State{Word: "stopped", Tone: "bad", At: s.At}
	case run.ID == "":
		s = views.State{Word: "not run yet"}
	case t.alert && run.State == schedule.RunDone && at.State == "firing":
		s = views.State{Word: "firing", Tone: "warn", At: s.At}
	case t.alert && run.State == schedule.RunDone:
		s = views.State{Word: "quiet", Tone: "ok", At: s.At}
	}
	return s
}

// began is when a run began, or was called for.
func began(r *schedule.Run) time.Time {
	if r.StartedAt != nil {
		return *r.StartedAt
	}
	return r.CreatedAt
}

func going(state string) bool {
	return state == schedule.RunWaiting || state == schedule.RunRunning || state == schedule.RunDelivering
}

// runList is the runs of a schedule or alert; the last one is open.
func (x *timed) runList(c echo.Context, t *thing, canSave bool) (views.Runs, error) {
	most := shownRuns
	if c.QueryParam("runs") == "all" {
		most = mostRuns
	}
	list, err := x.works.Runs(c.Request().Context(), t.id, "", most+1)
	if err != nil {
		return views.Runs{}, err
	}
	reader := readerZone(c)
	out := views.Runs{Fragment: t.url() + "/runs", Page: t.url(), CanSave: canSave}
	if most == mostRuns {
		out.Fragment += "?runs=all"
		out.Page += "?runs=all"
	} else if len(list) > most {
		out.More = t.url() + "?runs=all#runs"
	}
	list = list[:min(len(list), most)]
	for i := range list {
		r := &list[i]
		if going(r.State) && out.Running == nil {
			out.Running = &views.RunningNow{Say: map[string]string{schedule.RunWaiting: "Waiting for its turn", schedule.RunRunning: "Running", schedule.RunDelivering: "Sending"}[r.State],
				CancelURL: t.url() + "/cancel/" + r.ID}
			if next := resting(r); !next.IsZero() {
				out.Running.Resting, out.Running.Say = true, "Not everybody was reached; the next try is at "+next.In(reader).Format("15:04")
			}
		}
		item := x.runItem(r, t, canSave, i == 0, reader)
		if t.alert {
			if found, ok := x.works.Found(c.Request().Context(), r, person(c)); ok {
				item.Say = found.Words
			}
		}
		out.Items = append(out.Items, item)
	}
	return out, nil
}

// resting is when a run goes on that waits for its next try; the zero time of one
// that is at work.
func resting(r *schedule.Run) (next time.Time) {
	if r.State != schedule.RunDelivering {
		return time.Time{}
	}
	for _, d := range r.Deliveries {
		switch {
		case d.State == schedule.DeliverySending, d.State == schedule.DeliveryPending && (d.NextAt == nil || time.Until(*d.NextAt) < 10*time.Second):
			return time.Time{}
		case d.State == schedule.DeliveryPending && (next.IsZero() || d.NextAt.Before(next)):
			next = *d.NextAt
		}
	}
	return next
}

func (x *timed) runItem(r *schedule.Run, t *thing, canSave, open bool, reader *time.Location) views.RunItem {
	s, ok := runStates[r.State]
	if !ok {
		s.Word = r.State
	}
	s.At = ago(began(r), reader)
	item := views.RunItem{ID: r.ID, State: s, Say: r.Message, Open: open, Log: logLines(r.Log, reader)}
	switch r.Cause {
	case schedule.OnWish:
		item.Why = "on request"
	case schedule.Missed:
		item.Why = "late, for " + spelled(r.Slot.In(reader))
	default:
		item.Why = "on time"
	}
	if r.EndedAt != nil && r.StartedAt != nil {
		item.Took = elapsed(r.EndedAt.Sub(*r.StartedAt))
	}
	for i := range r.Deliveries {
		item.Deliveries = append(item.Deliveries, deliveryItem(&r.Deliveries[i], t, canSave, reader))
	}
	return item
}

func deliveryItem(d *schedule.Delivery, t *thing, canSave bool, reader *time.Location) views.DeliveryItem {
	s, ok := deliveryStates[d.State]
	if !ok {
		s.Word = d.State
	}
	item := views.DeliveryItem{To: d.Name, How: how(d.Target().Kind), State: s, Say: d.Message}
	if item.To == "" {
		item.To = d.Target().Address
	}
	switch {
	case d.State == schedule.DeliverySent && d.SentAt != nil:
		item.State.At, item.Say = ago(*d.SentAt, reader), ""
	case d.State == schedule.DeliveryPending && d.NextAt != nil && d.Attempt > 0:
		item.State = views.State{Word: "trying again", Tone: "warn"}
		item.Say = strings.TrimSuffix(d.Message, ".") + "; next try " + d.NextAt.In(reader).Format("15:04")
	}
	if canSave && slices.Contains([]string{schedule.DeliveryFailed, schedule.DeliveryDead, schedule.DeliveryUnknown}, d.State) {
		item.AgainURL = t.url() + "/deliveries/" + d.ID
	}
	return item
}

// logLines are the lines of a run's log, each of which begins with its time.
func logLines(text string, reader *time.Location) (list []views.LogLine) {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "" {
			continue
		}
		at, rest, _ := strings.Cut(line, " ")
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			list = append(list, views.LogLine{Text: line})
			continue
		}
		list = append(list, views.LogLine{At: when.In(reader).Format("15:04:05"), Text: rest})
	}
	return list
}

// mailWarning says why mails to these recipients will not arrive; "" where they will.
func (x *timed) mailWarning(to []schedule.Target) string {
	if x.works.Mail == nil && slices.ContainsFunc(to, func(t schedule.Target) bool { return how(t.Kind) == "mail" }) {
		return noMail
	}
	return ""
}

const noMail = "No mails are sent: no mail server is set up. Set ASSAY_MAIL_FROM and ASSAY_SMTP_HOST (and ASSAY_SMTP_USER and ASSAY_SMTP_PASSWORD where it asks for them), then start the server again."
