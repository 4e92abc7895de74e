package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"assay/app/account"
	"assay/app/dashboard"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/frame"
	"assay/app/query"
	"assay/app/source"
)

type dashboardRun struct {
	ByID
	Body *struct {
		Reading
		Limit     int `json:"limit,omitempty" minimum:"1" maximum:"100000" doc:"The most rows of a card; 1,000 without it"`
		TimeoutMS int `json:"timeout_ms,omitempty" minimum:"1" maximum:"600000" doc:"How long each card may take; 30 seconds without it"`
	} `nameHint:"DashboardRun"`
}

// answered is a dashboard with what its cards show.
type answered struct {
	At    time.Time  `json:"at"`
	Cards []cardMade `json:"cards" nullable:"false" doc:"In the order in which they were saved"`
}

// cardMade is a card with what it shows; one that failed says why and leaves the others alone.
type cardMade struct {
	ID        string         `json:"id"`
	Kind      string         `json:"kind"`
	Title     string         `json:"title" doc:"What stands above the card"`
	Question  string         `json:"question,omitempty" doc:"The question's id"`
	Columns   []resultColumn `json:"columns,omitempty"`
	Rows      rowsJSON       `json:"rows,omitempty" doc:"As in an answer to a query"`
	RowCount  int            `json:"row_count,omitempty" doc:"How many rows there are here"`
	Truncated bool           `json:"truncated,omitempty" doc:"Whether there were more rows than the limit"`
	Cached    bool           `json:"cached,omitempty" doc:"Whether the answer was kept from before"`
	AskedAt   *time.Time     `json:"at,omitempty"`
	AgeMS     int64          `json:"age_ms,omitempty" doc:"How old the answer is, in milliseconds"`
	ElapsedMS int64          `json:"elapsed_ms" doc:"How long the card took, in milliseconds"`
	Note      string         `json:"note,omitempty" doc:"Why there is nothing to show"`
	Blocks    nested         `json:"blocks,omitempty" doc:"What a text, heading or finding says"`
	Error     *queryFailure  `json:"error,omitempty"`
}

// rowsJSON are rows that are JSON already.
type rowsJSON json.RawMessage

// MarshalJSON writes the rows as they are.
func (r rowsJSON) MarshalJSON() ([]byte, error) { return r, nil }

// Schema documents rows.
func (rowsJSON) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{}}}
}

// Bounds of the run of a dashboard.
const (
	usualCardRows    = 1000
	usualCardTimeout = 30 * time.Second
	cardsAtOnce      = 6
)

func (a *api) dashboards() {
	const tag, look = "dashboards", account.Look
	k := &keeping[dashboard.Body, *dashboard.Body]{api: a, noun: "dashboard", plural: "dashboards", store: a.Dashboards,
		refers: func(ctx context.Context, before, now *dashboard.Body) error {
			had := map[string]bool{}
			for _, c := range before.Cards {
				had[c.Question] = true
			}
			var ids []mention
			for i, c := range now.Cards {
				if !had[c.Question] {
					ids = append(ids, mention{cardField(i), c.Question})
				}
			}
			return a.questionsKnown(ctx, ids)
		}}
	saving(k)
	add(a, operation{id: "runDashboard", method: http.MethodPost, path: "/dashboards/{id}/run", tag: tag, action: look,
		summary: "Ask what a dashboard's cards show", detail: "Several cards are asked at once, each within its own time; one that fails says why and leaves the others alone."},
		func(ctx context.Context, in *dashboardRun) (*body[answered], error) {
			d, err := k.item(ctx, look, in.ID)
			if err != nil {
				return nil, err
			}
			return a.runDashboard(ctx, d, in)
		})
	add(a, operation{id: "getDashboardDocument", method: http.MethodGet, path: "/dashboards/{id}/document", tag: tag, action: look, content: a.documentTypes(), streams: "The document",
		summary: "Get a dashboard as a document", detail: "Accept chooses the format. Query members other than max_age and time_zone are values of the dashboard's filters, by their ids."},
		func(ctx context.Context, in *ByID) (*huma.StreamResponse, error) {
			d, err := k.item(ctx, look, in.ID)
			if err != nil {
				return nil, err
			}
			return a.writeDocument(ctx, d.Name, func(ctx context.Context, v figure.View) (*document.Document, error) {
				return a.DashboardMaker.Document(ctx, d, v)
			}, filterNames(d))
		})
}

func filterNames(d *dashboard.Dashboard) (names []string) {
	for _, f := range d.Body.Filters {
		names = append(names, f.ID)
	}
	return names
}

func (a *api) runDashboard(ctx context.Context, d *dashboard.Dashboard, in *dashboardRun) (*body[answered], error) {
	reading, limit, timeout := Reading{}, usualCardRows, usualCardTimeout
	if b := in.Body; b != nil {
		reading = b.Reading
		if b.Limit > 0 {
			limit = b.Limit
		}
		if b.TimeoutMS > 0 {
			timeout = time.Duration(b.TimeoutMS) * time.Millisecond
		}
	}
	v, err := a.view(ctx, reading)
	if err != nil {
		return nil, err
	}
	if err := known(v, filterNames(d)); err != nil {
		return nil, err
	}
	out := answered{At: utc(time.Now()), Cards: make([]cardMade, len(d.Body.Cards))}
	places := make(chan struct{}, cardsAtOnce)
	var all sync.WaitGroup
	for i := range d.Body.Cards {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			out.Cards[i] = a.card(ctx, d, &d.Body.Cards[i], v, limit, timeout)
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &body[answered]{out}, nil
}

// card makes one card within its time.
func (a *api) card(ctx context.Context, d *dashboard.Dashboard, c *dashboard.Card, v figure.View, limit int, timeout time.Duration) cardMade {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began := time.Now()
	m := a.DashboardMaker.Card(ctx, d, c, v)
	out := cardMade{ID: c.ID, Kind: string(c.Kind), Title: c.Title, Question: c.Question, ElapsedMS: time.Since(began).Milliseconds()}
	if m.Answer == nil {
		if c.Kind == dashboard.Question {
			for _, f := range document.Figures(&document.Document{Blocks: m.Blocks}) {
				if out.Title, out.Note = f.Title, f.Note; f.Failure != nil {
					out.Error = &queryFailure{Code: string(fault.NotFound), Message: f.Failure.Message, Hint: f.Failure.Hint}
				}
			}
			return out
		}
		out.Blocks = blocksOf(m.Blocks)
		return out
	}
	answer := m.Answer
	out.Title, out.Note = answer.Title, answer.Note
	if answer.Err != nil {
		out.Error = failureOf(answer.Err)
		return out
	}
	if r := answer.Result; r != nil {
		out.Cached, out.AskedAt = r.Cached, moment(r.At)
		if !r.At.IsZero() {
			out.AgeMS = max(time.Since(r.At).Milliseconds(), 0)
		}
		if err := out.rows(ctx, r, limit); err != nil {
			out.Error = failureOf(err)
		}
	}
	return out
}

// failureOf tells a failure as the state of a query does.
func failureOf(err error) *queryFailure {
	if f := source.AsFailure(err); f != nil && fault.KindOf(err) == fault.Internal {
		return &queryFailure{Code: string(f.Code), Message: f.Message, Position: f.Position, State: f.State, Hint: f.Hint}
	}
	code, message := failureCode(err)
	return &queryFailure{Code: code, Message: message}
}

// rows fills in an answer as the API writes one.
func (c *cardMade) rows(ctx context.Context, r *query.Result, limit int) error {
	var b bytes.Buffer
	rows := frame.Limit(r.Frame.Reader(), int64(limit))
	if _, err := (frame.JSONWriter{}).Write(ctx, &b, rows); err != nil {
		return err
	}
	var written struct {
		Columns   []resultColumn  `json:"columns"`
		Rows      json.RawMessage `json:"rows"`
		RowCount  int             `json:"row_count"`
		Truncated bool            `json:"truncated"`
	}
	if err := json.Unmarshal(b.Bytes(), &written); err != nil {
		return err
	}
	c.Columns, c.Rows, c.RowCount, c.Truncated = written.Columns, rowsJSON(written.Rows), written.RowCount, written.Truncated
	return nil
}
