package web

import (
	"bytes"
	"context"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"assay/app/dashboard"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/report"
	"assay/views"
)

// writePDF writes a document as PDF; nil where nothing can.
type writePDF func(io.Writer, *document.Document) error

// send gives a document as PDF.
func (pdf writePDF) send(c echo.Context, d *document.Document) error {
	return pdf.give(c, d, func() {})
}

// give gives a document as PDF; made is called once it has only to be sent.
func (pdf writePDF) give(c echo.Context, d *document.Document, made func()) error {
	var b bytes.Buffer
	err := pdf(&b, d)
	if made(); err != nil {
		return err
	}
	attach(c, "application/pdf", d.Title, "pdf")
	return c.Blob(http.StatusOK, "application/pdf", b.Bytes())
}

func attach(c echo.Context, contentType, name, extension string) {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, contentType)
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": frame.FileName(name) + "." + extension}))
}

// view is how a visitor sees a dashboard or a report.
func (s *sharedVisit) view(c echo.Context, own int) figure.View {
	return figure.View{Person: s.Person, Values: s.Values, Locale: locale(c), MaxAge: max(sharedAge, time.Duration(own)*time.Second), Anonymous: true}
}

// sharedReports shows reports, live or as they were frozen.
type sharedReports struct {
	reports   *report.Store
	maker     *report.Maker
	snapshots *report.Snapshots
	pdf       writePDF
}

func (x *sharedReports) document(c echo.Context, s *sharedVisit) (*document.Document, error) {
	ctx := c.Request().Context()
	r, err := x.reports.Get(ctx, s.Share.ObjectID)
	if err != nil {
		return nil, err
	}
	if id := s.Share.Settings.Snapshot; id != "" {
		_, d, err := x.snapshots.Get(ctx, r, id, s.Person)
		if err != nil {
			return nil, err
		}
		return anonymous(d), nil
	}
	d, err := x.maker.Document(ctx, r, s.view(c, r.Body.MaxAge))
	if err != nil {
		return nil, err
	}
	return anonymous(d), nil
}

func (x *sharedReports) shared(c echo.Context, s *sharedVisit) (templ.Component, error) {
	d, err := x.document(c, s)
	if err != nil {
		return nil, err
	}
	return views.SharedDocument(documentView(d)), nil
}

func (x *sharedReports) sharedExtensions(*sharedVisit) []string { return x.pdf.extensions() }

func (pdf writePDF) extensions() []string {
	if pdf == nil {
		return nil
	}
	return []string{"pdf"}
}

func (x *sharedReports) sharedFile(c echo.Context, s *sharedVisit, _ string) error {
	d, err := x.document(c, s)
	if err != nil {
		return err
	}
	return x.pdf.give(c, d, s.leave)
}

// sharedDashboards shows dashboards: what is there at once with the page, what
// takes longer card by card.
type sharedDashboards struct {
	dashboards *dashboard.Store
	maker      *dashboard.Maker
	pdf        writePDF
}

// sharedPatience is how long a shared dashboard's page waits for its cards.
const sharedPatience = 3 * time.Second

// get returns the dashboard and how the visitor sees it.
func (x *sharedDashboards) get(c echo.Context, s *sharedVisit) (*dashboard.Dashboard, figure.View, error) {
	d, err := x.dashboards.Get(c.Request().Context(), s.Share.ObjectID)
	if err != nil {
		return nil, figure.View{}, err
	}
	chosen := map[string]string{}
	for _, f := range d.Body.Filters {
		value, ok := s.Values[f.ID]
		if !ok {
			value = f.Default
		}
		chosen[f.ID] = value
	}
	values, problems := d.Body.Values(d.Body.Address(chosen), time.Now().UTC())
	var wrong fault.Fields
	for name, problem := range problems {
		if _, asked := s.Values[name]; asked {
			wrong.Add(name, "%s", problem)
		}
	}
	v := s.view(c, d.Body.MaxAge)
	v.Values = values
	return d, v, wrong.Err()
}

func (x *sharedDashboards) shared(c echo.Context, s *sharedVisit) (templ.Component, error) {
	d, v, err := x.get(c, s)
	if err != nil {
		return nil, err
	}
	made := x.cards(c.Request().Context(), d, v)
	page := views.SharedDashboard{Description: d.Description}
	tabs := d.Body.Tabs
	if len(tabs) == 0 {
		tabs = []dashboard.Tab{{}}
	}
	for _, t := range tabs {
		tab := views.SharedTab{Name: t.Name}
		for _, card := range d.Body.On(t.ID) {
			one := views.SharedCard{ID: card.ID, Span: card.W}
			if blocks, ok := made[card.ID]; ok {
				one.Blocks = blocksView(blocks)
			} else {
				one.URL = s.card(card.ID)
			}
			tab.Cards = append(tab.Cards, one)
		}
		page.Tabs = append(page.Tabs, tab)
	}
	return views.SharedDashboardBody(page), nil
}

// cards makes the cards, several at a time, and returns those that are there in time.
func (x *sharedDashboards) cards(ctx context.Context, d *dashboard.Dashboard, v figure.View) map[string][]document.Block {
	ctx, cancel := context.WithTimeout(ctx, sharedPatience)
	defer cancel()
	made := map[string][]document.Block{}
	var mu sync.Mutex
	var work sync.WaitGroup
	slots := make(chan struct{}, 4)
	for _, card := range d.Body.Reading() {
		work.Go(func() {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			case <-ctx.Done():
				return
			}
			one := x.maker.Card(ctx, d, card, v)
			if ctx.Err() != nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			made[card.ID] = anonymousBlocks(one.Blocks)
		})
	}
	work.Wait()
	return made
}

func (x *sharedDashboards) sharedCard(c echo.Context, s *sharedVisit, id string) (templ.Component, error) {
	d, v, err := x.get(c, s)
	if err != nil {
		return nil, err
	}
	card := d.Body.Card(id)
	if card == nil {
		return nil, echo.NewHTTPError(http.StatusNotFound)
	}
	made := x.maker.Card(c.Request().Context(), d, card, v)
	return views.SharedCardBody(views.SharedCard{ID: card.ID, Span: card.W, Blocks: blocksView(anonymousBlocks(made.Blocks))}), nil
}

func (x *sharedDashboards) sharedExtensions(*sharedVisit) []string { return x.pdf.extensions() }

func (x *sharedDashboards) sharedFile(c echo.Context, s *sharedVisit, _ string) error {
	d, v, err := x.get(c, s)
	if err != nil {
		return err
	}
	doc, err := x.maker.Document(c.Request().Context(), d, v)
	if err != nil {
		return err
	}
	return x.pdf.give(c, anonymous(doc), s.leave)
}

// sharedQuestions shows saved questions.
type sharedQuestions struct {
	questions *query.Store
	figures   *figure.Maker
	pdf       writePDF
}

func (x *sharedQuestions) make(c echo.Context, s *sharedVisit) (*query.Question, *figure.Answer, error) {
	ctx := c.Request().Context()
	q, err := x.questions.Get(ctx, s.Share.ObjectID)
	if err != nil {
		return nil, nil, err
	}
	a := x.figures.Make(ctx, figure.Ask{Person: s.Person, Question: q, Parameters: s.Values, Locale: locale(c), MaxAge: sharedAge, Anonymous: true})
	switch fault.KindOf(a.Err) {
	case fault.NotFound, fault.Denied, fault.SignIn: // taken away this moment
		if a.Err != nil {
			return nil, nil, a.Err
		}
	}
	if f := a.Failure; f != nil && fault.Is(a.Err, fault.Invalid) {
		for name := range fault.FieldsOf(a.Err) {
			if parameter, ok := strings.CutPrefix(name, "parameters."); ok && s.Values[parameter] != "" {
				return nil, nil, a.Err // what the visitor wrote
			}
		}
	}
	return q, a, ctx.Err()
}

func (x *sharedQuestions) document(c echo.Context, s *sharedVisit) (*document.Document, error) {
	q, a, err := x.make(c, s)
	if err != nil {
		return nil, err
	}
	a.Figure.Title = ""
	s.table = a.Drawing == nil
	d := &document.Document{Title: q.Name, Language: "en", At: time.Now().UTC().Truncate(time.Second)}
	if q.Description != "" {
		d.Blocks = append(d.Blocks, document.Paragraph{Text: []document.Inline{{Text: q.Description}}})
	}
	d.Blocks = append(d.Blocks, a.Figure)
	return anonymous(d), nil
}

func (x *sharedQuestions) shared(c echo.Context, s *sharedVisit) (templ.Component, error) {
	d, err := x.document(c, s)
	if err != nil {
		return nil, err
	}
	return views.SharedDocument(documentView(d)), nil
}

func (x *sharedQuestions) sharedExtensions(s *sharedVisit) []string {
	list := []string{"csv", "xlsx"}
	if !s.table {
		list = append(list, "svg")
	}
	return append(list, x.pdf.extensions()...)
}

func (x *sharedQuestions) sharedFile(c echo.Context, s *sharedVisit, extension string) error {
	switch extension {
	case "csv", "xlsx":
		return x.rows(c, s, extension)
	case "pdf":
		d, err := x.document(c, s)
		if err != nil {
			return err
		}
		return x.pdf.give(c, d, s.leave)
	}
	q, a, err := x.make(c, s)
	s.leave()
	if err != nil {
		return err
	}
	if a.Drawing == nil {
		return echo.NewHTTPError(http.StatusNotFound)
	}
	attach(c, typeSVG, q.Name, "svg")
	return c.Blob(http.StatusOK, typeSVG, a.Drawing.SVG)
}

// rows sends the rows from the answer that is kept, and asks anew only where
// there are more than are kept of one.
func (x *sharedQuestions) rows(c echo.Context, s *sharedVisit, extension string) error {
	ctx := c.Request().Context()
	q, err := x.questions.Get(ctx, s.Share.ObjectID)
	if err != nil {
		return err
	}
	req := query.Request{Person: s.Person, Saved: q, Parameters: map[string]string{}, MaxAge: sharedAge}
	for name, value := range q.Body.Parameters {
		req.Parameters[name] = value
	}
	for name, value := range s.Values {
		req.Parameters[name] = value
	}
	r, err := x.figures.Runner.Frame(ctx, req)
	if err != nil {
		return hidden(err)
	}
	rows := r.Frame.Reader()
	if !r.Frame.Truncated {
		s.leave()
	} else {
		req.Limit, req.Timeout = query.Uncapped, exportTimeout
		answer, err := x.figures.Runner.Open(ctx, req)
		if err != nil {
			return hidden(err)
		}
		defer answer.Close()
		rows = answer
	}
	var summary frame.Summary
	if extension == "csv" {
		attach(c, typeCSV, q.Name, extension)
		summary, err = frame.CSVWriter{}.Write(ctx, c.Response(), rows)
	} else {
		attach(c, typeXLSX, q.Name, extension)
		summary, err = frame.XLSXWriter{Sheet: q.Name, Caption: q.Name, Time: r.At}.Write(ctx, c.Response(), rows)
	}
	if err != nil && summary.Bytes > 0 {
		// Half a file must not pass for a whole one: the connection breaks.
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		c.Response().Header().Del(echo.HeaderContentDisposition)
	}
	return hidden(err)
}

// hidden is what a visitor learns of why a question has no answer: nothing that
// the database or a rule said.
func hidden(err error) error {
	if err == nil || fault.Is(err, fault.TooMany) || fault.Is(err, fault.Unavailable) || fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
		return err
	}
	return fault.Because(fault.Unavailable, err, "This cannot be shown now; try again in a moment")
}
