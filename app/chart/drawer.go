package chart

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime"
	"sync"
	"time"

	"assay/app/fault"
)

// Config says what a drawer draws with.
type Config struct {
	// Script is the ECharts bundle: a script that sets the global echarts.
	Script []byte
	// Fonts holds TrueType data of the face that readers see, by weight (400, 600).
	Fonts map[int][]byte
	// Workers bounds how many drawings are made at once, and with them the
	// memory: about 30 MB each. 0 means the number of processors, at most 4.
	Workers int
	// Timeout bounds one drawing; 0 means 5 seconds.
	Timeout time.Duration
	// CacheBytes bounds the finished drawings kept; 0 means 8 MiB, less than 0 keeps none.
	CacheBytes int
}

// Drawer draws options as SVG on the server. It may be used by many goroutines.
// Until the first drawing it takes next to no memory.
type Drawer struct {
	config Config
	once   sync.Once
	failed error
	pool   *pool
	cache  *drawings
}

// NewDrawer returns a drawer; its engines start with the first drawing.
func NewDrawer(config Config) *Drawer {
	if config.Workers <= 0 {
		config.Workers = min(runtime.GOMAXPROCS(0), 4)
	}
	if config.Timeout <= 0 {
		config.Timeout = 5 * time.Second
	}
	if config.CacheBytes == 0 {
		config.CacheBytes = 8 << 20
	}
	return &Drawer{config: config, cache: newDrawings(config.CacheBytes)}
}

// Close gives the engines' memory back; drawing afterwards fails.
func (d *Drawer) Close() {
	d.once.Do(func() { d.failed = errClosed })
	if d.pool != nil {
		d.pool.close()
	}
}

func (d *Drawer) start() error {
	d.once.Do(func() {
		r, err := newRuler(d.config.Fonts)
		if err != nil {
			d.failed = err
			return
		}
		d.pool = newPool(d.config.Script, r, d.config.Workers, d.config.Timeout)
	})
	return d.failed
}

// The sizes a drawing may have, in pixels.
const (
	minWidth, maxWidth   = 120, 4000
	minHeight, maxHeight = 80, 4000
)

// SVG draws at a size in pixels; a size out of bounds is brought within them.
// The same drawing at the same size gives the same bytes. The error is a fault
// of kind Unavailable where the time ran out, and of kind Invalid for a
// drawing that has no picture (a table or a pivot table).
func (d *Drawer) SVG(ctx context.Context, g Drawing, width, height int) (_ []byte, err error) {
	defer fault.Wrap(&err, "chart.SVG(%s %dx%d)", g.Kind, width, height)
	width = min(max(width, minWidth), maxWidth)
	height = min(max(height, minHeight), maxHeight)
	if !g.Drawn() {
		return nil, fault.New(fault.Invalid, "A %s has no drawing; it is shown as it is", label(g.Kind))
	}
	k, err := g.key(width, height)
	if err != nil {
		return nil, err
	}
	if svg, ok := d.cache.get(k); ok {
		return svg, nil
	}
	f := frameOf{id: g.prefix(k), width: width, height: height, title: g.Title, description: g.Description, theme: g.theme, marks: markNames(g.marks)}
	if f.theme.Font == "" {
		f.theme = Light()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := d.start(); err != nil {
		return nil, err
	}
	var svg []byte
	if g.Kind == Number {
		svg, err = drawNumber(g, f, d.pool.ruler)
	} else {
		svg, err = d.draw(ctx, g, f)
	}
	if err != nil {
		return nil, err
	}
	d.cache.put(k, svg)
	return svg, nil
}

func (d *Drawer) draw(ctx context.Context, g Drawing, f frameOf) ([]byte, error) {
	raw, err := d.pool.call(ctx, "__draw", string(g.Option), f.width, f.height)
	switch {
	case ctx.Err() != nil && err != nil:
		return nil, err
	case err == context.DeadlineExceeded:
		return nil, fault.Because(fault.Unavailable, err, "Drawing this chart took longer than %s; fewer points or categories help", d.config.Timeout)
	case err != nil:
		return nil, fmt.Errorf("draw: %w", err)
	}
	return finish([]byte(raw), f)
}

// key identifies a drawing by everything its bytes depend on.
func (g Drawing) key(width, height int) (key, error) {
	h := sha256.New()
	head, err := json.Marshal(struct {
		Kind                   Kind
		ID, Title, Description string
		Width, Height          int
		Theme                  Theme
		Number                 *Figure
		Marks                  []markCell
	}{g.Kind, g.ID, g.Title, g.Description, width, height, g.theme, g.Number, g.marks})
	if err != nil {
		return key{}, err
	}
	h.Write(head)
	h.Write([]byte{0})
	h.Write(g.Option)
	return key(h.Sum(nil)), nil
}

// prefix begins every id in the drawing, so that several can stand in one page.
func (g Drawing) prefix(k key) string {
	if g.ID == "" {
		return "a" + hex.EncodeToString(k[:5]) + "-"
	}
	var b bytes.Buffer
	b.WriteByte('a')
	for _, r := range g.ID {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '_' || r == '-' {
			b.WriteRune(r)
		}
	}
	b.WriteByte('-')
	return b.String()
}
