package api

import (
	"context"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"

	"assay/app/frame"
	"assay/app/query"
)

// The formats of an answer.
const (
	typeJSON   = "application/json"
	typeCSV    = "text/csv"
	typeNDJSON = "application/x-ndjson"
	typeXLSX   = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

var formats = []string{typeJSON, typeCSV, typeNDJSON, typeXLSX}

// negotiate returns the format that an Accept header prefers, "" where it takes
// none; of several that are as welcome the first of formats.
func negotiate(accept string) string { return negotiateOf(accept, formats) }

// negotiateOf is negotiate for other formats, of which JSON is one.
func negotiateOf(accept string, formats []string) string {
	if strings.TrimSpace(accept) == "" {
		return typeJSON
	}
	best, most := "", 0.0
	for _, format := range formats {
		if q := welcome(accept, format); q > most {
			best, most = format, q
		}
	}
	return best
}

// welcome returns the weight that an Accept header gives a media type: that of
// the range that names it most closely.
func welcome(accept, format string) float64 {
	kind, _, _ := strings.Cut(format, "/")
	weight, closest := 0.0, 0
	for part := range strings.SplitSeq(accept, ",") {
		name, rest, _ := strings.Cut(part, ";")
		closeness := 0
		switch strings.ToLower(strings.TrimSpace(name)) {
		case format:
			closeness = 3
		case kind + "/*":
			closeness = 2
		case "*/*":
			closeness = 1
		}
		if closeness <= closest {
			continue
		}
		closest, weight = closeness, 1
		for param := range strings.SplitSeq(rest, ";") {
			if q, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(param)), "q="); ok {
				weight, _ = strconv.ParseFloat(q, 64)
			}
		}
	}
	return weight
}

// exportTimeout bounds a download, which may take longer than an answer that is looked at.
const exportTimeout = 10 * time.Minute

// answer asks a question and streams its rows in the format that the program
// accepts. What fails before the first batch is told with a status of its own.
func (a *api) answer(ctx context.Context, req query.Request, name string) (*huma.StreamResponse, error) {
	format := negotiate(from(ctx).http.Header.Get("Accept"))
	if format == "" {
		return nil, errFormats()
	}
	if format != typeJSON {
		if req.Limit == 0 {
			req.Limit = query.Uncapped
		}
		if req.Timeout == 0 {
			req.Timeout = exportTimeout
		}
	}
	if format == typeJSON && req.MaxAge > 0 && !req.Explain {
		result, err := a.Runner.Frame(ctx, req)
		if err != nil {
			return nil, err
		}
		given := streamed{Rows: result.Frame.Reader(), id: result.ID, sql: result.SQL, cached: result.Cached, at: result.At, elapsed: func() time.Duration { return result.Elapsed }}
		return &huma.StreamResponse{Body: func(hc huma.Context) { a.stream(hc, given, format, name) }}, nil
	}
	at := time.Now()
	answer, err := a.Runner.Open(ctx, req)
	if err != nil {
		return nil, err
	}
	given := streamed{Rows: answer, id: answer.ID, sql: answer.SQL, at: at, elapsed: answer.Elapsed}
	return &huma.StreamResponse{Body: func(hc huma.Context) { a.stream(hc, given, format, name) }}, nil
}

// streamed is an answer on its way: read from the database, or kept from before.
type streamed struct {
	frame.Rows
	id, sql string
	cached  bool
	at      time.Time
	elapsed func() time.Duration
}

func (a *api) stream(hc huma.Context, answer streamed, format, name string) {
	defer answer.Close()
	ctx, c := hc.Context(), humaecho.Unwrap(hc)
	h := c.Response().Header()
	h.Set("X-Query-Id", answer.id)
	h.Set("X-Accel-Buffering", "no")
	h.Set("Content-Type", format)
	w := &prompt{ResponseWriter: c.Response(), control: http.NewResponseController(c.Response().Writer)}
	attach := func(extension string) {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": frame.FileName(name) + "." + extension}))
	}
	var s frame.Summary
	var err error
	switch format {
	case typeCSV:
		h.Set("Content-Type", typeCSV+"; charset=utf-8")
		attach("csv")
		s, err = frame.CSVWriter{}.Write(ctx, w, answer.Rows)
	case typeNDJSON:
		s, err = frame.WriteNDJSON(ctx, w, answer.Rows)
	case typeXLSX:
		attach("xlsx")
		s, err = frame.XLSXWriter{Sheet: name, Caption: name, Time: time.Now().UTC()}.Write(ctx, w, answer.Rows)
	default:
		s, err = frame.JSONWriter{
			Head: func(o *frame.Object) { o.Text("id", answer.id) },
			Tail: func(o *frame.Object, _ frame.Summary) {
				o.Text("sql", answer.sql)
				o.Int("elapsed_ms", answer.elapsed().Milliseconds())
				o.Bool("cached", answer.cached)
				o.Text("at", utc(answer.at).Format(time.RFC3339Nano))
			},
			Failure: failureCode,
		}.Write(ctx, w, answer.Rows)
	}
	switch {
	case err == nil:
		// An answer without a byte, such as lines of no rows, still has a status.
		if !c.Response().Committed {
			c.Response().WriteHeader(http.StatusOK)
		}
	case s.Bytes == 0 && !c.Response().Committed:
		h.Del("Content-Disposition")
		a.write(c, a.problemOf(from(ctx), err))
	case format != typeJSON:
		// Half a file must not pass for a whole one: the connection breaks.
		panic(http.ErrAbortHandler)
	}
}

// flushEvery is how long bytes may lie in the server's buffer while more are to come.
const flushEvery = 100 * time.Millisecond

// prompt sends the first batch at once, and later ones that come slowly.
type prompt struct {
	http.ResponseWriter
	control *http.ResponseController
	flushed time.Time
}

func (w *prompt) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	if now := time.Now(); err == nil && now.Sub(w.flushed) > flushEvery {
		w.flushed = now
		w.control.Flush() // a writer that cannot flush keeps nothing back either
	}
	return n, err
}
