package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"assay/app/source"
)

// defaultConns is the number of connections of a pool whose configuration names none.
const defaultConns = 8

// Open returns a pool for the file that c.Path names. The one option is
// immutable, "true" for a file that nothing changes while it is open, such as
// one on read-only media.
func (*Driver) Open(c source.Config) (source.DB, error) {
	if c.Kind != "" && c.Kind != "sqlite" {
		return nil, &source.Failure{Code: source.Unreachable, Message: fmt.Sprintf("The connection is of the kind %s, not sqlite", c.Kind)}
	}
	p := &pool{zone: c.TimeZone}
	for name, v := range c.Options {
		if name != "immutable" || v != "true" && v != "false" {
			return nil, &source.Failure{Code: source.Unreachable, Message: fmt.Sprintf("The option %s=%s is not known", name, v), Hint: "A sqlite connection has the option immutable, true or false."}
		}
		p.immutable = v == "true"
	}
	switch {
	case c.Path == "":
		return nil, &source.Failure{Code: source.Unreachable, Message: "The connection names no file", Hint: "Give the path of a SQLite file."}
	case strings.IndexByte(c.Path, 0) >= 0, strings.HasPrefix(c.Path, ":"), strings.HasPrefix(strings.ToLower(c.Path), "file:"):
		return nil, &source.Failure{Code: source.Unreachable, Message: "The path of a SQLite connection is the plain path of a file", Hint: "Leave out file: and anything after ? or #."}
	}
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return nil, &source.Failure{Code: source.Unreachable, Message: "The path of the file could not be read", Err: err}
	}
	p.path = path
	n := c.MaxConns
	if n <= 0 {
		n = defaultConns
	}
	p.slots = make(chan struct{}, n)
	p.ended, p.end = context.WithCancel(context.Background())
	return p, nil
}

// pool holds the open connections to one file.
type pool struct {
	path      string
	immutable bool
	zone      string
	slots     chan struct{} // one entry a connection in use
	ended     context.Context
	end       context.CancelFunc

	mu   sync.Mutex
	idle []idleConn
}

type idleConn struct {
	*conn
	file os.FileInfo // which file it has open
}

// errClosed is what a statement gets whose pool was closed.
var errClosed = &source.Failure{Code: source.Cancelled, Message: "The connection was closed"}

// locate checks that the path leads to a regular file and returns its real name.
func (p *pool) locate() (string, os.FileInfo, error) {
	real, err := filepath.EvalSymlinks(p.path)
	var info os.FileInfo
	if err == nil {
		info, err = os.Lstat(real)
	}
	name := filepath.Base(p.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, &source.Failure{Code: source.Unreachable, Message: fmt.Sprintf("There is no file %s", name), Hint: missingHint(p.path), Err: err}
	case errors.Is(err, fs.ErrPermission):
		return "", nil, &source.Failure{Code: source.Unreachable, Message: fmt.Sprintf("The file %s may not be read", name), Hint: "Give the account this program runs under the right to read the file and its folder.", Err: err}
	case err != nil:
		return "", nil, &source.Failure{Code: source.Unreachable, Message: fmt.Sprintf("The file %s could not be found", name), Err: err}
	case info.IsDir():
		return "", nil, &source.Failure{Code: source.Unreachable, Message: fmt.Sprintf("%s is a folder, not a SQLite file", name)}
	case !info.Mode().IsRegular():
		return "", nil, &source.Failure{Code: source.Unreachable, Message: fmt.Sprintf("%s is not a regular file", name)}
	}
	return real, info, nil
}

// missingHint says what helps where a file is missing; in a container it is often just not mounted.
func missingHint(path string) string {
	for _, marker := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(marker); err == nil {
			return fmt.Sprintf("This program seems to run in a container, which sees only the folders mounted into it: is %s one of them?", filepath.Dir(path))
		}
	}
	return "Paths are those of the machine this program runs on, not of the browser's."
}

// immutableURI spells a path as the URI that tells the engine to take no locks.
func immutableURI(path string) string {
	u := url.URL{Scheme: "file", Path: path}
	return "file://" + strings.ReplaceAll(u.EscapedPath(), "?", "%3f") + "?mode=ro&immutable=1"
}

// acquire waits for a free connection; release gives it back.
func (p *pool) acquire(ctx context.Context) (idleConn, error) {
	if err := ctx.Err(); err != nil {
		return idleConn{}, source.AsFailure(err)
	}
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return idleConn{}, source.AsFailure(ctx.Err())
	case <-p.ended.Done():
		return idleConn{}, errClosed
	}
	c, err := p.take(ctx)
	if err != nil {
		<-p.slots
	}
	return c, err
}

func (p *pool) take(ctx context.Context) (idleConn, error) {
	real, info, err := p.locate()
	if err != nil {
		return idleConn{}, err
	}
	p.mu.Lock()
	if p.ended.Err() != nil {
		p.mu.Unlock()
		return idleConn{}, errClosed
	}
	for len(p.idle) > 0 {
		c := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if os.SameFile(c.file, info) {
			p.mu.Unlock()
			c.stop.Store(false)
			return c, nil
		}
		c.close() // another file has been put in its place
	}
	p.mu.Unlock()
	c, err := openConn(ctx, real, p.immutable)
	switch {
	case ctx.Err() != nil:
		if err == nil {
			c.close()
		}
		return idleConn{}, source.AsFailure(ctx.Err())
	case err != nil:
		return idleConn{}, failure(err, p.path, "")
	}
	return idleConn{conn: c, file: info}, nil
}

func (p *pool) release(c idleConn) {
	p.mu.Lock()
	switch {
	case c.lost:
	case p.ended.Err() != nil:
		c.close()
	default:
		p.idle = append(p.idle, c)
	}
	p.mu.Unlock()
	<-p.slots
}

// Close ends the pool; running statements are cancelled, and their connections
// end when their rows are closed.
func (p *pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
	for _, c := range p.idle {
		c.close()
	}
	p.idle = nil
	return nil
}
