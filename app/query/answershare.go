package query

import (
	"context"
	"encoding/hex"
	"log/slog"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// Where our store is PostgreSQL, replicas share what they keep through it. The
// shared answers are compressed and not sealed: they are as safe as the store.

// sharePatience bounds what the sharing of answers waits for; touchEvery is how
// often the use of a shared one is noted.
const (
	sharePatience = 2 * time.Second
	touchEvery    = time.Minute
	// mostSharing is how many answers are written at once; further ones are not shared.
	mostSharing = 4
)

type storedAnswer struct {
	bun.BaseModel `bun:"table:answers,alias:answer"`

	Key          string    `bun:"key,pk"`
	ConnectionID string    `bun:"connection_id"`
	Body         []byte    `bun:"body"`
	Size         int       `bun:"size"`
	At           time.Time `bun:"at"`
	UsedAt       time.Time `bun:"used_at"`
}

// shares reports whether other processes share our answers.
func (r *Runner) shares() bool { return r.store.db.Read().Dialect().Name() == dialect.PG }

// sharedAnswer returns an answer that some replica kept; whatever is wrong with it, there is none.
func (r *Runner) sharedAnswer(ctx context.Context, key answerKey, since time.Time) (*Result, string, bool) {
	if !r.shares() {
		return nil, "", false
	}
	ctx, cancel := context.WithTimeout(ctx, sharePatience)
	defer cancel()
	one := &storedAnswer{Key: hex.EncodeToString(key[:])}
	if err := r.store.db.Read().NewSelect().Model(one).WherePK().Where("at >= ?", since.UTC()).Scan(ctx); err != nil {
		return nil, "", false
	}
	result, err := decodeAnswer(one.Body, 2*r.limits.Bytes+1<<20)
	if err != nil {
		slog.Warn("a shared answer cannot be read", "err", err)
		r.behind(func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewDelete().Model(one).WherePK().Where("at = ?", one.At).Exec(ctx)
			return err
		})
		return nil, "", false
	}
	if now := r.now().UTC(); one.UsedAt.Before(now.Add(-touchEvery)) {
		r.behind(func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewUpdate().Model(one).Set("used_at = ?", now).WherePK().Exec(ctx)
			return err
		})
	}
	return result, one.ConnectionID, !result.At.Before(since)
}

// shareAnswer writes an answer for the other replicas, and deletes those that
// nobody used for longest where there are too many.
func (r *Runner) shareAnswer(key answerKey, connection string, result *Result) {
	if !r.shares() {
		return
	}
	most := r.kept.most
	r.behind(func(ctx context.Context, tx bun.Tx) error {
		body, err := result.encode()
		if err != nil || len(body) > most/largestShare {
			return err
		}
		one := &storedAnswer{Key: hex.EncodeToString(key[:]), ConnectionID: connection, Body: body, Size: len(body), At: result.At, UsedAt: r.now().UTC()}
		if _, err := tx.NewInsert().Model(one).On("CONFLICT (key) DO UPDATE").
			Set("body = EXCLUDED.body, size = EXCLUDED.size, at = EXCLUDED.at, used_at = EXCLUDED.used_at").Where("answer.at < EXCLUDED.at").Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewRaw(`DELETE FROM answers WHERE key IN (SELECT key FROM
			(SELECT key, sum(size) OVER (ORDER BY used_at DESC, key) AS total FROM answers) AS sums WHERE total > ?)`, most).Exec(ctx)
		return err
	})
}

// behind changes what is shared after the answer has been given. One that fails,
// or comes while many others do, is left out: the next question asks the database.
func (r *Runner) behind(change func(ctx context.Context, tx bun.Tx) error) {
	select {
	case r.sharing <- struct{}{}:
	default:
		return
	}
	r.closing.Add(1)
	go func() {
		defer r.closing.Done()
		defer func() { <-r.sharing }()
		ctx, cancel := context.WithTimeout(context.Background(), recordPatience)
		defer cancel()
		if err := r.store.db.WriteQuick(ctx, change); err != nil {
			slog.Warn("an answer was not shared", "err", err)
		}
	}()
}
