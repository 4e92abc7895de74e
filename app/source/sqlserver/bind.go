package sqlserver

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/golang-sql/civil"
	mssql "github.com/microsoft/go-mssqldb"

	"assay/app/frame"
	"assay/app/source"
)

// bind turns arguments into typed parameters. Decimal numbers go as text, as
// the driver has no decimal parameter, and their placeholders are cast to
// exactly the precision that the value has.
func bind(text string, args []source.Arg) (string, []driver.NamedValue, error) {
	var values []driver.NamedValue
	casts := map[string]string{}
	for i, a := range args {
		v, cast, err := bindOne(a)
		if err != nil {
			return "", nil, &source.Failure{Code: source.DatabaseError, Message: fmt.Sprintf("Parameter %d: %v", i+1, err), Err: err}
		}
		values = append(values, driver.NamedValue{Ordinal: i + 1, Value: v})
		if cast != "" {
			casts[fmt.Sprintf("@P%d", i+1)] = cast
		}
	}
	if len(casts) == 0 {
		return text, values, nil
	}
	tokens, err := lex(text)
	if err != nil {
		return "", nil, err
	}
	var b strings.Builder
	from := 0
	for _, t := range tokens {
		if cast := casts[t.up]; t.kind == tokenVar && cast != "" {
			b.WriteString(text[from:t.pos])
			b.WriteString("CAST(" + t.text + " AS " + cast + ")")
			from = t.pos + len(t.text)
		}
	}
	b.WriteString(text[from:])
	return b.String(), values, nil
}

func bindOne(a source.Arg) (value any, cast string, err error) {
	if a.Null {
		return nullOf(a.Kind), "", nil
	}
	switch a.Kind {
	case frame.Number:
		return bindNumber(a.Text)
	case frame.Bool:
		switch a.Text {
		case "true":
			return true, "", nil
		case "false":
			return false, "", nil
		}
		return nil, "", fmt.Errorf("%q is neither true nor false", clip(a.Text))
	case frame.Date:
		d, err := civil.ParseDate(a.Text)
		if err != nil || d.Year < 1 || d.Year > 9999 {
			return nil, "", fmt.Errorf("%q is not a date", clip(a.Text))
		}
		return d, "", nil
	case frame.Time:
		t, ok := frame.ParseTime(a.Text)
		if !ok || t.Year() < 1 || t.Year() > 9999 {
			return nil, "", fmt.Errorf("%q is not a time", clip(a.Text))
		}
		if zoned(a.Text) {
			return mssql.DateTimeOffset(t), "", nil
		}
		return civil.DateTimeOf(t), "", nil
	case frame.Binary:
		return []byte(a.Text), "", nil
	}
	return a.Text, "", nil
}

// zoned reports whether a time in canonical form ends with its zone.
func zoned(s string) bool {
	_, clock, ok := strings.Cut(s, "T")
	return ok && strings.ContainsAny(clock, "Z+-")
}

func bindNumber(s string) (any, string, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, "", nil
	}
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) <= 1 && strings.Trim(digits, "0123456789.") == "" && strings.Count(digits, ".") <= 1 && strings.Trim(digits, ".") != "" {
		if whole, fraction, _ := strings.Cut(digits, "."); len(strings.TrimLeft(whole, "0"))+len(fraction) <= 38 {
			p, scale := precision(s)
			return s, fmt.Sprintf("decimal(%d, %d)", p, scale), nil
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, "", fmt.Errorf("%q is not a number that SQL Server has", clip(s))
	}
	return f, "", nil
}

// nullOf returns a null that knows its type, as an untyped one is not comparable everywhere.
func nullOf(k frame.Kind) any {
	switch k {
	case frame.Number:
		return sql.NullInt64{}
	case frame.Bool:
		return sql.NullBool{}
	case frame.Date:
		return mssql.NullDate{}
	case frame.Time:
		return mssql.NullDateTime{}
	case frame.Binary:
		return []byte(nil)
	}
	return sql.NullString{}
}

// declaration returns the T-SQL type of a bound value.
func declaration(v any) string {
	switch v := v.(type) {
	case int64, sql.NullInt64:
		return "bigint"
	case float64:
		return "float"
	case bool, sql.NullBool:
		return "bit"
	case civil.Date, mssql.NullDate:
		return "date"
	case civil.DateTime, mssql.NullDateTime:
		return "datetime2(7)"
	case mssql.DateTimeOffset, time.Time:
		return "datetimeoffset(7)"
	case []byte:
		return "varbinary(max)"
	case string:
		if len(v) > 4000 {
			return "nvarchar(max)"
		}
	}
	return "nvarchar(4000)"
}
