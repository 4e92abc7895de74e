package pdf

import (
	"fmt"
	"strings"
)

// tag is an element of the structure that readers aloud and programs follow.
type tag struct {
	kind   string
	parent *tag
	kids   []kid
	alt    string
	title  string
	extra  string // further entries of its dictionary
	object ref
}

// kid is a part of a tag: another tag, a piece of a page's content, or a link on a page.
type kid struct {
	tag   *tag
	page  *page
	mark  int
	annot ref
}

func (t *tag) add(kind string) *tag {
	k := &tag{kind: kind, parent: t}
	t.kids = append(t.kids, kid{tag: k})
	return k
}

// hollow are kinds that mean nothing without content.
var hollow = map[string]bool{"P": true, "Div": true, "Link": true, "Span": true, "L": true, "LI": true, "LBody": true, "Lbl": true, "BlockQuote": true, "Caption": true, "TOCI": true, "Sect": true, "Code": true}

// trim drops what is hollow below the tag, and reports whether anything is left.
func (t *tag) trim() bool {
	kept := t.kids[:0]
	for _, k := range t.kids {
		if k.tag == nil || k.tag.trim() {
			kept = append(kept, k)
		}
	}
	t.kids = kept
	return len(kept) > 0 || !hollow[t.kind]
}

// writeTags writes the structure below the root, and the tree that leads back
// from the marks on each page and from each link to their tags.
func (d *maker) writeTags(root *tag) ref {
	out := d.out
	root.trim()
	tree, parents := out.reserve(), out.reserve()
	var number func(*tag)
	number = func(t *tag) {
		t.object = out.reserve()
		for _, k := range t.kids {
			if k.tag != nil {
				number(k.tag)
			}
		}
	}
	number(root)
	var write func(*tag, ref)
	write = func(t *tag, parent ref) {
		b := fmt.Appendf(nil, "<</Type /StructElem /S /%s /P %s", t.kind, parent)
		var on *page // most tags stand on one page, which is then said once
		for _, k := range t.kids {
			if k.page != nil {
				on = k.page
				break
			}
		}
		if on != nil {
			b = fmt.Appendf(b, " /Pg %s", on.object)
		}
		if t.alt != "" {
			b = append(append(b, " /Alt "...), literal(t.alt)...)
		}
		if t.title != "" {
			b = append(append(b, " /T "...), literal(t.title)...)
		}
		b = append(b, t.extra...)
		b = append(b, " /K ["...)
		for i, k := range t.kids {
			if i > 0 {
				b = append(b, ' ')
			}
			switch {
			case k.tag != nil:
				b = append(b, k.tag.object.String()...)
			case k.annot != 0:
				b = fmt.Appendf(b, "<</Type /OBJR /Pg %s /Obj %s>>", k.page.object, k.annot)
			case k.page == on:
				b = fmt.Appendf(b, "%d", k.mark)
			default:
				b = fmt.Appendf(b, "<</Type /MCR /Pg %s /MCID %d>>", k.page.object, k.mark)
			}
		}
		out.put(t.object, append(b, "]>>"...))
		for _, k := range t.kids {
			if k.tag != nil {
				write(k.tag, t.object)
			}
		}
	}
	write(root, tree)
	nums := []byte("<</Nums [")
	for i, p := range d.pages {
		list := out.reserve()
		b := []byte("[")
		for _, t := range p.marks {
			b = append(append(b, t.object.String()...), ' ')
		}
		out.put(list, append(b, ']'))
		nums = fmt.Appendf(nums, "%d %s ", i, list)
	}
	for i, a := range d.annots {
		nums = fmt.Appendf(nums, "%d %s ", len(d.pages)+i, a.tag.object)
	}
	out.put(parents, append(nums, "]>>"...))
	out.putf(tree, "<</Type /StructTreeRoot /K %s /ParentTree %s /ParentTreeNextKey %d /RoleMap <</Title /P>>>>", root.object, parents, len(d.pages)+len(d.annots))
	return tree
}

// language returns a language tag as far as it is one.
func language(s string) string {
	s = strings.ReplaceAll(strings.TrimSpace(s), "_", "-")
	if s == "" || len(s) > 35 {
		return "en"
	}
	for i := range len(s) {
		if c := s[i]; c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return "en"
		}
	}
	return s
}
