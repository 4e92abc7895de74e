package schedule

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"assay/app/account"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/mail"
	"assay/app/query"
)

// parcel is what one viewer gets of a run, made once for all that get the same.
type parcel struct {
	doc              *document.Document // as on the page
	subject          string
	text, html       string
	why              string // where the viewer looks into an alert's question, "" for nowhere
	inline, attached []mail.File
}

// packs holds the parcels of runs under way, for a short while.
type packs struct {
	mu   sync.Mutex
	kept map[string]*pack
}

type pack struct {
	once   sync.Mutex
	parcel *parcel
	end    ending
	made   bool
	at     time.Time
}

// Bounds of the kept parcels.
const (
	mostPacks = 8
	packLife  = 10 * time.Minute
)

// take returns the place of a parcel, which is empty at first.
func (p *packs) take(key string) *pack {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == nil {
		p.kept = map[string]*pack{}
	}
	var oldest string
	for k, one := range p.kept {
		if time.Since(one.at) > packLife {
			delete(p.kept, k)
		} else if oldest == "" || one.at.Before(p.kept[oldest].at) {
			oldest = k
		}
	}
	if one := p.kept[key]; one != nil {
		return one
	}
	if len(p.kept) >= mostPacks {
		delete(p.kept, oldest)
	}
	p.kept[key] = &pack{at: time.Now()}
	return p.kept[key]
}

// forget drops a parcel that is no good.
func (p *packs) forget(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.kept, key)
}

// parcel returns what the viewer gets, or how the delivery ends without.
func (s *sending) parcel(ctx context.Context, viewer *account.Person) (*parcel, ending) {
	key := s.run.ID + " " + viewer.ID
	one := s.w.packs.take(key)
	one.once.Lock()
	defer one.once.Unlock()
	if !one.made {
		one.parcel, one.end = s.makeParcel(ctx, viewer)
		if one.made = one.parcel != nil || one.end.state != ""; !one.made {
			s.w.packs.forget(key)
		}
	}
	return one.parcel, one.end
}

func (s *sending) makeParcel(ctx context.Context, viewer *account.Person) (*parcel, ending) {
	w := s.w
	var doc *document.Document
	var end ending
	p := &parcel{subject: s.item.name}
	if s.item.alert != nil {
		doc, end = s.alertDocument(ctx, viewer, p)
		if doc != nil {
			p.subject = doc.Title
		}
	} else if doc, end = s.rendered(ctx, viewer); doc != nil {
		p.subject = doc.Title
		if s.item.schedule.Subject != "" {
			p.subject = s.item.schedule.Subject
		}
		if err := s.attach(ctx, viewer, doc, p); err != nil {
			return nil, ending{message: told(err)}
		}
	}
	if doc == nil {
		return nil, end
	}
	p.doc = doc
	letter := *doc
	letter.Blocks, letter.URL = s.around(doc.Blocks), s.absolute(doc.URL)
	p.text = document.Text(&letter)
	if w.Make.HTML == nil {
		return p, ending{}
	}
	images, err := w.images(&letter, p)
	if err == nil {
		p.html, err = w.Make.HTML(&letter, images)
	}
	if err != nil {
		w.Log.Error("a mail could not be made", "run", s.run.ID, "err", err)
		return nil, ending{message: "The mail could not be made"}
	}
	return p, ending{}
}

// around puts the note above and, below, why somebody gets this and who ends it.
func (s *sending) around(blocks []document.Block) []document.Block {
	var list []document.Block
	for _, paragraph := range strings.Split(s.item.note, "\n\n") {
		if paragraph = strings.TrimSpace(paragraph); paragraph != "" {
			list = append(list, document.Paragraph{Text: []document.Inline{{Text: paragraph}}})
		}
	}
	list = append(list, blocks...)
	why := fmt.Sprintf("%s put you on the %s “%s” (%s). Ask them where you do not want it any more.", s.owner.Name, s.item.kind, s.item.name, s.item.when.Words())
	return append(list, document.Rule{}, document.Paragraph{Text: []document.Inline{{Text: why, Slant: true}}})
}

// imageWidth is how many pixels wide a drawing is in a mail: two for each that it
// takes on most screens.
const imageWidth = 1200

// images paints the drawings and puts both the picture and the drawing itself
// into the mail's related parts. Mail programs do not show SVG that stands in a
// mail's HTML (Gmail and Outlook remove it), so what is seen is the picture, and
// whoever wants the vector takes the part beside it, which is byte for byte the
// drawing of the page.
func (w *Works) images(d *document.Document, p *parcel) (map[string]string, error) {
	ids := map[string]string{}
	for i, f := range document.Figures(d) {
		if f.Drawing == nil || len(f.Drawing.SVG) == 0 || w.Make.PNG == nil {
			continue
		}
		hash := f.Drawing.Hash()
		if ids[hash] != "" {
			continue // the same one again
		}
		picture, err := w.Make.PNG(f.Drawing.SVG, imageWidth)
		if err != nil {
			return nil, fmt.Errorf("paint %s: %w", f.ID, err)
		}
		name := fmt.Sprintf("figure-%d", i+1)
		ids[hash] = name + ".png@assay"
		p.inline = append(p.inline, mail.File{ID: ids[hash], Name: name + ".png", Type: "image/png", Body: picture},
			mail.File{ID: name + ".svg@assay", Name: name + ".svg", Type: "image/svg+xml", Body: f.Drawing.SVG})
	}
	return ids, nil
}

// gone reports whether what is delivered was deleted since the run began.
func (s *sending) gone(ctx context.Context, kind, id string) bool {
	gone, err := s.w.gone(ctx, kind, id)
	return err == nil && gone
}

// rendered makes a schedule's document as the viewer may see it.
func (s *sending) rendered(ctx context.Context, viewer *account.Person) (*document.Document, ending) {
	d, err := s.w.Make.Render(ctx, viewer, *s.item.schedule)
	if fault.Is(err, fault.Denied) || fault.Is(err, fault.NotFound) {
		if viewer.ID == s.owner.ID {
			return nil, ending{state: DeliveryFailed, message: told(err)}
		}
		if kind, id := s.item.schedule.about().named(); s.gone(ctx, kind, id) {
			return nil, ending{state: DeliveryFailed, message: "The " + kind + " was deleted"}
		}
		return nil, ending{state: DeliverySkipped, message: "They may not see it"}
	}
	if err != nil {
		s.w.Log.Error("a delivery could not be made", "run", s.run.ID, "err", err)
		return nil, ending{message: told(err)}
	}
	if all, bad, why := figuresOf(d); all > 0 && all == bad {
		if viewer.ID != s.owner.ID {
			if own, _ := s.parcel(ctx, s.owner); own != nil {
				return nil, ending{state: DeliverySkipped, message: "They may see nothing of it"}
			}
		}
		return nil, ending{message: "No question could be answered: " + why}
	}
	if s.item.schedule.SkipEmpty && emptyDocument(d) {
		return nil, ending{state: DeliverySkipped, message: "There is nothing to show: no answer has a row"}
	}
	return d, ending{}
}

// parameters are a question's values with others laid over them.
func parameters(q *query.Question, over map[string]string) map[string]string {
	all := map[string]string{}
	for k, v := range q.Body.Parameters {
		all[k] = v
	}
	for k, v := range over {
		all[k] = v
	}
	return all
}

// questionURL is where a question is shown with these values.
func (w *Works) questionURL(id string, values map[string]string, more ...string) string {
	v := url.Values{}
	for name, value := range values {
		v.Set("p."+name, value)
	}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	at := w.BaseURL + "/questions/" + id
	if len(v) > 0 {
		at += "?" + v.Encode()
	}
	return at
}

// facts is what an alert tells, kept with its run.
type facts struct {
	Event   string  `json:"event"`
	State   string  `json:"state"`
	Reading Reading `json:"reading"`
	// Since is when the condition began to hold, At when the database answered.
	Since time.Time `json:"since,omitzero"`
	At    time.Time `json:"at"`
	// Question and View name what was asked and what of it was seen.
	Question string `json:"question"`
	Name     string `json:"name"`
	View     string `json:"view"`
}

// alertDocument is what an alert tells the viewer. Whoever sees other rows than
// the owner is told that it fired, not the figure.
func (s *sending) alertDocument(ctx context.Context, viewer *account.Person, p *parcel) (*document.Document, ending) {
	w, b := s.w, s.item.alert
	var f facts
	if err := json.Unmarshal([]byte(s.run.Facts), &f); err != nil {
		return nil, ending{state: DeliveryFailed, message: "What the alert told is lost"}
	}
	q, err := w.question(ctx, viewer, f.Question)
	if fault.Is(err, fault.Denied) || fault.Is(err, fault.NotFound) {
		if s.gone(ctx, "question", f.Question) {
			return nil, ending{state: DeliveryFailed, message: "The question was deleted"}
		}
		return nil, ending{state: DeliverySkipped, message: "They may not see the question"}
	}
	if err != nil {
		return nil, ending{message: told(err)}
	}
	view, err := w.Runner.View(ctx, viewer, q.ConnectionID)
	if err != nil {
		return nil, ending{message: told(err)}
	}
	loc, err := s.item.when.location()
	if err != nil {
		loc = time.UTC
	}
	values := parameters(q, b.Values)
	d := &document.Document{Title: s.item.name + ": " + alertWords[f.Event], Language: "en", At: f.At.In(loc), URL: w.questionURL(q.ID, b.Values)}
	say := func(list ...document.Inline) { d.Blocks = append(d.Blocks, document.Paragraph{Text: list}) }
	if view == f.View {
		words := document.Inline{Text: f.Reading.Words + "."}
		if f.Reading.Column != "" {
			words.Ref = &document.Ref{Question: q.ID, Row: f.Reading.Row, Column: f.Reading.Column, Value: f.Reading.Exact}
			words.URL = w.questionURL(q.ID, b.Values, "row", strconv.Itoa(f.Reading.Row+1), "column", f.Reading.Column) + "#marked"
		}
		say(words)
	} else {
		say(document.Inline{Text: "You see other rows of this question than whoever made the alert, so the figure is left out here."})
	}
	d.Facts = []document.Fact{{Name: "Question", Text: q.Name}, {Name: "As of", Text: f.At.In(loc).Format("2006-01-02 15:04 MST")}}
	if !f.Since.IsZero() {
		d.Facts = append(d.Facts, document.Fact{Name: "Since", Text: f.Since.In(loc).Format("2006-01-02 15:04 MST")})
	}
	links := []document.Inline{{Text: "See the question", URL: d.URL}}
	if w.Make.Explore != nil {
		if p.why = w.Make.Explore(viewer, q, values); p.why != "" {
			links = append(links, document.Inline{Text: " · "}, document.Inline{Text: "Look into why", URL: p.why})
		}
	}
	say(links...)
	return d, ending{}
}

// alertWords are the events in words.
var alertWords = map[string]string{eventFired: "raised", eventCleared: "over", eventReminder: "still raised"}
