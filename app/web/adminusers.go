package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/query"
	"assay/app/source"
	"assay/views"
)

// adminUsers is where people and services are looked after.
type adminUsers struct {
	people      *account.Store
	connections *source.Store
	questions   *query.Store
	prover      *prover
	base        string // the address people use; empty: the one that was asked
}

func (x *adminUsers) routes(g *echo.Group) {
	g.GET("/admin/users", may(account.EditPeople, x.list))
	g.GET("/admin/users/new", may(account.EditPeople, x.new))
	g.POST("/admin/users", may(account.EditPeople, x.prover.fresh(x.create)))
	g.GET("/admin/users/:id", may(account.EditPeople, x.show))
	g.POST("/admin/users/:id", x.surely(x.update))
	g.POST("/admin/users/:id/disable", x.on(x.disable))
	g.POST("/admin/users/:id/enable", x.on(x.enable))
	g.POST("/admin/users/:id/end", x.on(x.end))
	g.POST("/admin/users/:id/link", x.surely(x.link))
	g.POST("/admin/users/:id/factor/delete", x.surely(x.removeFactor))
	g.POST("/admin/users/:id/sessions/:session/delete", x.on(x.endSession))
	g.POST("/admin/users/:id/tokens", x.surely(x.createToken))
	g.POST("/admin/users/:id/tokens/:token/delete", x.on(x.removeToken))
	g.GET("/admin/users/:id/delete", x.on(x.askRemove))
	g.POST("/admin/users/:id/delete", x.on(x.remove))
}

// on lets a handler run for the person whom the path names, where the visitor
// may look after people and the other may not do more than they.
func (x *adminUsers) on(h func(echo.Context, *account.Person) error) echo.HandlerFunc {
	return may(account.EditPeople, func(c echo.Context) error {
		p, err := x.people.Get(c.Request().Context(), c.Param("id"))
		if err != nil {
			return err
		}
		if err := x.people.MayManage(c.Request().Context(), person(c), account.Managed{Person: p}); err != nil {
			return err
		}
		return h(c, p)
	})
}

// surely is on for what would give somebody a way in: the visitor has proved
// lately who they are.
func (x *adminUsers) surely(h func(echo.Context, *account.Person) error) echo.HandlerFunc {
	return x.on(func(c echo.Context, p *account.Person) error {
		return x.prover.fresh(func(c echo.Context) error { return h(c, p) })(c)
	})
}

// peopleShown is how many people a page of the list holds.
const peopleShown = 100

func (x *adminUsers) list(c echo.Context) error {
	ctx := c.Request().Context()
	list, err := x.people.List(ctx)
	if err != nil {
		return err
	}
	seen, err := x.people.LastSeen(ctx)
	if err != nil {
		return err
	}
	page := views.People{Chrome: adminChrome(c, "People", "users"), Find: strings.TrimSpace(c.QueryParam("q")), Total: len(list)}
	kind := c.QueryParam("kind")
	for _, k := range [][2]string{{"", "Everybody"}, {"person", "People"}, {"service", "Services"}, {"disabled", "Disabled"}, {"nofactor", "Without a second factor"}} {
		page.Kinds = append(page.Kinds, views.Choice{Value: k[0], Label: k[1], Selected: kind == k[0]})
	}
	people, factors := 0, 0
	var found []*account.Person
	for i := range list {
		p := &list[i]
		human := p.Kind == account.Human && !p.Disabled
		if human {
			people++
		}
		if human && p.HasFactor() {
			factors++
		}
		fits := map[string]bool{"": true, "person": p.Kind == account.Human, "service": p.Kind == account.Service, "disabled": p.Disabled, "nofactor": human && !p.HasFactor()}[kind]
		if fits && holds(p, page.Find) {
			found = append(found, p)
		}
	}
	page.Factors = fmt.Sprintf("%d of %d people sign in with a second factor.", factors, people)
	at, _ := strconv.Atoi(c.QueryParam("page"))
	at = max(0, min(at, (len(found)-1)/peopleShown))
	to := func(n int) string {
		return "/admin/users?" + url.Values{"q": {page.Find}, "kind": {kind}, "page": {strconv.Itoa(n)}}.Encode()
	}
	end := min(len(found), (at+1)*peopleShown)
	for _, p := range found[min(len(found), at*peopleShown):end] {
		page.Items = append(page.Items, personItem(p, seen[p.ID]))
	}
	page.Range = fmt.Sprintf("%d to %d of %d", at*peopleShown+1, end, len(found))
	if at > 0 {
		page.Newer = to(at - 1)
	}
	if end < len(found) {
		page.Older = to(at + 1)
	}
	return respond(c, http.StatusOK, views.PeoplePage(page))
}

// holds reports whether a person's name, address, role or a group holds the text.
func holds(p *account.Person, text string) bool {
	texts := []string{p.Name, p.Email, p.RoleName()}
	for _, g := range p.Groups() {
		texts = append(texts, g.Name)
	}
	return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(strings.ToLower(s), strings.ToLower(text)) })
}

func personItem(p *account.Person, seen time.Time) views.PersonItem {
	item := views.PersonItem{Name: p.Name, Email: p.Email, URL: "/admin/users/" + p.ID, Role: p.RoleName(), Seen: "not signed in", Service: p.Kind == account.Service,
		Disabled: p.Disabled, Factor: p.HasFactor(), Manager: manager(p.ManagedBy), Invited: p.Kind == account.Human && p.PasswordHash == "" && p.ManagedBy == "" && seen.IsZero()}
	if item.Service {
		item.Email, item.Seen = "", "no token used"
	}
	if !seen.IsZero() {
		item.Seen = moment(seen)
	}
	for _, g := range p.Groups() {
		item.Groups = append(item.Groups, views.Link{Label: g.Name, URL: "/admin/groups/" + g.ID})
	}
	return item
}

// manager says who keeps a person or group up to date.
func manager(by string) string {
	switch by {
	case "":
		return ""
	case "scim":
		return "from the directory"
	}
	return "from an identity provider"
}

// roleChoices offers the roles that the visitor may give; the present one is always there.
func (x *adminUsers) roleChoices(c echo.Context, chosen account.Role) (list []views.Choice, err error) {
	roles, err := x.people.RoleDefs(c.Request().Context())
	for _, r := range roles {
		if r.ID != chosen && account.MayGiveRole(person(c), r) != nil {
			continue
		}
		label := r.Name
		if r.Description != "" {
			label += " – " + r.Description
		}
		list = append(list, views.Choice{Value: string(r.ID), Label: label, Selected: r.ID == chosen})
	}
	return list, err
}

func (x *adminUsers) groupChoices(ctx context.Context, chosen func(id string) bool) (list []views.Choice, err error) {
	groups, err := x.people.Groups(ctx)
	for _, g := range groups {
		list = append(list, views.Choice{Value: g.ID, Label: g.Name, Selected: chosen(g.ID)})
	}
	return list, err
}

func (x *adminUsers) new(c echo.Context) error {
	return x.form(c, http.StatusOK, views.NewPerson{Service: c.QueryParam("kind") == "service"}, account.Viewer)
}

func (x *adminUsers) form(c echo.Context, status int, page views.NewPerson, role account.Role) (err error) {
	page.Chrome = adminChrome(c, "Invite somebody", "users")
	if page.Service {
		page.Chrome.Title = "Make a service"
	}
	if page.Roles, err = x.roleChoices(c, role); err != nil {
		return err
	}
	chosen := c.Request().PostForm["group"]
	if page.Groups, err = x.groupChoices(c.Request().Context(), func(id string) bool { return slices.Contains(chosen, id) }); err != nil {
		return err
	}
	return respond(c, status, views.NewPersonPage(page))
}

func (x *adminUsers) create(c echo.Context) error {
	page := views.NewPerson{Service: c.FormValue("kind") == "service", Email: c.FormValue("email"), Name: c.FormValue("name")}
	n := account.NewPerson{Email: page.Email, Name: page.Name, Role: account.Role(c.FormValue("role")), Kind: account.Human, Groups: c.Request().PostForm["group"]}
	if page.Service {
		n.Kind, n.Email = account.Service, ""
	}
	p, err := x.make(c, n)
	if err != nil {
		status, problem, fields, ok := told(err)
		if !ok {
			return err
		}
		page.Problem, page.Errors = problem, fields
		if page.Service && fields["email"] != "" {
			page.Errors = map[string]string{"name": "Give the service a name of letters and digits"}
		}
		return x.form(c, status, page, n.Role)
	}
	if page.Service {
		return done(c, "/admin/users/"+p.ID, "The service was made. Make it a token next.")
	}
	return x.link(c, p)
}

func (x *adminUsers) make(c echo.Context, n account.NewPerson) (*account.Person, error) {
	if err := x.gives(c, account.Managed{Role: n.Role, Join: n.Groups, Attributes: n.Attributes}); err != nil {
		return nil, err
	}
	return x.people.Create(c.Request().Context(), n)
}

// gives checks that the visitor may make of a person what the form says.
func (x *adminUsers) gives(c echo.Context, m account.Managed) error {
	err := x.people.MayManage(c.Request().Context(), person(c), m)
	if fault.Is(err, fault.Denied) {
		return fault.Field("role", "%s", fault.MessageOf(err))
	}
	return err
}

func (x *adminUsers) show(c echo.Context) error {
	p, err := x.people.Get(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return x.page(c, http.StatusOK, p, nil)
}

// tell shows a person's page with what kept a change from being made.
func (x *adminUsers) tell(c echo.Context, id string, err error, change func(*views.PersonDetail)) error {
	status, problem, fields, ok := told(err)
	if !ok {
		return err
	}
	p, err := x.people.Get(c.Request().Context(), id) // as they still are
	if err != nil {
		return err
	}
	return x.page(c, status, p, func(page *views.PersonDetail) {
		page.Problem, page.Errors = problem, fields
		if change != nil {
			change(page)
		}
	})
}

func (x *adminUsers) update(c echo.Context, p *account.Person) error {
	ctx := c.Request().Context()
	changed := *p
	changed.Name, changed.Role = c.FormValue("name"), account.Role(c.FormValue("role"))
	if p.Kind == account.Human {
		changed.Email = c.FormValue("email")
	}
	groups := c.Request().PostForm["group"]
	attributes, err := readAttributes(c.FormValue("attributes"))
	if err == nil {
		m := account.Managed{Person: p, Attributes: attributes}
		if changed.Role != p.Role {
			m.Role = changed.Role
		}
		m.Join = slices.DeleteFunc(slices.Clone(groups), func(id string) bool { // where they are already
			return slices.ContainsFunc(p.Groups(), func(g account.Group) bool { return g.ID == id })
		})
		err = x.gives(c, m)
	}
	if err == nil {
		changed.Attributes = attributes
		err = x.people.Update(ctx, &changed)
	}
	if err == nil {
		err = x.people.SetGroups(ctx, p.ID, groups)
	}
	if err != nil {
		return x.tell(c, p.ID, err, func(page *views.PersonDetail) {
			page.Item.Name, page.Attributes = c.FormValue("name"), c.FormValue("attributes")
			if p.Kind == account.Human {
				page.Item.Email = c.FormValue("email")
			}
			mark(page.Roles, func(v string) bool { return v == c.FormValue("role") })
			mark(page.Groups, func(v string) bool { return slices.Contains(groups, v) })
		})
	}
	return done(c, "/admin/users/"+p.ID, "Saved.")
}

// mark chooses anew what is selected.
func mark(choices []views.Choice, selected func(value string) bool) {
	for i := range choices {
		choices[i].Selected = selected(choices[i].Value)
	}
}

func (x *adminUsers) disable(c echo.Context, p *account.Person) error {
	return x.setDisabled(c, p, true, p.Name+" is disabled.")
}

func (x *adminUsers) enable(c echo.Context, p *account.Person) error {
	return x.setDisabled(c, p, false, p.Name+" is enabled again.")
}

func (x *adminUsers) setDisabled(c echo.Context, p *account.Person, disabled bool, text string) error {
	p.Disabled = disabled
	if err := x.people.Update(c.Request().Context(), p); err != nil {
		return x.tell(c, p.ID, err, nil)
	}
	return done(c, "/admin/users/"+p.ID, text)
}

func (x *adminUsers) end(c echo.Context, p *account.Person) error {
	if err := x.people.End(c.Request().Context(), p.ID); err != nil {
		return x.tell(c, p.ID, err, nil)
	}
	return done(c, "/admin/users/"+p.ID, "Sessions and tokens have ended.")
}

// link makes an invitation, or for whoever has a password a reset link, and shows it this once.
func (x *adminUsers) link(c echo.Context, p *account.Person) error {
	purpose, path, title, life := account.Reset, "/reset", "This link lets "+p.Name+" choose a new password", account.LinkLife
	if p.PasswordHash == "" {
		purpose, path, title, life = account.Invite, "/invite", "This link is the invitation of "+p.Name, account.InviteLife
	}
	if p.Kind != account.Human || p.Disabled || purpose == account.Reset && p.ManagedBy != "" {
		return x.tell(c, p.ID, fault.New(fault.Conflict, "No link can be made for this account"), nil)
	}
	token, err := x.people.NewLink(c.Request().Context(), purpose, p.ID)
	if err != nil {
		return err
	}
	base := cmp.Or(strings.TrimSuffix(x.base, "/"), c.Scheme()+"://"+c.Request().Host)
	return x.page(c, http.StatusOK, p, func(page *views.PersonDetail) {
		page.Link = &views.OneTimeLink{Title: title, URL: base + path + "?token=" + url.QueryEscape(token), Until: moment(time.Now().Add(life)) + " UTC"}
	})
}

func (x *adminUsers) removeFactor(c echo.Context, p *account.Person) error {
	if err := x.people.RemoveFactor(c.Request().Context(), p.ID); err != nil {
		return x.tell(c, p.ID, err, nil)
	}
	return done(c, "/admin/users/"+p.ID, "The second factor was removed.")
}

func (x *adminUsers) endSession(c echo.Context, p *account.Person) error {
	if err := x.people.DeleteSession(c.Request().Context(), p.ID, c.Param("session")); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return done(c, "/admin/users/"+p.ID, "The session has ended.")
}

func (x *adminUsers) createToken(c echo.Context, p *account.Person) error {
	if p.Kind != account.Service || p.Disabled {
		return x.tell(c, p.ID, fault.New(fault.Conflict, "Tokens are made here for enabled services; people make their own"), nil)
	}
	n := account.NewToken{Name: c.FormValue("name"), By: person(c).ID}
	chosen := c.Request().PostForm["scope"]
	for _, s := range chosen {
		n.Scopes = append(n.Scopes, account.Action(s))
	}
	days, err := strconv.Atoi(c.FormValue("days"))
	if n.Life = time.Duration(days) * 24 * time.Hour; err != nil || !slices.Contains(tokenDays, days) {
		n.Life = time.Second // which is told at the field
	}
	_, secret, err := x.people.CreateToken(c.Request().Context(), p.ID, n)
	if err != nil {
		return x.tell(c, p.ID, err, func(page *views.PersonDetail) {
			page.Token.Errors, page.Errors, page.Token.Name = page.Errors, nil, c.FormValue("name")
			mark(page.Token.Scopes, func(v string) bool { return slices.Contains(chosen, v) })
			mark(page.Token.Days, func(v string) bool { return v == c.FormValue("days") })
		})
	}
	return x.page(c, http.StatusOK, p, func(page *views.PersonDetail) { page.Secret = secret })
}

func (x *adminUsers) removeToken(c echo.Context, p *account.Person) error {
	if err := x.people.DeleteToken(c.Request().Context(), p.ID, c.Param("token")); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return done(c, "/admin/users/"+p.ID, "The token has ended.")
}

func (x *adminUsers) askRemove(c echo.Context, p *account.Person) error {
	return x.ask(c, http.StatusOK, p, "")
}

func (x *adminUsers) ask(c echo.Context, status int, p *account.Person, problem string) error {
	page := views.Confirm{Chrome: adminChrome(c, "Delete "+p.Name, "users"), Path: []views.Link{{Label: "People", URL: "/admin/users"}, {Label: p.Name, URL: "/admin/users/" + p.ID}},
		Say:     "Their account goes with their sessions, tokens, memberships, history and what was granted to them alone. It cannot be brought back.",
		Effects: []string{"What they saved stays, for everybody who may see it.", "What they did stays in the audit record under their address.", "To keep them out for a while only, disable them instead."},
		Problem: problem, Action: "/admin/users/" + p.ID + "/delete", Label: "Delete " + p.Name, Back: "/admin/users/" + p.ID}
	return respond(c, status, views.ConfirmPage(page))
}

func (x *adminUsers) remove(c echo.Context, p *account.Person) error {
	if err := x.people.Delete(c.Request().Context(), p.ID); err != nil {
		status, problem, _, ok := told(err)
		if !ok {
			return err
		}
		return x.ask(c, status, p, problem)
	}
	return done(c, "/admin/users", p.Name+" was deleted.")
}
