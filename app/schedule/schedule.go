// Package schedule does work on time: it refreshes answers, delivers dashboards
// and reports by mail, Slack and webhook, and watches figures for alerts. Jobs are
// kept in the store by River; no other service is needed.
package schedule

import (
	"assay/app/saved"
)

// Schedule is a saved schedule; it runs as the person who saved it last.
type Schedule = saved.Item[Body]

// Alert is a saved alert; it asks as the person who saved it last.
type Alert = saved.Item[AlertBody]

// Schedules keeps schedules, Alerts keeps alerts.
type (
	Schedules = saved.Store[Body, *Body]
	Alerts    = saved.Store[AlertBody, *AlertBody]
)

// The kinds of what runs.
const (
	KindSchedule = "schedule"
	KindAlert    = "alert"
)

// When says at which times something runs.
type When struct {
	// Every is hour, day, week or month, or cron where Cron gives five fields.
	Every string `json:"every"`
	Cron  string `json:"cron,omitempty"`
	// At is the time of day "07:30"; of an hour only its minutes count.
	At string `json:"at,omitempty"`
	// Weekdays are mon to sun, of a week; Day is 1 to 31 or -1 for the last, of a month.
	Weekdays []string `json:"weekdays,omitempty"`
	Day      int      `json:"day,omitempty"`
	// Zone is an IANA time zone such as Europe/Berlin; "" for UTC.
	Zone string `json:"zone,omitempty"`
}

// What a schedule does.
const (
	Refresh = "refresh"
	Deliver = "deliver"
)

// Body is what a schedule does and when.
type Body struct {
	When When `json:"when"`
	// Do is refresh or deliver.
	Do string `json:"do"`
	// Exactly one of these is set: the id of what is refreshed or delivered.
	Dashboard string `json:"dashboard,omitempty"`
	Report    string `json:"report,omitempty"`
	Question  string `json:"question,omitempty"`
	// Values are the dashboard's filters or the report's or question's parameters.
	Values map[string]string `json:"values,omitempty"`
	// To are the recipients of a delivery.
	To []Target `json:"to,omitempty"`
	// Attach lists files that go with a mail: pdf, and the rows behind it as csv,
	// one file each, or xlsx, one sheet each.
	Attach []string `json:"attach,omitempty"`
	// Subject and Note are the mail's, "" for the name of what is delivered.
	Subject string `json:"subject,omitempty"`
	Note    string `json:"note,omitempty"`
	// SkipEmpty delivers nothing where every answer is empty.
	SkipEmpty bool `json:"skip_empty,omitempty"`
	// Owner is the id of the person as whom it runs, for people to read: what
	// counts is who saved the version that runs.
	Owner string `json:"owner,omitempty"`
}

// The kinds of targets.
const (
	ToPerson  = "person"
	ToMail    = "mail"
	ToSlack   = "slack"
	ToWebhook = "webhook"
)

// Target is where something is delivered: Kind person (ID: of the person, who
// gets what they may see), mail (Address; gets what the owner may see), slack or
// webhook (ID names a Channel, which gets what the owner may see).
type Target struct {
	Kind    string `json:"kind"`
	ID      string `json:"id,omitempty"`
	Address string `json:"address,omitempty"`
}

// AlertBody is what an alert watches.
type AlertBody struct {
	When     When              `json:"when"`
	Question string            `json:"question"`
	Values   map[string]string `json:"values,omitempty"`
	// Column is the column of numbers watched, "" for the only one; Rows says
	// which row counts: last (default), first, any, all.
	Column string `json:"column,omitempty"`
	Rows   string `json:"rows,omitempty"`
	// Condition is above or below Value; outside Value and Upper; change, by more
	// than Value percent against Back rows before (a Value below 0 watches for a
	// fall); anomaly, a change against Back rows before that is Value robust
	// deviations off the usual, 3.5 unless given; or rows, that there are more
	// than Value, none unless given.
	Condition string   `json:"condition"`
	Value     *float64 `json:"value,omitempty"`
	Upper     *float64 `json:"upper,omitempty"`
	Back      int      `json:"back,omitempty"`
	// Clear is the value beyond which a raised alert ends, nil for Value; of
	// outside it is how far inside the bounds the value has to come.
	Clear *float64 `json:"clear,omitempty"`
	// For is how many runs in a row the condition has to hold, 0 for one.
	For int `json:"for,omitempty"`
	// Again reminds after so many hours while it lasts; 0 for never.
	Again int      `json:"again,omitempty"`
	To    []Target `json:"to,omitempty"`
	Note  string   `json:"note,omitempty"`
	Owner string   `json:"owner,omitempty"`
}
