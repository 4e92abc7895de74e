package sqlserver

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/frame"
	"assay/app/source"
	"assay/app/source/sqlserver/tsqllint"
)

func TestDialect(t *testing.T) {
	var d dialect
	float, hasMedian := d.Median("x")
	left, right := d.Compare("x", "@p1", frame.Time)
	const day = "CAST(x AS date)"
	for _, tt := range []struct{ name, got, want string }{
		{"quote", d.Quote("a]b [c] \"d\" 🎈"), "[a]]b [c]] \"d\" 🎈]"},
		{"placeholder", d.Placeholder(12, frame.Number), "@p12"},
		{"minute", d.Trunc("x", source.Minute, frame.Time), "DATEADD(minute, DATEPART(hour, x) * 60 + DATEPART(minute, x), CAST(CAST(x AS date) AS datetime2(0)))"},
		{"hour", d.Trunc("x", source.Hour, frame.Time), "DATEADD(hour, DATEPART(hour, x), CAST(CAST(x AS date) AS datetime2(0)))"},
		{"hour of a date", d.Trunc("x", source.Hour, frame.Date), "DATEADD(hour, DATEPART(hour, CAST(x AS datetime2(0))), CAST(CAST(x AS date) AS datetime2(0)))"},
		{"day", d.Trunc("x", source.Day, frame.Time), day},
		{"week", d.Trunc("x", source.Week, frame.Time), "DATEADD(day, -(DATEDIFF(day, CAST('0001-01-01' AS date), " + day + ") % 7), " + day + ")"},
		{"month", d.Trunc("x", source.Month, frame.Time), "DATEADD(month, DATEDIFF(month, CAST('1753-01-01' AS date), " + day + "), CAST('1753-01-01' AS date))"},
		{"quarter", d.Trunc("x", source.Quarter, frame.Date), "DATEADD(quarter, DATEDIFF(quarter, CAST('1753-01-01' AS date), " + day + "), CAST('1753-01-01' AS date))"},
		{"year", d.Trunc("x", source.Year, frame.Date), "DATEADD(year, DATEDIFF(year, CAST('1753-01-01' AS date), " + day + "), CAST('1753-01-01' AS date))"},
		{"bin", d.Bin("x", "10"), "(FLOOR((x + CAST(0 AS decimal(1, 0))) / CAST(10 AS decimal(2, 0))) * CAST(10 AS decimal(2, 0)))"},
		{"small bin", d.Bin("x", "0.25"), "(FLOOR((x + CAST(0 AS decimal(1, 0))) / CAST(0.25 AS decimal(2, 2))) * CAST(0.25 AS decimal(2, 2)))"},
		{"float", d.Float("x"), "CAST(x AS float)"},
		{"sum", d.Sum("x"), "SUM(x + CAST(0 AS decimal(1, 0)))"},
		{"median", float, ""},
		{"order", strings.Join(d.Order("x", false), ", "), "CASE WHEN x IS NULL THEN 1 ELSE 0 END, x ASC"},
		{"order down", strings.Join(d.Order("x", true), ", "), "x DESC"},
		{"contains", d.Contains("x", "@p1"), "LOWER(x) LIKE LOWER(@p1) ESCAPE '!'"},
		{"starts with", d.StartsWith("x", "@p1"), "LOWER(x) LIKE LOWER(@p1) ESCAPE '!'"},
		{"pattern", d.Pattern(`50%_[a]\!`, true), `%50!%!_![a]\!!%`},
		{"pattern at the start", d.Pattern("a", false), "a%"},
		{"compare", left + " " + right, "x @p1"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.name, tt.got, tt.want)
		}
	}
	if hasMedian {
		t.Error("SQL Server has no median aggregate")
	}
}

func TestPrecision(t *testing.T) {
	for _, tt := range []struct {
		s             string
		digits, scale int
	}{
		{"0", 1, 0}, {"10", 2, 0}, {"-10.50", 4, 2}, {"0.25", 2, 2}, {"007", 1, 0}, {".5", 1, 1},
		{"0." + strings.Repeat("1", 50), 38, 38}, {strings.Repeat("1", 30) + "." + strings.Repeat("2", 20), 38, 8},
	} {
		if p, s := precision(tt.s); p != tt.digits || s != tt.scale {
			t.Errorf("%s: decimal(%d, %d)", tt.s, p, s)
		}
	}
}

// golden are statements as the query compiler builds them from the dialect's pieces.
func golden() []string {
	var d dialect
	t := "[sales].[orders] AS [o]"
	at, price, name := "[o].[created at]", "[o].[price]", "[o].[name]"
	var list []string
	for _, g := range source.Grains {
		x := d.Trunc(at, g, frame.Time)
		list = append(list, "SELECT TOP (1000) "+x+" AS [period], "+d.Sum(price)+" AS [total], AVG("+d.Float(price)+") AS [mean] FROM "+t+
			" WHERE "+at+" >= "+d.Placeholder(1, frame.Time)+" AND "+at+" < "+d.Placeholder(2, frame.Time)+
			" GROUP BY "+x+" HAVING COUNT(*) > "+d.Placeholder(3, frame.Number)+" ORDER BY "+strings.Join(d.Order(x, false), ", "))
		day := d.Trunc("[o].[day]", g, frame.Date)
		list = append(list, "SELECT "+day+" AS [period], COUNT_BIG(*) AS [n] FROM "+t+" GROUP BY "+day)
	}
	bin := d.Bin(price, "0.5")
	return append(list,
		"SELECT "+bin+" AS [bin], COUNT(*) AS [n] FROM "+t+" GROUP BY "+bin+" ORDER BY "+strings.Join(d.Order(bin, true), ", ")+" OFFSET 0 ROWS FETCH NEXT 50 ROWS ONLY",
		"SELECT "+d.Quote("emoji 🎈")+" FROM "+d.Quote("a]b")+" WHERE "+d.Contains(name, "@p1")+" OR "+d.StartsWith(name, "@p2"),
		"SELECT COUNT(DISTINCT "+name+") AS [names], MIN("+price+") AS [least], MAX("+price+") AS [most] FROM "+t+" LEFT JOIN [dbo].[people] AS [p] ON [o].[person id] = [p].[id]",
		"SELECT [g].[region], AVG([g].[x]) AS [median] FROM (SELECT [o].[region] AS [region], "+d.Float(price)+" AS [x], ROW_NUMBER() OVER (PARTITION BY [o].[region] ORDER BY "+price+
			") AS [rank], COUNT(*) OVER (PARTITION BY [o].[region]) AS [n] FROM "+t+" WHERE "+price+" IS NOT NULL) AS [g] WHERE [g].[rank] IN (([g].[n] + 1) / 2, ([g].[n] + 2) / 2) GROUP BY [g].[region]",
		"SELECT TOP (501) * FROM "+t,
		"WITH [q] AS (SELECT "+name+" AS [name], SUM("+price+") AS [total] FROM "+t+" GROUP BY "+name+") SELECT [name], [total], [total] / NULLIF(SUM([total]) OVER (), 0) AS [share] FROM [q] ORDER BY [total] DESC",
	)
}

func TestGolden(t *testing.T) {
	for _, sql := range golden() {
		c, err := New().Guard(sql, source.Policy{})
		if err != nil {
			t.Errorf("%s\n%v", sql, err)
			continue
		}
		if diff := cmp.Diff(sql, c.SQL); diff != "" {
			t.Errorf("the guard changed what the compiler built:\n%s", diff)
		}
		if found := tsqllint.Lint(sql); len(found) > 0 {
			t.Errorf("%s\n%s", sql, strings.Join(found, "\n"))
		}
	}
}

func TestGrammar(t *testing.T) {
	list := append(golden(), aboutServer, aboutRights, aboutTables, aboutReach, catalogColumns, catalogKeys, catalogReferences, catalogRows, catalogComments, catalogRoutines, catalogHistory)
	list = append(list, ruledStatements(t)...)
	wrong := []string{"SELECT a FROM t LIMIT 5", "SELECT a::int FROM t", "SELECT DISTINCT ON (a) a FROM t", "SELECT a FROM t ORDER BY a NULLS LAST"}
	found, err := tsqllint.Grammar(append(list, wrong...))
	if errors.Is(err, tsqllint.ErrMissing) {
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i, sql := range list {
		if len(found[i]) > 0 {
			t.Errorf("%s\n%.400s", sql, strings.Join(found[i], "\n"))
		}
	}
	for i, sql := range wrong {
		if len(found[len(list)+i]) == 0 {
			t.Errorf("the grammar took %s", sql)
		}
	}
}
