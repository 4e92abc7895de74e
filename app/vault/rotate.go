package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/uptrace/bun"

	"assay/app/fault"
	"assay/app/store"
)

// rotationID is the row among the keys that says who rotates: its owner, the
// time of its last sign of life and the primary key it added. The row of a
// rotation that did not get to its end stays, and the next one goes on from it.
const rotationID = "rotation"

// pace is how long the parts of a rotation wait for others.
type pace struct {
	// settle is how long a primary key has been one before the key before it may
	// go with the next rotation but one: longer than the time from a Seal
	// outside a transaction to the end of the transaction that writes its value.
	settle time.Duration
	// look bounds one look at the keyset in the store, fresh how old a look may be
	// where another one fails; both and the store's own waiting fit into settle.
	look, fresh time.Duration
	// life is how long a rotation is believed to run without a sign of life.
	life time.Duration
	// poll is how often one that waits looks again.
	poll time.Duration
}

var defaultPace = pace{settle: 20 * time.Second, look: 3 * time.Second, fresh: 8 * time.Second, life: 10 * time.Second, poll: 200 * time.Millisecond}

// passes bounds how often all values are read for one rotation; writers that
// seal outside a transaction may make a second pass necessary.
const passes = 8

// Report is what a rotation did.
type Report struct {
	// Primary is the id of the key that seals from now on; Added says that this
	// rotation made it, and not an earlier one that did not get to its end.
	Primary string
	Added   bool
	// Live are the ids of the keys that open values, the oldest first; Removed
	// are those that were taken away.
	Live, Removed []string
	Tables        []Count
}

// Count is what a rotation found in a column of a table.
type Count struct {
	Table   string // "table.column"
	Read    int    // values found
	Sealed  int    // sealed anew
	Already int    // sealed by the primary key before
	Failed  int    // do not open
	// Damaged names the first of the rows whose values do not open.
	Damaged []string
}

// Failed returns how many values do not open.
func (r Report) Failed() (n int) {
	for _, t := range r.Tables {
		n += t.Failed
	}
	return n
}

// Rotate adds a new primary key, seals every value of the store with it, reads
// them all again and, once all of them open, removes the keys older than the one
// before it. It goes on from where an earlier one was cut short, waits for one
// that is running, and works while others seal and open. Where values do not
// open, the error says so, the report names them and all keys stay.
func (v *Vault) Rotate(ctx context.Context) (_ Report, err error) {
	defer fault.Wrap(&err, "vault.Rotate")
	if err := v.Closed(); err != nil {
		return Report{}, err
	}
	t := &turn{v: v, owner: []byte(rand.Text())}
	if err := t.take(ctx); err != nil {
		return Report{}, err
	}
	report, err := t.run(ctx)
	if err != nil {
		// Whoever stops gives way at once; one that was killed is waited for.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), v.pace.look)
		defer cancel()
		if problem := t.pause(ctx); problem != nil {
			err = errors.Join(err, problem)
		}
	}
	return report, err
}

// turn is one run of a rotation.
type turn struct {
	v      *Vault
	owner  []byte
	alive  time.Time
	goesOn uint32 // the primary key of the rotation that this one goes on from
}

type turnRow struct {
	Purpose   string    `bun:"purpose"`
	Sealed    []byte    `bun:"sealed"`
	CreatedAt time.Time `bun:"created_at"`
}

// take waits until no other rotation runs.
func (t *turn) take(ctx context.Context) error {
	var last turnRow
	var since time.Time
	for {
		taken := false
		err := t.v.store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			if err := lock(ctx, tx, true); err != nil {
				return err
			}
			var r turnRow
			err := tx.NewRaw("SELECT purpose, sealed, created_at FROM keys WHERE id = ?", rotationID).Scan(ctx, &r)
			if err != nil && store.Missing(err, "key") == err {
				return err
			}
			now := t.v.now()
			if err != nil {
				taken = true
				_, err = tx.NewRaw("INSERT INTO keys (id, purpose, sealed, created_at) VALUES (?, ?, ?, ?)", rotationID, rotationID, t.owner, now.UTC()).Exec(ctx)
				return err
			}
			// By our own clock: another machine's may be wrong.
			if !bytes.Equal(r.Sealed, last.Sealed) || !r.CreatedAt.Equal(last.CreatedAt) {
				last, since = r, now
			}
			if len(r.Sealed) > 0 && now.Sub(since) < t.v.pace.life {
				return nil
			}
			taken = true
			if words := strings.Fields(r.Purpose); len(words) == 2 {
				t.goesOn = keyNamed(words[1])
			}
			_, err = tx.NewRaw("UPDATE keys SET sealed = ?, created_at = ? WHERE id = ?", t.owner, now.UTC(), rotationID).Exec(ctx)
			return err
		})
		if err != nil || taken {
			t.alive = t.v.now()
			return err
		}
		if err := wait(ctx, t.v.pace.poll); err != nil {
			return err
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errOvertaken ends a rotation that was thought dead.
var errOvertaken = fault.New(fault.Conflict, "Another rotation took over from this one")

// show gives a sign of life, not at every call.
func (t *turn) show(ctx context.Context) error {
	if t.v.now().Sub(t.alive) < t.v.pace.life/4 {
		return nil
	}
	t.alive = t.v.now()
	return t.mark(ctx, "created_at = ?", t.alive.UTC())
}

// pause lets the next rotation go on at once.
func (t *turn) pause(ctx context.Context) error {
	err := t.mark(ctx, "sealed = ?", []byte{})
	if errors.Is(err, errOvertaken) {
		return nil
	}
	return err
}

func (t *turn) mark(ctx context.Context, set string, value any) error {
	return t.v.store.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return t.markIn(ctx, tx, set, value) })
}

func (t *turn) markIn(ctx context.Context, tx bun.Tx, set string, value any) error {
	res, err := tx.NewRaw("UPDATE keys SET "+set+" WHERE id = ? AND sealed = ?", value, rotationID, t.owner).Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return errOvertaken
}

func (t *turn) run(ctx context.Context) (Report, error) {
	var report Report
	var err error
	if report.Primary, report.Added, err = t.add(ctx); err != nil {
		return report, err
	}
	counts := make([]Count, len(sealedColumns))
	for i, c := range sealedColumns {
		counts[i].Table = c.table + "." + c.value
	}
	report.Tables = counts
	for pass := range passes {
		for i, c := range sealedColumns {
			if err := t.reseal(ctx, c, &counts[i], pass == 0); err != nil {
				return report, err
			}
		}
		stale := 0
		for i, c := range sealedColumns {
			n, err := t.verify(ctx, c, &counts[i])
			if err != nil {
				return report, err
			}
			stale += n
		}
		if n := report.Failed(); n > 0 {
			opened, err := t.v.load(ctx, t.v.store.Read())
			if err != nil {
				return report, err
			}
			report.Live = keyNames(opened.ids)
			return report, fault.New(fault.Unavailable, "Sealed values that do not open: %d. Nothing of them was changed and all keys stay; enter those secrets again, then rotate again", n)
		}
		if stale > 0 {
			continue
		}
		done, err := t.finish(ctx, &report)
		if err != nil || done {
			return report, err
		}
	}
	return report, fault.New(fault.Unavailable, "Values were sealed with an older key as fast as they were sealed anew; rotate again")
}

// add makes the new primary key, unless an earlier rotation did and stopped.
func (t *turn) add(ctx context.Context) (primary string, added bool, err error) {
	for {
		var rest time.Duration
		err := t.v.change(ctx, func(ctx context.Context, tx bun.Tx, r *ring) (*row, error) {
			if t.goesOn != 0 && t.goesOn == r.primary {
				primary = keyName(r.primary)
				return nil, nil
			}
			// The clock of who added the last key may be ahead of ours.
			age := max(t.v.now().Sub(r.row.CreatedAt), 0)
			if rest = t.v.pace.settle - age; len(r.ids) > 1 && rest > 0 {
				return nil, nil
			}
			rest = 0
			manager := keyset.NewManagerFromHandle(r.handle)
			id, err := manager.Add(aead.XChaCha20Poly1305KeyTemplate())
			if err != nil {
				return nil, err
			}
			if err := manager.SetPrimary(id); err != nil {
				return nil, err
			}
			handle, err := manager.Handle()
			if err != nil {
				return nil, err
			}
			primary, added = keyName(id), true
			if err := t.markIn(ctx, tx, "purpose = ?", rotationID+" "+primary); err != nil {
				return nil, err
			}
			changed, err := sealedRow(handle, r.master, t.v.now())
			return &changed, err
		})
		if err != nil || primary != "" {
			return primary, added, err
		}
		if err := wait(ctx, min(rest, t.v.pace.life/4)); err != nil {
			return "", false, err
		}
		if err := t.show(ctx); err != nil {
			return "", false, err
		}
	}
}

// each calls f with every value of a column.
func (t *turn) each(ctx context.Context, c column, f func(sealedValue) error) error {
	key := ""
	for {
		list, err := c.after(ctx, t.v.store.Read(), key)
		if err != nil {
			return err
		}
		for _, s := range list {
			if err := t.show(ctx); err != nil {
				return err
			}
			if err := f(s); err != nil {
				return err
			}
		}
		if len(list) < batch {
			return nil
		}
		key = list[len(list)-1].ID
	}
}

// reseal seals the values of a column with the primary key, each in a transaction of its own.
func (t *turn) reseal(ctx context.Context, c column, n *Count, first bool) error {
	return t.each(ctx, c, func(s sealedValue) error {
		opened, err := t.v.load(ctx, t.v.store.Read())
		if err != nil {
			return err
		}
		if first {
			n.Read++
		}
		if keyID(s.Value) == opened.primary {
			if first {
				n.Already++
			}
			return nil
		}
		sealed := false
		for range passes {
			done := false
			err := t.v.store.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
				fresh, err := t.fresh(ctx, tx, s.Value, c.place(s.ID))
				if err != nil {
					return err
				}
				if fresh == nil { // it does not open, which the verification counts
					done = true
					return nil
				}
				sealed, err = c.swap(ctx, tx, s.ID, s.Value, fresh)
				done = sealed
				return err
			})
			if err != nil {
				return err
			}
			if done {
				break
			}
			// Somebody else changed it meanwhile: theirs is the value that counts.
			if s.Value, err = c.get(ctx, t.v.store.Read(), s.ID); err != nil {
				return err
			}
			if len(s.Value) == 0 || keyID(s.Value) == opened.primary {
				break
			}
		}
		if sealed {
			n.Sealed++
		}
		return nil
	})
}

// fresh returns a value sealed with the primary key, or nil where it does not open.
func (t *turn) fresh(ctx context.Context, tx bun.Tx, value []byte, place string) ([]byte, error) {
	plain, err := t.v.Open(value, place)
	if err != nil {
		if closed := t.v.Closed(); closed != nil {
			return nil, closed
		}
		return nil, nil
	}
	fresh, err := t.v.SealIn(ctx, tx, plain, place)
	if err != nil {
		return nil, err
	}
	if again, err := t.v.Open(fresh, place); err != nil || !bytes.Equal(again, plain) {
		return nil, fmt.Errorf("the secret of %s does not open after it was sealed anew", place)
	}
	return fresh, nil
}

// shown is how many damaged rows of a column are named.
const shown = 20

// verify reads all values of a column again and returns how many the primary key did not seal.
func (t *turn) verify(ctx context.Context, c column, n *Count) (stale int, err error) {
	n.Failed, n.Damaged = 0, nil
	err = t.each(ctx, c, func(s sealedValue) error {
		if _, err := t.v.Open(s.Value, c.place(s.ID)); err != nil {
			if closed := t.v.Closed(); closed != nil {
				return closed
			}
			if n.Failed++; len(n.Damaged) < shown {
				n.Damaged = append(n.Damaged, s.ID)
			}
			return nil
		}
		if r := t.v.current(); r == nil || keyID(s.Value) != r.primary {
			stale++
		}
		return nil
	})
	return stale, err
}

// finish removes the keys older than the one before the primary key, unless a
// value that one of them sealed has come in since.
func (t *turn) finish(ctx context.Context, report *Report) (done bool, err error) {
	err = t.v.change(ctx, func(ctx context.Context, tx bun.Tx, r *ring) (*row, error) {
		keep := 2
		doomed := r.ids[:max(len(r.ids)-keep, 0)]
		for _, id := range doomed {
			for _, c := range sealedColumns {
				if n, err := c.countOf(ctx, tx, id); err != nil || n > 0 {
					return nil, err
				}
			}
		}
		res, err := tx.NewRaw("DELETE FROM keys WHERE id = ? AND sealed = ?", rotationID, t.owner).Exec(ctx)
		if err != nil {
			return nil, err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return nil, errors.Join(err, errOvertaken)
		}
		done = true
		report.Removed, report.Live = keyNames(doomed), keyNames(r.ids[len(doomed):])
		if len(doomed) == 0 {
			return nil, nil
		}
		manager := keyset.NewManagerFromHandle(r.handle)
		for _, id := range doomed {
			if err := manager.Delete(id); err != nil {
				return nil, err
			}
		}
		handle, err := manager.Handle()
		if err != nil {
			return nil, err
		}
		changed, err := sealedRow(handle, r.master, r.row.CreatedAt)
		return &changed, err
	})
	return done && err == nil, err
}
