// Package web is Assay over HTTP for people: pages rendered on the server, each
// with an address of its own, working without JavaScript and quicker with it.
package web

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/chart"
	"assay/app/dashboard"
	"assay/app/document"
	"assay/app/figure"
	"assay/app/identity"
	"assay/app/query"
	"assay/app/report"
	"assay/app/schedule"
	"assay/app/share"
	"assay/app/source"
	"assay/app/store"
	"assay/static"
)

// Config is what the pages need to know of how they are reached.
type Config struct {
	// BaseURL is the address people use; empty where only this machine does.
	BaseURL string
	// Local says that only names of this machine are answered.
	Local bool
	// Demo says that this is the sample company's server.
	Demo bool
	// RequireFactor says that whoever signs in with a password needs a second factor.
	RequireFactor bool
}

// Secure reports whether people come over https, so that cookies stay on it.
func (c Config) Secure() bool { return len(c.BaseURL) > 8 && c.BaseURL[:8] == "https://" }

// Deps are the rooms behind the pages.
type Deps struct {
	Config      Config
	Store       *store.Store
	People      *account.Store
	Identities  *identity.Store
	Throttle    *account.Throttle
	Connections *source.Store
	Pools       *source.Pools
	Questions   *query.Store
	Rules       *query.Rules
	Shares      *share.Store
	Dashboards  *dashboard.Store
	// Works runs schedules and alerts.
	Works  *schedule.Works
	Runner *query.Runner
	Log    *slog.Logger
	Audit  *audit.Log
	Charts *chart.Drawer
	// PDF, where set, writes a document as PDF.
	PDF func(io.Writer, *document.Document) error
	// Installation is what administrators are told of how the server runs.
	Installation Installation
	// Expected, where set, is who is about to come: their first page is drawn already.
	Expected *account.Person
}

// feature is a part of the product with routes of its own.
type feature interface{ routes(e *echo.Group) }

// New returns the server's pages; the routes of other rooms (the API) can be
// added to what it returns.
func New(d Deps) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = echo.ExtractIPDirect()
	e.Logger.SetOutput(discard{})
	problems := &errorPages{log: d.Log}
	e.HTTPErrorHandler = problems.handle
	sessions := newSessions(d.People, d.Config)
	protect(e, d.Config, d.Log)

	e.GET("/static/*", echo.WrapHandler(static.Handler()))
	e.HEAD("/static/*", echo.WrapHandler(static.Handler()))
	// Browsers ask for it where a page or file does not name its icon.
	e.GET("/favicon.ico", func(c echo.Context) error {
		return c.Redirect(http.StatusMovedPermanently, static.Path("img/icon.svg"))
	})
	(&health{store: d.Store}).routes(e.Group(""))

	pages := e.Group("", sessions.middleware)
	running := &queries{runner: d.Runner}
	entry := &signIn{people: d.People, sessions: sessions, throttle: d.Throttle, identities: d.Identities, config: d.Config}
	again := &prover{people: d.People, sessions: sessions, throttle: d.Throttle, identities: d.Identities, config: d.Config}
	own := &accountPages{people: d.People, sessions: sessions, throttle: d.Throttle, identities: d.Identities, connections: d.Connections, questions: d.Questions, prover: again}
	figures := &figure.Maker{Runner: d.Runner, Connections: d.Connections, Charts: d.Charts}
	making := &report.Maker{Figures: figures, Questions: d.Questions}
	boards := &dashboards{dashboards: d.Dashboards, maker: &dashboard.Maker{Figures: figures, Questions: d.Questions}, questions: d.Questions, connections: d.Connections, rules: d.Rules, people: d.People,
		runner: d.Runner, queries: running, pdf: d.PDF, base: d.Config.BaseURL}
	first := &home{boards: boards, reports: report.NewStore(d.Store, d.Audit), questions: d.Questions, connections: d.Connections}
	if d.Expected != nil {
		go first.warm(d.Expected)
	}
	timing := &timed{works: d.Works, dashboards: d.Dashboards, reports: report.NewStore(d.Store, d.Audit), questions: d.Questions, people: d.People}
	for _, f := range []feature{
		entry,
		&links{signIn: entry},
		&signInBy{people: d.People, identities: d.Identities, throttle: d.Throttle, audit: d.Audit, signIn: entry, account: own, prover: again, config: d.Config},
		again,
		first,
		&connections{connections: d.Connections, pools: d.Pools, rules: d.Rules, questions: d.Questions},
		&tables{connections: d.Connections, charts: d.Charts, rules: d.Rules, queries: running},
		&explore{connections: d.Connections, pools: d.Pools, rules: d.Rules, runner: d.Runner, questions: d.Questions, charts: d.Charts, queries: running},
		&written{connections: d.Connections, runner: d.Runner, questions: d.Questions, charts: d.Charts, queries: running},
		&questions{questions: d.Questions, connections: d.Connections, runner: d.Runner, charts: d.Charts, people: d.People, queries: running, figures: figures, pdf: d.PDF, base: d.Config.BaseURL},
		&reports{reports: report.NewStore(d.Store, d.Audit), maker: making, snapshots: report.NewSnapshots(d.Store, d.Audit, making, d.Runner), questions: d.Questions, people: d.People, pdf: d.PDF, base: d.Config.BaseURL},
		boards,
		newSchedules(timing),
		newAlerts(timing, d.Runner, d.Connections, d.Charts),
		running,
		own,
		&factorPages{people: d.People, sessions: sessions, throttle: d.Throttle, prover: again},
		admin{},
		&adminUsers{people: d.People, connections: d.Connections, questions: d.Questions, prover: again, base: d.Config.BaseURL},
		&adminGroups{people: d.People, connections: d.Connections, questions: d.Questions},
		&adminRoles{people: d.People, prover: again},
		&adminAccess{people: d.People, connections: d.Connections, questions: d.Questions, pools: d.Pools, rules: d.Rules},
		&adminRules{people: d.People, connections: d.Connections, pools: d.Pools, rules: d.Rules},
		&adminAudit{log: d.Audit, people: d.People, connections: d.Connections},
		&channels{works: d.Works},
		&adminSettings{people: d.People, works: d.Works, audit: d.Audit, installation: d.Installation, config: d.Config},
		&sharing{shares: d.Shares, people: d.People, reports: report.NewStore(d.Store, d.Audit), snapshots: report.NewSnapshots(d.Store, d.Audit, making, d.Runner), config: d.Config},
		&adminProviders{people: d.People, identities: d.Identities, prover: again, config: d.Config},
		&guide{},
	} {
		f.routes(pages)
	}
	newShared(d, problems, figures, making).routes(e.Group(""))
	e.RouteNotFound("/*", func(c echo.Context) error { return echo.NewHTTPError(http.StatusNotFound) }, sessions.middleware)
	return e
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
