package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"assay/app/account"
	"assay/app/document"
	"assay/app/fault"
	"assay/app/figure"
	"assay/app/report"
)

type reportRun struct {
	ByID
	Body *Reading
}

func (a *api) reports() {
	const tag, look = "reports", account.Look
	k := &keeping[report.Body, *report.Body]{api: a, noun: "report", plural: "reports", store: a.Reports}
	saving(k)
	add(a, operation{id: "runReport", method: http.MethodPost, path: "/reports/{id}/run", tag: tag, action: look,
		summary: "Make a report as it reads now", detail: "Every figure names the cell it comes from. A block that fails says so in its place, and the rest is there."},
		func(ctx context.Context, in *reportRun) (*body[made], error) {
			r, err := k.item(ctx, look, in.ID)
			if err != nil {
				return nil, err
			}
			if in.Body == nil {
				in.Body = &Reading{}
			}
			v, err := a.view(ctx, *in.Body)
			if err != nil {
				return nil, err
			}
			if err := known(v, parameterNames(r)); err != nil {
				return nil, err
			}
			ctx, cancel := context.WithTimeout(ctx, documentTimeout)
			defer cancel()
			d, err := a.ReportMaker.Document(ctx, r, v)
			if err != nil {
				return nil, err
			}
			return &body[made]{madeOf(d)}, nil
		})
	add(a, operation{id: "getReportDocument", method: http.MethodGet, path: "/reports/{id}/document", tag: tag, action: look, content: a.documentTypes(), streams: "The document",
		summary: "Get a report as a document", detail: "Accept chooses the format. Query members other than max_age and time_zone are values of the report's parameters."},
		func(ctx context.Context, in *ByID) (*huma.StreamResponse, error) {
			r, err := k.item(ctx, look, in.ID)
			if err != nil {
				return nil, err
			}
			return a.writeDocument(ctx, r.Name, func(ctx context.Context, v figure.View) (*document.Document, error) {
				return a.ReportMaker.Document(ctx, r, v)
			}, parameterNames(r))
		})
}

func parameterNames(r *report.Report) (names []string) {
	for _, p := range r.Body.Parameters {
		names = append(names, p.Name)
	}
	return names
}

// mention is an id and the field in which it stands.
type mention struct{ field, id string }

func cardField(i int) string { return fmt.Sprintf("cards[%d].question", i) }

// questionsKnown reports ids of questions that the caller knows of none of.
func (a *api) questionsKnown(ctx context.Context, list []mention) error {
	var problems fault.Fields
	for _, n := range list {
		if n.id == "" {
			continue
		}
		if _, err := a.question(ctx, account.Look, n.id); fault.Is(err, fault.NotFound) {
			problems.Add(n.field, "%s", fault.MessageOf(err))
		} else if err != nil {
			return err
		}
	}
	return problems.Err()
}
