package schedule

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"assay/app/account"
	"assay/app/document"
	"assay/app/frame"
	"assay/app/mail"
	"assay/app/query"
)

// Bounds of what is attached to one mail.
const (
	mostAttached = 15 << 20 // bytes: mail servers take little more
	mostFiles    = 10       // of rows; more go into one archive
)

const (
	typeCSV  = "text/csv"
	typeXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// attach attaches the files that the schedule asks for, as the viewer may see
// them, and says in the document what is not there.
func (s *sending) attach(ctx context.Context, viewer *account.Person, d *document.Document, p *parcel) error {
	b := s.item.schedule
	name := frame.FileName(d.Title)
	if slices.Contains(b.Attach, "pdf") && s.w.Make.PDF != nil {
		var out bytes.Buffer
		if err := s.w.Make.PDF(&out, d); err != nil {
			return fmt.Errorf("make the PDF: %w", err)
		}
		p.attached = append(p.attached, mail.File{Name: name + ".pdf", Type: "application/pdf", Body: out.Bytes()})
	}
	without, err := s.attachRows(ctx, viewer, d.Title, p)
	if err != nil {
		return err
	}
	size := 0
	for _, f := range p.attached {
		size += len(f.Body)
	}
	if size > mostAttached {
		p.attached = nil
		without = fmt.Sprintf("left out, for together they are larger than %d MiB", mostAttached>>20)
	}
	if without != "" {
		d.Facts = append(slices.Clone(d.Facts), document.Fact{Name: "Attachments", Text: without})
	}
	return nil
}

// attachRows attaches the rows behind what is delivered, and says what is left out.
func (s *sending) attachRows(ctx context.Context, viewer *account.Person, title string, p *parcel) (without string, err error) {
	b := s.item.schedule
	csv, xlsx := slices.Contains(b.Attach, "csv"), slices.Contains(b.Attach, "xlsx")
	if !csv && !xlsx {
		return "", nil
	}
	all, err := s.tables(ctx, viewer)
	if err != nil {
		return "", err
	}
	list := slices.DeleteFunc(slices.Clone(all), func(t Table) bool { return t.Frame == nil })
	switch {
	case len(all) == 0:
		return "none, for nothing here has rows", nil
	case len(list) < len(all):
		without = fmt.Sprintf("without the rows of %d of %s, which gave no answer", len(all)-len(list), counted(len(all), "1 question", "%d questions"))
	}
	if len(list) == 0 {
		return without, nil
	}
	if csv {
		files, err := csvFiles(ctx, title, list)
		if err != nil {
			return "", err
		}
		p.attached = append(p.attached, files...)
	}
	if xlsx {
		w := frame.WorkbookWriter{Caption: title}
		for _, t := range list {
			w.Sheets = append(w.Sheets, frame.Sheet{Name: t.Title, Frame: t.Frame, Time: t.At})
		}
		var out bytes.Buffer
		if err := w.Write(ctx, &out); err != nil {
			return "", err
		}
		p.attached = append(p.attached, mail.File{Name: frame.FileName(title) + ".xlsx", Type: typeXLSX, Body: out.Bytes()})
	}
	return without, nil
}

// tables returns the rows behind what is delivered, as the viewer may see them.
func (s *sending) tables(ctx context.Context, viewer *account.Person) ([]Table, error) {
	b := s.item.schedule
	if b.Question == "" {
		if s.w.Make.Rows == nil {
			return nil, nil
		}
		return s.w.Make.Rows(ctx, viewer, *b)
	}
	q, err := s.w.question(ctx, viewer, b.Question)
	if err != nil {
		return nil, err
	}
	r, err := s.w.Runner.Frame(ctx, query.Request{Person: viewer, Saved: q, Parameters: parameters(q, b.Values), MaxAge: packLife})
	if err != nil {
		return nil, err
	}
	return []Table{{Title: q.Name, Frame: r.Frame, At: r.At}}, nil
}

// csvFiles writes each table as a file of its own; where they are many, one
// archive of them is returned.
func csvFiles(ctx context.Context, title string, list []Table) (files []mail.File, err error) {
	taken := map[string]bool{}
	for _, t := range list {
		var out bytes.Buffer
		if _, err := (frame.CSVWriter{BOM: true}).Write(ctx, &out, t.Frame.Reader()); err != nil {
			return nil, err
		}
		base := frame.FileName(t.Title)
		name := base
		for n := 2; taken[strings.ToLower(name)]; n++ {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		taken[strings.ToLower(name)] = true
		files = append(files, mail.File{Name: name + ".csv", Type: typeCSV, Body: out.Bytes()})
	}
	if len(files) <= mostFiles {
		return files, nil
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for i, f := range files {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: list[i].At})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.Body); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return []mail.File{{Name: frame.FileName(title) + ".zip", Type: "application/zip", Body: out.Bytes()}}, nil
}
