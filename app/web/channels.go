package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/fault"
	"assay/app/schedule"
	"assay/views"
)

// channels is where administrators say which Slack channels and programs may be
// sent to.
type channels struct {
	works *schedule.Works
}

func (x *channels) routes(g *echo.Group) {
	g.GET("/admin/channels", may(account.EditSettings, x.list))
	g.GET("/admin/channels/new", may(account.EditSettings, x.new))
	g.POST("/admin/channels", may(account.EditSettings, x.create))
	g.GET("/admin/channels/:id", may(account.EditSettings, x.edit))
	g.POST("/admin/channels/:id", may(account.EditSettings, x.update))
	g.POST("/admin/channels/:id/test", may(account.EditSettings, x.test))
	g.POST("/admin/channels/:id/secret", may(account.EditSettings, x.renew))
	g.GET("/admin/channels/:id/delete", may(account.EditSettings, x.askRemove))
	g.POST("/admin/channels/:id/delete", may(account.EditSettings, x.remove))
}

var channelKinds = []views.Choice{{Value: schedule.ToSlack, Label: "Slack: a message in a channel"}, {Value: schedule.ToWebhook, Label: "Webhook: a signed POST to a program"}}

var channelWords = map[string]string{schedule.ToSlack: "Slack", schedule.ToWebhook: "Webhook"}

func (x *channels) list(c echo.Context) error {
	list, err := x.works.Channels.List(c.Request().Context())
	if err != nil {
		return err
	}
	page := views.Channels{Chrome: adminChrome(c, "Channels", "channels")}
	for _, ch := range list {
		page.Items = append(page.Items, views.ChannelItem{Name: ch.Name, URL: "/admin/channels/" + ch.ID, Kind: channelWords[ch.Kind], Host: ch.Host})
	}
	return respond(c, http.StatusOK, views.ChannelsPage(page))
}

// page is a channel's form.
func (x *channels) page(c echo.Context, ch *schedule.Channel) views.ChannelForm {
	page := views.ChannelForm{Chrome: adminChrome(c, "Add a channel", "channels"), ID: ch.ID, Action: "/admin/channels", Name: ch.Name, Host: ch.Host, Webhook: ch.Kind == schedule.ToWebhook}
	for _, k := range channelKinds {
		page.Kinds = append(page.Kinds, views.Choice{Value: k.Value, Label: k.Label, Selected: k.Value == ch.Kind})
	}
	if ch.ID != "" {
		page.Chrome.Title, page.Action, page.Kind = ch.Name, "/admin/channels/"+ch.ID, channelWords[ch.Kind]
	}
	return page
}

func (x *channels) new(c echo.Context) error {
	return respond(c, http.StatusOK, views.ChannelFormPage(x.page(c, &schedule.Channel{Kind: schedule.ToSlack})))
}

func (x *channels) get(c echo.Context) (*schedule.Channel, error) {
	return x.works.Channels.Get(c.Request().Context(), c.Param("id"))
}

func (x *channels) edit(c echo.Context) error {
	ch, err := x.get(c)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.ChannelFormPage(x.page(c, ch)))
}

// again shows the form with what is wrong with it.
func (x *channels) again(c echo.Context, page views.ChannelForm, err error) error {
	status, problem, fields, ok := told(err)
	if !ok || fault.Is(err, fault.Denied) {
		return err
	}
	page.Problem, page.Errors, page.Name = problem, fields, c.FormValue("name")
	return respond(c, status, views.ChannelFormPage(page))
}

func (x *channels) create(c echo.Context) error {
	ch := &schedule.Channel{Name: c.FormValue("name"), Kind: c.FormValue("kind"), URL: c.FormValue("url")}
	secret, err := x.works.Channels.Create(c.Request().Context(), ch, person(c))
	if err != nil {
		return x.again(c, x.page(c, &schedule.Channel{Kind: ch.Kind}), err)
	}
	return x.told(c, ch, secret, "The channel is there. Schedules and alerts can be sent to it.")
}

// told goes to a channel's page, or shows its secret there this once.
func (x *channels) told(c echo.Context, ch *schedule.Channel, secret, say string) error {
	if secret == "" {
		return done(c, "/admin/channels/"+ch.ID, say)
	}
	page := x.page(c, ch)
	page.Secret = secret
	return respond(c, http.StatusOK, views.ChannelFormPage(page))
}

func (x *channels) update(c echo.Context) error {
	old, err := x.get(c)
	if err != nil {
		return err
	}
	ch := &schedule.Channel{ID: old.ID, Name: c.FormValue("name"), Kind: old.Kind, URL: c.FormValue("url")}
	secret, err := x.works.Channels.Update(c.Request().Context(), ch, person(c))
	if err != nil {
		return x.again(c, x.page(c, old), err)
	}
	return x.told(c, ch, secret, "Saved.")
}

func (x *channels) renew(c echo.Context) error {
	ch, err := x.get(c)
	if err != nil {
		return err
	}
	secret, err := x.works.Channels.Renew(c.Request().Context(), ch.ID, person(c))
	if err != nil {
		return x.again(c, x.page(c, ch), err)
	}
	return x.told(c, ch, secret, "")
}

func (x *channels) test(c echo.Context) error {
	ch, err := x.get(c)
	if err != nil {
		return err
	}
	page := x.page(c, ch)
	page.Tested = &views.State{Word: "The message arrived", Tone: "ok"}
	page.Said = "Look there: it says that it is a test, and who sent it."
	if err := x.works.Test(c.Request().Context(), ch.ID, person(c)); err != nil {
		if !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Invalid) {
			return err
		}
		page.Tested, page.Said = &views.State{Word: "The message did not arrive", Tone: "bad"}, fault.MessageOf(err)+"."
	}
	return respond(c, http.StatusOK, views.ChannelFormPage(page))
}

func (x *channels) askRemove(c echo.Context) error {
	ch, err := x.get(c)
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.ConfirmPage(views.Confirm{Chrome: adminChrome(c, "Delete "+ch.Name, "channels"), Path: []views.Link{{Label: "Channels", URL: "/admin/channels"}, {Label: ch.Name, URL: "/admin/channels/" + ch.ID}},
		Say: "Its address and secret are gone for good.", Effects: []string{"Schedules and alerts that name it go on with their other recipients, and say in their runs that this one is gone."},
		Action: "/admin/channels/" + ch.ID + "/delete", Label: "Delete " + ch.Name, Back: "/admin/channels/" + ch.ID}))
}

func (x *channels) remove(c echo.Context) error {
	ch, err := x.get(c)
	if err != nil {
		return err
	}
	if err := x.works.Channels.Delete(c.Request().Context(), ch.ID, person(c)); err != nil {
		return err
	}
	return done(c, "/admin/channels", ch.Name+" was deleted.")
}
