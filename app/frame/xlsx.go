package frame

import (
	"archive/zip"
	"compress/flate"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"assay/app/fault"
)

// XLSXWriter writes a result as a workbook: a bold, frozen header with a
// filter, numbers of at most 15 digits, dates, times and booleans as typed
// cells, and everything else as text, never as a formula. Times keep the clock
// time they were read with, since a workbook knows no zones. What does not fit
// on a sheet goes on on the next; a last sheet of notes says what the workbook
// is and what had to be cut.
type XLSXWriter struct {
	// Sheet names the first sheet; characters that are not allowed are replaced. Empty means "Result".
	Sheet string
	// Caption and Source say in the notes what the rows are and where they come from.
	Caption, Source string
	// Time is when the rows were read; the zero time leaves it out.
	Time time.Time

	sheetRows int // in tests, fewer than a sheet has
}

// The limits of a sheet.
const (
	maxSheetRows    = 1 << 20
	maxSheetColumns = 1 << 14
	maxCellUnits    = 32767 // in UTF-16
)

// Write streams the rows to w in constant memory. An error of the first batch
// is returned before anything is written. After a later one the workbook is
// left without its directory, so that no program opens it as a whole one, and
// whoever serves it must break the connection. It does not close the rows.
func (x XLSXWriter) Write(ctx context.Context, w io.Writer, rows Rows) (Summary, error) {
	e := newEncoder(x, w)
	if e.columns = rows.Columns(); len(e.columns) > maxSheetColumns {
		return Summary{}, errWide()
	}
	s, err := encode(ctx, e, rows, e)
	if err == nil {
		err = e.err
	}
	s.Bytes = e.out.n
	return s, err
}

func errWide() error {
	return fault.New(fault.Invalid, "A sheet holds at most %d columns; choose fewer, or export as CSV", maxSheetColumns)
}

func newEncoder(x XLSXWriter, w io.Writer) *xlsxEncoder {
	e := &xlsxEncoder{XLSXWriter: x, out: &counting{w: w}}
	if e.sheetRows == 0 {
		e.sheetRows = maxSheetRows
	}
	e.zip = zip.NewWriter(e.out)
	var press *flate.Writer // one for all parts, which follow one another
	e.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (_ io.WriteCloser, err error) {
		if press != nil {
			press.Reset(w)
			return press, nil
		}
		press, err = flate.NewWriter(w, flate.BestSpeed)
		return press, err
	})
	return e
}

type counting struct {
	w io.Writer
	n int64
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

type xlsxEncoder struct {
	XLSXWriter
	out     *counting
	zip     *zip.Writer
	entry   io.Writer // the sheet being written
	err     error
	columns []Column
	styles  styles
	forms   []xlsxColumn
	head    []byte
	sheets  []sheet
	cuts    []string
	cut     int
	scratch []byte
	long    bool // some number has more digits than a spreadsheet keeps
}

// sheet is what the workbook must know of a sheet once it is written.
type sheet struct {
	name    string
	rows    int // with the header
	columns int
}

// xlsxColumn is what is the same for all cells of a column.
type xlsxColumn struct {
	name  string // "A"
	open  string // `<c r="A`
	value string // what follows the address of a typed cell: ` s="2"><v>`
	zone  string // of the first time that has one
	zones bool   // there are others
}

// Write takes the sheet's text as it is encoded.
func (e *xlsxEncoder) Write(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	n, err := e.entry.Write(p)
	e.err = err
	return n, err
}

func (e *xlsxEncoder) begin(b []byte, first *Batch) []byte {
	e.part("[Content_Types].xml", contentTypes)
	e.part("_rels/.rels", packageRels)
	e.measure(first)
	return e.open(b)
}

// measure prepares what is the same for all rows of the columns.
func (e *xlsxEncoder) measure(first *Batch) {
	widths := e.widths(first)
	e.forms = make([]xlsxColumn, len(e.columns))
	for i := range e.columns {
		name := columnName(i)
		e.forms[i] = xlsxColumn{name: name, open: `<c r="` + name, value: valueOpen(e.styles.column(&e.columns[i]))}
	}
	e.head = e.sheetHead(widths)
}

// open begins the next sheet with what they all begin with.
func (e *xlsxEncoder) open(b []byte) []byte {
	name := sheetName(e.Sheet, len(e.sheets)+1)
	if len(e.sheets) > 0 && name == e.sheets[0].name {
		name = sheetName("", len(e.sheets)+1)
	}
	return e.openAs(b, name)
}

func (e *xlsxEncoder) openAs(b []byte, name string) []byte {
	e.sheets = append(e.sheets, sheet{name: name, rows: 1, columns: len(e.columns)})
	e.create("xl/worksheets/sheet" + strconv.Itoa(len(e.sheets)) + ".xml")
	b = append(b, sheetOpen...)
	if len(e.sheets) == 1 {
		b = append(b, ` tabSelected="1"`...)
	}
	return append(b, e.head...)
}

// finish ends the sheet being written.
func (e *xlsxEncoder) finish(b []byte) []byte {
	b = append(b, "</sheetData>"...)
	if len(e.columns) > 0 {
		b = fmt.Appendf(b, `<autoFilter ref="A1:%s%d"/>`, e.forms[len(e.forms)-1].name, e.sheets[len(e.sheets)-1].rows)
	}
	b = append(b, "</worksheet>"...)
	e.Write(b)
	return b[:0]
}

func (e *xlsxEncoder) create(name string) {
	if e.err == nil {
		e.entry, e.err = e.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: e.Time})
	}
}

func (e *xlsxEncoder) part(name, content string) {
	e.create(name)
	e.Write([]byte(content))
}

func (e *xlsxEncoder) row(b []byte, batch *Batch, row int) []byte {
	at := &e.sheets[len(e.sheets)-1]
	if at.rows == e.sheetRows {
		b = e.open(e.finish(b))
		at = &e.sheets[len(e.sheets)-1]
	}
	at.rows++
	var number [20]byte
	r := strconv.AppendInt(number[:0], int64(at.rows), 10)
	b = append(b, `<row r="`...)
	b = append(b, r...)
	b = append(b, '"', '>')
	for i := range e.columns {
		v, ok := batch.Cell(row, i)
		if !ok {
			continue
		}
		b = append(b, e.forms[i].open...)
		b = append(b, r...)
		b = e.cell(append(b, '"'), i, v)
	}
	return append(b, "</row>"...)
}

// cell appends the rest of a cell after its address.
func (e *xlsxEncoder) cell(b []byte, i int, v []byte) []byte {
	c, form := &e.columns[i], &e.forms[i]
	switch c.Kind {
	case Number:
		if n, ok := plainNumber(v); ok && (c.Digits <= 0 || c.Digits >= 15) {
			b = append(b, form.value...)
			b = append(b, v[:n]...)
			return append(b, "</v></c>"...)
		}
		if s, ok := e.number(c, v); ok {
			b = append(b, form.value...)
			b = s.append(b)
			return append(b, "</v></c>"...)
		}
	case Bool:
		switch string(v) {
		case "true":
			return append(b, ` t="b"><v>1</v></c>`...)
		case "false":
			return append(b, ` t="b"><v>0</v></c>`...)
		}
	case Date, Time:
		m, ok := parseMoment(v)
		// Spreadsheets count a 29 February 1900 that never was: what is before cannot be a number.
		if !ok || m.year < 1900 || m.year == 1900 && m.month < 3 {
			break
		}
		if m.nanos != 0 {
			b = append(b, millisValue...)
		} else {
			b = append(b, form.value...)
		}
		form.see(m.zone)
		b = m.appendSerial(b)
		return append(b, "</v></c>"...)
	case Binary:
		e.scratch = append(e.scratch[:0], '\\', 'x')
		e.scratch = hex.AppendEncode(e.scratch, v)
		v = e.scratch
	}
	if formula(v) {
		b = append(b, quotedText...)
	} else {
		b = append(b, plainText...)
	}
	b = appendXMLText(b, e.fit(i, v))
	return append(b, "</is></c>"...)
}

// number returns the digits of a number that a spreadsheet keeps, which are 15.
func (e *xlsxEncoder) number(c *Column, v []byte) (s significant, ok bool) {
	d, ok := parseDecimal(v)
	if !ok {
		return s, false
	}
	s, ok = d.significant(c.Digits)
	if ok && s.n > 15 && (c.floating() || d.hasExp || c.Digits > 0) {
		s, ok = d.significant(15) // the digits beyond are the noise of a float
	}
	if !ok || s.n > 15 || s.point < -300 || s.point > 300 {
		e.long = true
		return s, false
	}
	return s, true
}

// see notes the zone of a time.
func (x *xlsxColumn) see(zone []byte) {
	switch {
	case x.zone == string(zone):
	case x.zone == "":
		x.zone = string(zone)
	default:
		x.zones = true
	}
}

// fit returns as much of a text as a cell can hold, and takes a note where that is not all.
func (e *xlsxEncoder) fit(i int, v []byte) []byte {
	if len(v) <= maxCellUnits {
		return v
	}
	units, end := 0, -1
	for at := 0; at < len(v); {
		r, n := utf8.DecodeRune(v[at:])
		w := 1
		if r > 0xFFFF {
			w = 2
		}
		if units+w > maxCellUnits && end < 0 {
			end = at
		}
		units += w
		at += n
	}
	if end < 0 {
		return v
	}
	if e.cut++; e.cut <= 100 {
		at := e.sheets[len(e.sheets)-1]
		e.cuts = append(e.cuts, fmt.Sprintf("Cell %s%d of sheet %s was cut from %d to %d characters", e.forms[i].name, at.rows, at.name, units, maxCellUnits))
	}
	return v[:end]
}

func (e *xlsxEncoder) end(b []byte, s Summary, cause error) []byte {
	b = e.finish(b)
	if cause != nil || e.err != nil {
		return b[:0]
	}
	e.close(e.notes(s))
	return b[:0]
}

// close ends the workbook with the parts that tell of all the others.
func (e *xlsxEncoder) close(notes []note) {
	if len(notes) > 0 {
		e.part("xl/worksheets/notes.xml", notesSheet(notes))
	}
	e.part("xl/styles.xml", e.styles.xml())
	e.part("xl/workbook.xml", workbook(e.sheets, len(notes) > 0))
	e.part("xl/_rels/workbook.xml.rels", workbookRels(len(e.sheets), len(notes) > 0))
	if e.err == nil {
		e.err = e.zip.Close()
	}
}
