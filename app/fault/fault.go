// Package fault says what can go wrong, in a few kinds, with a message fit for
// the person who asked. Anything that is not a fault is internal: the visitor
// sees a request id and no detail.
package fault

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kind is one of the ways in which a request can fail through no fault of ours.
type Kind string

// The closed set of kinds. An error without one of them is internal.
const (
	Internal    Kind = "internal"
	NotFound    Kind = "not_found"
	Invalid     Kind = "invalid"
	Conflict    Kind = "conflict"
	Denied      Kind = "denied"
	SignIn      Kind = "sign_in"
	Unavailable Kind = "unavailable"
	TooMany     Kind = "too_many"
)

// Error is a failure with a message that may be shown to the person who asked.
type Error struct {
	Kind    Kind
	Message string
	// Fields holds, for Invalid, what is wrong with each named input.
	Fields map[string]string
	// Err is the cause; it is logged, never shown.
	Err error
	// trail holds the operations the error passed through, for the log.
	trail []string
}

// Error returns the whole story for the log, the cause included.
func (e *Error) Error() string {
	var b strings.Builder
	for _, t := range slices.Backward(e.trail) {
		b.WriteString(t)
		b.WriteString(": ")
	}
	b.WriteString(e.Message)
	for _, k := range slices.Sorted(maps.Keys(e.Fields)) {
		fmt.Fprintf(&b, "; %s: %s", k, e.Fields[k])
	}
	if e.Err != nil {
		fmt.Fprintf(&b, " (%v)", e.Err)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns a fault of the kind with a message for the person, formatted as by fmt.Sprintf.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Because returns a fault of the kind with a message for the person and a cause for the log.
func Because(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Err: cause}
}

// Field returns an Invalid fault about one input.
func Field(name, format string, args ...any) *Error {
	message := fmt.Sprintf(format, args...)
	return &Error{Kind: Invalid, Message: message, Fields: map[string]string{name: message}}
}

// Fields collects what is wrong with several inputs, so that all problems are told at once.
type Fields map[string]string

// Add records a problem with the named input; the first one recorded stays.
func (f *Fields) Add(name, format string, args ...any) {
	if *f == nil {
		*f = Fields{}
	}
	if _, ok := (*f)[name]; !ok {
		(*f)[name] = fmt.Sprintf(format, args...)
	}
}

// Err returns an Invalid fault with the collected problems, or nil where there are none.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	message := "Some fields need another look"
	if len(f) == 1 {
		for _, m := range f {
			message = m
		}
	}
	return &Error{Kind: Invalid, Message: message, Fields: f}
}

// Wrap adds the name of an operation to *errp for the log; use it in a defer:
//
//	defer fault.Wrap(&err, "question.Get(%s)", id)
//
// The kind and the message for the person stay as they are.
func Wrap(errp *error, format string, args ...any) {
	if *errp == nil {
		return
	}
	operation := fmt.Sprintf(format, args...)
	if e, ok := errors.AsType[*Error](*errp); ok && error(e) == *errp {
		c := *e
		c.trail = append(slices.Clip(e.trail), operation)
		*errp = &c
		return
	}
	*errp = fmt.Errorf("%s: %w", operation, *errp)
}

// KindOf returns the kind of the first fault in err's chain, or Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is a fault of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// MessageOf returns what may be shown to the person: the fault's message, or a
// neutral sentence where err is internal.
func MessageOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Message
	}
	return "Something went wrong on our side"
}

// FieldsOf returns what is wrong with each input, or nil.
func FieldsOf(err error) map[string]string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Fields
	}
	return nil
}
