package source

import (
	"context"
	"errors"
	"fmt"
)

// Code says what kept a statement from answering; the codes are part of the public contract.
type Code string

// The closed set of codes.
const (
	Refused          Code = "statement_refused" // the guard said no
	OverBudget       Code = "over_budget"
	DeadlineExceeded Code = "deadline_exceeded"
	Cancelled        Code = "cancelled"
	DatabaseError    Code = "database_error" // the database's own words
	Unreachable      Code = "unreachable"    // no connection: network, name, TLS, login
)

// Failure is why a statement did not answer. It is content for the result
// pane, not a fault of ours.
type Failure struct {
	Code Code `json:"code"`
	// Message says what happened; for DatabaseError it is the database's own message.
	Message string `json:"message"`
	// Hint says what helps, where we know.
	Hint string `json:"hint,omitempty"`
	// Position is where in the asked SQL, counted in characters from 1; 0 where unknown.
	Position int `json:"position,omitempty"`
	// State is the engine's own code, such as an SQLSTATE or error number.
	State string `json:"state,omitempty"`
	// Err is the cause for the log; it may hold server text, never a password.
	Err error `json:"-"`
}

// Error returns the code and the message.
func (f *Failure) Error() string { return string(f.Code) + ": " + f.Message }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Refuse returns a refusal by a guard about the part of the statement at position (from 1, 0 where unknown).
func Refuse(position int, format string, args ...any) *Failure {
	return &Failure{Code: Refused, Message: fmt.Sprintf(format, args...), Position: position}
}

// AsFailure returns the failure in err's chain; an ended context becomes
// DeadlineExceeded or Cancelled. It returns nil for any other error and for nil.
func AsFailure(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return &Failure{Code: DeadlineExceeded, Message: "The query did not finish within its time limit", Hint: "Narrow it with a filter, or raise its time limit.", Err: err}
	case errors.Is(err, context.Canceled):
		return &Failure{Code: Cancelled, Message: "The query was cancelled", Err: err}
	}
	return nil
}
