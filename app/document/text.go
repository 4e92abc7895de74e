package document

import (
	"strconv"
	"strings"
)

// Words returns the text of inlines without its dress.
func Words(list []Inline) string {
	var b strings.Builder
	for _, i := range list {
		b.WriteString(i.Text)
		if i.Break {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Text returns the document as plain text, for mails, for reading aloud and to
// compare: headings, paragraphs and lists as they read, tables with a tab between
// their cells, drawings as their description.
func Text(d *Document) string {
	var b strings.Builder
	line := func(s string) {
		if s != "" {
			b.WriteString(s)
			b.WriteByte('\n')
		}
	}
	line(d.Title)
	line(d.Subtitle)
	for _, f := range d.Facts {
		line(f.Name + ": " + f.Text)
	}
	for _, block := range d.Blocks {
		if s := blockText(block, ""); s != "" {
			b.WriteByte('\n')
			b.WriteString(s)
		}
	}
	if d.URL != "" {
		b.WriteString("\n" + d.URL + "\n")
	}
	return b.String()
}

func blocksText(list []Block, indent string) string {
	var parts []string
	for _, block := range list {
		if s := blockText(block, indent); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "")
}

func blockText(block Block, indent string) string {
	put := func(s string) string {
		if s == "" {
			return ""
		}
		return indent + strings.ReplaceAll(s, "\n", "\n"+indent) + "\n"
	}
	switch b := block.(type) {
	case Heading:
		return put(Words(b.Text))
	case Paragraph:
		return put(Words(b.Text))
	case List:
		var out strings.Builder
		for i, item := range b.Items {
			mark := "- "
			if b.Ordered {
				mark = strconv.Itoa(b.Start+i) + ". "
			}
			deeper := indent + strings.Repeat(" ", len(mark))
			text := blocksText(item, deeper)
			out.WriteString(indent + mark + strings.TrimPrefix(text, deeper))
			if text == "" {
				out.WriteByte('\n')
			}
		}
		return out.String()
	case Quote:
		return blocksText(b.Blocks, indent+"  ")
	case Code:
		return put(strings.TrimRight(b.Text, "\n"))
	case Row:
		var out strings.Builder
		for _, c := range b.Cells {
			out.WriteString(blocksText(c.Blocks, indent))
		}
		return out.String()
	case Grid:
		return tableText(&b.Table, indent)
	case Figure:
		return figureText(&b, indent)
	}
	return ""
}

func figureText(f *Figure, indent string) string {
	var out strings.Builder
	line := func(s string) {
		if s != "" {
			out.WriteString(indent + s + "\n")
		}
	}
	line(f.Title)
	switch {
	case f.Number != nil:
		parts := []string{f.Number.Value}
		for _, s := range []string{f.Number.Label, f.Number.Delta} {
			if s != "" {
				parts = append(parts, s)
			}
		}
		line(strings.Join(parts, ", "))
	case f.Drawing != nil:
		line(f.Drawing.Description)
	case f.Table != nil:
		out.WriteString(tableText(f.Table, indent))
	case f.Failure != nil:
		line(f.Failure.Title + ": " + f.Failure.Message)
	}
	line(f.Note)
	for _, n := range f.Notes {
		line(n)
	}
	line(f.Caption)
	return out.String()
}

func tableText(t *Table, indent string) string {
	var out strings.Builder
	var head []string
	for _, c := range t.Columns {
		name := c.Name
		if c.Unit != "" {
			name += " (" + c.Unit + ")"
		}
		head = append(head, name)
	}
	out.WriteString(indent + strings.Join(head, "\t") + "\n")
	for _, row := range t.Rows {
		var cells []string
		for _, v := range row {
			cells = append(cells, v.Text)
		}
		out.WriteString(indent + strings.Join(cells, "\t") + "\n")
	}
	if t.More != "" {
		out.WriteString(indent + t.More + "\n")
	}
	return out.String()
}

// Numbers returns every figure of the document as it is written there, in reading
// order: those in running text, single numbers with their differences, and the
// cells of columns of numbers. Drawings speak for themselves.
func Numbers(d *Document) []string { return numbers(d.Blocks) }

func numbers(list []Block) (out []string) {
	inline := func(text []Inline) {
		for _, i := range text {
			if i.Ref != nil && !i.Ref.Failed {
				out = append(out, i.Text)
			}
		}
	}
	table := func(t *Table) {
		for _, row := range t.Rows {
			for i, v := range row {
				if i < len(t.Columns) && t.Columns[i].Numeric && v.Text != "" {
					out = append(out, v.Text)
				}
			}
		}
	}
	for _, block := range list {
		switch b := block.(type) {
		case Heading:
			inline(b.Text)
		case Paragraph:
			inline(b.Text)
		case List:
			for _, item := range b.Items {
				out = append(out, numbers(item)...)
			}
		case Quote:
			out = append(out, numbers(b.Blocks)...)
		case Row:
			for _, c := range b.Cells {
				out = append(out, numbers(c.Blocks)...)
			}
		case Grid:
			table(&b.Table)
		case Figure:
			if b.Number != nil {
				out = append(out, b.Number.Value)
				if b.Number.Delta != "" {
					out = append(out, b.Number.Delta)
				}
			}
			if b.Table != nil {
				table(b.Table)
			}
		}
	}
	return out
}

// Entry is a heading in a table of contents.
type Entry struct {
	Level    int
	ID, Text string
}

// Outline returns the document's headings, in reading order.
func Outline(d *Document) (list []Entry) {
	for _, b := range d.Blocks {
		if h, ok := b.(Heading); ok {
			list = append(list, Entry{h.Level, h.ID, strings.ReplaceAll(Words(h.Text), "\n", " ")})
		}
	}
	return list
}

// Figures returns the document's figures, in reading order.
func Figures(d *Document) []Figure { return figures(d.Blocks) }

func figures(list []Block) (out []Figure) {
	for _, block := range list {
		switch b := block.(type) {
		case Figure:
			out = append(out, b)
		case List:
			for _, item := range b.Items {
				out = append(out, figures(item)...)
			}
		case Quote:
			out = append(out, figures(b.Blocks)...)
		case Row:
			for _, c := range b.Cells {
				out = append(out, figures(c.Blocks)...)
			}
		}
	}
	return out
}
