package figure

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"assay/app/document"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/source"
)

// Texts makes texts with live blocks and claims: a report's, a card's.
type Texts struct {
	Figures   *Maker
	Questions *query.Store
}

// Text is a text as it is to be made.
type Text struct {
	Source *document.Source
	View   View
	// Given are the values of the report's parameters in the order in which they
	// are shown; questions with parameters of these names are asked with them.
	Given []Given
	// MaxAge is how old an answer may be where the view does not say.
	MaxAge time.Duration
}

// Given is a report's parameter with its value.
type Given struct{ Name, Label, Value string }

// Told is a text with its live parts filled in, and where they come from.
type Told struct {
	Blocks []document.Block
	// Connections and Questions are those that were asked, by id; Sources are the
	// connections' names, Zones the time zones of their times.
	Connections, Questions, Sources, Zones []string
	// From and To are when the oldest and the newest answer was given.
	From, To time.Time
	// Failed counts the places that could not be filled in, Empty those of Asked
	// answers without a row.
	Failed, Empty, Asked int
}

const (
	atOnce      = 4 // questions of one text
	liveTimeout = 30 * time.Second
	liveAge     = 10 * time.Minute
)

// telling is a text on its way.
type telling struct {
	texts  *Texts
	text   Text
	ctx    context.Context
	byID   map[string]*query.Question
	byName map[string][]*query.Question
	values map[string]string

	mu      sync.Mutex
	answers map[string]*answered
	figures map[*document.Live][]document.Block
	told    Told
}

type answered struct {
	done   chan struct{}
	result *query.Result
	err    error
}

// Make asks what the text needs, each question once and several at a time, and
// fills it in. What cannot be filled in says so in its place.
func (t *Texts) Make(ctx context.Context, text Text) (*Told, error) {
	x := &telling{texts: t, text: text, ctx: ctx, values: map[string]string{}, answers: map[string]*answered{}, figures: map[*document.Live][]document.Block{}}
	for _, g := range text.Given {
		x.values[g.Name] = g.Value
	}
	refs := text.Source.Refs()
	if len(refs.Lives)+len(refs.Claims) > 0 {
		if err := x.find(refs); err != nil {
			return nil, err
		}
	}
	var jobs []func()
	for _, l := range refs.Lives {
		jobs = append(jobs, func() {
			made := x.live(l)
			x.mu.Lock()
			defer x.mu.Unlock()
			x.figures[l] = made
		})
	}
	for _, c := range refs.Claims {
		jobs = append(jobs, func() { x.cell(c) })
	}
	queue := make(chan func())
	var work sync.WaitGroup
	for range min(atOnce, len(jobs)) {
		work.Go(func() {
			for job := range queue {
				job()
			}
		})
	}
	for _, job := range jobs {
		queue <- job
	}
	close(queue)
	work.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	x.told.Blocks = text.Source.Blocks(x)
	for _, list := range []*[]string{&x.told.Connections, &x.told.Questions, &x.told.Sources, &x.told.Zones} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return &x.told, nil
}

// find looks up the questions that the text names, of those the person may see.
func (x *telling) find(refs document.Refs) error {
	list, err := x.texts.Questions.List(x.ctx, query.Find{For: x.text.View.Person})
	if err != nil {
		return err
	}
	x.byID, x.byName = map[string]*query.Question{}, map[string][]*query.Question{}
	for i := range list {
		q := &list[i]
		x.byID[q.ID] = q
		x.byName[q.Name] = append(x.byName[q.Name], q)
	}
	return nil
}

func (x *telling) question(name string) (*query.Question, error) {
	if q := x.byID[name]; q != nil {
		return q, nil
	}
	switch list := x.byName[name]; len(list) {
	case 1:
		return list[0], nil
	case 0:
		return nil, fault.New(fault.NotFound, "There is no question “%s” that you may see", brief(name))
	default:
		return nil, fault.New(fault.Invalid, "%d questions are called “%s”; name one by its id, the last part of its address", len(list), brief(name))
	}
}

// given returns the values with which a question is asked: those the block names,
// and the report's parameters of the same name.
func (x *telling) given(q *query.Question, named map[string]string) (map[string]string, error) {
	list, err := query.Parameters(q.Body.SQL)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, p := range list {
		if v := x.values[p.Name]; v != "" {
			out[p.Name] = v
		}
	}
	for name, v := range named {
		if !slices.ContainsFunc(list, func(p query.Parameter) bool { return p.Name == name }) {
			return nil, fault.New(fault.Invalid, "The question “%s” has no parameter %s", brief(q.Name), brief(name))
		}
		if v = document.Fill(v, x.values); v != "" {
			out[name] = v
		}
	}
	return out, nil
}

// ask prepares a question the way every block and claim of the text asks it.
func (x *telling) ask(q *query.Question, named map[string]string, where []document.Condition) (Ask, error) {
	v := x.text.View
	given, err := x.given(q, named)
	if err != nil {
		return Ask{}, err
	}
	a := Ask{Person: v.Person, Question: q, Parameters: given, Locale: v.Locale, Zone: v.Zone, Timeout: liveTimeout, Anonymous: v.Anonymous, Frame: x.frame}
	switch {
	case v.MaxAge != 0:
		a.MaxAge = max(v.MaxAge, 0)
	case x.text.MaxAge > 0:
		a.MaxAge = x.text.MaxAge
	default:
		a.MaxAge = liveAge
	}
	for _, c := range where {
		a.Narrow = append(a.Narrow, x.narrow(c))
	}
	return a, nil
}

func (x *telling) narrow(c document.Condition) query.Filter {
	f := query.Filter{Column: c.Column, Op: query.Op(c.Op)}
	var value any
	filled := make([]string, len(c.Values))
	for i, v := range c.Values {
		filled[i] = document.Fill(v, x.values)
	}
	switch {
	case len(filled) == 0:
		return f
	case f.Op == query.Last:
		n, _ := strconv.Atoi(filled[0])
		value = map[string]any{"n": n, "unit": filled[1]}
	case f.Op == query.In || f.Op == query.NotIn || f.Op == query.Between:
		value = filled
	default:
		value = filled[0]
	}
	f.Value, _ = json.Marshal(value)
	return f
}

// frame asks a question once, however many blocks want its answer.
func (x *telling) frame(ctx context.Context, req query.Request) (*query.Result, error) {
	key, err := json.Marshal([]any{req.Saved.ID, req.Parameters, req.Narrow})
	if err != nil {
		return nil, err
	}
	x.mu.Lock()
	one := x.answers[string(key)]
	first := one == nil
	if first {
		one = &answered{done: make(chan struct{})}
		x.answers[string(key)] = one
	}
	x.mu.Unlock()
	if !first {
		select {
		case <-one.done:
			return one.result, one.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer close(one.done)
	one.result, one.err = nil, context.Canceled // unless it comes to an end
	req.Fresh = x.text.View.MaxAge < 0
	one.result, one.err = x.texts.Figures.Runner.Frame(ctx, req)
	x.note(ctx, req, one)
	return one.result, one.err
}

// note keeps where an answer comes from.
func (x *telling) note(ctx context.Context, req query.Request, one *answered) {
	var con *source.Connection
	if one.err == nil {
		con, _ = x.texts.Figures.Connections.Get(ctx, req.Saved.ConnectionID)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.told.Connections = append(x.told.Connections, req.Saved.ConnectionID)
	x.told.Questions = append(x.told.Questions, req.Saved.ID)
	if one.err != nil {
		return
	}
	x.told.Asked++
	if one.result.Frame.Rows() == 0 {
		x.told.Empty++
	}
	if at := one.result.At; x.told.From.IsZero() || at.Before(x.told.From) {
		x.told.From = at
	}
	if at := one.result.At; at.After(x.told.To) {
		x.told.To = at
	}
	if con != nil {
		x.told.Sources = append(x.told.Sources, con.Name)
		if con.Config.TimeZone != "" {
			x.told.Zones = append(x.told.Zones, con.Config.TimeZone)
		}
	}
}

// address is where a question is asked with these values, "" where the reader may not go.
func (x *telling) address(q *query.Question, given map[string]string, more ...string) string {
	if x.text.View.Anonymous {
		return ""
	}
	v := url.Values{}
	for name, value := range given {
		v.Set("p."+name, value)
	}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	to := x.text.View.Base + "/questions/" + q.ID
	if len(v) > 0 {
		to += "?" + v.Encode()
	}
	if v.Has("row") {
		to += "#marked"
	}
	return to
}
