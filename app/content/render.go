package content

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"assay/app/account"
	"assay/app/report"
)

// Export returns the content of an installation as files, by path.
func Export(ctx context.Context, s *Stores) ([]File, error) {
	st, err := load(ctx, s)
	if err != nil {
		return nil, err
	}
	files, err := st.render(st.index())
	if err != nil {
		return nil, err
	}
	mark, err := emit(markBody{Format: 1, Holds: Kinds})
	if err != nil {
		return nil, err
	}
	files = append(files, File{Path: markFile, Data: mark})
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

// render returns the files of a state.
func (s *state) render(x *index) (files []File, err error) {
	add := func(kind Kind, id, key string, v any) {
		if err != nil {
			return
		}
		var data []byte
		if data, err = emit(v); err == nil {
			files = append(files, File{Path: kind.path(key), Kind: kind, ID: id, Data: data})
		}
	}
	for i := range s.connections {
		c := &s.connections[i]
		add(Connections, c.ID, x.connections.ofID[c.ID], connectionFile(c))
	}
	for i := range s.folders {
		f := &s.folders[i]
		add(Folders, f.ID, x.folders.ofID[f.ID], folderBody{f.Name, f.ID})
	}
	for i := range s.questions {
		q := &s.questions[i]
		add(Questions, q.ID, x.questions.ofID[q.ID], x.question(q))
	}
	for i := range s.dashboards {
		d := &s.dashboards[i]
		add(Dashboards, d.ID, x.dashboards.ofID[d.ID], x.dashboard(d))
	}
	for i := range s.schedules {
		one := &s.schedules[i]
		add(Schedules, one.ID, x.schedules.ofID[one.ID], x.schedule(one))
	}
	for i := range s.alerts {
		one := &s.alerts[i]
		add(Alerts, one.ID, x.alerts.ofID[one.ID], x.alert(one))
	}
	for i := range s.rules {
		r := &s.rules[i]
		add(Rules, r.ID, x.rules.ofID[r.ID], x.rule(r))
	}
	if err != nil {
		return nil, err
	}
	for i := range s.reports {
		r := &s.reports[i]
		data, err := x.report(r)
		if err != nil {
			return nil, err
		}
		files = append(files, File{Path: Reports.path(x.reports.ofID[r.ID]), Kind: Reports, ID: r.ID, Data: data})
	}
	add(Grants, "", "", x.allGrants(s.grants))
	return files, err
}

func (x *index) allGrants(list []account.Grant) []grantBody {
	out := []grantBody{}
	for i := range list {
		out = append(out, x.grant(&list[i]))
	}
	slices.SortFunc(out, func(a, b grantBody) int { return strings.Compare(grantOrder(a), grantOrder(b)) })
	return out
}

// grantOrder puts connections before folders, and everyone before groups and people.
func grantOrder(g grantBody) string {
	parts := []string{"c", g.Connection, g.Schema}
	if g.Folder != nil {
		parts = []string{"f", *g.Folder, ""}
	}
	subject := []string{"0", ""}
	if g.Group != "" {
		subject = []string{"1", g.Group}
	} else if g.Person != "" {
		subject = []string{"2", g.Person}
	}
	return strings.Join(append(parts, subject...), "\x00")
}

const fence = "---\n"

// report writes a report's settings as YAML between two lines of hyphens, and its
// Markdown after them.
func (x *index) report(r *report.Report) ([]byte, error) {
	b := reportBody{headBody: itemHead(x, r), Body: r.Body}
	body := r.Body.Text
	if strings.Contains(body, "\r") {
		b.Text, body = body, "" // line ends that a checkout may change
	}
	head, err := emit(b)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString(fence)
	out.Write(head)
	out.WriteString(fence)
	if body != "" {
		out.WriteString("\n" + body + "\n")
	}
	return out.Bytes(), nil
}

// splitReport returns the YAML at the head of a report's file and the Markdown after it.
func splitReport(data []byte) (head []byte, body string, ok bool) {
	s := string(data)
	if first, _, _ := strings.Cut(s, "\n"); strings.HasSuffix(first, "\r") {
		s = strings.ReplaceAll(s, "\r\n", "\n") // checked out on a system with other line ends
	}
	rest, ok := strings.CutPrefix(s, fence)
	if !ok {
		return nil, "", false
	}
	if text, found := strings.CutPrefix(rest, fence); found {
		return nil, trimBody(text), true
	}
	at := strings.Index(rest, "\n"+fence)
	if at < 0 {
		if text, found := strings.CutSuffix(rest, "\n---"); found {
			return []byte(text + "\n"), "", true
		}
		return nil, "", false
	}
	return []byte(rest[:at+1]), trimBody(rest[at+1+len(fence):]), true
}

func trimBody(s string) string {
	return strings.TrimSuffix(strings.TrimPrefix(s, "\n"), "\n")
}
