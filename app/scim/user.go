package scim

import (
	"cmp"
	"encoding/json"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"assay/app/account"
)

// user returns a person as they are sent.
func (x *call) user(p *account.Person) object {
	given, family := p.GivenName, p.FamilyName
	if given == "" && family == "" {
		// People made here have one name; directories import nobody without both parts.
		given, family = p.Name, p.Name
		if i := strings.LastIndexByte(p.Name, ' '); i > 0 {
			given, family = p.Name[:i], p.Name[i+1:]
		}
	}
	name := object{"formatted": fullName(p)}
	put(name, "givenName", given)
	put(name, "familyName", family)
	role := object{"value": string(p.Role), "primary": true}
	if d := x.roles[p.Role].Name; d != "" {
		role["display"] = d
	}
	r := object{
		"schemas": []any{urnUser}, "id": p.ID, "userName": userName(p), "name": name, "displayName": p.Name, "active": !p.Disabled,
		"emails": []any{object{"value": p.Email, "type": "work", "primary": true}},
		"roles":  []any{role},
		"meta":   x.meta(users, p.ID, p.CreatedAt, p.UpdatedAt),
	}
	put(r, "externalId", p.ExternalID)
	var in []any
	for _, g := range p.Groups() {
		in = append(in, object{"value": g.ID, "$ref": x.at("Groups", g.ID), "display": g.Name, "type": "direct"})
	}
	if in != nil {
		r["groups"] = in
	}
	company := object{}
	for _, a := range enterpriseSchema.attributes {
		if values := p.Attributes[enterprise[strings.ToLower(a.name)]]; len(values) > 0 {
			put(company, a.name, values[0])
		}
	}
	if len(company) > 0 {
		r["schemas"] = []any{urnUser, urnEnterprise}
		r[urnEnterprise] = company
	}
	return r
}

func put(o object, name, value string) {
	if value != "" {
		o[name] = value
	}
}

// userName is what the directory calls a person, or their address where it has not said so.
func userName(p *account.Person) string {
	if p.UserName != "" {
		return p.UserName
	}
	return p.Email
}

func fullName(p *account.Person) string {
	if p.FullName != "" {
		return p.FullName
	}
	if both := strings.TrimSpace(p.GivenName + " " + p.FamilyName); both != "" {
		return both
	}
	return p.Name
}

func (x *call) meta(k *kind, id string, created, changed time.Time) object {
	const form = "2006-01-02T15:04:05.000Z"
	return object{"resourceType": k.name, "created": created.UTC().Format(form), "lastModified": changed.UTC().Format(form),
		"location": x.at(k.endpoint, id), "version": version(changed)}
}

// version names a state of a resource by when it was changed.
func version(changed time.Time) string {
	return `W/"` + strconv.FormatInt(changed.UnixMicro(), 36) + `"`
}

// editing gathers what a request says of a person.
type editing struct {
	p        account.Person
	roles    map[account.Role]account.RoleDef
	password string
	// patch says that attributes which cannot be changed are refused; otherwise they are passed over.
	patch bool

	before account.Person
	email  string
	// named, addressed and spelled say that displayName, emails and
	// name.formatted were told, renamed that any part of the name was.
	named, addressed, spelled, renamed bool
}

func (x *call) edit(p account.Person) *editing { return &editing{p: p, before: p, roles: x.roles} }

// replace takes the whole resource.
func (e *editing) replace(f fields) error {
	if err := f.declares(urnUser); err != nil {
		return err
	}
	e.p.GivenName, e.p.FamilyName, e.p.FullName, e.p.ExternalID = "", "", "", ""
	e.renamed, e.addressed = true, true
	for _, name := range f.names() {
		t, ok := users.at(name)
		if !ok {
			continue
		}
		if err := e.do(operation{"replace", place{target: t, whole: true}, f[name]}); err != nil {
			return err
		}
	}
	if _, ok := f["username"]; !ok {
		return wrong(invalidValue, "userName is missing")
	}
	return e.settle()
}

// apply takes the steps of a patch.
func (e *editing) apply(steps []operation) error {
	e.patch = true
	for _, step := range steps {
		if err := e.do(step); err != nil {
			return err
		}
	}
	return e.settle()
}

func (e *editing) do(step operation) (err error) {
	to := step.path
	if to.urn == urnEnterprise {
		return e.company(step)
	}
	if to.all {
		parts, _ := step.value.(fields)
		for _, name := range parts.names() {
			if t, ok := users.at(name); ok && !t.all {
				if err := e.do(operation{step.op, place{target: t, whole: true}, parts[name]}); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if to.attribute == nil {
		return nil // read and dropped
	}
	name, removed := to.attribute.name, step.op == "remove" || step.value == nil
	if to.attribute.mutability == "readOnly" {
		if !e.patch || name == "schemas" || name == "id" && to.whole && step.value == e.p.ID {
			return nil
		}
		return wrong(mutability, "%s cannot be changed", name)
	}
	if removed {
		step.value = nil
	}
	switch name {
	case "userName":
		if removed {
			return wrong(mutability, "userName has to be there")
		}
		if e.p.UserName, err = text(name, step.value); err == nil && e.p.UserName == "" {
			err = wrong(invalidValue, "userName is empty")
		}
	case "externalId":
		e.p.ExternalID, err = text(name, step.value)
	case "displayName":
		e.named = true
		e.p.Name, err = text(name, step.value)
	case "name":
		return e.name(to.sub, step.value)
	case "active":
		if removed {
			return wrong(invalidValue, "active is true or false")
		}
		var active bool
		active, err = truth(name, step.value)
		e.p.Disabled = !active
	case "password":
		if removed {
			return nil
		}
		var ok bool
		if e.password, ok = step.value.(string); !ok || e.password == "" {
			err = wrong(invalidValue, "password is a text")
		}
	case "emails":
		return e.emails(step)
	case "roles":
		return e.role(step)
	}
	return err
}

func (e *editing) name(part *attribute, value any) (err error) {
	e.renamed = true
	parts := map[string]*string{"givenName": &e.p.GivenName, "familyName": &e.p.FamilyName, "formatted": &e.p.FullName}
	if part != nil {
		if *parts[part.name], err = text("name."+part.name, value); part.name == "formatted" {
			e.spelled = true
		} else if e.patch && !e.spelled {
			e.p.FullName = "" // it would go on saying the old one
		}
		return err
	}
	if value == nil {
		e.p.GivenName, e.p.FamilyName, e.p.FullName = "", "", ""
		return nil
	}
	object, ok := value.(fields)
	if !ok {
		return wrong(invalidValue, "name is an object")
	}
	if _, ok := object["formatted"]; ok {
		e.spelled = true
	}
	for name, to := range parts {
		given, ok := object[strings.ToLower(name)]
		if !ok {
			continue
		}
		if *to, err = text("name."+name, given); err != nil {
			return err
		}
		if e.patch && !e.spelled {
			e.p.FullName = ""
		}
	}
	return nil
}

// emails takes the address at which the person signs in.
func (e *editing) emails(step operation) (err error) {
	to := step.path
	if to.where != nil || to.sub != nil {
		have := object{"value": e.p.Email, "type": "work", "primary": true}
		if to.where != nil && !to.where.holds(have) {
			if step.op == "replace" {
				return wrong(noTarget, "There is no such e-mail; one is kept, of the type work")
			}
			return nil
		}
		if to.sub != nil && to.sub.name != "value" {
			return nil
		}
		if element, ok := step.value.(fields); ok {
			step.value = element["value"]
		}
	}
	e.addressed, e.email = true, ""
	best := -1
	for _, one := range several(step.value) {
		rank, value := 0, one
		if element, ok := one.(fields); ok {
			value = element["value"]
			if primary, err := truth("primary", element["primary"]); err == nil && primary {
				rank = 2
			} else if kind, _ := element["type"].(string); strings.EqualFold(kind, "work") {
				rank = 1
			}
		}
		address, err := text("emails.value", value)
		if err != nil {
			return err
		}
		if address != "" && rank > best {
			best, e.email = rank, address
		}
	}
	return nil
}

// role takes the person's role; of several the primary one or else the first.
func (e *editing) role(step operation) error {
	if step.path.sub != nil && step.path.sub.name != "value" {
		return nil
	}
	if to := step.path; to.where != nil && step.op == "remove" {
		have := object{"value": string(e.p.Role), "display": e.roles[e.p.Role].Name, "primary": true}
		if !to.where.holds(have) {
			return nil
		}
	}
	e.p.Role = account.Viewer
	wanted := ""
	for _, one := range several(step.value) {
		value := one
		primary := false
		if element, ok := one.(fields); ok {
			value = element["value"]
			primary, _ = truth("primary", element["primary"])
		}
		name, err := text("roles.value", value)
		if err != nil {
			return err
		}
		if strings.HasPrefix(name, "{") { // Entra ID sends an app role as a text of JSON
			var app struct{ Value, DisplayName string }
			if json.Unmarshal([]byte(name), &app) == nil {
				name = cmp.Or(app.Value, app.DisplayName)
			}
		}
		if name != "" && (wanted == "" || primary) {
			wanted = name
		}
	}
	if wanted == "" {
		return nil
	}
	if _, ok := e.roles[account.Role(wanted)]; ok {
		e.p.Role = account.Role(wanted)
		return nil
	}
	for id, r := range e.roles {
		if strings.EqualFold(r.Name, wanted) {
			e.p.Role = id
			return nil
		}
	}
	return wrong(invalidValue, "There is no role %q", wanted)
}

// company takes what the enterprise extension says, where row rules compare with it.
func (e *editing) company(step operation) error {
	attributes := map[string][]string{}
	for name, values := range e.p.Attributes {
		attributes[name] = values
	}
	e.p.Attributes = attributes
	one := func(name string, value any) error {
		s, err := text(name, value)
		if err != nil {
			return err
		}
		kept := enterprise[strings.ToLower(name)]
		if s == "" {
			delete(attributes, kept)
		} else {
			attributes[kept] = []string{s}
		}
		return nil
	}
	if step.op == "remove" {
		step.value = nil
	}
	if step.path.attribute != nil {
		return one(step.path.attribute.name, step.value)
	}
	if !step.path.all {
		return nil // an attribute of the extension that is not kept
	}
	parts, ok := step.value.(fields)
	if !ok && step.value != nil {
		return wrong(invalidValue, "%s is an object", urnEnterprise)
	}
	for _, a := range enterpriseSchema.attributes {
		value, given := parts[strings.ToLower(a.name)]
		if !given && e.patch && step.op != "remove" {
			continue
		}
		if err := one(a.name, value); err != nil {
			return err
		}
	}
	return nil
}

// settle works out what follows from what was told.
func (e *editing) settle() error {
	p := &e.p
	switch was := strings.EqualFold(e.before.Email, userName(&e.before)); {
	case e.email != "":
		p.Email = e.email
	case e.addressed || was && p.UserName != e.before.UserName:
		p.Email = userName(p)
	}
	p.Email = strings.ToLower(p.Email)
	if a, err := mail.ParseAddress(p.Email); err != nil || a.Address != p.Email {
		return wrong(invalidValue, "There is no e-mail address: send emails, or a userName that is one")
	}
	if e.named && p.Name != "" {
		return nil
	}
	// A name that pages show because of its parts goes on following them.
	if e.named || p.Name == "" || e.renamed && (!e.patch || e.before.Name == fullName(&e.before)) {
		p.Name = ""
		if p.Name = fullName(p); p.Name == "" {
			p.Name, _, _ = strings.Cut(userName(p), "@")
		}
	}
	return nil
}
