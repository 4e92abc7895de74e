// Package pdf writes documents as PDF: vectors, words that can be selected and
// searched, bookmarks, links, and the structure that screen readers follow.
//
// No library at hand writes tagged PDF, so the little of the format that
// is needed is written here, after ISO 32000-1.
package pdf

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"golang.org/x/image/font/gofont/gomono"

	"assay/app/document"
	"assay/app/fault"
)

// Paper is a size of paper.
type Paper string

// The sizes; "" is A4.
const (
	A4     Paper = "a4"
	Letter Paper = "letter"
)

// Fonts are the faces of a document, as TrueType with outlines in glyf.
type Fonts struct {
	Regular, Semibold []byte
	// Mono is for code; nil takes Go Mono.
	Mono []byte
	// Fallback are asked in turn for characters the others lack. What none of
	// them has is printed as a box, and is still found and copied.
	Fallback [][]byte
}

// Options say how a document is printed.
type Options struct {
	Paper     Paper
	Landscape bool
	Fonts     Fonts
	// BaseURL makes relative links whole; without it they lead nowhere.
	BaseURL string
	// Data prints the numbers of each drawing below it.
	Data bool
}

// mostPages bounds a document; a sentence on the last page says that it goes on.
const mostPages = 2000

// Write prints the document. The same document with the same options is the
// same file. What cannot be printed is replaced by a notice in its place, so
// that errors are those of the writer or of unusable fonts and options. Bytes
// go to w as pages are filled.
func Write(w io.Writer, d *document.Document, o Options) (err error) {
	defer fault.Wrap(&err, "pdf.Write")
	if d == nil {
		return fault.New(fault.Invalid, "There is no document to print")
	}
	m, err := newMaker(w, d, o)
	if err != nil {
		return err
	}
	m.print()
	return m.finish()
}

// maker holds what one document needs while it is made.
type maker struct {
	theme
	doc                       *document.Document
	out                       *file
	base                      *url.URL
	wide, high                float64
	data                      bool
	regular, semibold, mono   *face
	faces                     []*face
	pages                     []*page
	page                      *page
	stopped                   bool
	root                      *tag
	annots                    []annot
	places                    map[string]place
	headings                  int // how many have been laid out
	heads                     []document.Heading
	entries                   []entryLater
	forms                     map[[32]byte]*form
	opacities                 map[opacity]int
	fontsObject, statesObject ref
}

func newMaker(w io.Writer, doc *document.Document, o Options) (*maker, error) {
	t, ok := themes[doc.Theme]
	if !ok {
		t = themes["report"]
	}
	m := &maker{
		theme: t, doc: doc, data: o.Data, out: newFile(w),
		root: &tag{kind: "Document"}, places: map[string]place{},
		forms: map[[32]byte]*form{}, opacities: map[opacity]int{},
	}
	switch o.Paper {
	case "", A4:
		m.wide, m.high = 595.28, 841.89
	case Letter:
		m.wide, m.high = 612, 792
	default:
		return nil, fault.Field("paper", "There is no paper %q; it is a4 or letter", o.Paper)
	}
	if o.Landscape {
		m.wide, m.high = m.high, m.wide
	}
	if o.BaseURL != "" {
		u, err := url.Parse(o.BaseURL)
		if err != nil {
			return nil, fault.Because(fault.Invalid, err, "The address of this server cannot be read")
		}
		m.base = u
	}
	if err := m.loadFaces(o.Fonts); err != nil {
		return nil, err
	}
	m.fontsObject, m.statesObject = m.out.reserve(), m.out.reserve()
	gather(doc.Blocks, 0, &m.heads)
	return m, nil
}

func (d *maker) loadFaces(f Fonts) error {
	if f.Mono == nil {
		f.Mono = gomono.TTF
	}
	for i, ttf := range append([][]byte{f.Regular, f.Semibold, f.Mono}, f.Fallback...) {
		fc, err := newFace(fmt.Sprintf("F%d", i+1), ttf)
		if err != nil {
			return err
		}
		fc.object = d.out.reserve()
		d.faces = append(d.faces, fc)
	}
	d.regular, d.semibold, d.mono = d.faces[0], d.faces[1], d.faces[2]
	others := d.faces[3:]
	d.regular.others = others
	d.semibold.others = append([]*face{d.regular}, others...)
	d.mono.others = append([]*face{d.regular}, others...)
	return nil
}

// gather lists headings in the order in which blocks are laid out.
func gather(list []document.Block, depth int, out *[]document.Heading) {
	if depth > deepest {
		return
	}
	for _, b := range list {
		switch b := b.(type) {
		case document.Heading:
			*out = append(*out, b)
		case document.List:
			for _, item := range b.Items {
				gather(item, depth+1, out)
			}
		case document.Quote:
			gather(b.Blocks, depth+1, out)
		case document.Row:
			for _, c := range b.Cells {
				gather(c.Blocks, depth+1, out)
			}
		}
	}
}

func (d *maker) bottomEdge() float64 { return d.high - d.bottom }

// turn begins a page, and writes the one before it into the file.
func (d *maker) turn() {
	if len(d.pages) >= mostPages {
		d.stopped = true
		return
	}
	d.close()
	d.page = &page{object: d.out.reserve()}
	d.page.body = canvas{page: d.page, high: d.high}
	d.page.late = canvas{page: d.page, high: d.high}
	d.pages = append(d.pages, d.page)
}

func (d *maker) close() {
	if d.page == nil {
		return
	}
	d.writeCanvas(d.page, &d.page.body)
	d.page = nil
}

func (d *maker) writeCanvas(p *page, c *canvas) {
	c.end()
	if len(c.b) > 0 {
		r := d.out.reserve()
		d.out.stream(r, "", c.b)
		p.content = append(p.content, r)
	}
	c.b = nil
}

func (d *maker) print() {
	width := d.wide - 2*d.side
	d.turn()
	f := &flow{d: d, y: d.top, empty: true}
	f.add(d.front(width)...)
	asked := d.doc.Contents
	for _, b := range d.doc.Blocks {
		if _, ok := b.(document.Contents); ok {
			asked = false
		}
	}
	if asked {
		f.add(d.contents(width, d.root)...)
	}
	// A few blocks at a time, so that a long document is never laid out as a whole in memory.
	blocks := d.doc.Blocks
	least := 0.0
	for i := 0; i < len(blocks) && !d.stopped; i++ {
		n := max(1, len(d.together(blocks[i:], width)))
		pieces := d.blocks(blocks[i:i+n], width, d.root, 0)
		if len(pieces) > 0 {
			pieces[0].before = max(pieces[0].before, least)
		}
		f.add(pieces...)
		i += n - 1
		least = d.after(blocks[i])
	}
	f.settle()
	d.close()
}

// front is what stands above a document's blocks.
func (d *maker) front(width float64) []*piece {
	var out []*piece
	if d.doc.Title != "" {
		out = append(out, d.lines(set([]span{{words: d.doc.Title, look: look{face: d.semibold, size: d.title, ink: d.text}}}, width), d.title*1.2, d.title, d.root.add("Title"), nil)...)
	}
	if d.doc.Subtitle != "" {
		sub := d.lines(set([]span{{words: d.doc.Subtitle, look: look{face: d.regular, size: d.body * 1.15, ink: d.muted}}}, width), d.body*1.55, d.body*1.15, d.root.add("P"), nil)
		if len(sub) > 0 {
			sub[0].before = d.gap * 0.3
		}
		out = append(out, sub...)
	}
	facts := d.doc.Facts
	name := look{face: d.regular, size: d.small, ink: d.muted}
	value := look{face: d.regular, size: d.small, ink: d.text}
	column := 0.0
	const online = "Online"
	for _, f := range facts {
		column = max(column, name.width(plain(f.Name)))
	}
	if d.doc.URL != "" {
		column = max(column, name.width(online))
	}
	column = min(column+d.small*1.4, width*0.3)
	first := true
	fact := func(label string, text span) {
		own := d.root.add("P")
		names := set([]span{{words: label, look: name}}, column-d.small*0.7)
		texts := set([]span{text}, width-column)
		lead := d.small * d.leading
		for i := range max(len(names), len(texts)) {
			p := &piece{height: lead, keep: true, draw: func(c *canvas, x, y, _ float64) {
				base := y + lead/2 + 0.33*d.small
				if i < len(names) {
					d.draw(c, own, names[i], x, base)
				}
				if i < len(texts) {
					d.draw(c, own, texts[i], x+column, base)
				}
			}}
			if first {
				p.before, first = d.gap*1.2, false
			}
			out = append(out, p)
		}
	}
	for _, f := range facts {
		fact(f.Name, span{words: f.Text, look: value})
	}
	if d.doc.URL != "" {
		if l := d.link(d.doc.URL, d.doc.URL, false); l != nil {
			fact(online, span{words: l.url, look: value, link: l})
		}
	}
	if len(out) == 0 {
		return nil
	}
	for _, p := range out {
		p.keep = true
	}
	if d.titleRule {
		out = append(out, &piece{before: d.gap * 1.2, height: 2, keep: true, draw: func(c *canvas, x, y, _ float64) {
			c.to(nil)
			c.rect(x, y, width, 1, d.accent)
		}})
	}
	// A document's head is never alone on a page, save where it is all there is.
	return out
}

// link returns where an address leads, nil where nobody should be led.
func (d *maker) link(address, words string, quiet bool) *link {
	address = strings.TrimSpace(plain(address))
	l := &link{tag: &tag{kind: "Link"}, quiet: quiet, words: plain(words)}
	if strings.HasPrefix(address, "#") && len(address) > 1 {
		l.place = address
		return l
	}
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return nil
	}
	if !u.IsAbs() {
		if d.base == nil {
			return nil
		}
		u = d.base.ResolveReference(u)
	}
	switch u.Scheme {
	case "http", "https", "mailto":
	default:
		return nil
	}
	l.url = u.String()
	return l
}

func told(t time.Time) string { return t.Format("2 January 2006, 15:04 MST") }

// finish draws what is known only now, and writes everything that is not content.
func (d *maker) finish() error {
	for i, p := range d.pages {
		d.furniture(p, i)
	}
	d.pageNumbers()
	pages, catalog, info, meta := d.out.reserve(), d.out.reserve(), d.out.reserve(), d.out.reserve()
	for i, p := range d.pages {
		d.writeCanvas(p, &p.late)
		d.writePage(p, i, pages)
	}
	d.writeAnnots()
	tree := d.writeTags(d.root)
	outline := d.writeOutline()
	fonts := []byte("<<")
	for i, f := range d.faces {
		if len(f.uses) == 0 {
			continue
		}
		if err := f.write(d.out, "ASSAY"+string(rune('A'+i%26))); err != nil {
			return err
		}
		fonts = fmt.Appendf(fonts, "/%s %s ", f.name, f.object)
	}
	d.out.put(d.fontsObject, append(fonts, ">>"...))
	d.writeStates()
	var kids []byte
	for _, p := range d.pages {
		kids = append(append(kids, p.object.String()...), ' ')
	}
	d.out.putf(pages, "<</Type /Pages /Count %d /Kids [%s]>>", len(d.pages), kids)
	lang := language(d.doc.Language)
	title := plain(d.doc.Title)
	more := ""
	if outline != 0 {
		more = fmt.Sprintf(" /Outlines %s /PageMode /UseOutlines", outline)
	}
	d.out.putf(catalog, "<</Type /Catalog /Pages %s /Lang %s /MarkInfo <</Marked true>> /StructTreeRoot %s /ViewerPreferences <</DisplayDocTitle true>> /Metadata %s%s>>", pages, literal(lang), tree, meta, more)
	made := ""
	if !d.doc.At.IsZero() {
		made = " /CreationDate " + literal("D:"+strings.Replace(d.doc.At.Format("20060102150405-07:00"), ":", "'", 1)+"'")
		made = strings.Replace(made, "+00'00'", "Z", 1)
	}
	d.out.putf(info, "<</Title %s /Producer (Assay)%s>>", literal(title), made)
	d.writeMetadata(meta, title, lang)
	return d.out.finish(catalog, info)
}

// writeMetadata repeats title, language and time in the form that archives read.
func (d *maker) writeMetadata(r ref, title, lang string) {
	var t bytes.Buffer
	if err := xml.EscapeText(&t, []byte(title)); err != nil {
		t.Reset()
	}
	made := ""
	if !d.doc.At.IsZero() {
		made = "<xmp:CreateDate>" + d.doc.At.Format(time.RFC3339) + "</xmp:CreateDate>"
	}
	d.out.rawStream(r, "/Type /Metadata /Subtype /XML", fmt.Appendf(nil, `<?xpacket begin="`+"\ufeff"+`" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">%s</rdf:li></rdf:Alt></dc:title><dc:language><rdf:Bag><rdf:li>%s</rdf:li></rdf:Bag></dc:language>%s<pdf:Producer>Assay</pdf:Producer></rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>`, t.Bytes(), lang, made))
}
