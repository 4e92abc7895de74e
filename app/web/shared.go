package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/dashboard"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/report"
	"assay/app/share"
	"assay/views"
)

// sharedVisit is somebody without an account who came with a link that opens.
type sharedVisit struct {
	Share *share.Share
	// Person is whose rights hold: the link's maker as they were.
	Person *account.Person
	// Values are those of the parameters or filters, the fixed and the visitor's.
	Values map[string]string
	// Base is the page's address, "/r/TOKEN"; Query what the visitor chose, fit to
	// be added to the address of a part of the page.
	Base  string
	Query string
	// Embed says that the page stands in another site's frame.
	Embed bool

	object *share.Object
	// table says that what is shown has no drawing.
	table bool
	// leave gives the visitor's seat back: what is left is to send what was made,
	// and who reads slowly keeps nobody from theirs.
	leave func()
}

// sharedPage shows one kind of what can be shared.
type sharedPage interface {
	// shared returns what stands on the page below its title.
	shared(c echo.Context, s *sharedVisit) (templ.Component, error)
}

// sharedCards is a page whose cards are made one by one.
type sharedCards interface {
	sharedCard(c echo.Context, s *sharedVisit, card string) (templ.Component, error)
}

// sharedFiles is a page that can be taken along as a file.
type sharedFiles interface {
	// sharedExtensions are those of the files that there are.
	sharedExtensions(s *sharedVisit) []string
	sharedFile(c echo.Context, s *sharedVisit, extension string) error
}

// sharedAge is how old an answer may be that a shared page shows.
const sharedAge = 10 * time.Minute

// shared is the pages that a link opens for whoever has it.
type shared struct {
	shares *share.Store
	gate   *share.Gate
	config Config
	log    *slog.Logger
	errors *errorPages
	kinds  map[share.Kind]sharedPage
}

func newShared(d Deps, problems *errorPages, figures *figure.Maker, reports *report.Maker) *shared {
	pdf := writePDF(d.PDF)
	return &shared{shares: d.Shares, gate: share.NewGate(), config: d.Config, log: d.Log, errors: problems, kinds: map[share.Kind]sharedPage{
		share.Question:  &sharedQuestions{questions: d.Questions, figures: figures, pdf: pdf},
		share.Dashboard: &sharedDashboards{dashboards: dashboard.NewStore(d.Store, d.Audit), maker: &dashboard.Maker{Figures: figures, Questions: d.Questions}, pdf: pdf},
		share.Report:    &sharedReports{reports: report.NewStore(d.Store, d.Audit), maker: reports, snapshots: report.NewSnapshots(d.Store, d.Audit, reports, d.Runner), pdf: pdf},
	}}
}

func (x *shared) routes(g *echo.Group) {
	g.GET("/r/:token", x.open(x.show, whole))
	g.POST("/r/:token", x.open(x.unlock, whole))
	g.GET("/r/:token/embed", x.open(x.show, framed))
	g.POST("/r/:token/embed", x.open(x.unlock, framed))
	g.GET("/r/:token/cards/:card", x.open(x.card, part))
	g.GET("/r/:token/paper.css", x.open(x.running, part))
}

// How a link is looked at.
type sharedWay int

const (
	whole  sharedWay = iota // as a page
	framed                  // as a page in another site's frame
	part                    // as a part of a page
)

// visitor is a visit before it is decided whether the password is known.
type visitor struct {
	*sharedVisit
	token string
	file  string // the extension in the address
}

// open lets a handler run for who came with a link that opens. Nobody's session
// is looked at: whoever has the link sees the same.
func (x *shared) open(h func(c echo.Context, v *visitor) error, way sharedWay) echo.HandlerFunc {
	return func(c echo.Context) error {
		head := c.Response().Header()
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
		head.Set("Cache-Control", "private, no-store")
		err := x.visit(c, h, way)
		if err == nil || c.Response().Committed {
			return nil
		}
		if c.Request().Context().Err() != nil {
			return err
		}
		return x.problem(c, err)
	}
}

func (x *shared) visit(c echo.Context, h func(c echo.Context, v *visitor) error, way sharedWay) error {
	address := c.RealIP()
	token, file, _ := strings.Cut(c.Param("token"), ".")
	ctx := audit.As(c.Request().Context(), audit.Actor{Name: "visitor of a link", Via: "share", Address: address, Request: c.Response().Header().Get("X-Request-Id")})
	opening, err := x.shares.Open(ctx, token)
	if fault.Is(err, fault.NotFound) {
		if slow := x.gate.Admit(address); slow != nil {
			return slow
		}
		x.gate.Wrong(address, token)
	}
	if err != nil {
		return err
	}
	if err := x.gate.Look(address, opening.ID, way == part); err != nil {
		return err
	}
	v := &visitor{token: token, file: file, sharedVisit: &sharedVisit{Share: opening.Share, Person: opening.Person, Base: "/r/" + token, Embed: way == framed, object: opening.Object}}
	if v.Embed {
		if len(v.Share.Settings.Origins) == 0 || file != "" {
			return echo.NewHTTPError(http.StatusNotFound)
		}
		v.Base += "/embed"
		framedBy(c, v.Share.Settings.Origins)
	}
	ctx = audit.As(ctx, audit.Actor{ID: v.Person.ID, Name: v.Person.Email, Via: "share", Address: address, Request: audit.ActorOf(ctx).Request})
	c.SetRequest(c.Request().WithContext(ctx))
	return h(c, v)
}

// problem says why nothing is shown, without a word about what was to be shown.
func (x *shared) problem(c echo.Context, err error) error {
	status, message := x.errors.explain(err)
	page := views.SharedProblem{Title: titles[status], Message: message}
	switch {
	case status == http.StatusNotFound, status == http.StatusForbidden, status == http.StatusUnauthorized:
		status = http.StatusNotFound
		page = views.SharedProblem{Title: "This link leads nowhere", Message: "It may have ended, or it was not copied whole. Whoever sent it to you can make a new one."}
	case fault.Is(err, fault.Invalid):
		var said []string
		for _, m := range fault.FieldsOf(err) {
			said = append(said, m)
		}
		slices.Sort(said)
		page.Title, page.Message = "This link does not offer that", strings.Join(said, ". ")
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		c.Response().Header().Set("Retry-After", "30")
	default:
		if status >= 500 {
			x.log.Error("request failed", "request", c.Response().Header().Get("X-Request-Id"), "method", c.Request().Method, "path", c.Path(), "err", err)
		}
		page.Title, page.Message = "This cannot be shown now", "Try again in a moment. Whoever sent you the link can find out what is wrong."
	}
	return respond(c, status, views.SharedProblemPage(page))
}

// ignored are parameters that mail programs and sites add to addresses.
func ignored(name string) bool {
	return strings.HasPrefix(name, "utm_") || slices.Contains([]string{"fbclid", "gclid", "msclkid", "mc_cid", "mc_eid"}, name)
}

// choose reads what the visitor chose from the address.
func (v *visitor) choose(query url.Values) error {
	asked, kept := map[string]string{}, url.Values{}
	var problems fault.Fields
	for name, values := range query {
		parameter, ok := strings.CutPrefix(name, "p.")
		switch {
		case ignored(name):
		case !ok:
			problems.Add(name, "%q cannot be chosen here", name[:min(len(name), 60)])
		case len(values) != 1:
			problems.Add(name, "One value can be chosen of %q", parameter[:min(len(parameter), 60)])
		default:
			asked[parameter] = values[0]
			kept.Set(name, values[0])
		}
	}
	if err := problems.Err(); err != nil {
		return err
	}
	values, err := v.Share.Values(asked)
	v.Values, v.Query = values, kept.Encode()
	return err
}

// card is the address of a card, which in another site's frame is the same.
func (s *sharedVisit) card(id string) string {
	whole := *s
	whole.Base = strings.TrimSuffix(s.Base, "/embed")
	return whole.at("/cards/" + url.PathEscape(id))
}

// at is the address of a part of the page, as the visitor chose it.
func (s *sharedVisit) at(suffix string) string {
	if s.Query == "" {
		return s.Base + suffix
	}
	return s.Base + suffix + "?" + s.Query
}

func (x *shared) show(c echo.Context, v *visitor) error {
	if !x.shares.Proven(c.Request().Context(), v.Share, x.proof(c, v.Share)) {
		if v.file != "" {
			return echo.NewHTTPError(http.StatusNotFound)
		}
		return x.lock(c, v, http.StatusOK, "")
	}
	if v.file != "" {
		return x.send(c, v)
	}
	return x.page(c, v)
}

// seat waits until an answer may be made for the visitor.
func (x *shared) seat(ctx context.Context, v *visitor) (err error) {
	v.leave, err = x.gate.Seat(ctx, v.Share.ID)
	return err
}

// page shows what the link leads to.
func (x *shared) page(c echo.Context, v *visitor) error {
	kind, ok := x.kinds[v.Share.Kind]
	if !ok {
		return echo.NewHTTPError(http.StatusNotFound)
	}
	if err := v.choose(c.QueryParams()); err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := x.seat(ctx, v); err != nil {
		return err
	}
	var body templ.Component
	err := x.held(c, v, func() (err error) {
		body, err = kind.shared(c, v.sharedVisit)
		return err
	})
	v.leave()
	if err != nil {
		return err
	}
	outcome := share.Opened
	if v.Embed {
		outcome = share.Embedded
	}
	if err := x.note(c, v, outcome); err != nil {
		return err
	}
	page := views.Shared{Title: v.object.Name, Action: v.Base, Embed: v.Embed, Body: body, Fields: v.fields(), Ends: day(v.Share.ExpiresAt)}
	if !v.Embed {
		page.Running = v.Base + "/paper.css"
	}
	if files, ok := kind.(sharedFiles); ok && v.Share.Settings.Download && !v.Embed {
		for _, extension := range files.sharedExtensions(v.sharedVisit) {
			page.Files = append(page.Files, views.Link{Label: fileWords[extension], URL: v.at("." + extension)})
		}
	}
	return respond(c, http.StatusOK, views.SharedPage(page))
}

// fileWords are what the kinds of files are called.
var fileWords = map[string]string{"csv": "CSV", "xlsx": "Excel", "svg": "Drawing (SVG)", "pdf": "PDF"}

// fields are the controls of what the visitor may choose.
func (v *visitor) fields() (list []views.SharedField) {
	for _, p := range v.object.Parameters {
		if !slices.Contains(v.Share.Settings.Free, p.Name) {
			continue
		}
		value, chosen := v.Values[p.Name]
		if !chosen {
			value = p.Value
		}
		f := views.SharedField{ID: "p" + strconv.Itoa(len(list)), Name: "p." + p.Name, Label: p.Label, Type: p.Type, Value: value}
		for _, one := range p.Values {
			f.Choices = append(f.Choices, views.Choice{Value: one, Label: one, Selected: one == value})
		}
		list = append(list, f)
	}
	return list
}

// card shows one card of a page.
func (x *shared) card(c echo.Context, v *visitor) error {
	cards, ok := x.kinds[v.Share.Kind].(sharedCards)
	if !ok || v.file != "" || !x.shares.Proven(c.Request().Context(), v.Share, x.proof(c, v.Share)) {
		return echo.NewHTTPError(http.StatusNotFound)
	}
	if err := v.choose(c.QueryParams()); err != nil {
		return err
	}
	if err := x.seat(c.Request().Context(), v); err != nil {
		return err
	}
	var body templ.Component
	err := x.held(c, v, func() (err error) {
		body, err = cards.sharedCard(c, v.sharedVisit, c.Param("card"))
		return err
	})
	v.leave()
	if err != nil {
		return err
	}
	return respond(c, http.StatusOK, views.SharedPage(views.Shared{Title: v.object.Name, Action: v.Base, Body: body, Ends: day(v.Share.ExpiresAt)}))
}

// running puts the title into the margin of the page on paper, for who may read it.
func (x *shared) running(c echo.Context, v *visitor) error {
	if v.file != "" || !x.shares.Proven(c.Request().Context(), v.Share, x.proof(c, v.Share)) {
		return echo.NewHTTPError(http.StatusNotFound)
	}
	return c.Blob(http.StatusOK, "text/css; charset=utf-8", runningHead(v.object.Name))
}

// send gives what the link leads to as a file, where its maker allows that.
func (x *shared) send(c echo.Context, v *visitor) error {
	files, ok := x.kinds[v.Share.Kind].(sharedFiles)
	if !ok || !v.Share.Settings.Download || !slices.Contains(files.sharedExtensions(v.sharedVisit), v.file) {
		return echo.NewHTTPError(http.StatusNotFound)
	}
	if err := v.choose(c.QueryParams()); err != nil {
		return err
	}
	if err := x.seat(c.Request().Context(), v); err != nil {
		return err
	}
	defer v.leave()
	if err := x.note(c, v, v.file); err != nil {
		return err
	}
	return x.held(c, v, func() error { return files.sharedFile(c, v.sharedVisit, v.file) })
}

// held does work for a visitor as long as the link opens: of one that is ended
// meanwhile nothing is shown any more.
func (x *shared) held(c echo.Context, v *visitor, work func() error) error {
	asked := c.Request()
	ctx, end := x.shares.Holding(asked.Context(), v.Share)
	defer end()
	c.SetRequest(asked.WithContext(ctx))
	defer c.SetRequest(asked)
	err := work()
	if why := context.Cause(ctx); err != nil && fault.Is(why, fault.NotFound) {
		return why
	}
	if err != nil || c.Response().Committed {
		return err
	}
	return x.shares.Still(asked.Context(), v.Share)
}

// note writes down that somebody came.
func (x *shared) note(c echo.Context, v *visitor, outcome string) error {
	return x.shares.Visit(c.Request().Context(), v.Share, share.Visit{Address: c.RealIP(), Agent: c.Request().UserAgent(), Outcome: outcome})
}

// lock asks for the password.
func (x *shared) lock(c echo.Context, v *visitor, status int, problem string) error {
	to := v.Base
	if q := c.Request().URL.RawQuery; q != "" {
		to += "?" + q
	}
	return respond(c, status, views.SharedLockPage(views.SharedLock{Action: to, Embed: v.Embed, Error: problem}))
}

// unlock takes the password. In a frame, where a browser may keep no cookie, the
// page is the answer; elsewhere the way leads to it.
func (x *shared) unlock(c echo.Context, v *visitor) error {
	ctx := c.Request().Context()
	if v.file != "" {
		return echo.NewHTTPError(http.StatusNotFound)
	}
	err := x.shares.CheckPassword(ctx, v.Share, c.Request().PostForm.Get("password"), c.RealIP())
	switch {
	case fault.Is(err, fault.SignIn):
		if err := x.note(c, v, share.WrongPassword); err != nil {
			return err
		}
		return x.lock(c, v, http.StatusUnprocessableEntity, fault.MessageOf(err))
	case fault.Is(err, fault.TooMany):
		return x.lock(c, v, http.StatusTooManyRequests, fault.MessageOf(err))
	case err != nil:
		return err
	}
	if v.Share.HasPassword {
		proof, err := x.shares.Prove(ctx, v.Share)
		if err != nil {
			return err
		}
		http.SetCookie(c.Response(), x.cookie(v, proof))
	}
	if v.Embed {
		return x.page(c, v)
	}
	if err := v.choose(c.QueryParams()); err != nil {
		return err
	}
	return redirect(c, v.at(""))
}

// proofName is the name of the cookie that shows that a link's password was known.
func (x *shared) proofName(s *share.Share) string {
	name := "assay_share_" + s.ID[:min(len(s.ID), 12)]
	if x.config.Secure() {
		name = "__Secure-" + name
	}
	return name
}

// cookie is read by the pages of links alone. In a frame of another site it is
// kept apart for that site, where browsers keep it at all.
func (x *shared) cookie(v *visitor, proof string) *http.Cookie {
	one := &http.Cookie{Name: x.proofName(v.Share), Value: proof, Path: "/r/", MaxAge: int(share.ProofLife / time.Second),
		HttpOnly: true, Secure: x.config.Secure(), SameSite: http.SameSiteLaxMode}
	if v.Embed && one.Secure {
		one.SameSite, one.Partitioned = http.SameSiteNoneMode, true
	}
	return one
}

func (x *shared) proof(c echo.Context, s *share.Share) string {
	cookie, err := c.Cookie(x.proofName(s))
	if err != nil {
		return ""
	}
	return cookie.Value
}
