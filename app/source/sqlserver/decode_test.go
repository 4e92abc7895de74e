package sqlserver

import (
	"database/sql/driver"
	"encoding/hex"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-sql/civil"
	mssql "github.com/microsoft/go-mssqldb"

	"assay/app/frame"
	"assay/app/source"
)

func TestDecode(t *testing.T) {
	at := time.Date(2024, 1, 31, 23, 59, 59, 123456700, time.UTC)
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	guid, _ := hex.DecodeString("33221100554477668899AABBCCDDEEFF")
	for _, tt := range []struct {
		kind string
		zone *time.Location
		v    driver.Value
		want string
	}{
		{"bigint", nil, int64(math.MinInt64), "-9223372036854775808"},
		{"decimal", nil, []byte("1234567.89"), "1234567.89"},
		{"decimal", nil, []byte("0.10"), "0.10"},
		{"money", nil, []byte("9.9500"), "9.9500"},
		{"float", nil, 0.1, "0.1"},
		{"float", nil, 1e300, "1e+300"},
		{"real", nil, float64(float32(0.1)), "0.1"},
		{"real", nil, float64(float32(16777216)), "16777216"},
		{"bit", nil, true, "true"},
		{"nvarchar", nil, "żółw 🐢", "żółw 🐢"},
		{"date", nil, at, "2024-01-31"},
		{"time", nil, time.Date(1, 1, 1, 7, 0, 0, 500000000, time.UTC), "07:00:00.5"},
		{"datetime", nil, at, "2024-01-31T23:59:59.1234567"},
		{"datetime2", warsaw, at, "2024-01-31T23:59:59.1234567"},
		{"smalldatetime", nil, at.Truncate(time.Minute), "2024-01-31T23:59:00"},
		{"datetimeoffset", nil, at.In(time.FixedZone("", 5*3600+1800)), "2024-02-01T05:29:59.1234567+05:30"},
		{"datetimeoffset", nil, at, "2024-01-31T23:59:59.1234567Z"},
		{"datetimeoffset", warsaw, at, "2024-02-01T00:59:59.1234567+01:00"},
		{"uniqueidentifier", nil, guid, "00112233-4455-6677-8899-AABBCCDDEEFF"},
		{"varbinary", nil, []byte{0, 255, 16}, "\x00\xff\x10"},
		{"xml", nil, "<a/>", "<a/>"},
		{"hierarchyid", nil, []byte{0x58}, "X"},
		{"sql_variant", nil, int64(5), "5"},
		{"sql_variant", nil, []byte("-1.50"), "-1.50"},
		{"sql_variant", nil, []byte{0, 255}, "0x00ff"},
		{"sql_variant", nil, guid, "00112233-4455-6677-8899-AABBCCDDEEFF"},
		{"sql_variant", nil, "text", "text"},
		{"sql_variant", nil, at, "2024-01-31T23:59:59.1234567"},
		{"sql_variant", nil, at.In(time.FixedZone("", 3600)), "2024-02-01T00:59:59.1234567+01:00"},
		{"sql_variant", nil, time.Date(1, 1, 1, 7, 0, 0, 0, time.UTC), "07:00:00"},
	} {
		if got := string(decoderOf(tt.kind, tt.zone)(nil, tt.v)); got != tt.want {
			t.Errorf("%s %v: got %s, want %s", tt.kind, tt.v, got, tt.want)
		}
	}
}

// clr answers like the rows of go-mssqldb: it panics for CLR types of its users.
type clr struct{ name string }

func (c clr) ColumnTypeDatabaseTypeName(int) string {
	if c.name == "" {
		panic("not implemented")
	}
	return c.name
}
func (clr) ColumnTypePrecisionScale(int) (int64, int64, bool) { return 38, 7, true }
func (clr) ColumnTypeLength(int) (int64, bool)                { return 2147483645 / 2, true }

func TestColumnOf(t *testing.T) {
	for _, tt := range []struct {
		name string
		want frame.Column
	}{
		{"DECIMAL", frame.Column{Type: "decimal(38,7)", Kind: frame.Number}},
		{"DATETIME2", frame.Column{Type: "datetime2(7)", Kind: frame.Time}},
		{"TIME", frame.Column{Type: "time(7)", Kind: frame.Other}},
		{"NVARCHAR", frame.Column{Type: "nvarchar(max)", Kind: frame.Text}},
		{"VARBINARY", frame.Column{Type: "varbinary(max)", Kind: frame.Binary}},
		{"GEOGRAPHY", frame.Column{Type: "geography", Kind: frame.Binary}},
		{"SQL_VARIANT", frame.Column{Type: "sql_variant", Kind: frame.Other}},
		{"POINT3D", frame.Column{Type: "point3d", Kind: frame.Other}},
		{"", frame.Column{Type: "unknown", Kind: frame.Other}},
	} {
		if got := columnOf(clr{tt.name}, 0, ""); got != tt.want {
			t.Errorf("%q: %+v", tt.name, got)
		}
	}
}

func TestTypeName(t *testing.T) {
	for _, tt := range []struct {
		name                     string
		length, precision, scale int
		want                     string
	}{
		{"nvarchar", 240, 0, 0, "nvarchar(120)"}, {"nvarchar", -1, 0, 0, "nvarchar(max)"}, {"varchar", 20, 0, 0, "varchar(20)"},
		{"decimal", 9, 10, 2, "decimal(10,2)"}, {"datetime2", 8, 27, 7, "datetime2(7)"}, {"int", 4, 10, 0, "int"}, {"xml", -1, 0, 0, "xml"},
	} {
		if got := typeName(tt.name, tt.length, tt.precision, tt.scale); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestBind(t *testing.T) {
	at := time.Date(2024, 1, 31, 23, 59, 59, 123456700, time.UTC)
	for _, tt := range []struct {
		kind frame.Kind
		text string
		want any
		cast string
	}{
		{frame.Number, "9223372036854775807", int64(math.MaxInt64), ""},
		{frame.Number, "-12", int64(-12), ""},
		{frame.Number, "9223372036854775808", "9223372036854775808", "decimal(19, 0)"},
		{frame.Number, "-0.10", "-0.10", "decimal(2, 2)"},
		{frame.Number, "1e300", 1e300, ""},
		{frame.Number, "1." + strings.Repeat("3", 40), 1.3333333333333333, ""},
		{frame.Text, "x'; DROP TABLE t --", "x'; DROP TABLE t --", ""},
		{frame.JSON, "{}", "{}", ""},
		{frame.Bool, "true", true, ""},
		{frame.Date, "2024-02-29", civil.Date{Year: 2024, Month: 2, Day: 29}, ""},
		{frame.Time, "2024-01-31T23:59:59.1234567", civil.DateTimeOf(at), ""},
		{frame.Time, "2024-01-31T23:59:59.1234567Z", mssql.DateTimeOffset(at), ""},
		{frame.Binary, "\x00\xff", []byte{0, 255}, ""},
	} {
		got, cast, err := bindOne(source.Arg{Kind: tt.kind, Text: tt.text})
		if err != nil || !reflect.DeepEqual(got, tt.want) || cast != tt.cast {
			t.Errorf("%s %s: %#v, %q, %v", tt.kind, tt.text, got, cast, err)
		}
	}
	for _, a := range []source.Arg{
		{Kind: frame.Number, Text: "1); DROP"}, {Kind: frame.Number, Text: "NaN"}, {Kind: frame.Number, Text: ""}, {Kind: frame.Number, Text: "1.2.3"},
		{Kind: frame.Bool, Text: "yes"}, {Kind: frame.Date, Text: "2024-02-30"}, {Kind: frame.Time, Text: "soon"}, {Kind: frame.Date, Text: "0000-01-01"},
	} {
		if v, _, err := bindOne(a); err == nil {
			t.Errorf("%s %q was bound as %v", a.Kind, a.Text, v)
		}
	}
}
