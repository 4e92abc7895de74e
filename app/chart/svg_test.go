package chart

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/app/fault"
)

// elements counts what is in a drawing, and fails where it is not what a page may hold.
func elements(t *testing.T, svg []byte) (counts map[string]int, words []string) {
	t.Helper()
	counts = map[string]int{}
	ids, refs := map[string]int{}, []string{}
	d := xml.NewDecoder(bytes.NewReader(svg))
	inText := false
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, svg)
		}
		switch e := tok.(type) {
		case xml.StartElement:
			counts[e.Name.Local]++
			inText = e.Name.Local == "text"
			if _, ok := allowed[e.Name.Local]; !ok && e.Name.Local != "title" && e.Name.Local != "desc" {
				t.Errorf("element <%s>", e.Name.Local)
			}
			for _, a := range e.Attr {
				n := a.Name.Local
				switch {
				case n == "style" || strings.HasPrefix(n, "on") || strings.Contains(n, "href") || strings.HasPrefix(n, "ecmeta"):
					t.Errorf("attribute %s=%q", n, a.Value)
				case n == "id":
					ids[a.Value]++
				case n == "class":
					for c := range strings.FieldsSeq(a.Value) {
						if !strings.HasPrefix(c, "a-") {
							t.Errorf("class %q", c)
						}
					}
				case n == "aria-labelledby":
					refs = append(refs, strings.Fields(a.Value)...)
				case strings.HasPrefix(a.Value, "url("):
					refs = append(refs, strings.TrimSuffix(strings.TrimPrefix(a.Value, "url(#"), ")"))
				}
			}
		case xml.EndElement:
			inText = false
		case xml.CharData:
			if inText {
				words = append(words, string(e))
			}
		}
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("id %q stands %d times", id, n)
		}
	}
	for _, r := range refs {
		if ids[r] == 0 {
			t.Errorf("reference to %q, which is nowhere", r)
		}
	}
	return counts, words
}

func TestEveryKindMayStandInAPage(t *testing.T) {
	seen := map[Kind]bool{}
	for _, s := range gallery() {
		d, svg := draw(t, s, 760, 380)
		seen[d.Kind] = true
		counts, words := elements(t, svg)
		if counts["title"] != 1 || counts["desc"] != 1 || d.Title == "" || d.Description == "" {
			t.Errorf("%s: title %q, description %q", s.name, d.Title, d.Description)
		}
		if counts["path"]+counts["circle"]+counts["text"] < 3 || len(words) == 0 {
			t.Errorf("%s: hardly anything drawn: %v", s.name, counts)
		}
		if d.Table == nil || len(d.Table.Rows) == 0 {
			t.Errorf("%s: no table", s.name)
			continue
		}
		for _, row := range d.Table.Rows {
			if len(row) > len(d.Table.Head) {
				t.Errorf("%s: a row of %d below a head of %d", s.name, len(row), len(d.Table.Head))
			}
		}
	}
	for _, k := range Kinds() {
		if !seen[k.Kind] && k.Kind != Table && k.Kind != Pivot {
			t.Errorf("no drawing of kind %s was looked at", k.Kind)
		}
	}
}

func TestMarksAndLabels(t *testing.T) {
	fills := func(svg []byte, class string) int {
		return bytes.Count(svg, []byte(`<path class="`+class+`"`)) + bytes.Count(svg, []byte(`<path class="`+class+` `))
	}
	for _, s := range gallery() {
		if s.name != "bar" && s.name != "stacked" && s.name != "waterfall" {
			continue
		}
		_, svg := draw(t, s, 760, 380)
		_, words := elements(t, svg)
		all := "|" + strings.Join(words, "|") + "|"
		switch s.name {
		case "bar":
			if n := fills(svg, "a-c1"); n != 6 {
				t.Errorf("%d columns drawn, want 6", n)
			}
			for _, want := range []string{"|Web|", "|Fair|", "|5.2k|", "|Orders|"} {
				if !strings.Contains(all, want) {
					t.Errorf("bar: %s is missing in %s", want, all)
				}
			}
		case "stacked":
			// Eight quarters of three segments, and the legend's swatches.
			if n := fills(svg, "a-c1") + fills(svg, "a-c2") + fills(svg, "a-c3"); n != 27 {
				t.Errorf("%d parts drawn, want 27", n)
			}
			if !strings.Contains(all, "|Public sector|") || !strings.Contains(all, "|Q1 2023|") {
				t.Errorf("stacked: %s", all)
			}
		case "waterfall":
			// Four rises or falls above or below nought each, one falling through it.
			if n := fills(svg, "a-c1"); n < 3 {
				t.Errorf("%d rises drawn, want 3 or more", n)
			}
			if !strings.Contains(all, "|+€820k|") || !strings.Contains(all, "|−€430k|") || !strings.Contains(all, "|€85k|") {
				t.Errorf("waterfall: %s", all)
			}
		}
	}
}

// hostile are texts that data may hold to break out of a drawing.
var hostile = []string{
	`<img src=x onerror=alert(1)>`, `</script><script>alert(1)</script>`, `]]><script>alert(2)</script>`,
	`" onload="alert(3)`, `'><svg onload=alert(4)>`, `&lt;b&gt; &#x3c;script>`, "$fmt:thousands", "{b} {c} {a|x}",
	"\x01\x02\x1b[31m\x00x", "broken \xff\xfe utf-8", "half \xed\xa0\x80 pair", "two\nlines\r\n", "\u202egnp.exe", "javascript:alert(5)",
	"__proto__", "__proto__ and more behind it that is cut off at the end", "constructor", "hasOwnProperty", "url(#a)", "", " ", "-", "0",
}

func TestHostileTextStaysText(t *testing.T) {
	for _, kind := range []Kind{Bar, HBar, Pie, Funnel, Treemap, Waterfall, Line, Stacked, Heatmap, Sankey, Scatter, BoxPlot} {
		f := rows(columns("name:t", "other:t", "value:n", "second:n"))
		for i, h := range hostile {
			f.AppendTexts(h, hostile[(i+1)%len(hostile)], "10", "5")
			f.AppendTexts(h, hostile[(i+2)%len(hostile)], "7", "3")
		}
		s := Settings{Kind: kind, X: "name", Y: []string{"value"}, Title: hostile[1], Subtitle: hostile[3], GoalLabel: hostile[0], Goal: new(6.0),
			Unit: map[string]string{"value": hostile[3]}, Label: map[string]string{"value": hostile[0], "name": hostile[2]}}
		switch kind {
		case Stacked, Line, Heatmap, Sankey:
			s.Series = "other"
		case Scatter:
			s.X, s.Y, s.Series = "value", []string{"second"}, "name"
		}
		theme := Light()
		theme.Titled = true
		d, err := Option(f, s, theme)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if bytes.Contains(d.Option, []byte("<")) {
			t.Errorf("%s: the option holds a bare <, which could end a script element", kind)
		}
		for _, size := range []int{760, 360} {
			svg, err := drawer.SVG(context.Background(), d, size, 300)
			if err != nil {
				t.Errorf("%s: %v", kind, err)
				continue
			}
			elements(t, svg)
			if bytes.Contains(svg, []byte("<script")) || bytes.Contains(svg, []byte("<img")) {
				t.Errorf("%s: markup from data", kind)
			}
		}
	}
}

func TestSameInputSameBytes(t *testing.T) {
	all := gallery()[:10]
	want := map[string]string{}
	for _, s := range all {
		_, svg := draw(t, s, 480, 300)
		want[s.name] = string(svg)
	}
	// Texts that are keys of every object come between.
	f := rows(columns("name:t", "value:n"))
	for _, h := range hostile {
		f.AppendTexts(h, "1")
	}
	draw(t, sample{"hostile", f, Settings{Kind: HBar}}, 480, 300)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, s := range all {
				d, err := Option(s.frame, s.settings, Light())
				if err != nil {
					t.Error(err)
					return
				}
				svg, err := drawer.SVG(context.Background(), d, 480, 300)
				if err != nil {
					t.Error(err)
				} else if string(svg) != want[s.name] {
					at := 0
					for at < len(svg) && at < len(want[s.name]) && svg[at] == want[s.name][at] {
						at++
					}
					t.Errorf("%s differs from one drawing to the next:\n%.300s\n%.300s", s.name, want[s.name][at:], svg[at:])
				}
			}
		})
	}
	wg.Wait()
}

func TestTimeAndCancel(t *testing.T) {
	d, err := Option(gallery()[0].frame, Settings{}, Light())
	if err != nil {
		t.Fatal(err)
	}
	quick := NewDrawer(Config{Script: drawer.config.Script, Fonts: drawer.config.Fonts, Workers: 1, Timeout: time.Minute, CacheBytes: -1})
	defer quick.Close()
	if _, err := quick.SVG(context.Background(), d, 300, 200); err != nil {
		t.Fatal(err)
	}
	quick.pool.timeout = time.Millisecond
	if _, err := quick.SVG(context.Background(), d, 300, 200); !fault.Is(err, fault.Unavailable) {
		t.Errorf("past its time: %v, want a fault of kind unavailable", err)
	}
	quick.pool.timeout = time.Minute
	if _, err := quick.SVG(context.Background(), d, 300, 200); err != nil {
		t.Errorf("after a stop the next drawing fails: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := quick.SVG(ctx, d, 300, 200); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := quick.SVG(context.Background(), d, 300, 200); err != nil {
		t.Errorf("after a cancel the next drawing fails: %v", err)
	}
}

func TestBrokenScript(t *testing.T) {
	d, err := Option(gallery()[0].frame, Settings{}, Light())
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{"this is no script", "throw new Error('no')", "globalThis.echarts = { setPlatformAPI() {}, init() { for (;;); } }"} {
		b := NewDrawer(Config{Script: []byte(script), Timeout: 50 * time.Millisecond})
		if _, err := b.SVG(context.Background(), d, 300, 200); err == nil {
			t.Errorf("%q: no error", script)
		}
		b.Close()
	}
}

func TestCacheAndIDs(t *testing.T) {
	c := NewDrawer(Config{Script: drawer.config.Script, Fonts: drawer.config.Fonts, Workers: 1, Timeout: time.Minute})
	defer c.Close()
	d, err := Option(gallery()[0].frame, Settings{}, Light())
	if err != nil {
		t.Fatal(err)
	}
	one, err := c.SVG(context.Background(), d, 300, 200)
	if err != nil {
		t.Fatal(err)
	}
	two, err := c.SVG(context.Background(), d, 300, 200)
	if err != nil || &one[0] != &two[0] {
		t.Errorf("drawn anew, error %v", err)
	}
	d.ID = "card-7"
	other, err := c.SVG(context.Background(), d, 300, 200)
	if err != nil || !bytes.Contains(other, []byte(`id="acard-7-t"`)) {
		t.Errorf("error %v in %.200s", err, other)
	}
	small := newDrawings(10)
	small.put(key{1}, make([]byte, 6))
	small.put(key{2}, make([]byte, 6))
	if _, ok := small.get(key{1}); ok {
		t.Error("the cache outgrew its limit")
	}
	if _, ok := small.get(key{2}); !ok {
		t.Error("the cache forgot the latest")
	}
}

func TestFinishRefuses(t *testing.T) {
	for _, raw := range []string{"", "<svg", "<svg><g></svg>", "</svg>", "<html></html>", "<svg><path d='M0 0'/>"} {
		if out, err := finish([]byte(raw), frameOf{theme: Light()}); err == nil {
			t.Errorf("%q became %q", raw, out)
		}
	}
	raw := `<svg><script>alert(1)</script><foreignObject><p>x</p></foreignObject><image href="http://x"/><g onclick="x" style="background:url(http://x)"><path d="M0 0L1 1" fill="url(http://evil)" stroke="#1F6FA8" style="fill:red"/></g><text style="font-size:14px" dominant-baseline="central" transform="translate(5 6)" fill="rgb(27,31,35)">a &amp; b</text></svg>`
	out, err := finish([]byte(raw), frameOf{id: "x-", width: 10, height: 10, theme: Light()})
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(out), "</desc>")
	want := `<g><path class="a-s1" d="M0 0L1 1" fill="none" stroke="#1f6fa8"/></g><text class="a-text" x="5" y="10.69" font-size="14" fill="#1b1f23">a &amp; b</text></svg>`
	if body != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
}

func BenchmarkDraw(b *testing.B) {
	for _, s := range gallery() {
		if s.name != "line" && s.name != "bar" && s.name != "scatter" {
			continue
		}
		d, err := Option(s.frame, s.settings, Light())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(s.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := drawer.SVG(context.Background(), d, 760, 380); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A text from data that names what every object has must not change the engine for whoever draws next.
func TestLabelCannotReachTheEngine(t *testing.T) {
	p := newPool(drawer.config.Script, &ruler{}, 1, time.Minute)
	defer p.close()
	r, err := newRuler(drawer.config.Fonts)
	if err != nil {
		t.Fatal(err)
	}
	p.ruler = r
	vm, err := p.take()
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	option := `{"xAxis":{"type":"category","data":["__proto__","constructor","__proto__ cut off"],"axisLabel":{"width":60,"overflow":"truncate"}},"yAxis":{},"series":[{"type":"bar","name":"__proto__","data":[1,2,3]}]}`
	for range 3 {
		if _, err := vm.Call("__draw", option, 300, 200); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := vm.Eval(`(() => { const k = []; for (const n in {}) k.push(n); return k.join() })()`, 0)
	if err != nil || keys != "" {
		t.Errorf("every object now has %v, error %v", keys, err)
	}
}
