package pdf

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"assay/app/document"
)

// tenPages is a document that fills ten pages: running text, tables, and drawings
// of which no two are the same, so that each one is drawn.
func tenPages(b *testing.B) (d *document.Document, drawings [][]byte) {
	b.Helper()
	d = report(b)
	for i := 0; ; i++ {
		n := open(b, write(b, d, options())).Reader.NumPage()
		if n == 10 {
			break
		}
		if n > 10 || i > 40 {
			b.Fatalf("%d pages", n)
		}
		one := *drawing(b, []string{"line-series", "bar", "pie"}[i%3])
		one.SVG = bytes.Replace(one.SVG, []byte("<svg "), fmt.Appendf(nil, `<svg data-n="%d" `, i), 1)
		d.Blocks = append(d.Blocks, document.Figure{Title: fmt.Sprint("Figure ", i), Drawing: &one, Caption: "Sample company"}, para(strings.Repeat("Words that fill the page and say little. ", 12)))
	}
	for _, f := range document.Figures(d) {
		if f.Drawing != nil {
			drawings = append(drawings, f.Drawing.SVG)
		}
	}
	return d, drawings
}

// drawAlone is the floor: the drawings of a document as objects of a file, without
// a page, a word or a tag.
func drawAlone(b *testing.B, drawings [][]byte) {
	m, err := newMaker(io.Discard, made(), options())
	if err != nil {
		b.Fatal(err)
	}
	for _, one := range drawings {
		if _, err := m.form(one, ""); err != nil {
			b.Fatal(err)
		}
	}
}

// most is how long ten pages may take.
const most = 2 * time.Second

// BenchmarkPDFTenPages writes ten pages, and beside each of them the floor, so
// that both are measured in the same minute. It says how many times the floor the
// pages take, the time of a page, and the most memory that was in use.
func BenchmarkPDFTenPages(b *testing.B) {
	d, drawings := tenPages(b)
	o := options()
	var out bytes.Buffer
	var whole, floor time.Duration
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		begun := time.Now()
		if err := Write(&out, d, o); err != nil {
			b.Fatal(err)
		}
		whole += time.Since(begun)
		b.StopTimer()
		begun = time.Now()
		drawAlone(b, drawings)
		floor += time.Since(begun)
		b.StartTimer()
	}
	if each := whole / time.Duration(b.N); each > most {
		b.Errorf("ten pages take %s, want %s at most", each, most)
	}
	b.ReportMetric(float64(whole)/float64(floor), "times-floor")
	b.ReportMetric(float64(whole.Microseconds())/float64(b.N)/10_000, "ms/page")
	b.ReportMetric(float64(len(drawings)), "drawings")
	b.ReportMetric(float64(out.Len())/1024, "file-KiB")
	b.ReportMetric(float64(peak(b, d))/1024, "peak-KiB")
}

// peak is how many bytes of memory were in use at most while a file was written,
// above those before.
func peak(b *testing.B, d *document.Document) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(5)) // what is no longer used hardly counts
	runtime.GC()
	w := &scale{sample: []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}}
	before := w.weigh()
	if err := Write(w, d, options()); err != nil {
		b.Fatal(err)
	}
	return w.most - min(before, w.most)
}

// scale looks at the memory whenever something is written.
type scale struct {
	sample []metrics.Sample
	most   uint64
}

func (s *scale) Write(p []byte) (int, error) {
	s.most = max(s.most, s.weigh())
	return len(p), nil
}

func (s *scale) weigh() uint64 {
	metrics.Read(s.sample)
	return s.sample[0].Value.Uint64()
}
