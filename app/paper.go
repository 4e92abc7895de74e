package main

import (
	"context"
	"io"

	"assay/app/browser"
	"assay/app/document"
	"assay/app/pdf"
	"assay/app/web"
	"assay/config"
	"assay/static"
)

// printer returns what writes documents as PDF: our own writer, or the Chromium
// that the administrator named.
func printer(cfg config.Config, address string) func(io.Writer, *document.Document) error {
	if cfg.Chromium == "" {
		fonts := pdf.Fonts{Regular: static.FontTTF(400), Semibold: static.FontTTF(600)}
		return func(w io.Writer, d *document.Document) error {
			return pdf.Write(w, d, pdf.Options{Fonts: fonts, BaseURL: address})
		}
	}
	b := browser.New(cfg.Chromium)
	return func(w io.Writer, d *document.Document) error {
		ctx := context.Background() // the browser has a deadline of its own
		html, files, err := web.PrintHTML(ctx, d)
		if err != nil {
			return err
		}
		return b.Print(ctx, w, browser.Page{HTML: html, Files: files})
	}
}
