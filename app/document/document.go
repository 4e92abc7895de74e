// Package document is the common form of what people read: a report, a dashboard
// on paper, a mail. It says what stands where, with every drawing and figure
// already made; page, print, mail and PDF show the same one.
package document

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Document is a title and blocks, in reading order.
type Document struct {
	Title, Subtitle string
	// Language is a BCP 47 tag such as "en".
	Language string
	// At is when the document was made, in the zone its times are told in.
	At time.Time
	// Facts say of the whole where it comes from: source, filters, time zone, time.
	Facts []Fact
	// URL is where the document can be read online, "" for nowhere.
	URL string
	// Contents asks for a table of contents.
	Contents bool
	// Theme names the look on paper: "" or "report", "plain", "compact".
	Theme  string
	Blocks []Block
}

// Fact is a word and what it is.
type Fact struct{ Name, Text string }

// Block is one of the types of this package with a block method.
type Block interface{ block() }

// Heading opens a section. Level is 1 (below the document's title) to 4; ID is
// unique in its document and fit for an address.
type Heading struct {
	Level int
	ID    string
	Text  []Inline
}

// Paragraph is running text.
type Paragraph struct{ Text []Inline }

// List has items of blocks; an ordered one counts from Start.
type List struct {
	Ordered bool
	Start   int
	Items   [][]Block
}

// Quote holds what somebody else said, or, as a Finding, what was found.
type Quote struct {
	Blocks  []Block
	Finding bool
}

// Code is text as it was written.
type Code struct{ Language, Text string }

// Rule is a line across.
type Rule struct{}

// PageBreak begins a page on paper.
type PageBreak struct{}

// Contents is where the table of contents stands; a document with Contents set
// and no such block has it at its beginning.
type Contents struct{}

// Row sets cells side by side; their spans add up to at most 12.
type Row struct{ Cells []Cell }

// Cell is a part of a Row, Span twelfths wide.
type Cell struct {
	Span   int
	Blocks []Block
}

// Grid is a written table.
type Grid struct{ Table Table }

// Figure is what a question answered: exactly one of Drawing, Table, Number,
// Note and Failure is set, and a drawing may come with the table of its data.
type Figure struct {
	// ID is unique in its document and fit for an address.
	ID              string
	Title, Subtitle string
	// URL is where the question is asked, "" for nowhere a reader may go.
	URL     string
	Drawing *Drawing
	Table   *Table
	Number  *Number
	// Note says why there is nothing to show: no rows, values missing.
	Note    string
	Failure *Failure
	// Data are the drawing's numbers.
	Data *Table
	// Notes say what was cut, dropped or rounded.
	Notes []string
	// Caption says where it comes from: connection, filters, rows, zone, time.
	Caption string
	// Source is the connection's name, where the caption tells it.
	Source string
	// At is when the database answered; zero where nothing did.
	At time.Time
	// Span is how wide the figure wants to be in twelfths, 0 for all.
	Span int
}

// Drawing is a chart as SVG, drawn on the server: a wide one that every medium
// shows, and a narrow one for small screens.
type Drawing struct {
	SVG, Narrow []byte
	// Width and Height are the size of SVG in CSS pixels.
	Width, Height int
	// Description says in words what is drawn.
	Description string
	// OptionURL is where a browser gets the chart's option to make it interactive.
	OptionURL string
}

// Hash is the SHA-256 of the wide drawing in hex: the same in page, mail and PDF.
func (d *Drawing) Hash() string {
	sum := sha256.Sum256(d.SVG)
	return hex.EncodeToString(sum[:])
}

// Number is a single figure.
type Number struct {
	Value, Label string
	// Delta is the difference in words, Direction "up", "down", "flat" or "".
	Delta, Direction string
}

// Under is what stands below the figure: its label, unless the title above says
// the same.
func (n *Number) Under(title string) string {
	if strings.EqualFold(n.Label, title) {
		return ""
	}
	return n.Label
}

// Table is rows for people.
type Table struct {
	Label   string
	Columns []Column
	Rows    [][]Value
	// More says what is not listed.
	More string
	// Behind says for each row, and Over for each column, which values of the
	// answer's columns stand behind its numbers; both are nil or as long as Rows and
	// Columns, with nothing where nothing can be drilled into.
	Behind, Over [][]Mark
}

// Mark is a column of an answer and the value that it has behind a number.
type Mark struct {
	Column, Value string
	Null          bool
}

// Column heads a table's column.
type Column struct {
	Name, Unit, Type string
	Numeric          bool
	Whole            bool // its values are not broken over lines
}

// Value is one cell of a table. Where the drawing or table can be drilled into,
// URL is the address of what is behind it.
type Value struct {
	Text string
	Null bool
	Cut  bool
	URL  string
}

// Failure is why something has no answer, in words for people.
type Failure struct{ Title, Message, Hint, Position string }

// Inline is a run of text in one dress.
type Inline struct {
	Text   string
	Strong bool
	Slant  bool
	Code   bool
	Struck bool
	// Break ends the line after the text.
	Break bool
	// URL makes it a link.
	URL string
	// Ref says that the text is a figure that code filled in, and from where.
	Ref *Ref
}

// Ref is where a figure comes from: one cell of an answer.
type Ref struct {
	// Question is the id of the saved question, Row counts from 0, Column is its name.
	Question string
	Row      int
	Column   string
	// Value is the cell's exact value as the database gave it.
	Value string
	// Failed says that there is no such cell; the inline's text tells why.
	Failed bool
}

func (Heading) block()   {}
func (Paragraph) block() {}
func (List) block()      {}
func (Quote) block()     {}
func (Code) block()      {}
func (Rule) block()      {}
func (PageBreak) block() {}
func (Contents) block()  {}
func (Row) block()       {}
func (Grid) block()      {}
func (Figure) block()    {}
