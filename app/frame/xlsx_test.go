package frame

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"assay/app/fault"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// workbookOf writes the rows and opens what came of it, after a look at the XML of every part.
func workbookOf(t *testing.T, x XLSXWriter, rows Rows) *excelize.File {
	t.Helper()
	var out bytes.Buffer
	s, err := x.Write(context.Background(), &out, rows)
	if err != nil {
		t.Fatal(err)
	}
	if s.Bytes != int64(out.Len()) {
		t.Errorf("%d bytes written, %d counted", out.Len(), s.Bytes)
	}
	for name, part := range parts(t, out.Bytes()) {
		d := xml.NewDecoder(strings.NewReader(part))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	f, err := excelize.OpenReader(&out, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func parts(t *testing.T, file []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := all[f.Name]; twice {
			t.Errorf("two parts %s", f.Name)
		}
		all[f.Name] = string(text)
	}
	return all
}

func TestXLSXCells(t *testing.T) {
	const text = excelize.CellTypeInlineString
	number := excelize.CellTypeUnset // a cell without a type is a number
	tests := []struct {
		c        Column
		in, want string
		kind     excelize.CellType
		format   string
	}{
		{Column{Kind: Number}, "12.50", "12.5", number, ""},
		{Column{Kind: Number}, "-5", "-5", number, ""},
		{Column{Kind: Number, Type: "numeric(10,2)"}, "1234.50", "1234.5", number, "#,##0.00"},
		{Column{Kind: Number, Type: "bigint"}, "1234", "1234", number, "#,##0"},
		{Column{Kind: Number, Type: "bigint", Name: "customer_id"}, "1234", "1234", number, "0"},
		{Column{Kind: Number, Type: "integer", Name: "year"}, "2024", "2024", number, "0"},
		{Column{Kind: Number}, "123456789012345", "123456789012345", number, ""},
		{Column{Kind: Number}, "1234567890123456", "1234567890123456", text, ""},
		{Column{Kind: Number}, "0.30000000000000004", "0.30000000000000004", text, ""},
		{Column{Kind: Number, Type: "double precision"}, "0.30000000000000004", "0.3", number, ""},
		{Column{Kind: Number}, "1e+30", "1e+30", number, ""},
		{Column{Kind: Number, Digits: 3}, "1.23456", "1.23", number, ""},
		{Column{Kind: Number}, "NaN", "NaN", text, ""},
		{Column{Kind: Number}, "-Infinity", "-Infinity", text, ""},
		{Column{Kind: Bool}, "true", "1", excelize.CellTypeBool, ""},
		{Column{Kind: Bool}, "false", "0", excelize.CellTypeBool, ""},
		{Column{Kind: Bool}, "maybe", "maybe", text, ""},
		{Column{Kind: Date}, "2024-01-31", "45322", number, `yyyy\-mm\-dd`},
		{Column{Kind: Date}, "1900-03-01", "61", number, `yyyy\-mm\-dd`},
		{Column{Kind: Date}, "1900-02-28", "1900-02-28", text, ""},
		{Column{Kind: Date}, "2024-02-30", "2024-02-30", text, ""},
		{Column{Kind: Date}, "0044-03-15 BC", "0044-03-15 BC", text, ""},
		{Column{Kind: Time}, "2024-01-31T12:00:00", "45322.5", number, `yyyy\-mm\-dd\ hh:mm:ss`},
		{Column{Kind: Time}, "2024-01-31T06:00:00+02:00", "45322.25", number, `yyyy\-mm\-dd\ hh:mm:ss`},
		{Column{Kind: Time}, "2024-01-31T00:00:00.5Z", "45322.000005787", number, `yyyy\-mm\-dd\ hh:mm:ss.000`},
		{Column{Kind: Time}, "2024-01-31T23:59:59.25", "45322.9999913194", number, `yyyy\-mm\-dd\ hh:mm:ss.000`},
		{Column{Kind: Time}, "infinity", "infinity", text, ""},
		{Column{Kind: Text}, "=1+1", "=1+1", text, ""},
		{Column{Kind: Text}, "12", "12", text, ""},
		{Column{Kind: Text}, "", "", text, ""},
		{Column{Kind: Text}, "  spaces and\nlines\t", "  spaces and\nlines\t", text, ""},
		{Column{Kind: Text}, `<b>&amp; "x"</b>`, `<b>&amp; "x"</b>`, text, ""},
		{Column{Kind: Text}, "Grüße, 世界 🎉", "Grüße, 世界 🎉", text, ""},
		{Column{Kind: Text}, "nul\x00 esc\x1b cr\r", "nul\x00 esc\x1b cr\r", text, ""},
		{Column{Kind: Text}, "not an escape: _x001B_ _x _", "not an escape: _x001B_ _x _", text, ""},
		{Column{Kind: Text}, "bad\xff\uFFFE", "bad\uFFFD\uFFFD", text, ""},
		{Column{Kind: JSON}, `{"a":1}`, `{"a":1}`, text, ""},
		{Column{Kind: Binary}, "\x00\xff", `\x00ff`, text, ""},
	}
	columns := make([]Column, len(tests))
	row := make([]string, len(tests))
	for i, tt := range tests {
		columns[i], row[i] = tt.c, tt.in
		if tt.c.Name == "" {
			columns[i].Name = "c" + strconv.Itoa(i)
		}
	}
	f := New(columns...)
	f.AppendTexts(row...)
	book := workbookOf(t, XLSXWriter{}, f.Reader())
	for i, tt := range tests {
		cell := columnName(i) + "2"
		got, err := book.GetCellValue("Result", cell)
		if err != nil {
			t.Fatal(err)
		}
		if got != tt.want {
			t.Errorf("%s %q: got %q, want %q", tt.c.Kind, tt.in, got, tt.want)
		}
		kind, err := book.GetCellType("Result", cell)
		if err != nil || kind != tt.kind {
			t.Errorf("%s %q: cell type %v, want %v (%v)", tt.c.Kind, tt.in, kind, tt.kind, err)
		}
		if formula, err := book.GetCellFormula("Result", cell); formula != "" || err != nil {
			t.Errorf("%q is the formula %q (%v)", tt.in, formula, err)
		}
		id, err := book.GetCellStyle("Result", cell)
		if err != nil {
			t.Fatal(err)
		}
		style, err := book.GetStyle(id)
		if err != nil {
			t.Fatal(err)
		}
		format := ""
		if style.CustomNumFmt != nil {
			format = *style.CustomNumFmt
		}
		if format != tt.format {
			t.Errorf("%s %q: format %q, want %q", tt.c.Kind, tt.in, format, tt.format)
		}
		// A date that is written as a number must come back as the same day.
		if strings.HasPrefix(tt.format, "yyyy") {
			days, _ := strconv.ParseFloat(got, 64)
			if back, err := excelize.ExcelDateToTime(days, false); err != nil || back.Format(time.DateOnly) != tt.in[:10] {
				t.Errorf("%s came back as %v (%v)", tt.in, back, err)
			}
		}
	}
}

func TestXLSXSheet(t *testing.T) {
	f := New(Column{Name: "=name", Kind: Text}, Column{Name: "n", Kind: Number}, Column{Name: "note", Kind: Text})
	f.Append(ptr("a"), nil, ptr(strings.Repeat("long ", 40)))
	f.Append(nil, ptr("2"), nil)
	book := workbookOf(t, XLSXWriter{Sheet: "Orders: 2024/01 [draft]"}, f.Reader())
	sheet := "Orders 2024 01 draft"
	if diff := cmp.Diff([]string{sheet}, book.GetSheetList()); diff != "" {
		t.Fatal(diff)
	}
	rows, err := book.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"=name", "n", "note"}, {"a", "", strings.Repeat("long ", 40)}, {"", "2"}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	id, _ := book.GetCellStyle(sheet, "B1")
	if style, err := book.GetStyle(id); err != nil || style.Font == nil || !style.Font.Bold {
		t.Errorf("the header is not bold: %v", err)
	}
	if panes, err := book.GetPanes(sheet); err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("the header is not frozen: %+v, %v", panes, err)
	}
	for column, want := range map[string]float64{"A": 8, "B": 7, "C": 60} {
		if w, err := book.GetColWidth(sheet, column); err != nil || w != want {
			t.Errorf("column %s is %v wide, want %v (%v)", column, w, want, err)
		}
	}
	filters := 0
	for _, n := range book.GetDefinedName() {
		if n.Name == "_xlnm._FilterDatabase" && n.RefersTo == "'"+sheet+"'!$A$1:$C$3" {
			filters++
		}
	}
	if filters != 1 {
		t.Errorf("no filter: %+v", book.GetDefinedName())
	}
}

func TestXLSXGoesOnOnFurtherSheets(t *testing.T) {
	f := New(Column{Name: "n", Kind: Number})
	for i := range 7 {
		f.AppendTexts(strconv.Itoa(i))
	}
	book := workbookOf(t, XLSXWriter{sheetRows: 4}, f.Reader())
	if diff := cmp.Diff([]string{"Result", "Result 2", "Result 3", "Notes"}, book.GetSheetList()); diff != "" {
		t.Fatal(diff)
	}
	var got [][]string
	for _, s := range []string{"Result", "Result 2", "Result 3"} {
		rows, err := book.GetRows(s)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, rows...)
	}
	want := [][]string{{"n"}, {"0"}, {"1"}, {"2"}, {"n"}, {"3"}, {"4"}, {"5"}, {"n"}, {"6"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestXLSXNotes(t *testing.T) {
	f := New(Column{Name: "t", Kind: Text}, Column{Name: "big", Kind: Number}, Column{Name: "at", Kind: Time}, Column{Name: "local", Kind: Time})
	f.AppendTexts(strings.Repeat("x", maxCellUnits), "12345678901234567890", "2024-01-31T00:00:00Z", "2024-01-31T00:00:00+01:00")
	f.AppendTexts(strings.Repeat("🎉", 20_000), "1", "2024-01-31T00:00:00Z", "2024-07-31T00:00:00+02:00")
	f.AppendTexts("more", "1", "", "")
	book := workbookOf(t, XLSXWriter{
		Caption: "Orders", Source: "shop, select <all>", Time: time.Date(2024, 2, 1, 9, 30, 0, 0, time.FixedZone("", 3600)),
	}, Limit(f.Reader(), 2))
	rows, err := book.GetRows("Notes")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"Title", "Orders"},
		{"Source", "shop, select <all>"},
		{"Read at", "2024-02-01 08:30:00 UTC"},
		{"Rows", "2"},
		{"Incomplete", "The result has more rows than these 2"},
		{"Numbers", "Numbers of more than 15 digits are kept as text, because a spreadsheet would change them"},
		{"Times", "Column at is in UTC"},
		{"Times", "Column local holds clock times whose distance from UTC varies"},
		{"Cut", "Cell A3 of sheet Result was cut from 40000 to 32767 characters"},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	for cell, want := range map[string]string{"A2": strings.Repeat("x", maxCellUnits), "A3": strings.Repeat("🎉", maxCellUnits/2)} {
		if got, _ := book.GetCellValue("Result", cell); got != want {
			t.Errorf("%s holds %d bytes, want %d", cell, len(got), len(want))
		}
	}
}

func TestXLSXManyCutCellsAreCounted(t *testing.T) {
	f := New(Column{Name: "t", Kind: Text})
	for range 103 {
		f.AppendTexts(strings.Repeat("x", maxCellUnits+1))
	}
	book := workbookOf(t, XLSXWriter{}, f.Reader())
	rows, err := book.GetRows("Notes")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Cut", "Further cells cut: 3"}, rows[len(rows)-1]); diff != "" || len(rows) != 102 {
		t.Errorf("%d notes; %s", len(rows), diff)
	}
}

func TestXLSXFailureLeavesNoWorkbook(t *testing.T) {
	gone := errors.New("gone")
	one := New(Column{Name: "c", Kind: Text})
	one.AppendTexts("x")
	var out bytes.Buffer
	if _, err := (XLSXWriter{}).Write(context.Background(), &out, &failing{f: one, err: gone}); !errors.Is(err, gone) {
		t.Fatal(err)
	}
	if _, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len())); err == nil {
		t.Error("half a result opens as a whole workbook")
	}
	out.Reset()
	if s, err := (XLSXWriter{}).Write(context.Background(), &out, &failing{f: New(), err: gone}); !errors.Is(err, gone) || out.Len() != 0 || s.Bytes != 0 {
		t.Errorf("at once: %d bytes, %v", out.Len(), err)
	}
	wide := &Frame{Columns: make([]Column, maxSheetColumns+1)}
	if _, err := (XLSXWriter{}).Write(context.Background(), &out, wide.Reader()); !fault.Is(err, fault.Invalid) || out.Len() != 0 {
		t.Errorf("too many columns: %v", err)
	}
}

func TestXLSXWithoutRowsOrColumns(t *testing.T) {
	if rows, err := workbookOf(t, XLSXWriter{}, New(Column{Name: "c"}).Reader()).GetRows("Result"); err != nil || len(rows) != 1 {
		t.Errorf("%v, %v", rows, err)
	}
	if rows, err := workbookOf(t, XLSXWriter{}, New().Reader()).GetRows("Result"); err != nil || len(rows) != 0 {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestSheetName(t *testing.T) {
	tests := []struct {
		in   string
		n    int
		want string
	}{
		{"", 1, "Result"}, {"", 2, "Result 2"}, {"notes", 1, "Result"}, {"History", 1, "Result"},
		{"a/b\\c?*[d]:e", 1, "a b c d e"}, {"'quoted'", 1, "quoted"}, {"it's", 3, "it's 3"}, {"///", 1, "Result"}, {"a\x00\nb\xff", 1, "ab"},
		{strings.Repeat("x", 40), 1, strings.Repeat("x", 31)}, {strings.Repeat("x", 40), 12, strings.Repeat("x", 28) + " 12"},
		{strings.Repeat("🎉", 20), 1, strings.Repeat("🎉", 15)},
	}
	for _, tt := range tests {
		if got := sheetName(tt.in, tt.n); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
	f := New(Column{Name: "n"})
	f.AppendTexts("1")
	f.AppendTexts("2")
	same := strings.Repeat("x", 29) + " 2"
	if diff := cmp.Diff([]string{same, "Result 2", "Notes"}, workbookOf(t, XLSXWriter{Sheet: same, sheetRows: 2}, f.Reader()).GetSheetList()); diff != "" {
		t.Error(diff)
	}
}

func TestColumnName(t *testing.T) {
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 701: "ZZ", 702: "AAA", maxSheetColumns - 1: "XFD"} {
		if got := columnName(i); got != want {
			t.Errorf("%d: got %s, want %s", i, got, want)
		}
	}
}

func TestXLSXAllocatesNothingPerCell(t *testing.T) {
	cost := func(f *Frame) float64 {
		return testing.AllocsPerRun(2, func() {
			if _, err := (XLSXWriter{}).Write(context.Background(), io.Discard, &whole{f: f}); err != nil {
				t.Fatal(err)
			}
		})
	}
	if a, b := cost(orders(1_000)), cost(orders(10_000)); b > a+50 {
		t.Errorf("%v allocations for 1,000 rows, %v for 10,000", a, b)
	}
}

func BenchmarkXLSX(b *testing.B) {
	benchmarkWriter(b, func(w io.Writer, rows Rows) error {
		_, err := XLSXWriter{}.Write(context.Background(), w, rows)
		return err
	})
}

func ExampleXLSXWriter() {
	f := New(Column{Name: "name", Kind: Text})
	f.AppendTexts("=1+1")
	s, err := XLSXWriter{Caption: "Names"}.Write(context.Background(), io.Discard, f.Reader())
	fmt.Println(s.Rows, err)
	// Output: 1 <nil>
}
