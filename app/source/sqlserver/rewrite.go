package sqlserver

import (
	"errors"
	"slices"
	"strings"

	"assay/app/source"
)

// edit puts other tokens in the place of some.
type edit struct {
	from, to int
	with     []token
	// place is what the tokens stand for; without one they are only left out.
	place *place
	// before says that what follows moves up to where the tokens were.
	before bool
}

// rewrite returns the statement's tokens with what is to stand for each table.
func (r *rules) rewrite() ([]token, error) {
	edits, err := r.shorten()
	if err != nil {
		return nil, err
	}
	for _, p := range r.places {
		if p.with != nil {
			if v := p.with.Value; v != p.written {
				// A server that minds case would not find the WITH query, but perhaps a table.
				edits = append(edits, edit{p.from, p.to, []token{r.quoted(v, p)}, p, false})
			} else {
				edits = append(edits, edit{p.from, p.to, slices.Clone(r.tokens[p.from:p.to]), p, false})
			}
			continue
		}
		if p.graft == nil {
			with := []token{r.quoted(p.table.Schema, p), r.sign(".", p), r.quoted(p.table.Name, p)}
			if p.renamed() {
				if p.node.TemporalClause != nil {
					return nil, source.Refuse(r.at(p.node.SchemaObject.Frag()), "The table %s is called %s. Write it so, or give it an alias", clip(p.written), clip(p.table.Name))
				}
				with = append(with, r.word("AS", p), r.quoted(p.written, p))
			}
			edits = append(edits, edit{p.from, p.to, with, p, false})
			continue
		}
		with := slices.Concat([]token{r.sign("(", p)}, r.selected(p), []token{r.sign(")", p)})
		if p.node.Alias == nil {
			with = append(with, r.word("AS", p), r.quoted(p.written, p))
		}
		edits = append(edits, edit{p.from, p.to, with, p, false})
		dropped, err := r.hints(p)
		if err != nil {
			return nil, source.Refuse(r.at(p.node.SchemaObject.Frag()), "%v", err)
		}
		edits = append(edits, dropped...)
	}
	return apply(r.tokens, edits)
}

// selected returns the SELECT that stands for a limited table.
func (r *rules) selected(p *place) []token {
	one := slices.Clone(p.graft)
	for i := range one {
		one[i].pos = r.tokens[p.from].pos
		one[i].gap = one[i].gap || one[i].rows > 0
		one[i].rows = 0
	}
	if !r.recursive[p.in] {
		return one
	}
	// SQL Server refuses TOP in a query that reads itself (error 461), but not
	// where a UNION ALL stands over it, even one with nothing.
	none := slices.Clone(one)
	none[3].text, none[3].up = "0", ""
	return slices.Concat(one, []token{r.word("UNION", p), r.word("ALL", p)}, spaced(none))
}

// spaced returns the tokens with space before the first.
func spaced(tokens []token) []token {
	tokens[0].gap = true
	return tokens
}

func (r *rules) quoted(name string, p *place) token {
	return token{kind: tokenName, text: dialect{}.Quote(name), up: strings.ToUpper(name), pos: r.tokens[p.from].pos}
}

func (r *rules) word(up string, p *place) token {
	return token{kind: tokenWord, text: up, up: up, pos: r.tokens[p.from].pos, gap: true}
}

func (r *rules) sign(s string, p *place) token {
	return token{kind: tokenOp, text: s, up: s, pos: r.tokens[p.from].pos}
}

// hints leaves out the hints on a limited table: a derived table takes none.
func (r *rules) hints(p *place) ([]edit, error) {
	if len(p.node.TableHints) == 0 {
		return nil, nil
	}
	var edits []edit
	c := checker{tokens: r.tokens}
	drop := func(i int) {
		open := i
		if c.at(i).is("WITH") {
			open++
		}
		if c.at(open).op("(") {
			edits = append(edits, edit{from: i, to: c.match(open)})
		}
	}
	drop(p.to)
	if p.node.Alias != nil {
		i := r.token(p.node.Alias.Frag())
		if i < p.to {
			return nil, errHints
		}
		drop(i + 1)
	}
	if len(edits) == 0 {
		return nil, errHints
	}
	return edits, nil
}

var errHints = errors.New("hints stand after a table's name and alias, as in FROM t AS a WITH (NOLOCK)")

// apply returns the tokens with the edits, none of which overlap, and notes where each place stands now.
func apply(tokens []token, edits []edit) ([]token, error) {
	slices.SortFunc(edits, func(a, b edit) int { return a.from - b.from })
	var out []token
	at := 0
	rows, gap := 0, false // what stood before tokens that were left out
	put := func(t token) {
		t.rows += rows
		t.gap = t.gap || gap
		rows, gap = 0, false
		out = append(out, t)
	}
	for _, e := range edits {
		if e.from < at || e.to > len(tokens) {
			return nil, source.Refuse(0, "The statement could not be rewritten for the rules on its tables")
		}
		for _, t := range tokens[at:e.from] {
			put(t)
		}
		at = e.to
		for _, t := range tokens[e.from:e.to] {
			rows += t.rows
		}
		gap = gap || (e.before || e.place != nil) && tokens[e.from].gap
		if e.place == nil {
			continue
		}
		e.place.at = len(out)
		for i, t := range e.with {
			if i == 0 {
				t.rows, t.gap = 0, t.gap || t.op("(")
			}
			put(t)
		}
		e.place.end = len(out)
	}
	for _, t := range tokens[at:] {
		put(t)
	}
	return out, nil
}
