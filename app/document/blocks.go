package document

import (
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	extended "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// Resolver gives the live parts of a text what they show. It is asked in reading
// order, and what it cannot give it says in its place.
type Resolver interface {
	// Live returns what stands in place of a chart, table, number or the parameters.
	Live(l *Live) []Block
	// Claim returns a figure with its Ref.
	Claim(c *Claim) Inline
	// Parameter returns the value of one of the report's parameters.
	Parameter(name string) Inline
}

// Blocks returns what the text says, with unique ids of headings and figures.
func (s *Source) Blocks(r Resolver) []Block {
	w := &writer{s: s, resolver: r, ids: map[string]int{}, figures: new(int), tables: new(int), levels: levels(s.root)}
	return w.children(s.root, 0)
}

// writer makes blocks of nodes.
type writer struct {
	s        *Source
	resolver Resolver
	ids      map[string]int
	figures  *int
	tables   *int
	levels   []int // of headings that the text has, the highest first
}

// mostDepth is how deep blocks stand in one another; what is deeper is flat.
const mostDepth = 3 * mostNested

func levels(root ast.Node) (list []int) {
	ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if h, ok := n.(*ast.Heading); ok && entering && !slices.Contains(list, h.Level) {
			list = append(list, h.Level)
		}
		return ast.WalkContinue, nil
	})
	slices.Sort(list)
	return list
}

// children returns the blocks of a node; neighbours that are less than the whole
// width stand side by side.
func (w *writer) children(n ast.Node, depth int) (list []Block) {
	var row []Cell
	room := 12
	flush := func() {
		if len(row) > 0 {
			list = append(list, Row{row})
		}
		row, room = nil, 12
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		l := w.s.lives[c]
		if l != nil && l.Span < 12 && l.Problem == "" {
			if l.Span > room {
				flush()
			}
			row, room = append(row, Cell{Span: l.Span, Blocks: w.live(l)}), room-l.Span
			continue
		}
		flush()
		if l != nil {
			list = append(list, w.live(l)...)
		} else {
			list = append(list, w.block(c, depth)...)
		}
	}
	flush()
	return list
}

func (w *writer) block(n ast.Node, depth int) []Block {
	if depth > mostDepth {
		return []Block{Paragraph{[]Inline{{Text: string(n.Lines().Value(w.s.text))}}}}
	}
	switch n := n.(type) {
	case *ast.Heading:
		text := w.inlines(n)
		level := slices.Index(w.levels, n.Level) + 1
		return []Block{Heading{Level: min(max(level, 1), 4), ID: w.id("s-" + slug(Words(text))), Text: text}}
	case *ast.Paragraph, *ast.TextBlock:
		if text := w.inlines(n); len(text) > 0 {
			return []Block{Paragraph{text}}
		}
	case *ast.List:
		l := List{Ordered: n.IsOrdered(), Start: n.Start}
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			l.Items = append(l.Items, w.children(item, depth+1))
		}
		return []Block{l}
	case *ast.Blockquote:
		return []Block{Quote{Blocks: w.children(n, depth+1)}}
	case *ast.FencedCodeBlock:
		return []Block{Code{Language: string(n.Language(w.s.text)), Text: string(n.Lines().Value(w.s.text))}}
	case *ast.CodeBlock:
		return []Block{Code{Text: string(n.Lines().Value(w.s.text))}}
	case *ast.ThematicBreak:
		return []Block{Rule{}}
	case *extended.Table:
		return []Block{Grid{w.grid(n)}}
	case *ast.LinkReferenceDefinition:
		return nil
	default:
		return w.children(n, depth+1)
	}
	return nil
}

// live returns what stands in place of a live block.
func (w *writer) live(l *Live) []Block {
	switch {
	case l.Problem != "":
		return w.named([]Block{Figure{Title: l.Title, Failure: &Failure{Title: "This block cannot be read", Message: l.Problem}}})
	case l.Kind == "toc":
		return []Block{Contents{}}
	case l.Kind == "page-break":
		return []Block{PageBreak{}}
	case l.Kind == "finding":
		q := Quote{Finding: true}
		if l.Title != "" {
			q.Blocks = append(q.Blocks, Paragraph{[]Inline{{Text: l.Title, Strong: true}}})
		}
		if l.Text != nil {
			inner := &writer{s: l.Text, resolver: w.resolver, ids: w.ids, figures: w.figures, tables: w.tables, levels: levels(l.Text.root)}
			q.Blocks = append(q.Blocks, inner.children(l.Text.root, 1)...)
		}
		return []Block{q}
	}
	return w.named(w.resolver.Live(l))
}

// named gives figures their ids.
func (w *writer) named(list []Block) []Block {
	for i, b := range list {
		if f, ok := b.(Figure); ok {
			*w.figures++
			f.ID = w.id("figure-" + strconv.Itoa(*w.figures))
			list[i] = f
		}
	}
	return list
}

// id makes a name that the document has only once.
func (w *writer) id(name string) string {
	w.ids[name]++
	if n := w.ids[name]; n > 1 {
		return w.id(name + "-" + strconv.Itoa(n))
	}
	return name
}

// slug is a text as an address has it.
func slug(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() > 60 {
			break
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return "section"
}

// grid is a written table. Its cells are plain; one that is a link or a figure as
// a whole keeps its address.
func (w *writer) grid(n *extended.Table) Table {
	*w.tables++
	t := Table{Label: "Table " + strconv.Itoa(*w.tables)}
	for r := n.FirstChild(); r != nil; r = r.NextSibling() {
		var cells []Value
		i := 0
		for c := r.FirstChild(); c != nil; c = c.NextSibling() {
			text := w.inlines(c)
			v := Value{Text: Words(text)}
			if len(text) == 1 {
				v.URL = text[0].URL
			}
			if r.Kind() == extended.KindTableHeader {
				numeric := i < len(n.Alignments) && n.Alignments[i] == extended.AlignRight
				t.Columns = append(t.Columns, Column{Name: v.Text, Numeric: numeric})
			} else if i < len(t.Columns) {
				cells = append(cells, v)
			}
			i++
		}
		if r.Kind() != extended.KindTableHeader {
			for len(cells) < len(t.Columns) {
				cells = append(cells, Value{})
			}
			t.Rows = append(t.Rows, cells)
		}
	}
	return t
}

// inlines returns the text in a block.
func (w *writer) inlines(n ast.Node) []Inline {
	var runs []piece
	w.run(n, Inline{}, &runs, 0)
	list := join(runs)
	if len(list) > 0 {
		last := &list[len(list)-1]
		last.Break = false
		if last.Ref == nil {
			last.Text = strings.TrimRight(last.Text, " ")
		}
	}
	return slices.DeleteFunc(list, func(i Inline) bool { return i.Text == "" && !i.Break && i.Ref == nil })
}

// run appends what is in a node, dressed as the nodes around it say.
func (w *writer) run(n ast.Node, dress Inline, list *[]piece, depth int) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		d := dress
		switch c := c.(type) {
		case *ast.Text:
			text := string(c.Segment.Value(w.s.text))
			if !c.IsRaw() {
				text = plain(text)
			}
			if c.SoftLineBreak() {
				text += " "
			}
			w.add(list, d, text)
			if c.HardLineBreak() {
				d.Text, d.Break = "", true
				*list = append(*list, piece{Inline: d, whole: true})
			}
			continue
		case *ast.String:
			w.add(list, d, string(c.Value))
			continue
		case *ast.CodeSpan:
			d.Code = true
		case *ast.Emphasis:
			if c.Level > 1 {
				d.Strong = true
			} else {
				d.Slant = true
			}
		case *extended.Strikethrough:
			d.Struck = true
		case *ast.Link:
			if len(c.Destination) <= longestLink {
				d.URL = w.link(plain(string(c.Destination)))
			}
		case *ast.Image: // what it shows stays elsewhere; its words are here
			d.Slant = true
		case *ast.AutoLink:
			to := string(c.URL(w.s.text))
			if c.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(to), "mailto:") {
				to = "mailto:" + to
			}
			d.URL = w.link(to)
			w.add(list, d, string(c.Label(w.s.text)))
			continue
		case *claimNode:
			w.claim(c, d, list)
			continue
		}
		if depth > mostDepth {
			continue
		}
		w.run(c, d, list, depth+1)
	}
}

func (w *writer) add(list *[]piece, d Inline, text string) {
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
	d.Text = text
	*list = append(*list, piece{Inline: d})
}

// piece is a run of text; a whole one is no part of its neighbours.
type piece struct {
	Inline
	whole bool
}

// join makes one run of neighbours in the same dress.
func join(pieces []piece) (list []Inline) {
	dress := func(i Inline) Inline { i.Text = ""; return i }
	for i := 0; i < len(pieces); {
		one, end := pieces[i].Inline, i+1
		if !pieces[i].whole {
			var text strings.Builder
			text.WriteString(one.Text)
			for ; end < len(pieces) && !pieces[end].whole && dress(pieces[end].Inline) == dress(one); end++ {
				text.WriteString(pieces[end].Text)
			}
			one.Text = text.String()
		}
		list = append(list, one)
		i = end
	}
	return list
}

func (w *writer) claim(n *claimNode, d Inline, list *[]piece) {
	var got Inline
	switch {
	case n.claim != nil:
		got = w.resolver.Claim(n.claim)
	case n.parameter != "":
		got = w.resolver.Parameter(n.parameter)
	default:
		got = Inline{Text: "[" + n.problem + "]", Ref: &Ref{Failed: true}}
	}
	got.Strong, got.Slant, got.Struck = d.Strong, d.Slant, d.Struck
	if d.URL != "" {
		got.URL = d.URL
	}
	*list = append(*list, piece{Inline: got, whole: true})
}

// longestLink bounds an address in bytes: of one that is named once, every
// mention in the text is a copy.
const longestLink = 4 << 10

// link returns an address that may be followed from a text, "" for any other.
func (w *writer) link(to string) string {
	to = strings.TrimSpace(to)
	if strings.ContainsFunc(to, func(r rune) bool { return unicode.IsControl(r) || r == '\\' }) || strings.HasPrefix(to, "//") {
		return ""
	}
	u, err := url.Parse(to)
	if err != nil {
		return ""
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Host == "" || u.User != nil {
			return ""
		}
	case "mailto":
	case "":
		if name, ok := strings.CutPrefix(to, "#"); ok {
			return "#s-" + strings.TrimPrefix(strings.ToLower(name), "s-")
		}
		if u.Host != "" || to == "" {
			return ""
		}
	default:
		return ""
	}
	return to
}

// plain takes backslashes off and spells entities out.
func plain(s string) string {
	if !strings.ContainsAny(s, `\&`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && util.IsPunct(s[i+1]):
			i++
			b.WriteByte(s[i])
		case s[i] == '&':
			end := strings.IndexByte(s[i:min(len(s), i+34)], ';')
			if end > 0 {
				if spelled := html.UnescapeString(s[i : i+end+1]); spelled != s[i:i+end+1] {
					b.WriteString(spelled)
					i += end
					continue
				}
			}
			b.WriteByte('&')
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
