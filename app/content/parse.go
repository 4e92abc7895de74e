package content

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bounds of a file: one beyond them is none that an export wrote.
const (
	mostNodes = 200_000
	deepest   = 100
)

// reading is one file being read: what is wrong is gathered, with its line.
type reading struct {
	path     string
	offset   int // lines before the YAML
	problems []Problem
	nodes    int
	// lines are where the members are, by their paths such as cards[0].question.
	lines map[string]int
}

func (r *reading) problem(line int, format string, args ...any) {
	if line > 0 {
		line += r.offset
	}
	if len(r.problems) < 50 {
		r.problems = append(r.problems, Problem{r.path, line, fmt.Sprintf(format, args...)})
	}
}

// at returns the line of a member, or of the nearest thing around it that has one.
func (r *reading) at(path string) int {
	for path != "" {
		if line := r.lines[path]; line > 0 {
			return line + r.offset
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 0
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// parse reads YAML into a value, strictly: nothing that the value has no place
// for, nothing twice, no anchors and no tags.
func (r *reading) parse(text []byte, into any) {
	r.lines = map[string]int{}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := d.Decode(&doc); err != nil {
		r.unread(err)
		return
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		r.problem(0, "A file holds one document")
		return
	}
	if len(doc.Content) != 1 {
		r.problem(0, "The file is empty")
		return
	}
	if !r.sound(doc.Content[0], 0) {
		return
	}
	r.read(doc.Content[0], reflect.ValueOf(into).Elem(), "")
}

func (r *reading) unread(err error) {
	if errors.Is(err, io.EOF) {
		r.problem(0, "The file is empty")
		return
	}
	line, message := 0, err.Error()
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
	}
	r.problem(line, "This is no YAML: %s", message)
}

// sound refuses what YAML has and a file of ours does not.
func (r *reading) sound(n *yaml.Node, depth int) bool {
	r.nodes++
	switch {
	case r.nodes > mostNodes:
		r.problem(n.Line, "The file has more than %d values", mostNodes)
		return false
	case depth > deepest:
		r.problem(n.Line, "The file is nested more than %d deep", deepest)
		return false
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.problem(n.Line, "Anchors and aliases are not read; write the value out")
		return false
	case n.Style&yaml.TaggedStyle != 0:
		r.problem(n.Line, "Tags such as %s are not read", n.Tag)
		return false
	}
	if n.Kind == yaml.MappingNode {
		seen := map[string]int{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
				r.problem(key.Line, "A key is a word")
				return false
			}
			if line := seen[key.Value]; line > 0 {
				r.problem(key.Line, "%s is there already, on line %d", key.Value, line+r.offset)
				return false
			}
			seen[key.Value] = key.Line
		}
	}
	for _, c := range n.Content {
		if !r.sound(c, depth+1) {
			return false
		}
	}
	return true
}

var (
	rawType    = reflect.TypeFor[json.RawMessage]()
	numberType = reflect.TypeFor[json.Number]()
	reads      = reflect.TypeFor[json.Unmarshaler]()
)

// read puts a node where it belongs.
func (r *reading) read(n *yaml.Node, to reflect.Value, path string) {
	r.lines[path] = n.Line
	t := to.Type()
	null := n.Kind == yaml.ScalarNode && n.Tag == "!!null"
	switch {
	case t == rawType || t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(reads):
		text, ok := r.json(n)
		if !ok {
			return
		}
		if t == rawType {
			to.SetBytes(text)
		} else if err := json.Unmarshal(text, to.Addr().Interface()); err != nil {
			r.problem(n.Line, "%s has a value that does not fit", of(path))
		}
	case null:
	case t == numberType:
		if n.Kind != yaml.ScalarNode || !number(n.Value) {
			r.problem(n.Line, "%s is a number", of(path))
			return
		}
		to.SetString(n.Value)
	case t.Kind() == reflect.Pointer:
		v := reflect.New(t.Elem())
		r.read(n, v.Elem(), path)
		to.Set(v)
	case t.Kind() == reflect.Struct:
		r.object(n, to, path)
	case t.Kind() == reflect.Map:
		if n.Kind != yaml.MappingNode {
			r.problem(n.Line, "%s has names and values", of(path))
			return
		}
		to.Set(reflect.MakeMap(t))
		for i := 0; i < len(n.Content); i += 2 {
			v := reflect.New(t.Elem()).Elem()
			r.read(n.Content[i+1], v, join(path, n.Content[i].Value))
			to.SetMapIndex(reflect.ValueOf(n.Content[i].Value).Convert(t.Key()), v)
		}
	case t.Kind() == reflect.Slice, t.Kind() == reflect.Array:
		r.list(n, to, path)
	default:
		r.scalar(n, to, path)
	}
}

func (r *reading) list(n *yaml.Node, to reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		r.problem(n.Line, "%s is a list", of(path))
		return
	}
	if to.Kind() == reflect.Array && len(n.Content) != to.Len() {
		r.problem(n.Line, "%s has %d values", of(path), to.Len())
		return
	}
	if to.Kind() == reflect.Slice {
		to.Set(reflect.MakeSlice(to.Type(), len(n.Content), len(n.Content)))
	}
	for i, c := range n.Content {
		r.read(c, to.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
}

func (r *reading) object(n *yaml.Node, to reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		r.problem(n.Line, "%s has names and values", of(path))
		return
	}
	places := map[string][]int{}
	members(to.Type(), nil, places)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		at, ok := places[key.Value]
		if !ok {
			r.problem(key.Line, "There is no %s here; known are %s", key.Value, strings.Join(sorted(places), ", "))
			continue
		}
		r.read(n.Content[i+1], to.FieldByIndex(at), join(path, key.Value))
	}
}

// members finds a type's members by their names in JSON; of two the outer one counts.
func members(t reflect.Type, at []int, places map[string][]int) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.Anonymous && f.IsExported() && name != "" && name != "-" {
			if before, ok := places[name]; !ok || len(before) > len(at)+1 {
				places[name] = append(slices.Clone(at), i)
			}
		}
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag.Get("json") == "" {
			members(f.Type, append(slices.Clone(at), i), places)
		}
	}
}

func sorted(m map[string][]int) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (r *reading) scalar(n *yaml.Node, to reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		r.problem(n.Line, "%s is a single value", of(path))
		return
	}
	switch to.Kind() {
	case reflect.String:
		if strings.ContainsRune(n.Value, 0) {
			r.problem(n.Line, "%s has a character that no text has", of(path))
			return
		}
		to.SetString(n.Value)
	case reflect.Bool:
		if n.Tag != "!!bool" {
			r.problem(n.Line, "%s is true or false", of(path))
			return
		}
		to.SetBool(strings.EqualFold(n.Value, "true"))
	case reflect.Int, reflect.Int64:
		v, err := strconv.ParseInt(n.Value, 10, 64)
		if err != nil || n.Tag != "!!int" {
			r.problem(n.Line, "%s is a whole number", of(path))
			return
		}
		to.SetInt(v)
	case reflect.Float64:
		v, err := strconv.ParseFloat(n.Value, 64)
		if err != nil || !number(n.Value) || n.Tag != "!!int" && n.Tag != "!!float" {
			r.problem(n.Line, "%s is a number", of(path))
			return
		}
		to.SetFloat(v)
	default:
		r.problem(n.Line, "%s cannot be read", of(path))
	}
}

var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// number reports whether a text is a number as JSON writes it.
func number(s string) bool { return decimal.MatchString(s) }

// json writes a node as JSON; numbers keep their digits.
func (r *reading) json(n *yaml.Node) ([]byte, bool) {
	var b bytes.Buffer
	if !r.write(&b, n) {
		return nil, false
	}
	return b.Bytes(), true
}

func (r *reading) write(b *bytes.Buffer, n *yaml.Node) bool {
	switch n.Kind {
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i < len(n.Content); i += 2 {
			if i > 0 {
				b.WriteByte(',')
			}
			key, _ := json.Marshal(n.Content[i].Value)
			b.Write(append(key, ':'))
			if !r.write(b, n.Content[i+1]) {
				return false
			}
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, c := range n.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			if !r.write(b, c) {
				return false
			}
		}
		b.WriteByte(']')
	default:
		switch n.Tag {
		case "!!null":
			b.WriteString("null")
		case "!!bool":
			b.WriteString(strings.ToLower(n.Value))
		case "!!int", "!!float":
			if !number(n.Value) {
				r.problem(n.Line, "Write the number %s with decimal digits", n.Value)
				return false
			}
			b.WriteString(n.Value)
		default:
			text, err := json.Marshal(n.Value)
			if err != nil {
				return false
			}
			b.Write(text)
		}
	}
	return true
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// of names a member in a sentence.
func of(path string) string {
	if path == "" {
		return "The file"
	}
	return path
}
