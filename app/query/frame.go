package query

import (
	"context"
	"time"

	"assay/app/frame"
	"assay/app/source"
)

// Frame asks the question and holds its answer up to the limits, which
// Frame.Truncated tells. The same question asked at once by people with the
// same rights runs once, and an answer that was kept is given again as far as
// MaxAge allows. Who asked what, and what became of it, is recorded before the
// answer is given. The frame is shared: nobody may change it.
func (r *Runner) Frame(ctx context.Context, req Request) (*Result, error) {
	req.settle()
	if req.Limit <= 0 || req.Limit > r.limits.Rows {
		req.Limit = r.limits.Rows
	}
	p, err := r.prepare(ctx, req)
	if err != nil {
		return nil, r.recordRefusal(ctx, req, err)
	}
	started := r.now()
	key, keeps := r.answerKey(req, p)
	result, known := (*Result)(nil), false
	if keeps && !req.Fresh {
		result, known = r.keptAnswer(ctx, key, req.MaxAge)
	}
	if !known {
		result, err = r.shared.do(ctx, flightKey(req, p), func(ctx context.Context) (*Result, error) { return r.read(ctx, req, p) })
		if err == nil && keeps {
			r.keepAnswer(key, req.Connection, result)
		}
	}
	end := ended{err: err, elapsed: r.now().Sub(started)}
	if err == nil {
		end.id, end.rows, end.shared, end.cached, end.at = result.ID, result.Frame.Rows(), result.Shared, result.Cached, result.At
		// Somebody else may have asked it first, and rights may have gone meanwhile.
		end.err = r.stillSees(ctx, req, p)
	} else if f := source.AsFailure(err); f != nil && f.Code == source.DatabaseError {
		r.described.forget(p.relied)
	}
	if err := r.recordEnd(ctx, req, p, end); err != nil {
		return nil, err
	}
	return result, nil
}

// read asks the database and holds its answer.
func (r *Runner) read(ctx context.Context, req Request, p *prepared) (*Result, error) {
	// What the database reads may be as old as the moment it was asked.
	at := r.now().UTC()
	a, err := r.send(ctx, req, p)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	f, err := frame.Read(ctx, a, req.Limit, r.limits.Bytes)
	if err != nil {
		return nil, err
	}
	f.Truncated = f.Truncated || a.Truncated()
	return &Result{ID: a.ID, SQL: a.SQL, Frame: f, Elapsed: a.Elapsed(), At: at}, nil
}

// Result is an answer held in memory, within the limits.
type Result struct {
	ID      string
	SQL     string
	Frame   *frame.Frame
	Elapsed time.Duration
	// Shared says that the same question was being answered already and both got one answer.
	Shared bool
	// Cached says that the answer was kept from before; At is when the database was asked for it.
	Cached bool
	At     time.Time
}
