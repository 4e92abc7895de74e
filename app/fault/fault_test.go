package fault

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKindAndMessage(t *testing.T) {
	missing := New(NotFound, "There is no question %q", "q7")
	for name, c := range map[string]struct {
		err     error
		kind    Kind
		message string
	}{
		"fault":          {missing, NotFound, `There is no question "q7"`},
		"inside another": {fmt.Errorf("question.Get: %w", missing), NotFound, `There is no question "q7"`},
		"with a cause":   {Because(Unavailable, io.EOF, "The mail server hung up"), Unavailable, "The mail server hung up"},
		"field":          {Field("name", "A name has at most %d characters", 100), Invalid, "A name has at most 100 characters"},
		"percent":        {Field("name", "%s", "100% of %s"), Invalid, "100% of %s"},
		"no fault":       {errors.New("password=hunter2"), Internal, "Something went wrong on our side"},
	} {
		if got := KindOf(c.err); got != c.kind {
			t.Errorf("%s: kind %s, want %s", name, got, c.kind)
		}
		if got := MessageOf(c.err); got != c.message {
			t.Errorf("%s: message %q, want %q", name, got, c.message)
		}
		if !Is(c.err, c.kind) || Is(c.err, Conflict) {
			t.Errorf("%s: Is does not agree with KindOf", name)
		}
	}
	if Is(nil, Internal) {
		t.Error("no error is of no kind")
	}
}

func TestWrapKeepsKindMessageAndCause(t *testing.T) {
	inner := func() (err error) {
		defer Wrap(&err, "store.Get(%s)", "q7")
		return &Error{Kind: Invalid, Message: "The row cannot be used", Fields: map[string]string{"b": "is odd", "a": "is missing"}, Err: io.ErrUnexpectedEOF}
	}
	outer := func() (err error) {
		defer Wrap(&err, "question.Get(%s)", "q7")
		return inner()
	}
	err := outer()
	if KindOf(err) != Invalid || MessageOf(err) != "The row cannot be used" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("wrapped: %v", err)
	}
	if d := cmp.Diff(map[string]string{"a": "is missing", "b": "is odd"}, FieldsOf(err)); d != "" {
		t.Errorf("fields (-want +got):\n%s", d)
	}
	want := "question.Get(q7): store.Get(q7): The row cannot be used; a: is missing; b: is odd (unexpected EOF)"
	if err.Error() != want {
		t.Errorf("for the log: %q, want %q", err, want)
	}
}

func TestWrapLeavesTheOriginalAlone(t *testing.T) {
	shared := New(NotFound, "There is no such thing")
	wrap := func(operation string) (err error) {
		defer Wrap(&err, "%s", operation)
		return shared
	}
	a, b := wrap("a"), wrap("b")
	if a.Error() != "a: There is no such thing" || b.Error() != "b: There is no such thing" || shared.Error() != "There is no such thing" {
		t.Errorf("wrapping shares its trail: %q, %q, %q", a, b, shared)
	}
	again := func(err error, operation string) error { Wrap(&err, "%s", operation); return err }
	c, d := again(a, "c"), again(a, "d")
	if c.Error() != "c: a: There is no such thing" || d.Error() != "d: a: There is no such thing" {
		t.Errorf("wrapping twice shares its trail: %q, %q", c, d)
	}
}

func TestWrapOfOtherErrors(t *testing.T) {
	err := error(nil)
	if Wrap(&err, "x"); err != nil {
		t.Errorf("nothing became %v", err)
	}
	err = io.EOF
	if Wrap(&err, "read"); err.Error() != "read: EOF" || !errors.Is(err, io.EOF) || KindOf(err) != Internal {
		t.Errorf("wrapped: %v", err)
	}
	// A fault deeper in the chain keeps the words around it for the log.
	err = fmt.Errorf("while saving: %w", New(Conflict, "The name is taken"))
	if Wrap(&err, "create"); err.Error() != "create: while saving: The name is taken" || KindOf(err) != Conflict {
		t.Errorf("wrapped: %v", err)
	}
}

func TestFieldsAreToldTogether(t *testing.T) {
	var problems Fields
	if err := problems.Err(); err != nil {
		t.Errorf("no problem became %v", err)
	}
	problems.Add("name", "Give it a name")
	problems.Add("name", "A second problem with the same input")
	err := problems.Err()
	if KindOf(err) != Invalid || MessageOf(err) != "Give it a name" {
		t.Errorf("one problem: %v", err)
	}
	problems.Add("port", "%d is no port", 70000)
	err = problems.Err()
	if d := cmp.Diff(map[string]string{"name": "Give it a name", "port": "70000 is no port"}, FieldsOf(err)); d != "" {
		t.Errorf("fields (-want +got):\n%s", d)
	}
	if m := MessageOf(err); m == "" || strings.Contains(m, "name") {
		t.Errorf("the message of several problems is %q", m)
	}
	if FieldsOf(io.EOF) != nil {
		t.Error("an error that is no fault has fields")
	}
}
