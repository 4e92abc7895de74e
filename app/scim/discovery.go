package scim

import (
	"cmp"
	"net/http"
	"strings"

	"assay/app/fault"
)

func (x *call) config() error {
	no := object{"supported": false}
	yes := object{"supported": true}
	return x.discover(object{
		"schemas":        []any{urnConfig},
		"patch":          yes,
		"bulk":           object{"supported": false, "maxOperations": 0, "maxPayloadSize": maxBody},
		"filter":         object{"supported": true, "maxResults": maxCount},
		"changePassword": yes,
		"sort":           no,
		"etag":           yes,
		"authenticationSchemes": []any{object{"type": "oauthbearertoken", "name": "API token", "primary": true,
			"description": "An API token of a person who may edit people, in the header Authorization: Bearer", "specUri": "https://www.rfc-editor.org/info/rfc6750"}},
		"meta": object{"resourceType": "ServiceProviderConfig", "location": x.at("ServiceProviderConfig")},
	})
}

// discover answers with what the server is; that cannot be filtered (RFC 7644, section 4).
func (x *call) discover(body object) error {
	if x.c.QueryParams().Has("filter") {
		return denied("This cannot be filtered")
	}
	return send(x.c, http.StatusOK, body)
}

// one answers with all of a list or with the one that the path names.
func (x *call) one(list []object, noun string) error {
	id := x.c.Param("id")
	if id == "" {
		return x.discover(object{"schemas": []any{urnList}, "totalResults": len(list), "startIndex": 1, "itemsPerPage": len(list), "Resources": list})
	}
	id = x.id()
	for _, o := range list {
		if name, _ := o["id"].(string); strings.EqualFold(name, id) {
			return x.discover(o)
		}
	}
	return fault.New(fault.NotFound, "There is no such %s", noun)
}

func (x *call) resourceTypes() error {
	var list []object
	for _, k := range []*kind{users, groups} {
		o := object{"schemas": []any{urnType}, "id": k.name, "name": k.name, "endpoint": "/" + k.endpoint, "description": k.schemas[0].means, "schema": k.schemas[0].urn,
			"meta": object{"resourceType": "ResourceType", "location": x.at("ResourceTypes", k.name)}}
		var extensions []any
		for _, s := range k.schemas[1:] {
			extensions = append(extensions, object{"schema": s.urn, "required": false})
		}
		if extensions != nil {
			o["schemaExtensions"] = extensions
		}
		list = append(list, o)
	}
	return x.one(list, "resource type")
}

func (x *call) schemas() error {
	var list []object
	for _, s := range []*schema{userSchema, enterpriseSchema, groupSchema} {
		list = append(list, object{"schemas": []any{urnSchema}, "id": s.urn, "name": s.name, "description": s.means, "attributes": described(s.attributes),
			"meta": object{"resourceType": "Schema", "location": x.base() + "/Schemas/" + s.urn}})
	}
	return x.one(list, "schema")
}

func described(list []attribute) []object {
	var out []object
	for _, a := range list {
		o := object{"name": a.name, "type": cmp.Or(a.kind, "string"), "multiValued": a.multi, "description": a.means, "required": a.required,
			"mutability": cmp.Or(a.mutability, "readWrite"), "returned": cmp.Or(a.returned, "default")}
		if a.kind == "" || a.kind == "reference" {
			o["caseExact"], o["uniqueness"] = a.exact, cmp.Or(a.unique, "none")
		}
		if a.refers != nil {
			o["referenceTypes"] = a.refers
		}
		if a.subs != nil {
			o["subAttributes"] = described(a.subs)
		}
		out = append(out, o)
	}
	return out
}
