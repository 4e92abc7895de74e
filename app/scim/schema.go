package scim

import (
	"slices"
	"strings"
)

// The names of schemas and messages.
const (
	urnUser       = "urn:ietf:params:scim:schemas:core:2.0:User"
	urnGroup      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	urnEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	urnSchema     = "urn:ietf:params:scim:schemas:core:2.0:Schema"
	urnType       = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	urnConfig     = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	urnList       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	urnSearch     = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
	urnPatch      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	urnError      = "urn:ietf:params:scim:api:messages:2.0:Error"
)

// attribute is one of a schema (RFC 7643, section 7).
type attribute struct {
	name, means string
	kind        string // "string" where empty
	multi       bool
	required    bool
	exact       bool   // its case counts
	mutability  string // "readWrite" where empty
	returned    string // "default" where empty
	unique      string // "none" where empty
	subs        []attribute
	refers      []string // of a reference, to what
}

// schema is a list of attributes under a name.
type schema struct {
	urn, name, means string
	attributes       []attribute
	// dropped are further attributes of the standard, in small letters: they are read and not kept.
	dropped []string
}

// common are the attributes that every resource has beside its schema's.
var common = []attribute{
	{name: "schemas", multi: true, exact: true, mutability: "readOnly", returned: "always"},
	{name: "id", exact: true, mutability: "readOnly", returned: "always", unique: "server"},
	{name: "externalId", exact: true},
	{name: "meta", kind: "complex", mutability: "readOnly", subs: []attribute{
		{name: "resourceType", exact: true, mutability: "readOnly"},
		{name: "created", kind: "dateTime", mutability: "readOnly"},
		{name: "lastModified", kind: "dateTime", mutability: "readOnly"},
		{name: "location", kind: "reference", exact: true, mutability: "readOnly", refers: []string{"uri"}},
		{name: "version", exact: true, mutability: "readOnly"},
	}},
}

var userSchema = &schema{urn: urnUser, name: "User", means: "A person who can sign in", attributes: []attribute{
	{name: "userName", means: "The directory's name for the person; where no e-mail is given it is their address", required: true, unique: "server"},
	{name: "name", means: "The parts of the person's name", kind: "complex", subs: []attribute{
		{name: "formatted", means: "The whole name"},
		{name: "familyName", means: "The family name"},
		{name: "givenName", means: "The given name"},
	}},
	{name: "displayName", means: "The name as pages show it"},
	{name: "active", means: "Whether the person may sign in; otherwise their sessions and tokens end at once", kind: "boolean"},
	{name: "password", means: "A password to sign in with, as the rules for passwords allow", mutability: "writeOnly", returned: "never"},
	{name: "emails", means: "The address at which the person signs in: the primary one of those sent", kind: "complex", multi: true, subs: []attribute{
		{name: "value", means: "The address", unique: "server"},
		{name: "type", means: "Always work"},
		{name: "primary", means: "Always true", kind: "boolean"},
	}},
	{name: "roles", means: "The person's one role: viewer unless told", kind: "complex", multi: true, subs: []attribute{
		{name: "value", means: "The id or the name of a role"},
		{name: "display", means: "The name of the role", mutability: "readOnly"},
		{name: "primary", means: "Always true", kind: "boolean"},
	}},
	{name: "groups", means: "The groups the person belongs to", kind: "complex", multi: true, mutability: "readOnly", subs: []attribute{
		{name: "value", means: "The id of the group", exact: true, mutability: "readOnly"},
		{name: "$ref", means: "The address of the group", kind: "reference", exact: true, mutability: "readOnly", refers: []string{"Group"}},
		{name: "display", means: "The name of the group", mutability: "readOnly"},
		{name: "type", means: "Always direct", mutability: "readOnly"},
	}},
}, dropped: []string{"nickname", "profileurl", "title", "usertype", "preferredlanguage", "locale", "timezone", "phonenumbers", "ims", "photos", "addresses", "entitlements", "x509certificates"}}

// enterprise maps the attributes of the extension to the names under which row rules compare with them.
var enterprise = map[string]string{"employeenumber": "employee_number", "costcenter": "cost_center", "organization": "organization", "division": "division", "department": "department"}

var enterpriseSchema = &schema{urn: urnEnterprise, name: "EnterpriseUser", means: "Where in the company a person belongs; row rules can compare with it", attributes: []attribute{
	{name: "employeeNumber", means: "The person's number"},
	{name: "costCenter", means: "The name of a cost center"},
	{name: "organization", means: "The name of an organization"},
	{name: "division", means: "The name of a division"},
	{name: "department", means: "The name of a department"},
}, dropped: []string{"manager"}}

var groupSchema = &schema{urn: urnGroup, name: "Group", means: "People to whom rights are granted together", attributes: []attribute{
	{name: "displayName", means: "The name of the group", required: true, exact: true, unique: "server"},
	{name: "members", means: "The people of the group", kind: "complex", multi: true, subs: []attribute{
		{name: "value", means: "The id of the person", exact: true, mutability: "immutable"},
		{name: "$ref", means: "The address of the person", kind: "reference", exact: true, mutability: "immutable", refers: []string{"User"}},
		{name: "display", means: "The name of the person", mutability: "readOnly"},
		{name: "type", means: "Always User", mutability: "immutable"},
	}},
}}

// kind is what a resource is made of: its own schema first, then the extensions.
type kind struct {
	name, endpoint string
	schemas        []*schema
}

var (
	users  = &kind{"User", "Users", []*schema{userSchema, enterpriseSchema}}
	groups = &kind{"Group", "Groups", []*schema{groupSchema}}
)

func find(list []attribute, name string) *attribute {
	i := slices.IndexFunc(list, func(a attribute) bool { return strings.EqualFold(a.name, name) })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// target is a place in a resource: an attribute of one of its schemas, and
// perhaps a part of it. Where nothing is kept there, attribute is nil.
type target struct {
	urn       string // of an extension; empty for the resource's own
	attribute *attribute
	sub       *attribute
	name      string // as it was asked for
	all       bool   // the schema as a whole
}

// at finds what a name without brackets stands for, such as name.givenName or
// urn:…:User:userName; ok is false where there is no such thing.
func (k *kind) at(name string) (t target, ok bool) {
	t.name = name
	rest := name
	own := k.schemas[0]
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		if s := k.schema(name); s != nil { // an extension as a whole
			if t.all = true; s != own {
				t.urn = s.urn
			}
			return t, true
		}
		s := k.schema(name[:i])
		if s == nil {
			return t, true // somebody's own extension
		}
		if own, rest = s, name[i+1:]; s != k.schemas[0] {
			t.urn = s.urn
		}
	}
	first, sub, divided := strings.Cut(rest, ".")
	if t.attribute = find(own.attributes, first); t.attribute == nil && own == k.schemas[0] {
		t.attribute = find(common, first)
	}
	if t.attribute == nil {
		return t, slices.Contains(own.dropped, strings.ToLower(first))
	}
	if !divided {
		return t, true
	}
	if t.sub = find(t.attribute.subs, sub); t.sub == nil {
		t.attribute = nil
		return t, known(first, sub)
	}
	return t, true
}

// known reports whether the standard has a part of an attribute that is not kept here.
func known(name, sub string) bool {
	switch strings.ToLower(name) {
	case "name":
		return slices.Contains([]string{"middlename", "honorificprefix", "honorificsuffix"}, strings.ToLower(sub))
	case "emails", "roles":
		return slices.Contains([]string{"display", "type"}, strings.ToLower(sub))
	}
	return false
}

func (k *kind) schema(urn string) *schema {
	for _, s := range k.schemas {
		if strings.EqualFold(s.urn, urn) {
			return s
		}
	}
	return nil
}

// last is the attribute the target ends in.
func (t target) last() *attribute {
	if t.sub != nil {
		return t.sub
	}
	return t.attribute
}
