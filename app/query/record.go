package query

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"assay/app/audit"
	"assay/app/fault"
	"assay/app/source"
)

// recordPatience bounds how long a question waits for its record.
const recordPatience = 10 * time.Second

// ended is what became of a question.
type ended struct {
	id       string
	err      error
	state    string // of one that was streamed
	rows     int
	elapsed  time.Duration
	shared   bool
	streamed bool
	cached   bool
	at       time.Time // of an answer that was kept
}

// write records an event of a question. A question that cannot be recorded is
// not answered. Its record outlives a person who goes away.
func (r *Runner) write(ctx context.Context, req Request, e audit.Event) error {
	actor := audit.ActorOf(ctx)
	if actor.ID == "" && req.Person != nil { // drawn for them before they ask
		actor.ID, actor.Name = req.Person.ID, req.Person.Email
	}
	ctx, cancel := context.WithTimeout(audit.As(context.WithoutCancel(ctx), actor), recordPatience)
	defer cancel()
	if err := r.log.WriteQuick(ctx, e); err != nil {
		return fault.Because(fault.Unavailable, err, "This question could not be recorded, so it is not answered")
	}
	return nil
}

func (req *Request) event(action string) audit.Event {
	e := audit.Event{Action: action, Connection: req.Connection, Detail: map[string]any{}}
	if req.Saved != nil {
		e.Object = audit.Object{Kind: "question", ID: req.Saved.ID, Name: req.Saved.Name}
		e.Detail["version"] = req.Saved.Version
	}
	if req.Explain {
		e.Detail["explain"] = true
	}
	if req.inquiry {
		e.Detail["columns"] = true
	}
	if !empty(req.Narrow) {
		e.Detail["narrowed"] = len(req.Narrow)
	}
	if req.Limit == Uncapped {
		e.Detail["uncapped"] = true
	}
	return e
}

func (p *prepared) describe(e *audit.Event) {
	noteSQL(e, p.statement.SQL)
	var tables []string
	for _, t := range p.tables[:min(len(p.tables), mostNoted)] {
		tables = append(tables, strings.TrimPrefix(t.Schema+"."+t.Name, "."))
	}
	if tables != nil {
		e.Detail["tables"] = tables
	}
	var values []string
	for _, a := range p.statement.Args[:min(len(p.statement.Args), mostNoted)] {
		values = append(values, clip(a.Text))
	}
	if values != nil {
		e.Detail["values"] = values
	}
	if p.limited {
		e.Detail["under_rules"] = true
	}
}

// mostNoted is how many tables and values of a statement are recorded.
const mostNoted = 100

// notedSQL is how much of a statement's text is recorded; of a longer one both
// ends are, and a hash of it all.
const notedSQL = 3000

func noteSQL(e *audit.Event, text string) {
	if len(text) > notedSQL {
		e.Detail["sql_bytes"] = len(text)
		sum := sha256.Sum256([]byte(text))
		e.Detail["sql_sha256"] = hex.EncodeToString(sum[:])
		e.Detail["sql_end"] = strings.ToValidUTF8(text[len(text)-notedSQL/2:], "")
		text = strings.ToValidUTF8(text[:notedSQL/2], "")
	}
	e.Detail["sql"] = text
}

// recordRefusal records that a question was not let through, and returns why.
func (r *Runner) recordRefusal(ctx context.Context, req Request, why error) error {
	e := req.event("query.run")
	e.Outcome, e.Detail["verdict"] = audit.Refused, reason(why)
	if req.SQL != "" {
		noteSQL(&e, req.SQL)
	} else if spec, err := json.Marshal(req.Spec); err == nil {
		e.Detail["spec"] = clipBytes(string(spec), notedSQL)
	}
	if narrow, err := json.Marshal(req.Narrow); err == nil && !empty(req.Narrow) {
		e.Detail["narrow"] = clipBytes(string(narrow), notedSQL)
	}
	if f := source.AsFailure(why); f == nil && fault.KindOf(why) != fault.Denied && fault.KindOf(why) != fault.NotFound || f != nil && f.Code != source.Refused {
		e.Outcome = audit.Failed
	}
	if err := r.write(ctx, req, e); err != nil {
		return errors.Join(err, why)
	}
	return why
}

func clipBytes(text string, n int) string {
	return strings.ToValidUTF8(text[:min(len(text), n)], "")
}

// reason is what may be kept of an error: our own words, and of a database's only its code.
func reason(err error) string {
	if f := source.AsFailure(err); f != nil {
		if f.Code == source.DatabaseError {
			return string(f.Code) + " " + f.State
		}
		return f.Error()
	}
	return fault.MessageOf(err)
}

// recordAsked records that a question is asked whose answer will be streamed,
// while the database is already at it.
func (r *Runner) recordAsked(ctx context.Context, req Request, p *prepared) <-chan error {
	done := make(chan error, 1)
	go func() {
		e := req.event("query.stream")
		e.Detail["verdict"] = "passed"
		p.describe(&e)
		done <- r.write(ctx, req, e)
	}()
	return done
}

// recordEnd records what became of a question, and returns its error.
func (r *Runner) recordEnd(ctx context.Context, req Request, p *prepared, end ended) error {
	e := req.event("query.run")
	if end.streamed {
		e.Action = "query.end"
	} else {
		e.Detail["verdict"] = "passed"
		p.describe(&e)
	}
	if end.id != "" {
		e.Detail["query"] = end.id
	}
	e.Detail["ms"] = end.elapsed.Milliseconds()
	e.Detail["rows"] = end.rows
	if end.shared {
		e.Detail["shared"] = true
	}
	if end.cached {
		e.Detail["cached"], e.Detail["at"] = true, end.at.Format(time.RFC3339)
	}
	switch {
	case end.err != nil:
		e.Outcome, e.Detail["problem"] = audit.Failed, reason(end.err)
	case end.state == stateFailed || end.state == stateCancelled:
		e.Outcome, e.Detail["problem"] = audit.Failed, end.state
	}
	if err := r.write(ctx, req, e); err != nil && end.err == nil {
		return err
	}
	return end.err
}

// Close waits until the ends of the questions asked so far are recorded.
func (r *Runner) Close() { r.closing.Wait() }
