package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Bounds of a body: what is beyond them is no request, and is refused before
// anything is made of it.
const (
	deepest     = 64
	mostMembers = 20_000
)

// unmarshal reads a body. Each is read twice, first as what it is and then into
// the operation's type; the bounds hold before either.
func unmarshal(data []byte, v any) error {
	if _, first := v.(*any); first {
		if err := bounded(data); err != nil {
			return err
		}
	}
	err := json.Unmarshal(data, v)
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("the body is not JSON: %s at byte %d", e.Error(), e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s has a value that does not fit", e.Field)
	}
	return err
}

// bounded reports a body that is nested too deep or has too many members.
func bounded(data []byte) error {
	depth, members, quoted := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted:
			switch c {
			case '\\':
				if bytes.HasPrefix(data[i+1:], []byte("u0000")) {
					return errors.New("the body holds a NUL character, which no text here has")
				}
				i++
			case '"':
				quoted = false
			}
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			if depth++; depth > deepest {
				return fmt.Errorf("the body is nested more than %d deep", deepest)
			}
		case c == '}' || c == ']':
			depth--
		case c == ':' || c == ',':
			if members++; members > mostMembers {
				return fmt.Errorf("the body has more than %d members", mostMembers)
			}
		}
	}
	return nil
}
