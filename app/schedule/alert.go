package schedule

import (
	"fmt"
	"math"
	"slices"
	"time"

	"assay/app/fault"
	"assay/app/frame"
)

// Reading is what an alert made of an answer.
type Reading struct {
	// Met says that the condition holds; Over that a raised alert ends.
	Met, Over bool
	// Text is the value as people read it; Column and Row say in which cell it
	// stands, Exact what the database gave. Of the condition rows there is no
	// cell: Column is "".
	Text, Column, Exact string
	Row                 int
	// Words says value and bound in a sentence.
	Words string
}

// usualScore is from where on a modified z-score is an outlier, after Iglewicz
// and Hoaglin, How to Detect and Handle Outliers (1993).
const usualScore = 3.5

// leastHistory is how many differences an anomaly is judged by at least.
const leastHistory = 8

// Read evaluates the condition on an answer; one that cannot be evaluated, such
// as for want of rows, is an Invalid fault that says why.
func (b *AlertBody) Read(f *frame.Frame) (Reading, error) {
	if b.Condition == isRows {
		return b.readRows(f), nil
	}
	col, err := b.column(f)
	if err != nil {
		return Reading{}, err
	}
	if f.Rows() == 0 {
		return Reading{}, fault.New(fault.Invalid, "The question has no rows")
	}
	s := series{f: f, col: col}
	switch b.Condition {
	case isChange:
		return b.readChange(s)
	case isAnomaly:
		return b.readAnomaly(s)
	}
	return b.readRange(s)
}

// column finds the column of numbers that is watched.
func (b *AlertBody) column(f *frame.Frame) (int, error) {
	if b.Column != "" {
		i := f.Index(b.Column)
		if i < 0 || f.Columns[i].Kind != frame.Number {
			return 0, fault.Field("column", "The question has no column of numbers named %q", b.Column)
		}
		return i, nil
	}
	var numbers, amounts []int
	for i, c := range f.Columns {
		if c.Kind == frame.Number {
			numbers = append(numbers, i)
		}
		if c.Amount() {
			amounts = append(amounts, i)
		}
	}
	if len(amounts) == 1 {
		return amounts[0], nil
	}
	if len(numbers) == 1 {
		return numbers[0], nil
	}
	if len(numbers) == 0 {
		return 0, fault.Field("column", "The question has no column of numbers")
	}
	return 0, fault.Field("column", "The question has several columns of numbers; choose one")
}

// series is a column of an answer.
type series struct {
	f   *frame.Frame
	col int
}

func (s series) reading(row int) Reading {
	v, ok := s.f.Cell(row, s.col)
	c := s.f.Columns[s.col]
	return Reading{Row: row, Column: c.Name, Exact: string(v), Text: frame.Formatter{}.Text(c, v, ok)}
}

// bound spells a bound as the column's values are spelled.
func (s series) bound(x float64) string {
	return frame.Formatter{}.Text(frame.Column{Name: s.f.Columns[s.col].Name, Kind: frame.Number}, frame.AppendFloat(nil, x), true)
}

func (b *AlertBody) readRows(f *frame.Frame) Reading {
	n, least := f.Rows(), 0.0
	if b.Value != nil {
		least = *b.Value
	}
	r := Reading{Met: float64(n) > least, Text: frame.Formatter{}.Number(float64(n), 0)}
	r.Over = !r.Met
	more := ""
	if f.Truncated {
		more = "more than "
	}
	switch {
	case n == 1 && more == "":
		r.Words = "There is 1 row"
	case n == 0:
		r.Words = "There are no rows"
	default:
		r.Words = fmt.Sprintf("There are %s%s rows", more, r.Text)
	}
	if least > 0 {
		r.Words += fmt.Sprintf("; the bound is %s", number(least))
	}
	return r
}

// readRange judges above, below and outside, of one row or of several.
func (b *AlertBody) readRange(s series) (Reading, error) {
	rows := make([]int, 0, s.f.Rows())
	switch b.Rows {
	case "first":
		rows = append(rows, 0)
	case "any", "all":
		for i := range s.f.Rows() {
			rows = append(rows, i)
		}
	default:
		rows = append(rows, s.f.Rows()-1)
	}
	// What tells is the first row that decides: one that meets it of any, one that does not of all.
	chosen, met, over, seen := -1, b.Rows == "all", b.Rows != "all", 0
	for _, row := range rows {
		x, ok := s.f.Float(row, s.col)
		if !ok {
			continue
		}
		seen++
		m, o := b.judge(x)
		decides := m != (b.Rows == "all")
		if chosen < 0 || decides && met == (b.Rows == "all") {
			chosen = row
		}
		if b.Rows == "all" {
			met, over = met && m, over || o
		} else {
			met, over = met || m, over && o
		}
	}
	if seen == 0 {
		return Reading{}, fault.New(fault.Invalid, "There is no value in %s", s.f.Columns[s.col].Name)
	}
	r := s.reading(chosen)
	r.Met, r.Over = met, over
	r.Words = fmt.Sprintf("%s is %s", r.Column, r.Text)
	switch b.Condition {
	case isAbove, isBelow:
		r.Words += fmt.Sprintf("; it is watched for going %s %s", b.Condition, s.bound(*b.Value))
	default:
		r.Words += fmt.Sprintf("; it is watched for leaving %s to %s", s.bound(*b.Value), s.bound(*b.Upper))
	}
	return r, nil
}

// judge tells whether a value meets the condition and whether it ends a raised alert.
func (b *AlertBody) judge(x float64) (met, over bool) {
	clear := func(usual float64) float64 {
		if b.Clear != nil {
			return *b.Clear
		}
		return usual
	}
	switch b.Condition {
	case isAbove:
		return x > *b.Value, x <= clear(*b.Value)
	case isBelow:
		return x < *b.Value, x >= clear(*b.Value)
	case isOutside:
		margin := clear(0)
		return x < *b.Value || x > *b.Upper, x >= *b.Value+margin && x <= *b.Upper-margin
	case isChange:
		if *b.Value < 0 {
			return x < *b.Value, x >= clear(*b.Value)
		}
		return x > *b.Value, x <= clear(*b.Value)
	}
	return false, true
}

func (b *AlertBody) readChange(s series) (Reading, error) {
	last := s.f.Rows() - 1
	x, ok := s.f.Float(last, s.col)
	if !ok {
		return Reading{}, fault.New(fault.Invalid, "There is no value in the last row")
	}
	if last < b.Back {
		return Reading{}, fault.New(fault.Invalid, "There are %d rows; comparing with %d before takes more", s.f.Rows(), b.Back)
	}
	before, ok := s.f.Float(last-b.Back, s.col)
	if !ok || before == 0 {
		return Reading{}, fault.New(fault.Invalid, "There is no value to compare with %d rows before", b.Back)
	}
	percent := (x - before) / math.Abs(before) * 100
	r := s.reading(last)
	r.Met, r.Over = b.judge(percent)
	r.Words = fmt.Sprintf("%s is %s, %s against %s before; it is watched for a change of %s %%", r.Column, r.Text,
		frame.Formatter{}.DeltaPercent(percent/100), s.reading(last-b.Back).Text, number(*b.Value))
	return r, nil
}

// readAnomaly judges the last change against the changes before by the modified
// z-score, the distance from the median in units of the median absolute
// deviation (Iglewicz and Hoaglin 1993), and where more than half of the changes
// are alike in units of the mean absolute deviation. Changes over Back rows
// leave out what repeats with that period.
func (b *AlertBody) readAnomaly(s series) (Reading, error) {
	last := s.f.Rows() - 1
	if _, ok := s.f.Float(last, s.col); !ok {
		return Reading{}, fault.New(fault.Invalid, "There is no value in the last row")
	}
	var changes []float64
	latest := false
	for row := b.Back; row <= last; row++ {
		x, ok := s.f.Float(row, s.col)
		before, okBefore := s.f.Float(row-b.Back, s.col)
		if ok && okBefore {
			changes = append(changes, x-before)
			latest = row == last
		}
	}
	if !latest || len(changes) <= leastHistory {
		return Reading{}, fault.New(fault.Invalid, "There are too few rows to tell what is usual: it takes %d", leastHistory+b.Back+1)
	}
	history, change := changes[:len(changes)-1], changes[len(changes)-1]
	score, usual := modifiedScore(history, change)
	limit := usualScore
	if b.Value != nil {
		limit = *b.Value
	}
	r := s.reading(last)
	r.Met = math.Abs(score) > limit
	r.Over = !r.Met
	how := "as usual"
	if r.Met {
		how = "which is unusual"
	}
	r.Words = fmt.Sprintf("%s is %s, a change of %s where %s is usual: %s deviations, %s", r.Column, r.Text,
		s.bound(change), s.bound(usual), frame.Formatter{}.Number(min(math.Abs(score), 999), 1), how)
	return r, nil
}

// modifiedScore returns the modified z-score of x and the median of the history.
func modifiedScore(history []float64, x float64) (score, middle float64) {
	middle = median(history)
	deviations := make([]float64, len(history))
	mean := 0.0
	for i, h := range history {
		deviations[i] = math.Abs(h - middle)
		mean += deviations[i] / float64(len(history))
	}
	unit := 1.4826 * median(deviations)
	if unit == 0 {
		unit = 1.253314 * mean
	}
	switch {
	case unit > 0:
		return (x - middle) / unit, middle
	case x == middle:
		return 0, middle
	}
	return math.Inf(int(math.Copysign(1, x-middle))), middle
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return sorted[n/2-1]/2 + sorted[n/2]/2
}

// The states of an alert.
const (
	stateOK     = "ok"
	stateFiring = "firing"
)

// The events that an alert tells of.
const (
	eventFired    = "fired"
	eventCleared  = "cleared"
	eventReminder = "reminder"
)

// progress is how an alert stands, beside its state.
type progress struct {
	// Streak counts the runs in a row in which the condition held.
	Streak int `json:"streak,omitempty"`
	// Since is when the condition began to hold.
	Since time.Time `json:"since,omitzero"`
	// Told is when people were last told that it fired; zero where they were not.
	Told time.Time `json:"told,omitzero"`
}

// step takes a reading and returns the state and what is to be told: "" for nothing.
func (p *progress) step(b *AlertBody, state string, r Reading, now time.Time, silent bool) (next, event string) {
	if r.Met {
		if p.Streak++; p.Streak == 1 && state != stateFiring {
			p.Since = now
		}
	} else {
		p.Streak = 0
	}
	switch {
	case state != stateFiring && p.Streak >= max(b.For, 1):
		state = stateFiring
		p.Told = time.Time{}
	case state == stateFiring && r.Over:
		told := !p.Told.IsZero()
		*p = progress{}
		if told && !silent {
			return stateOK, eventCleared
		}
		return stateOK, ""
	case state != stateFiring:
		return stateOK, ""
	}
	switch {
	case silent:
		return state, ""
	case p.Told.IsZero():
		p.Told = now
		return state, eventFired
	case b.Again > 0 && now.Sub(p.Told) >= time.Duration(b.Again)*time.Hour:
		p.Told = now
		return state, eventReminder
	}
	return state, ""
}
