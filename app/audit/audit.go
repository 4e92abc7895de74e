// Package audit keeps the record of who did what: append-only, each entry
// chained to the one before, so that whoever changes, removes or adds one later
// is found out.
package audit

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"

	"assay/app/fault"
	"assay/app/store"
	"assay/app/vault"
)

// Actor is who acts, and from where. It travels in the context of a request.
type Actor struct {
	ID      string // the person's id; empty for nobody and for the system
	Name    string // the person's address, or "system"
	Via     string // how they act: session, token, access, scim, command, share, schedule, system
	Address string // the network address they come from
	Request string // the request's id
}

type actorKey struct{}

// As returns a context in which the actor acts.
func As(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, actorKey{}, a) }

// ActorOf returns who acts in the context; without anybody it is the system.
func ActorOf(ctx context.Context) Actor {
	if a, ok := ctx.Value(actorKey{}).(Actor); ok {
		return a
	}
	return Actor{Name: "system", Via: "system"}
}

// Outcomes of what was tried.
const (
	Done    = "done"
	Refused = "refused" // rights, the guard or a rule said no
	Failed  = "failed"
)

// Event is something that somebody did or tried.
type Event struct {
	Action     string // object and verb, such as "connection.create" or "session.start"
	Object     Object
	Connection string // the connection's id, where one is concerned
	Outcome    string // empty means Done
	// Detail holds what else is to be known, never a secret; it is kept as JSON.
	Detail map[string]any
}

// Object is what an event is about; Name is what people know it by.
type Object struct{ Kind, ID, Name string }

// Log appends to the record in our store. Its methods may be called by many
// goroutines, and by many processes on one store.
type Log struct {
	db    *store.Store
	vault *vault.Vault
	now   func() time.Time
	dir   string // of the checkpoints; empty for none

	key    atomic.Pointer[[32]byte]
	asking sync.Mutex // over what follows
	asked  time.Time  // when the vault last refused the key
	refuse error

	queue queue
	marks marker
}

// Open returns the record of a store. While the vault is closed, records are
// kept without a seal.
func Open(s *store.Store, v *vault.Vault) *Log {
	l := &Log{db: s, vault: v, now: func() time.Time { return time.Now().UTC() }}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	// The reason is told by whoever needs the key: Verify, Seal and Keep.
	_, _ = l.unlock(ctx)
	return l
}

// In returns the log, which from now on keeps its checkpoints in the file
// audit.checkpoint in the folder. It is called before the log is used.
func (l *Log) In(dir string) *Log {
	l.dir = dir
	return l
}

// unlock returns the key of the seals, asking the vault at most every half
// minute. It may write to the store, hence never inside a transaction.
func (l *Log) unlock(ctx context.Context) (*[32]byte, error) {
	if key := l.key.Load(); key != nil {
		return key, nil
	}
	l.asking.Lock()
	defer l.asking.Unlock()
	if key := l.key.Load(); key != nil {
		return key, nil
	}
	if l.refuse != nil && time.Since(l.asked) < 30*time.Second {
		return nil, l.refuse
	}
	if l.vault == nil {
		return nil, fault.New(fault.Unavailable, "There is no vault to seal the audit record with")
	}
	key, err := l.vault.Key(ctx, "audit")
	if err != nil {
		l.asked, l.refuse = time.Now(), err
		return nil, err
	}
	l.key.Store(&key)
	return &key, nil
}

// Append records the event, done by the context's actor, in the transaction that
// makes the change: both are there or neither is. Call it last in a transaction:
// from then on until the end every other writer of the record waits.
func (l *Log) Append(ctx context.Context, tx bun.Tx, e Event) (err error) {
	defer fault.Wrap(&err, "audit.Append(%q)", e.Action)
	return l.extend(ctx, tx, []*Record{newRecord(ctx, e)})
}

// Write records an event that changes nothing else, and returns once it is kept.
// Those who call it at once share a transaction. A context that ends does not
// stop it: who hangs up was here all the same. Inside a transaction call Append.
func (l *Log) Write(ctx context.Context, e Event) (err error) {
	defer fault.Wrap(&err, "audit.Write(%q)", e.Action)
	return l.write(newRecord(ctx, e), false)
}

// WriteQuick is Write for what only reads: it does not wait for the disk, so
// that the machine's power, though not the end of this process, may take the
// last records with it.
func (l *Log) WriteQuick(ctx context.Context, e Event) (err error) {
	defer fault.Wrap(&err, "audit.WriteQuick(%q)", e.Action)
	return l.write(newRecord(ctx, e), true)
}

// newRecord returns the event as it will be kept, without its place and time.
func newRecord(ctx context.Context, e Event) *Record {
	a := ActorOf(ctx)
	if e.Outcome == "" {
		e.Outcome = Done
	}
	return &Record{
		Actor:  Actor{ID: text(a.ID), Name: text(a.Name), Via: text(a.Via), Address: text(a.Address), Request: text(a.Request)},
		Action: text(e.Action), Object: Object{Kind: text(e.Object.Kind), ID: text(e.Object.ID), Name: text(e.Object.Name)},
		Connection: text(e.Connection), Outcome: text(e.Outcome), Detail: detail(e.Detail),
	}
}
