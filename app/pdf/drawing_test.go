package pdf

import (
	"fmt"
	"strings"
	"testing"

	reader "github.com/ledongthuc/pdf"

	"assay/app/document"
)

// marks lists what a drawing paints: the operator with the colours, opacity and
// line that hold there.
func marks(t *testing.T, svg string) []string {
	t.Helper()
	p := open(t, write(t, made(document.Figure{Drawing: &document.Drawing{SVG: []byte(svg)}}), options()))
	forms := p.Reader.Page(1).V.Key("Resources").Key("XObject")
	if len(forms.Keys()) != 1 {
		t.Fatalf("%d drawings", len(forms.Keys()))
	}
	form := forms.Key(forms.Keys()[0])
	type state struct{ fill, stroke, opacity, width, dash string }
	now := state{"0 0 0", "0 0 0", "1 1", "1", ""}
	var saved []state
	var out []string
	reader.Interpret(form, func(stk *reader.Stack, op string) {
		args := make([]string, stk.Len())
		for i := range args {
			args[len(args)-1-i] = stk.Pop().String()
		}
		all := strings.Join(args, " ")
		switch op {
		case "q":
			saved = append(saved, now)
		case "Q":
			now, saved = saved[len(saved)-1], saved[:len(saved)-1]
		case "rg":
			now.fill = all
		case "RG":
			now.stroke = all
		case "w":
			now.width = all
		case "d":
			now.dash = all
		case "gs":
			g := form.Key("Resources").Key("ExtGState").Key(strings.TrimPrefix(all, "/"))
			now.opacity = fmt.Sprint(g.Key("ca").Float64(), " ", g.Key("CA").Float64())
		case "f", "f*":
			out = append(out, op+" "+now.fill+" opacity "+now.opacity)
		case "S":
			out = append(out, op+" "+now.stroke+" width "+now.width+" opacity "+now.opacity+" dash "+now.dash)
		case "B", "B*":
			out = append(out, op+" "+now.fill+", "+now.stroke+" width "+now.width+" opacity "+now.opacity)
		}
	})
	if len(saved) != 0 {
		t.Errorf("%d states are left saved", len(saved))
	}
	return out
}

func TestDrawingKeepsColours(t *testing.T) {
	got := marks(t, `<svg width="10" height="10"><clipPath id="c"><rect width="5" height="5"/></clipPath><clipPath id="none"></clipPath>
<rect width="1" height="1" fill="#0f0" opacity="0.5"/>
<g clip-path="url(#c)"><rect width="1" height="1" fill="red"/><rect width="1" height="1" fill="red" stroke="blue" stroke-width="2" fill-opacity="0.2"/></g>
<rect width="1" height="1" fill="red"/><rect width="1" height="1" fill="#0f0" fill-opacity="0"/>
<g clip-path="url(#none)"><path d="M0 0L1 1" fill="none" stroke="blue" stroke-dasharray="6,3"/></g><path d="M0 0L1 1" fill="none" stroke="blue" stroke-width="2"/>
<path d="M0 0L1 1" fill-rule="evenodd"/></svg>`)
	want := []string{
		"f 0 1 0 opacity 0.5 0.5",
		"f 1 0 0 opacity 1 1",
		"B 1 0 0, 0 0 1 width 2 opacity 0.2 1",
		"f 1 0 0 opacity 1 1",
		"S 0 0 1 width 1 opacity 1 1 dash [6 3] 0",
		"S 0 0 1 width 2 opacity 1 1 dash ",
		"f* 0 0 0 opacity 1 1",
	}
	if a, b := strings.Join(want, "\n"), strings.Join(got, "\n"); a != b {
		t.Errorf("want\n%s\ngot\n%s", a, b)
	}
}
