package scim

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a request's body.
const (
	maxBody  = 1 << 20 // bytes
	maxDepth = 16      // of objects and arrays in each other; a resource needs 5
)

// fields is a JSON object by the names of its members in small letters, as
// names are the same in SCIM however they are spelled.
type fields map[string]any

// body reads the request's JSON object.
func (x *call) body() (fields, error) {
	r := x.c.Request()
	if kind := r.Header.Get("Content-Type"); kind != "" {
		if media, _, err := mime.ParseMediaType(kind); err != nil || media != mediaType && media != "application/json" {
			return nil, &problem{Status: http.StatusUnsupportedMediaType, Detail: "Send JSON, with Content-Type: " + mediaType}
		}
	}
	raw, err := io.ReadAll(http.MaxBytesReader(x.c.Response(), r.Body, maxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, err
	}
	if err != nil {
		return nil, wrong(invalidSyntax, "The body did not arrive whole")
	}
	if !utf8.Valid(raw) {
		return nil, wrong(invalidSyntax, "The body is not UTF-8")
	}
	if deep(raw) {
		return nil, wrong(invalidSyntax, "The body is nested deeper than %d", maxDepth)
	}
	var value map[string]any
	if err := json.Unmarshal(raw, &value); err != nil || value == nil {
		return nil, wrong(invalidSyntax, "The body is not a JSON object")
	}
	return fold(value)
}

// deep reports whether JSON is nested deeper than maxDepth, without reading it.
func deep(raw []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(raw); i++ {
		switch b := raw[i]; {
		case quoted && b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case b == '}' || b == ']':
			depth--
		}
	}
	return false
}

// fold returns an object by its names in small letters, all the way down. A name
// that is there in two spellings is refused: which of them counts?
func fold(object map[string]any) (fields, error) {
	out := make(fields, len(object))
	for name, value := range object {
		small := strings.ToLower(name)
		if _, twice := out[small]; twice {
			return nil, wrong(invalidSyntax, "%s is there twice", name)
		}
		var err error
		if out[small], err = foldValue(value); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func foldValue(value any) (any, error) {
	switch v := value.(type) {
	case map[string]any:
		return fold(v)
	case []any:
		for i := range v {
			var err error
			if v[i], err = foldValue(v[i]); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

// names returns the object's names in order, so that the answer does not hang on chance.
func (f fields) names() []string {
	var list []string
	for name := range f {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// declares refuses a body whose schemas leave out the one it must have. Clients
// leave the whole list out now and then; what they mean is plain from the address.
func (f fields) declares(urn string) error {
	given, ok := f["schemas"]
	if !ok {
		return nil
	}
	list, ok := given.([]any)
	if !ok {
		return wrong(invalidSyntax, "schemas is a list")
	}
	for _, one := range list {
		if s, ok := one.(string); ok && strings.EqualFold(s, urn) {
			return nil
		}
	}
	return wrong(invalidSyntax, "schemas must name %s", urn)
}

// maxText bounds a text attribute, in characters.
const maxText = 250

// text returns a value as a text; null is an empty one.
func text(name string, value any) (string, error) {
	if value == nil {
		return "", nil
	}
	s, ok := value.(string)
	if !ok {
		return "", wrong(invalidValue, "%s is a text", name)
	}
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) > maxText {
		return "", wrong(invalidValue, "%s has at most %d characters", name, maxText)
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return "", wrong(invalidValue, "%s holds a control character", name)
	}
	return s, nil
}

// truth returns a value as a boolean; Entra ID sends texts.
func truth(name string, value any) (bool, error) {
	switch v := value.(type) {
	case bool:
		return v, nil
	case string:
		switch strings.ToLower(v) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	}
	return false, wrong(invalidValue, "%s is true or false", name)
}

// several returns the elements of a list; one value counts as a list of it, null as none.
func several(value any) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{value}
}
