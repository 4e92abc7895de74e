// Package report is a document in Markdown with live blocks: charts, tables and
// figures that are references to cells of saved questions' answers.
package report

import (
	"assay/app/audit"
	"assay/app/saved"
	"assay/app/store"
)

// Report is a saved report.
type Report = saved.Item[Body]

// Version is how a report was saved once.
type Version = saved.Version[Body]

// Store keeps reports.
type Store = saved.Store[Body, *Body]

// NewStore returns the reports of a store; what changes about them is recorded in the log.
func NewStore(s *store.Store, log *audit.Log) *Store {
	return saved.NewStore[Body](s, log, "report")
}

// Body is what a report says.
type Body struct {
	// Text is Markdown with live blocks and figures, see package document.
	Text string `json:"text"`
	// Subtitle stands below the name.
	Subtitle string `json:"subtitle,omitempty"`
	// Contents asks for a table of contents.
	Contents bool `json:"contents,omitempty"`
	// Theme names the look on paper: "report", "plain" or "compact".
	Theme string `json:"theme,omitempty"`
	// Parameters are values a reader may set, which blocks hand on to their questions.
	Parameters []Parameter `json:"parameters,omitempty"`
	// MaxAge is how many seconds old an answer may be that is shown; 0 for ten minutes.
	MaxAge int `json:"max_age,omitempty"`
}

// Parameter is a value that readers may set.
type Parameter struct {
	Name  string `json:"name"`
	Label string `json:"label,omitempty"`
	// Kind is text, number, date or list.
	Kind    string   `json:"kind,omitempty"`
	Default string   `json:"default,omitempty"`
	Values  []string `json:"values,omitempty"`
}
