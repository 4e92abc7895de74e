package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/adhocore/gronx"

	"assay/app/fault"
)

// weekdays are the names of the days as When spells them, by time.Weekday.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// The kinds of Every.
const (
	everyHour  = "hour"
	everyDay   = "day"
	everyWeek  = "week"
	everyMonth = "month"
	everyCron  = "cron"
)

// check settles the spelling of a When and adds what is wrong with it.
func (w *When) check(problems *fault.Fields) {
	w.Every, w.Zone, w.At = strings.ToLower(strings.TrimSpace(w.Every)), strings.TrimSpace(w.Zone), strings.TrimSpace(w.At)
	if _, err := w.location(); err != nil {
		problems.Add("when.zone", "%s", fault.MessageOf(err))
	}
	switch w.Every {
	case everyHour, everyDay, everyWeek, everyMonth:
		w.Cron = ""
		hour, minute, ok := w.clock()
		if !ok {
			problems.Add("when.at", "A time of day is written 07:30")
		} else if w.At = fmt.Sprintf("%02d:%02d", hour, minute); w.Every == everyHour {
			w.At = fmt.Sprintf("00:%02d", minute)
		}
	case everyCron:
		w.At, w.Weekdays, w.Day = "", nil, 0
		w.Cron = strings.Join(strings.Fields(w.Cron), " ")
		if len(strings.Fields(w.Cron)) != 5 || !gronx.IsValid(w.Cron) {
			problems.Add("when.cron", "Cron has five fields: minute, hour, day, month and weekday, such as 30 7 * * 1-5")
		} else if _, ok := nextCron(w.Cron, time.Date(2023, 3, 1, 0, 0, 0, 0, time.UTC)); !ok {
			problems.Add("when.cron", "There is no day on which this would run")
		}
	default:
		problems.Add("when.every", "It runs every hour, day, week or month, or by cron")
		return
	}
	if w.Every != everyWeek {
		w.Weekdays = nil
	} else {
		w.checkWeekdays(problems)
	}
	if w.Every != everyMonth {
		w.Day = 0
	} else if w.Day < -1 || w.Day == 0 || w.Day > 31 {
		problems.Add("when.day", "A day of the month is 1 to 31, or -1 for the last")
	}
}

func (w *When) checkWeekdays(problems *fault.Fields) {
	var days []string
	for _, d := range w.Weekdays {
		d = strings.ToLower(strings.TrimSpace(d))
		if !slices.Contains(weekdays, d) {
			problems.Add("when.weekdays", "A weekday is one of mon, tue, wed, thu, fri, sat and sun")
		} else if !slices.Contains(days, d) {
			days = append(days, d)
		}
	}
	slices.SortFunc(days, func(a, b string) int { return (slices.Index(weekdays, a)+6)%7 - (slices.Index(weekdays, b)+6)%7 })
	if w.Weekdays = days; len(days) == 0 {
		problems.Add("when.weekdays", "Choose at least one weekday")
	}
}

// location returns the zone; one that does not exist is Invalid.
func (w When) location() (*time.Location, error) {
	if w.Zone == "" {
		return time.UTC, nil
	}
	if loc, ok := locations.Load(w.Zone); ok {
		return loc.(*time.Location), nil
	}
	loc, err := time.LoadLocation(w.Zone)
	if err != nil || w.Zone == "Local" {
		return nil, fault.New(fault.Invalid, "There is no time zone %q; one is written Europe/Berlin", w.Zone)
	}
	locations.Store(w.Zone, loc)
	return loc, nil
}

// locations are the zones that were used so far, some hundreds at most: each is
// otherwise read from a file whenever it is asked for.
var locations sync.Map

// clock returns the time of day; none is midnight.
func (w When) clock() (hour, minute int, ok bool) {
	if w.At == "" {
		return 0, 0, true
	}
	h, m, found := strings.Cut(w.At, ":")
	hour, err := strconv.Atoi(h)
	minute, err2 := strconv.Atoi(m)
	return hour, minute, found && err == nil && err2 == nil && len(h) <= 2 && len(m) == 2 && hour >= 0 && hour < 24 && minute >= 0 && minute < 60
}

// Next returns the first time after the given one at which it runs, to the
// minute, or the zero time where there is none. Times of day are those of the
// zone's clocks: one that the clocks skip runs at the first moment after the
// gap, one that they show twice runs the first time alone. What runs every hour
// runs whenever the clock shows the minute.
func (w When) Next(after time.Time) time.Time {
	loc, err := w.location()
	if err != nil {
		return time.Time{}
	}
	if w.hourly() {
		return w.nextShown(after, loc)
	}
	wall := naive(after, loc)
	for range 1000 {
		next, ok := w.nextWall(wall)
		if !ok {
			return time.Time{}
		}
		if at := instant(next, loc); at.After(after) {
			return at
		}
		wall = next
	}
	return time.Time{}
}

// hourly reports whether it runs in hours that are not named one by one.
func (w When) hourly() bool {
	if w.Every == everyCron {
		fields := strings.Fields(w.Cron)
		return len(fields) == 5 && strings.HasPrefix(fields[1], "*")
	}
	return w.Every == everyHour
}

// nextShown returns the next time at which the clock shows a time that it runs
// at, going through the stretches between two changes of the clock.
func (w When) nextShown(after time.Time, loc *time.Location) time.Time {
	wall := naive(after, loc)
	_, offset := after.In(loc).Zone()
	_, end := after.In(loc).ZoneBounds()
	for range 1000 {
		next, ok := w.nextWall(wall)
		if !ok {
			return time.Time{}
		}
		at := next.Add(-time.Duration(offset) * time.Second)
		if end.IsZero() || at.Before(end) {
			return at
		}
		wall = naive(end, loc).Add(-time.Second)
		_, offset = end.In(loc).Zone()
		_, end = end.In(loc).ZoneBounds()
	}
	return time.Time{}
}

// naive is what the zone's clocks show, as if it were UTC.
func naive(t time.Time, loc *time.Location) time.Time {
	_, offset := t.In(loc).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// instant returns when the zone's clocks first show the time; one that they
// skip is the moment after the gap.
func instant(wall time.Time, loc *time.Location) time.Time {
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, loc)
	start, end := t.ZoneBounds()
	shown := naive(t, loc)
	switch {
	case shown.After(wall): // in a gap, told by the clock before it
		return start.UTC()
	case shown.Before(wall): // in a gap, told by the clock after it
		return end.UTC()
	case start.IsZero():
		return t.UTC()
	}
	_, before := start.Add(-time.Second).Zone()
	if first := wall.Add(-time.Duration(before) * time.Second); first.Before(start) && first.Before(t) {
		return first
	}
	return t.UTC()
}

// nextWall returns the next time on the clock after the given one.
func (w When) nextWall(after time.Time) (time.Time, bool) {
	if w.Every == everyCron {
		return nextCron(w.Cron, after)
	}
	hour, minute, ok := w.clock()
	if !ok {
		return time.Time{}, false
	}
	if w.Every == everyHour {
		next := after.Truncate(time.Hour).Add(time.Duration(minute) * time.Minute)
		if !next.After(after) {
			next = next.Add(time.Hour)
		}
		return next, true
	}
	y, m, d := after.Date()
	for i := range 70 {
		next := time.Date(y, m, d+i, hour, minute, 0, 0, time.UTC)
		if next.After(after) && w.on(next) {
			return next, true
		}
	}
	return time.Time{}, false
}

// on reports whether it runs on the day.
func (w When) on(day time.Time) bool {
	switch w.Every {
	case everyDay:
		return true
	case everyWeek:
		return slices.Contains(w.Weekdays, weekdays[day.Weekday()])
	case everyMonth:
		last := time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
		return day.Day() == w.Day || day.Day() == last && (w.Day == -1 || w.Day > last)
	}
	return false
}

// rarest is how many days lie at most between two days of one expression: those
// between two 29 February around a year such as 2100.
const rarest = 8*365 + 3

// nextCron goes through the days and asks of each whether it is one of the
// expression's, since the library's own search gives up on days that are rare.
func nextCron(expression string, after time.Time) (time.Time, bool) {
	fields, err := gronx.Segments(expression) // with the seconds in front
	if err != nil || len(fields) != 6 {
		return time.Time{}, false
	}
	cron := gronx.New()
	days := []string{"0", "*", "*", fields[3], fields[4], fields[5]}
	due := func(at time.Time, field int) bool {
		cron.C.SetRef(at)
		ok, err := cron.C.CheckDue(fields[field], field)
		return err == nil && (ok || fields[field] == "*")
	}
	first := after.Truncate(24 * time.Hour)
	for i := range rarest {
		day := first.AddDate(0, 0, i)
		cron.C.SetRef(day)
		if ok, err := cron.SegmentsDue(days); err != nil || !ok {
			continue
		}
		for hour := range 24 {
			at := day.Add(time.Duration(hour) * time.Hour)
			if !at.Add(time.Hour).After(after) || !due(at, 2) {
				continue
			}
			for minute := range 60 {
				at := at.Add(time.Duration(minute) * time.Minute)
				if at.After(after) && due(at, 1) {
					return at, true
				}
			}
		}
	}
	return time.Time{}, false
}

// Words tells it in words, such as "Every Monday at 07:30, Europe/Berlin".
func (w When) Words() string {
	zone := w.Zone
	if zone == "" {
		zone = "UTC"
	}
	hour, minute, _ := w.clock()
	at := fmt.Sprintf("%02d:%02d", hour, minute)
	switch w.Every {
	case everyHour:
		return fmt.Sprintf("Every hour at minute %d, %s", minute, zone)
	case everyDay:
		return fmt.Sprintf("Every day at %s, %s", at, zone)
	case everyWeek:
		return fmt.Sprintf("Every %s at %s, %s", dayWords(w.Weekdays), at, zone)
	case everyMonth:
		if w.Day == -1 {
			return fmt.Sprintf("On the last day of every month at %s, %s", at, zone)
		}
		words := fmt.Sprintf("On the %s of every month at %s, %s", ordinal(w.Day), at, zone)
		if w.Day > 28 {
			words += ", or the last day of a shorter one"
		}
		return words
	}
	return fmt.Sprintf("By cron %s, %s", w.Cron, zone)
}

// dayWords names weekdays: "weekday", "day", "Monday", "Monday, Tuesday and Friday".
func dayWords(days []string) string {
	if len(days) == 7 {
		return "day"
	}
	var names []string
	weekend := false
	for _, d := range days {
		i := slices.Index(weekdays, d)
		if i < 0 {
			continue
		}
		weekend = weekend || i == 0 || i == 6
		names = append(names, time.Weekday(i).String())
	}
	switch n := len(names); {
	case n == 5 && !weekend:
		return "weekday"
	case n == 0:
		return "week"
	case n == 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

func ordinal(n int) string {
	suffix := "th"
	if n/10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}
