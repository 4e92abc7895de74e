package audit

import (
	"fmt"
	"strings"
	"time"
)

// Kind says what is wrong with the record.
type Kind string

// What Verify finds.
const (
	Changed   Kind = "changed"
	Removed   Kind = "removed"
	Inserted  Kind = "inserted"
	Reordered Kind = "reordered"
	Cut       Kind = "cut"       // the newest records are missing
	Unsealed  Kind = "unsealed"  // written while the vault was closed
	Unchecked Kind = "unchecked" // the chain holds, but there is no key to check the seals with
)

// Part is what of the record is meant.
type Part string

// The parts of the record.
const (
	InRecord     Part = "record"
	InHead       Part = "head"       // the row that holds the end of the chain
	InSummary    Part = "summary"    // what retention left of the records it removed
	InCheckpoint Part = "checkpoint" // a line of the file beside the store
)

// Range is a run of records, both ends included.
type Range struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// Verdict is what Verify found.
type Verdict struct {
	OK      bool  `json:"ok"`
	Count   int64 `json:"count"`   // records that were read and hold
	From    int64 `json:"from"`    // the first of them; 0 where there are none
	To      int64 `json:"to"`      // the last of them
	Retired int64 `json:"retired"` // records of which retention left a summary

	// What is wrong, where it begins and ends. Of several faults it is the first.
	Kind Kind  `json:"kind,omitempty"`
	Part Part  `json:"part,omitempty"`
	Seq  int64 `json:"seq,omitempty"`
	Last int64 `json:"last,omitempty"` // where more than one record is concerned

	// Unsealed holds the first hundred runs without a seal, UnsealedCount counts all such records.
	Unsealed      []Range `json:"unsealed,omitempty"`
	UnsealedCount int64   `json:"unsealed_count,omitempty"`

	Checkpoints    int       `json:"checkpoints"`              // lines of the file that are ours
	CheckpointSeq  int64     `json:"checkpoint_seq,omitempty"` // the furthest of them
	CheckpointTime time.Time `json:"checkpoint_time,omitzero"` // when it was written
	TornLines      int       `json:"torn_lines,omitempty"`     // lines that a crash left unfinished
	Reason         string    `json:"reason,omitempty"`         // why the seals were not checked
	checkpointDir  string    // empty where the log keeps no checkpoints
}

const shownRanges = 100

func (v *Verdict) unsealed(seq int64) {
	v.UnsealedCount++
	if n := len(v.Unsealed); n > 0 && v.Unsealed[n-1].To == seq-1 {
		v.Unsealed[n-1].To = seq
	} else if n < shownRanges {
		v.Unsealed = append(v.Unsealed, Range{seq, seq})
	}
}

// String returns the verdict in sentences for a person.
func (v Verdict) String() string {
	var b strings.Builder
	if v.OK {
		b.WriteString("The audit record holds: ")
		if v.Count == 0 {
			b.WriteString("it is empty")
		} else {
			fmt.Fprintf(&b, "%s, each unchanged and in its place", span("record", v.From, v.To))
		}
	} else {
		b.WriteString("The audit record is broken: " + v.fault())
		if v.Count > 0 && v.Kind != Unsealed && v.Kind != Unchecked {
			fmt.Fprintf(&b, ". What stands before, %s, holds", span("record", v.From, v.To))
		}
	}
	b.WriteString(".")
	if v.Retired > 0 {
		fmt.Fprintf(&b, " Before them %d more were retired, and their summaries hold.", v.Retired)
	}
	if v.UnsealedCount > 0 && v.Kind != Unsealed {
		fmt.Fprintf(&b, " Without a seal: %d, from record %d.", v.UnsealedCount, v.Unsealed[0].From)
	}
	switch {
	case v.checkpointDir == "" || v.Reason != "":
	case v.Checkpoints == 0:
		b.WriteString(" There is no checkpoint yet in " + v.checkpointDir + ", without which missing records at the end could go unseen.")
	case v.OK:
		fmt.Fprintf(&b, " The last checkpoint, of %s, saw record %d.", v.CheckpointTime.UTC().Format("2006-01-02 15:04 UTC"), v.CheckpointSeq)
	}
	return b.String()
}

func span(noun string, from, to int64) string {
	if to <= from {
		return fmt.Sprintf("%s %d", noun, from)
	}
	return fmt.Sprintf("%ss %d to %d", noun, from, to)
}

// fault says what is wrong, without a full stop.
func (v Verdict) fault() string {
	what := span("record", v.Seq, v.Last)
	was := " was "
	if v.Last > v.Seq {
		was = " were "
	}
	switch {
	case v.Kind == Unsealed:
		return fmt.Sprintf("%d records have no seal, the first is record %d; they were written while the master key was missing or wrong, so that nobody can prove who wrote them", v.UnsealedCount, v.Seq)
	case v.Kind == Unchecked:
		return fmt.Sprintf("its hashes hold from record %d on, but its seals cannot be checked: %s", v.Seq, v.Reason)
	case v.Part == InHead:
		return fmt.Sprintf("the row that holds its end, at record %d, was %s", v.Seq, v.Kind)
	case v.Part == InSummary:
		return fmt.Sprintf("the summary of the retired records from record %d on was %s", v.Seq, v.Kind)
	case v.Part == InCheckpoint && v.Kind == Changed:
		return fmt.Sprintf("record %d is not the one that a checkpoint saw in its place; it or one before it was written anew with our key, or the checkpoint was changed", v.Seq)
	case v.Kind == Cut:
		return "the newest are missing: " + what + was + "cut off the end"
	case v.Kind == Reordered:
		return fmt.Sprintf("record %d and record %d changed places", v.Seq, v.Last)
	}
	return what + was + string(v.Kind)
}
