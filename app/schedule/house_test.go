package schedule

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/mail"
	"assay/app/query"
	"assay/app/source"
	"assay/app/source/sourcetest"
	"assay/app/source/sqlite"
	"assay/app/store"
	"assay/app/vault"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("ASSAY_TEST_SCHEDULE"); dir != "" {
		workUntilKilled(dir)
	}
	sourcetest.Main(m)
}

// clock is set by hand; it stands still.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// house is works with everything below them, over a database of sales.
type house struct {
	*Works
	rules      *query.Rules
	pools      *source.Pools
	connection string
	admin      *account.Person
	sales      string // the file of the customer's database
	reach      source.Reach
}

const picture = `<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><path d="M0 0h10"/></svg>`

// stores names the stores that tests run on.
func stores(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{"sqlite": "", "postgres": postgresStore(t)}
}

// postgresStore makes an empty PostgreSQL database and returns its URL.
func postgresStore(t *testing.T) string {
	t.Helper()
	c, _ := sourcetest.Postgres(t).NewDatabase(t, "create table unrelated (id int)")
	u := url.URL{Scheme: "postgres", User: url.UserPassword(c.User, c.Password), Host: c.Host + ":" + strconv.Itoa(c.Port), Path: "/" + c.Database, RawQuery: "sslmode=disable"}
	return u.String()
}

func newHouse(t *testing.T, storeURL string, change ...func(*Deps)) *house {
	t.Helper()
	h, err := openHouse(t.Context(), storeURL, t.TempDir(), change...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	return h
}

func (h *house) close() {
	h.Stop()
	h.Runner.Close()
	h.pools.Close()
	h.Store.Close()
}

// openHouse opens a house in a folder, which holds its master key and, where
// the URL names no store, the store.
func openHouse(ctx context.Context, storeURL, dir string, change ...func(*Deps)) (*house, error) {
	s, err := store.Open(ctx, storeURL, dir)
	if err != nil {
		return nil, err
	}
	key, _, _, err := vault.LoadKey(dir)
	if err != nil {
		return nil, err
	}
	v, err := vault.Open(ctx, s, key)
	if err != nil {
		return nil, err
	}
	h := &house{reach: source.Reach{Private: true}, sales: filepath.Join(dir, "sales.db")}
	log := audit.Open(s, v)
	connections := source.NewStore(s, v, source.NewDrivers(sqlite.New()), log)
	h.pools = source.NewPools(connections, h.reach.Dial, source.Own{})
	people := account.NewStore(s, v, log)
	questions := query.NewStore(s, log)
	h.rules = query.NewRules(s, h.pools, log)
	runner := query.NewRunner(query.Rooms{Pools: h.pools, Questions: questions, Rules: h.rules, People: people, Log: log}, query.Limits{Timeout: time.Minute, Rows: 1000, Bytes: 1 << 20, Concurrency: 4})
	d := Deps{Store: s, Audit: log, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), People: people, Runner: runner, Questions: questions, Channels: NewChannels(s, v, log),
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			return h.reach.Dial(ctx, network, address)
		},
		BaseURL: "https://assay.example.com"}
	d.Make = Make{
		Render: func(ctx context.Context, as *account.Person, b Body) (*document.Document, error) {
			return h.render(ctx, as, b)
		},
		HTML: func(d *document.Document, images map[string]string) (string, error) {
			var b strings.Builder
			fmt.Fprintf(&b, "<html><body><pre>%s</pre>", document.Text(d))
			for id, cid := range images {
				fmt.Fprintf(&b, `<img id="%s" src="cid:%s">`, id, cid)
			}
			return b.String() + "</body></html>", nil
		},
		PDF: func(w io.Writer, d *document.Document) error {
			_, err := io.WriteString(w, "%PDF "+d.Title)
			return err
		},
		PNG: func(svg []byte, width int) ([]byte, error) { return []byte("png of " + string(svg)), nil },
		Explore: func(_ *account.Person, q *query.Question, _ map[string]string) string {
			return "https://assay.example.com/explore?q=" + q.ID
		},
	}
	for _, c := range change {
		c(&d)
	}
	h.Works = New(d)
	h.fetch = 100 * time.Millisecond
	if h.admin, err = people.ByEmail(ctx, "ada@example.com"); fault.Is(err, fault.NotFound) {
		err = h.furnish(ctx, connections)
	}
	return h, err
}

// furnish makes the first person and the connection to the sales.
func (h *house) furnish(ctx context.Context, connections *source.Store) (err error) {
	if h.admin, err = h.People.Create(ctx, account.NewPerson{Email: "ada@example.com", Name: "Ada", Role: account.Admin}); err != nil {
		return err
	}
	if err := h.sell("CREATE TABLE sales (day TEXT, region TEXT, amount INTEGER)", "INSERT INTO sales VALUES ('2026-03-01', 'north', 100), ('2026-03-01', 'south', 20)"); err != nil {
		return err
	}
	c := &source.Connection{Name: "Sales", Config: source.Config{Kind: "sqlite", Path: h.sales}, CreatedBy: h.admin.ID}
	err = connections.Create(ctx, c)
	h.connection = c.ID
	return err
}

// sell changes the customer's database.
func (h *house) sell(statements ...string) error {
	db, err := sql.Open("sqlite", h.sales)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			return err
		}
	}
	return nil
}

// render makes a document of a question: its first cell as a number, with a drawing.
func (h *house) render(ctx context.Context, as *account.Person, b Body) (*document.Document, error) {
	q, err := h.question(ctx, as, b.Question)
	if err != nil {
		return nil, err
	}
	d := &document.Document{Title: q.Name, URL: "/questions/" + q.ID, At: h.now()}
	f := document.Figure{ID: "f1", Title: q.Name, URL: "/questions/" + q.ID}
	r, err := h.Runner.Frame(ctx, query.Request{Person: as, Saved: q, Parameters: parameters(q, b.Values), Fresh: true})
	switch {
	case err != nil:
		f.Failure = &document.Failure{Title: "No answer", Message: told(err)}
	case r.Frame.Rows() == 0:
		f.Note = "No rows."
	default:
		v, _ := r.Frame.Cell(r.Frame.Rows()-1, len(r.Frame.Columns)-1)
		f.Number = &document.Number{Value: string(v), Label: "amount"}
		f.Drawing = &document.Drawing{SVG: []byte(picture), Description: "Amounts"}
	}
	d.Blocks = []document.Block{f}
	return d, nil
}

func (h *house) ask(t *testing.T, name, sql string) string {
	t.Helper()
	q := &query.Question{Name: name, ConnectionID: h.connection, Body: query.Body{SQL: sql}}
	if err := h.Questions.Create(t.Context(), q, h.admin); err != nil {
		t.Fatal(err)
	}
	return q.ID
}

func (h *house) person(t *testing.T, email string, role account.Role) *account.Person {
	t.Helper()
	p, err := h.People.Create(t.Context(), account.NewPerson{Email: email, Role: role})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// plan saves a schedule that delivers the question.
func (h *house) plan(t *testing.T, b Body) string {
	t.Helper()
	i := &Schedule{Name: "Weekly", Body: b}
	if i.Body.When.Every == "" {
		i.Body.When = When{Every: "day", At: "07:30", Zone: "Europe/Berlin"}
	}
	if err := h.Save(t.Context(), i, h.admin); err != nil {
		t.Fatal(err)
	}
	return i.ID
}

// at returns works' own clock, set by hand.
func standing(at time.Time) (*clock, func(*Deps)) {
	c := &clock{at: at}
	return c, func(d *Deps) { d.Now = c.now }
}

func through(host string, port int) func(*Deps) {
	return func(d *Deps) {
		sender, err := mail.NewSender(mail.Server{From: "Assay <assay@example.com>", Host: host, Port: port, TLS: "none", Timeout: 20 * time.Second})
		if err != nil {
			panic(err)
		}
		d.Mail = sender
	}
}

func within(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for start := time.Now(); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > limit {
			t.Fatalf("after %s: %s", limit, what)
		}
	}
}

// quiet waits until no run is under way.
func (h *house) quiet(t *testing.T) {
	t.Helper()
	within(t, 60*time.Second, "runs are still under way", func() bool {
		var n int
		if err := h.Store.Read().NewRaw("SELECT count(*) FROM runs WHERE ended_at IS NULL").Scan(t.Context(), &n); err != nil {
			t.Fatal(err)
		}
		return n == 0
	})
}

// now runs an item and returns the run once it has ended.
func (h *house) runIt(t *testing.T, id string) *Run {
	t.Helper()
	run, err := h.RunNow(t.Context(), id, h.admin)
	if err != nil {
		t.Fatal(err)
	}
	h.Start(t.Context())
	return h.ends(t, run)
}

func (h *house) ends(t *testing.T, id string) (r *Run) {
	t.Helper()
	within(t, 30*time.Second, "the run does not end", func() bool {
		var err error
		if r, err = h.Run(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		return r.EndedAt != nil
	})
	return r
}

// states tells what became of each target.
func states(r *Run) map[string]string {
	m := map[string]string{}
	for _, d := range r.Deliveries {
		m[d.Name] = d.State
	}
	return m
}

func value(x float64) *float64 { return &x }

func random() string { return strings.ToLower(rand.Text()) }

func (h *house) insert(t *testing.T, r *Run) error {
	t.Helper()
	return h.Store.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(r).Exec(ctx)
		return err
	})
}
