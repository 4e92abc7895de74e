// Package pdftest reads PDF files for tests as somebody does who does not see
// them: by their tags, in reading order.
package pdftest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ledongthuc/pdf"
)

// File is a tagged PDF file.
type File struct {
	tb     testing.TB
	Reader *pdf.Reader
	// Pages and Tree are filled by Read alone.
	Pages []Page
	Tree  *Tag
}

// Page is what one page shows.
type Page struct {
	// Marks are the words by mark; a new line and each word of a drawing begins with "\n".
	Marks map[int64]string
	// Aside are words that are artifacts.
	Aside string
	// At is where words stand, in points from the lower left corner.
	At map[string][2]float64
	// Drawings are the hashes that the drawings on the page are marked with.
	Drawings []string

	y     float64
	begun bool
}

// Tag is an element of the structure with the words of it and of all below it.
type Tag struct {
	Kind, Alt, Title, Words string
	// Page is where its first words stand, counted from 0, -1 for nowhere.
	Page  int
	Value pdf.Value
	Kids  []*Tag
}

// Open reads a file as far as its table of objects.
func Open(tb testing.TB, file []byte) *File {
	tb.Helper()
	r, err := pdf.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		tb.Fatalf("no PDF file that can be read: %v: %.80q", err, file)
	}
	return &File{tb: tb, Reader: r}
}

// Read takes a whole file in, and fails where anything that is seen is neither
// tagged nor an artifact; it is slow for very large files.
func Read(tb testing.TB, file []byte) *File {
	tb.Helper()
	f := Open(tb, file)
	for i := range f.Reader.NumPage() {
		f.Pages = append(f.Pages, f.Look(i))
	}
	f.Tree = f.walk(f.Root().Key("StructTreeRoot").Key("K"), -1)
	return f
}

// Root is the file's catalog.
func (f *File) Root() pdf.Value { return f.Reader.Trailer().Key("Root") }

// Look reads one page, counted from 0.
func (f *File) Look(page int) Page {
	f.tb.Helper()
	p := Page{Marks: map[int64]string{}, At: map[string][2]float64{}}
	v := f.Reader.Page(page + 1).V
	for i := range v.Key("Contents").Len() {
		f.interpret(&p, v.Key("Contents").Index(i), v.Key("Resources"), -1, false)
	}
	return p
}

// interpret reads one stream. Mark is that of the content around it, -1 for
// none and -2 for an artifact.
func (f *File) interpret(p *Page, stream, resources pdf.Value, mark int64, drawing bool) {
	stack := []int64{mark}
	var font pdf.Font
	var x, y float64
	pdf.Interpret(stream, func(stk *pdf.Stack, op string) {
		args := make([]pdf.Value, stk.Len())
		for i := range args {
			args[len(args)-1-i] = stk.Pop()
		}
		switch op {
		case "BMC":
			stack = append(stack, -2)
		case "BDC":
			m := int64(-2)
			if args[0].Name() != "Artifact" {
				m = args[1].Key("MCID").Int64()
				p.Marks[m] += "" // it may hold nothing that is seen
			}
			stack = append(stack, m)
			p.begun = false
		case "EMC":
			stack = stack[:len(stack)-1]
		case "Tf":
			font = pdf.Font{V: resources.Key("Font").Key(args[0].Name())}
		case "Tm":
			x, y = args[4].Float64(), args[5].Float64()
			if m := stack[len(stack)-1]; m >= 0 && p.begun && (drawing || y != p.y) {
				p.Marks[m] += "\n"
			}
			p.y, p.begun = y, true
		case "TJ":
			var words strings.Builder
			enc := font.Encoder()
			for i := range args[0].Len() {
				if v := args[0].Index(i); v.Kind() == pdf.String {
					words.WriteString(enc.Decode(v.RawString()))
				}
			}
			switch m := stack[len(stack)-1]; m {
			case -1:
				f.tb.Errorf("words %q are neither tagged nor an artifact", words.String())
			case -2:
				p.Aside += words.String()
			default:
				p.Marks[m] += words.String()
				p.At[words.String()] = [2]float64{x, y}
			}
		case "re", "S":
			if stack[len(stack)-1] == -1 {
				f.tb.Errorf("a line or box is neither tagged nor an artifact")
			}
		case "Do":
			form := resources.Key("XObject").Key(args[0].Name())
			p.Drawings = append(p.Drawings, form.Key("AssaySVG").RawString())
			f.interpret(p, form, form.Key("Resources"), stack[len(stack)-1], true)
		}
	})
	if len(stack) != 1 {
		f.tb.Errorf("%d marks are left open", len(stack)-1)
	}
}

// inline are kinds that stand in a line of words.
var inline = map[string]bool{"Link": true, "Span": true, "Code": true, "Reference": true, "Lbl": true}

func (f *File) walk(v pdf.Value, page int) *Tag {
	t := &Tag{Kind: v.Key("S").Name(), Alt: v.Key("Alt").Text(), Title: v.Key("T").Text(), Page: -1, Value: v}
	if pg := v.Key("Pg"); !pg.IsNull() {
		page = int(pg.Key("StructParents").Int64())
	}
	mark := func(page int, id int64) {
		words, ok := f.Pages[page].Marks[id]
		if !ok && t.Kind != "Figure" {
			f.tb.Errorf("%s has mark %d on page %d, where there is none", t.Kind, id, page+1)
		}
		t.Words += words
		if t.Page < 0 {
			t.Page = page
		}
	}
	kids := v.Key("K")
	for i := range kids.Len() {
		switch k := kids.Index(i); {
		case k.Kind() == pdf.Integer:
			mark(page, k.Int64())
		case k.Key("Type").Name() == "MCR":
			mark(int(k.Key("Pg").Key("StructParents").Int64()), k.Key("MCID").Int64())
		case k.Key("Type").Name() == "OBJR":
			if k.Key("Obj").Key("Subtype").Name() != "Link" {
				f.tb.Errorf("%s refers to an object that is no link", t.Kind)
			}
		default:
			kid := f.walk(k, page)
			t.Kids = append(t.Kids, kid)
			if t.Words != "" && !inline[kid.Kind] {
				t.Words += "\n"
			}
			t.Words += kid.Words
			if t.Page < 0 {
				t.Page = kid.Page
			}
		}
	}
	return t
}

// All returns the tags of a kind at and below the tag, in reading order.
func (t *Tag) All(kind string) []*Tag {
	var out []*Tag
	if t.Kind == kind {
		out = append(out, t)
	}
	for _, k := range t.Kids {
		out = append(out, k.All(kind)...)
	}
	return out
}
