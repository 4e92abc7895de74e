// Package static carries the front end's build inside the binary and serves it.
//
// The build is made by `task gen`; without it this package does not compile.
package static

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"sync"
)

//go:embed all:dist
var dist embed.FS

// Prefix is the path under which Handler must be mounted, unstripped.
const Prefix = "/static/"

type file struct {
	Path      string `json:"path"`
	Type      string `json:"type"`
	Integrity string `json:"integrity"`
	Packed    bool   `json:"packed"`
}

var manifest = sync.OnceValue(func() map[string]file {
	files := map[string]file{}
	text, err := fs.ReadFile(dist, "dist/manifest.json")
	if err == nil {
		err = json.Unmarshal(text, &files)
	}
	if err != nil {
		panic(fmt.Sprintf("static: the embedded build has no readable manifest: %v", err))
	}
	return files
})

// Path returns the address of a file by its name before hashing, such as
// "css/app.css", or "" if the build has no such file.
func Path(name string) string {
	f, ok := manifest()[name]
	if !ok {
		return ""
	}
	return Prefix + f.Path
}

// Integrity returns the value for a file's integrity attribute, or "" if the
// build has no such file.
func Integrity(name string) string {
	return manifest()[name].Integrity
}

// Sheets returns the style sheet and its faces by their addresses without the
// leading slash, for a page that is read where no server answers.
func Sheets() map[string][]byte {
	files := map[string][]byte{}
	for name, f := range manifest() {
		if strings.HasPrefix(name, "css/") || strings.HasSuffix(name, ".woff2") {
			files[strings.TrimPrefix(Prefix, "/")+f.Path] = read("dist/" + f.Path)
		}
	}
	return files
}

// EChartsServer returns a script that defines the global echarts with the same
// chart types as the browser's, the SVG renderer, and echarts.revive(option),
// which puts functions in the place of "$fmt:" names.
func EChartsServer() []byte {
	return read("dist/server/echarts.js")
}

// FontTTF returns the text face as an uncompressed TrueType font with all its
// glyphs: the semibold for weights of 550 and more, else the regular.
func FontTTF(weight int) []byte {
	if weight >= 550 {
		return read("dist/server/text-600.ttf")
	}
	return read("dist/server/text-400.ttf")
}

// read returns a fresh copy of an embedded file that the build always has.
func read(name string) []byte {
	body, err := dist.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("static: the embedded build lacks %s", name))
	}
	return body
}
