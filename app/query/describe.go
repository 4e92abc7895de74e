package query

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"assay/app/frame"
	"assay/app/source"
)

// descriptions remembers the columns of questions.
type descriptions struct {
	mu    sync.Mutex
	known map[descriptionKey]description
}

type descriptionKey [32]byte

type description struct {
	columns []frame.Column
	until   time.Time
}

// Bounds of what is remembered of questions' columns, and for how long: a
// database's owner may change a table at any time.
const (
	keptDescriptions   = 512
	widestDescription  = 500
	descriptionsFresh  = 10 * time.Minute
	duplicateMySQL     = "42S21"
	duplicateSQLServer = "8156"
	namelessSQLServer  = "8155"
)

func (d *descriptions) get(key descriptionKey, now time.Time) ([]frame.Column, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	one, ok := d.known[key]
	return slices.Clone(one.columns), ok && now.Before(one.until)
}

func (d *descriptions) put(key descriptionKey, columns []frame.Column, now time.Time) {
	if len(columns) > widestDescription {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil || len(d.known) >= keptDescriptions {
		d.known = map[descriptionKey]description{}
	}
	d.known[key] = description{slices.Clone(columns), now.Add(descriptionsFresh)}
}

// forget drops what was relied on in vain.
func (d *descriptions) forget(keys []descriptionKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, key := range keys {
		delete(d.known, key)
	}
}

// Describe returns the columns of a question's result without its rows; its
// conditions (Narrow) and limit change nothing about them. Whoever may ask the
// question may have them.
func (r *Runner) Describe(ctx context.Context, req Request) ([]frame.Column, error) {
	req.settle()
	columns, _, err := r.describe(ctx, req)
	return columns, err
}

// columnsFor returns the columns of a question on which another one relies.
func (r *Runner) columnsFor(ctx context.Context, req Request, a asking) ([]frame.Column, error) {
	req.anew = a.anew
	columns, key, err := r.describe(ctx, req)
	*a.relied = append(*a.relied, key)
	return columns, err
}

// describe returns the columns of a settled question and the name under which they are remembered.
func (r *Runner) describe(ctx context.Context, req Request) (_ []frame.Column, key descriptionKey, err error) {
	req.Narrow, req.Limit, req.Explain, req.inquiry = nil, 0, false, true
	p, err := r.prepare(ctx, req)
	if err != nil {
		return nil, key, r.recordRefusal(ctx, req, err)
	}
	body, _ := json.Marshal([]any{p.view, p.version, p.statement.SQL})
	key = descriptionKey(sha256.Sum256(body))
	if columns, ok := r.described.get(key, r.now()); ok && !req.anew {
		return columns, key, nil
	}
	asked, err := r.describing(p)
	if err != nil {
		return nil, key, r.recordRefusal(ctx, req, err)
	}
	started := r.now()
	if p.opened.Driver.Kind() == "sqlite" {
		asked = p // this engine tells kinds by values, names anew what is in a subquery, and computes no row before its turn
	}
	columns, id, err := r.look(ctx, req, asked)
	if f := source.AsFailure(err); f != nil && slices.Contains([]string{duplicateMySQL, duplicateSQLServer, namelessSQLServer}, f.State) {
		// Such a result cannot stand in another question's FROM: it tells its columns itself, and is left there.
		columns, id, err = r.look(ctx, req, p)
	}
	end := ended{id: id, err: err, elapsed: r.now().Sub(started)}
	if err == nil {
		end.err = r.stillSees(ctx, req, p)
	}
	if err := r.recordEnd(ctx, req, asked, end); err != nil {
		return nil, key, err
	}
	for i := range columns {
		if p.limited && p.opened.Driver.Kind() == "mysql" && columns[i].Kind == frame.Binary {
			columns[i].Kind = frame.Other // so a hidden value is described, whatever the column holds
		}
	}
	r.described.put(key, columns, r.now())
	return columns, key, nil
}

// describing returns the question as it is asked for its columns alone.
func (r *Runner) describing(p *prepared) (*prepared, error) {
	e, err := embed(p.opened.Driver.Kind(), source.Checked{SQL: p.shown, Explain: p.explains})
	if err != nil {
		return nil, err
	}
	e.bare()
	out := *p
	out.text = e.with + "SELECT * FROM (" + e.body + ") AS " + p.opened.Driver.Dialect().Quote("described") + " WHERE 1 = 0" + e.tail
	checked, err := r.guarded.check(p.opened.Driver, out.text, p.limits)
	if err != nil {
		return nil, err
	}
	out.statement.SQL, out.within = checked.SQL, e
	out.shown = checked.SQL
	return &out, nil
}

// look asks and reads no row.
func (r *Runner) look(ctx context.Context, req Request, p *prepared) ([]frame.Column, string, error) {
	a, err := r.send(ctx, req, p)
	if err != nil {
		return nil, "", err
	}
	defer a.Close()
	return a.Columns(), a.ID, nil
}
