package api

import (
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"assay/app/document"
)

// made is a dashboard or report as it reads now.
type made struct {
	Title    string     `json:"title"`
	Subtitle string     `json:"subtitle,omitempty" doc:"What stands below the title"`
	At       *time.Time `json:"at" doc:"When it was made"`
	URL      string     `json:"url,omitempty" doc:"Where it can be read online"`
	Facts    []fact     `json:"facts" nullable:"false" doc:"Where the whole comes from: filters, parameters, time zone"`
	Blocks   []block    `json:"blocks" nullable:"false" doc:"What it says, in reading order"`
	Language string     `json:"language,omitempty" doc:"A BCP 47 tag"`
}

// fact is a word and what it is.
type fact struct {
	Name string `json:"name"`
	Text string `json:"text" doc:"What it is"`
}

// block is a part of a document; which members it has depends on its type.
type block struct {
	Type    string   `json:"type" enum:"heading,paragraph,list,quote,finding,code,rule,page_break,contents,row,table,figure" doc:"What stands there"`
	ID      string   `json:"id,omitempty"`
	Level   int      `json:"level,omitempty" doc:"Of a heading, 1 to 4"`
	Text    []span   `json:"text,omitempty" doc:"Of a heading or paragraph"`
	Code    string   `json:"code,omitempty" doc:"Of code, as it was written"`
	Start   int      `json:"start,omitempty" doc:"The first number of a list that counts"`
	Blocks  nested   `json:"blocks,omitempty" doc:"What a quote or finding holds"`
	Items   []nested `json:"items,omitempty" doc:"What the items of a list or the cells of a row hold"`
	Spans   []int    `json:"spans,omitempty" doc:"How wide the cells of a row are, in twelfths"`
	Table   *grid    `json:"table,omitempty" doc:"Of a table, and of a figure that is one or is drawn from one"`
	Figure  *figured `json:"figure,omitempty" doc:"Of a figure"`
	Counted bool     `json:"ordered,omitempty" doc:"Whether a list counts its items"`
}

// span is text in one dress.
type span struct {
	Text   string `json:"text" doc:"The words"`
	Strong bool   `json:"strong,omitempty" doc:"Bold"`
	Slant  bool   `json:"slant,omitempty" doc:"Italic"`
	Code   bool   `json:"code,omitempty"`
	Struck bool   `json:"struck,omitempty" doc:"Struck through"`
	Break  bool   `json:"break,omitempty" doc:"Whether the line ends here"`
	URL    string `json:"url,omitempty" doc:"Where it leads"`
	Ref    *ref   `json:"ref,omitempty" doc:"The cell of an answer that the text is"`
}

// ref is the cell of an answer.
type ref struct {
	Question string `json:"question" doc:"The question's id"`
	Row      int    `json:"row" doc:"Counts from 0"`
	Column   string `json:"column"`
	Value    string `json:"value" doc:"The exact value, as the database gave it"`
	Failed   bool   `json:"failed,omitempty" doc:"Whether there is no such cell; the text says why"`
}

// figured is what a question answered.
type figured struct {
	Title    string     `json:"title" doc:"What the figure is called"`
	Subtitle string     `json:"subtitle,omitempty" doc:"What stands below the title"`
	URL      string     `json:"url,omitempty" doc:"Where the question is asked"`
	Number   *single    `json:"number,omitempty" doc:"Of a single figure"`
	Drawing  *drawn     `json:"drawing,omitempty" doc:"Of a chart"`
	Note     string     `json:"note,omitempty" doc:"Why there is nothing to show"`
	Failure  *notMade   `json:"failure,omitempty" doc:"Why there is no answer"`
	Notes    []string   `json:"notes,omitempty" doc:"What was cut, left out or rounded"`
	Caption  string     `json:"caption,omitempty" doc:"Where the figure comes from"`
	At       *time.Time `json:"at,omitempty"`
}

type single struct {
	Value     string `json:"value" doc:"As people read it"`
	Label     string `json:"label,omitempty" doc:"What it counts"`
	Delta     string `json:"delta,omitempty" doc:"The difference in words"`
	Direction string `json:"direction,omitempty" enum:"up,down,flat"`
}

type drawn struct {
	SHA256      string `json:"sha256" doc:"Of the SVG; the same on the page, in print and in a mail"`
	Width       int    `json:"width" doc:"In CSS pixels"`
	Height      int    `json:"height" doc:"In CSS pixels"`
	Description string `json:"description"`
}

type notMade struct {
	Title   string `json:"title,omitempty" doc:"What kind of failure it is"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty" doc:"What helps, where that is known"`
}

// grid is a table as people read it.
type grid struct {
	Label   string      `json:"label,omitempty" doc:"What the table holds"`
	Columns []gridHead  `json:"columns" nullable:"false"`
	Rows    [][]*string `json:"rows" nullable:"false" doc:"The cells as people read them; null where the database has no value"`
	More    string      `json:"more,omitempty" doc:"What is not listed"`
}

type gridHead struct {
	Name    string `json:"name"`
	Unit    string `json:"unit,omitempty" doc:"In what it is measured"`
	Numeric bool   `json:"numeric" doc:"Whether its values are numbers"`
}

// nested are blocks within a block.
type nested []block

// Schema documents blocks within a block as those of the whole.
func (nested) Schema(r huma.Registry) *huma.Schema {
	r.Schema(reflect.TypeFor[block](), true, "")
	return &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Ref: "#/components/schemas/Block"}}
}

func madeOf(d *document.Document) made {
	out := made{Title: d.Title, Subtitle: d.Subtitle, URL: d.URL, At: moment(d.At), Language: d.Language, Facts: []fact{}, Blocks: blocksOf(d.Blocks)}
	for _, f := range d.Facts {
		out.Facts = append(out.Facts, fact{f.Name, f.Text})
	}
	return out
}

// moment returns a time in UTC, nil for none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = utc(t)
	return &t
}

func blocksOf(list []document.Block) []block {
	out := []block{}
	for _, one := range list {
		b := block{}
		switch v := one.(type) {
		case document.Heading:
			b.Type, b.ID, b.Level, b.Text = "heading", v.ID, v.Level, runsOf(v.Text)
		case document.Paragraph:
			b.Type, b.Text = "paragraph", runsOf(v.Text)
		case document.List:
			b.Type, b.Counted, b.Start = "list", v.Ordered, v.Start
			for _, item := range v.Items {
				b.Items = append(b.Items, blocksOf(item))
			}
		case document.Quote:
			b.Type, b.Blocks = "quote", blocksOf(v.Blocks)
			if v.Finding {
				b.Type = "finding"
			}
		case document.Code:
			b.Type, b.Code = "code", v.Text
		case document.Rule:
			b.Type = "rule"
		case document.PageBreak:
			b.Type = "page_break"
		case document.Contents:
			b.Type = "contents"
		case document.Row:
			b.Type = "row"
			for _, c := range v.Cells {
				b.Items, b.Spans = append(b.Items, blocksOf(c.Blocks)), append(b.Spans, c.Span)
			}
		case document.Grid:
			b.Type, b.Table = "table", gridOf(&v.Table)
		case document.Figure:
			b.Type, b.ID = "figure", v.ID
			b.Figure, b.Table = figuredOf(&v)
		default:
			continue
		}
		out = append(out, b)
	}
	return out
}

func figuredOf(f *document.Figure) (*figured, *grid) {
	out := &figured{Title: f.Title, Subtitle: f.Subtitle, URL: f.URL, Note: f.Note, Notes: f.Notes, Caption: f.Caption, At: moment(f.At)}
	if n := f.Number; n != nil {
		out.Number = &single{n.Value, n.Label, n.Delta, n.Direction}
	}
	if w := f.Failure; w != nil {
		out.Failure = &notMade{w.Title, w.Message, w.Hint}
	}
	table := f.Table
	if d := f.Drawing; d != nil {
		out.Drawing = &drawn{SHA256: d.Hash(), Width: d.Width, Height: d.Height, Description: d.Description}
		table = f.Data
	}
	return out, gridOf(table)
}

func gridOf(t *document.Table) *grid {
	if t == nil {
		return nil
	}
	out := &grid{Label: t.Label, More: t.More, Columns: []gridHead{}, Rows: [][]*string{}}
	for _, c := range t.Columns {
		out.Columns = append(out.Columns, gridHead{c.Name, c.Unit, c.Numeric})
	}
	for _, row := range t.Rows {
		cells := make([]*string, len(row))
		for i := range row {
			if !row[i].Null {
				cells[i] = &row[i].Text
			}
		}
		out.Rows = append(out.Rows, cells)
	}
	return out
}

func runsOf(list []document.Inline) []span {
	out := []span{}
	for _, i := range list {
		r := span{Text: i.Text, Strong: i.Strong, Slant: i.Slant, Code: i.Code, Struck: i.Struck, Break: i.Break, URL: i.URL}
		if f := i.Ref; f != nil {
			r.Ref = &ref{f.Question, f.Row, f.Column, f.Value, f.Failed}
		}
		out = append(out, r)
	}
	return out
}
