package web

import (
	"slices"
	"strconv"
	"strings"

	"assay/app/document"
)

// anonymous returns a document without anything that tells a reader without an
// account of what stands behind it: names of connections, addresses and ids
// within the product, and why something failed.
func anonymous(d *document.Document) *document.Document {
	out := *d
	out.URL = ""
	out.Facts = slices.DeleteFunc(slices.Clone(d.Facts), func(f document.Fact) bool { return f.Name == "Source" })
	out.Blocks = anonymousBlocks(d.Blocks)
	return &out
}

func anonymousBlocks(list []document.Block) []document.Block {
	n := 0
	return (&veil{figures: &n}).blocks(list)
}

// veil numbers the figures in place of their ids.
type veil struct{ figures *int }

func (v *veil) blocks(list []document.Block) []document.Block {
	out := make([]document.Block, len(list))
	for i, block := range list {
		switch b := block.(type) {
		case document.Heading:
			b.Text = plainInlines(b.Text)
			out[i] = b
		case document.Paragraph:
			b.Text = plainInlines(b.Text)
			out[i] = b
		case document.List:
			b.Items = slices.Clone(b.Items)
			for at := range b.Items {
				b.Items[at] = v.blocks(b.Items[at])
			}
			out[i] = b
		case document.Quote:
			b.Blocks = v.blocks(b.Blocks)
			out[i] = b
		case document.Row:
			b.Cells = slices.Clone(b.Cells)
			for at := range b.Cells {
				b.Cells[at].Blocks = v.blocks(b.Cells[at].Blocks)
			}
			out[i] = b
		case document.Grid:
			b.Table = *plainTable(&b.Table)
			out[i] = b
		case document.Figure:
			out[i] = v.figure(b)
		default:
			out[i] = block
		}
	}
	return out
}

func (v *veil) figure(f document.Figure) document.Figure {
	*v.figures++
	// A card's name is its dashboard's own; any other would be a question's id.
	if !strings.HasPrefix(f.ID, "card-") {
		f.ID = "figure-" + strconv.Itoa(*v.figures)
	}
	if f.Source != "" {
		f.Caption = strings.TrimSuffix(strings.Replace(f.Caption, f.Source+" · ", "", 1), f.Source)
	}
	f.URL, f.Source = "", ""
	f.Table, f.Data = plainTable(f.Table), plainTable(f.Data)
	if f.Drawing != nil {
		drawing := *f.Drawing
		drawing.OptionURL = ""
		f.Drawing = &drawing
	}
	if f.Failure != nil {
		f.Failure = &document.Failure{Title: "This part cannot be shown now", Message: "Try again in a moment. Whoever sent you the link can find out what is wrong."}
	}
	return f
}

// plainTable returns a table in which nothing can be drilled into.
func plainTable(t *document.Table) *document.Table {
	if t == nil {
		return nil
	}
	out := *t
	out.Behind, out.Over = nil, nil
	out.Rows = make([][]document.Value, len(t.Rows))
	for r, row := range t.Rows {
		out.Rows[r] = slices.Clone(row)
		for i := range out.Rows[r] {
			out.Rows[r][i].URL = ""
		}
	}
	return &out
}

// plainInlines returns text whose links lead to other sites or within the page,
// and whose figures say no more than their value.
func plainInlines(list []document.Inline) []document.Inline {
	out := slices.Clone(list)
	for i := range out {
		one := &out[i]
		if one.URL != "" && !strings.HasPrefix(one.URL, "#") && (one.Ref != nil || !strings.HasPrefix(one.URL, "https://") && !strings.HasPrefix(one.URL, "http://") && !strings.HasPrefix(one.URL, "mailto:")) {
			one.URL = ""
		}
		if one.Ref != nil {
			if one.Ref.Failed {
				one.Text = "(not available)"
			}
			one.Ref = &document.Ref{Failed: one.Ref.Failed}
		}
	}
	return out
}
