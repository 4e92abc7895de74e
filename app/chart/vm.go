package chart

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"modernc.org/quickjs"
)

//go:embed vm.js
var vmScript string

//go:embed formatters.js
var formattersScript string

//go:embed draw.js
var drawScript string

// pool lends out script engines, each to one goroutine at a time. An engine is
// made when the first drawing needs it and thrown away after any error, because
// one that was stopped or ran out of memory is in no known state.
type pool struct {
	script  []byte
	ruler   *ruler
	timeout time.Duration
	slots   chan struct{} // one token for each engine that may be at work

	mu       sync.Mutex
	idle     []*quickjs.VM
	bytecode []byte
	closed   bool
	resting  *time.Timer
}

// memoryLimit bounds one engine; a drawing of the largest option needs a third of it.
const memoryLimit = 192 << 20

// restAfter is how long an engine may lie idle before its memory goes back.
const restAfter = 5 * time.Minute

func newPool(script []byte, r *ruler, workers int, timeout time.Duration) *pool {
	return &pool{script: script, ruler: r, timeout: timeout, slots: make(chan struct{}, workers)}
}

// inherited matches names that every object of the engine has. The bundle's
// caches take a text with such a name for an entry they made and come apart, so
// an engine that saw one is not used again.
var inherited = regexp.MustCompile(`constructor|toString|toLocaleString|valueOf|hasOwnProperty|isPrototypeOf|propertyIsEnumerable|__\w+__`)

var errClosed = errors.New("the drawer is closed")

// call runs a function of the engine's script and returns its text.
func (p *pool) call(ctx context.Context, function string, args ...any) (text string, err error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	vm, err := p.take()
	if err != nil {
		return "", err
	}
	healthy := false
	tainted := slices.ContainsFunc(args, func(a any) bool { s, ok := a.(string); return ok && inherited.MatchString(s) })
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the script engine failed: %v", r)
			healthy = false
		}
		p.give(vm, healthy)
	}()
	limit := p.timeout
	if d, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(d))
	}
	if limit <= 0 {
		healthy = true
		return "", context.DeadlineExceeded
	}
	if err := vm.SetEvalTimeout(limit); err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, vm.Interrupt)
	result, err := vm.Call(function, args...)
	// An interrupt on its way to an engine that is idle again would hit the next drawing.
	stopped := stop()
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if strings.Contains(err.Error(), "interrupted") {
			return "", context.DeadlineExceeded
		}
		return "", err
	}
	text, ok := result.(string)
	if !ok {
		return "", fmt.Errorf("the script engine returned %T", result)
	}
	healthy = stopped && !tainted
	return text, nil
}

func (p *pool) take() (*quickjs.VM, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errClosed
	}
	if p.resting != nil {
		p.resting.Stop()
	}
	if n := len(p.idle); n > 0 {
		vm := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return vm, nil
	}
	// Compiling holds the lock, so that engines asked for at once compile it once.
	if p.bytecode == nil {
		code, err := compile(p.script)
		if err != nil {
			p.mu.Unlock()
			return nil, err
		}
		p.bytecode = code
	}
	code := p.bytecode
	p.mu.Unlock()
	return p.start(code)
}

func (p *pool) give(vm *quickjs.VM, healthy bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !healthy || p.closed {
		_ = vm.Close()
		return
	}
	p.idle = append(p.idle, vm)
	if p.resting == nil {
		p.resting = time.AfterFunc(restAfter, p.rest)
	} else {
		p.resting.Reset(restAfter)
	}
}

// rest closes the idle engines.
func (p *pool) rest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, vm := range p.idle {
		_ = vm.Close()
	}
	p.idle = nil
}

func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	if p.resting != nil {
		p.resting.Stop()
	}
	p.mu.Unlock()
	p.rest()
}

// compile turns the bundle and the drawing script into bytecode, which loads
// five times as fast as source.
func compile(script []byte) ([]byte, error) {
	vm, err := quickjs.NewVM()
	if err != nil {
		return nil, fmt.Errorf("start the script engine: %w", err)
	}
	defer vm.Close()
	var b strings.Builder
	b.WriteString(vmScript)
	b.WriteString(";\n")
	b.Write(script)
	b.WriteString("\n;(() => {\n")
	b.WriteString(strings.ReplaceAll(formattersScript, "\nexport function", "\nfunction"))
	b.WriteString(drawScript)
	b.WriteString("\n})()\n")
	code, err := vm.Compile(b.String(), quickjs.EvalGlobal)
	if err != nil {
		return nil, fmt.Errorf("compile the chart script: %w", err)
	}
	return code, nil
}

func (p *pool) start(code []byte) (_ *quickjs.VM, err error) {
	vm, err := quickjs.NewVM()
	if err != nil {
		return nil, fmt.Errorf("start the script engine: %w", err)
	}
	defer func() {
		if err != nil {
			_ = vm.Close()
		}
	}()
	vm.SetMemoryLimit(memoryLimit)
	if err = vm.RegisterFunc("__advance", func(c, weight int) float64 { return p.ruler.advance(rune(c), weight) }, false); err != nil {
		return nil, err
	}
	v, err := vm.EvalBytecodeValue(code)
	if err != nil {
		return nil, fmt.Errorf("load the chart script: %w", err)
	}
	v.Free()
	return vm, nil
}
