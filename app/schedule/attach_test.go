package schedule

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"assay/app/account"
	"assay/app/document"
	"assay/app/frame"
	"assay/app/mail/mailtest"
)

// attached returns the files of a message by name.
func attached(t *testing.T, a mailtest.Accepted) map[string][]byte {
	t.Helper()
	m, err := a.Message()
	if err != nil {
		t.Fatal(err)
	}
	_, p, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for r := multipart.NewReader(m.Body, p["boundary"]); ; {
		part, err := r.NextRawPart()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if part.FileName() == "" {
			continue
		}
		name, err := new(mime.WordDecoder).DecodeHeader(part.FileName())
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, part))
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := files[name]; twice {
			t.Errorf("two files are called %s", name)
		}
		files[name] = body
	}
}

func oneRow(text string) *frame.Frame {
	f := frame.New(frame.Column{Name: "what", Kind: frame.Text})
	f.AppendTexts(text)
	return f
}

// TestRowsOfADashboard attaches what the cards of a dashboard show, a file or a
// sheet for each.
func TestRowsOfADashboard(t *testing.T) {
	at := time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	many := make([]Table, mostFiles+1)
	for i := range many {
		many[i] = Table{Title: "Card", Frame: oneRow(fmt.Sprint(i)), At: at}
	}
	bulk := frame.New(frame.Column{Name: "x", Kind: frame.Text})
	for range 16 {
		bulk.AppendTexts(strings.Repeat("x", 1<<20))
	}
	tests := map[string]struct {
		tables []Table
		attach []string
		files  []string
		says   string
	}{
		"a few":             {[]Table{{"Sales: north", oneRow("1"), at}, {"sales north", oneRow("2"), at}, {"Größe", oneRow("3"), at}}, []string{"pdf", "csv", "xlsx"}, []string{"Board.pdf", "Board.xlsx", "Größe.csv", "Sales-north.csv", "sales-north-2.csv"}, ""},
		"many":              {many, []string{"csv"}, []string{"Board.zip"}, ""},
		"some unanswered":   {[]Table{{"A", oneRow("1"), at}, {"B", nil, at}}, []string{"csv", "xlsx"}, []string{"A.csv", "Board.xlsx"}, "without the rows of 1 of 2 questions, which gave no answer"},
		"nothing with rows": {nil, []string{"csv"}, nil, "none, for nothing here has rows"},
		"too large":         {[]Table{{"A", bulk, at}}, []string{"csv", "pdf"}, nil, "left out, for together they are larger than 15 MiB"},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			server := mailtest.New(t, nil)
			h := newHouse(t, "", through(server.Host, server.Port), func(d *Deps) {
				d.Make.Render = func(context.Context, *account.Person, Body) (*document.Document, error) {
					return &document.Document{Title: "Board", At: at}, nil
				}
				d.Make.Rows = func(_ context.Context, as *account.Person, b Body) ([]Table, error) {
					if as.Email != "ada@example.com" || b.Dashboard != "d1" {
						t.Errorf("asked as %s for %+v", as.Email, b)
					}
					return c.tables, nil
				}
			})
			i := &Schedule{Name: "Weekly", Body: Body{When: When{Every: "day"}, Dashboard: "d1", To: []Target{{Kind: ToPerson, ID: h.admin.ID}}, Attach: c.attach}}
			if err := i.Body.Check(); err != nil {
				t.Fatal(err)
			}
			s := &sending{w: h.Works, owner: h.admin, item: &subject{kind: KindSchedule, name: i.Name, when: i.Body.When, schedule: &i.Body}}
			if err := s.trial(t.Context(), h.admin, &Run{}); err != nil {
				t.Fatal(err)
			}
			got := server.Accepted()
			if len(got) != 1 {
				t.Fatalf("%d mails", len(got))
			}
			files := map[string][]byte{}
			if len(c.files) > 0 {
				files = attached(t, got[0])
			}
			var names []string
			for n := range files {
				names = append(names, n)
			}
			slices.Sort(names)
			if d := cmp.Diff(c.files, names); d != "" {
				t.Error(d)
			}
			if text := string(parts(t, got[0])["text/plain"]); !strings.Contains(text, c.says) {
				t.Errorf("it lacks %q:\n%s", c.says, text)
			}
			switch name {
			case "a few":
				if text := string(files["sales-north-2.csv"]); !strings.Contains(text, "what\r\n2\r\n") {
					t.Errorf("the second file holds %q", text)
				}
				book, err := excelize.OpenReader(bytes.NewReader(files["Board.xlsx"]))
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff([]string{"Sales north", "sales north 2", "Größe", "Notes"}, book.GetSheetList()); d != "" {
					t.Error(d)
				}
				if v, err := book.GetCellValue("Größe", "A2"); err != nil || v != "3" {
					t.Errorf("%q %v", v, err)
				}
			case "many":
				archive, err := zip.NewReader(bytes.NewReader(files["Board.zip"]), int64(len(files["Board.zip"])))
				if err != nil || len(archive.File) != len(many) || archive.File[10].Name != "Card-11.csv" {
					t.Errorf("%v %v", archive, err)
				}
			}
		})
	}
}
