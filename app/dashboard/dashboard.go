// Package dashboard is questions arranged to be read together: cards on a grid
// of twelve columns, on tabs, with filters that reach into the cards' questions.
package dashboard

import (
	"encoding/json"

	"assay/app/audit"
	"assay/app/saved"
	"assay/app/store"
)

// Dashboard is a saved dashboard.
type Dashboard = saved.Item[Body]

// Version is how a dashboard was saved once.
type Version = saved.Version[Body]

// Store keeps dashboards.
type Store = saved.Store[Body, *Body]

// Find narrows a list of dashboards.
type Find = saved.Find

// NewStore returns the dashboards of a store; what changes about them is recorded in the log.
func NewStore(s *store.Store, log *audit.Log) *Store {
	return saved.NewStore[Body](s, log, "dashboard")
}

// Body is what a dashboard shows.
type Body struct {
	// Tabs name the pages of the dashboard; none means one page without a name.
	Tabs    []Tab    `json:"tabs,omitempty"`
	Cards   []Card   `json:"cards"`
	Filters []Filter `json:"filters,omitempty"`
	// Refresh is after how many seconds an open page asks anew; 0 for never.
	Refresh int `json:"refresh,omitempty"`
	// MaxAge is how many seconds old an answer may be that a card shows; 0 for
	// the usual ten minutes.
	MaxAge int `json:"max_age,omitempty"`
	// Wide lets the page use the whole width of a screen.
	Wide bool `json:"wide,omitempty"`
	// Start offers the dashboard as the first page of everyone who may see it.
	Start bool `json:"start,omitempty"`
}

// Tab is a page of a dashboard.
type Tab struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Kind says what a card shows.
type Kind string

// The kinds of cards. Question cards show a question's answer as its own
// settings or the card's say: a chart, a table, a number.
const (
	Question Kind = "question"
	Text     Kind = "text"
	Heading  Kind = "heading"
	Finding  Kind = "finding"
)

// Card is a place on a dashboard and what stands there. X and W are twelfths of
// the width, Y and H rows of the grid of 4.5 rem each.
type Card struct {
	ID   string `json:"id,omitempty"` // unique in its dashboard
	Kind Kind   `json:"kind,omitempty"`
	Tab  string `json:"tab,omitempty"`
	X    int    `json:"x,omitempty"`
	Y    int    `json:"y,omitempty"`
	W    int    `json:"w,omitempty"`
	H    int    `json:"h,omitempty"`
	// Title takes the place of the question's name.
	Title string `json:"title,omitempty"`
	// Question is the id of a saved question.
	Question string `json:"question,omitempty"`
	// Parameters are values that the question is asked with whatever the filters say.
	Parameters map[string]string `json:"parameters,omitempty"`
	// Chart are settings of the drawing in place of the question's, as package chart reads them.
	Chart json.RawMessage `json:"chart,omitempty"`
	// Text is Markdown, of a text or finding, with figures as package document reads them; of a heading, its words.
	Text string `json:"text,omitempty"`
}

// FilterKind says what a filter asks for.
type FilterKind string

// The kinds of filters.
const (
	DateRange FilterKind = "date"   // a range, or relative words such as "last 30 days"
	List      FilterKind = "list"   // one or more of a list of values
	Search    FilterKind = "search" // a part of a text
	Number    FilterKind = "number" // a range of numbers
	Toggle    FilterKind = "bool"
)

// Filter is a control at the head of a dashboard.
type Filter struct {
	ID    string     `json:"id"`
	Label string     `json:"label"`
	Kind  FilterKind `json:"kind"`
	// Default is its value unless the address gives another; "" for none.
	Default string `json:"default,omitempty"`
	// Many lets a list take several values.
	Many bool `json:"many,omitempty"`
	// Values are a list's values, From where else they come from.
	Values []string `json:"values,omitempty"`
	From   *From    `json:"from,omitempty"`
	// Targets are the cards that it filters, and by which of their columns or parameters.
	Targets []Target `json:"targets,omitempty"`
}

// From is a column whose values a list shows.
type From struct {
	Connection string `json:"connection"`
	Table      string `json:"table"`
	Column     string `json:"column"`
}

// Target is a card and what of its question a filter sets: a parameter of written
// SQL, or a column, of the tables of a built question or of the result of a written one.
type Target struct {
	Card      string `json:"card"`
	Column    string `json:"column,omitempty"`
	Parameter string `json:"parameter,omitempty"`
}
