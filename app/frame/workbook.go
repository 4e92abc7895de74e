package frame

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// WorkbookWriter writes several results as one workbook, each on a sheet of its
// own that looks as that of an XLSXWriter; a last sheet of notes says of each
// what it is.
type WorkbookWriter struct {
	// Caption says in the notes what all of it is.
	Caption string
	Sheets  []Sheet
}

// Sheet is one of a workbook's results.
type Sheet struct {
	// Name is that of the sheet; characters that are not allowed are replaced, and
	// of two alike the second gets a number.
	Name  string
	Frame *Frame
	// Time is when the rows were read; the zero time leaves it out.
	Time time.Time
}

// Write writes the workbook to w; what is larger than a sheet is cut, as the notes say.
func (x WorkbookWriter) Write(ctx context.Context, w io.Writer) error {
	e := &bookEncoder{xlsxEncoder: newEncoder(XLSXWriter{}, w)}
	e.part("[Content_Types].xml", contentTypes)
	e.part("_rels/.rels", packageRels)
	if x.Caption != "" {
		e.said = append(e.said, note{"Title", x.Caption})
	}
	sheets := x.Sheets
	if len(sheets) == 0 {
		sheets = []Sheet{{Frame: New()}} // a workbook has a sheet
	}
	for _, s := range sheets {
		if e.columns = s.Frame.Columns; len(e.columns) > maxSheetColumns {
			return errWide()
		}
		e.sheet = s
		e.Time = s.Time
		if _, err := encode(ctx, e.xlsxEncoder, Limit(s.Frame.Reader(), maxSheetRows-1), e); err != nil {
			return err
		}
	}
	if e.long {
		e.said = append(e.said, note{"Numbers", "Numbers of more than 15 digits are kept as text, because a spreadsheet would change them"})
	}
	for _, text := range e.cuts {
		e.said = append(e.said, note{"Cut", text})
	}
	if more := e.cut - len(e.cuts); more > 0 {
		e.said = append(e.said, note{"Cut", fmt.Sprintf("Further cells cut: %d", more)})
	}
	e.close(e.said)
	return e.err
}

// bookEncoder writes one sheet after another.
type bookEncoder struct {
	*xlsxEncoder
	sheet Sheet
	said  []note
}

func (e *bookEncoder) begin(b []byte, first *Batch) []byte {
	e.measure(first)
	name := sheetName(e.sheet.Name, 1)
	for n := 2; slices.ContainsFunc(e.sheets, func(s sheet) bool { return strings.EqualFold(s.name, name) }); n++ {
		name = sheetName(e.sheet.Name, n)
	}
	return e.openAs(b, name)
}

func (e *bookEncoder) end(b []byte, s Summary, _ error) []byte {
	b = e.finish(b)
	words := []string{fmt.Sprintf("%d rows", s.Rows)}
	if s.Rows == 1 {
		words[0] = "1 row"
	}
	if s.Truncated {
		words[0] += " of more"
	}
	if title := strings.TrimSpace(e.sheet.Name); title != "" && title != e.sheets[len(e.sheets)-1].name {
		words = append([]string{title}, words...)
	}
	if !e.sheet.Time.IsZero() {
		words = append(words, "read at "+e.sheet.Time.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	words = append(words, e.zones()...)
	e.said = append(e.said, note{e.sheets[len(e.sheets)-1].name, strings.Join(words, "; ")})
	return b
}
