package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/demo"
	"assay/app/source"
	"assay/config"
)

// sampleInstallation is a data directory with the sample company's work in it.
func sampleInstallation(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	file := filepath.Join(dir, "sample.db")
	if err := demo.Build(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	within(t, dir, func(r *rooms) error {
		_, err := sampleCompany(t.Context(), r, file)
		return err
	})
	return dir
}

// within opens an installation for a moment.
func within(t *testing.T, dir string, f func(r *rooms) error) {
	t.Helper()
	cfg, _, _, err := config.Load(nil, []string{"ASSAY_DATA_DIR=" + dir}, new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	r, err := openRooms(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	if err := f(r); err != nil {
		t.Fatal(err)
	}
}

// assay runs a command and returns what it printed.
func assay(t *testing.T, dir string, args ...string) (out string, err error) {
	t.Helper()
	var printed, errs bytes.Buffer
	err = run(context.Background(), args, []string{"ASSAY_DATA_DIR=" + dir}, nil, &printed, &errs)
	return printed.String() + errs.String(), err
}

func must(t *testing.T, out string, err error) string {
	t.Helper()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// textsIn reads a folder of files.
func textsIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		files[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func write(t *testing.T, dir string, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSampleContentGoesRoundByteForByte(t *testing.T) {
	dir := sampleInstallation(t)
	out := filepath.Join(t.TempDir(), "work")
	must2 := func(args ...string) string {
		t.Helper()
		said, err := assay(t, dir, args...)
		return must(t, said, err)
	}
	must2("export", out)
	first := textsIn(t, out)
	if said := must2("apply", out); !strings.Contains(said, "nothing to change") {
		t.Errorf("applying what was exported said %s", said)
	}
	again := filepath.Join(t.TempDir(), "again")
	must2("export", again)
	if diff := cmp.Diff(first, textsIn(t, again)); diff != "" {
		t.Errorf("export, apply and export differ: %s", diff)
	}
	for _, want := range []string{"dashboards/", "reports/", "questions/", "folders/", "connections/", "grants.yaml", "assay.yaml"} {
		found := false
		for name := range first {
			found = found || strings.HasPrefix(name, want)
		}
		if !found {
			t.Errorf("nothing was exported to %s", want)
		}
	}

	// Another installation has nothing but a connection of that name.
	other := t.TempDir()
	within(t, other, func(r *rooms) error {
		return r.connections.Create(t.Context(), &source.Connection{Name: demo.Company, Config: source.Config{Kind: "sqlite", Path: filepath.Join(dir, "sample.db"), TimeZone: "UTC"}})
	})
	said, err := assay(t, other, "apply", out)
	must(t, said, err)
	theirs := filepath.Join(t.TempDir(), "theirs")
	said, err = assay(t, other, "export", theirs)
	must(t, said, err)
	if diff := cmp.Diff(first, textsIn(t, theirs)); diff != "" {
		t.Errorf("another installation exports something else: %s", diff)
	}

	// One that lacks the connection is told so, and stays empty.
	empty := t.TempDir()
	said, err = assay(t, empty, "apply", out)
	if err == nil || !strings.Contains(said, `There is no connection named "`+demo.Company+`"`) {
		t.Errorf("without the connection: %v %s", err, said)
	}
	nothing := filepath.Join(t.TempDir(), "nothing")
	said, err = assay(t, empty, "export", nothing)
	must(t, said, err)
	if files := textsIn(t, nothing); len(files) != 2 {
		t.Errorf("it is not empty any more: %v", files)
	}
}

func TestApplyShowsAndLooksFirst(t *testing.T) {
	dir, out := sampleInstallation(t), t.TempDir()
	said, err := assay(t, dir, "export", out)
	must(t, said, err)
	name := "questions/revenue-by-month.yaml"
	before := textsIn(t, out)
	write(t, out, name, strings.Replace(before[name], "name: Revenue by month", "name: Revenue by month\ndescription: \"\\e[31mred\"\nfolder: sales\n#", 1))
	if said, err := assay(t, dir, "apply", out); err == nil || !strings.Contains(said, name+":") {
		t.Errorf("a file that is spoilt: %v %s", err, said)
	}
	write(t, out, name, strings.Replace(before[name], "name: Revenue by month", "name: Turnover by month", 1))
	said, err = assay(t, dir, "apply", "--dry-run", out)
	var end *exit
	if !errors.As(err, &end) || end.code != 2 || !strings.Contains(said, "-name: Revenue by month\n+name: Turnover by month\n") || strings.Contains(said, "\x1b") {
		t.Errorf("looking said %v %s", err, said)
	}
	again := filepath.Join(t.TempDir(), "again")
	said, err = assay(t, dir, "export", again)
	must(t, said, err)
	if diff := cmp.Diff(before, textsIn(t, again)); diff != "" {
		t.Errorf("looking changed something: %s", diff)
	}
	said, err = assay(t, dir, "apply", out, "--as", demoEmail)
	must(t, said, err)
	said, err = assay(t, dir, "export", out)
	if must(t, said, err); !strings.Contains(said, "1 removed") {
		t.Errorf("the export said %s", said)
	}
	after := textsIn(t, out)
	if after["questions/turnover-by-month.yaml"] == "" || after[name] != "" {
		t.Error("the renamed question has another file")
	}
	if said, err := assay(t, dir, "apply", out, "--dry-run"); err != nil || !strings.Contains(said, "nothing to change") {
		t.Errorf("after all: %v %s", err, said)
	}
	for _, args := range [][]string{{"apply"}, {"apply", t.TempDir()}, {"apply", filepath.Join(out, "nowhere")}, {"apply", out, "--as", "nobody@example.com"}, {"export"}, {"export", out, "more"}} {
		if said, err := assay(t, dir, args...); err == nil {
			t.Errorf("assay %v said %s", args, said)
		}
	}
}

func TestApplyBesideARunningServer(t *testing.T) {
	dir := t.TempDir()
	h := start(t, "serve", "ASSAY_DATA_DIR="+dir, "ASSAY_ADMIN_EMAIL=admin@example.com", "ASSAY_ADMIN_PASSWORD=three quiet herons")
	p := newProgram(t, h)
	p.call(t, http.MethodPost, "/api/v1/connections", map[string]any{"name": "Shop", "kind": "sqlite", "path": liteFile(t, shop())}, new(any))
	out := t.TempDir()
	h.command(t, "", "export", out)
	if err := os.MkdirAll(filepath.Join(out, "questions"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, out, "questions/customers.yaml", "name: Customers\nconnection: shop\nsql: |\n  SELECT count(*) AS customers\n  FROM customers\n")
	h.command(t, "", "apply", out, "--as", "admin@example.com")
	var found struct {
		Items []struct {
			ID, Name  string
			CreatedBy string `json:"created_by"`
		}
	}
	p.call(t, http.MethodGet, "/api/v1/questions?q=customers", nil, &found)
	if len(found.Items) != 1 || found.Items[0].CreatedBy == "" {
		t.Fatalf("the server knows of %v", found)
	}
	var answer struct{ Rows [][]int }
	p.call(t, http.MethodGet, "/api/v1/questions/"+found.Items[0].ID+"/data", nil, &answer)
	if len(answer.Rows) != 1 {
		t.Errorf("it answers %v", answer)
	}
	var record struct {
		Items []struct{ Action, Via string }
	}
	p.call(t, http.MethodGet, "/api/v1/audit?action=question.create", nil, &record)
	if len(record.Items) != 1 || record.Items[0].Via != "command" {
		t.Errorf("the record says %v", record)
	}
}
