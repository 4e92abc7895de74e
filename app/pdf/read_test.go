package pdf

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"assay/app/document"
	"assay/app/pdf/pdftest"
	"assay/static"
)

// proof is a file as a reader sees it: its pages' words and its structure.
type proof struct {
	*pdftest.File
	t testing.TB
}

func options() Options {
	return Options{Fonts: Fonts{Regular: static.FontTTF(400), Semibold: static.FontTTF(600)}, BaseURL: "https://assay.example.com/x/"}
}

func write(t testing.TB, d *document.Document, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, d, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t testing.TB, file []byte) *proof { return &proof{pdftest.Open(t, file), t} }

// read takes a whole file in; it is slow for very large ones.
func read(t *testing.T, d *document.Document) *proof {
	t.Helper()
	return &proof{pdftest.Read(t, write(t, d, options())), t}
}

// bare leaves spaces out, which lines end without.
func bare(s string) string { return strings.Join(strings.Fields(s), "") }

// inOrder fails where the words do not stand one after the other in what is read.
func (p *proof) inOrder(words ...string) {
	p.t.Helper()
	rest := bare(p.Tree.Words)
	for _, w := range words {
		_, after, ok := strings.Cut(rest, bare(w))
		if !ok {
			p.t.Fatalf("%q is missing, or not in its place, before %.120q", w, rest)
		}
		rest = after
	}
}

func text(s string) []document.Inline { return []document.Inline{{Text: s}} }

func para(s string) document.Block { return document.Paragraph{Text: text(s)} }

func heading(level int, s string) document.Block {
	return document.Heading{Level: level, ID: strings.ToLower(strings.ReplaceAll(s, " ", "-")), Text: text(s)}
}

func cells(texts ...string) []document.Value {
	var out []document.Value
	for _, s := range texts {
		out = append(out, document.Value{Text: s})
	}
	return out
}

func made(blocks ...document.Block) *document.Document {
	at := time.Date(2026, 11, 24, 9, 30, 0, 0, time.FixedZone("CET", 3600))
	return &document.Document{Title: "Quarterly sales", Language: "en-GB", At: at, Blocks: blocks}
}
