package web

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"assay/app/document"
	"assay/views"
)

const (
	mailWidth = 640 // of a drawing, in pixels
	mailRows  = 40  // of a table; the rest is online
	// mailData is up to how many rows the numbers of a drawing are listed below
	// it, for readers whose program shows no pictures.
	mailData = 12
	// mailAcross is up to how many columns such a list has: more do not fit.
	mailAcross = 8
	preheader  = 160
)

// MailHTML returns a document as HTML for a mail. cids gives each drawing, by its
// Hash, the content id of its picture; one that has none is told in words. It
// holds nothing that is fetched from elsewhere.
func MailHTML(d *document.Document, cids map[string]string) (string, error) {
	m := views.Mail{Document: documentView(d), Blocks: mailBlocks(d.Blocks, cids), Preheader: before(d)}
	if strings.HasPrefix(d.URL, "http") {
		m.Online = d.URL
	}
	m.Foot = []string{m.Document.Made}
	var b strings.Builder
	err := views.MailPage(m).Render(context.Background(), &b)
	return b.String(), err
}

// before is what a list of mails shows of a document: how its text begins.
func before(d *document.Document) string {
	for _, block := range d.Blocks {
		text := ""
		switch b := block.(type) {
		case document.Paragraph:
			text = document.Words(b.Text)
		case document.Quote:
			text = document.Text(&document.Document{Blocks: b.Blocks})
		}
		if text = strings.Join(strings.Fields(text), " "); text == "" {
			continue
		}
		if utf8.RuneCountInString(text) > preheader {
			text = string([]rune(text)[:preheader]) + "…"
		}
		return text
	}
	return d.Subtitle
}

func mailBlocks(list []document.Block, cids map[string]string) (out []views.MailBlock) {
	for _, block := range list {
		var v views.MailBlock
		switch b := block.(type) {
		case document.List:
			l := &views.MailList{}
			for i, item := range b.Items {
				mark := "•"
				if b.Ordered {
					mark = strconv.Itoa(b.Start+i) + "."
				}
				l.Marks, l.Items = append(l.Marks, mark), append(l.Items, mailBlocks(item, cids))
			}
			v.List = l
		case document.Quote:
			v.Quote = &views.MailQuote{Finding: b.Finding, Blocks: mailBlocks(b.Blocks, cids)}
		case document.Code:
			v.Code = b.Text
		case document.Row:
			for _, c := range b.Cells {
				v.Row = append(v.Row, mailBlocks(c.Blocks, cids))
			}
		case document.Grid:
			v.Grid = mailTable(&b.Table)
		case document.Figure:
			v.Figure = mailFigure(&b, cids)
		case document.PageBreak, document.Contents:
			continue
		default:
			one := blockView(block)
			v.Heading, v.Paragraph, v.Rule = one.Heading, one.Paragraph, one.Rule
		}
		out = append(out, v)
	}
	return out
}

func mailTable(t *document.Table) *views.Table {
	v := tableView(t)
	if v != nil && len(v.Rows) > mailRows {
		v.More = strings.TrimSpace("The first " + strconv.Itoa(mailRows) + " of " + strconv.Itoa(len(v.Rows)) + " rows. " + v.More)
		v.Rows = v.Rows[:mailRows]
	}
	return v
}

func mailFigure(f *document.Figure, cids map[string]string) *views.MailFigure {
	v := &views.MailFigure{Title: f.Title, Number: numberView(f.Number, f.Title), Table: mailTable(f.Table), Note: f.Note, Failure: failureView(f.Failure), Notes: f.Notes, Caption: f.Caption}
	if strings.HasPrefix(f.URL, "http") {
		v.URL = f.URL
	}
	d := f.Drawing
	if d == nil {
		return v
	}
	if f.Data != nil && len(f.Data.Rows) <= mailData {
		if data := tableView(f.Data); data != nil && len(data.Columns) <= mailAcross {
			v.Data = data
		}
	}
	cid := cids[d.Hash()]
	if cid == "" {
		v.Notes = append([]string{d.Description}, v.Notes...)
		return v
	}
	v.Image, v.Alt, v.Width = "cid:"+cid, d.Description, strconv.Itoa(mailWidth)
	if d.Width > 0 {
		v.Height = strconv.Itoa(mailWidth * d.Height / d.Width)
	}
	return v
}
