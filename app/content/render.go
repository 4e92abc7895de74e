package content

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"assay/app/account"
	"assay/app/query"
	"assay/app/report"
	"assay/app/source"
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
func (s *state) render(x *index) ([]File, error) {
	var r rendering
	filesOf(&r, Connections, x.connections, s.connections, func(c *source.Connection) string { return c.ID }, emitted(connectionFile))
	filesOf(&r, Folders, x.folders, s.folders, folderID, emitted(func(f *query.Folder) folderBody { return folderBody{f.Name, f.ID} }))
	filesOf(&r, Questions, x.questions, s.questions, questionID, emitted(x.question))
	filesOf(&r, Dashboards, x.dashboards, s.dashboards, itemID, emitted(x.dashboard))
	filesOf(&r, Schedules, x.schedules, s.schedules, itemID, emitted(x.schedule))
	filesOf(&r, Alerts, x.alerts, s.alerts, itemID, emitted(x.alert))
	filesOf(&r, Rules, x.rules, s.rules, ruleID, emitted(x.rule))
	filesOf(&r, Reports, x.reports, s.reports, itemID, x.report)
	grants, err := emit(x.allGrants(s.grants))
	r.add(Grants, "", "", grants, err)
	return r.files, r.err
}

// rendering is the files so far, or what kept one from being made.
type rendering struct {
	files []File
	err   error
}

func (r *rendering) add(kind Kind, id, key string, data []byte, err error) {
	if r.err == nil && err == nil {
		r.files = append(r.files, File{Path: kind.path(key), Kind: kind, ID: id, Data: data})
	}
	r.err = cmp.Or(r.err, err)
}

// filesOf adds the files of one kind's objects; data is what one's file holds.
func filesOf[T any](r *rendering, kind Kind, names *keys, list []T, id func(*T) string, data func(*T) ([]byte, error)) {
	for i := range list {
		text, err := data(&list[i])
		r.add(kind, id(&list[i]), names.ofID[id(&list[i])], text, err)
	}
}

// emitted is emit for what body makes of an object.
func emitted[T, B any](body func(*T) B) func(*T) ([]byte, error) {
	return func(of *T) ([]byte, error) { return emit(body(of)) }
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
