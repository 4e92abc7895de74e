// Command vulndb finds a database of known vulnerabilities for govulncheck,
// says on standard error which one it is and how old, and prints its address.
//
// It takes the first of: what ASSAY_VULNDB names (an address, or a checkout of
// golang.org/x/vulndb), the public database where it answers, and the snapshot
// in this folder. The snapshot holds every report of the public database as of
// its date, without the long descriptions; the reports are by the Go authors,
// licensed CC BY 4.0. `vulndb -renew CHECKOUT` writes it anew.
package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	public   = "https://vuln.go.dev"
	snapshot = ".ci/vulndb/snapshot.jsonl.gz"
	cache    = ".task/vulndb"
)

func main() {
	var err error
	if len(os.Args) == 3 && os.Args[1] == "-renew" {
		err = renew(os.Args[2])
	} else {
		var address string
		if address, err = find(); err == nil {
			fmt.Println(address)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "vulndb:", err)
		os.Exit(1)
	}
}

func tell(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func find() (string, error) {
	if given := os.Getenv("ASSAY_VULNDB"); given != "" {
		if strings.Contains(given, "://") {
			tell("Database of vulnerabilities: %s, as ASSAY_VULNDB says", given)
			return given, nil
		}
		d, err := fromCheckout(given)
		if err != nil {
			return "", err
		}
		tell("Database of vulnerabilities: the checkout %s of %s with %d reports", given, d.Made.Format(time.DateOnly), len(d.Reports))
		return d.lay()
	}
	modified, err := ask(public + "/index/db.json")
	if err == nil {
		tell("Database of vulnerabilities: %s of %s", public, modified.Format(time.DateOnly))
		return public, nil
	}
	tell("%s does not answer: %v", public, err)
	d, err := fromSnapshot()
	if err != nil {
		return "", fmt.Errorf("no database of vulnerabilities can be had: %w", err)
	}
	tell("Database of vulnerabilities: the snapshot %s of %s with %d reports, %.0f days old; what became known later is not found",
		snapshot, d.Made.Format(time.DateOnly), len(d.Reports), time.Since(d.Made).Hours()/24)
	return d.lay()
}

// ask returns when the public database was last changed.
func ask(address string) (time.Time, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return time.Time{}, err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return time.Time{}, err
	}
	defer res.Body.Close()
	var index struct{ Modified time.Time }
	if res.StatusCode != http.StatusOK {
		return time.Time{}, errors.New(res.Status)
	}
	return index.Modified, json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&index)
}

// head is the first line of a snapshot.
type head struct {
	Commit string    `json:"commit"`
	Made   time.Time `json:"made"`
}

// database is all reports of a date.
type database struct {
	head
	Reports []report
}

// report is what govulncheck reads of a report in the Open Source Vulnerability format.
type report struct {
	Schema    string     `json:"schema_version,omitempty"`
	ID        string     `json:"id"`
	Modified  time.Time  `json:"modified"`
	Published time.Time  `json:"published"`
	Withdrawn *time.Time `json:"withdrawn,omitempty"`
	Aliases   []string   `json:"aliases,omitempty"`
	Summary   string     `json:"summary,omitempty"`
	Affected  []affected `json:"affected"`
	Links     any        `json:"database_specific,omitempty"`
}

type affected struct {
	Package struct {
		Name      string `json:"name"`
		Ecosystem string `json:"ecosystem"`
	} `json:"package"`
	Ranges []struct {
		Type   string `json:"type"`
		Events []struct {
			Introduced string `json:"introduced,omitempty"`
			Fixed      string `json:"fixed,omitempty"`
		} `json:"events"`
	} `json:"ranges"`
	Specific json.RawMessage `json:"ecosystem_specific,omitempty"`
}

// fromCheckout reads a checkout of golang.org/x/vulndb.
func fromCheckout(dir string) (database, error) {
	var d database
	out, err := exec.Command("git", "-C", dir, "log", "-1", "--format=%H %cI").Output()
	if err != nil {
		return d, fmt.Errorf("%s is not a checkout: %w", dir, err)
	}
	commit, date, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	d.Commit = commit
	if d.Made, err = time.Parse(time.RFC3339, date); err != nil {
		return d, err
	}
	d.Made = d.Made.UTC()
	files, err := filepath.Glob(filepath.Join(dir, "data", "osv", "GO-*.json"))
	if err != nil || len(files) == 0 {
		return d, fmt.Errorf("no reports in %s: %w", filepath.Join(dir, "data", "osv"), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return d, err
		}
		var r report
		if err := json.Unmarshal(text, &r); err != nil {
			return d, fmt.Errorf("%s: %w", file, err)
		}
		d.Reports = append(d.Reports, r)
	}
	return d, nil
}

func fromSnapshot() (database, error) {
	var d database
	f, err := os.Open(snapshot)
	if err != nil {
		return d, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return d, err
	}
	lines := json.NewDecoder(bufio.NewReader(z))
	if err := lines.Decode(&d.head); err != nil {
		return d, err
	}
	for {
		var r report
		switch err := lines.Decode(&r); {
		case err == io.EOF && len(d.Reports) < 1000:
			return d, fmt.Errorf("%s holds only %d reports", snapshot, len(d.Reports))
		case err == io.EOF:
			return d, nil
		case err != nil:
			return d, fmt.Errorf("%s: %w", snapshot, err)
		}
		d.Reports = append(d.Reports, r)
	}
}

// renew writes the snapshot from a checkout.
func renew(dir string) error {
	d, err := fromCheckout(dir)
	if err != nil {
		return err
	}
	f, err := os.Create(snapshot)
	if err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	lines := json.NewEncoder(z)
	lines.SetEscapeHTML(false)
	err = lines.Encode(d.head)
	for i := 0; i < len(d.Reports) && err == nil; i++ {
		if d.Reports[i].Withdrawn == nil {
			err = lines.Encode(d.Reports[i])
		}
	}
	if err = errors.Join(err, z.Close(), f.Close()); err == nil {
		tell("%s holds the reports of %s", snapshot, d.Made.Format(time.DateOnly))
	}
	return err
}

// lay writes the database as govulncheck reads it from a folder, where that was
// not done before, and returns the folder's address.
func (d database) lay() (string, error) {
	dir, err := filepath.Abs(filepath.Join(cache, d.Made.Format(time.DateOnly)+"-"+d.Commit[:min(12, len(d.Commit))]))
	if err != nil {
		return "", err
	}
	address := "file://" + filepath.ToSlash(dir)
	if _, err := os.Stat(filepath.Join(dir, "index", "db.json")); err == nil {
		return address, nil
	}
	for _, sub := range []string{"ID", "index"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return "", err
		}
	}
	type entry struct {
		ID       string    `json:"id"`
		Modified time.Time `json:"modified"`
		Fixed    string    `json:"fixed,omitempty"`
	}
	modules := map[string][]entry{}
	for _, r := range d.Reports {
		r.Modified, r.Published = d.Made, d.Made // the reports' own dates are filled in where they are published
		if err := write(filepath.Join(dir, "ID", r.ID+".json"), r); err != nil {
			return "", err
		}
		for _, a := range r.Affected {
			list := modules[a.Package.Name]
			if slices.ContainsFunc(list, func(e entry) bool { return e.ID == r.ID }) {
				continue
			}
			e := entry{ID: r.ID, Modified: d.Made}
			for _, g := range a.Ranges {
				for _, event := range g.Events {
					if event.Fixed != "" {
						e.Fixed = event.Fixed
					}
				}
				if n := len(g.Events); n > 0 && g.Events[n-1].Fixed == "" {
					e.Fixed = "" // introduced again and not mended
				}
			}
			modules[a.Package.Name] = append(list, e)
		}
	}
	type module struct {
		Path  string  `json:"path"`
		Vulns []entry `json:"vulns"`
	}
	var index []module
	for path, list := range modules {
		index = append(index, module{path, list})
	}
	slices.SortFunc(index, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	if err := write(filepath.Join(dir, "index", "modules.json"), index); err != nil {
		return "", err
	}
	// Last: it says that the others are there.
	return address, write(filepath.Join(dir, "index", "db.json"), map[string]any{"modified": d.Made})
}

func write(file string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}
