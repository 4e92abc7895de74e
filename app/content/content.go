// Package content is what was saved as text files, one per object, that people
// read, compare and keep in a repository of their own; and the way back.
//
// An object names others by their files: "question: revenue-by-month" is what
// questions/revenue-by-month.yaml holds. Its id is inside, so that a renamed
// object is the same one. People are named by address, groups, connections and
// channels by name; nothing here holds a secret or a time.
package content

import (
	"fmt"

	"assay/app/account"
	"assay/app/dashboard"
	"assay/app/query"
	"assay/app/report"
	"assay/app/schedule"
	"assay/app/source"
)

// Stores are where the content is kept.
type Stores struct {
	People      *account.Store
	Connections *source.Store
	Questions   *query.Store
	Rules       *query.Rules
	Dashboards  *dashboard.Store
	Reports     *report.Store
	Channels    *schedule.Channels
	Schedules   *schedule.Schedules
	Alerts      *schedule.Alerts
}

// Kind is a kind of files: the name of their folder, or of the one file.
type Kind string

// The kinds of files.
const (
	Connections Kind = "connections"
	Folders     Kind = "folders"
	Questions   Kind = "questions"
	Dashboards  Kind = "dashboards"
	Reports     Kind = "reports"
	Schedules   Kind = "schedules"
	Alerts      Kind = "alerts"
	Rules       Kind = "rules"
	Grants      Kind = "grants"
)

// Kinds lists the kinds of files in the order in which they are applied.
var Kinds = []Kind{Connections, Folders, Grants, Rules, Questions, Dashboards, Reports, Schedules, Alerts}

// noun returns what one of the kind is called.
func (k Kind) noun() string {
	if k == Grants {
		return "right"
	}
	return string(k[:len(k)-1])
}

// extension ends the names of files of the kind.
func (k Kind) extension() string {
	if k == Reports {
		return ".md"
	}
	return ".yaml"
}

// path is where the file of an object of the kind is.
func (k Kind) path(key string) string {
	if k == Grants {
		return grantsFile
	}
	return string(k) + "/" + key + k.extension()
}

const (
	grantsFile = "grants.yaml"
	// markFile says that a folder was made by an export.
	markFile = "assay.yaml"
)

// File is the text of one object.
type File struct {
	Path string
	Kind Kind
	// ID is the object's, "" for a file of many.
	ID   string
	Data []byte
}

// Problem is what is wrong with a file.
type Problem struct {
	Path    string
	Line    int // from 1; 0 for the whole file
	Message string
}

// String returns the problem as compilers tell theirs.
func (p Problem) String() string {
	if p.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", p.Path, p.Line, p.Message)
	}
	return p.Path + ": " + p.Message
}
