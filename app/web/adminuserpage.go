package web

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/views"
)

// page shows a person; change, where given, adds what a form said.
func (x *adminUsers) page(c echo.Context, status int, p *account.Person, change func(*views.PersonDetail)) error {
	ctx := c.Request().Context()
	page := views.PersonDetail{Chrome: adminChrome(c, p.Name, "users"), ID: p.ID, Made: moment(p.CreatedAt), External: p.ExternalID, Self: p.ID == person(c).ID,
		Attributes: attributesText(p.Attributes), Token: tokenForm(p)}
	seen, err := x.people.LastSeen(ctx)
	if err != nil {
		return err
	}
	page.Item = personItem(p, seen[p.ID])
	if err := x.people.MayManage(ctx, person(c), account.Managed{Person: p}); fault.Is(err, fault.Denied) {
		page.Locked = fault.MessageOf(err) + "."
	}
	if page.Roles, err = x.roleChoices(c, p.Role); err != nil {
		return err
	}
	in := func(id string) bool {
		return slices.ContainsFunc(p.Groups(), func(g account.Group) bool { return g.ID == id })
	}
	if page.Groups, err = x.groupChoices(ctx, in); err != nil {
		return err
	}
	if err := x.held(ctx, p, account.May(person(c), account.EditRights).Allowed, &page); err != nil {
		return err
	}
	switch {
	case p.Kind == account.Service || p.Disabled:
	case p.PasswordHash == "":
		page.LinkLabel = "Make a new invitation"
	case p.ManagedBy == "":
		page.LinkLabel = "Make a reset link"
	}
	if account.May(person(c), account.SeeAudit).Allowed {
		page.AuditURL = "/admin/audit?person=" + p.ID
	}
	if change != nil {
		change(&page)
	}
	return respond(c, status, views.PersonPage(page))
}

// held fills in a person's sessions, tokens and grants, these linked where the
// visitor may see who else has them.
func (x *adminUsers) held(ctx context.Context, p *account.Person, linked bool, page *views.PersonDetail) error {
	sessions, err := x.people.Sessions(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		page.Sessions = append(page.Sessions, views.SessionItem{ID: s.ID, Agent: browser(s.Agent), Address: s.Address, Via: s.Via, Began: moment(s.CreatedAt), Seen: moment(s.SeenAt)})
	}
	tokens, err := x.people.Tokens(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		one := views.AdminToken{ID: t.ID, Name: t.Name, Scopes: "all of their role", Made: day(t.CreatedAt), Expires: day(t.ExpiresAt), Ended: time.Now().After(t.ExpiresAt), Used: "never"}
		if len(t.Scopes) > 0 {
			words := make([]string, len(t.Scopes))
			for i, s := range t.Scopes {
				words[i] = strings.ReplaceAll(string(s), "_", " ")
			}
			one.Scopes = strings.Join(words, ", ")
		}
		if t.LastUsedAt != nil {
			one.Used = moment(*t.LastUsedAt)
		}
		page.Tokens = append(page.Tokens, one)
	}
	grants, err := x.people.GrantedTo(ctx, account.Subject{Kind: account.ToPerson, ID: p.ID})
	if err != nil || len(grants) == 0 {
		return err
	}
	where, err := newPlaces(ctx, x.connections, x.questions)
	for i := range grants {
		page.Granted = append(page.Granted, where.granted(&grants[i], linked))
	}
	return err
}

// browser shortens what a browser says it is.
func browser(agent string) string {
	for _, name := range []string{"Edg/", "OPR/", "Firefox/", "Chrome/", "Safari/", "curl/"} {
		if i := strings.Index(agent, name); i >= 0 {
			version, _, _ := strings.Cut(agent[i+len(name):], ".")
			label := map[string]string{"Edg/": "Edge", "OPR/": "Opera"}[name]
			out := cmp.Or(label, strings.TrimSuffix(name, "/")) + " " + strings.TrimRight(version, " ")
			for _, system := range [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS", "Mac"}, {"Linux", "Linux"}} {
				if strings.Contains(agent, system[0]) {
					return out + ", " + system[1]
				}
			}
			return out
		}
	}
	if agent == "" {
		return "unknown"
	}
	return agent[:min(len(agent), 60)]
}

// attributesText writes attributes as lines, readAttributes reads them.
func attributesText(attributes map[string][]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		fmt.Fprintf(&b, "%s = %s\n", name, strings.Join(attributes[name], ", "))
	}
	return b.String()
}

func readAttributes(text string) (map[string][]string, error) {
	attributes := map[string][]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, values, ok := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" {
			return nil, fault.Field("attributes", "Write each attribute as name = value, not %q", line)
		}
		if _, twice := attributes[name]; twice {
			return nil, fault.Field("attributes", "The attribute %s stands twice; write its values in one line, apart by commas", name)
		}
		list := split(values, ",")
		if len(list) == 0 {
			return nil, fault.Field("attributes", "The attribute %s has no value", name)
		}
		attributes[name] = list
	}
	return attributes, nil
}

// tokenDays are the lives that a token's form offers.
var tokenDays = []int{30, 90, 180, 365}

func tokenForm(p *account.Person) views.TokenForm {
	var f views.TokenForm
	for _, n := range tokenDays {
		f.Days = append(f.Days, views.Choice{Value: strconv.Itoa(n), Label: fmt.Sprintf("in %d days", n), Selected: n == 90})
	}
	for _, a := range account.Actions {
		if account.May(p, a.Action).Allowed {
			f.Scopes = append(f.Scopes, views.Choice{Value: string(a.Action), Label: a.Means})
		}
	}
	return f
}
