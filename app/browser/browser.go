// Package browser prints pages through a Chromium that an administrator named.
// Nothing needs it: without one, PDFs are made by package pdf.
package browser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"assay/app/fault"
)

// Printer prints with the Chromium at Path, one page at a time.
type Printer struct {
	path  string
	turns chan struct{}
}

// New returns a printer with the Chromium at the path.
func New(path string) *Printer { return &Printer{path: path, turns: make(chan struct{}, 1)} }

// Page is a page, which has a <head>, with the files it names by relative addresses.
type Page struct {
	HTML  []byte
	Files map[string][]byte
}

// patience bounds one print, mostBytes what comes of it.
const (
	patience  = 60 * time.Second
	mostBytes = 200 << 20
)

// Print writes the page as a PDF with tags and bookmarks. The browser runs no
// script, reaches no network and sees no file but the page's.
func (p *Printer) Print(ctx context.Context, w io.Writer, page Page) (err error) {
	defer fault.Wrap(&err, "browser.Print")
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "Another document is being printed; try again in a minute")
	}
	dir, err := os.MkdirTemp("", "assay-print-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := page.lay(filepath.Join(dir, "page")); err != nil {
		return err
	}
	out := filepath.Join(dir, "page.pdf")
	var said bytes.Buffer
	command := p.command(ctx, dir, out)
	command.Stderr = &limited{to: &said, left: 4 << 10}
	err = command.Run()
	endGroup(command) // what it started and left behind
	if err != nil {
		if ctx.Err() != nil {
			return fault.Because(fault.Unavailable, ctx.Err(), "The browser took too long to print this")
		}
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	f, err := os.Open(out)
	if err != nil {
		return errors.Join(errors.New("the browser printed nothing"), err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > mostBytes {
		return errors.Join(fault.New(fault.Invalid, "The document has more than %d MiB and is not printed", mostBytes>>20), err)
	}
	_, err = io.Copy(w, f)
	return err
}

// policy keeps a page from running or loading anything but its looks; drawings
// stand in it. (A browser whose scripts are turned off altogether prints nothing,
// and file: is as narrow as a policy gets where there is no server.)
const policy = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src file: 'unsafe-inline'; font-src file: data:; img-src data:; base-uri 'none'; form-action 'none'">`

// lay writes the page and its files below the folder.
func (p Page) lay(dir string) error {
	head := []byte("<head>")
	if !bytes.Contains(p.HTML, head) {
		return errors.New("a page without a head cannot be printed")
	}
	files := map[string][]byte{"index.html": bytes.Replace(p.HTML, head, append(head, policy...), 1)}
	for name, body := range p.Files {
		if !filepath.IsLocal(name) {
			return fmt.Errorf("%q is no name of a page's file", name)
		}
		files[name] = body
	}
	for name, body := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, body, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (p *Printer) command(ctx context.Context, dir, out string) *exec.Cmd {
	args := []string{
		"--headless=new", "--disable-gpu", "--no-first-run", "--no-default-browser-check",
		"--disable-extensions", "--disable-background-networking", "--disable-sync", "--disable-breakpad",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9", "--proxy-bypass-list=<-loopback>",
		"--user-data-dir=" + filepath.Join(dir, "profile"),
		"--no-pdf-header-footer", "--generate-pdf-document-outline", "--print-to-pdf=" + out,
	}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // it refuses to start as root with one
	}
	args = append(args, "file://"+filepath.ToSlash(filepath.Join(dir, "page", "index.html")))
	// The path is a setting of whoever runs this server.
	c := exec.CommandContext(ctx, p.path, args...) // #nosec G204
	c.Dir = dir
	c.Env = []string{"HOME=" + dir, "TMPDIR=" + dir, "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"}
	c.WaitDelay = 5 * time.Second
	ownGroup(c)
	return c
}

// limited keeps the first bytes of what is written and drops the rest.
type limited struct {
	to   *bytes.Buffer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	n := min(len(b), l.left)
	l.left -= n
	l.to.Write(b[:n])
	return len(b), nil
}
