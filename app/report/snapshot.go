package report

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"assay/app/account"
	"assay/app/audit"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/query"
	"assay/app/store"
)

// Snapshot is a report with its data as they were.
//
// Who may read the report sees a snapshot of it where they made it, where its
// maker gave it to all who read the report, or where they see the same as its
// maker did: each of its questions with all that it stands on, and of each
// connection either everything or exactly what the maker saw. A link shows it only
// as long as whoever made the link may see all of that themselves.
type Snapshot struct {
	ID        string
	ReportID  string
	Name      string
	Given     bool // to everyone who may read the report
	CreatedBy string
	CreatedAt time.Time

	sees sees
}

// sees is what a snapshot was made of and how its maker saw it.
type sees struct {
	Given     bool     `json:"given,omitempty"`
	Questions []string `json:"questions,omitempty"`
	// Connections maps an id to what names the maker's view.
	Connections map[string]string `json:"connections,omitempty"`
}

type snapshotRow struct {
	bun.BaseModel `bun:"table:snapshots,alias:snapshot"`

	ID        string    `bun:"id,pk"`
	Kind      string    `bun:"kind"`
	ItemID    string    `bun:"item_id"`
	Name      string    `bun:"name"`
	Body      []byte    `bun:"body"`
	View      string    `bun:"view"`
	CreatedBy string    `bun:"created_by"`
	CreatedAt time.Time `bun:"created_at"`
}

const (
	snapshotKind = "report"
	mostPacked   = 16 << 20
	mostUnpacked = 256 << 20
	// MostSnapshots bounds those of one report.
	MostSnapshots = 200
)

// Snapshots keeps reports with their data.
type Snapshots struct {
	db        *store.Store
	log       *audit.Log
	maker     *Maker
	runner    *query.Runner
	questions *query.Store
	now       func() time.Time
}

// NewSnapshots returns the snapshots of a store, made by the maker.
func NewSnapshots(s *store.Store, log *audit.Log, m *Maker, runner *query.Runner) *Snapshots {
	return &Snapshots{db: s, log: log, maker: m, runner: runner, questions: m.Questions, now: func() time.Time { return time.Now().UTC() }}
}

// Freeze makes the report and keeps what it says under the name, "" for the time;
// given lets everyone see it who may read the report.
func (s *Snapshots) Freeze(ctx context.Context, r *Report, v figure.View, name string, given bool, by *account.Person) (shot *Snapshot, err error) {
	defer fault.Wrap(&err, "report.Freeze(%s)", r.ID)
	if err := r.Check(by, account.Save); err != nil {
		return nil, err
	}
	if name = strings.TrimSpace(name); utf8.RuneCountInString(name) > 200 {
		return nil, fault.Field("name", "A name has at most 200 characters")
	}
	v.Person = by
	made, err := s.maker.Make(ctx, r, v)
	if err != nil {
		return nil, err
	}
	if name == "" {
		name = made.Document.At.UTC().Format("2006-01-02 15:04 UTC")
	}
	shot = &Snapshot{ID: store.NewID(), ReportID: r.ID, Name: name, Given: given, CreatedBy: by.ID, CreatedAt: s.now(),
		sees: sees{Given: given, Questions: made.Questions, Connections: map[string]string{}}}
	for _, id := range made.Connections {
		if shot.sees.Connections[id], err = s.view(ctx, by, id); err != nil {
			return nil, err
		}
	}
	body, err := pack(made.Document)
	if err != nil {
		return nil, err
	}
	if len(body) > mostPacked {
		return nil, fault.New(fault.Invalid, "The report with its data is larger than %d MiB and cannot be kept", mostPacked>>20)
	}
	view, err := json.Marshal(shot.sees)
	if err != nil {
		return nil, err
	}
	return shot, s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Table("snapshots").Where("item_id = ?", r.ID).Count(ctx)
		if err == nil && n >= MostSnapshots {
			err = fault.New(fault.Invalid, "A report has at most %d snapshots; remove one first", MostSnapshots)
		}
		if err != nil {
			return err
		}
		row := &snapshotRow{ID: shot.ID, Kind: snapshotKind, ItemID: r.ID, Name: name, Body: body, View: string(view), CreatedBy: by.ID, CreatedAt: shot.CreatedAt}
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, shot.event("freeze", r))
	})
}

func (s *Snapshot) event(action string, r *Report) audit.Event {
	return audit.Event{Action: "report." + action, Object: audit.Object{Kind: "report", ID: r.ID, Name: r.Name},
		Detail: map[string]any{"snapshot": s.ID, "name": s.Name, "given": s.Given}}
}

// view names what a person sees of a connection; what the connection is like now
// does not matter to what was read already.
func (s *Snapshots) view(ctx context.Context, p *account.Person, connection string) (string, error) {
	v, err := s.runner.Sight(ctx, p, connection)
	return cmp.Or(v, everything), err
}

// everything is the view of those whom nothing limits.
const everything = "all"

// may tells whether a person who may read the report may see the snapshot.
func (s *Snapshots) may(ctx context.Context, shot *Snapshot, p *account.Person) bool {
	if !p.Frozen() && (shot.Given || shot.CreatedBy == p.ID) {
		return true
	}
	for _, id := range shot.sees.Questions {
		q, err := s.questions.Get(ctx, id)
		if p.Frozen() && fault.Is(err, fault.NotFound) {
			continue // what it was made of is removed, and taken from nobody
		}
		if err != nil || account.Check(p, account.Look, account.InFolder(q.FolderID), account.OnConnection(q.ConnectionID)) != nil {
			return false
		}
		if _, err := s.runner.Chain(ctx, p, q.ConnectionID, q.Body.Spec); err != nil {
			return false
		}
	}
	for id, seen := range shot.sees.Connections {
		if account.Check(p, account.Look, account.OnConnection(id)) != nil {
			return false
		}
		if now, err := s.view(ctx, p, id); err != nil || now != everything && now != seen && !(shot.Given && p.Frozen()) {
			return false
		}
	}
	return true
}

func (r *snapshotRow) snapshot() (*Snapshot, error) {
	s := &Snapshot{ID: r.ID, ReportID: r.ItemID, Name: r.Name, CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt}
	if err := json.Unmarshal([]byte(r.View), &s.sees); err != nil {
		return nil, err
	}
	s.Given = s.sees.Given
	return s, nil
}

// List returns the snapshots of a report that a person may see, the newest first.
func (s *Snapshots) List(ctx context.Context, r *Report, p *account.Person) (list []Snapshot, err error) {
	defer fault.Wrap(&err, "report.Snapshots(%s)", r.ID)
	if err := r.Check(p, account.Look); err != nil {
		return nil, err
	}
	var rows []snapshotRow
	err = s.db.Read().NewSelect().Model(&rows).ExcludeColumn("body").Where("item_id = ? AND kind = ?", r.ID, snapshotKind).Order("created_at DESC", "id DESC").Scan(ctx)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		shot, err := rows[i].snapshot()
		if err != nil {
			return nil, err
		}
		if s.may(ctx, shot, p) {
			list = append(list, *shot)
		}
	}
	return list, nil
}

// Get returns a snapshot of a report and what it says, for a person who may see it.
func (s *Snapshots) Get(ctx context.Context, r *Report, id string, p *account.Person) (shot *Snapshot, d *document.Document, err error) {
	defer fault.Wrap(&err, "report.Snapshot(%s)", id)
	if err := r.Check(p, account.Look); err != nil {
		return nil, nil, err
	}
	row := new(snapshotRow)
	if err := s.db.Read().NewSelect().Model(row).Where("id = ? AND item_id = ? AND kind = ?", id, r.ID, snapshotKind).Scan(ctx); err != nil {
		return nil, nil, store.Missing(err, "snapshot")
	}
	if shot, err = row.snapshot(); err != nil {
		return nil, nil, err
	}
	if !s.may(ctx, shot, p) {
		return nil, nil, fault.New(fault.Denied, "This snapshot holds what its maker saw, which is not what you see of these databases; its maker can give it to everyone who reads the report")
	}
	d, err = unpack(row.Body)
	return shot, d, err
}

// Delete removes a snapshot; its maker may, and whoever may change the report.
func (s *Snapshots) Delete(ctx context.Context, r *Report, id string, by *account.Person) (err error) {
	defer fault.Wrap(&err, "report.DeleteSnapshot(%s)", id)
	if err := r.Check(by, account.Look); err != nil {
		return err
	}
	row := new(snapshotRow)
	if err := s.db.Read().NewSelect().Model(row).ExcludeColumn("body").Where("id = ? AND item_id = ? AND kind = ?", id, r.ID, snapshotKind).Scan(ctx); err != nil {
		return store.Missing(err, "snapshot")
	}
	shot, err := row.snapshot()
	if err != nil {
		return err
	}
	if shot.CreatedBy != by.ID {
		if err := r.Check(by, account.Save); err != nil {
			return err
		}
	}
	return s.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewDelete().Model(row).WherePK().Exec(ctx)
		if err := store.Changed(res, err, "snapshot"); err != nil {
			return err
		}
		return s.log.Append(ctx, tx, shot.event("thaw", r))
	})
}

// pack keeps a document without what leads to newer data in place of its own.
func pack(d *document.Document) ([]byte, error) {
	frozen := *d
	frozen.Blocks = still(d.Blocks)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := json.NewEncoder(z).Encode(frozen); err != nil {
		return nil, err
	}
	err := z.Close()
	return b.Bytes(), err
}

func unpack(body []byte) (*document.Document, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	d := new(document.Document)
	return d, json.NewDecoder(io.LimitReader(z, mostUnpacked)).Decode(d)
}

// still returns blocks whose drawings stay as they are.
func still(list []document.Block) []document.Block {
	out := slices.Clone(list)
	for i, block := range out {
		switch b := block.(type) {
		case document.Figure:
			if b.Drawing != nil {
				drawing := *b.Drawing
				drawing.OptionURL = ""
				b.Drawing = &drawing
				out[i] = b
			}
		case document.Quote:
			b.Blocks = still(b.Blocks)
			out[i] = b
		case document.List:
			items := make([][]document.Block, len(b.Items))
			for at, item := range b.Items {
				items[at] = still(item)
			}
			b.Items = items
			out[i] = b
		case document.Row:
			cells := slices.Clone(b.Cells)
			for at := range cells {
				cells[at].Blocks = still(cells[at].Blocks)
			}
			b.Cells = cells
			out[i] = b
		}
	}
	return out
}
