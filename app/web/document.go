package web

import (
	"slices"
	"strconv"
	"strings"

	"assay/app/document"
	"assay/views"
)

// documentView is a document as pages show it.
func documentView(d *document.Document) views.Document {
	v := views.Document{Title: d.Title, Subtitle: d.Subtitle, Theme: d.Theme, Made: "Made " + d.At.Format("2006-01-02 15:04 MST"), URL: d.URL, Blocks: blocksView(d.Blocks)}
	if v.Theme == "" {
		v.Theme = "report"
	}
	for _, f := range d.Facts {
		v.Facts = append(v.Facts, views.DocumentFact(f))
	}
	for _, e := range document.Outline(d) {
		v.Outline = append(v.Outline, views.OutlineEntry{Level: strconv.Itoa(e.Level), URL: "#" + e.ID, Text: e.Text})
	}
	placed := slices.ContainsFunc(d.Blocks, func(b document.Block) bool { _, ok := b.(document.Contents); return ok })
	v.ContentsFirst = d.Contents && !placed
	return v
}

func blocksView(list []document.Block) []views.Block {
	out := make([]views.Block, 0, len(list))
	for _, block := range list {
		out = append(out, blockView(block))
	}
	return out
}

func blockView(block document.Block) (v views.Block) {
	switch b := block.(type) {
	case document.Heading:
		v.Heading = &views.HeadingBlock{Level: strconv.Itoa(b.Level + 1), ID: b.ID, Text: inlinesView(b.Text)}
	case document.Paragraph:
		v.Paragraph = inlinesView(b.Text)
	case document.List:
		v.List = &views.ListBlock{Ordered: b.Ordered, Start: strconv.Itoa(b.Start)}
		for _, item := range b.Items {
			v.List.Items = append(v.List.Items, blocksView(item))
		}
	case document.Quote:
		v.Quote = &views.QuoteBlock{Finding: b.Finding, Blocks: blocksView(b.Blocks)}
	case document.Code:
		v.Code = &views.CodeBlock{Text: b.Text}
	case document.Rule:
		v.Rule = true
	case document.PageBreak:
		v.PageBreak = true
	case document.Contents:
		v.Contents = true
	case document.Row:
		for _, c := range b.Cells {
			v.Row = append(v.Row, views.RowCell{Span: strconv.Itoa(c.Span), Blocks: blocksView(c.Blocks)})
		}
	case document.Grid:
		v.Grid = tableView(&b.Table)
	case document.Figure:
		v.Figure = figureView(&b)
	}
	return v
}

func figureView(f *document.Figure) *views.FigureBlock {
	v := &views.FigureBlock{ID: f.ID, Title: f.Title, URL: f.URL, Table: tableView(f.Table), Note: f.Note, Failure: failureView(f.Failure), Notes: f.Notes, Caption: f.Caption}
	// Several tables of one document need names of their own.
	name := strings.TrimSuffix(strings.Replace(f.ID, "-", " ", 1)+", "+f.Title, ", ")
	if v.Table != nil {
		v.Table.Label = "Rows of " + name
	}
	if f.Drawing != nil || f.Number != nil {
		c := chartView(f)
		c.Title, c.Pivot = "", nil // the block has a title and a table of its own
		if c.Data != nil {
			c.Data.Label = "Data of " + name
		}
		c.Number = numberView(f.Number, f.Title)
		v.Chart = c
	}
	return v
}

func inlinesView(list []document.Inline) []views.Inline {
	out := make([]views.Inline, len(list))
	for i, one := range list {
		out[i] = views.Inline{Text: one.Text, Strong: one.Strong, Slant: one.Slant, Code: one.Code, Struck: one.Struck, Break: one.Break, URL: one.URL}
		if r := one.Ref; r != nil {
			out[i].Claim, out[i].Failed = true, r.Failed
			out[i].Title = "Row " + strconv.Itoa(r.Row+1) + ", " + r.Column + ": " + r.Value
		}
	}
	return out
}
