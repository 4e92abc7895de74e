package api

import (
	_ "embed"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed reference.html
var referenceText string

var referencePage = template.Must(template.New("reference").Parse(referenceText))

// reference is what the reference page shows of the OpenAPI document.
type reference struct {
	Title, Version, Description, Stylesheet string
	Groups                                  []group
	Shapes                                  []shape
	Codes                                   []code
}

type group struct {
	Name, Description string
	Calls             []call
}

type call struct {
	ID, Method, Path, Summary, Description string
	Public                                 bool
	Inputs                                 []member // in the path and the address
	Body                                   *kind
	Answers                                []kind
}

// kind names what a value is; Shape is the shape it links to.
type kind struct{ Text, Shape string }

type shape struct {
	Name    string
	Members []member
}

type member struct {
	Name, Where, Text string
	Kind              kind
	Required          bool
}

var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}

// reference reads the page from the OpenAPI document.
func (a *api) reference() reference {
	doc := a.huma.OpenAPI()
	out := reference{Title: doc.Info.Title, Version: doc.Info.Version, Description: doc.Info.Description, Stylesheet: a.Stylesheet, Codes: codes}
	for _, tag := range doc.Tags {
		g := group{Name: tag.Name, Description: tag.Description}
		for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
			item := doc.Paths[path]
			for i, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
				if op != nil && slices.Contains(op.Tags, tag.Name) {
					g.Calls = append(g.Calls, callOf(methods[i], path, op))
				}
			}
		}
		out.Groups = append(out.Groups, g)
	}
	schemas := doc.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		out.Shapes = append(out.Shapes, shape{name, membersOf(schemas[name])})
	}
	return out
}

func callOf(method, path string, op *huma.Operation) call {
	c := call{ID: op.OperationID, Method: method, Path: path, Summary: op.Summary, Description: op.Description, Public: op.Security != nil && len(op.Security) == 0}
	for _, p := range op.Parameters {
		c.Inputs = append(c.Inputs, member{Name: p.Name, Where: p.In, Text: p.Description, Kind: kindOf(p.Schema), Required: p.Required})
	}
	if op.RequestBody != nil {
		if media := op.RequestBody.Content[typeJSON]; media != nil {
			k := kindOf(media.Schema)
			c.Body = &k
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		content := op.Responses[status].Content
		if len(content) == 0 {
			c.Answers = append(c.Answers, kind{Text: status})
		}
		for _, media := range slices.Sorted(maps.Keys(content)) {
			k := kindOf(content[media].Schema)
			c.Answers = append(c.Answers, kind{Text: status + " " + media, Shape: k.Shape})
		}
	}
	return c
}

func membersOf(s *huma.Schema) []member {
	var list []member
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		list = append(list, member{Name: name, Text: p.Description, Kind: kindOf(p), Required: slices.Contains(s.Required, name)})
	}
	return list
}

func kindOf(s *huma.Schema) kind {
	switch {
	case s == nil:
		return kind{Text: "any"}
	case s.Ref != "":
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		return kind{Text: name, Shape: name}
	case s.Type == huma.TypeArray:
		k := kindOf(s.Items)
		return kind{Text: "list of " + k.Text, Shape: k.Shape}
	case len(s.Enum) > 0:
		var words []string
		for _, v := range s.Enum {
			if text, ok := v.(string); ok {
				words = append(words, text)
			}
		}
		return kind{Text: strings.Join(words, " | ")}
	case len(s.AnyOf) > 0:
		var words []string
		for _, one := range s.AnyOf {
			words = append(words, kindOf(one).Text)
		}
		return kind{Text: strings.Join(words, " | ")}
	}
	if more, ok := s.AdditionalProperties.(*huma.Schema); ok {
		k := kindOf(more)
		return kind{Text: "object of " + k.Text, Shape: k.Shape}
	}
	text := s.Type
	if text == "" {
		text = "any"
	}
	if s.Format == "date-time" {
		text = "time"
	}
	return kind{Text: text}
}
