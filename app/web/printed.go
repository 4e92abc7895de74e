package web

import (
	"bytes"
	"context"

	"assay/app/document"
	"assay/views"
)

// PrintHTML is a document's page for paper, for where no server answers: it names
// the files of static.Sheets by relative addresses.
func PrintHTML(ctx context.Context, d *document.Document) ([]byte, error) {
	var b bytes.Buffer
	if err := views.PrintPage(views.Print{Document: documentView(d)}).Render(ctx, &b); err != nil {
		return nil, err
	}
	return bytes.ReplaceAll(b.Bytes(), []byte(`"/static/`), []byte(`"static/`)), nil
}
