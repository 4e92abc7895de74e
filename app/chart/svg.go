package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// frameOf is what a finished drawing says about itself.
type frameOf struct {
	id                 string // the prefix of every id in it
	width, height      int
	title, description string
	theme              Theme
	marks              map[[2]int]string // names of marks by series and number
}

// finish rewrites what ECharts drew into what may stand in a page under a
// content policy without inline styles: presentation attributes and classes
// only, a closed list of elements and attributes, ids of its own, and a title
// and description for those who do not see it.
func finish(raw []byte, f frameOf) ([]byte, error) {
	w := &svgWriter{f: f, classes: newClasses(f.theme), ids: map[string]string{}}
	w.out.Grow(len(raw))
	d := xml.NewDecoder(bytes.NewReader(raw))
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read the drawing: %w", err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			w.start(t)
		case xml.EndElement:
			if len(w.names) == 0 {
				return nil, errors.New("read the drawing: its elements do not match")
			}
			w.end()
		case xml.CharData:
			w.text(t)
		}
	}
	if w.depth != 0 || !w.whole {
		return nil, errors.New("read the drawing: it is cut short")
	}
	return w.out.Bytes(), nil
}

type svgWriter struct {
	f       frameOf
	classes classes
	out     bytes.Buffer
	ids     map[string]string
	depth   int  // open elements, dropped ones included
	dropped int  // the depth at which dropping began, or 0
	open    bool // the start tag written last still lacks its ">"
	inText  bool
	whole   bool
	names   []string // the elements that are open and written
}

// allowed lists the elements of a drawing and whether words may stand in them.
var allowed = map[string]bool{
	"svg": false, "g": false, "path": false, "rect": false, "circle": false, "line": false,
	"polyline": false, "polygon": false, "text": true, "defs": false, "clipPath": false,
	"linearGradient": false, "radialGradient": false, "stop": false,
}

// copied lists the attributes that pass as they are.
var copied = map[string]bool{
	"d": true, "points": true, "width": true, "height": true, "cx": true, "cy": true, "r": true, "rx": true, "ry": true,
	"x1": true, "y1": true, "x2": true, "y2": true, "fill-rule": true, "fill-opacity": true, "stroke-opacity": true,
	"stroke-linecap": true, "stroke-linejoin": true, "stroke-dasharray": true, "stroke-dashoffset": true,
	"stroke-width": true, "opacity": true, "offset": true, "stop-color": true, "stop-opacity": true,
	"gradientUnits": true, "gradientTransform": true, "text-anchor": true, "font-weight": true, "font-style": true,
}

// defaults are values that say nothing.
var defaults = map[string]string{
	"text-anchor": "start", "font-weight": "normal", "font-style": "normal", "opacity": "1", "fill-opacity": "1",
	"stroke-opacity": "1", "stroke-width": "1", "stroke-linecap": "butt", "font-size": "12",
}

func (w *svgWriter) start(e xml.StartElement) {
	w.depth++
	w.inText = false
	if w.dropped != 0 {
		return
	}
	words, ok := allowed[e.Name.Local]
	if !ok || e.Name.Space != "" || (w.depth == 1) != (e.Name.Local == "svg") {
		w.dropped = w.depth
		return
	}
	if w.depth == 1 {
		w.names = append(w.names, "svg")
		w.root()
		return
	}
	a := attributesOf(e)
	if unseen(e.Name.Local, a) {
		w.dropped = w.depth
		return
	}
	w.closeTag()
	w.inText = words
	name := e.Name.Local
	if name == "path" && asCircle(a) {
		name = "circle"
	}
	w.names = append(w.names, name)
	w.out.WriteByte('<')
	w.out.WriteString(name)
	w.open = true
	if name == "text" {
		placeText(a)
	}
	w.attributes(name, a)
}

func (w *svgWriter) end() {
	if w.dropped != 0 {
		if w.dropped == w.depth {
			w.dropped = 0
		}
		w.depth--
		return
	}
	w.depth--
	w.inText = false
	name := w.names[len(w.names)-1]
	w.names = w.names[:len(w.names)-1]
	if w.open {
		w.out.WriteString("/>")
		w.open = false
	} else {
		w.out.WriteString("</" + name + ">")
	}
	w.whole = w.depth == 0
}

func (w *svgWriter) text(data xml.CharData) {
	if w.dropped != 0 || !w.inText || len(data) == 0 {
		return
	}
	w.closeTag()
	escape(&w.out, string(data))
}

func (w *svgWriter) closeTag() {
	if w.open {
		w.out.WriteByte('>')
		w.open = false
	}
}

func (w *svgWriter) root() {
	size := strconv.Itoa(w.f.width)
	high := strconv.Itoa(w.f.height)
	w.out.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" width="` + size + `" height="` + high + `" viewBox="0 0 ` + size + " " + high + `" role="img"`)
	w.attribute("aria-labelledby", w.f.id+"t "+w.f.id+"d")
	w.attribute("font-family", w.f.theme.Font)
	w.out.WriteString(` font-size="12"><title`)
	w.attribute("id", w.f.id+"t")
	w.out.WriteByte('>')
	escape(&w.out, clean(w.f.title))
	w.out.WriteString("</title><desc")
	w.attribute("id", w.f.id+"d")
	w.out.WriteByte('>')
	escape(&w.out, clean(w.f.description))
	w.out.WriteString("</desc>")
}

func (w *svgWriter) attribute(name, value string) {
	w.out.WriteByte(' ')
	w.out.WriteString(name)
	w.out.WriteString(`="`)
	escape(&w.out, value)
	w.out.WriteByte('"')
}

// order is the order in which attributes are written.
var order = []string{
	"id", "class", "clip-path", "transform", "d", "points", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry",
	"width", "height", "text-anchor", "font-size", "font-weight", "font-style", "fill", "fill-opacity", "fill-rule",
	"stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin",
	"opacity", "data-m", "offset", "stop-color", "stop-opacity", "gradientUnits", "gradientTransform",
}

func (w *svgWriter) attributes(name string, a map[string]string) {
	kept := map[string]string{}
	if m := w.mark(a); m != "" && name != "text" {
		kept["data-m"] = m
	}
	for k, v := range a {
		switch {
		case k == "id":
			kept[k] = w.id(v)
		case k == "clip-path":
			kept[k] = w.reference(v)
		case k == "fill", k == "stroke":
			kept[k] = w.paint(v)
		case k == "transform", k == "x", k == "y", k == "font-size":
			kept[k] = v
		case copied[k]:
			kept[k] = v
		}
		if defaults[k] == v && v != "" {
			delete(kept, k)
		}
	}
	if name == "text" || kept["stroke"] == "none" {
		for _, k := range []string{"stroke", "stroke-width", "stroke-opacity", "stroke-linecap", "stroke-linejoin", "stroke-dasharray"} {
			delete(kept, k)
		}
	}
	var class []string
	if c := w.classes.fill[kept["fill"]]; c != "" {
		class = append(class, c)
	}
	if c := w.classes.stroke[kept["stroke"]]; c != "" {
		class = append(class, c)
	}
	if len(class) > 0 {
		kept["class"] = strings.Join(class, " ")
	}
	for _, k := range order {
		if v, ok := kept[k]; ok {
			w.attribute(k, v)
		}
	}
}

// paint returns a colour in one spelling, or a reference to a gradient of the drawing.
func (w *svgWriter) paint(v string) string {
	if strings.HasPrefix(v, "url(") {
		return w.reference(v)
	}
	return colour(v)
}

func (w *svgWriter) reference(v string) string {
	inner, ok := strings.CutPrefix(v, "url(#")
	inner, closed := strings.CutSuffix(inner, ")")
	if !ok || !closed {
		return "none" // an address outside the drawing is never fetched
	}
	return "url(#" + w.id(inner) + ")"
}

// id gives the ids of ECharts, which count on from drawing to drawing, names of this drawing alone.
func (w *svgWriter) id(old string) string {
	id, ok := w.ids[old]
	if !ok {
		id = w.f.id + strconv.Itoa(len(w.ids))
		w.ids[old] = id
	}
	return id
}

// attributesOf returns the attributes of an element, those in its style included.
func attributesOf(e xml.StartElement) map[string]string {
	a := make(map[string]string, len(e.Attr))
	for _, at := range e.Attr {
		if at.Name.Space != "" {
			continue
		}
		if at.Name.Local != "style" {
			a[at.Name.Local] = at.Value
			continue
		}
		for declaration := range strings.SplitSeq(at.Value, ";") {
			k, v, ok := strings.Cut(declaration, ":")
			if !ok {
				continue
			}
			k, v = strings.TrimSpace(k), strings.TrimSpace(v)
			switch k {
			case "font-size":
				a[k] = strings.TrimSuffix(v, "px")
			case "font-weight", "font-style":
				a[k] = v
			}
		}
	}
	return a
}

// unseen reports shapes that leave no mark: what ECharts lays down to catch the pointer.
func unseen(name string, a map[string]string) bool {
	switch name {
	case "path", "rect", "circle", "polyline", "polygon", "line":
	default:
		return false
	}
	if _, clip := a["id"]; clip {
		return false
	}
	filled := a["fill"] != "none" && a["fill-opacity"] != "0" && a["fill"] != "transparent"
	stroked := a["stroke"] != "" && a["stroke"] != "none" && a["stroke-width"] != "0" && a["stroke-opacity"] != "0" && a["stroke"] != "transparent"
	return a["opacity"] == "0" || !filled && !stroked || name == "path" && a["d"] == ""
}
