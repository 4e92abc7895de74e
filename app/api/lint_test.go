package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// selfEvident are members that say by their names what they are.
var selfEvident = []string{"id", "name", "email", "description", "created_at", "updated_at", "expires_at", "seen_at", "disabled", "error", "message", "code", "items", "kind",
	"connection", "sql", "version", "steps", "table", "column", "schema", "columns", "limit", "host", "port", "database", "user", "path", "tls", "sample", "time_zone", "role_name",
	"groups", "attributes", "subject", "object", "level", "allowed", "at", "outcome", "object_kind", "object_id", "object_name", "folder", "saved_by", "saved_at", "created_by", "question", "dashboard", "report", "address", "title"}

// TestDocumentIsKind holds the document against what a reader of it needs.
func TestDocumentIsKind(t *testing.T) {
	h := newHouse(t)
	doc := h.document()
	tags := map[string]bool{}
	for _, tag := range anys(doc["tags"]) {
		tag := tag.(map[string]any)
		tags[tag["name"].(string)] = false
		if tag["description"] == nil {
			t.Errorf("the tag %s has no description", tag["name"])
		}
	}
	summaries := map[string]string{}
	operations(doc, func(method, path string, op map[string]any) {
		id, summary := op["operationId"].(string), fmt.Sprint(op["summary"])
		named := anys(op["tags"])
		if len(named) != 1 {
			t.Errorf("%s has the tags %v", id, named)
			return
		}
		if _, ok := tags[named[0].(string)]; !ok {
			t.Errorf("%s has the unknown tag %v", id, named[0])
		}
		tags[named[0].(string)] = true
		if len(summary) > 100 || strings.HasSuffix(summary, ".") || summary[:1] != strings.ToUpper(summary[:1]) {
			t.Errorf("%s has the summary %q", id, summary)
		}
		if other := summaries[summary]; other != "" {
			t.Errorf("%s and %s have the same summary", id, other)
		}
		summaries[summary] = id
		if d, _ := op["description"].(string); d != "" && !strings.HasSuffix(d, ".") {
			t.Errorf("%s has the description %q", id, d)
		}
		responses := op["responses"].(map[string]any)
		public := op["security"] != nil
		for status, wanted := range map[string]bool{"default": true, "429": true, "401": !public} {
			if response, _ := responses[status].(map[string]any); wanted && (response == nil || response["content"].(map[string]any)[problemType] == nil) {
				t.Errorf("%s does not say what it answers with %s", id, status)
			}
		}
		if (method == "GET" || method == "DELETE") && op["requestBody"] != nil {
			t.Errorf("%s %s has a body", id, method)
		}
		for _, p := range anys(op["parameters"]) {
			p := p.(map[string]any)
			if p["description"] == nil && p["name"] != "version" {
				t.Errorf("%s: the input %s is not described", id, p["name"])
			}
		}
		if strings.HasPrefix(id, "list") && op["responses"].(map[string]any)["200"] == nil {
			t.Errorf("%s is a list without an answer", id)
		}
	})
	for name, used := range tags {
		if !used {
			t.Errorf("nothing has the tag %s", name)
		}
	}
	schemas := doc["components"].(map[string]any)["schemas"].(map[string]any)
	// What the builder, the charts and the catalog say of themselves is theirs to describe.
	elsewhere := []string{"Spec", "Join", "Measure", "Dimension", "Filter", "Order", "ChartSettings", "Catalog", "Table", "Column", "Probe", "ForeignKey"}
	for name, schema := range schemas {
		schema := schema.(map[string]any)
		properties, _ := schema["properties"].(map[string]any)
		if schema["type"] == "object" && len(properties) > 0 && schema["additionalProperties"] != false {
			t.Errorf("%s takes members that are not documented", name)
		}
		for member, p := range properties {
			p, _ := p.(map[string]any)
			if p["description"] == nil && p["$ref"] == nil && p["enum"] == nil && !slices.Contains(selfEvident, member) && !slices.Contains(elsewhere, name) {
				t.Errorf("%s.%s is neither described nor self-evident", name, member)
			}
		}
		for _, r := range anys(schema["required"]) {
			if properties[r.(string)] == nil {
				t.Errorf("%s requires %s, which it does not have", name, r)
			}
		}
	}
	used := map[string]bool{}
	walk("", doc, func(_ string, v map[string]any) {
		if ref, ok := v["$ref"].(string); ok {
			used[strings.TrimPrefix(ref, "#/components/schemas/")] = true
		}
		// An example is a value of what it exemplifies.
		if example, ok := v["example"]; ok && v["type"] == "string" {
			if _, text := example.(string); !text {
				t.Errorf("the example %v is no text", example)
			}
		}
	})
	for name := range schemas {
		if !used[name] {
			t.Errorf("nothing uses the schema %s", name)
		}
	}
}
