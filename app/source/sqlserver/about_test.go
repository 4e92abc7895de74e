package sqlserver

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/frame"
	"assay/app/source"
)

// tabled answers each of our own statements with rows of texts; a missing one is an unknown view.
func tabled(tables map[string][][]string) func(string, *tokens, <-chan struct{}) {
	return plainly(func(sql string, w *tokens, _ <-chan struct{}) {
		if sql == "SELECT 1" {
			one(sql, w, nil)
			return
		}
		rows, ok := tables[sql]
		if !ok {
			w.fail(serverError{208, 16, "Invalid object name.", 1})
			return
		}
		width := 9
		if len(rows) > 0 {
			width = len(rows[0])
		}
		var columns []column
		for range width {
			columns = append(columns, column{"c", nvarcharType})
		}
		w.columns(columns...)
		for _, r := range rows {
			var values [][]byte
			for _, v := range r {
				if v == "NULL" {
					values = append(values, []byte{0xFF, 0xFF})
				} else {
					values = append(values, nvarchar(v))
				}
			}
			w.row(values...)
		}
	})
}

func TestProbe(t *testing.T) {
	server := []string{"16.0.1000.6", "Developer Edition (64-bit)", "Microsoft SQL Server 2022", "READ_WRITE", "my]shop", "+02:00", "3"}
	change := func(i int, v string) [][]string {
		s := append([]string(nil), server...)
		s[i] = v
		return [][]string{s}
	}
	none := []string{"0", "0", "0", "0", "0", "0", "0", "0", "0"}
	admin := []string{"1", "1", "1", "1", "1", "1", "1", "1", "1"}
	for _, tt := range []struct {
		name     string
		tables   map[string][][]string
		server   string
		canWrite string
		warnings int // without that about encryption
	}{
		{"reader", map[string][][]string{aboutServer: {server}, aboutRights: {none}, aboutTables: {{"0"}}, aboutReach: {{"0", "0"}}}, "SQL Server 16.0.1000.6 (Developer Edition (64-bit))", "false", 0},
		{"admin", map[string][][]string{aboutServer: {server}, aboutRights: {admin}, aboutTables: {{"5"}}, aboutReach: {{"1", "1"}}}, "SQL Server 16.0.1000.6 (Developer Edition (64-bit))", "true", 3},
		{"one table", map[string][][]string{aboutServer: {server}, aboutRights: {none}, aboutTables: {{"1"}}, aboutReach: {{"0", "0"}}}, "SQL Server 16.0.1000.6 (Developer Edition (64-bit))", "true", 1},
		{"procedures", map[string][][]string{aboutServer: {server}, aboutRights: {{"0", "0", "0", "0", "0", "0", "0", "0", "1"}}, aboutTables: {{"0"}}}, "SQL Server 16.0.1000.6 (Developer Edition (64-bit))", "false", 1},
		{"secondary", map[string][][]string{aboutServer: change(3, "READ_ONLY"), aboutRights: {none}, aboutTables: {{"0"}}}, "SQL Server 16.0.1000.6 (Developer Edition (64-bit))", "false", 0},
		{"azure", map[string][][]string{aboutServer: change(6, "5"), aboutRights: {none}, aboutTables: {{"0"}}}, "Azure SQL Database 16.0.1000.6", "false", 0},
		{"nothing told", map[string][][]string{aboutServer: change(2, "Babelfish for PostgreSQL with SQL Server Compatibility")}, "Babelfish for PostgreSQL 16.0.1000.6", "nil", 0},
		{"compatible", map[string][][]string{aboutServer: change(2, "Babelfish for PostgreSQL - 12.0.2000.8\nPostgreSQL 16.4 on x86_64 (Babelfish 4.4.0)")}, "Babelfish for PostgreSQL 4.4.0", "nil", 0},
		{"nonsense as the zone", map[string][][]string{aboutServer: change(5, "0")}, "SQL Server 16.0.1000.6 (Developer Edition (64-bit))", "nil", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newFake(t, tabled(tt.tables)).start()
			p, err := open(t, s.config()).Probe(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			can := "nil"
			if p.CanWrite != nil {
				can = map[bool]string{true: "true", false: "false"}[*p.CanWrite]
			}
			zone := "+02:00"
			if strings.Contains(tt.name, "zone") {
				zone = ""
			}
			if !p.OK || p.Server+" "+p.Version != tt.server || can != tt.canWrite || p.TimeZone != zone || p.LatencyMS <= 0 || p.TLS != "" {
				t.Errorf("%+v, can write: %s", p, can)
			}
			if len(p.Warnings) != tt.warnings+1 {
				t.Errorf("warnings: %q", p.Warnings)
			}
			if can == "false" != (p.Remedy == "") || p.Remedy != "" && !strings.Contains(p.Remedy, "USE [my]]shop]") {
				t.Errorf("remedy: %s", p.Remedy)
			}
		})
	}
}

func TestCatalog(t *testing.T) {
	tables := map[string][][]string{
		catalogColumns: {
			{"dbo", "artists", "U ", "id", "int", "4", "10", "0", "0", "11", "1"},
			{"dbo", "artists", "U ", "name", "nvarchar", "240", "0", "0", "false", "11", "2"},
			{"sales", "albums", "U ", "id", "int", "4", "10", "0", "0", "12", "1"},
			{"sales", "albums", "U ", "artist", "int", "4", "10", "0", "true", "12", "3"},
			{"sales", "albums", "U ", "price", "decimal", "9", "10", "2", "1", "12", "4"},
			{"sales", "names", "V ", "name", "nvarchar", "-1", "0", "0", "1", "13", "1"},
		},
		catalogKeys:       {{"11", "1"}, {"12", "1"}, {"99", "1"}},
		catalogReferences: {{"50", "12", "artist", "dbo", "artists", "id"}},
		catalogRows:       {{"11", "5"}, {"12", "1000000"}, {"13", "7"}, {"99", "1"}},
		catalogComments:   {{"12", "0", "Albums we sell"}, {"12", "4", "Retail price in euro"}, {"99", "0", "x"}},
		catalogRoutines:   {{"dbo", "Value"}, {"dbo", "net_price"}, {"sales", "ｎodes"}},
		catalogHistory:    {{"13", "sales", "albums"}, {"99", "sales", "gone"}},
		catalogSchema:     {{"sales"}},
	}
	count := func(n int64) *int64 { return &n }
	want := []source.Table{
		{Schema: "dbo", Name: "artists", Kind: "table", RowEstimate: count(5), Columns: []source.Column{
			{Name: "id", Type: "int", Kind: frame.Number, PrimaryKey: true}, {Name: "name", Type: "nvarchar(120)", Kind: frame.Text}}},
		{Schema: "sales", Name: "albums", Kind: "table", RowEstimate: count(1000000), Comment: "Albums we sell", Columns: []source.Column{
			{Name: "id", Type: "int", Kind: frame.Number, PrimaryKey: true},
			{Name: "artist", Type: "int", Kind: frame.Number, Nullable: true, References: &source.Reference{Schema: "dbo", Table: "artists", Column: "id"}},
			{Name: "price", Type: "decimal(10,2)", Kind: frame.Number, Nullable: true, Comment: "Retail price in euro"}},
			ForeignKeys: []source.ForeignKey{{Columns: []string{"artist"}, Schema: "dbo", Table: "artists", References: []string{"id"}}}},
		{Schema: "sales", Name: "names", Kind: "view", Parents: []source.Name{{Schema: "sales", Name: "albums"}}, Columns: []source.Column{{Name: "name", Type: "nvarchar(max)", Kind: frame.Text, Nullable: true}}},
	}
	s := newFake(t, tabled(tables)).start()
	c, err := open(t, s.config()).Catalog(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, c.Tables); diff != "" {
		t.Error(diff)
	}
	if d := cmp.Diff([]string{"dbo.Value", "sales.ｎodes"}, c.Routines); d != "" {
		t.Error(d)
	}
	if c.DefaultSchema != "sales" || c.ReadAt.IsZero() {
		t.Errorf("%q, %s", c.DefaultSchema, c.ReadAt)
	}
	// A compatible server that has none of the further views still shows its tables.
	s = newFake(t, tabled(map[string][][]string{catalogColumns: tables[catalogColumns]})).start()
	c, err = open(t, s.config()).Catalog(context.Background())
	if err != nil || len(c.Tables) != 3 || c.DefaultSchema != "dbo" {
		t.Errorf("%+v, %v", c, err)
	}
}
