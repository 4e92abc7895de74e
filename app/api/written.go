package api

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"assay/app/document"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/frame"
)

// The formats of a document.
const (
	typePDF      = "application/pdf"
	typeMarkdown = "text/markdown"
)

var documentFormats = []string{typeJSON, typePDF, typeMarkdown}

// documentTimeout bounds the making of a document; its figures have shorter deadlines of their own.
const documentTimeout = 5 * time.Minute

// Reading is how a dashboard or report is asked to be made.
type Reading struct {
	Parameters map[string]scalar `json:"parameters,omitempty" doc:"Values of the filters or parameters, by their ids or names"`
	MaxAge     *int              `json:"max_age,omitempty" minimum:"0" maximum:"31536000" doc:"How many seconds old an answer may be; 0 asks anew. Without it what was saved says so"`
	TimeZone   string            `json:"time_zone,omitempty" maxLength:"100" doc:"The IANA zone in which times are told; UTC without it"`
}

// view is how the caller reads.
func (a *api) view(ctx context.Context, in Reading) (figure.View, error) {
	v := figure.View{Person: from(ctx).person, Values: map[string]string{}, Base: a.BaseURL}
	for name, value := range in.Parameters {
		if !value.null {
			v.Values[name] = value.text
		}
	}
	if in.MaxAge != nil {
		if v.MaxAge = time.Duration(*in.MaxAge) * time.Second; *in.MaxAge == 0 {
			v.MaxAge = -1
		}
	}
	if in.TimeZone != "" {
		zone, err := time.LoadLocation(in.TimeZone)
		if err != nil || in.TimeZone == "Local" {
			return v, fault.Field("time_zone", "%q is not a time zone such as Europe/Berlin", in.TimeZone)
		}
		v.Zone = zone
	}
	return v, nil
}

// known reports values of filters or parameters that there are not.
func known(v figure.View, names []string) error {
	var problems fault.Fields
	have := map[string]bool{}
	for _, name := range names {
		have[name] = true
	}
	for name := range v.Values {
		if !have[name] {
			problems.Add("parameters."+name, "There is no filter or parameter %s here", name)
		}
	}
	return problems.Err()
}

// readingOf reads from an address what a body would say.
func readingOf(q url.Values) (in Reading, err error) {
	in.Parameters = map[string]scalar{}
	for name, given := range q {
		text := given[len(given)-1]
		switch name {
		case "max_age":
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 || n > 31536000 {
				return in, fault.Field("query.max_age", "This is a whole number of seconds, 0 or more")
			}
			in.MaxAge = &n
		case "time_zone":
			in.TimeZone = text
		default:
			in.Parameters[name] = scalar{text: text}
		}
	}
	return in, nil
}

// documents documents the formats of a document.
func (a *api) documentTypes() map[string]*huma.MediaType {
	return map[string]*huma.MediaType{
		typeJSON:     {Schema: a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[made](), true, "")},
		typePDF:      {Schema: &huma.Schema{Type: "string", Format: "binary"}},
		typeMarkdown: {Schema: &huma.Schema{Type: "string"}},
	}
}

// write answers a document in the format that the program accepts.
func (a *api) writeDocument(ctx context.Context, name string, make func(ctx context.Context, v figure.View) (*document.Document, error), names []string) (*huma.StreamResponse, error) {
	r := from(ctx)
	format := negotiateOf(r.http.Header.Get("Accept"), documentFormats)
	switch {
	case format == "":
		return nil, newProblem("not_acceptable", "A document can be had as "+typeJSON+", "+typePDF+" and "+typeMarkdown)
	case format == typePDF && a.PDF == nil:
		return nil, fault.New(fault.Unavailable, "This server prints nothing")
	}
	in, err := readingOf(r.http.URL.Query())
	if err != nil {
		return nil, err
	}
	v, err := a.view(ctx, in)
	if err != nil {
		return nil, err
	}
	if err := known(v, names); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, documentTimeout)
	defer cancel()
	d, err := make(ctx, v)
	if err != nil {
		return nil, err
	}
	text, err := a.spell(d, format)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		contentType, extension := format, ""
		switch format {
		case typePDF:
			extension = ".pdf"
		case typeMarkdown:
			contentType, extension = typeMarkdown+"; charset=utf-8", ".md"
		}
		hc.SetHeader("Content-Type", contentType)
		if extension != "" {
			hc.SetHeader("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": frame.FileName(name) + extension}))
		}
		hc.SetStatus(http.StatusOK)
		hc.BodyWriter().Write(text)
	}}, nil
}
