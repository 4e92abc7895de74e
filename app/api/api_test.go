package api

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	_ "modernc.org/sqlite"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/chart"
	"assay/app/dashboard"
	"assay/app/document"
	"assay/app/figure"
	"assay/app/frame"
	"assay/app/mail"
	"assay/app/query"
	"assay/app/report"
	"assay/app/schedule"
	"assay/app/share"
	"assay/app/source"
	"assay/app/source/sqlite"
	"assay/app/store"
	"assay/app/vault"
	"assay/static"
)

const (
	goodPassword = "three quiet herons"
	// hidden is a customer's password, which no answer may hold.
	hidden = "s3cr3t-of-the-customer"
)

// house is a server with everything real but the slow database.
type house struct {
	t      testing.TB
	server *httptest.Server
	api    *api
	vault  *vault.Vault
	log    *bytes.Buffer
	tokens map[account.Role]string
	people map[account.Role]*account.Person
	slow   *slowDriver
	works  *schedule.Works // at rest
	// orders is the id of a connection to a SQLite file of rows, stuck that of
	// one to the slow database.
	orders, stuck string
	// file is the path of the first one's file.
	file string
	// beside is the path of another such file, where a test needs one.
	beside string
	// peopleRole and shared are a role and a question of the matrix.
	peopleRole, shared string

	mu     sync.Mutex
	bodies []string // every answer seen
}

const orderRows = 25_000

func newHouse(t testing.TB) *house {
	t.Helper()
	ctx := t.Context()
	s, err := store.Open(ctx, "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	key, _, _, err := vault.LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(ctx, s, key)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, vault: v, log: &bytes.Buffer{}, tokens: map[account.Role]string{}, people: map[account.Role]*account.Person{}, slow: &slowDriver{Driver: sqlite.New()}}
	log := audit.Open(s, v)
	people := account.NewStore(s, v, log)
	connections := source.NewStore(s, v, source.NewDrivers(sqlite.New(), h.slow), log).
		WithReferences(vault.NewReferences(vault.Sources{Env: map[string]string{"ASSAY_SECRET_SHOP": hidden}}))
	pools := source.NewPools(connections, nil, source.Own{})
	t.Cleanup(pools.Close)
	questions, rules := query.NewStore(s, log), query.NewRules(s, pools, log)
	runner := query.NewRunner(query.Rooms{Pools: pools, Questions: questions, Rules: rules, People: people, Log: log}, query.Limits{Timeout: 30 * time.Second, Rows: 10_000, Bytes: 64 << 20, Concurrency: 4, Cache: 16 << 20})
	charts := chart.NewDrawer(chart.Config{Script: static.EChartsServer(), Fonts: map[int][]byte{400: static.FontTTF(400), 600: static.FontTTF(600)}, Workers: 1, Timeout: time.Minute})
	t.Cleanup(charts.Close)

	dashboards, reports := dashboard.NewStore(s, log), report.NewStore(s, log)
	figures := &figure.Maker{Runner: runner, Connections: connections, Charts: charts}

	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	e.Pre(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			// What package web puts before every route.
			c.Response().Header().Set("X-Request-Id", "request1")
			c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, 1<<20)
			return next(c)
		}
	})
	post, err := mail.NewSender(mail.Server{From: "assay@example.com", Host: "127.0.0.1", Port: 1, TLS: "none"})
	if err != nil {
		t.Fatal(err)
	}
	h.works = schedule.New(schedule.Deps{Store: s, Audit: log, Log: slog.New(slog.DiscardHandler), People: people, Runner: runner, Questions: questions, Channels: schedule.NewChannels(s, v, log), Mail: post})
	throttle, err := account.NewThrottle(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	h.api = mount(e, Deps{People: people, Throttle: throttle, Connections: connections, Pools: pools, Questions: questions, Rules: rules, Runner: runner, Audit: log,
		Dashboards: dashboards, Reports: reports, Schedules: h.works.Schedules, Alerts: h.works.Alerts,
		Shares:         share.NewStore(share.Rooms{Store: s, Vault: v, Log: log, People: people, Throttle: throttle, Objects: share.Objects{Questions: questions, Dashboards: dashboards, Reports: reports}}),
		DashboardMaker: &dashboard.Maker{Figures: figures, Questions: questions}, ReportMaker: &report.Maker{Figures: figures, Questions: questions},
		Jobs: h.jobs(),
		PDF: func(w io.Writer, d *document.Document) error {
			_, err := fmt.Fprintf(w, "%%PDF-1.7 %s", d.Title)
			return err
		},
		Charts: charts, Log: slog.New(slog.NewTextHandler(h.log, nil)), Stylesheet: "/static/app.css", Version: "test",
		Rates: Rates{Person: Rate{1_000_000, time.Minute}, Network: Rate{1_000_000, time.Minute}}})
	h.server = httptest.NewUnstartedServer(e)
	h.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	h.server.Config.MaxHeaderBytes = 16 << 10 // as the program's
	h.server.Start()
	t.Cleanup(h.server.Close)

	for _, role := range account.Roles {
		p, err := people.Create(ctx, account.NewPerson{Email: string(role) + "@example.com", Role: role})
		if err != nil {
			t.Fatal(err)
		}
		if _, h.tokens[role], err = people.CreateToken(ctx, p.ID, account.NewToken{Name: "test"}); err != nil {
			t.Fatal(err)
		}
		h.people[role] = p
	}
	h.file = ordersFile(t)
	h.orders = h.connect("orders", source.Config{Kind: "sqlite", Path: h.file})
	h.stuck = h.connect("stuck", source.Config{Kind: "postgres", Host: "db.internal", Port: 5432, User: "reader", Password: hidden, Database: "shop"})
	t.Cleanup(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, b := range append(h.bodies, h.log.String()) {
			if strings.Contains(b, hidden) || strings.Contains(b, goodPassword) || strings.Contains(b, "$argon2id") {
				t.Errorf("a secret got out: %s", b)
			}
		}
	})
	return h
}

// jobs saves schedules as the works do, and stands for what runs them: it
// remembers what it was told.
func (h *house) jobs() Jobs {
	paused, silent := map[string]bool{}, map[string]*time.Time{}
	runs := map[string][]Run{}
	return Jobs{
		Save: h.works.Save, SaveAlert: h.works.SaveAlert,
		Run: func(_ context.Context, kind, id string, by *account.Person) (string, error) {
			run := fmt.Sprint(kind, "-run-", len(runs[id])+1)
			runs[id] = append([]Run{{ID: run, Cause: "now", State: "done", Deliveries: []Delivery{{To: by.Email, State: "sent"}}}}, runs[id]...)
			return run, nil
		},
		Runs: func(_ context.Context, _, id, after string, _ int) ([]Run, error) {
			list := runs[id]
			for i := range list {
				if list[i].ID == after {
					return list[i+1:], nil
				}
			}
			return list, nil
		},
		Standing: func(_ context.Context, _, id string) (Standing, error) {
			return Standing{Paused: paused[id], SilentUntil: silent[id]}, nil
		},
		Pause: func(_ context.Context, _, id string, on bool, _ *account.Person) error {
			paused[id] = on
			return nil
		},
		Silence: func(_ context.Context, id string, until time.Time, _ *account.Person) error {
			silent[id] = &until
			return nil
		},
	}
}

func (h *house) connect(name string, c source.Config) string {
	h.t.Helper()
	con := &source.Connection{Name: name, Config: c}
	if err := h.api.Connections.Create(h.t.Context(), con); err != nil {
		h.t.Fatal(err)
	}
	return con.ID
}

// ordersFile makes a customer's database of one table.
func ordersFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "orders.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		`CREATE TABLE regions (id INTEGER PRIMARY KEY, name TEXT NOT NULL)`,
		`CREATE TABLE orders (id INTEGER PRIMARY KEY, region_id INTEGER REFERENCES regions (id), note TEXT, amount DECIMAL(10,2), paid BOOLEAN, day DATE)`,
		`INSERT INTO regions VALUES (1, 'north'), (2, 'south')`,
		fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO orders SELECT i, 1 + i %% 2, CASE i WHEN 2 THEN NULL WHEN 3 THEN 'a "quoted", line' ELSE 'note ' || i END, i * 1.25, i %% 2, '2026-01-02' FROM n`, orderRows),
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// slowDriver stands for a database that does as the test says. It guards and
// spells as SQLite does, and calls itself PostgreSQL.
type slowDriver struct {
	*sqlite.Driver
	mu   sync.Mutex
	rows func(ctx context.Context, s source.Statement) (frame.Rows, error)
}

func (d *slowDriver) Kind() string { return "postgres" }

func (d *slowDriver) Open(source.Config) (source.DB, error) { return slowDB{d}, nil }

func (d *slowDriver) answer(f func(ctx context.Context, s source.Statement) (frame.Rows, error)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rows = f
}

type slowDB struct{ driver *slowDriver }

func (slowDB) Probe(context.Context) (source.Probe, error) {
	return source.Probe{}, &source.Failure{Code: source.Unreachable, Message: "The server refused the connection"}
}

func (slowDB) Catalog(context.Context) (*source.Catalog, error) {
	return nil, &source.Failure{Code: source.Unreachable, Message: "The server refused the connection", Hint: "Start it."}
}

func (db slowDB) Query(ctx context.Context, s source.Statement) (frame.Rows, error) {
	db.driver.mu.Lock()
	f := db.driver.rows
	db.driver.mu.Unlock()
	return f(ctx, s)
}

func (slowDB) Close() error { return nil }

// scripted is a result whose batches are made by steps, one after the other.
type scripted struct {
	ctx   context.Context // the query's
	steps []func(ctx context.Context, b *frame.Batch) error
	next  int
	ended chan struct{}
	once  sync.Once
}

func (s *scripted) Columns() []frame.Column {
	return []frame.Column{{Name: "n", Type: "integer", Kind: frame.Number}}
}

func (s *scripted) Next(_ context.Context, b *frame.Batch) error {
	b.Reset(1)
	if s.next == len(s.steps) {
		return io.EOF
	}
	s.next++
	return s.steps[s.next-1](s.ctx, b)
}

func (s *scripted) Close() error {
	s.once.Do(func() {
		if s.ended != nil {
			close(s.ended)
		}
	})
	return nil
}

func someRows(n int) func(context.Context, *frame.Batch) error {
	return func(_ context.Context, b *frame.Batch) error {
		for i := range n {
			b.AppendString(fmt.Sprint(i))
		}
		return nil
	}
}

func hang(ctx context.Context, _ *frame.Batch) error {
	<-ctx.Done()
	return ctx.Err()
}

func breakDown(context.Context, *frame.Batch) error {
	return &source.Failure{Code: source.DatabaseError, Message: "division by zero", State: "22012"}
}

func (h *house) scripted(steps ...func(context.Context, *frame.Batch) error) (ended chan struct{}) {
	ended = make(chan struct{})
	h.slow.answer(func(ctx context.Context, _ source.Statement) (frame.Rows, error) {
		return &scripted{ctx: ctx, steps: steps, ended: ended}, nil
	})
	return ended
}

// reply is an answer of the server, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
	err    error // of reading the body
}

// call sends a request; body is JSON text or a value to be made JSON.
func (h *house) call(token, method, path string, body any, headers ...string) reply {
	h.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			h.t.Fatal(err)
		}
		r = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.server.URL+path, r)
	if err != nil {
		h.t.Fatal(err)
	}
	if r != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := h.server.Client().Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	h.mu.Lock()
	h.bodies = append(h.bodies, string(text), fmt.Sprint(res.Header))
	h.mu.Unlock()
	return reply{res.StatusCode, res.Header, string(text), err}
}

func (h *house) as(role account.Role, method, path string, body any, headers ...string) reply {
	h.t.Helper()
	return h.call(h.tokens[role], method, "/api/v1"+path, body, headers...)
}

// ok fails the test unless the status is as wanted, and reads the body into a value.
func ok[T any](t testing.TB, r reply, status int) (v T) {
	t.Helper()
	if r.status != status {
		t.Fatalf("got %d, want %d: %s", r.status, status, r.body)
	}
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
	return v
}

type object = map[string]any

func marshal(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// refused fails the test unless the answer is a problem of the status and code,
// about the inputs.
func refused(t testing.TB, r reply, status int, code string, locations ...string) problem {
	t.Helper()
	p := ok[problem](t, r, status)
	if p.Code != code || p.Status != status || p.Title == "" || p.Detail == "" || p.Type != "/api/docs#"+code || p.Instance != "urn:request:request1" {
		t.Errorf("got %s, want the code %s", r.body, code)
	}
	if ct := r.header.Get("Content-Type"); ct != problemType {
		t.Errorf("Content-Type is %q", ct)
	}
	var got []string
	for _, e := range p.Errors {
		got = append(got, e.Location)
	}
	if strings.Join(got, " ") != strings.Join(locations, " ") {
		t.Errorf("the inputs told are %v, want %v: %s", got, locations, r.body)
	}
	return p
}
