package query

import (
	"bytes"
	"context"
	"database/sql"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sourcetest"
	"assay/app/store"
	"assay/app/vault"
)

func TestMain(m *testing.M) { sourcetest.Main(m) }

// shared returns the folder of reference data beside the repository, or skips.
func shared(t *testing.T) string {
	dir := os.Getenv("ASSAY_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); err != nil {
		t.Skipf("SKIPPED: the reference data is not at %s; name its folder in ASSAY_SHARED", dir)
	}
	return filepath.Join(dir, "data")
}

// room is a runner over real drivers with connections to real databases.
type room struct {
	*Runner
	connections *source.Store
	person      *account.Person
}

func newRoom(t *testing.T, limits Limits) *room { return newRoomAt(t, limits, "", t.TempDir()) }

// newRoomAt is newRoom over the store at a PostgreSQL URL or in the folder, which holds its master key.
func newRoomAt(t *testing.T, limits Limits, url, dir string) *room {
	t.Helper()
	s, err := store.Open(t.Context(), url, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	key, _, _, err := vault.LoadKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(t.Context(), s, key)
	if err != nil {
		t.Fatal(err)
	}
	log := audit.Open(s, v)
	connections := source.NewStore(s, v, source.NewDrivers(allDrivers...), log)
	pools := source.NewPools(connections, func(ctx context.Context, network, address string) (net.Conn, error) {
		return source.Reach{Private: true}.Dial(ctx, network, address)
	}, source.Own{})
	t.Cleanup(pools.Close)
	people := account.NewStore(s, v, log)
	admin, err := people.ByEmail(t.Context(), "p@example.com")
	if err != nil {
		admin, err = people.Create(t.Context(), account.NewPerson{Email: "p@example.com", Role: account.Admin})
	}
	if err != nil {
		t.Fatal(err)
	}
	runner := NewRunner(Rooms{Pools: pools, Questions: NewStore(s, log), Rules: NewRules(s, pools, log), People: people, Log: log}, limits)
	t.Cleanup(runner.Close)
	return &room{Runner: runner, connections: connections, person: admin}
}

func (r *room) connect(t *testing.T, name string, c source.Config) string {
	t.Helper()
	con := &source.Connection{Name: name, Config: c, CreatedBy: "p"}
	if err := r.connections.Create(t.Context(), con); err != nil {
		t.Fatal(err)
	}
	return con.ID
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(string(b), "\ufeff")
}

// chinook loads the sample database into three engines and returns the connections' ids.
func chinook(t *testing.T, r *room) map[string]string {
	dir := filepath.Join(shared(t), "sampledb", "chinook")
	cut := func(text, after string) string {
		i := strings.Index(text, after)
		if i < 0 {
			t.Fatalf("the script has no %q", after)
		}
		return text[i+len(after):]
	}
	_, pg := sourcetest.Postgres(t).NewDatabase(t, cut(read(t, filepath.Join(dir, "Chinook_PostgreSql.sql")), `\c chinook;`))
	_, maria := sourcetest.MariaDB(t).NewDatabase(t,
		// Ordered by code points, as the other two are made here; an engine's own order is its administrator's choice.
		"ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n"+
			strings.ReplaceAll(cut(read(t, filepath.Join(dir, "Chinook_MySql.sql")), "USE `Chinook`;"), "NVARCHAR", "VARCHAR"))
	file := filepath.Join(t.TempDir(), "chinook.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(read(t, filepath.Join(dir, "Chinook_Sqlite.sql"))); err != nil {
		t.Fatal(err)
	}
	db.Close()
	return map[string]string{"postgres": r.connect(t, "pg", pg), "mysql": r.connect(t, "maria", maria), "sqlite": r.connect(t, "lite", source.Config{Kind: "sqlite", Path: file})}
}

// chinookQuestions cover every measure, grain, join and kind of filter. Names
// stand between ~ as SQLite has them; PostgreSQL's are lower case with underscores.
var chinookQuestions = map[string]string{
	"rows":                 `{"table": "~Genre~", "columns": ["~GenreId~", "~Name~"], "order": [{"by": "~GenreId~"}]}`,
	"count":                `{"table": "~Track~", "measures": [{"fn": "count", "as": "n"}, {"fn": "count", "column": "~Composer~", "as": "composed"}]}`,
	"distinct":             `{"table": "~Invoice~", "measures": [{"fn": "count_distinct", "column": "~CustomerId~", "as": "customers"}, {"fn": "count_distinct", "column": "~BillingCountry~", "as": "countries"}]}`,
	"sum by country":       `{"table": "~Invoice~", "dimensions": [{"column": "~BillingCountry~", "as": "country"}], "measures": [{"fn": "sum", "column": "~Total~", "as": "total"}]}`,
	"average and extremes": `{"table": "~Invoice~", "dimensions": [{"column": "~BillingCountry~", "as": "country"}], "measures": [{"fn": "avg", "column": "~Total~", "as": "mean"}, {"fn": "min", "column": "~Total~", "as": "least"}, {"fn": "max", "column": "~Total~", "as": "most"}]}`,
	"median":               `{"table": "~Track~", "dimensions": [{"column": "~GenreId~", "as": "genre"}], "measures": [{"fn": "median", "column": "~Milliseconds~", "as": "length"}, {"fn": "avg", "column": "~Bytes~", "as": "bytes"}, {"fn": "count", "as": "n"}]}`,
	"by minute":            `{"table": "~Invoice~", "dimensions": [{"column": "~InvoiceDate~", "grain": "minute", "as": "at"}], "measures": [{"fn": "count", "as": "n"}], "limit": 25}`,
	"by hour":              `{"table": "~Invoice~", "dimensions": [{"column": "~InvoiceDate~", "grain": "hour", "as": "at"}], "measures": [{"fn": "sum", "column": "~Total~", "as": "total"}], "limit": 25}`,
	"by day":               `{"table": "~Invoice~", "dimensions": [{"column": "~InvoiceDate~", "grain": "day", "as": "at"}], "measures": [{"fn": "sum", "column": "~Total~", "as": "total"}], "order": [{"by": "total", "desc": true}], "limit": 20}`,
	"by week":              `{"table": "~Invoice~", "dimensions": [{"column": "~InvoiceDate~", "grain": "week", "as": "at"}], "measures": [{"fn": "count", "as": "n"}]}`,
	"by month":             `{"table": "~Invoice~", "dimensions": [{"column": "~InvoiceDate~", "grain": "month", "as": "at"}], "measures": [{"fn": "sum", "column": "~Total~", "as": "total"}]}`,
	"by quarter":           `{"table": "~Invoice~", "dimensions": [{"column": "~InvoiceDate~", "grain": "quarter", "as": "at"}], "measures": [{"fn": "median", "column": "~Total~", "as": "middle"}]}`,
	"by year and country":  `{"table": "~Invoice~", "dimensions": [{"column": "~InvoiceDate~", "grain": "year", "as": "at"}, {"column": "~BillingCountry~", "as": "country"}], "measures": [{"fn": "count", "as": "n"}, {"fn": "sum", "column": "~Total~", "as": "total"}]}`,
	"bins":                 `{"table": "~Track~", "dimensions": [{"column": "~Milliseconds~", "bin": 60000, "as": "length"}], "measures": [{"fn": "count", "as": "n"}]}`,
	"decimal bins":         `{"table": "~Invoice~", "dimensions": [{"column": "~Total~", "bin": 2.5, "as": "total"}], "measures": [{"fn": "count", "as": "n"}]}`,
	"join to one":          `{"table": "~Track~", "joins": [{"table": "~Genre~"}], "dimensions": [{"column": "~Genre.Name~", "as": "genre"}], "measures": [{"fn": "sum", "column": "~UnitPrice~", "as": "price"}, {"fn": "count", "as": "n"}], "having": {"column": "n", "op": "gt", "value": 50}, "order": [{"by": "n", "desc": true}]}`,
	"two joins":            `{"table": "~InvoiceLine~", "joins": [{"table": "~Track~"}, {"table": "~Album~", "kind": "inner"}], "dimensions": [{"column": "~Album.ArtistId~", "as": "artist"}], "measures": [{"fn": "sum", "column": "~Quantity~", "as": "pieces"}], "order": [{"by": "pieces", "desc": true}], "limit": 15}`,
	"join to many":         `{"table": "~Invoice~", "joins": [{"table": "~InvoiceLine~"}], "dimensions": [{"column": "~Invoice.BillingCountry~", "as": "country"}], "measures": [{"fn": "sum", "column": "~Total~", "as": "total"}, {"fn": "sum", "column": "~Quantity~", "as": "pieces"}, {"fn": "count", "as": "invoices"}]}`,
	"join both ways":       `{"table": "~Customer~", "joins": [{"table": "~Invoice~"}, {"table": "~Employee~", "on": [["~Customer.SupportRepId~", "~EmployeeId~"]]}], "dimensions": [{"column": "~Employee.LastName~", "as": "agent"}], "measures": [{"fn": "count", "as": "customers"}, {"fn": "sum", "column": "~Total~", "as": "total"}, {"fn": "median", "column": "~Total~", "as": "middle"}]}`,
	"left join keeps rows": `{"table": "~Artist~", "joins": [{"table": "~Album~"}], "measures": [{"fn": "count", "as": "artists"}, {"fn": "count", "column": "~Album.AlbumId~", "as": "albums"}]}`,
	"comparisons": `{"table": "~Track~", "measures": [{"fn": "count", "as": "n"}], "filters": {"and": [{"column": "~Milliseconds~", "op": "gte", "value": 200000}, {"column": "~Milliseconds~", "op": "lt", "value": 400000},
		{"column": "~GenreId~", "op": "ne", "value": 1}, {"column": "~MediaTypeId~", "op": "in", "value": [1, 2]}, {"column": "~AlbumId~", "op": "not_in", "value": [5, 6, 7]}]}}`,
	"text filters": `{"table": "~Track~", "columns": ["~TrackId~", "~Name~"], "filters": {"or": [{"column": "~Name~", "op": "contains", "value": "love"}, {"column": "~Name~", "op": "starts_with", "value": "the"},
		{"column": "~Composer~", "op": "contains", "value": "%"}]}, "order": [{"by": "~TrackId~"}], "limit": 60}`,
	"empty filters": `{"table": "~Customer~", "measures": [{"fn": "count", "as": "n"}], "filters": {"and": [{"column": "~Company~", "op": "is_null"}, {"column": "~Email~", "op": "not_null"}]}}`,
	"time filters": `{"table": "~Invoice~", "dimensions": [{"column": "~BillingCountry~", "as": "country"}], "measures": [{"fn": "sum", "column": "~Total~", "as": "total"}], "filters": {"or": [{"column": "~InvoiceDate~", "op": "between", "value": ["2022-01-01", "2022-06-30"]},
		{"column": "~InvoiceDate~", "op": "gt", "value": "2025-06-15"}, {"column": "~InvoiceDate~", "op": "eq", "value": "2023-03-05"}]}}`,
	"exact amounts": `{"table": "~InvoiceLine~", "measures": [{"fn": "count", "as": "n"}, {"fn": "sum", "column": "~UnitPrice~", "as": "total"}], "filters": {"column": "~UnitPrice~", "op": "eq", "value": 1.99}}`,
}

var chinookName = regexp.MustCompile(`~([A-Za-z.]+)~`)
var capital = regexp.MustCompile(`([a-z])([A-Z])`)

func spelled(text, kind string) string {
	return chinookName.ReplaceAllStringFunc(text, func(name string) string {
		if name = strings.Trim(name, "~"); kind == "postgres" {
			return snake(name)
		}
		return name
	})
}

func snake(name string) string { return strings.ToLower(capital.ReplaceAllString(name, "${1}_$2")) }

// TestChinookGivesTheSameBytesOnEveryEngine asks the same questions of three
// engines and compares the answers' JSON, byte by byte.
func TestChinookGivesTheSameBytesOnEveryEngine(t *testing.T) {
	r := newRoom(t, Limits{Timeout: 1 << 36, Rows: 10_000, Bytes: 64 << 20, Concurrency: 4})
	connections := chinook(t, r)
	if len(chinookQuestions) < 20 {
		t.Fatal("fewer than twenty questions")
	}
	for name, text := range chinookQuestions {
		t.Run(name, func(t *testing.T) {
			answers := map[string]string{}
			for kind, id := range connections {
				result, err := r.Frame(t.Context(), Request{Person: r.person, Connection: id, Spec: parse(t, spelled(text, kind))})
				if err != nil {
					t.Fatalf("%s: %v", kind, err)
				}
				f := result.Frame
				if f.Rows() == 0 {
					t.Fatalf("%s: no rows\n%s", kind, result.SQL)
				}
				columns := make([]frame.Column, len(f.Columns))
				for i, c := range f.Columns {
					columns[i] = frame.Column{Name: snake(c.Name), Kind: c.Kind, Digits: c.Digits} // types are the engines' own words
				}
				f.Columns = columns
				var b bytes.Buffer
				if _, err := (frame.JSONWriter{}).Write(t.Context(), &b, f.Reader()); err != nil {
					t.Fatalf("%s: %v", kind, err)
				}
				answers[kind] = b.String()
			}
			for kind, answer := range answers {
				if diff := cmp.Diff(answers["postgres"], answer); diff != "" {
					t.Errorf("postgres and %s differ (-postgres +%s):\n%.2000s", kind, kind, diff)
				}
			}
		})
	}
}
