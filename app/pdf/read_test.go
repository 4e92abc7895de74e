package pdf

import (
	"bytes"
	"strings"
	"testing"
	"time"

	reader "github.com/ledongthuc/pdf"

	"assay/app/document"
	"assay/static"
)

// proof is a file as a reader sees it: its pages' words and its structure.
type proof struct {
	t     *testing.T
	r     *reader.Reader
	pages []sight
	tree  *found
}

// sight is what one page shows.
type sight struct {
	marks map[int64]string // words by mark
	aside string           // words that are artifacts
	at    map[string][2]float64
	forms []string // the drawings' hashes
}

// found is a tag with the words of it and of all below it.
type found struct {
	kind, alt, title, words string
	page                    int // where its first words stand, -1 for nowhere
	value                   reader.Value
	kids                    []*found
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

func open(t *testing.T, file []byte) *proof {
	t.Helper()
	r, err := reader.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return &proof{t: t, r: r}
}

// read takes a whole file in; it is slow for very large ones.
func read(t *testing.T, d *document.Document) *proof {
	t.Helper()
	p := open(t, write(t, d, options()))
	for i := range p.r.NumPage() {
		p.pages = append(p.pages, p.look(p.r.Page(i+1)))
	}
	p.tree = p.walk(p.r.Trailer().Key("Root").Key("StructTreeRoot").Key("K"), -1)
	return p
}

func (p *proof) look(page reader.Page) sight {
	s := sight{marks: map[int64]string{}, at: map[string][2]float64{}}
	content := page.V.Key("Contents")
	for i := range content.Len() {
		p.interpret(&s, content.Index(i), page.V.Key("Resources"), -1)
	}
	return s
}

// interpret reads one stream. Mark is that of the content around it, -1 for
// none and -2 for an artifact.
func (p *proof) interpret(s *sight, stream, resources reader.Value, mark int64) {
	stack := []int64{mark}
	var font reader.Font
	var x, y float64
	reader.Interpret(stream, func(stk *reader.Stack, op string) {
		args := make([]reader.Value, stk.Len())
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
				s.marks[m] += "" // it may hold nothing that is seen
			}
			stack = append(stack, m)
		case "EMC":
			stack = stack[:len(stack)-1]
		case "Tf":
			font = reader.Font{V: resources.Key("Font").Key(args[0].Name())}
		case "Tm":
			x, y = args[4].Float64(), args[5].Float64()
		case "TJ":
			var words strings.Builder
			enc := font.Encoder()
			for i := range args[0].Len() {
				if v := args[0].Index(i); v.Kind() == reader.String {
					words.WriteString(enc.Decode(v.RawString()))
				}
			}
			switch m := stack[len(stack)-1]; m {
			case -1:
				p.t.Errorf("words %q are neither tagged nor an artifact", words.String())
			case -2:
				s.aside += words.String()
			default:
				s.marks[m] += words.String()
				s.at[words.String()] = [2]float64{x, y}
			}
		case "re", "S":
			if stack[len(stack)-1] == -1 {
				p.t.Errorf("a line or box is neither tagged nor an artifact")
			}
		case "Do":
			form := resources.Key("XObject").Key(args[0].Name())
			s.forms = append(s.forms, form.Key("AssaySVG").RawString())
			p.interpret(s, form, form.Key("Resources"), stack[len(stack)-1])
		}
	})
	if len(stack) != 1 {
		p.t.Errorf("%d marks are left open", len(stack)-1)
	}
}

func (p *proof) walk(v reader.Value, page int) *found {
	f := &found{kind: v.Key("S").Name(), alt: v.Key("Alt").Text(), title: v.Key("T").Text(), page: -1, value: v}
	if pg := v.Key("Pg"); !pg.IsNull() {
		page = int(pg.Key("StructParents").Int64())
	}
	mark := func(page int, id int64) {
		words, ok := p.pages[page].marks[id]
		if !ok && f.kind != "Figure" {
			p.t.Errorf("%s has mark %d on page %d, where there is none", f.kind, id, page+1)
		}
		f.words += words
		if f.page < 0 {
			f.page = page
		}
	}
	kids := v.Key("K")
	for i := range kids.Len() {
		switch k := kids.Index(i); {
		case k.Kind() == reader.Integer:
			mark(page, k.Int64())
		case k.Key("Type").Name() == "MCR":
			mark(int(k.Key("Pg").Key("StructParents").Int64()), k.Key("MCID").Int64())
		case k.Key("Type").Name() == "OBJR":
			if k.Key("Obj").Key("Subtype").Name() != "Link" {
				p.t.Errorf("%s refers to an object that is no link", f.kind)
			}
		default:
			kid := p.walk(k, page)
			f.kids = append(f.kids, kid)
			f.words += kid.words
			if f.page < 0 {
				f.page = kid.page
			}
		}
	}
	return f
}

// all returns the tags of a kind, in reading order.
func (f *found) all(kind string) []*found {
	var out []*found
	if f.kind == kind {
		out = append(out, f)
	}
	for _, k := range f.kids {
		out = append(out, k.all(kind)...)
	}
	return out
}

// bare leaves spaces out, which lines end without.
func bare(s string) string { return strings.Join(strings.Fields(s), "") }

// inOrder fails where the words do not stand one after the other in what is read.
func (p *proof) inOrder(words ...string) {
	p.t.Helper()
	rest := bare(p.tree.words)
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
