package web

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"strings"
	"unicode"

	"assay/app/document"
	"assay/static"
	"assay/views"
)

// PrintHTML is a document's page for paper, for where no server answers, with the
// files that it names by relative addresses.
func PrintHTML(ctx context.Context, d *document.Document) (html []byte, files map[string][]byte, err error) {
	var b bytes.Buffer
	if err := views.PrintPage(views.Print{Document: documentView(d), Running: "running.css"}).Render(ctx, &b); err != nil {
		return nil, nil, err
	}
	files = map[string][]byte{"running.css": runningHead(d.Title)}
	maps.Copy(files, static.Sheets())
	return bytes.ReplaceAll(b.Bytes(), []byte(`"/static/`), []byte(`"static/`)), files, nil
}

// mostRunning is how many characters of a title fit beside the page's number.
const mostRunning = 90

// runningHead is a style sheet that puts a title into the margin of every page,
// where no element can stand. Every character that is no letter or digit of ASCII
// is written by its number, so that a title ends no string.
func runningHead(title string) []byte {
	var b strings.Builder
	for i, r := range []rune(strings.ToValidUTF8(title, "")) {
		switch {
		case i == mostRunning:
			r = '…'
		case i > mostRunning:
			continue
		}
		if r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\%06x`, r)
		}
	}
	return []byte(`@page paper { @bottom-left { content: "` + b.String() + `"; color: #59616b; font: 8pt 'Assay Sans', sans-serif; } }`)
}
