package chart

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/app/frame"
	"assay/static"
)

// drawer is shared: compiling the bundle takes longer than all drawings of a test.
var drawer = NewDrawer(Config{
	Script:     static.EChartsServer(),
	Fonts:      map[int][]byte{400: static.FontTTF(400), 600: static.FontTTF(600)},
	Workers:    2,
	Timeout:    time.Minute,
	CacheBytes: -1,
})

func columns(specs ...string) []frame.Column {
	kinds := map[string]frame.Kind{"n": frame.Number, "t": frame.Text, "d": frame.Date, "ts": frame.Time, "b": frame.Bool, "j": frame.JSON}
	var out []frame.Column
	for _, s := range specs {
		name, kind, _ := strings.Cut(s, ":")
		out = append(out, frame.Column{Name: name, Kind: kinds[kind]})
	}
	return out
}

// rows makes a frame; "\x00" stands for null.
func rows(cols []frame.Column, cells ...[]string) *frame.Frame {
	f := frame.New(cols...)
	for _, r := range cells {
		values := make([]*string, len(r))
		for i := range r {
			if r[i] != "\x00" {
				values[i] = &r[i]
			}
		}
		f.Append(values...)
	}
	return f
}

func months(n int) []string {
	t := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	out := make([]string, n)
	for i := range out {
		out[i] = t.AddDate(0, i, 0).Format("2006-01-02")
	}
	return out
}

type sample struct {
	name     string
	frame    *frame.Frame
	settings Settings
}

func num(v float64) string { return fmt.Sprintf("%.2f", v) }

// gallery holds a plausible result for every kind that is drawn.
func gallery() []sample {
	r := rand.New(rand.NewPCG(1, 2))
	eur := map[string]string{"revenue": "EUR"}
	var out []sample
	add := func(name string, f *frame.Frame, s Settings) { out = append(out, sample{name, f, s}) }

	f := frame.New(columns("month:d", "revenue:n")...)
	for i, m := range months(30) {
		f.AppendTexts(m, num(180000+4000*float64(i)+30000*math.Sin(float64(i)/2)+8000*r.Float64()))
	}
	add("line", f, Settings{Unit: eur})
	add("area", f, Settings{Kind: Area, Unit: eur})
	add("number-trend", f, Settings{Kind: Number, Unit: eur})
	add("bar-time", f, Settings{Kind: Bar, Unit: eur})

	regions := []string{"North", "South", "East", "West", "Central"}
	f = frame.New(columns("month:d", "region:t", "revenue:n")...)
	for i, m := range months(24) {
		for k, g := range regions {
			if i == 10 && k == 2 {
				continue
			}
			f.AppendTexts(m, g, num(40000+12000*float64(k)+900*float64(i)+9000*r.Float64()))
		}
	}
	add("line-series", f, Settings{Unit: eur})
	add("area-stacked", f, Settings{Kind: Area, Stack: true, Unit: eur})

	f = frame.New(columns("day:d", "orders:n")...)
	day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 120 {
		v := num(math.Round(200 + 80*math.Sin(float64(i)*2*math.Pi/7) + 40*r.Float64()))
		if i > 50 && i < 58 {
			f.Append(ptr(day.AddDate(0, 0, i).Format("2006-01-02")), nil)
			continue
		}
		f.AppendTexts(day.AddDate(0, 0, i).Format("2006-01-02"), v)
	}
	add("line-days-goal", f, Settings{Goal: new(250.0), GoalLabel: "Target"})

	f = frame.New(columns("channel:t", "orders:n")...)
	for i, c := range []string{"Web", "Store", "Phone", "Partner", "App", "Fair"} {
		f.AppendTexts(c, fmt.Sprint(5200-700*i))
	}
	add("bar", f, Settings{})
	add("pie", f, Settings{Kind: Pie})

	f = frame.New(columns("product_name:t", "revenue:n")...)
	for i := range 34 {
		f.AppendTexts([]string{"Folding bicycle", "Trekking rucksack, 40 litres", "Tent", "Camping stove with wind guard", "Headlamp"}[i%5]+fmt.Sprintf(" %d", i), num(90000*math.Exp(-float64(i)/9)))
	}
	add("hbar", f, Settings{Unit: eur})
	add("treemap", f, Settings{Kind: Treemap, Unit: eur})
	add("bar-long", f, Settings{Kind: Bar, Unit: eur})

	f = frame.New(columns("quarter:t", "segment:t", "revenue:n")...)
	for q := range 8 {
		for k, s := range []string{"Consumer", "Business", "Public sector"} {
			f.AppendTexts(fmt.Sprintf("202%d-Q%d", 3+q/4, q%4+1), s, num(100000+30000*float64(k)+9000*float64(q)+20000*r.Float64()))
		}
	}
	add("stacked", f, Settings{Kind: Stacked, Unit: eur})
	add("stacked100", f, Settings{Kind: Stacked100, Unit: eur})
	add("bar-grouped", f, Settings{Kind: Bar, Unit: eur})

	f = frame.New(columns("price:n", "quantity:n", "category:t")...)
	for i := range 240 {
		p := 5 + 95*r.Float64()
		f.AppendTexts(num(p), fmt.Sprint(int(200-1.6*p+30*r.NormFloat64()+float64(i%3)*20)), []string{"Bikes", "Clothing", "Camping"}[i%3])
	}
	add("scatter", f, Settings{Kind: Scatter, Unit: map[string]string{"price": "EUR"}})

	f = frame.New(columns("weekday:t", "hour:n", "visits:n")...)
	for _, d := range []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} {
		for h := range 24 {
			f.AppendTexts(d, fmt.Sprint(h), fmt.Sprint(int(400*math.Exp(-math.Pow(float64(h-14), 2)/30)+30*r.Float64())))
		}
	}
	add("heatmap", f, Settings{})
	f = frame.New(columns("region:t", "segment:t", "revenue:n")...)
	for _, g := range regions {
		for _, s := range []string{"Consumer", "Business", "Public", "Education", "Health", "Trade", "Crafts", "Finance"} {
			f.AppendTexts(g, s, num(200000*r.Float64()))
		}
	}
	add("heatmap-words", f, Settings{Kind: Heatmap, Unit: eur})
	add("treemap-groups", f, Settings{Kind: Treemap, X: "region", Series: "segment", Unit: eur})
	add("sankey", f, Settings{Kind: Sankey, Unit: eur})

	f = frame.New(columns("order_value:n")...)
	for range 800 {
		f.AppendTexts(num(math.Exp(3.6 + 0.5*r.NormFloat64())))
	}
	add("histogram", f, Settings{Unit: map[string]string{"order_value": "EUR"}})

	f = frame.New(columns("region:t", "delivery_days:n")...)
	for i := range 500 {
		f.AppendTexts(regions[i%5], num(math.Abs(3+float64(i%5)+1.8*r.NormFloat64()+float64(i%97/95)*9)))
	}
	add("boxplot", f, Settings{})

	f = rows(columns("revenue:n"), []string{"1284350.5"})
	add("number", f, Settings{Unit: eur, Goal: new(1200000.0)})
	f = rows(columns("on_time_rate:n"), []string{"0.934"})
	add("gauge", f, Settings{Kind: Gauge, Unit: map[string]string{"on_time_rate": "ratio"}})

	f = rows(columns("step:t", "visitors:n"), []string{"Visited", "48200"}, []string{"Product page", "31000"}, []string{"Basket", "9100"}, []string{"Checkout", "4200"}, []string{"Paid", "3650"})
	add("funnel", f, Settings{Kind: Funnel})
	f = rows(columns("step:t", "amount:n"), []string{"Sales", "820000"}, []string{"Services", "210000"}, []string{"Material", "-430000"}, []string{"Wages", "-380000"}, []string{"Rent", "-95000"}, []string{"Tax", "-160000"}, []string{"Grant", "120000"})
	add("waterfall", f, Settings{Kind: Waterfall, Unit: map[string]string{"amount": "EUR"}})
	return out
}

func ptr(s string) *string { return &s }

func draw(t testing.TB, s sample, width, height int) (Drawing, []byte) {
	t.Helper()
	d, err := Option(s.frame, s.settings, Light())
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	svg, err := drawer.SVG(context.Background(), d, width, height)
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	return d, svg
}

// TestGallery draws every kind; with ASSAY_CHART_GALLERY set it leaves the drawings in that folder to be looked at.
func TestGallery(t *testing.T) {
	folder := os.Getenv("ASSAY_CHART_GALLERY")
	for _, s := range gallery() {
		t.Run(s.name, func(t *testing.T) {
			for _, size := range [][2]int{{760, 380}, {360, 240}} {
				d, svg := draw(t, s, size[0], size[1])
				if folder != "" {
					name := filepath.Join(folder, fmt.Sprintf("%s-%d.svg", s.name, size[0]))
					if err := os.WriteFile(name, svg, 0o644); err != nil {
						t.Fatal(err)
					}
					if size[0] > 400 {
						t.Logf("%d bytes; %s | %s | %s", len(svg), d.Title, d.Description, d.Dropped)
					}
				}
			}
		})
	}
}
