package frame

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

func TestWorkbookOfSeveralResults(t *testing.T) {
	sales := New(Column{Name: "month", Kind: Text}, Column{Name: "revenue", Kind: Number})
	sales.AppendTexts("2026-01", "10.5")
	sales.AppendTexts("2026-02", "11")
	sales.Truncated = true
	formula := New(Column{Name: "who", Kind: Text})
	formula.AppendTexts("=1+1")
	long := strings.Repeat("é🙂", 20)
	var out bytes.Buffer
	w := WorkbookWriter{Caption: "Monday", Sheets: []Sheet{{"Sales: north/south", sales, time.Date(2026, 3, 1, 7, 30, 0, 0, time.UTC)}, {"sales north south", formula, time.Time{}}, {long, New(Column{Name: "n", Kind: Number}), time.Time{}},
		{long, formula, time.Time{}}, {"Notes", formula, time.Time{}}, {"", formula, time.Time{}}}}
	if err := w.Write(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	parts(t, out.Bytes())
	f, err := excelize.OpenReader(&out, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	names := f.GetSheetList()
	want := []string{"Sales north south", "sales north south 2", names[2], names[3], "Result", "Result 2", "Notes"}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
	seen := map[string]bool{}
	for _, n := range names {
		if seen[strings.ToLower(n)] || len(utf16.Encode([]rune(n))) > 31 {
			t.Errorf("the sheet's name %q is there twice or too long", n)
		}
		seen[strings.ToLower(n)] = true
	}
	for sheet, want := range map[string][][]string{
		names[0]: {{"month", "revenue"}, {"2026-01", "10.5"}, {"2026-02", "11"}},
		names[1]: {{"who"}, {"=1+1"}},
		names[2]: {{"n"}},
		names[6]: {{"Title", "Monday"}, {names[0], "Sales: north/south; 2 rows of more; read at 2026-03-01 07:30:00 UTC"}, {names[1], "sales north south; 1 row"}, {names[2], long + "; 0 rows"}, {names[3], long + "; 1 row"},
			{"Result", "Notes; 1 row"}, {"Result 2", "1 row"}},
	} {
		got, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", sheet, d)
		}
	}
	if kind, err := f.GetCellType(names[1], "A2"); err != nil || kind != excelize.CellTypeInlineString {
		t.Errorf("what looks like a formula is a %v, %v", kind, err)
	}
	var empty bytes.Buffer
	if err := (WorkbookWriter{}).Write(t.Context(), &empty); err != nil {
		t.Fatal(err)
	}
	if f, err := excelize.OpenReader(&empty); err != nil || len(f.GetSheetList()) == 0 {
		t.Errorf("a workbook of nothing: %v", err)
	}
}
