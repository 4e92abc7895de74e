package schedule

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"assay/app/account"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/source"
)

// usualPatience bounds a call of a webhook as a whole.
const usualPatience = 10 * time.Second

// Sign returns the value of the header Assay-Signature for a body sent at a
// time: "t=" and the seconds since 1970, ",v1=" and the hex of the HMAC-SHA256,
// under the channel's secret, of the seconds, a dot and the body.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// toChannel posts what the owner may see to a channel.
func (s *sending) toChannel(ctx context.Context, t Target) ending {
	w := s.w
	c, secret, err := w.Channels.opened(ctx, t.ID)
	switch {
	case fault.Is(err, fault.NotFound):
		return ending{state: DeliveryFailed, message: "There is no such channel any more"}
	case err != nil:
		w.Log.Error("a channel cannot be opened", "channel", t.ID, "err", err)
		return ending{message: told(err)}
	case c.Kind != t.Kind:
		return ending{state: DeliveryFailed, message: "The channel is of another kind"}
	}
	p, end := s.parcel(ctx, s.owner)
	if p == nil {
		return end
	}
	var body []byte
	if c.Kind == ToSlack {
		body, err = json.Marshal(s.slack(p))
	} else {
		body, err = json.Marshal(s.webhook(p))
	}
	if err == nil {
		err = s.mark(ctx)
	}
	if err != nil {
		return ending{message: told(err)}
	}
	return w.post(ctx, c, secret, s.d.ID, body)
}

// post sends a body to a channel. What is answered is not repeated to anybody:
// it may come from inside a network.
func (w *Works) post(ctx context.Context, c *Channel, secret, id string, body []byte) ending {
	what := "The webhook"
	if c.Kind == ToSlack {
		what = "Slack"
	}
	ctx, cancel := context.WithTimeout(ctx, w.postTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return ending{state: DeliveryFailed, message: "The address of the channel cannot be used"}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Assay")
	if c.Kind == ToWebhook {
		req.Header.Set("Assay-Delivery", id)
		req.Header.Set("Assay-Signature", Sign(secret, w.now(), body))
	}
	transport := &http.Transport{DialContext: w.Dial, TLSHandshakeTimeout: w.postTime, DisableKeepAlives: true, MaxResponseHeaderBytes: 16 << 10}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		w.Log.Warn("a channel was not reached", "channel", c.ID, "delivery", id)
		if f, ok := errors.AsType[*source.Failure](err); ok {
			return ending{state: DeliveryFailed, message: what + " was not called: " + f.Message}
		}
		if ctx.Err() != nil {
			return ending{message: what + " did not answer in time", uncertain: true}
		}
		return ending{message: what + " could not be reached"}
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
	resp.Body.Close()
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		return ending{state: DeliverySent, message: "Posted to " + c.Name}
	case code >= 500 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code == http.StatusTooEarly:
		return ending{message: fmt.Sprintf("%s answered %d", what, code)}
	case code >= 300 && code < 400:
		return ending{state: DeliveryFailed, message: fmt.Sprintf("%s answered %d and pointed elsewhere, where nothing is sent; change the channel's address", what, code)}
	default:
		return ending{state: DeliveryFailed, message: fmt.Sprintf("%s refused it (%d)", what, code)}
	}
}

// Test posts a short message to a channel and says what came of it.
func (w *Works) Test(ctx context.Context, id string, by *account.Person) (err error) {
	defer fault.Wrap(&err, "channel.Test(%s)", id)
	if err := mayEdit(by); err != nil {
		return err
	}
	c, secret, err := w.Channels.opened(ctx, id)
	if err != nil {
		return err
	}
	text := "This is a test by " + by.Email + ": results can be sent here."
	var payload any = map[string]any{"event": "test", "text": text, "at": w.now()}
	if c.Kind == ToSlack {
		payload = map[string]any{"text": slackText(text)}
	}
	body, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	if end := w.post(ctx, c, secret, "test", body); end.state != DeliverySent {
		return fault.New(fault.Unavailable, "%s", end.message)
	}
	return nil
}

// hook is what a webhook gets.
type hook struct {
	ID    string `json:"id"` // the delivery's, the same for every try
	Event string `json:"event"`
	Item  struct {
		Kind string `json:"kind"`
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"item"`
	Run struct {
		ID    string    `json:"id"`
		For   time.Time `json:"for"`
		Cause string    `json:"cause"`
	} `json:"run"`
	At      time.Time       `json:"at"`
	Title   string          `json:"title"`
	URL     string          `json:"url,omitempty"`
	Text    string          `json:"text"`
	Facts   []document.Fact `json:"facts,omitempty"`
	Figures []hookFigure    `json:"figures,omitempty"`
	Alert   *hookAlert      `json:"alert,omitempty"`
}

type hookFigure struct {
	ID      string     `json:"id"`
	Title   string     `json:"title"`
	URL     string     `json:"url,omitempty"`
	Value   string     `json:"value,omitempty"`
	Label   string     `json:"label,omitempty"`
	Delta   string     `json:"delta,omitempty"`
	Columns []string   `json:"columns,omitempty"`
	Rows    [][]string `json:"rows,omitempty"`
	Note    string     `json:"note,omitempty"`
	Failure string     `json:"failure,omitempty"`
	Hash    string     `json:"drawing_sha256,omitempty"`
}

type hookAlert struct {
	State  string `json:"state"`
	Value  string `json:"value"`
	Column string `json:"column,omitempty"`
	Exact  string `json:"exact,omitempty"`
	Words  string `json:"words"`
	// Why is where the question is looked into.
	Why string `json:"why_url,omitempty"`
}

// mostHookRows is how many rows of a table a webhook gets.
const mostHookRows = 200

func (s *sending) webhook(p *parcel) hook {
	h := hook{ID: s.d.ID, Event: "schedule.delivered", At: s.w.now(), Title: p.doc.Title, URL: s.absolute(p.doc.URL), Text: p.text, Facts: p.doc.Facts}
	h.Item.Kind, h.Item.ID, h.Item.Name = s.item.kind, s.item.id, s.item.name
	h.Run.ID, h.Run.For, h.Run.Cause = s.run.ID, s.run.Slot.UTC(), s.run.Cause
	if s.item.alert != nil {
		var f facts
		if json.Unmarshal([]byte(s.run.Facts), &f) == nil {
			h.Event = "alert." + f.Event
			h.Alert = &hookAlert{State: f.State, Value: f.Reading.Text, Column: f.Reading.Column, Exact: f.Reading.Exact, Words: f.Reading.Words, Why: p.why}
		}
	}
	for _, f := range document.Figures(p.doc) {
		one := hookFigure{ID: f.ID, Title: f.Title, URL: s.absolute(f.URL), Note: f.Note}
		if f.Number != nil {
			one.Value, one.Label, one.Delta = f.Number.Value, f.Number.Label, f.Number.Delta
		}
		if f.Failure != nil {
			one.Failure = f.Failure.Title
		}
		if f.Drawing != nil {
			one.Hash = f.Drawing.Hash()
		}
		table := f.Table
		if table == nil {
			table = f.Data
		}
		if table != nil {
			for _, c := range table.Columns {
				one.Columns = append(one.Columns, c.Name)
			}
			for _, row := range table.Rows[:min(len(table.Rows), mostHookRows)] {
				cells := make([]string, len(row))
				for i, v := range row {
					cells[i] = v.Text
				}
				one.Rows = append(one.Rows, cells)
			}
		}
		h.Figures = append(h.Figures, one)
	}
	return h
}

// absolute completes an address of ours.
func (s *sending) absolute(address string) string {
	if strings.HasPrefix(address, "/") {
		return s.w.BaseURL + address
	}
	return address
}

// Bounds of a message to Slack.
const (
	slackBlocks = 45
	slackRunes  = 2900
	slackURL    = 3000 // of a button
)

// slack builds a message of blocks: a title, the figures' numbers and a link.
func (s *sending) slack(p *parcel) map[string]any {
	var blocks []any
	section := func(text string) {
		if text != "" && len(blocks) < slackBlocks {
			blocks = append(blocks, map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": cut(text, slackRunes)}})
		}
	}
	blocks = append(blocks, map[string]any{"type": "header", "text": map[string]any{"type": "plain_text", "text": cut(p.subject, 150)}})
	section(slackText(s.item.note))
	for _, b := range p.doc.Blocks {
		if paragraph, ok := b.(document.Paragraph); ok {
			section(slackText(document.Words(paragraph.Text)))
		}
	}
	for _, f := range document.Figures(p.doc) {
		title := "*" + slackText(strings.ReplaceAll(f.Title, "*", "")) + "*"
		switch {
		case f.Number != nil:
			text := title + "\n" + slackText(f.Number.Value)
			if f.Number.Delta != "" {
				text += " (" + slackText(f.Number.Delta) + ")"
			}
			section(text)
		case f.Drawing != nil:
			section(title + "\n" + slackText(f.Drawing.Description))
		case f.Note != "":
			section(title + "\n" + slackText(f.Note))
		case f.Failure != nil:
			section(title + "\n" + slackText(f.Failure.Title))
		case f.Table != nil:
			section(title + "\n" + counted(len(f.Table.Rows), "1 row", "%d rows"))
		}
	}
	if at := s.absolute(p.doc.URL); at != "" {
		button := func(text, at string) any {
			return map[string]any{"type": "button", "url": at, "text": map[string]any{"type": "plain_text", "text": text}}
		}
		buttons := []any{button("Open in Assay", at)}
		if p.why != "" && len(p.why) <= slackURL {
			buttons = append(buttons, button("Look into why", p.why))
		}
		blocks = append(blocks, map[string]any{"type": "actions", "elements": buttons})
	}
	return map[string]any{"text": cut(slackText(p.subject), slackRunes), "blocks": blocks}
}

// slackText escapes what Slack takes for its own signs, such as <!channel>.
func slackText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
