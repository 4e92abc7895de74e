package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"assay/app/dashboard"
	"assay/app/fault"
	"assay/app/report"
	"assay/app/saved"
	"assay/app/schedule"
)

// given is what a program gives of a saved thing, by member.
type given[B any] struct{ members map[string]json.RawMessage }

// UnmarshalJSON keeps the members for apply.
func (g *given[B]) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &g.members) }

// creation, replacement and changes are the same in three situations, in which
// other members have to be there.
type (
	creation[B any]    struct{ given[B] }
	replacement[B any] struct{ given[B] }
	changes[B any]     struct{ given[B] }
)

// apply changes a saved thing to what is given; what is not given stays as it
// was, or, where fresh, becomes nothing.
func (g given[B]) apply(i *saved.Item[B], fresh bool) error {
	members := maps.Clone(g.members)
	if fresh {
		i.Name, i.Description, i.FolderID = "", "", ""
	}
	for name, to := range map[string]any{"name": &i.Name, "description": &i.Description, "folder": &i.FolderID, "version": &i.Version} {
		if text, ok := members[name]; ok {
			if err := json.Unmarshal(text, to); err != nil {
				return fault.Field(name, "This value does not fit")
			}
			delete(members, name)
		}
	}
	whole := map[string]json.RawMessage{}
	s := guiseOf[B]()
	if before, err := partsOf(i.Body); err != nil {
		return err
	} else if !fresh {
		whole = before
	} else {
		for _, name := range s.settled {
			if v, ok := before[name]; ok {
				whole[name] = v
			}
		}
	}
	for stored, name := range s.renamed {
		if v, ok := members[name]; ok {
			delete(members, name)
			members[stored] = v
		}
	}
	for name, v := range members {
		if string(v) == "null" {
			delete(whole, name)
		} else {
			whole[name] = v
		}
	}
	text, err := json.Marshal(whole)
	if err != nil {
		return err
	}
	var b B
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil {
		return fault.Because(fault.Invalid, err, "A member has a value that does not fit")
	}
	i.Body = b
	return nil
}

// guise is how the body of a kind of saved things is shown to programs.
type guise struct {
	name string
	// renamed gives members of the stored body another name.
	renamed map[string]string
	// settled are members that programs see and do not give.
	settled []string
	// least are members that there have to be, beside those that their type says.
	least []string
}

func guiseOf[B any]() guise {
	switch any(new(B)).(type) {
	case *dashboard.Body:
		return guise{name: "Dashboard"}
	case *report.Body:
		return guise{name: "Report", renamed: map[string]string{"text": "body"}}
	case *schedule.Body:
		return guise{name: "Schedule", settled: []string{"owner"}}
	case *schedule.AlertBody:
		return guise{name: "Alert", settled: []string{"owner"}, least: []string{"to"}}
	}
	return guise{name: reflect.TypeFor[B]().Name()}
}

// fields names in a program's body what the rooms call otherwise.
func (s guise) fields() map[string]string { return s.renamed }

// Schema documents the saved thing.
func (thing[B]) Schema(r huma.Registry) *huma.Schema {
	return merged[B](r, "", reflect.TypeFor[thingHead](), nil)
}

func (thing[B]) schema() string { return guiseOf[B]().name }

func (thingVersion[B]) schema() string { return guiseOf[B]().name + "Version" }

// Schema documents a version.
func (thingVersion[B]) Schema(r huma.Registry) *huma.Schema {
	return merged[B](r, "Version", reflect.TypeFor[versionHead](), nil)
}

type createHead struct {
	Name        string `json:"name" minLength:"1" maxLength:"200"`
	Description string `json:"description,omitempty" maxLength:"5000"`
	Folder      string `json:"folder,omitempty" maxLength:"100" doc:"The folder's id"`
}

type replaceHead struct {
	Name        string `json:"name" minLength:"1" maxLength:"200"`
	Description string `json:"description,omitempty" maxLength:"5000"`
	Folder      string `json:"folder,omitempty" maxLength:"100" doc:"The folder's id"`
	Version     int    `json:"version,omitempty" minimum:"1" doc:"The version this was made from; a later one is a conflict. Without it the last is replaced"`
}

type changeHead struct {
	Name        string `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Description string `json:"description,omitempty" maxLength:"5000"`
	Folder      string `json:"folder,omitempty" maxLength:"100" doc:"The folder's id; empty for none"`
	Version     int    `json:"version,omitempty" minimum:"1" doc:"The version this was made from; a later one is a conflict. Without it the last is changed"`
}

// Schema documents what a new one is made from.
func (creation[B]) Schema(r huma.Registry) *huma.Schema {
	return merged[B](r, "Input", reflect.TypeFor[createHead](), func(s *huma.Schema) { without(s, guiseOf[B]().settled) })
}

// Schema documents what one is replaced by.
func (replacement[B]) Schema(r huma.Registry) *huma.Schema {
	return merged[B](r, "Replace", reflect.TypeFor[replaceHead](), func(s *huma.Schema) { without(s, guiseOf[B]().settled) })
}

// Schema documents what is changed of one; nothing has to be.
func (changes[B]) Schema(r huma.Registry) *huma.Schema {
	return merged[B](r, "Patch", reflect.TypeFor[changeHead](), func(s *huma.Schema) {
		without(s, guiseOf[B]().settled)
		s.Required = nil
	})
}

func without(s *huma.Schema, names []string) {
	for _, name := range names {
		delete(s.Properties, name)
	}
	s.Required = slices.DeleteFunc(s.Required, func(r string) bool { return slices.Contains(names, r) })
}

// merged documents a head and a body side by side under a name of their own.
func merged[B any](r huma.Registry, suffix string, head reflect.Type, settle func(*huma.Schema)) *huma.Schema {
	look := guiseOf[B]()
	name := look.name + suffix
	ref := &huma.Schema{Ref: "#/components/schemas/" + name}
	all := r.Map()
	if all[name] != nil {
		return ref
	}
	all[name] = &huma.Schema{}
	out := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: false}
	for _, t := range []reflect.Type{head, reflect.TypeFor[B]()} {
		part := *r.Schema(t, false, "")
		delete(all, schemaName(t, ""))
		for member, s := range part.Properties {
			if as, ok := look.renamed[member]; ok && t != head {
				member = as
			}
			out.Properties[member] = s
		}
		for _, member := range part.Required {
			if as, ok := look.renamed[member]; ok && t != head {
				member = as
			}
			out.Required = append(out.Required, member)
		}
	}
	out.Required = append(out.Required, look.least...)
	if settle != nil {
		settle(out)
	}
	slices.Sort(out.Required)
	out.PrecomputeMessages()
	all[name] = out
	return ref
}

// capital returns a word as it begins a name.
func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// article returns a noun with its article.
func article(noun string) string {
	if strings.ContainsAny(noun[:1], "aeiou") {
		return fmt.Sprintf("an %s", noun)
	}
	return "a " + noun
}
