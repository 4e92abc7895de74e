package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"assay/app/document"
)

// spell writes a document in one of documentFormats.
func (a *api) spell(d *document.Document, format string) ([]byte, error) {
	switch format {
	case typePDF:
		var b bytes.Buffer
		err := a.PDF(&b, d)
		return b.Bytes(), err
	case typeMarkdown:
		return []byte(markdown(d)), nil
	}
	text, err := json.Marshal(madeOf(d))
	return append(text, '\n'), err
}

// markdown writes a document as text that other tools read too: drawings are the
// tables of their numbers.
func markdown(d *document.Document) string {
	var w writing
	w.block("# " + plainText(d.Title))
	if d.Subtitle != "" {
		w.block("*" + plainText(d.Subtitle) + "*")
	}
	var facts []string
	for _, f := range d.Facts {
		facts = append(facts, "- "+plainText(f.Name)+": "+plainText(f.Text))
	}
	w.block(strings.Join(facts, "\n"))
	w.blocks(d.Blocks)
	return strings.Join(w.parts, "\n\n") + "\n"
}

// writing is Markdown by blocks.
type writing struct{ parts []string }

func (w *writing) block(text string) {
	if text = strings.TrimSpace(text); text != "" {
		w.parts = append(w.parts, text)
	}
}

func inner(list []document.Block) string {
	var w writing
	w.blocks(list)
	return strings.Join(w.parts, "\n\n")
}

func (w *writing) blocks(list []document.Block) {
	for _, b := range list {
		switch b := b.(type) {
		case document.Heading:
			w.block(strings.Repeat("#", min(b.Level+1, 6)) + " " + marked(b.Text))
		case document.Paragraph:
			w.block(marked(b.Text))
		case document.List:
			var items []string
			for i, item := range b.Items {
				bullet := "- "
				if b.Ordered {
					bullet = fmt.Sprintf("%d. ", b.Start+i)
				}
				items = append(items, bullet+strings.ReplaceAll(inner(item), "\n", "\n"+strings.Repeat(" ", len(bullet))))
			}
			w.block(strings.Join(items, "\n"))
		case document.Quote:
			w.block("> " + strings.ReplaceAll(inner(b.Blocks), "\n", "\n> "))
		case document.Code:
			fence := "```"
			for strings.Contains(b.Text, fence) {
				fence += "`"
			}
			w.parts = append(w.parts, fence+b.Language+"\n"+strings.TrimRight(b.Text, "\n")+"\n"+fence)
		case document.Rule:
			w.block("---")
		case document.Row:
			for _, c := range b.Cells {
				w.blocks(c.Blocks)
			}
		case document.Grid:
			w.table(&b.Table)
		case document.Figure:
			w.figure(&b)
		}
	}
}

func (w *writing) figure(f *document.Figure) {
	if f.Title != "" {
		w.block("**" + plainText(f.Title) + "**")
	}
	w.block(plainText(f.Subtitle))
	if n := f.Number; n != nil {
		w.block(strings.TrimSpace(fmt.Sprintf("%s %s", plainText(n.Value), plainText(n.Label))))
		w.block(plainText(n.Delta))
	}
	if f.Failure != nil {
		w.block("> " + plainText(strings.TrimSpace(f.Failure.Message+" "+f.Failure.Hint)))
	}
	w.block(plainText(f.Note))
	table := f.Table
	if f.Drawing != nil {
		w.block(plainText(f.Drawing.Description))
		table = f.Data
	}
	if table != nil {
		w.table(table)
	}
	for _, note := range f.Notes {
		w.block(plainText(note))
	}
	if f.Caption != "" {
		w.block("*" + plainText(f.Caption) + "*")
	}
}

func (w *writing) table(t *document.Table) {
	if len(t.Columns) == 0 {
		return
	}
	var lines []string
	line := func(cells []string) { lines = append(lines, "| "+strings.Join(cells, " | ")+" |") }
	var heads, rules []string
	for _, c := range t.Columns {
		head := c.Name
		if c.Unit != "" {
			head += " (" + c.Unit + ")"
		}
		heads = append(heads, cellText(head))
		if c.Numeric {
			rules = append(rules, "---:")
		} else {
			rules = append(rules, "---")
		}
	}
	line(heads)
	line(rules)
	for _, row := range t.Rows {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = cellText(v.Text)
		}
		line(cells)
	}
	w.block(strings.Join(lines, "\n"))
	w.block(plainText(t.More))
}

func cellText(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(plainText(text)), " "), "|", `\|`)
}

// marked writes text with its dress.
func marked(list []document.Inline) string {
	var b strings.Builder
	for _, i := range list {
		text := plainText(i.Text)
		if i.Code {
			text = "`" + strings.ReplaceAll(i.Text, "`", "'") + "`"
		}
		for _, dress := range []struct {
			on   bool
			with string
		}{{i.Strong, "**"}, {i.Slant, "*"}, {i.Struck, "~~"}} {
			if trimmed := strings.TrimSpace(text); dress.on && trimmed != "" {
				text = strings.Replace(text, trimmed, dress.with+trimmed+dress.with, 1)
			}
		}
		if i.URL != "" {
			text = "[" + text + "](<" + strings.NewReplacer("<", "%3C", ">", "%3E", "\n", "").Replace(i.URL) + ">)"
		}
		b.WriteString(text)
		if i.Break {
			b.WriteString("\\\n")
		}
	}
	return b.String()
}

// plainText keeps Markdown from reading marks in a text that has none.
var plainText = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "<", `\<`, "#", `\#`, "~", `\~`).Replace
