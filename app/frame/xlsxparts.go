package frame

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	xmlOpen = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainNS  = `"http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	relNS   = `"http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	packNS  = `"http://schemas.openxmlformats.org/package/2006/relationships"`

	// The default for XML is a sheet, because this part goes out before it is known how many there will be.
	contentTypes = xmlOpen + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>` +
		`</Types>`
	packageRels = xmlOpen + `<Relationships xmlns=` + packNS + `>` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>` +
		`</Relationships>`

	sheetOpen = xmlOpen + `<worksheet xmlns=` + mainNS + `><sheetViews><sheetView workbookViewId="0"`
)

// The fixed cell formats, in the order in which styles.xml lists them.
const (
	styleGeneral = iota
	styleHeader
	styleDate
	styleTime
	styleMillis
	styleQuoted // a text that would be a formula if somebody confirmed it in the cell again
	styleWrap
	stylesFixed
)

var (
	millisValue = valueOpen(styleMillis)
	quotedText  = fmt.Sprintf(` s="%d" t="inlineStr"><is>`, styleQuoted)
	headerText  = fmt.Sprintf(` s="%d" t="inlineStr"><is>`, styleHeader)
	wrapText    = fmt.Sprintf(` s="%d" t="inlineStr"><is>`, styleWrap)
)

const plainText = ` t="inlineStr"><is>`

func valueOpen(style int) string {
	if style == styleGeneral {
		return `><v>`
	}
	return fmt.Sprintf(` s="%d"><v>`, style)
}

// styles collects the number formats that the columns need beyond the fixed ones.
type styles struct{ formats []string }

// column returns the cell format of a column's typed values.
func (s *styles) column(c *Column) int {
	switch c.Kind {
	case Date:
		return styleDate
	case Time:
		return styleTime
	case Number:
		scale, ok := c.scale()
		switch {
		case c.role() != amount && (!ok || scale == 0):
			return s.add("0")
		case !ok:
			return styleGeneral
		case scale == 0:
			return s.add("#,##0")
		}
		return s.add("#,##0." + strings.Repeat("0", scale))
	}
	return styleGeneral
}

func (s *styles) add(format string) int {
	i := slices.Index(s.formats, format)
	if i < 0 {
		i = len(s.formats)
		s.formats = append(s.formats, format)
	}
	return stylesFixed + i
}

func (s *styles) xml() string {
	const first = 164 // the first number of a format that is not built in
	formats := append([]string{`yyyy\-mm\-dd`, `yyyy\-mm\-dd\ hh:mm:ss`, `yyyy\-mm\-dd\ hh:mm:ss.000`}, s.formats...)
	var b strings.Builder
	b.WriteString(xmlOpen + `<styleSheet xmlns=` + mainNS + `>`)
	fmt.Fprintf(&b, `<numFmts count="%d">`, len(formats))
	for i, f := range formats {
		fmt.Fprintf(&b, `<numFmt numFmtId="%d" formatCode="%s"/>`, first+i, f)
	}
	b.WriteString(`</numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>` +
		`<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>`)
	fmt.Fprintf(&b, `<cellXfs count="%d">`, stylesFixed+len(s.formats))
	xf := func(format, font int, more string) {
		fmt.Fprintf(&b, `<xf numFmtId="%d" fontId="%d" fillId="0" borderId="0" xfId="0"%s`, format, font, more)
	}
	const number, top = ` applyNumberFormat="1"/>`, ` applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf>`
	xf(0, 0, `/>`)
	xf(0, 1, ` applyFont="1"/>`)
	xf(first, 0, number)
	xf(first+1, 0, number)
	xf(first+2, 0, number)
	xf(0, 0, ` quotePrefix="1"/>`)
	xf(0, 0, top)
	for i := range s.formats {
		xf(first+3+i, 0, number)
	}
	b.WriteString(`</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`)
	return b.String()
}

// sheetHead returns what follows the opening of a sheet's view, up to and with the header row.
func (e *xlsxEncoder) sheetHead(widths []int) []byte {
	b := []byte(`><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>` +
		`<selection pane="bottomLeft" activeCell="A2" sqref="A2"/></sheetView></sheetViews>`)
	if len(widths) > 0 {
		b = append(b, "<cols>"...)
		for i, w := range widths {
			b = fmt.Appendf(b, `<col min="%d" max="%d" width="%d" customWidth="1"/>`, i+1, i+1, w)
		}
		b = append(b, "</cols>"...)
	}
	b = append(b, `<sheetData><row r="1">`...)
	for i, c := range e.columns {
		name := []byte(c.Name)
		if len(name) > maxCellUnits {
			name = name[:maxCellUnits]
		}
		b = append(b, e.forms[i].open...)
		b = append(b, '1', '"')
		b = append(b, headerText...)
		b = appendXMLText(b, name)
		b = append(b, "</is></c>"...)
	}
	return append(b, "</row>"...)
}

// widths returns the columns' widths in characters, from the header and the first rows.
func (e *xlsxEncoder) widths(first *Batch) []int {
	const least, most, sample = 7, 60, 200
	widths := make([]int, len(e.columns))
	for i, c := range e.columns {
		w := utf8.RuneCountInString(c.Name) + 2 // room for the filter's button
		for r := range min(first.Rows(), sample) {
			v, ok := first.Cell(r, i)
			if !ok {
				continue
			}
			v = v[:min(len(v), 4*most)]
			n := utf8.RuneCount(v)
			switch c.Kind {
			case Number:
				n += n / 3
			case Time:
				n = min(n, 19)
			case Text, Other, JSON:
				line, longest := 0, 0
				for _, ch := range string(v) {
					if line++; ch == '\n' {
						line = 0
					}
					longest = max(longest, line)
				}
				n = longest
			}
			w = max(w, n)
		}
		widths[i] = min(max(w+1, least), most)
	}
	return widths
}

func workbook(sheets []sheet, notes bool) string {
	var b strings.Builder
	b.WriteString(xmlOpen + `<workbook xmlns=` + mainNS + ` xmlns:r=` + relNS + `><bookViews><workbookView activeTab="0"/></bookViews><sheets>`)
	for i, s := range sheets {
		fmt.Fprintf(&b, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, xmlAttr(s.name), i+1, i+1)
	}
	if notes {
		fmt.Fprintf(&b, `<sheet name="%s" sheetId="%d" r:id="rIdNotes"/>`, notesName, len(sheets)+1)
	}
	b.WriteString(`</sheets>`)
	filtered := ""
	for i, s := range sheets {
		if s.columns > 0 {
			filtered += fmt.Sprintf(`<definedName name="_xlnm._FilterDatabase" localSheetId="%d" hidden="1">'%s'!$A$1:$%s$%d</definedName>`,
				i, xmlAttr(strings.ReplaceAll(s.name, "'", "''")), columnName(s.columns-1), s.rows)
		}
	}
	if filtered != "" {
		b.WriteString(`<definedNames>` + filtered + `</definedNames>`)
	}
	b.WriteString(`</workbook>`)
	return b.String()
}

func workbookRels(sheets int, notes bool) string {
	const kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	var b strings.Builder
	b.WriteString(xmlOpen + `<Relationships xmlns=` + packNS + `>`)
	for i := range sheets {
		fmt.Fprintf(&b, `<Relationship Id="rId%d" Type="%sworksheet" Target="worksheets/sheet%d.xml"/>`, i+1, kind, i+1)
	}
	if notes {
		fmt.Fprintf(&b, `<Relationship Id="rIdNotes" Type="%sworksheet" Target="worksheets/notes.xml"/>`, kind)
	}
	fmt.Fprintf(&b, `<Relationship Id="rIdStyles" Type="%sstyles" Target="styles.xml"/></Relationships>`, kind)
	return b.String()
}

const notesName = "Notes"

// note is a row of the notes.
type note struct{ label, text string }

// notes says what the workbook is and what is not as it was.
func (e *xlsxEncoder) notes(s Summary) []note {
	var list []note
	add := func(label, format string, args ...any) {
		list = append(list, note{label, fmt.Sprintf(format, args...)})
	}
	if e.Caption != "" {
		add("Title", "%s", e.Caption)
	}
	if e.Source != "" {
		add("Source", "%s", e.Source)
	}
	if !e.Time.IsZero() {
		add("Read at", "%s", e.Time.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	if s.Truncated {
		add("Incomplete", "The result has more rows than these %d", s.Rows)
	}
	if len(e.sheets) > 1 {
		add("Sheets", "The %d rows go on over %d sheets", s.Rows, len(e.sheets))
	}
	if e.long {
		add("Numbers", "Numbers of more than 15 digits are kept as text, because a spreadsheet would change them")
	}
	for _, text := range e.zones() {
		add("Times", "%s", text)
	}
	for _, text := range e.cuts {
		add("Cut", "%s", text)
	}
	if more := e.cut - len(e.cuts); more > 0 {
		add("Cut", "Further cells cut: %d", more)
	}
	if len(list) > 0 {
		list = slices.Insert(list, min(len(list), 3), note{"Rows", strconv.FormatInt(s.Rows, 10)})
	}
	return list
}

// zones says in which zones the columns' times are.
func (e *xlsxEncoder) zones() (list []string) {
	for i := range e.forms {
		switch f, name := &e.forms[i], e.columns[i].Name; {
		case f.zones:
			list = append(list, "Column "+name+" holds clock times whose distance from UTC varies")
		case f.zone == "Z":
			list = append(list, "Column "+name+" is in UTC")
		case f.zone != "":
			list = append(list, "Column "+name+" is in UTC"+f.zone)
		}
	}
	return list
}

func notesSheet(notes []note) string {
	b := []byte(sheetOpen + `/></sheetViews><cols><col min="1" max="1" width="14" customWidth="1"/>` +
		`<col min="2" max="2" width="100" customWidth="1"/></cols><sheetData>`)
	for i, n := range notes {
		b = fmt.Appendf(b, `<row r="%d"><c r="A%d"%s`, i+1, i+1, headerText)
		b = appendXMLText(b, []byte(n.label))
		b = fmt.Appendf(b, `</is></c><c r="B%d"%s`, i+1, wrapText)
		text := []rune(n.text)
		b = appendXMLText(b, []byte(string(text[:min(len(text), maxCellUnits/2)])))
		b = append(b, "</is></c></row>"...)
	}
	return string(append(b, "</sheetData></worksheet>"...))
}

// sheetName returns the name of the n-th sheet (from 1), at most 31 UTF-16
// units long, without the characters that a sheet's name must not have.
func sheetName(name string, n int) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError || r < 0x20 || r == 0x7F || r == 0xFFFE || r == 0xFFFF:
			return -1
		case strings.ContainsRune(`[]:*?/\`, r):
			return ' '
		}
		return r
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	suffix := ""
	if n > 1 {
		suffix = " " + strconv.Itoa(n)
	}
	trim := func(s string) string { return strings.Trim(s, "' ") }
	name = trim(name)
	for name != "" && len(utf16.Encode([]rune(name)))+len(suffix) > 31 {
		_, size := utf8.DecodeLastRuneInString(name)
		name = trim(name[:len(name)-size])
	}
	if name == "" || strings.EqualFold(name, notesName) || strings.EqualFold(name, "history") {
		name = "Result"
	}
	return name + suffix
}

// columnName returns the letters of the i-th column (from 0).
func columnName(i int) string {
	name := ""
	for i++; i > 0; i = (i - 1) / 26 {
		name = string(rune('A'+(i-1)%26)) + name
	}
	return name
}

func xmlAttr(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}

// xmlPlain marks the bytes that stand for themselves in a cell's text; an
// underscore may begin what a spreadsheet reads as an escape.
var xmlPlain = func() (t [256]bool) {
	for c := range utf8.RuneSelf {
		t[c] = c >= 0x20 && c != '<' && c != '>' && c != '&' && c != '_' || c == '\t' || c == '\n'
	}
	return t
}()

// appendXMLText appends a text as a cell's content. What XML cannot hold is
// written as _x001B_, as spreadsheets do; what is not UTF-8 becomes U+FFFD.
func appendXMLText(b, v []byte) []byte {
	const hex = "0123456789ABCDEF"
	if len(v) > 0 && (v[0] <= ' ' || v[len(v)-1] <= ' ') {
		b = append(b, `<t xml:space="preserve">`...)
	} else {
		b = append(b, "<t>"...)
	}
	for len(v) > 0 {
		n := 0
		for n < len(v) && xmlPlain[v[n]] {
			n++
		}
		b = append(b, v[:n]...)
		if v = v[n:]; len(v) == 0 {
			break
		}
		if v[0] >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(v)
			if r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF {
				b = append(b, "\uFFFD"...)
			} else {
				b = append(b, v[:n]...)
			}
			v = v[n:]
			continue
		}
		switch c := v[0]; c {
		case '<':
			b = append(b, "&lt;"...)
		case '>':
			b = append(b, "&gt;"...)
		case '&':
			b = append(b, "&amp;"...)
		case '_':
			if xmlEscape(v) {
				b = append(b, "_x005F"...)
			}
			b = append(b, '_')
		default:
			b = append(b, '_', 'x', '0', '0', hex[c>>4], hex[c&0xf], '_')
		}
		v = v[1:]
	}
	return append(b, "</t>"...)
}

// xmlEscape reports whether v begins like _x001B_.
func xmlEscape(v []byte) bool {
	if len(v) < 7 || v[1] != 'x' || v[6] != '_' {
		return false
	}
	for _, c := range v[2:6] {
		if c-'0' > 9 && (c|0x20)-'a' > 5 {
			return false
		}
	}
	return true
}
