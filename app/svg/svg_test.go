package svg

import (
	"bytes"
	"embed"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
	"assay/static"
)

//go:embed testdata
var samples embed.FS

func each(t testing.TB, do func(name string, svg []byte)) {
	files, err := samples.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		if path.Ext(f.Name()) != ".svg" {
			continue
		}
		b, err := samples.ReadFile("testdata/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		n++
		do(f.Name(), b)
	}
	if n < 8 {
		t.Fatalf("only %d samples", n)
	}
}

// brief writes shapes down so that they can be compared.
func brief(d *Drawing) []string {
	var out []string
	for _, s := range d.Shapes {
		var b strings.Builder
		if s.Text != nil {
			at := s.Text.Matrix.Apply(Point{})
			fmt.Fprintf(&b, "%q %.4g at %.4g,%.4g anchor %g", s.Text.Words, s.Text.Size, at.X, at.Y, s.Text.Anchor)
			if s.Text.Semibold {
				b.WriteString(" semibold")
			}
		}
		i := 0
		for _, op := range s.Path.Ops {
			b.WriteByte("MLCZ"[op])
			for range [...]int{1, 1, 3, 0}[op] {
				fmt.Fprintf(&b, "%.4g,%.4g ", s.Path.Points[i].X, s.Path.Points[i].Y)
				i++
			}
		}
		if s.Fill.Seen() {
			fmt.Fprintf(&b, " fill %02x%02x%02x %.3g", s.Fill.R, s.Fill.G, s.Fill.B, s.Fill.Opacity)
		}
		if s.Stroke.Seen() {
			fmt.Fprintf(&b, " stroke %02x%02x%02x %.3g width %.3g", s.Stroke.R, s.Stroke.G, s.Stroke.B, s.Stroke.Opacity, s.Stroke.Width)
		}
		if len(s.Stroke.Dash) > 0 {
			fmt.Fprintf(&b, " dash %v", s.Stroke.Dash)
		}
		if s.Clip != nil {
			fmt.Fprintf(&b, " clip %d", len(s.Clip.Path.Ops))
		}
		out = append(out, strings.Join(strings.Fields(b.String()), " "))
	}
	return out
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, svg string
		want      []string
	}{
		{"path", `<path d="M1 2h3v-1l1 1H0z" fill="#f00"/>`, []string{"M1,2 L4,2 L4,1 L5,2 L0,2 Z fill ff0000 1"}},
		{"relative after close", `<path d="M1 1l1 0zl0 5"/>`, []string{"M1,1 L2,1 ZM1,1 L1,6 fill 000000 1"}},
		{"no spaces", `<path d="M.5.5-1-2e1"/>`, []string{"M0.5,0.5 L-1,-20 fill 000000 1"}},
		{"curves", `<path d="M0 0C1 1 2 1 3 0S5-1 6 0Q7 1 8 0T10 0"/>`, []string{"M0,0 C1,1 2,1 3,0 C4,-1 5,-1 6,0 C6.667,0.6667 7.333,0.6667 8,0 C8.667,-0.6667 9.333,-0.6667 10,0 fill 000000 1"}},
		{"arc flags together", `<path d="M1 0A1 1 0 01 0 1"/>`, []string{"M1,0 C1,0.5523 0.5523,1 0,1 fill 000000 1"}},
		{"broken path", `<path d="M0 0L1 1L2 x"/>`, []string{"M0,0 L1,1 fill 000000 1"}},
		{"box", `<rect x="1" y="2" width="3" height="4" fill="rgb(1,2,3)" fill-opacity=".5"/>`, []string{"M1,2 L4,2 L4,6 L1,6 Z fill 010203 0.5"}},
		{"no fill opacity", `<rect width="3" height="4" fill="#fff" fill-opacity="0"/>`, []string{}},
		{"no stroke width", `<rect width="3" height="4" fill="none" stroke="red" stroke-width="0"/>`, []string{}},
		{"transparent", `<rect width="3" height="4" fill="transparent" stroke="#0000"/>`, []string{}},
		{"line", `<line x1="1" x2="2" y2="3" stroke="#123" stroke-dasharray="6,3"/>`, []string{"M1,0 L2,3 stroke 112233 1 width 1 dash [6 3]"}},
		{"polygon", `<polygon points="0,0 1,0 1 1"/>`, []string{"M0,0 L1,0 L1,1 Z fill 000000 1"}},
		{"group", `<g fill="blue" opacity=".5" transform="translate(10 0) scale(2)"><path d="M1 1L2 2" stroke="#000" opacity="0.5"/></g>`, []string{"M12,2 L14,4 fill 0000ff 0.25 stroke 000000 0.25 width 2"}},
		{"style", `<path d="M0 0L1 1" fill="red" style="fill:none;stroke:currentColor"/>`, []string{"M0,0 L1,1 stroke 1b1f23 1 width 1"}},
		{"variables", `<path d="M0 0L1 1" fill="var(--chart-1, light-dark(rgb(1,2,3), #fff))"/><path d="M0 0L1 1" fill="var(--text)"/>`, []string{"M0,0 L1,1 fill 010203 1", "M0,0 L1,1 fill 1b1f23 1"}},
		{"classes and sheets", `<style>.a-c1{fill:red}</style><path class="a-c1" d="M0 0L1 1" fill="#1f6fa8"/>`, []string{"M0,0 L1,1 fill 1f6fa8 1"}},
		{"words", `<text x="5" y="6" text-anchor="middle" font-size="14px" font-weight="600" fill="#333">a  &amp;
 b</text>`, []string{`"a & b" 14 at 5,6 anchor 0.5 semibold fill 333333 1`}},
		{"turned words", `<text transform="translate(5 6) rotate(-90)" x="1" text-anchor="end">w</text>`, []string{`"w" 12 at 5,5 anchor 1 fill 000000 1`}},
		{"baseline", `<text y="10" dominant-baseline="central">w</text>`, []string{`"w" 12 at 0,14.02 anchor 0 fill 000000 1`}},
		{"clip", `<defs><clipPath id="c"><path d="M0 0h5v5z"/></clipPath></defs><g clip-path="url(#c)"><path d="M0 0L1 1"/></g>`, []string{"M0,0 L1,1 fill 000000 1 clip 4"}},
		{"gradient", `<path d="M0 0L1 1" fill="url(#g)"/><linearGradient id="g"><stop stop-color="#000"/><stop offset="1" stop-color="#fff"/></linearGradient>`, []string{"M0,0 L1,1 fill 7f7f7f 1"}},
		{"missing gradient", `<path d="M0 0L1 1" fill="url(#none)" stroke="red"/>`, []string{"M0,0 L1,1 stroke ff0000 1 width 1"}},
		{"strange elements", `<script>x</script><foreignObject><text>no</text></foreignObject><image href="http://x"/><path d="M0 0L1 1"/>`, []string{"M0,0 L1,1 fill 000000 1"}},
		{"not shown", `<g display="none"><path d="M0 0L1 1"/><text>no</text></g>`, []string{}},
		{"beyond all measure", `<path d="M0 0L1e300 1"/><path transform="scale(1e300)" d="M0 0L1 1"/><circle r="NaN"/><circle r="-1"/>`, []string{"M0,0 fill 000000 1", "M0,0 L1,1 fill 000000 1"}},
	} {
		d, err := Parse([]byte(`<svg viewBox="0 0 100 50">` + c.svg + `</svg>`))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := brief(d)
		if got == nil {
			got = []string{}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if d.Width != 100 || d.Height != 50 {
			t.Errorf("%s: %g by %g", c.name, d.Width, d.Height)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for name, svg := range map[string]string{
		"nothing":    "",
		"words":      "hello",
		"html":       "<html></html>",
		"no size":    "<svg></svg>",
		"no width":   `<svg width="0" height="5"></svg>`,
		"not finite": `<svg width="NaN" height="Inf"></svg>`,
		"too wide":   `<svg width="20001" height="5"></svg>`,
		"cut":        `<svg width="5" height="5"><g>`,
		"mismatch":   `<svg width="5" height="5"><g></svg></g>`,
		"two":        `<svg width="5" height="5"/><svg width="5" height="5"/>`,
		"deep":       `<svg width="5" height="5">` + strings.Repeat("<g>", 100),
		"detailed":   `<svg width="5" height="5"><path d="M0 0` + strings.Repeat("l1 1", 1<<20) + `"/></svg>`,
		"large":      `<svg width="5" height="5">` + strings.Repeat(" ", 9<<20) + `</svg>`,
		"entity":     `<!DOCTYPE svg [<!ENTITY a "b">]><svg width="5" height="5"><text>&a;</text></svg>`,
	} {
		d, err := Parse([]byte(svg))
		if d != nil || !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
}

func TestSamplesKeepTheirShapes(t *testing.T) {
	each(t, func(name string, svg []byte) {
		d, err := Parse(svg)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		var shapes, words int
		for _, s := range d.Shapes {
			if s.Text != nil {
				words++
			} else {
				shapes++
			}
			for _, p := range s.Path.Points {
				if p.X < -1000 || p.X > 2000 || p.Y < -1000 || p.Y > 1500 {
					t.Errorf("%s: a point at %v", name, p)
				}
			}
		}
		if want := bytes.Count(svg, []byte("<text")); words != want {
			t.Errorf("%s: %d texts, want %d", name, words, want)
		}
		want := 0
		for _, e := range []string{"<path", "<circle", "<polyline", "<rect"} {
			want += bytes.Count(svg, []byte(e))
		}
		if want -= bytes.Count(svg, []byte("<clipPath")); shapes != want {
			t.Errorf("%s: %d shapes, want %d", name, shapes, want)
		}
		if d.Title == "" || d.About == "" || d.Width != 760 {
			t.Errorf("%s: %q, %q, %g wide", name, d.Title, d.About, d.Width)
		}
	})
}

func paint(t *testing.T, svg string, width int) image.Image {
	t.Helper()
	b, err := PNG([]byte(svg), width, Fonts{static.FontTTF(400), static.FontTTF(600)})
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestPNGPaintsWhatIsThere(t *testing.T) {
	const size = `<svg width="100" height="50">`
	white, red := color.RGBA{255, 255, 255, 255}, color.RGBA{255, 0, 0, 255}
	type at map[image.Point]color.RGBA
	for _, c := range []struct {
		name, svg string
		want      at
	}{
		{"box", `<rect x="10" y="10" width="20" height="20" fill="red"/>`, at{{40, 40}: red, {10, 10}: white, {70, 40}: white}},
		{"half", `<rect width="50" height="50" fill="red" opacity="0.5"/>`, at{{40, 40}: {255, 127, 127, 255}}},
		{"stroke", `<path d="M10 25L90 25" stroke="red" stroke-width="10" fill="none"/>`, at{{100, 50}: red, {100, 42}: red, {100, 36}: white, {14, 50}: white, {182, 50}: white}},
		{"square ends", `<path d="M10 25L90 25" stroke="red" stroke-width="10" fill="none" stroke-linecap="square"/>`, at{{14, 50}: red, {186, 50}: red, {192, 50}: white}},
		{"dashes", `<path d="M0 25L100 25" stroke="red" stroke-width="10" fill="none" stroke-dasharray="10 10"/>`, at{{10, 50}: red, {30, 50}: white, {50, 50}: red}},
		{"mitre", `<path d="M10 40L10 10L40 10" stroke="red" stroke-width="10" fill="none"/>`, at{{11, 11}: red}},
		{"bevel", `<path d="M10 40L10 10L40 10" stroke="red" stroke-width="10" fill="none" stroke-linejoin="bevel"/>`, at{{11, 11}: white, {18, 18}: red}},
		{"clip", `<clipPath id="c"><rect width="20" height="50"/></clipPath><g clip-path="url(#c)"><rect width="50" height="50" fill="red"/></g>`, at{{20, 40}: red, {60, 40}: white}},
		{"hole", `<path fill-rule="evenodd" fill="red" d="M0 0h50v50h-50zM10 10h30v30h-30z"/>`, at{{10, 10}: red, {50, 50}: white}},
		{"round", `<path d="M10 25L50 25L90 30" stroke="red" stroke-width="20" fill="none" stroke-linejoin="round" stroke-linecap="round"/>`, at{{100, 50}: red, {8, 50}: red, {2, 34}: white, {24, 50}: red}},
		{"overlap", `<path d="M10 25L90 25L10 26" stroke="red" stroke-width="12" fill="none"/>`, at{{100, 50}: red}},
	} {
		img := paint(t, size+c.svg+"</svg>", 200)
		if img.Bounds() != image.Rect(0, 0, 200, 100) {
			t.Fatalf("%s: %v", c.name, img.Bounds())
		}
		for p, want := range c.want {
			r, g, b, a := img.At(p.X, p.Y).RGBA()
			got := color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), uint8(a >> 8)}
			if math.Abs(float64(got.G)-float64(want.G)) > 2 || got.R != want.R {
				t.Errorf("%s: %v at %v, want %v", c.name, got, p, want)
			}
		}
	}
}

// ink is the box around all that is not white.
func inkOf(img image.Image) image.Rectangle {
	var box image.Rectangle
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if r, _, _, _ := img.At(x, y).RGBA(); r < 0x8000 {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return box
}

func TestPNGWritesWords(t *testing.T) {
	words := func(attributes string) image.Rectangle {
		return inkOf(paint(t, `<svg width="100" height="100"><text x="50" y="50" font-size="20" `+attributes+`>HHH</text></svg>`, 200))
	}
	start, middle, end := words(""), words(`text-anchor="middle"`), words(`text-anchor="end"`)
	if start.Min.X < 100 || end.Max.X > 100 || middle.Min.X+middle.Max.X < 196 || middle.Min.X+middle.Max.X > 204 {
		t.Errorf("start %v, middle %v, end %v", start, middle, end)
	}
	if start.Max.Y < 99 || start.Max.Y > 101 || start.Dy() < 24 || start.Dy() > 30 {
		t.Errorf("words of 40 pixels stand in %v", start)
	}
	if bold := words(`font-weight="600"`); bold.Dx() <= start.Dx() {
		t.Errorf("semibold %v is no wider than regular %v", bold, start)
	}
	if turned := words(`transform="rotate(-90 50 50)"`); turned.Dy() != start.Dx() {
		t.Errorf("turned %v, upright %v", turned, start)
	}
}

func TestPNGOfSamples(t *testing.T) {
	each(t, func(name string, svg []byte) {
		img := paint(t, string(svg), 400)
		if img.Bounds() != image.Rect(0, 0, 400, 200) {
			t.Errorf("%s: %v", name, img.Bounds())
		}
		if box := inkOf(img); box.Dx() < 150 || box.Dy() < 60 {
			t.Errorf("%s: ink in %v", name, box)
		}
	})
}

func TestPNGHoldsItsSize(t *testing.T) {
	for _, c := range []struct {
		svg   string
		width int
		want  image.Point
	}{
		{`<svg width="100" height="50"/>`, -1, image.Pt(16, 8)},
		{`<svg width="100" height="50"/>`, 1 << 30, image.Pt(4096, 2048)},
		{`<svg width="1" height="20000"/>`, 4000, image.Pt(1, 4096)},
		{`<svg width="20000" height="1"/>`, 800, image.Pt(800, 1)},
	} {
		if got := paint(t, c.svg, c.width).Bounds().Size(); got != c.want {
			t.Errorf("%s: %v, want %v", c.svg, got, c.want)
		}
	}
	if _, err := PNG([]byte("<svg"), 100, Fonts{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("broken: %v", err)
	}
	if _, err := PNG([]byte(`<svg width="1" height="1"/>`), 100, Fonts{Regular: []byte("no font")}); err == nil {
		t.Error("a broken face was taken")
	}
}

func FuzzParse(f *testing.F) {
	each(f, func(_ string, svg []byte) { f.Add(svg) })
	for _, s := range []string{
		"", "<svg", `<svg width="1" height="1"><path d="M0 0A1 0 1 01 5 5zZzM1"/></svg>`,
		`<svg viewBox="0 0 1e9 1"><text x="1e300">x</text></svg>`, `<svg width="9" height="9"><g transform="matrix(0 0 0 0 0 0)scale(0)"><circle r="5" stroke="red" stroke-dasharray="0,0.0001"/></g></svg>`,
		`<svg width="9" height="9"><path d="M0 0L0 0L0 0" stroke="red" stroke-linecap="round"/><path d="zzz" stroke="red"/><polyline points="1" stroke="red"/></svg>`,
		`<svg width="9" height="9"><path d="M0 0L9e5 9e5L-9e5 0" stroke="red" stroke-width="1e6" stroke-dasharray="1 2 3" stroke-dashoffset="-1e6" stroke-linejoin="round"/></svg>`,
	} {
		f.Add([]byte(s))
	}
	fonts := Fonts{static.FontTTF(400), static.FontTTF(600)}
	f.Fuzz(func(t *testing.T, svg []byte) {
		d, err := Parse(svg)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("%v is not the drawing's fault", err)
			}
			return
		}
		for _, s := range d.Shapes {
			n := 0
			for i, op := range s.Path.Ops {
				n += [...]int{1, 1, 3, 0}[op]
				if i == 0 && op != Move {
					t.Fatal("a path begins without a place")
				}
			}
			if n != len(s.Path.Points) {
				t.Fatalf("%d points, want %d", len(s.Path.Points), n)
			}
			for _, p := range s.Path.Points {
				if math.IsNaN(p.X+p.Y) || math.IsInf(p.X+p.Y, 0) {
					t.Fatalf("a point at %v", p)
				}
			}
		}
		if len(svg) < 1<<14 {
			if _, err := PNG(svg, 32, fonts); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func BenchmarkPNG(b *testing.B) {
	svg, err := samples.ReadFile("testdata/area-stacked.svg")
	if err != nil {
		b.Fatal(err)
	}
	fonts := Fonts{static.FontTTF(400), static.FontTTF(600)}
	for b.Loop() {
		if _, err := PNG(svg, 1200, fonts); err != nil {
			b.Fatal(err)
		}
	}
}
